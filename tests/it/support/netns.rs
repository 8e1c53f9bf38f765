//! A network namespace for each test, made without privilege where the kernel allows it.
//!
//! [`in_netns`] runs the test's body in a second process: this test program again, started by
//! unshare(1) and told to run that one test. All its threads and children are in the namespace, and
//! so are /proc/sys/net and /proc/net. An ordinary user gets a user namespace as well. The process
//! is killed with everything it started when the test ends, or when the test program dies.

use std::any::type_name;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};

use super::wait;

/// Set inside: the inode of the namespace that the tests were started in.
const OUTSIDE: &str = "BACKLINT_TEST_OUTER_NETNS";

/// How long one test may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The proof that the running process is in a network namespace of its own.
pub(crate) struct Netns(());

/// Runs the body of a test in a fresh network namespace whose loopback interface is up.
pub(crate) fn in_netns<F: FnOnce(&Netns)>(body: F) {
    match env::var(OUTSIDE) {
        Ok(outside) => body(&Netns::enter(&outside)),
        Err(_) => run_again_inside(&name_of_test::<F>(), &[]),
    }
}

/// Runs the body of a test on a host of its own: with pids and mounts of its own too, and an empty
/// /run.
pub(crate) fn in_machine<F: FnOnce(&Netns)>(body: F) {
    let Ok(outside) = env::var(OUTSIDE) else {
        let further = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc"];
        return run_again_inside(&name_of_test::<F>(), &further);
    };
    let netns = Netns::enter(&outside);
    // Namespaces that the machine has mounted are not this one's.
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    for mount in mounts.lines().filter(|line| line.contains(" - nsfs ")) {
        let escapes = [
            ("\\040", " "),
            ("\\011", "\t"),
            ("\\012", "\n"),
            ("\\134", "\\"),
        ];
        let point = mount.split(' ').nth(4).unwrap().to_owned();
        let point = escapes
            .iter()
            .fold(point, |point, (from, to)| point.replace(from, to));
        // A user namespace may not: an ordinary user's test needs a machine without any.
        let _ = Command::new("umount")
            .args(["--lazy", "--", &point])
            .output();
    }
    let run = Command::new("mount")
        .args(["-t", "tmpfs", "tmpfs", "/run"])
        .status();
    assert!(
        run.is_ok_and(|status| status.success()),
        "mount (package mount)"
    );
    body(&netns);
}

/// `it::live::kinds::some_test::{{closure}}` is the type of `some_test`'s body.
fn name_of_test<F>() -> String {
    let name = type_name::<F>().trim_end_matches("::{{closure}}");
    name.split_once("::").expect("a path").1.to_owned()
}

/// Whether this process is one that [`in_netns`] started.
pub(crate) fn is_inside() -> bool {
    env::var_os(OUTSIDE).is_some()
}

fn run_again_inside(test: &str, further: &[&str]) {
    let mut said = tempfile::tempfile().unwrap();
    let mut child = again_inside(test, further)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said.try_clone().unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("unshare (package util-linux): {error}"));
    let ended = wait::end_of(&mut child, PATIENCE);
    let group = Pid::from_child(&child);
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
    said.rewind().unwrap();
    let mut bytes = Vec::new();
    said.read_to_end(&mut bytes).unwrap();
    let said = String::from_utf8_lossy(&bytes);
    // A name that fits no test would run none and succeed.
    let passed = said.contains("test result: ok. 1 passed");
    let success = ended.is_some_and(|status| status.success());
    assert!(
        success && passed,
        "{test} in its namespace: {ended:?}\n{said}"
    );
}

/// This test program again, in a namespace of its own and told to run one test; `further` options of
/// unshare(1) give it other namespaces too.
pub(crate) fn again_inside(test: &str, further: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.arg("--net").args(further);
    if !may_unshare_alone() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .arg("--")
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(OUTSIDE, inode().to_string());
    command
}

/// Whether this user may make a network namespace without a user namespace.
fn may_unshare_alone() -> bool {
    let try_it = Command::new("unshare")
        .args(["--net", "true"])
        .stderr(Stdio::null())
        .status();
    try_it.is_ok_and(|status| status.success())
}

fn inode() -> u64 {
    fs::metadata("/proc/thread-self/ns/net")
        .expect("procfs")
        .ino()
}

impl Netns {
    fn enter(outside: &str) -> Self {
        // Making a user namespace has reset what the parent set.
        set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
        assert_ne!(
            inode().to_string(),
            outside,
            "still in the namespace of the machine"
        );
        let this = Self(());
        this.ip("link set lo up");
        this
    }

    /// Runs ip(8) with these words.
    pub(crate) fn ip(&self, words: &str) {
        let ran = Command::new("ip").args(words.split(' ')).status();
        let status = ran.unwrap_or_else(|error| panic!("ip (package iproute2): {error}"));
        assert!(status.success(), "ip {words}");
    }

    /// Sets a sysctl of this namespace.
    pub(crate) fn set(&self, key: &str, value: u32) {
        assert!(
            key.starts_with("net."),
            "{key} belongs to the whole machine"
        );
        fs::write(path(key), value.to_string()).unwrap_or_else(|error| panic!("{key}: {error}"));
    }

    /// Sets net.core.somaxconn.
    pub(crate) fn set_somaxconn(&self, value: u32) {
        self.set("net.core.somaxconn", value);
    }

    /// What a sysctl is, as this process reads it.
    pub(crate) fn sysctl(&self, key: &str) -> String {
        let text = fs::read_to_string(path(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
        text.trim().to_owned()
    }

    /// A counter of the line TcpExt, read without backlint.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let text = fs::read_to_string("/proc/self/net/netstat").unwrap();
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("TcpExt: "));
        let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
        let mut pairs = names.split(' ').zip(values.split(' '));
        let (_, value) = pairs
            .find(|(column, _)| *column == name)
            .expect("a column of TcpExt");
        value.parse().unwrap()
    }
}

fn path(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}
