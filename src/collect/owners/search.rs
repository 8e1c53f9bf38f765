//! The search itself: which parts of which tables are read, and in which order. See `owners` for why.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{PROC_SUPER_MAGIC, fstatfs};

use super::super::proc_dir::pids;
use super::process;
use super::table::{self, End, Part, Reading};
use crate::cores;

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

/// A process whose table is read in parts.
pub(super) struct Process {
    pub(super) pid: u32,
    state: State,
    /// Wanted sockets that it holds: inode and descriptor.
    pub(super) hits: Vec<(u64, u32)>,
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

/// A search for the owners of sockets.
pub(super) struct Search<'a> {
    proc: BorrowedFd<'a>,
    /// Whether that is procfs, and not a copy whose directories have another order.
    procfs: bool,
    /// Sorted.
    wanted: Vec<u64>,
    /// Whether each of them has an owner.
    owned: Vec<bool>,
    /// How many have none.
    pub(super) unowned: usize,
    /// By pid.
    pub(super) processes: Vec<Process>,
}

impl<'a> Search<'a> {
    pub(super) fn new(proc: BorrowedFd<'a>, wanted: &BTreeSet<u64>) -> io::Result<Self> {
        Ok(Self {
            proc,
            procfs: fstatfs(proc)?.f_type == PROC_SUPER_MAGIC,
            wanted: wanted.iter().copied().collect(),
            owned: vec![false; wanted.len()],
            unowned: wanted.len(),
            processes: pids(proc)?.into_iter().map(Process::new).collect(),
        })
    }

    /// Reads what is needed to find an owner of each socket, and then what is cheap.
    pub(super) fn run(&mut self) {
        if !self.learn() {
            self.slices();
        }
        self.budget();
    }

    /// Reads every table to its end.
    pub(super) fn everything(&mut self) {
        let all = self.unfinished(|_| true);
        let part = Part {
            limit: u32::MAX,
            ..self.whole()
        };
        self.read(&all, part);
    }

    /// Whether this process was there.
    pub(super) fn sees(&self, pid: u32) -> bool {
        self.processes.iter().any(|process| process.pid == pid)
    }

    /// Whether a process could not be looked into.
    pub(super) fn was_denied(&self) -> bool {
        let mut all = self.processes.iter();
        all.any(|process| process.state == State::Denied)
    }

    /// Whether descriptors are still unread.
    pub(super) fn left_something(&self) -> bool {
        let mut all = self.processes.iter();
        all.any(|process| matches!(process.state, State::More(_)))
    }

    /// The namespaces that descriptors hold open, as far as they were read.
    pub(super) fn namespaces(&self) -> Vec<(u64, u32, u32)> {
        let mut found = Vec::new();
        for process in &self.processes {
            let held = process.namespaces.iter();
            found.extend(held.map(|(inode, number)| (*inode, process.pid, *number)));
        }
        found
    }

    /// Learns from some of many processes at which numbers listeners are, and looks those up in the
    /// others. `false`: that did not find an owner of every wanted socket.
    pub(super) fn learn(&mut self) -> bool {
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
