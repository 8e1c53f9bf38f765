//! procps' own reading of a sysctl file (`sysctl --dry-run -p FILE`, which sets nothing) against
//! backlint's, before and after an edit.

// A failed helper of a test is a failed test.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use backlint::sysctl_conf::edit::{Change, edit};
use backlint::sysctl_conf::{assignments, is_glob};

/// Keys that every kernel has, so that procps does not leave them out.
const TEXT: &str = "# comment = 1\n; comment = 2\n\
    net.core.somaxconn = 128\n\
    \t-net/core/somaxconn=256 # web  \r\n\
    net.ipv4.conf.lo.rp_filter=1\n\
    net.ipv4.conf.*.rp_filter = 2\n\
    -net.ipv4.conf.lo.rp_filter\n\
    not an assignment\n\
    - net.core.somaxconn = 3\n\
    kernel/hostname\t=\ta=b # c\n\
    vm.swappiness =  60   \n\
    kernel.domainname = caf\u{e9}";

/// Key and value, in the order of the file.
fn procps(text: &[u8]) -> Vec<(String, String)> {
    let help = Command::new("sysctl")
        .arg("--help")
        .output()
        .expect("procps is installed");
    let dry_run = String::from_utf8_lossy(&help.stdout).contains("--dry-run");
    assert!(dry_run, "needs procps 4 (sysctl --dry-run)");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let output = Command::new("sysctl")
        .args(["--dry-run", "-p"])
        .arg(file.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let pairs = said.lines().map(|line| {
        let (key, value) = line.split_once(" = ").unwrap();
        (key.to_owned(), value.to_owned())
    });
    pairs.collect()
}

fn backlint(text: &[u8]) -> Vec<(String, String)> {
    let pairs = assignments(text).into_iter().filter(|a| !is_glob(&a.key));
    pairs
        .map(|a| (a.key, String::from_utf8(a.value.to_vec()).unwrap()))
        .collect()
}

#[test]
fn procps_and_backlint_read_the_same_assignments() {
    let mut theirs = procps(TEXT.as_bytes());
    // The glob, spread over the interfaces.
    theirs.retain(|(key, value)| !(key.ends_with(".rp_filter") && value == "2"));
    assert_eq!(theirs, backlint(TEXT.as_bytes()));
}

#[test]
fn procps_reads_the_edited_values() {
    let wanted = [
        ("net.core.somaxconn", "4096"),
        ("net.ipv4.conf.lo.rp_filter", "0"),
        ("net.ipv4.tcp_max_syn_backlog", "8192"),
        ("kernel.hostname", "web1"),
    ];
    let changes = wanted.map(|(key, value)| Change {
        key: key.to_owned(),
        value: value.to_owned(),
        reasons: vec!["net.core.somaxconn = 1".to_owned()],
    });
    let pairs = procps(&edit(Some(TEXT.as_bytes()), &changes).unwrap());
    // Of one key, the last one is what the kernel keeps.
    let last: BTreeMap<_, _> = pairs.into_iter().collect();
    for (key, value) in wanted {
        let seen = last[key].split('#').next().map(str::trim);
        assert_eq!(seen, Some(value), "{key}");
    }
}
