//! What is read inside one network namespace: its listeners and their SYN queues, its sysctls and its
//! counters. Every function here works on the namespace that the calling thread is in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::fstat;

use super::listeners::{self, Tables, Way};
use super::netlink::Diag;
use super::row::{Family, Requests, Row};
use super::{Sources, Wanted, counters, proc_net, syn_queue, sys, sysctl};
use crate::snapshot::{Gap, SysctlValue};

/// Inode of the first user namespace (`PROC_USER_INIT_INO`, include/linux/proc_ns.h).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

/// One namespace's part of the record.
pub(super) struct Part {
    pub(super) rows: Vec<Row>,
    pub(super) sysctls: BTreeMap<String, SysctlValue>,
    pub(super) counters: BTreeMap<String, u64>,
    /// Whether it belongs to another user namespace than the first. `None`: the kernel does not tell.
    pub(super) rootless: Option<bool>,
    pub(super) gaps: Vec<Gap>,
    /// Why no table of listeners could be read at all.
    pub(super) blind: Option<String>,
}

/// A part whose SYN queues may still be to be read.
pub(super) struct Begun {
    pub(super) tables: Tables,
    part: Part,
}

/// The requests of one family, or why they could not be read.
pub(super) type Answer = (Family, io::Result<Requests>);

impl Part {
    /// Reads everything, in the thread that entered the namespace of this file.
    pub(super) fn inside(sources: &Sources, wanted: &Wanted, namespace: BorrowedFd<'_>) -> Self {
        let mut begun = Begun::read(sources, wanted);
        begun.part.rootless = is_rootless(namespace);
        let families = begun.families(wanted);
        // No request waits where no segment ever came in, and asking takes a walk over the
        // connections of all namespaces.
        let answers = match proc_net::no_segment_came_in(&sources.proc) {
            true => none(&families),
            false => requests(begun.tables.diag.as_mut(), &families),
        };
        begun.finish(wanted, answers)
    }

    /// Inodes of its listeners.
    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().filter_map(|row| row.listener.inode)
    }
}

impl Begun {
    /// Reads all but the SYN queues.
    pub(super) fn read(sources: &Sources, wanted: &Wanted) -> Self {
        let mut tables = listeners::read(sources);
        let mut gaps = std::mem::take(&mut tables.gaps);
        let part = Part {
            rows: Vec::new(),
            sysctls: sysctl::read(&sources.proc, &wanted.sysctls, &mut gaps),
            counters: counters::read(&sources.proc, &wanted.counters, &mut gaps),
            rootless: None,
            blind: blind(&tables),
            gaps,
        };
        Self { tables, part }
    }

    /// Inodes of the listeners.
    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        let rows = self.tables.rows.iter();
        rows.filter_map(|row| row.listener.inode)
    }

    /// Whether the walk over all connections takes long enough for a thread of its own.
    pub(super) fn many(&self) -> bool {
        self.tables.sockets.many()
    }

    /// The families whose requests are to be asked for.
    pub(super) fn families(&self, wanted: &Wanted) -> Vec<Family> {
        let families = [Family::Inet, Family::Inet6].into_iter();
        families
            .filter(|family| wanted.syn_queues && self.tables.ways.get(family) == Some(&Way::Diag))
            .collect()
    }

    /// Asks for the requests, through the socket of the tables.
    pub(super) fn requests(&mut self, families: &[Family]) -> Vec<Answer> {
        requests(self.tables.diag.as_mut(), families)
    }

    pub(super) fn finish(mut self, wanted: &Wanted, answers: Vec<Answer>) -> Part {
        let mut part = self.part;
        if wanted.syn_queues {
            syn_queues(&mut self.tables, answers, &mut part.gaps);
        }
        part.rows = self.tables.rows;
        part
    }
}

/// Whether the namespace of an nsfs file belongs to another user namespace than the first.
pub(super) fn is_rootless(namespace: BorrowedFd<'_>) -> Option<bool> {
    let owner = sys::owning_user_namespace(namespace).ok()?;
    Some(fstat(owner.as_fd()).ok()?.st_ino != FIRST_USER_NAMESPACE)
}

/// Why nothing could be read; `None`: some table was.
fn blind(tables: &Tables) -> Option<String> {
    let read = |way: &Way| matches!(way, Way::Diag | Way::Proc);
    if tables.ways.values().any(read) {
        return None;
    }
    let whys: BTreeSet<&str> = tables
        .ways
        .values()
        .map(|way| match way {
            Way::Unread(why) => why,
            _ => "the kernel has none",
        })
        .collect();
    Some(whys.into_iter().collect::<Vec<_>>().join("; "))
}

/// The answers of a namespace that has no request.
fn none(families: &[Family]) -> Vec<Answer> {
    let answers = families.iter();
    answers
        .map(|family| (*family, Ok(Requests::new())))
        .collect()
}

/// Reads the requests of these families: of both in one walk of all connections, where the kernel
/// can do that.
pub(super) fn requests(diag: Option<&mut Diag>, families: &[Family]) -> Vec<Answer> {
    let refused = || io::Error::from_raw_os_error(libc::EPROTONOSUPPORT);
    let Some(diag) = diag else {
        return families
            .iter()
            .map(|family| (*family, Err(refused())))
            .collect();
    };
    if families.len() > 1
        && let Ok(mut all) = syn_queue::read_all(diag)
    {
        // The rows name their families.
        return families
            .iter()
            .map(|family| (*family, Ok(std::mem::take(&mut all))))
            .collect();
    }
    families
        .iter()
        .map(|family| (*family, syn_queue::read(diag, *family)))
        .collect()
}

fn syn_queues(tables: &mut Tables, answers: Vec<Answer>, gaps: &mut Vec<Gap>) {
    let mut known: BTreeMap<Family, bool> = tables
        .ways
        .iter()
        .map(|(family, way)| (*family, *way == Way::Proc))
        .collect();
    let mut requests = std::mem::take(&mut tables.requests);
    for (family, answer) in answers {
        known.insert(family, answer.is_ok());
        match answer {
            Ok(found) => requests.extend(found),
            Err(error) => gaps.push(Gap::new(
                format!("sock_diag ({}, SYN_RECV)", family.file()),
                error.to_string(),
                format!("the SYN queue of every listener of {}", family.file()),
            )),
        }
    }
    let known = |family: Family| known.get(&family).copied().unwrap_or_default();
    gaps.extend(syn_queue::attribute(&mut tables.rows, &requests, known));
}

/// Whether the calling thread's own namespace is one of a rootless container.
pub(super) fn own_is_rootless(proc: &Path) -> Option<bool> {
    let file = std::fs::File::open(proc.join("thread-self/ns/net")).ok()?;
    is_rootless(file.as_fd())
}
