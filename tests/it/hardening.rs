//! What a hostile or careless file, host or caller must not achieve.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::support::program::{backlint, finish, finish_with, run};

const NGINX: &str = "schema: backlint/snapshot/v1\nnamespaces:\n  - sysctls: {net.core.somaxconn: 128}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, owners: [{comm: nginx, pid: 7}]";

fn snapshot(home: &tempfile::TempDir, listener_rest: &str) -> String {
    let path = home.path().join("f.yaml");
    fs::write(&path, format!("{NGINX}{listener_rest}}}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_snapshot_is_written_through_a_link_and_keeps_the_mode_of_a_file() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::write(at("secret"), "x").unwrap();
    fs::set_permissions(at("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink(at("secret"), at("link")).unwrap();
    for name in ["link", "secret"] {
        run(["snapshot", "-o", at(name).to_str().unwrap()]).ended(0);
        let text = fs::read_to_string(at("secret")).unwrap();
        assert!(text.starts_with("schema: backlint/snapshot/v1\n"), "{text}");
        assert!(at("link").is_symlink(), "the link is still one");
        let mode = at("secret").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing temporary is left: {left:?}");
}

#[test]
fn a_units_name_becomes_a_command_only_if_it_is_the_systems_own() {
    let home = tempfile::tempdir().unwrap();
    for (rest, command) in [
        (
            ", unit: nginx.service, cgroup: /system.slice/nginx.service",
            Some("systemctl restart nginx.service"),
        ),
        (
            ", unit: \"x;touch y;.service\", cgroup: \"/system.slice/x;touch y;.service\"",
            None,
        ),
        (
            ", unit: nginx.service, cgroup: \"/user.slice/user-7.slice/user@7.service/app.slice/nginx.service\"",
            None,
        ),
    ] {
        let file = snapshot(&home, rest);
        let report = run(["audit", "--format", "json", "--snapshot", &file])
            .ended(1)
            .json();
        let step = report["plan"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["kind"] == "relisten")
            .unwrap();
        assert_eq!(step["command"].as_str(), command, "{rest}");
        assert!(!step["step"].as_str().unwrap().contains("touch"), "{step}");
    }
}

#[test]
fn a_patch_never_lowers_what_the_file_says() {
    let home = tempfile::tempdir().unwrap();
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("etc")).unwrap();
    fs::write(
        tree.path().join("etc/sysctl.conf"),
        "net.core.somaxconn = 8192\n",
    )
    .unwrap();
    let file = snapshot(&home, "");
    let root = tree.path().to_str().unwrap();
    let patch = run(["patch", "--snapshot", &file, "--root", root]).ended(0);
    assert_eq!(patch.out, "");
    assert!(
        patch.err.contains("net.core.somaxconn = 8192 already"),
        "{}",
        patch.err
    );
}

#[test]
fn names_from_the_host_cannot_leave_their_comment() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("f.yaml");
    let name = "/run/x\\nvm.swappiness = 1\\n--- a/etc/passwd\\n+++ b/etc/passwd";
    let text = NGINX
        .replace("protocol: tcp", "protocol: unix")
        .replace("0.0.0.0:80", name);
    fs::write(&path, format!("{text}}}\n")).unwrap();
    let file = path.to_str().unwrap();
    let patch = run(["patch", "--snapshot", file]).ended(0).out;
    for line in patch.lines() {
        let harmless = line.starts_with('#') || line.starts_with("+#") || line.starts_with("@@");
        let own = [
            "--- /dev/null",
            "+++ b/etc/sysctl.conf",
            "+net.core.somaxconn = 511",
        ];
        assert!(harmless || own.contains(&line), "{line:?} in {patch}");
    }
}

#[test]
fn a_file_that_does_not_end_is_refused_in_bounded_time() {
    let endless = finish(backlint().args(["--rules", "/dev/zero"])).ended(2);
    assert!(
        endless.err.contains("a device, not a regular file"),
        "{}",
        endless.err
    );
    // A program of that size must not be read into memory whole either.
    let long = tempfile::NamedTempFile::new().unwrap();
    long.as_file().set_len(1 << 40).unwrap();
    let endless = finish(backlint().arg("--rules").arg(long.path())).ended(2);
    assert!(
        endless.err.contains("is longer than 1 MiB"),
        "{}",
        endless.err
    );
    let rules = tempfile::tempdir().unwrap();
    let pipe = rules.path().join("a.yaml");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let folder = rules.path().to_str().unwrap();
    let run = finish(backlint().args(["--rules", folder])).ended(2);
    assert!(
        run.err.contains("there is no rule in this folder"),
        "{}",
        run.err
    );
}

#[test]
fn nesting_is_bounded_wherever_it_stands() {
    for prefix in ["", "namespaces: ", "namespaces:\n  - listeners: "] {
        let text = format!(
            "schema: backlint/snapshot/v1\n{prefix}{}",
            "[".repeat(200_000)
        );
        let mut command = backlint();
        let run = finish_with(command.args(["--snapshot", "-"]), text.as_bytes()).ended(2);
        assert!(run.err.contains("nest deeper than 100"), "{}", run.err);
    }
}

#[test]
fn what_is_written_twice_or_misspelt_is_not_lost() {
    for (text, words) in [
        (
            "sysctls: {net.core.somaxconn: 128, net.core.somaxconn: 4096}",
            "stands here twice",
        ),
        (
            "sysctls: {net.core.somaxcon: 128}",
            "did you mean `net.core.somaxconn`?",
        ),
        (
            "sysctls: {net/core/somaxconn: 128}",
            "did you mean `net.core.somaxconn`?",
        ),
        (
            "sysctls: {net.core.somaxconn: lots}",
            "it is a whole number",
        ),
        (
            "counters: {TcpExt.ListenOverflow: 1}",
            "did you mean `TcpExt.ListenOverflows`?",
        ),
    ] {
        let text = format!("schema: backlint/snapshot/v1\nnamespaces:\n  - {text}\n");
        let mut command = backlint();
        let run = finish_with(command.args(["--snapshot", "-"]), text.as_bytes()).ended(2);
        assert!(run.err.contains(words), "{text}: {}", run.err);
        assert!(run.err.contains("<stdin>:3:"), "{text}: {}", run.err);
    }
}

#[test]
fn a_byte_order_mark_says_nothing() {
    let text = format!("\u{feff}{NGINX}}}\n");
    let mut command = backlint();
    finish_with(command.args(["--snapshot", "-"]), text.as_bytes()).ended(1);
}

#[test]
fn a_patch_goes_nowhere_that_a_link_or_dots_lead() {
    let home = tempfile::tempdir().unwrap();
    let file = snapshot(&home, "");
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("etc")).unwrap();
    symlink("/nowhere", tree.path().join("etc/sysctl.conf")).unwrap();
    let root = tree.path().to_str().unwrap();
    let patch = ["patch", "--snapshot", &file, "--root", root];
    let dangling = run(patch.iter().chain(&["--file", "/etc/sysctl.conf"])).ended(2);
    assert!(dangling.err.contains("leads nowhere"), "{}", dangling.err);
    // Without --file, another place is found.
    let elsewhere = run(patch).ended(0);
    assert!(elsewhere.err.contains("leads nowhere"), "{}", elsewhere.err);
    let added = "+++ b/etc/sysctl.d/99-backlint.conf";
    assert!(elsewhere.out.contains(added), "{}", elsewhere.out);
    let dots = run([
        "patch",
        "--snapshot",
        &file,
        "--root",
        root,
        "--file",
        "../../x",
    ])
    .ended(2);
    assert!(dots.err.contains("without `..`"), "{}", dots.err);
}
