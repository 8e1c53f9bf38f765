//! Killing the parts of `backlint trace --host` in each order, and ending it in each way: no process is left,
//! and no instance.

use rustix::process::Signal;

use super::watching::{TRACING, Watching};
use crate::support::processes::{children, is_there, only_child, send};
use crate::support::program::{backlint, finish, scrubbed};
use crate::support::terminal::Terminal;
use crate::support::wait;

/// The names of all instances.
fn instances() -> String {
    let look = "mount -t tracefs nodev /mnt && ls /mnt/instances";
    let mut program = scrubbed("unshare");
    program.args(["--mount", "--propagation", "private", "sh", "-c", look]);
    finish(&mut program).ended(0).out
}

fn has_instance(pid: u32) -> bool {
    instances().contains(&format!("backlint-{pid}-"))
}

fn gone(tracer: u32, others: &[u32]) {
    wait::until("all processes to end", || {
        others.iter().all(|pid| !is_there(*pid)).then_some(())
    });
    wait::until("the instance to go", || {
        (!has_instance(tracer)).then_some(())
    });
}

#[test]
fn however_it_is_asked_to_end_it_reports_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let watching = Watching::start(&[]);
        let (tracer, guard) = (watching.tracer.id(), only_child(watching.tracer.id()));
        assert!(has_instance(tracer));
        let (status, _, record) = watching.end(signal);
        assert_eq!(status, 0);
        assert!(record["namespaces"].is_array());
        // No patience: it was waited for.
        assert!(!is_there(guard) && !has_instance(tracer));
    }
    let mut watching = Watching::start(&["--for", "100ms"]);
    let tracer = watching.tracer.id();
    assert_eq!(watching.ended().0, 0);
    assert!(!has_instance(tracer));
}

#[test]
fn when_the_tracer_is_killed_the_guard_removes_the_instance() {
    let mut watching = Watching::start(&[]);
    let (tracer, guard) = (watching.tracer.id(), only_child(watching.tracer.id()));
    // What a terminal or an operator sends does not end a guard.
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        send(guard, signal);
    }
    send(tracer, Signal::KILL);
    watching.ended();
    gone(tracer, &[guard]);
}

#[test]
fn when_the_guard_is_killed_there_is_another_one() {
    let mut watching = Watching::start(&[]);
    let tracer = watching.tracer.id();
    let first = only_child(tracer);
    send(first, Signal::KILL);
    let second = wait::until("another guard", || {
        children(tracer)
            .first()
            .copied()
            .filter(|pid| *pid != first)
    });
    assert!(has_instance(tracer));
    send(tracer, Signal::KILL);
    watching.ended();
    gone(tracer, &[first, second]);
}

#[test]
fn when_the_guard_is_killed_last_the_tracer_removes_the_instance() {
    let watching = Watching::start(&[]);
    let tracer = watching.tracer.id();
    let guard = only_child(tracer);
    send(tracer, Signal::STOP);
    send(guard, Signal::KILL);
    send(tracer, Signal::TERM);
    send(tracer, Signal::CONT);
    let (status, ..) = watching.end(Signal::CONT);
    assert_eq!(status, 0);
    gone(tracer, &[guard]);
}

#[test]
fn when_both_are_killed_at_once_the_next_trace_cleans_up() {
    let mut watching = Watching::start(&[]);
    let tracer = watching.tracer.id();
    let guard = only_child(tracer);
    send(guard, Signal::STOP);
    send(tracer, Signal::KILL);
    send(guard, Signal::KILL);
    watching.ended();
    wait::until("the guard to end", || (!is_there(guard)).then_some(()));
    drop(watching);
    // Another test may have removed it already; this one removes what nobody else sees.
    let alone = TRACING
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let make = "mount -t tracefs nodev /mnt && mkdir /mnt/instances/backlint-4194305-1";
    let mut program = scrubbed("unshare");
    program.args(["--mount", "--propagation", "private", "sh", "-c", make]);
    finish(&mut program).ended(0);
    let mut next = backlint();
    next.args([
        "trace",
        "--no-config",
        "--fail-on",
        "never",
        "--host",
        "--for",
        "10ms",
    ]);
    let run = finish(&mut next).ended(0);
    drop(alone);
    let said = "removed the tracefs instance backlint-4194305-1: an earlier trace was killed";
    assert!(run.err.contains(said), "{run:#?}");
    assert!(!has_instance(tracer) && !has_instance(4_194_305));
}

#[test]
fn a_closed_terminal_ends_it_and_leaves_nothing() {
    let _tracing = TRACING
        .read()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let program = env!("CARGO_BIN_EXE_backlint");
    let mut terminal = Terminal::run(&format!("{program} trace --no-config --host"));
    terminal.prints("watching");
    let pids = terminal.processes();
    assert!(pids.len() >= 2, "{pids:?}");
    let tracer = pids[pids.len() - 2];
    assert!(has_instance(tracer), "{pids:?}");
    terminal.close();
    gone(tracer, &pids);
}
