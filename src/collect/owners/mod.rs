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
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags, PROC_SUPER_MAGIC, fstatfs, openat};

use self::table::{End, Part, Reading};
use crate::cores;
use crate::snapshot::Owner;

/// End of the first slice; each one after it ends four times as far.
const FIRST_SLICE: u32 = 16;
/// More processes than this are worth learning from some of them.
const MANY: usize = 256;
/// Processes in the sample, which are read whole: more of them cost more than they teach.
const SAMPLE: usize = 32;
/// Links that are read of each process in the sample.
const SAMPLE_LINKS: u32 = 256;
/// Looking up more numbers than this costs as much as the first slice.
const MOST_NUMBERS: usize = 16;
/// Links that are read beyond the slices, about one µs each.
const BUDGET: u32 = 4096;
/// Links that are read of a process whose rest is unknown.
const ORDINARY: u32 = 64;
/// Owners whose parents are looked up: usually they are few, or all of one family.
const MOST_PARENTS: usize = 128;

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
    if !search.learn() {
        search.slices();
    }
    search.budget();
    let seen_init = search.processes.iter().any(|process| process.pid == 1);
    let denied = search
        .processes
        .iter()
        .any(|process| process.state == State::Denied);
    let unread = search
        .processes
        .iter()
        .any(|process| matches!(process.state, State::More(_)));
    Ok(Owners {
        namespaces: search.namespaces(),
        by_inode: process::describe(proc, directory.as_fd(), search.processes),
        // Every pid namespace has a PID 1: where it is not seen, procfs hides processes (hidepid).
        complete: seen_init && !denied && !unread,
        denied: denied || !seen_init,
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
    let all = search.unfinished(|_| true);
    let part = Part {
        limit: u32::MAX,
        ..search.whole()
    };
    search.read(&all, part);
    search.namespaces()
}

fn list(proc: BorrowedFd<'_>) -> io::Result<Vec<Process>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut processes = Vec::new();
    for entry in Dir::new(openat(proc, ".", flags, Mode::empty())?)? {
        if let Ok(name) = entry?.file_name().to_str()
            && let Ok(pid) = name.parse()
        {
            processes.push(Process::new(pid));
        }
    }
    processes.sort_unstable_by_key(|process| process.pid);
    Ok(processes)
}

struct Process {
    pid: u32,
    state: State,
    /// Wanted sockets that it holds: inode and descriptor.
    hits: Vec<(u64, u32)>,
    /// Network namespaces that it holds open: inode and descriptor.
    namespaces: Vec<(u64, u32)>,
    /// Descriptors not yet read, where the kernel tells how many there are.
    rest: Option<u32>,
}

impl Process {
    const fn new(pid: u32) -> Self {
        Self {
            pid,
            state: State::More(0),
            hits: Vec::new(),
            namespaces: Vec::new(),
            rest: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Unread from this descriptor on.
    More(u32),
    Complete,
    Denied,
}

struct Search<'a> {
    proc: BorrowedFd<'a>,
    /// Whether that is procfs, and not a copy whose directories have another order.
    procfs: bool,
    /// Sorted.
    wanted: Vec<u64>,
    /// Whether each of them has an owner.
    owned: Vec<bool>,
    /// How many have none.
    unowned: usize,
    /// By pid.
    processes: Vec<Process>,
}

impl<'a> Search<'a> {
    fn new(proc: BorrowedFd<'a>, wanted: &BTreeSet<u64>) -> io::Result<Self> {
        Ok(Self {
            proc,
            procfs: fstatfs(proc)?.f_type == PROC_SUPER_MAGIC,
            wanted: wanted.iter().copied().collect(),
            owned: vec![false; wanted.len()],
            unowned: wanted.len(),
            processes: list(proc)?,
        })
    }

    /// The namespaces that descriptors hold open, as far as they were read.
    fn namespaces(&self) -> Vec<(u64, u32, u32)> {
        let mut found = Vec::new();
        for process in &self.processes {
            let held = process.namespaces.iter();
            found.extend(held.map(|(inode, number)| (*inode, process.pid, *number)));
        }
        found
    }

    /// Learns from some of many processes at which numbers listeners are, and looks those up in the
    /// others. `false`: that did not find an owner of every wanted socket.
    fn learn(&mut self) -> bool {
        if self.processes.len() <= MANY {
            return false;
        }
        // By pid, so neighbours are often alike: spread over all. An odd step meets both kinds of
        // processes that were started in turn.
        let step = self.processes.len().div_ceil(SAMPLE) | 1;
        let sample: Vec<usize> = (0..self.processes.len()).step_by(step).collect();
        let limit = if self.procfs { SAMPLE_LINKS } else { u32::MAX };
        let part = Part {
            limit,
            ..self.whole()
        };
        self.read(&sample, part);
        let hits = self.processes.iter().flat_map(|process| &process.hits);
        let numbers: BTreeSet<u32> = hits.map(|(_, number)| *number).collect();
        if numbers.is_empty() || numbers.len() > MOST_NUMBERS {
            return false;
        }
        let numbers: Vec<u32> = numbers.into_iter().collect();
        // Those of the sample are at their end, or further than 0.
        let others = self.unfinished(|next| next == 0);
        let readings = self.readings(&others, |pid, _| {
            let wanted = |inode| self.wants(inode);
            table::read_numbers(self.proc, pid, &numbers, self.procfs, wanted)
        });
        self.keep_all(readings);
        self.unowned == 0
    }

    /// Reads slice after slice of all processes until every wanted socket has an owner.
    fn slices(&mut self) {
        let mut to = if self.procfs { FIRST_SLICE } else { u32::MAX };
        loop {
            let part = Part {
                to,
                limit: u32::MAX,
                ..self.whole()
            };
            let todo = self.unfinished(|next| next < to);
            self.read(&todo, part);
            if self.unowned == 0 || self.unfinished(|_| true).is_empty() {
                return;
            }
            to = to.saturating_mul(4);
        }
    }

    const fn whole(&self) -> Part {
        Part {
            from: 0,
            to: u32::MAX,
            limit: 0,
            counted: self.procfs,
        }
    }

    /// Spends the budget on what the slices left: relatives first, then the shortest rests. Where
    /// the kernel tells that it cannot suffice for all tables, only relatives are read: the answer
    /// stays incomplete anyway, and who else is found should not depend on chance.
    fn budget(&mut self) {
        let unfinished = self.unfinished(|_| true);
        if unfinished.is_empty() {
            return;
        }
        let relatives = self.relatives();
        let mut order: Vec<(bool, u32, usize)> = Vec::new();
        let mut known: u64 = 0;
        for index in unfinished {
            if let Some(process) = self.processes.get(index) {
                let relative = relatives.contains(&process.pid);
                let guess = if relative { BUDGET } else { ORDINARY };
                known += u64::from(process.rest.unwrap_or_default());
                order.push((!relative, process.rest.unwrap_or(guess), index));
            }
        }
        order.sort_unstable();
        if known > u64::from(BUDGET) {
            order.retain(|(stranger, ..)| !stranger);
        }
        let mut left = BUDGET;
        let mut order = order.as_slice();
        while left > 0 && !order.is_empty() {
            // As many at a time as fit.
            let mut sum: u32 = 0;
            let fitting = order.iter().take_while(|(_, rest, _)| {
                sum = sum.saturating_add(*rest);
                sum <= left
            });
            let (now, later) = order.split_at(fitting.count().max(1));
            let indices: Vec<usize> = now.iter().map(|(.., index)| *index).collect();
            let longest = now
                .iter()
                .map(|(_, rest, _)| *rest)
                .max()
                .unwrap_or_default();
            // One more than there should be, to see the end.
            let limit = longest.saturating_add(1).min(left);
            left = left.saturating_sub(self.read(
                &indices,
                Part {
                    limit,
                    ..self.whole()
                },
            ));
            order = later;
        }
    }

    /// PID 1, which holds the sockets that it activates, and the parents of owners.
    fn relatives(&self) -> BTreeSet<u32> {
        let owners: Vec<_> = self
            .processes
            .iter()
            .filter(|process| !process.hits.is_empty())
            .take(MOST_PARENTS)
            .collect();
        let parents = cores::map(&owners, |owner| process::parent(self.proc, owner.pid));
        parents.into_iter().flatten().chain([1]).collect()
    }

    /// Indices of the processes with unread descriptors, where `from` accepts the first of them.
    fn unfinished(&self, from: impl Fn(u32) -> bool) -> Vec<usize> {
        let all = self.processes.iter().enumerate();
        all.filter(|(_, process)| matches!(process.state, State::More(next) if from(next)))
            .map(|(index, _)| index)
            .collect()
    }

    /// Reads one part of each of these processes, from where the last one ended, and returns how
    /// many links that took.
    fn read(&mut self, indices: &[usize], part: Part) -> u32 {
        let readings = self.readings(indices, |pid, from| {
            let part = Part { from, ..part };
            table::read(self.proc, pid, part, |inode| self.wants(inode))
        });
        self.keep_all(readings)
    }

    fn wants(&self, inode: u64) -> bool {
        self.wanted.binary_search(&inode).is_ok()
    }

    /// Reads each of these processes, given its pid and where its unread descriptors begin.
    fn readings(
        &self,
        indices: &[usize],
        read: impl Fn(u32, u32) -> Reading + Sync,
    ) -> Vec<(usize, Reading)> {
        let todo: Vec<(usize, u32, u32)> = indices
            .iter()
            .filter_map(|index| {
                let process = self.processes.get(*index)?;
                match process.state {
                    State::More(next) => Some((*index, process.pid, next)),
                    _ => None,
                }
            })
            .collect();
        // Those of the sample are few, but they are read whole.
        let readings = cores::map_from(SAMPLE / 2, &todo, |(_, pid, from)| read(*pid, *from));
        let indices = todo.into_iter().map(|(index, ..)| index);
        indices.zip(readings).collect()
    }

    fn keep_all(&mut self, readings: Vec<(usize, Reading)>) -> u32 {
        let mut links = 0;
        for (index, reading) in readings {
            links += reading.links;
            self.keep(index, reading);
        }
        links
    }

    fn keep(&mut self, index: usize, reading: Reading) {
        let Some(process) = self.processes.get_mut(index) else {
            return;
        };
        process.state = match reading.end {
            End::More(next) => State::More(next),
            // A process that is gone has nothing left to read.
            End::Complete | End::Gone => State::Complete,
            End::Denied => State::Denied,
        };
        for (inode, _) in &reading.hits {
            let at = self.wanted.binary_search(inode).ok();
            if let Some(owned) = at.and_then(|at| self.owned.get_mut(at))
                && !*owned
            {
                *owned = true;
                self.unowned -= 1;
            }
        }
        let rest = reading.size.or(process.rest);
        process.rest = rest.map(|rest| rest.saturating_sub(reading.links));
        process.hits.extend(reading.hits);
        process.namespaces.extend(reading.namespaces);
    }
}

#[cfg(test)]
mod tests;
