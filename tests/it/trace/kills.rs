//! Killing the parts of a trace in each order: nothing is left that waits, and no server that cannot listen.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::{User, mode};
use crate::support::processes::{Orphan, children, is_there, only_child, send};
use crate::support::program::backlint;
use crate::support::terminal::Terminal;
use crate::support::wait;

/// A trace that runs `listener asked`, and its three processes.
struct Running {
    tracer: Child,
    err: BufReader<ChildStderr>,
    supervisor: u32,
    command: u32,
}

impl Running {
    fn start(user: User, options: &[&str]) -> Self {
        Self::of(user, options, &mode("asked 11"), 11).0
    }

    /// With a daemon, which left its session and its parents.
    fn with_daemon(user: User) -> (Self, Orphan) {
        let both = "\"$0\" daemon 12; exec \"$0\" asked 11";
        let command = ["sh", "-c", both, mode("once")[0]];
        let (run, line) = Self::of(user, &[], &command, 12);
        let pid = line.split(['[', ']']).nth(1).unwrap();
        (run, Orphan(pid.parse().unwrap()))
    }

    /// Runs a command until there is a call for this backlog; the line that says so.
    fn of(user: User, options: &[&str], command: &[&str], backlog: u32) -> (Self, String) {
        let mut program = user.backlint();
        program
            .args(["trace", "--no-config", "--fail-on", "never"])
            .args(options)
            .arg("--")
            .args(command);
        let tracer = program
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut tracer = tracer.unwrap();
        let mut err = BufReader::new(tracer.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(&format!("asked for {backlog}, got {backlog}")) {
            line.clear();
            assert!(err.read_line(&mut line).unwrap() > 0, "no {backlog}");
        }
        let supervisor = only_child(tracer.id());
        let command = only_child(supervisor);
        let run = Self {
            tracer,
            supervisor,
            command,
            err,
        };
        (run, line)
    }

    fn gone(&self, what: &str, pid: u32) {
        wait::until(what, || (!is_there(pid)).then_some(()));
    }

    fn status(&mut self) -> Option<i32> {
        let status = wait::end_of(&mut self.tracer, Duration::from_secs(20));
        status.expect("backlint ends").code()
    }

    fn said(&mut self) -> String {
        let mut text = String::new();
        self.err.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}

#[test]
fn when_the_tracer_is_killed_the_command_can_still_listen() {
    for user in User::BOTH {
        let mut run = Running::start(user, &[]);
        send(run.tracer.id(), Signal::KILL);
        run.status();
        assert!(is_there(run.command) && is_there(run.supervisor));
        send(run.command, Signal::USR1);
        let mut out = BufReader::new(run.tracer.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "listened\n");
        send(run.command, Signal::TERM);
        run.gone("the command", run.command);
        run.gone("the supervisor", run.supervisor);
    }
}

#[test]
fn when_the_tracer_is_killed_the_time_still_ends_the_command() {
    let mut run = Running::start(User::Own, &["--for", "1s"]);
    send(run.tracer.id(), Signal::KILL);
    run.status();
    run.gone("the command", run.command);
    run.gone("the supervisor", run.supervisor);
}

#[test]
fn when_the_supervisor_is_killed_nothing_is_left() {
    for user in User::BOTH {
        let (mut run, daemon) = Running::with_daemon(user);
        send(run.supervisor, Signal::KILL);
        assert_eq!(run.status(), Some(2));
        // No patience: it was waited for.
        assert!(!is_there(run.command) && !is_there(daemon.0));
        assert!(run.said().contains("was killed, and the command with it"));
    }
}

#[test]
fn when_both_are_killed_the_command_is_too() {
    let mut run = Running::start(User::Own, &[]);
    send(run.tracer.id(), Signal::KILL);
    send(run.supervisor, Signal::KILL);
    run.status();
    run.gone("the command", run.command);
    let mut run = Running::start(User::Own, &[]);
    send(run.supervisor, Signal::KILL);
    let _ = run.tracer.kill();
    run.status();
    run.gone("the command", run.command);
}

#[test]
fn when_the_command_is_killed_the_report_comes() {
    let mut run = Running::start(User::Own, &["--command-status"]);
    send(run.command, Signal::KILL);
    assert_eq!(run.status(), Some(137));
    run.gone("the supervisor", run.supervisor);
    let mut out = String::new();
    let mut stdout = run.tracer.stdout.take().unwrap();
    stdout.read_to_string(&mut out).unwrap();
    assert!(out.contains("1 listener"), "{out}");
}

#[test]
fn signals_reach_the_command() {
    for user in User::BOTH {
        let mut run = Running::start(user, &["--command-status"]);
        send(run.tracer.id(), Signal::USR1);
        let mut out = BufReader::new(run.tracer.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "listened\n");
        send(run.tracer.id(), Signal::TERM);
        assert_eq!(run.status(), Some(143));
    }
}

#[test]
fn a_closed_terminal_ends_all_of_it() {
    let words = mode("asked 12").join(" ");
    let program = env!("CARGO_BIN_EXE_backlint");
    let mut terminal = Terminal::run(&format!("{program} trace --no-config -- {words}"));
    terminal.prints("asked for 12");
    let pids = terminal.processes();
    assert!(pids.len() >= 3, "{pids:?}");
    terminal.close();
    for pid in pids {
        wait::until("all of it", || (!is_there(pid)).then_some(()));
    }
}

#[test]
fn as_the_first_process_of_a_container_it_reaps_and_passes_on() {
    let unshare = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
    ];
    let mut command = Command::new("unshare");
    command.args(unshare).args(["--kill-child", "--"]);
    command.arg(backlint().get_program());
    command.args(["trace", "--no-config", "--command-status", "--"]);
    // The orphan ends while the command goes on, and somebody has to take its end.
    let orphan = "(sleep 0.2 &) ; exec \"$@\"";
    command
        .args(["sh", "-c", orphan, "sh"])
        .args(mode("asked 13"));
    let mut outer = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(outer.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.contains("asked for 13, got 13"), "{line}");
    let first = only_child(outer.id());
    assert!(Path::new(&format!("/proc/{first}/exe")).exists());
    std::thread::sleep(Duration::from_millis(400));
    let supervisor = only_child(first);
    assert_eq!(children(supervisor).len(), 1, "the orphan is not reaped");
    send(first, Signal::TERM);
    let status = wait::end_of(&mut outer, Duration::from_secs(20)).unwrap();
    assert_eq!(status.code(), Some(143));
}
