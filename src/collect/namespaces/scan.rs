//! The search: every process, every mount namespace, and where asked every thread and descriptor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::known::{Known, identity, netstat, of_link};
use super::{Id, MOST_PIDS, Netns, Way, mounts, of_process};
use crate::collect::proc_dir::pids;
use crate::collect::{Sources, owners};
use crate::cores;
use crate::snapshot::Gap;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Namespaces that may be looked into.
    pub(super) by_id: BTreeMap<Id, Netns>,
    /// Namespaces that may not, by what stands for them, with a process in each.
    closed: BTreeMap<Id, u32>,
    /// The namespace that PID 1 is in, where it may not be looked into.
    host: Option<Id>,
    /// Whether procfs hides processes: every pid namespace has a PID 1.
    hides: bool,
    /// Processes that have the caller's mount namespace, ascending.
    pub(super) sharing: Vec<u32>,
}

/// What one process shows.
struct Process {
    pid: u32,
    net: Option<Id>,
    mnt: Option<Id>,
    threads: Vec<(Id, PathBuf)>,
}

impl Scan {
    pub(super) fn run(sources: &Sources, deep: bool, known: &Known) -> Self {
        let mut scan = Self::default();
        let proc = &sources.proc;
        let Ok(directory) = File::open(proc) else {
            return scan;
        };
        let at = directory.as_fd();
        let pids = pids(at).unwrap_or_default();
        let device = known.own.map(|id| id.device);
        let processes = cores::map(&pids, |pid| Process {
            pid: *pid,
            net: of_link(at, *pid, "net", device).ok(),
            mnt: of_link(at, *pid, "mnt", device).ok(),
            threads: if deep {
                threads(proc, *pid)
            } else {
                Vec::new()
            },
        });
        scan.hides = pids.first() != Some(&1);
        let mut closed = Vec::new();
        for process in &processes {
            match process.net {
                Some(id) => scan.process(id, process.pid),
                None => closed.push(process.pid),
            }
            for (id, path) in &process.threads {
                scan.way(*id, Way::Path(path.clone()));
            }
        }
        scan.mounts(proc, &processes);
        if deep {
            scan.descriptors(sources);
        }
        scan.close(proc, &closed, known);
        scan
    }

    fn process(&mut self, id: Id, pid: u32) {
        let netns = self.by_id.entry(id).or_insert_with(|| Netns::new(Some(id)));
        if netns.pids.len() < MOST_PIDS {
            netns.pids.push(pid);
        }
    }

    /// Another way into a namespace; one is enough where processes are in it.
    fn way(&mut self, id: Id, way: Way) {
        let netns = self.by_id.entry(id).or_insert_with(|| Netns::new(Some(id)));
        if netns.ways.len() < 4 && (netns.pids.is_empty() || netns.ways.is_empty()) {
            netns.ways.push(way);
        }
    }

    /// The mounts of each mount namespace, the own first.
    fn mounts(&mut self, proc: &Path, processes: &[Process]) {
        let own = identity(&proc.join("thread-self/ns/mnt")).ok();
        for (id, point) in mounts::of_process(proc, "thread-self") {
            self.way(id, Way::Path(point));
        }
        let sharing = processes
            .iter()
            .filter(|process| own.is_some() && process.mnt == own);
        self.sharing = sharing.map(|process| process.pid).collect();
        let mut seen: BTreeSet<Id> = own.into_iter().collect();
        let new = |process: &&Process| process.mnt.is_some_and(|id| seen.insert(id));
        let firsts: Vec<u32> = processes
            .iter()
            .filter(new)
            .map(|process| process.pid)
            .collect();
        let found = cores::map(&firsts, |pid| mounts::of_process(proc, &pid.to_string()));
        for (pid, mounted) in firsts.into_iter().zip(found) {
            for (id, point) in mounted {
                self.way(id, Way::Mount(pid, point));
            }
        }
    }

    fn descriptors(&mut self, sources: &Sources) {
        for (inode, pid, descriptor) in owners::namespaces(&sources.proc) {
            let path = sources.proc.join(format!("{pid}/fd/{descriptor}"));
            if let Ok(id) = identity(&path)
                && id.inode == inode
            {
                self.way(id, Way::Path(path));
            }
        }
    }

    /// Sorts out the processes that may not be looked into: most are in a namespace that another
    /// process shows.
    fn close(&mut self, proc: &Path, closed: &[u32], known: &Known) {
        if closed.is_empty() {
            return;
        }
        let mut open: BTreeMap<Id, Id> = BTreeMap::new();
        if let (Some(own), Some(file)) = (known.own, netstat(proc, "thread-self")) {
            open.insert(file, own);
        }
        for (id, netns) in &self.by_id {
            let mut files = netns
                .pids
                .iter()
                .filter_map(|pid| netstat(proc, &pid.to_string()));
            if let Some(file) = files.next() {
                open.insert(file, *id);
            }
        }
        let files = cores::map(closed, |pid| netstat(proc, &pid.to_string()));
        for (pid, file) in closed.iter().zip(files) {
            match file.map(|file| (file, open.get(&file))) {
                Some((_, Some(id))) if *pid == 1 => self.host = Some(*id),
                Some((_, Some(_))) => {}
                Some((file, None)) => {
                    self.closed.entry(file).or_insert(*pid);
                }
                // It ended, or it is a zombie.
                None => {}
            }
        }
    }

    /// The namespace that PID 1 is in, where only another process shows it.
    pub(super) fn host(&self) -> Option<Id> {
        self.host
    }

    /// The gap of somebody who may look at one namespace alone.
    pub(super) fn others(&self, known: &Known) -> Option<Gap> {
        let open = self
            .by_id
            .keys()
            .filter(|id| Some(**id) != known.own)
            .count();
        let closed = self.closed.len();
        // A mount and a process that may not be looked into may show the same one.
        let others = open.max(closed);
        let least = if open > 0 && closed > 0 {
            "at least "
        } else {
            ""
        };
        (others > 0).then(|| {
            Gap::new(
                "network namespaces",
                format!("{least}{} not looked at; run as root", more(others)),
                format!("every listener of {}", count(others)),
            )
        })
    }

    /// The gap of somebody who does not see all processes.
    pub(super) fn hidden(&self) -> Option<Gap> {
        self.hides.then(|| {
            Gap::new(
                "network namespaces",
                "procfs hides processes of other users (hidepid), and with them their namespaces; run as root",
                "whether there are more network namespaces",
            )
        })
    }

    /// The gap of somebody who looked at all and was refused some.
    pub(super) fn refused(&self) -> Option<Gap> {
        let (refused, pid) = (self.closed.len(), self.closed.values().next()?);
        Some(Gap::new(
            "network namespaces",
            format!(
                "{} closed to this user: the processes in it, such as pid {pid}, may not be looked into",
                if refused == 1 {
                    "one is".to_owned()
                } else {
                    format!("{refused} are")
                }
            ),
            format!("every listener of {}", count(refused)),
        ))
    }
}

fn more(others: usize) -> String {
    match others {
        1 => "one more exists and was".to_owned(),
        others => format!("{others} more exist and were"),
    }
}

fn count(namespaces: usize) -> String {
    match namespaces {
        1 => "one network namespace".to_owned(),
        many => format!("{many} network namespaces"),
    }
}

/// Namespaces that threads of a process are in and its first one is not.
fn threads(proc: &Path, pid: u32) -> Vec<(Id, PathBuf)> {
    let net = identity(&of_process(proc, pid)).ok();
    let tasks = fs::read_dir(proc.join(format!("{pid}/task")));
    let mut found: BTreeMap<Id, PathBuf> = BTreeMap::new();
    for task in tasks.into_iter().flatten().flatten() {
        let path = task.path().join("ns/net");
        if let Ok(id) = identity(&path)
            && Some(id) != net
        {
            found.entry(id).or_insert(path);
        }
    }
    found.into_iter().collect()
}
