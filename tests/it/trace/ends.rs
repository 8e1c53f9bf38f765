//! How a trace ends, and with which exit status.

use std::time::Instant;

use super::{User, mode, trace};
use crate::support::program::{backlint, finish};

fn run(words: &[&str]) -> crate::support::program::Run {
    let mut program = backlint();
    finish(program.args(["trace", "--no-config"]).args(words))
}

#[test]
fn the_status_is_the_audits_or_the_commands() {
    let too_much = mode("once 70000");
    run(&[&["--"], too_much.as_slice()].concat()).ended(1);
    run(&[&["--command-status", "--"], too_much.as_slice()].concat()).ended(0);
    run(&["--", "sh", "-c", "exit 7"]).ended(0);
    run(&["--command-status", "--", "sh", "-c", "exit 7"]).ended(7);
    run(&["--command-status", "--", "sh", "-c", "kill -9 $$"]).ended(137);
}

#[test]
fn a_command_that_cannot_be_run_says_so_once() {
    let run = run(&["--", "/nonexistent/program"]).ended(2);
    let said = "backlint: /nonexistent/program: it cannot be run: No such file or directory\n";
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", said));
}

#[test]
fn one_trace_inside_another_is_refused() {
    let program = env!("CARGO_BIN_EXE_backlint");
    let run = run(&["--command-status", "--", program, "trace", "--", "true"]).ended(2);
    assert!(run.err.contains("it is traced already"), "{run:#?}");
}

#[test]
fn time_ends_the_command_and_all_that_it_started() {
    for user in User::BOTH {
        let begun = Instant::now();
        let traced = trace(user, ["--for", "500ms"], mode("prefork 7"));
        assert_eq!(traced.requests(), [7]);
        assert!(begun.elapsed().as_millis() >= 500);
        assert!(begun.elapsed().as_secs() < 5);
    }
}

#[test]
fn what_ignores_sigterm_is_killed() {
    let begun = Instant::now();
    let script = "trap '' TERM; while :; do sleep 1; done";
    run(&[
        "--command-status",
        "--for",
        "200ms",
        "--",
        "sh",
        "-c",
        script,
    ])
    .ended(137);
    assert!((5..15).contains(&begun.elapsed().as_secs()));
}

#[test]
fn a_command_that_never_listens_as_wanted_fails_the_gate() {
    let run = run(&["--until-listening", "1,:80", "--", "true"]).ended(2);
    let missing =
        "waits for: 1 listener, a listener at port 80; the command ended with exit status 0";
    assert!(run.err.contains(missing), "{run:#?}");
}

#[test]
fn a_pipeline_is_traced_whole_and_keeps_its_input() {
    let script = format!("echo text | cat | {} once 9; cat", mode("once")[0]);
    for user in User::BOTH {
        let mut program = user.backlint();
        program.args(["trace", "--no-config", "--command-status", "--", "sh", "-c"]);
        let run = finish(program.arg(&script)).ended(0);
        assert!(run.err.contains("asked for 9, got 9"), "{run:#?}");
    }
}
