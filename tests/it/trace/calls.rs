//! Single calls: how they are made, by whom, and what is said of each.

use std::net::TcpListener;

use super::{User, cap, mode, trace};

#[test]
fn a_program_that_ends_at_once_has_its_call_seen() {
    for user in User::BOTH {
        let traced = trace(user, [], mode("once 70000"));
        assert_eq!(traced.requests(), [70_000], "{:#?}", traced.run);
        let call = traced.calls()[0].to_owned();
        let got = cap().min(70_000);
        let end = format!("asked for 70000, got {got}");
        assert!(call.ends_with(&end), "{call}");
        let listener = traced.listeners()[0];
        assert_eq!(listener["requested"]["source"], "trace");
        assert_eq!(listener["accept_queue"]["max"], got);
        assert!(call.contains(listener["address"].as_str().unwrap()));
    }
}

#[test]
fn every_one_of_ten_thousand_calls_is_seen() {
    let cap = cap();
    let expected: Vec<String> = (1..=10_000)
        .map(|n| format!("{n}, got {}", cap.min(n)))
        .collect();
    for user in User::BOTH {
        let traced = trace(user, [], mode("many 10000"));
        let asked: Vec<&str> = traced
            .calls()
            .iter()
            .map(|call| call.split(" asked for ").nth(1).unwrap())
            .collect();
        assert_eq!(asked, expected, "{user:?}");
    }
}

#[test]
fn fifty_threads_are_told_apart() {
    for user in User::BOTH {
        let traced = trace(user, ["--until-listening", "50"], mode("threads 50"));
        let expected: Vec<i64> = (101..=150).collect();
        assert_eq!(traced.requests(), expected);
        let threads = traced.calls().iter().filter(|it| it.contains('/')).count();
        assert_eq!(threads, 50, "{:#?}", traced.run);
    }
}

#[test]
fn daemons_and_workers_are_followed() {
    for user in User::BOTH {
        let options = ["--until-listening", "1"];
        assert_eq!(trace(user, options, mode("daemon 300")).requests(), [300]);
        let prefork = trace(user, options, mode("prefork 44"));
        assert_eq!(prefork.requests(), [44]);
        assert_eq!(prefork.calls().len(), 1);
    }
}

#[test]
fn the_last_request_for_a_socket_counts() {
    let traced = trace(User::Own, ["--for", "300ms"], mode("twice -1"));
    assert_eq!(traced.requests(), [-1]);
    let calls = traced.calls();
    assert!(calls[0].ends_with("asked for 5, got 5"), "{calls:?}");
    let second = format!("asked for -1, got {} (call 2 for this socket)", cap());
    assert!(calls[1].ends_with(&second), "{calls:?}");
}

#[test]
fn a_call_that_fails_is_told_and_no_listener() {
    let traced = trace(User::Own, ["--command-status"], mode("fails 4"));
    assert_eq!(traced.run.status, 0);
    assert_eq!(traced.requests(), [0i64; 0]);
    let calls = traced.calls();
    assert_eq!(calls.len(), 3);
    assert!(
        calls
            .iter()
            .all(|call| call.ends_with("asked for 4, failed"))
    );
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_32_bit_programs_are_seen() {
    let traced = trace(User::Own, ["--until-listening", "2"], mode("compat 77"));
    assert_eq!(traced.requests(), [77, 78], "{:#?}", traced.run);
}

#[test]
fn what_io_uring_made_listen_is_a_gap() {
    let traced = trace(User::Own, ["--for", "500ms"], mode("uring 88"));
    let why = traced.snapshot["gaps"][0]["why"].as_str().unwrap();
    assert!(why.contains("no call of listen() was seen"), "{why}");
    assert_eq!(traced.listeners()[0]["accept_queue"]["max"], 88);
    assert!(traced.listeners()[0].get("requested").is_none());
}

#[test]
fn a_listener_that_was_inherited_is_a_gap() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = listener.local_addr().unwrap().to_string();
    let mut kept = std::process::Command::new(env!("CARGO_BIN_EXE_backlint"));
    kept.args([
        "trace",
        "--no-config",
        "-f",
        "json",
        "--for",
        "300ms",
        "--",
        "sleep",
        "60",
    ]);
    kept.stdin(std::os::fd::OwnedFd::from(listener));
    let out = kept.output().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    assert!(
        out.contains(&format!("{name}: no call of listen()")),
        "{out}"
    );
}
