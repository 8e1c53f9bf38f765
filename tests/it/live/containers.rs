//! Real containers of Podman, in a storage of the test's own. They need root: so does making a
//! container without the helpers that rootless ones need.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use backlint::containers::host::Host;
use backlint::containers::identify;
use backlint::snapshot::{Engine, Namespace, SCHEMA, Snapshot};

use crate::support::podman::Podman;
use crate::support::program::{finish, scrubbed};
use crate::support::wait;

const IMAGE: &str = "localhost/backlint-test:1";
const BUSYBOX: &str = "/bin/busybox";

/// Podman with an image that has nothing but busybox.
fn podman() -> Podman {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test makes containers and needs root"
    );
    let podman = Podman::new();
    podman.image(IMAGE, &[("/bin/busybox", "/bin/busybox")], &[BUSYBOX]);
    podman
}

/// This machine, read as plainly as can be.
struct Machine;

impl Machine {
    fn of(pid: u32, name: &str) -> Option<String> {
        let bytes = fs::read(format!("/proc/{pid}/{name}")).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Host for Machine {
    fn shares_mounts(&self, _: u32) -> bool {
        false
    }

    fn cgroup(&self, pid: u32) -> Option<String> {
        Self::of(pid, "cgroup")
    }

    fn mounts(&self, pid: u32) -> Option<String> {
        Self::of(pid, "mountinfo")
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        let text = Self::of(pid, "cmdline")?;
        Some(
            text.trim_end_matches('\0')
                .split('\0')
                .map(str::to_owned)
                .collect(),
        )
    }

    fn parent(&self, pid: u32) -> Option<u32> {
        let stat = Self::of(pid, "stat")?;
        stat.rsplit_once(')')?
            .1
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let text = Self::of(pid, "environ")?;
        let mut variables = text
            .split('\0')
            .filter_map(|variable| variable.split_once('='));
        Some(variables.find(|(known, _)| *known == name)?.1.to_owned())
    }

    fn comm(&self, pid: u32) -> Option<String> {
        Some(Self::of(pid, "comm")?.trim_end().to_owned())
    }

    fn started(&self, pid: u32) -> Option<u64> {
        let stat = Self::of(pid, "stat")?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        fields.nth(19)?.parse().ok()
    }

    fn netns(&self, pid: u32) -> Option<u64> {
        let netns = fs::metadata(format!("/proc/{pid}/ns/net")).ok()?;
        Some(netns.ino())
    }

    fn user(&self, pid: u32) -> Option<u32> {
        let process = fs::metadata(format!("/proc/{pid}")).ok()?;
        Some(process.uid())
    }

    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok(fs::read_to_string(path).ok())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let Ok(folder) = fs::read_dir(path) else {
            return Vec::new();
        };
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

/// What is found of the network namespace of these processes.
fn identified(host: &dyn Host, name: &str, pids: &[u32]) -> Namespace {
    let inode = fs::metadata(format!("/proc/{}/ns/net", pids[0]))
        .unwrap()
        .ino();
    let mut netns = Namespace::new(name);
    netns.id = Some(inode);
    let mut snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        namespaces: vec![netns],
        ..Snapshot::default()
    };
    identify(&mut snapshot, &[pids.to_vec()], host);
    snapshot.namespaces.remove(0)
}

#[test]
fn a_container_gives_its_name_to_its_namespace() {
    let podman = podman();
    let pid = podman.run(
        &["--network=none"],
        "web",
        IMAGE,
        &[BUSYBOX, "sleep", "1000"],
    );
    let netns = identified(&Machine, "process/busybox/1", &[pid]);
    assert_eq!(netns.name, "podman/web");
    assert_eq!(netns.workload, None);
    let [container] = netns.containers.as_slice() else {
        panic!("{:?}", netns.containers);
    };
    assert_eq!(container.runtime, Engine::Podman);
    assert_eq!(container.image.as_deref(), Some(IMAGE));
    let id = podman.ask(&["inspect", "web", "--format", "{{.Id}}"]);
    assert_eq!(container.id.as_deref(), Some(id.as_str()));
}

/// As where Podman makes no control groups, or a namespace hides them.
#[test]
fn mounts_and_the_monitor_tell_where_control_groups_do_not() {
    struct Hidden;
    impl Host for Hidden {
        fn shares_mounts(&self, _: u32) -> bool {
            false
        }

        fn cgroup(&self, _: u32) -> Option<String> {
            Some("0::/\n".to_owned())
        }
        fn mounts(&self, pid: u32) -> Option<String> {
            Machine.mounts(pid)
        }
        fn arguments(&self, pid: u32) -> Option<Vec<String>> {
            Machine.arguments(pid)
        }
        fn parent(&self, pid: u32) -> Option<u32> {
            Machine.parent(pid)
        }
        fn variable(&self, _: u32, _: &str) -> Option<String> {
            None
        }
        fn comm(&self, pid: u32) -> Option<String> {
            Machine.comm(pid)
        }
        fn started(&self, pid: u32) -> Option<u64> {
            Machine.started(pid)
        }
        fn netns(&self, pid: u32) -> Option<u64> {
            Machine.netns(pid)
        }
        fn user(&self, pid: u32) -> Option<u32> {
            Machine.user(pid)
        }
        fn read(&self, path: &str) -> Result<Option<String>, String> {
            Machine.read(path)
        }
        fn list(&self, path: &str) -> Vec<String> {
            Machine.list(path)
        }
    }
    let podman = podman();
    let pid = podman.run(
        &["--network=none"],
        "hidden",
        IMAGE,
        &[BUSYBOX, "sleep", "1000"],
    );
    assert_eq!(identified(&Hidden, "x", &[pid]).name, "podman/hidden");
}

#[test]
fn a_pod_is_its_containers_without_the_one_that_keeps_it() {
    let podman = podman();
    podman.ask(&[
        "pod",
        "create",
        "--name=pod",
        "--network=none",
        "--infra-image",
        IMAGE,
        "--infra-command",
        "/bin/busybox sleep 1000",
    ]);
    let one = podman.run(&["--pod=pod"], "one", IMAGE, &[BUSYBOX, "sleep", "1000"]);
    let two = podman.run(&["--pod=pod"], "two", IMAGE, &[BUSYBOX, "sleep", "1000"]);
    let infra = podman.ask(&["pod", "inspect", "pod", "--format", "{{.InfraContainerID}}"]);
    let mut pids = [podman.pid(&infra), one, two];
    pids.sort_unstable();
    let netns = identified(&Machine, "x", &pids);
    let names: Vec<&str> = netns
        .containers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["podman/one", "podman/two"]);
    assert!(names.contains(&netns.name.as_str()), "{}", netns.name);
}

#[test]
fn the_container_that_a_namespace_was_made_for_is_first() {
    let podman = podman();
    let sleep = [BUSYBOX, "sleep", "1000"];
    let owner = podman.run(&["--network=none"], "zzz", IMAGE, &sleep);
    let sidecar = podman.run(&["--network=container:zzz"], "aaa", IMAGE, &sleep);
    let netns = identified(&Machine, "x", &[sidecar, owner]);
    assert_eq!(netns.name, "podman/zzz");
    let names = netns.containers.iter().map(|one| one.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["podman/zzz", "podman/aaa"]);
}

#[test]
fn what_a_process_of_a_container_made_is_nested() {
    let podman = podman();
    let script = "/bin/busybox unshare -n /bin/busybox sleep 1000 & /bin/busybox sleep 1000";
    let first = podman.run(
        &["--network=none", "--cap-add=SYS_ADMIN"],
        "maker",
        IMAGE,
        &[BUSYBOX, "sh", "-c", script],
    );
    let home = Machine.netns(first);
    let maker = wait::until("the namespace", || {
        let processes = Machine.list("/proc");
        let mut pids = processes.iter().filter_map(|name| name.parse::<u32>().ok());
        let apart = |pid: u32| Machine.netns(pid).is_some_and(|netns| Some(netns) != home);
        pids.find(|pid| Machine.parent(*pid) == Some(first) && apart(*pid))
    });
    let record = |pid: u32| {
        let mut netns = Namespace::new(format!("process/busybox/{pid}"));
        netns.id = Machine.netns(pid);
        netns
    };
    let mut snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        namespaces: vec![record(maker), record(first)],
        ..Snapshot::default()
    };
    identify(&mut snapshot, &[vec![maker], vec![first]], &Machine);
    let [inner, outer] = snapshot.namespaces.as_slice() else {
        panic!("{snapshot:?}");
    };
    assert_eq!((outer.name.as_str(), outer.nested), ("podman/maker", false));
    let expected = format!("podman/maker/process/busybox/{maker}");
    assert_eq!((inner.name.as_str(), inner.nested), (&*expected, true));
    assert_eq!(inner.containers, outer.containers);
}

#[test]
fn a_container_with_the_hosts_network_is_listed_there() {
    let podman = podman();
    let pid = podman.run(
        &["--network=host"],
        "gateway",
        IMAGE,
        &[BUSYBOX, "sleep", "1000"],
    );
    let netns = identified(&Machine, "host", &[pid, std::process::id()]);
    assert_eq!(netns.name, "host");
    let names: Vec<&str> = netns
        .containers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["podman/gateway"]);
}

/// The whole program, in the container's network namespace and outside of all its others.
#[test]
fn a_listener_tells_its_container() {
    let podman = podman();
    let program = [BUSYBOX, "nc", "-l", "-p", "8080"];
    let pid = podman.run(&["--network=none"], "listening", IMAGE, &program);
    let netns: PathBuf = Path::new("/proc").join(pid.to_string()).join("ns/net");
    let listener = wait::until("the listener", || {
        let mut enter = scrubbed("nsenter");
        enter.arg(format!("--net={}", netns.display()));
        enter.arg(env!("CARGO_BIN_EXE_backlint"));
        enter.args(["snapshot", "--format", "json"]);
        let snapshot = finish(&mut enter).ended(0).json();
        let namespaces = snapshot["namespaces"].as_array().unwrap();
        let mut listeners = namespaces
            .iter()
            .flat_map(|netns| netns["listeners"].as_array())
            .flatten();
        let found =
            listeners.find(|listener| listener["address"].as_str().unwrap().ends_with(":8080"));
        found.cloned()
    });
    assert_eq!(listener["container"], "podman/listening");
}
