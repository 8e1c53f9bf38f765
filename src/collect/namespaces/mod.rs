//! Which network namespaces there are, what they are called, and how to get into them.
//!
//! Follows namespaces(7), ip-netns(8) and fs/nsfs.c. A namespace is alive while a process or a
//! thread is in it, while its file is mounted somewhere (ip-netns(8), CNI, Docker and Podman do that),
//! or while a descriptor of it is open; each is looked at, and one namespace found in several ways is
//! one. Device and inode of its nsfs file identify it. Names are stable across restarts, inodes are
//! not.
//!
//! NOTE: a namespace that lives only because a socket in it is open is found in none of these ways.

mod enter;
mod known;
mod mounts;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(super) use self::enter::inside;
use self::known::Known;
pub(super) use self::known::in_first_pid_namespace;
use self::scan::Scan;
use super::Sources;
use crate::snapshot::{Gap, HOST_NETNS, Namespace};

/// Pids that are kept of one namespace: enough to see each container of a pod.
const MOST_PIDS: usize = 256;

/// How far to look for namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// The calling thread's alone.
    #[default]
    Own,
    /// The calling thread's, and a gap that tells how many others there are.
    OwnAndCount,
    /// Those of processes, mounts, and of descriptors that are met while owners are searched.
    All,
    /// Those of every thread and every descriptor too.
    Deep,
}

/// Device and inode of a namespace's file in nsfs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// How to get at a namespace's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// A path that this process sees.
    Path(PathBuf),
    /// A mount that only this process's mount namespace has: its root, and the path below it.
    Mount(u32, PathBuf),
}

/// A network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Netns {
    pub(super) id: Option<Id>,
    /// Whether the calling thread is in it.
    pub(super) own: bool,
    /// Pids of processes in it, ascending; not all where they are many.
    pub(super) pids: Vec<u32>,
    /// Ways in besides those processes.
    pub(super) ways: Vec<Way>,
    name: String,
    workload: Option<String>,
    named: Option<String>,
}

impl Netns {
    fn new(id: Option<Id>) -> Self {
        Self {
            id,
            own: false,
            pids: Vec::new(),
            ways: Vec::new(),
            name: String::new(),
            workload: None,
            named: None,
        }
    }

    /// Inode of its file.
    pub fn inode(&self) -> Option<u64> {
        self.id.map(|id| id.inode)
    }

    /// Its name below /run/netns.
    pub fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Whether the calling thread is in it.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// Whether a process is in it.
    pub fn holds(&self, sources: &Sources, pid: u32) -> bool {
        let of_process = known::identity(&of_process(&sources.proc, pid)).ok();
        of_process.is_some() && of_process == self.id
    }

    /// Pids of processes in it, ascending; not all where they are many.
    pub fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// The order of every listing: the host's first, then the caller's, then by name.
    pub(super) fn order(&self) -> (bool, bool, &str, Option<Id>) {
        (self.name != HOST_NETNS, !self.own, &self.name, self.id)
    }

    /// Its record, as far as its name goes.
    pub fn record(&self) -> Namespace {
        Namespace {
            workload: self.workload.clone(),
            named: self.named.clone(),
            id: self.inode(),
            ..Namespace::new(self.name.clone())
        }
    }
}

/// The namespaces that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces {
    /// The host's first, then the caller's, the others by name.
    pub all: Vec<Netns>,
    /// What could not be found out.
    pub gaps: Vec<Gap>,
    /// Whether namespaces that turn up later are to be looked at too.
    pub follow: bool,
    /// Processes that have the caller's mount namespace, ascending. `None`: nobody looked.
    pub sharing: Option<Vec<u32>>,
}

impl Namespaces {
    /// Finds namespaces.
    pub fn find(sources: &Sources, reach: Reach) -> Self {
        let known = Known::read(sources);
        let own = known
            .own
            .map_or_else(|| Netns::new(None), |id| Netns::new(Some(id)));
        let own = Netns { own: true, ..own };
        let mut found = Self {
            all: Vec::new(),
            gaps: Vec::new(),
            follow: matches!(reach, Reach::All | Reach::Deep),
            sharing: None,
        };
        if reach == Reach::Own {
            found.all.push(known.named(own, &sources.proc));
            return found;
        }
        let mut scan = Scan::run(sources, reach == Reach::Deep, &known);
        found.sharing = Some(std::mem::take(&mut scan.sharing));
        let known = known.with_host(&scan, &sources.proc);
        found.gaps.extend(scan.hidden());
        if reach == Reach::OwnAndCount {
            found.all.push(known.named(own, &sources.proc));
            found.gaps.extend(scan.others(&known));
            return found;
        }
        found.gaps.extend(scan.refused());
        let mut by_id: BTreeMap<Id, Netns> = scan.by_id;
        let own = match known.own.and_then(|id| by_id.remove(&id)) {
            Some(netns) => Netns { own: true, ..netns },
            None => own,
        };
        let others = by_id.into_values();
        let all = std::iter::once(own).chain(others);
        found.all = all.map(|netns| known.named(netns, &sources.proc)).collect();
        found.all.sort_by(|a, b| a.order().cmp(&b.order()));
        found
    }

    /// The namespaces that descriptors (inode, pid, number) hold open and that are not known.
    pub(super) fn held(sources: &Sources, known: &[Netns], held: &[(u64, u32, u32)]) -> Vec<Netns> {
        let known: BTreeSet<u64> = known.iter().filter_map(Netns::inode).collect();
        let mut by_id: BTreeMap<Id, Netns> = BTreeMap::new();
        for (inode, pid, descriptor) in held {
            let way = sources.proc.join(format!("{pid}/fd/{descriptor}"));
            if let Some(id) = (!known.contains(inode))
                .then(|| known::identity(&way).ok())
                .flatten()
                && id.inode == *inode
            {
                let netns = by_id.entry(id).or_insert_with(|| Netns::new(Some(id)));
                netns.ways.push(Way::Path(way));
            }
        }
        if by_id.is_empty() {
            return Vec::new();
        }
        let facts = Known::read(sources);
        let new = by_id.into_values();
        new.map(|netns| facts.named(netns, &sources.proc)).collect()
    }
}

/// The file that says which network namespace a process is in.
fn of_process(proc: &Path, pid: u32) -> PathBuf {
    proc.join(format!("{pid}/ns/net"))
}

#[cfg(test)]
mod tests;
