//! Where the kernel refuses something: sandboxes, other users, no /proc. What is unknown is null and
//! named as a gap, never 0 and never a finding.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::netns::in_netns;
use crate::support::program::{HERE, backlint, by_inode, finish, run, scrubbed};
use crate::support::sandbox::refuse_netlink;
use crate::support::servers;
use crate::support::sockets::{Kind, Made};

fn gaps(report: &Value) -> Vec<String> {
    let gaps = report["gaps"].as_array().unwrap();
    gaps.iter()
        .map(|gap| gap["what"].as_str().unwrap().to_owned())
        .collect()
}

/// A copy of the program where every user may run it.
pub(super) fn public(directory: &Path) -> PathBuf {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.join("backlint");
    fs::copy(env!("CARGO_BIN_EXE_backlint"), &copy).unwrap();
    copy
}

/// The program as uid 65534. Real root changes its user; in a user namespace that has only one user
/// a further one without a map does, whose user is 65534 and has no rights over this process.
pub(super) fn as_nobody(program: &Path) -> Command {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    if map.contains("4294967295") {
        let mut command = scrubbed(program);
        command.uid(65534).gid(65534);
        command
    } else {
        let mut command = scrubbed("unshare");
        command.args(["--user", "--"]).arg(program);
        command
    }
}

#[test]
fn without_sock_diag_the_maximum_is_unknown_and_a_gap() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let kinds = [
            Kind::Any,
            Kind::Dual,
            Kind::Path,
            Kind::Abstract,
            Kind::Seqpacket,
        ];
        let made = kinds.map(|kind| Made::new(kind, 7, directory.path(), kind as usize));
        let clients: Vec<_> = made.iter().flat_map(|made| made.fill(3)).collect();
        for errno in [libc::EPERM, libc::EACCES, libc::EPROTONOSUPPORT] {
            let mut command = backlint();
            command.args(["list", "--format", "json"]).args(HERE);
            let list = finish(refuse_netlink(&mut command, errno)).ended(0).json();
            let rows = list["listeners"].as_array().unwrap();
            assert_eq!(rows.len(), made.len(), "{list:#}");
            for made in &made {
                let row = by_inode(rows, made.inode());
                assert_eq!(row["address"], made.address(), "{row:#}");
                assert_eq!(row["protocol"], made.kind.protocol(), "{row:#}");
                assert_eq!(row["accept_queue"]["len"], 3, "{row:#}");
                assert!(row["accept_queue"]["max"].is_null(), "{row:#}");
                assert!(row["accept_queue"]["capacity"].is_null(), "{row:#}");
                assert!(row["limited_by"].is_null(), "{row:#}");
                assert_eq!(row["owners"][0]["pid"], std::process::id(), "{row:#}");
            }
            let gaps = gaps(&list);
            assert!(
                gaps.iter().any(|what| what.contains("sock_diag")),
                "{list:#}"
            );
        }
        drop(clients);
    });
}

#[test]
fn without_sock_diag_strict_fails_and_no_rule_guesses() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let home = tempfile::tempdir().unwrap();
        let _redis = servers::redis(home.path()).start(netns, home.path());
        let audit = |options: &[&str]| {
            let mut command = backlint();
            command
                .args(["audit", "--format", "json"])
                .args(HERE)
                .args(options);
            finish(refuse_netlink(&mut command, libc::EPERM))
        };
        let report = audit(&["--fail-on", "info"]).ended(0).json();
        assert_eq!(
            report["findings"].as_array().unwrap().len(),
            0,
            "{report:#}"
        );
        let skipped = report["not_evaluated"].as_array().unwrap();
        assert!(
            skipped.iter().any(|skipped| skipped["rule"] == "BL101"),
            "{report:#}"
        );
        let strict = audit(&["--strict"]).ended(3);
        assert_eq!(strict.json(), report);
        let mut table = backlint();
        let table = finish(refuse_netlink(
            table.arg("--strict").args(HERE),
            libc::EPERM,
        ))
        .ended(3);
        assert!(
            table.out.contains("sock_diag"),
            "the table names the gap: {}",
            table.out
        );
        // With everything readable the same host fails.
        run(["--strict"]).ended(1);
    });
}

/// A shell line that runs the program where /proc is empty.
fn without_proc() -> Command {
    let mut command = scrubbed("unshare");
    let line = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
    command.args(["--mount", "sh", "-c", line, env!("CARGO_BIN_EXE_backlint")]);
    command
}

#[test]
fn with_neither_sock_diag_nor_proc_nothing_is_audited() {
    in_netns(|_| {
        let _made = Made::internet(Kind::Any, 7);
        let runs: [&[&str]; 6] = [
            &[],
            &["audit", "--format", "json"],
            &["list"],
            &["snapshot"],
            &["patch"],
            &["--strict"],
        ];
        for arguments in runs {
            let mut command = without_proc();
            let run = finish(refuse_netlink(command.args(arguments), libc::EPERM)).ended(2);
            assert_eq!(run.out, "", "{arguments:?}");
            assert_eq!(run.err.lines().count(), 1, "one message: {}", run.err);
            assert!(run.err.contains("nothing could be audited"), "{}", run.err);
        }
    });
}

#[test]
fn without_proc_the_queues_are_known_and_the_rest_is_a_gap() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 7);
        let clients = made.fill(2);
        let mut command = without_proc();
        let report = finish(
            command
                .args(["audit", "--format", "json", "--strict"])
                .args(HERE),
        )
        .ended(3)
        .json();
        let row = by_inode(report["listeners"].as_array().unwrap(), made.inode());
        assert_eq!(row["accept_queue"]["len"], 2);
        assert_eq!(row["accept_queue"]["max"], 7);
        assert_eq!(row["owners_complete"], false, "{row:#}");
        for what in ["owners", "/proc/sys", "/proc/net/netstat"] {
            assert!(gaps(&report).iter().any(|gap| gap == what), "{report:#}");
        }
        assert_eq!(
            report["findings"].as_array().unwrap().len(),
            0,
            "{report:#}"
        );
        drop(clients);
    });
}

#[test]
fn nobody_sees_every_queue_but_not_the_owners_of_others() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let program = public(directory.path());
        let kinds = [
            Kind::Any,
            Kind::Dual,
            Kind::Mptcp,
            Kind::Path,
            Kind::Abstract,
        ];
        let made = kinds.map(|kind| Made::new(kind, 7, directory.path(), kind as usize));
        let clients: Vec<_> = made.iter().flat_map(|made| made.fill(3)).collect();
        let list = finish(
            as_nobody(&program)
                .args(["list", "--format", "json"])
                .args(HERE),
        )
        .ended(0)
        .json();
        let rows = list["listeners"].as_array().unwrap();
        assert_eq!(rows.len(), made.len(), "{list:#}");
        for made in &made {
            let row = by_inode(rows, made.inode());
            assert_eq!(row["address"], made.address());
            assert_eq!(row["accept_queue"]["len"], 3);
            assert_eq!(row["accept_queue"]["max"], 7);
            assert_eq!(row["owners"].as_array().unwrap().len(), 0, "{row:#}");
            assert_eq!(row["owners_complete"], false, "{row:#}");
        }
        assert_eq!(gaps(&list), ["owners"], "{list:#}");
        drop(clients);
    });
}

#[test]
fn nobody_passes_without_strict_and_fails_with_it() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let program = public(directory.path());
        let _made = Made::internet(Kind::Any, 7);
        let audit = |options: &[&str]| finish(as_nobody(&program).args(options));
        let table = audit(&[]).ended(0);
        assert!(table.out.contains("run as root"), "{}", table.out);
        audit(&["--strict"]).ended(3);
        run(["--strict"]).ended(0);
    });
}

#[test]
fn a_file_that_this_user_may_not_read_is_named() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let program = public(directory.path());
        let secret = directory.path().join("secret.yaml");
        fs::write(&secret, "schema: backlint/snapshot/v1\nnamespaces: [{}]\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
        for option in ["--snapshot", "--rules"] {
            let run = finish(as_nobody(&program).arg(option).arg(&secret)).ended(2);
            assert_eq!(run.out, "", "{option}");
            assert!(run.err.contains("secret.yaml"), "{}", run.err);
            assert!(run.err.contains("permission denied"), "{}", run.err);
        }
    });
}

#[test]
fn owners_in_another_pid_namespace_are_a_gap() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 7);
        // As in a pod, whose containers share a network namespace and not their processes.
        let mut command = scrubbed("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
        command.args([env!("CARGO_BIN_EXE_backlint"), "list", "--format", "json"]);
        let list = finish(&mut command).ended(0).json();
        let row = by_inode(list["listeners"].as_array().unwrap(), made.inode());
        assert_eq!(row["owners"].as_array().unwrap().len(), 0, "{row:#}");
        assert_eq!(row["owners_complete"], false, "its owner exists: {row:#}");
        assert!(gaps(&list).iter().any(|gap| gap == "owners"), "{list:#}");
    });
}
