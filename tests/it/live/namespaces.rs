//! Every network namespace of a host in one run: however it is kept alive, each once, with its own
//! limits. A test's host is a pid, mount and network namespace of its own, so that the namespaces
//! there are those that it made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use super::restricted::{as_nobody, public};
use crate::support::helper::{Helper, Role, Wanted};
use crate::support::netns::{Netns, in_machine};
use crate::support::program::{Run, finish, run, scrubbed};
use crate::support::sockets::{Kind, Made};

/// All namespaces, whatever the test's own.
const ALL: [&str; 2] = ["--netns", "all"];

/// A process with one listener, started by these words; it asks for 5000.
fn listening(words: &[&str]) -> Helper {
    let sockets = vec![Wanted {
        kind: Kind::Any,
        backlog: 5000,
        clients: 0,
    }];
    let directory = "/".into();
    Helper::under(words, &Role::Listen { sockets, directory })
}

/// The file of a process's namespace, and its inode.
fn of_process(pid: u32) -> (File, u64) {
    let file = File::open(format!("/proc/{pid}/ns/net")).unwrap();
    let inode = file.metadata().unwrap().ino();
    (file, inode)
}

/// Does something in another namespace.
fn inside<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let run = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        };
        scope.spawn(run).join().unwrap()
    })
}

fn set_somaxconn(namespace: &File, value: u64) {
    inside(namespace, || {
        fs::write("/proc/sys/net/core/somaxconn", value.to_string()).unwrap()
    });
}

/// A namespace that nobody is in any more: its file is open, and it has a listener of this process.
fn deserted(somaxconn: u64) -> (File, u64, Made) {
    let mut process = scrubbed("unshare")
        .args(["--net", "sleep", "100"])
        .spawn()
        .unwrap();
    let own = of_process(std::process::id()).1;
    let (file, inode) = loop {
        let (file, inode) = of_process(process.id());
        if inode != own {
            break (file, inode);
        }
    };
    set_somaxconn(&file, somaxconn);
    let made = inside(&file, || Made::internet(Kind::Any, 5000));
    process.kill().unwrap();
    process.wait().unwrap();
    (file, inode, made)
}

/// The namespaces of a snapshot by inode.
fn by_inode(snapshot: &Value) -> BTreeMap<u64, &Value> {
    let all = snapshot["namespaces"].as_array().unwrap();
    let by_inode: BTreeMap<u64, &Value> = all
        .iter()
        .map(|netns| (netns["id"].as_u64().unwrap(), netns))
        .collect();
    assert_eq!(by_inode.len(), all.len(), "each once: {snapshot:#}");
    by_inode
}

fn snapshot(options: &[&str]) -> Value {
    let words = ["snapshot", "--format", "json"]
        .iter()
        .chain(&ALL)
        .chain(options);
    run(words.copied()).ended(0).json()
}

/// One listener under this limit, held by this process.
#[track_caller]
fn has_one_listener(netns: &Value, somaxconn: u64, pid: u32) {
    assert_eq!(
        netns["sysctls"]["net.core.somaxconn"], somaxconn,
        "{netns:#}"
    );
    let listeners = netns["listeners"].as_array().unwrap();
    assert_eq!(listeners.len(), 1, "{netns:#}");
    let max = somaxconn.min(5000);
    assert_eq!(listeners[0]["accept_queue"]["max"], max, "{netns:#}");
    assert_eq!(listeners[0]["owners"][0]["pid"], pid, "{netns:#}");
}

fn named(machine: &Netns, name: &str, somaxconn: u64) -> Helper {
    machine.ip(&format!("netns add {name}"));
    let file = File::open(Path::new("/run/netns").join(name)).unwrap();
    set_somaxconn(&file, somaxconn);
    listening(&["ip", "netns", "exec", name])
}

#[test]
fn named_and_anonymous_namespaces_are_found_once_each_with_their_own_limit() {
    in_machine(|machine| {
        machine.set_somaxconn(77);
        let own = listening(&[]);
        let mut made: Vec<(u64, String, Helper)> = Vec::new();
        for (n, name) in ["red", "green", "blue"].iter().enumerate() {
            let somaxconn = 101 + n as u64;
            made.push((
                somaxconn,
                (*name).to_owned(),
                named(machine, name, somaxconn),
            ));
        }
        for somaxconn in 200..220 {
            let set =
                format!("echo {somaxconn} > /proc/sys/net/core/somaxconn; exec \"$0\" \"$@\"");
            let helper = listening(&["unshare", "--net", "sh", "-c", &set]);
            made.push((somaxconn, String::new(), helper));
        }
        let snapshot = snapshot(&[]);
        let found = by_inode(&snapshot);
        assert_eq!(found.len(), 24, "{snapshot:#}");
        has_one_listener(found[&of_process(std::process::id()).1], 77, own.pid());
        for (somaxconn, name, helper) in &made {
            let netns = found[&of_process(helper.pid()).1];
            has_one_listener(netns, *somaxconn, helper.pid());
            if !name.is_empty() {
                assert_eq!(netns["name"], *name);
                assert_eq!(netns["named"], *name);
            } else {
                let name = netns["name"].as_str().unwrap();
                assert!(name.ends_with(&format!("/{}", helper.pid())), "{name}");
                assert!(
                    netns["workload"].as_str().unwrap().starts_with("process/"),
                    "{netns:#}"
                );
            }
        }
        assert_eq!(snapshot["gaps"].as_array(), None, "{snapshot:#}");
    });
}

#[test]
fn a_namespace_that_only_a_mount_or_a_descriptor_keeps_is_found() {
    in_machine(|_| {
        let (mount, mounted, first) = deserted(91);
        File::create("/run/kept").unwrap();
        let path = format!("/proc/{}/fd/{}", std::process::id(), fd(&mount));
        let bind = scrubbed("mount")
            .args(["--bind", &path, "/run/kept"])
            .status();
        assert!(bind.unwrap().success());
        drop(mount);
        let (descriptor, held, second) = deserted(92);
        let snapshot = snapshot(&[]);
        let found = by_inode(&snapshot);
        has_one_listener(found[&mounted], 91, std::process::id());
        has_one_listener(found[&held], 92, std::process::id());
        assert_eq!(found[&mounted]["name"], "mount/run/kept");
        let name = found[&held]["name"].as_str().unwrap();
        assert!(name.starts_with("descriptor/"), "{name}");
        assert_eq!(found.len(), 3);
        drop((descriptor, first, second));
    });
}

fn fd(file: &File) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(file)
}

#[test]
fn a_namespace_that_only_a_thread_is_in_is_found_where_asked() {
    in_machine(|_| {
        let (file, inode, made) = deserted(93);
        let (entered, leave) = (AtomicBool::new(false), AtomicBool::new(false));
        let (tell, stop) = (&entered, &leave);
        thread::scope(|scope| {
            scope.spawn(move || {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(file.as_fd(), network).unwrap();
                // With the descriptor closed, the thread alone keeps the namespace.
                drop(file);
                tell.store(true, Ordering::Release);
                while !stop.load(Ordering::Acquire) {
                    thread::park_timeout(std::time::Duration::from_millis(5));
                }
            });
            while !entered.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let deep = snapshot(&["--deep"]);
            leave.store(true, Ordering::Release);
            let found = by_inode(&deep);
            has_one_listener(found[&inode], 93, std::process::id());
            let name = found[&inode]["name"].as_str().unwrap();
            assert!(name.starts_with("thread/"), "{name}");
        });
        drop(made);
    });
}

#[test]
fn namespaces_that_end_meanwhile_are_gaps_and_hide_no_other() {
    in_machine(|_| {
        let steady = listening(&["unshare", "--net"]);
        let inode = of_process(steady.pid()).1;
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let status = scrubbed("unshare").args(["--net", "true"]).status();
                        assert!(status.unwrap().success());
                    }
                });
            }
            for _ in 0..25 {
                let snapshot = snapshot(&[]);
                has_one_listener(by_inode(&snapshot)[&inode], 4096, steady.pid());
                for gap in snapshot["gaps"].as_array().into_iter().flatten() {
                    let what = gap["what"].as_str().unwrap();
                    assert!(what.starts_with("network namespace process/"), "{gap}");
                    assert_eq!(gap["why"], "it ended while it was looked at");
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn a_namespace_of_another_user_namespace_is_called_rootless() {
    in_machine(|_| {
        let rooted = listening(&["unshare", "--net"]);
        let rootless = listening(&["unshare", "--user", "--map-root-user", "--net"]);
        let snapshot = snapshot(&[]);
        let found = by_inode(&snapshot);
        let netns = |helper: &Helper| found[&of_process(helper.pid()).1];
        has_one_listener(netns(&rootless), 4096, rootless.pid());
        assert_eq!(netns(&rootless)["rootless"], true);
        // An ordinary user's test runs in a user namespace as a whole.
        let plain = fs::read_to_string("/proc/self/uid_map")
            .unwrap()
            .contains("4294967295");
        assert_eq!(netns(&rooted)["rootless"], !plain);
    });
}

#[test]
fn namespaces_are_chosen_by_name_pid_and_inode() {
    in_machine(|machine| {
        let red = named(machine, "red", 101);
        let other = listening(&["unshare", "--net"]);
        let (pid, inode) = (
            other.pid().to_string(),
            of_process(other.pid()).1.to_string(),
        );
        let chosen = |options: &[&str]| -> Vec<u64> {
            let words = ["snapshot", "--format", "json"].iter().chain(options);
            let snapshot = run(words.copied()).ended(0).json();
            by_inode(&snapshot).into_keys().collect()
        };
        let of = |helper: &Helper| of_process(helper.pid()).1;
        assert_eq!(chosen(&["--netns", "red"]), [of(&red)]);
        assert_eq!(chosen(&["--netns", &pid]), [of(&other)]);
        assert_eq!(chosen(&["--netns", &inode]), [of(&other)]);
        assert_eq!(
            chosen(&["--netns", "self"]),
            [of_process(std::process::id()).1]
        );
        let mut both = [of(&red), of(&other)];
        both.sort_unstable();
        assert_eq!(
            chosen(&["--netns", "red", "--netns", &pid, "--netns", &inode]),
            both
        );
        for (wrong, words) in [
            ("green", "red"),
            ("4026599999", "red"),
            ("4194304", "no such process"),
        ] {
            let Run { err, out, .. } = run(["list", "--netns", wrong]).ended(2);
            assert!(err.contains(wrong) && err.contains(words), "{err}");
            assert_eq!(out, "");
        }
    });
}

#[test]
fn the_process_itself_never_changes_its_namespace() {
    in_machine(|_| {
        let _others = [
            listening(&["unshare", "--net"]),
            listening(&["unshare", "--net"]),
        ];
        let mut traced = scrubbed("strace");
        traced.args([
            "-f",
            "-e",
            "trace=setns",
            env!("CARGO_BIN_EXE_backlint"),
            "list",
        ]);
        let said = finish(traced.args(ALL)).ended(0).err;
        let entered = said.lines().filter(|line| line.contains("setns("));
        // The calls of the first thread stand in lines without `[pid N]`.
        let entered: Vec<&str> = entered.collect();
        assert_eq!(entered.len(), 2, "{said}");
        assert!(
            entered.iter().all(|line| line.starts_with("[pid ")),
            "{said}"
        );
    });
}

#[test]
fn an_ordinary_user_is_told_how_many_other_namespaces_there_are() {
    in_machine(|_| {
        let directory = tempfile::tempdir_in("/dev/shm").unwrap();
        let program = public(directory.path());
        let _others = [
            listening(&["unshare", "--net"]),
            listening(&["unshare", "--net"]),
        ];
        let _made = Made::internet(Kind::Any, 7);
        let gap = |options: &[&str]| {
            let words = ["list", "--format", "json"].iter().chain(options);
            let list = finish(as_nobody(&program).args(words)).ended(0).json();
            let gaps = list["gaps"].as_array().unwrap().clone();
            let mut of_namespaces = gaps
                .into_iter()
                .filter(|gap| gap["what"] == "network namespaces");
            of_namespaces
                .next()
                .map(|gap| gap["why"].as_str().unwrap().to_owned())
        };
        let words = gap(&[]).unwrap();
        assert_eq!(words, "2 more exist and were not looked at; run as root");
        let words = gap(&ALL).unwrap();
        assert!(words.starts_with("2 are closed to this user"), "{words}");
        assert_eq!(gap(&["--netns", "self"]), None);
    });
}

#[test]
fn the_report_has_a_line_for_each_namespace_the_own_first() {
    in_machine(|machine| {
        machine.set_somaxconn(65535);
        let _own = listening(&[]);
        let red = named(machine, "red", 128);
        machine.ip("netns add empty");
        let table = run(ALL).ended(0).out;
        // An ordinary user's are in a user namespace too, which is told.
        let told = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("red (ip netns"));
            line.unwrap_or_else(|| panic!("{text}")).to_owned()
        };
        assert!(told(&table).contains("): somaxconn 128, "), "{table}");
        assert!(
            table.contains("\n1 namespace without a listener\n"),
            "{table}"
        );
        let list = run(["list", "--netns", "all", "--sort", "max"])
            .ended(0)
            .out;
        let limits = "): somaxconn 128, tcp_syncookies 1, 1 listener";
        assert!(told(&list).ends_with(limits), "{list}");
        assert!(list.ends_with("\n1 namespace with no listener\n"), "{list}");
        drop(red);
    });
}
