//! Which processes hold a socket, without reading every descriptor of the host.
//!
//! The only way to learn it is to read the links in /proc/PID/fd (proc_pid_fd(5)), and a full scan
//! of a host with 300,000 descriptors takes a second. But listeners are made early and have low
//! numbers, and a descriptor that was inherited over fork(2) keeps its number. So the tables are
//! read in slices: descriptors 0 to 15 of all processes, then 16 to 63 of all, and so on, and no
//! further than the slice in which the last wanted socket got its first owner. Because a slice is
//! finished for all processes, every process that inherited a listener is found with it.
//!
//! Many processes are mostly copies of few programs, and one program has its listeners at the same
//! numbers in each of its processes. So where there are many (`learn`), the numbers are learned from
//! a sample of them and looked up in all others; short tables are read whole. If that leaves a
//! socket without an owner, or the sample says no few numbers, the slices follow as if nothing had
//! been learned. A process that inherited a listener has it under the number that found its
//! parent's, so siblings are found by the same look.
//!
//! What that can miss is a second owner under a much higher number: a descriptor that was sent
//! (SCM_RIGHTS), or held by PID 1 at 30 and by its service at 3 (socket activation). So a budget of
//! links is then spent on the rest of the tables, PID 1 and the parents of owners first. When
//! something is still unread after that, the answer says that it may be incomplete; when it says
//! that it is complete, it equals a full scan.

mod process;
mod search;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use self::search::Search;
use crate::snapshot::Owner;

/// The owners of sockets.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// By inode of the socket, then by pid.
    by_inode: BTreeMap<u64, Vec<Owner>>,
    /// Whether every table of every process was read to its end.
    pub(super) complete: bool,
    /// Whether there are processes that this user may not look into, or not even see.
    pub(super) denied: bool,
    /// Network namespaces that a descriptor holds open, of those that were met: inode, pid,
    /// descriptor.
    pub(super) namespaces: Vec<(u64, u32, u32)>,
}

impl Owners {
    /// The answer where nothing was asked.
    pub(super) fn none() -> Self {
        Self {
            complete: true,
            ..Self::default()
        }
    }

    /// Adds those of further sockets.
    pub(super) fn add(&mut self, further: Self) {
        self.by_inode.extend(further.by_inode);
        self.complete &= further.complete;
        self.denied |= further.denied;
    }

    /// The owners of one socket, by pid; they can be taken once.
    pub(super) fn take(&mut self, inode: u64) -> Vec<Owner> {
        self.by_inode.remove(&inode).unwrap_or_default()
    }
}

/// Finds the owners of sockets by their inodes.
///
/// # Errors
///
/// That of opening or listing `proc`.
pub(super) fn find(proc: &Path, wanted: &BTreeSet<u64>) -> io::Result<Owners> {
    let directory = File::open(proc)?;
    let mut search = Search::new(directory.as_fd(), wanted)?;
    search.run();
    let seen_init = search.sees(1);
    let denied = search.was_denied();
    Ok(Owners {
        // Every pid namespace has a PID 1: where it is not seen, procfs hides processes (hidepid).
        complete: seen_init && !denied && !search.left_something(),
        denied: denied || !seen_init,
        namespaces: search.namespaces(),
        by_inode: process::describe(proc, directory.as_fd(), search.processes),
    })
}

/// Network namespaces that any descriptor of any process holds open: inode, pid, descriptor. Reads
/// every link there is.
pub(super) fn namespaces(proc: &Path) -> Vec<(u64, u32, u32)> {
    let Ok(directory) = File::open(proc) else {
        return Vec::new();
    };
    let Ok(mut search) = Search::new(directory.as_fd(), &BTreeSet::new()) else {
        return Vec::new();
    };
    search.everything();
    search.namespaces()
}

#[cfg(test)]
mod tests;
