//! Names and ways of namespaces, on fake hosts: namespaces are files, and a hard link is another name
//! of one.

use std::fs;
use std::path::Path;

use super::*;

struct Fake {
    root: tempfile::TempDir,
}

impl Fake {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        let fake = Self { root };
        fake.netns("proc/thread-self/ns/net", "own");
        fake
    }

    /// Makes a file lead to the namespace of this name.
    fn netns(&self, path: &str, name: &str) {
        let store = self.root.path().join(format!("store-{name}"));
        if !store.exists() {
            fs::write(&store, "").unwrap();
        }
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::hard_link(store, path).unwrap();
    }

    /// A process in this namespace; `open`: whether its namespace file may be looked at.
    fn process(&self, pid: u32, name: &str, comm: &str, open: bool) {
        if open {
            self.netns(&format!("proc/{pid}/ns/net"), name);
        } else {
            fs::create_dir_all(self.root.path().join(format!("proc/{pid}/ns"))).unwrap();
        }
        self.netns(
            &format!("proc/{pid}/net/netstat"),
            &format!("{name}-netstat"),
        );
        fs::write(
            self.root.path().join(format!("proc/{pid}/comm")),
            format!("{comm}\n"),
        )
        .unwrap();
    }

    fn find(&self, reach: Reach) -> Namespaces {
        let sources = Sources {
            proc: self.root.path().join("proc"),
            root: self.root.path().to_owned(),
            ..Sources::default()
        };
        Namespaces::find(&sources, reach)
    }

    fn names(&self, reach: Reach) -> Vec<String> {
        let found = self.find(reach).all;
        found.iter().map(|netns| netns.record().name).collect()
    }
}

#[test]
fn the_namespace_of_init_is_the_host() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    let found = fake.find(Reach::Own);
    assert_eq!(found.all[0].record().name, HOST_NETNS);
    assert!(found.all[0].inode().is_some() && found.all[0].is_own());
}

#[test]
fn another_has_its_given_name_or_none() {
    let fake = Fake::new();
    fake.process(1, "init", "init", true);
    assert_eq!(fake.names(Reach::Own), ["self"]);
    fake.netns("run/netns/web", "own");
    fake.netns("run/netns/cni-1de0a1b2-6b7c-4f4e-9d1c-0a1b2c3d4e5f", "own");
    fake.netns("run/netns/blue", "own");
    assert_eq!(fake.names(Reach::Own), ["blue"]);
}

#[test]
fn without_rights_the_inode_of_netstat_decides() {
    let fake = Fake::new();
    fake.process(1, "own", "init", false);
    assert_eq!(fake.names(Reach::Own), ["self"]);
    fake.netns("proc/thread-self/net/netstat", "own-netstat");
    assert_eq!(fake.names(Reach::Own), ["host"]);
}

#[test]
fn another_process_shows_the_host_where_init_does_not() {
    let fake = Fake::new();
    fake.process(1, "init", "init", false);
    fake.process(7, "init", "kthreadd", true);
    fake.process(9, "own", "sh", true);
    assert_eq!(fake.names(Reach::All), ["host", "self"]);
    assert_eq!(fake.find(Reach::All).gaps, []);
}

#[test]
fn each_namespace_is_found_once_and_called_after_its_first_process() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    fake.process(30, "web", "nginx", true);
    fake.process(31, "web", "nginx", true);
    fake.process(40, "db", "redis-server", true);
    fake.netns("run/netns/data", "db");
    let found = fake.find(Reach::All);
    let seen: Vec<_> = found
        .all
        .iter()
        .map(|netns| {
            let record = netns.record();
            (record.name, record.workload, netns.pids().to_vec())
        })
        .collect();
    let process = Some("process/nginx".to_owned());
    assert_eq!(
        seen,
        [
            ("host".to_owned(), None, vec![1]),
            ("data".to_owned(), None, vec![40]),
            ("process/nginx/30".to_owned(), process, vec![30, 31]),
        ]
    );
}

#[test]
fn what_may_not_be_looked_into_is_counted_by_namespace() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    fake.netns("proc/thread-self/net/netstat", "own-netstat");
    for (pid, name) in [(5, "own"), (6, "web"), (7, "web"), (8, "db")] {
        fake.process(pid, name, "x", false);
    }
    let gaps = fake.find(Reach::All).gaps;
    assert_eq!(gaps.len(), 1);
    assert!(
        gaps[0].why.starts_with("2 are closed to this user"),
        "{}",
        gaps[0]
    );
    let gaps = fake.find(Reach::OwnAndCount).gaps;
    assert_eq!(
        gaps[0].to_string(),
        "network namespaces: 2 more exist and were not looked at; run as root; unknown: every listener of 2 network namespaces"
    );
    assert_eq!(fake.find(Reach::Own).gaps, []);
}

#[test]
fn namespaces_of_threads_are_found_where_asked() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    fake.process(5, "own", "worker", true);
    fake.netns("proc/5/task/5/ns/net", "own");
    fake.netns("proc/5/task/6/ns/net", "hidden");
    assert_eq!(fake.names(Reach::All), ["host"]);
    let deep = fake.find(Reach::Deep).all;
    assert_eq!(deep.len(), 2);
    let record = deep[1].record();
    assert_eq!(record.workload.as_deref(), Some("thread/worker"));
    assert_eq!(
        record.name,
        format!("thread/worker/{}", deep[1].inode().unwrap())
    );
}

#[test]
fn a_mounted_namespace_without_processes_is_called_after_its_mount() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    let line = "36 35 0:4 net:[4026532200] /run/docker/netns/1-abc rw - nsfs nsfs rw\n";
    fs::write(fake.root.path().join("proc/thread-self/mountinfo"), line).unwrap();
    assert_eq!(
        fake.names(Reach::All),
        ["host", "mount/run/docker/netns/1-abc"]
    );
    let missing = Path::new("/run/docker/netns/1-abc");
    assert_eq!(
        fake.find(Reach::All).all[1].ways,
        [Way::Path(missing.to_owned())]
    );
}

#[test]
fn names_that_mean_something_else_are_not_taken_from_run_netns() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    fake.process(30, "web", "nginx", true);
    fake.netns("run/netns/host", "web");
    let found = fake.find(Reach::All).all;
    assert_eq!(found[1].record().name, "netns/host");
    assert_eq!(found[1].named(), Some("host"));
    assert_eq!(found.iter().filter(|it| it.record().is_host()).count(), 1);
}

#[test]
fn a_procfs_that_hides_processes_is_a_gap() {
    let fake = Fake::new();
    fake.process(30, "own", "sh", true);
    for reach in [Reach::All, Reach::OwnAndCount] {
        let gaps = fake.find(reach).gaps;
        assert_eq!(gaps.len(), 1);
        assert!(gaps[0].why.contains("hidepid"), "{}", gaps[0]);
    }
    assert_eq!(fake.find(Reach::Own).gaps, []);
}

#[test]
fn in_a_container_a_closed_init_makes_no_host() {
    let fake = Fake::new();
    fake.process(1, "own", "init", false);
    fake.process(7, "own", "sh", true);
    fake.netns("proc/thread-self/net/netstat", "own-netstat");
    let link = fake.root.path().join("proc/self/ns/pid");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("pid:[4026532999]", link).unwrap();
    assert_eq!(fake.names(Reach::All), ["self"]);
    assert_eq!(fake.names(Reach::OwnAndCount), ["self"]);
}

#[test]
fn names_that_programs_make_up_have_a_workload_that_stays() {
    let fake = Fake::new();
    fake.process(1, "own", "init", true);
    let line = "36 35 0:4 net:[4026532200] /run/docker/netns/1-abc rw - nsfs nsfs rw\n";
    fs::write(fake.root.path().join("proc/thread-self/mountinfo"), line).unwrap();
    let record = fake.find(Reach::All).all[1].record();
    assert_eq!(record.name, "mount/run/docker/netns/1-abc");
    assert_eq!(record.workload.as_deref(), Some("mount/run/docker/netns"));
}
