//! The loaders themselves, asked what they set for a tree: each run has namespaces of its own, in
//! which the tree's directories stand in for the machine's.

use std::path::Path;

use backlint::snapshot::Loader;

use crate::support::program::{finish, scrubbed};

/// The service `sysctl` of Alpine's OpenRC, with BusyBox' applet.
const OPENRC: &str = r#"
for dir in /lib/sysctl.d /usr/lib/sysctl.d /etc/sysctl.d; do
    for file in $dir/*.conf; do
        name=${file##*/}
        [ -f "/run/sysctl.d/$name" ] && continue
        [ $dir != /etc/sysctl.d ] && [ -f "/etc/sysctl.d/$name" ] && continue
        [ -f "$file" ] && busybox sysctl -q -p "$file"
    done
done
[ -f /etc/sysctl.conf ] && busybox sysctl -q -p /etc/sysctl.conf
for file in /run/sysctl.d/*.conf; do
    [ -f "$file" ] && busybox sysctl -q -p "$file"
done
"#;

/// The values of these keys after a loader has run on a tree.
pub(super) fn boot(loader: Loader, root: &Path, keys: &[&str]) -> Vec<String> {
    let run = match loader {
        Loader::SystemdSysctl => "/usr/lib/systemd/systemd-sysctl",
        Loader::Procps => "sysctl -q --system",
        Loader::Busybox => OPENRC,
    };
    let paths = keys.iter().map(|key| key.replace('.', "/"));
    let reads: String = paths
        .map(|path| format!("cat /proc/sys/{path}\n"))
        .collect();
    // A loader's own status says only that some line was no good.
    let script = format!(
        "set -e\ncd \"$1\"\n\
         mount --bind usr/lib/sysctl.d /usr/lib/sysctl.d\n\
         mount --bind usr/local/lib /usr/local/lib\n\
         mount --bind run /run\n\
         mount --bind etc /etc\n\
         set +e\n( {run}\n) >/dev/null 2>&1\nset -e\n{reads}"
    );
    let mut command = scrubbed("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "--mount"])
        .args(["--pid", "--fork", "--mount-proc"])
        .args(["sh", "-c", &script, "sh"])
        .arg(root);
    let run = finish(&mut command).ended(0);
    let values: Vec<String> = run.out.lines().map(str::to_owned).collect();
    assert_eq!(values.len(), keys.len(), "{run:#?}");
    values
}
