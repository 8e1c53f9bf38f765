//! `backlint trace --host`: what it sees of all processes, and what it says of what it cannot see. Other
//! tests make listeners at the same time, so each asks about its own alone.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::watching::Watching;
use super::{cap, folder, listener, mode};
use crate::support::processes::{Orphan, send};
use crate::support::program::{as_nobody, backlint, finish, scrubbed};
use crate::support::sandbox::refuse_call;
use crate::support::wait;

/// A process that is killed when the test is over.
struct Running(Child);

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = scrubbed(program);
        command.args(arguments).stdin(Stdio::null());
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// listener.c in this mode.
    fn mode(words: &str) -> Self {
        let words = mode(words);
        Self::start(words[0], &words[1..])
    }
}

impl Running {
    /// Waits until it has so many descriptors open: the last ones are its listeners.
    fn has_open(&self, count: usize) {
        let folder = format!("/proc/{}/fd", self.0.id());
        wait::until("it listens", || {
            let open = fs::read_dir(&folder).unwrap().count();
            (open >= count).then_some(())
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The listeners of a record that a process holds.
fn of(record: &Value, pid: u32) -> Vec<&Value> {
    let namespaces = record["namespaces"].as_array().unwrap();
    let all = namespaces
        .iter()
        .filter_map(|it| it["listeners"].as_array());
    let is_its = |it: &&Value| {
        let owners = it["owners"].as_array();
        owners.is_some_and(|owners| owners.iter().any(|owner| owner["pid"] == pid))
    };
    all.flatten().filter(is_its).collect()
}

fn requests(record: &Value, pid: u32) -> Vec<i64> {
    let mut all: Vec<i64> = of(record, pid)
        .into_iter()
        .map(|it| it["requested"]["backlog"].as_i64().expect("a request"))
        .collect();
    all.sort_unstable();
    all
}

fn gaps(record: &Value) -> String {
    record["gaps"].to_string()
}

#[test]
fn what_listens_meanwhile_has_what_it_asked_for_and_the_rest_is_there_too() {
    let before = Running::mode("stay 70000");
    before.has_open(4);
    std::thread::sleep(Duration::from_millis(50));
    let mut watching = Watching::start(&[]);
    let threads = Running::mode("threads 50");
    let twice = Running::mode("twice -1");
    watching.line(&format!("[{}]", twice.0.id()));
    let again = watching.line(&format!("[{}]", twice.0.id()));
    assert!(
        again.contains(&format!(
            "asked for -1, got {} (call 2 for this socket)",
            cap()
        )),
        "{again}"
    );
    threads.has_open(53);
    let (status, _, record) = watching.end(Signal::INT);
    assert_eq!(status, 0);
    let expected: Vec<i64> = (101..=150).collect();
    assert_eq!(requests(&record, threads.0.id()), expected);
    assert_eq!(requests(&record, twice.0.id()), [-1]);
    let [old] = of(&record, before.0.id())[..] else {
        panic!("{record:#}");
    };
    assert!(old.get("requested").is_none(), "{old:#}");
    assert!(record["namespaces"][0]["sysctls"].is_object());
}

#[test]
fn every_one_of_ten_thousand_calls_of_a_process_is_told() {
    let mut watching = Watching::alone();
    let many = Running::mode("many 10000");
    // Other tests call meanwhile, and as often.
    let own = format!("[{}] ", many.0.id());
    for n in 1..=10_000 {
        let line = watching.line(&own);
        let asked = line.split(" asked for ").nth(1).unwrap();
        let asked = asked.trim_end().split(',').next();
        assert_eq!(asked, Some(n.to_string().as_str()), "{line}");
    }
    let (_, said, _) = watching.end(Signal::INT);
    assert!(said.contains("listened meanwhile"), "{said}");
}

#[test]
fn a_program_that_ends_at_once_is_told_with_its_address() {
    let mut watching = Watching::start(&[]);
    finish(scrubbed(listener()).args(["once", "4711"])).ended(0);
    let line = watching.line("asked for 4711");
    assert!(line.contains(" 127.0.0.1:"), "{line}");
    let (_, said, record) = watching.end(Signal::TERM);
    let address = line.split(' ').nth(2).unwrap();
    assert!(said.contains(address) || said.contains("more"), "{said}");
    assert!(!record.to_string().contains(address), "{record:#}");
}

#[test]
fn a_daemon_whose_parents_are_gone_is_found() {
    let mut watching = Watching::start(&[]);
    finish(scrubbed(listener()).args(["daemon", "1313"])).ended(0);
    let line = watching.line("asked for 1313");
    let pid = line.split(['[', ']']).nth(1).unwrap().parse().unwrap();
    let _daemon = Orphan(pid);
    let (_, _, record) = watching.end(Signal::INT);
    assert_eq!(requests(&record, pid), [1313]);
}

#[test]
fn a_call_in_another_namespace_says_in_which() {
    let mut watching = Watching::start(&[]);
    let inside = ["--net", "--", listener().to_str().unwrap(), "stay", "90"];
    let nested = Running::start("unshare", &inside);
    let up = "ip link set lo up";
    let entered = format!("nsenter -t {} -n {up}", nested.0.id());
    // Without its loopback it cannot bind.
    finish(scrubbed("sh").args(["-c", &entered]));
    let line = watching.line(&format!("[{}]", nested.0.id()));
    assert!(line.contains("asked for 90, got 90, in process/"), "{line}");
    let (_, _, record) = watching.end(Signal::INT);
    assert_eq!(requests(&record, nested.0.id()), [90]);
}

#[test]
fn a_call_that_fails_is_told_and_changes_nothing() {
    let mut watching = Watching::start(&[]);
    finish(scrubbed(listener()).args(["fails", "2323"])).ended(0);
    for _ in 0..3 {
        let line = watching.line("asked for 2323");
        assert!(line.ends_with("failed\n"), "{line}");
    }
    watching.end(Signal::INT);
}

#[test]
fn what_no_event_shows_is_a_gap() {
    let watching = Watching::start(&[]);
    let ring = Running::mode("uring 88");
    let mut all = vec![ring];
    if cfg!(target_arch = "x86_64") {
        all.push(Running::mode("compat 77"));
    }
    for it in &all {
        it.has_open(4);
    }
    std::thread::sleep(Duration::from_millis(200));
    let (_, _, record) = watching.end(Signal::INT);
    let gaps = gaps(&record);
    assert!(gaps.contains("began to listen and no call"), "{gaps}");
    for it in &all {
        for listener in of(&record, it.0.id()) {
            assert!(listener.get("requested").is_none(), "{listener:#}");
        }
    }
}

#[test]
fn events_that_were_lost_are_a_gap() {
    let watching = Watching::alone();
    send(watching.tracer.id(), Signal::STOP);
    for _ in 0..2 {
        finish(scrubbed(listener()).args(["many", "10000"])).ended(0);
    }
    send(watching.tracer.id(), Signal::CONT);
    let (_, _, record) = watching.end(Signal::INT);
    assert!(
        gaps(&record).contains("faster than they could be read"),
        "{record:#}"
    );
}

#[test]
fn it_ends_once_what_was_waited_for_listens() {
    let folder = folder();
    let socket = folder.path().join("x.sock");
    let socket = socket.to_str().unwrap();
    let mut watching = Watching::start(&["--until-listening", socket, "--for", "20s"]);
    let code = format!(
        "import socket, time\ns = socket.socket(socket.AF_UNIX)\ns.bind('{socket}')\ns.listen(33)\ntime.sleep(60)"
    );
    let server = Running::start("/usr/bin/python3", &["-c", &code]);
    let line = watching.line(socket);
    assert!(line.ends_with("asked for 33, got 33\n"), "{line}");
    let (status, _, record) = watching.ended();
    assert_eq!(status, 0);
    assert_eq!(requests(&record, server.0.id()), [33]);
}

#[test]
fn what_never_listens_fails_the_gate() {
    let mut watching = Watching::start(&[
        "--until-listening",
        "@nobody-is-called-so",
        "--for",
        "200ms",
    ]);
    let (status, said, _) = watching.ended();
    assert_eq!(status, 2);
    assert!(
        said.contains("waits for: a listener at @nobody-is-called-so\n"),
        "{said}"
    );
}

#[test]
fn tracefs_is_used_where_it_is_mounted() {
    let mut program = scrubbed("unshare");
    let mount = "mount -t tracefs nodev /mnt && exec \"$@\"";
    program.args([
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        mount,
        "sh",
    ]);
    program.arg(backlint().get_program());
    let mut watching = Watching::by(program, &[]);
    finish(scrubbed(listener()).args(["once", "5757"])).ended(0);
    watching.line("asked for 5757");
    assert_eq!(watching.end(Signal::INT).0, 0);
}

#[test]
fn where_it_may_not_it_says_why_and_what_to_do() {
    let words = ["trace", "--no-config", "--host", "--for", "1s"];
    let refused = |program: &mut Command, part: &str| {
        let run = finish(program.args(words)).ended(2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{run:#?}");
        assert_eq!(run.err.lines().count(), 1, "{run:#?}");
    };
    refused(&mut as_nobody(), "only root may; run it with sudo");
    let mut nested = scrubbed("unshare");
    nested.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    refused(
        nested.arg(backlint().get_program()),
        "--privileged --pid=host",
    );
    let mut user = scrubbed("unshare");
    user.args(["--user", "--map-root-user", "--mount"]);
    refused(
        user.arg(backlint().get_program()),
        "this container or sandbox forbids it",
    );
    let mut old = backlint();
    refuse_call(&mut old, libc::SYS_fsopen, libc::ENOSYS);
    refused(&mut old, "mount -t tracefs nodev /sys/kernel/tracing");
    let mut without = backlint();
    refuse_call(&mut without, libc::SYS_fsopen, libc::ENODEV);
    refused(&mut without, "CONFIG_FTRACE");
}

#[test]
fn it_takes_no_command() {
    for words in [
        &["--host", "--", "true"][..],
        &["--host", "--new-netns"],
        &["--host", "--command-status"],
        &[],
    ] {
        let mut program = backlint();
        let run = finish(program.args(["trace", "--no-config"]).args(words)).ended(2);
        assert!(
            run.err.contains("backlint trace --host [OPTIONS]"),
            "{run:#?}"
        );
        assert_eq!(run.out, "");
    }
}
