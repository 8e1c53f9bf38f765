//! A traced program finds everything as it would be without: its ports, its terminal, and somebody who lets it
//! listen, whoever of the tracers is left.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{User, mode, trace};
use crate::support::processes::{Orphan, children, is_there, only_child, send};
use crate::support::program::backlint;
use crate::support::wait;

/// Listens, closes, and binds the same port at once, as servers do that test their configuration first.
const REBIND: &str = "
import socket
failed = 0
def bound(at):
    it = socket.socket()
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    it.bind(at)
    return it
for n in range(200):
    first = bound(('127.0.0.1', 0))
    at = first.getsockname()
    first.listen(5)
    first.close()
    try:
        bound(at).close()
    except OSError:
        failed += 1
print('failed', failed)
";

#[test]
fn a_port_is_free_again_as_soon_as_the_program_closed_it() {
    for user in User::BOTH {
        let traced = trace(user, [], ["/usr/bin/python3", "-c", REBIND]);
        assert!(traced.run.out.starts_with("failed 0\n"), "{:?}", traced.run);
        assert_eq!(traced.calls().len(), 200);
    }
}

#[test]
fn a_command_in_a_session_of_its_own_ends_by_the_key_too() {
    let program = env!("CARGO_BIN_EXE_backlint");
    let words = mode("asked 14").join(" ");
    let line = format!("{program} trace --no-config -- setsid {words}");
    // The terminal that script(1) makes gets the key as whoever types it.
    let mut script = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(script.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains("asked for 14"), "{line}");
    let mut keys = script.stdin.take().unwrap();
    std::io::Write::write_all(&mut keys, b"\x03").unwrap();
    let reader = std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
    let status = wait::end_of(&mut script, Duration::from_secs(20));
    let _ = script.kill();
    let _ = script.wait();
    drop(keys);
    let _ = reader.join();
    assert!(status.is_some(), "it goes on");
}

#[test]
fn when_both_are_killed_a_daemon_can_still_listen() {
    for tracer_first in [true, false] {
        let words = mode("asked 15").join(" ");
        let mut tracer = backlint();
        tracer.args(["trace", "--no-config", "--", "sh", "-c"]);
        let mut tracer = tracer
            .arg(format!("setsid {words} & exec sleep 100"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(tracer.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        assert!(line.contains("asked for 15, got 15"), "{line}");
        let pid = line.split(['[', ']']).nth(1).unwrap();
        let daemon = Orphan(pid.parse().unwrap());
        let supervisor = only_child(tracer.id());
        let mut others = children(tracer.id());
        others.retain(|pid| *pid != supervisor);
        let [keeper] = others[..] else {
            panic!("{others:?}");
        };
        let mut order = [tracer.id(), supervisor];
        if !tracer_first {
            order.reverse();
            // Or it would kill what is left.
            send(tracer.id(), Signal::STOP);
        }
        for pid in order {
            send(pid, Signal::KILL);
        }
        tracer.wait().unwrap();
        wait::until("the supervisor", || (!is_there(supervisor)).then_some(()));
        send(daemon.0, Signal::USR1);
        let mut out = BufReader::new(tracer.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "listened\n");
        assert!(is_there(keeper));
        drop(daemon);
        wait::until("the keeper", || (!is_there(keeper)).then_some(()));
    }
}

#[test]
fn a_command_goes_on_while_nobody_reads_what_is_told() {
    let (unread, full) = std::io::pipe().unwrap();
    let mut tracer = backlint();
    tracer.args(["trace", "--no-config", "--fail-on", "never", "--"]);
    let mut tracer = tracer
        .args(mode("many 5000"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(full)
        .spawn()
        .unwrap();
    let supervisor = only_child(tracer.id());
    let start = Instant::now();
    // All of its calls are over, though not told.
    wait::until("the end of the command", || {
        children(supervisor).is_empty().then_some(())
    });
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(is_there(tracer.id()));
    send(tracer.id(), Signal::TERM);
    let status = wait::end_of(&mut tracer, Duration::from_secs(20));
    let _ = tracer.kill();
    assert_eq!(status.and_then(|status| status.code()), Some(0));
    drop(unread);
}

#[test]
fn how_a_command_failed_is_told() {
    let traced = trace(User::Own, [], ["sh", "-c", "exit 7"]);
    let err = &traced.run.err;
    assert!(
        err.contains("the command ended with exit status 7"),
        "{err}"
    );
    let traced = trace(User::Own, ["--for", "300ms"], ["sleep", "9"]);
    assert!(
        !traced.run.err.contains("the command ended"),
        "{:?}",
        traced.run
    );
}

#[test]
fn where_the_record_cannot_be_written_nothing_is_run() {
    let mut program = backlint();
    let run = crate::support::program::finish(program.args([
        "trace",
        "--no-config",
        "-o",
        "/nonexistent/x.yaml",
        "--",
        "echo",
        "ran",
    ]));
    let run = run.ended(2);
    assert_eq!(run.out, "");
    assert!(
        run.err.contains("/nonexistent/x.yaml cannot be written"),
        "{}",
        run.err
    );
}
