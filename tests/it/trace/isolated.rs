//! `--new-netns` and `--sysctl`: the command under settings that are not the host's.

use std::fs;

use super::{User, mode, trace};
use crate::support::program::{backlint, finish};

#[test]
fn the_command_gets_the_settings_and_the_host_keeps_its_own() {
    let cap = || fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let before = cap();
    for user in User::BOTH {
        let sysctl = ["--new-netns", "--sysctl", "net.core.somaxconn=100"];
        let traced = trace(user, sysctl, mode("once 300"));
        let call = traced.calls()[0].to_owned();
        assert!(call.ends_with("asked for 300, got 100"), "{call}");
        let namespaces = traced.snapshot["namespaces"].as_array().unwrap();
        assert_eq!(namespaces.len(), 1);
        assert_eq!(namespaces[0]["sysctls"]["net.core.somaxconn"], 100);
    }
    assert_eq!(cap(), before);
}

#[test]
fn an_ordinary_user_is_still_who_they_were_and_may_use_low_ports() {
    let script = "id -u && python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 80)); s.listen(6)'";
    let options = ["--new-netns", "--command-status"];
    let traced = trace(User::Nobody, options, ["sh", "-c", script]);
    assert_eq!(traced.requests(), [6]);
    assert!(traced.run.out.starts_with("65534\n"), "{:#?}", traced.run);
}

#[test]
fn calls_in_a_namespace_that_the_command_makes_are_of_that_namespace() {
    let nested = ["unshare", "--net", "--"];
    let nested = nested.into_iter().chain(mode("once 8"));
    let traced = trace(User::Own, [], nested);
    let namespaces = traced.snapshot["namespaces"].as_array().unwrap();
    assert_eq!(namespaces.len(), 2, "{:#?}", traced.run);
    assert_eq!(namespaces[1]["listeners"][0]["requested"]["backlog"], 8);
}

#[test]
fn what_would_change_the_host_is_refused() {
    for (words, part) in [
        (&["--sysctl", "net.core.somaxconn=1"][..], "--new-netns"),
        (
            &["--new-netns", "--sysctl", "kernel.pid_max=1"],
            "host's is not changed",
        ),
        (
            &["--new-netns", "--sysctl", "net.core.somaxconn=x"],
            "cannot be x",
        ),
    ] {
        let mut program = backlint();
        program.args(["trace", "--no-config"]).args(words);
        let run = finish(program.args(["--", "true"])).ended(2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{run:#?}");
    }
}
