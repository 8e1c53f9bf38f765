//! Which processes hold a socket, without reading every descriptor of the host.
//!
//! The only way to learn it is to read the links in /proc/PID/fd (proc_pid_fd(5)), and a full scan
//! of a host with 300,000 descriptors takes a second. But listeners are made early and have low
//! numbers, and a descriptor that was inherited over fork(2) keeps its number. So the tables are
//! read in slices: descriptors 0 to 15 of all processes, then 16 to 63 of all, and so on, and no
//! further than the slice in which the last wanted socket got its first owner. Because a slice is
//! finished for all processes, every process that inherited a listener is found with it.
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

use rustix::fs::{Dir, Mode, OFlags, openat};

use self::table::{End, Part, Reading};
use super::{cores, exe};
use crate::snapshot::Owner;

/// End of the first slice; each one after it ends four times as far.
const FIRST_SLICE: u32 = 16;
/// Links that are read beyond the slices, about one µs each.
const BUDGET: u32 = 4096;
/// Links of one process that are read at a time from the budget.
const SHARE: u32 = 64;

/// The owners of sockets.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// By inode of the socket, then by pid.
    by_inode: BTreeMap<u64, Vec<Owner>>,
    /// Whether every table of every process was read to its end.
    pub(super) complete: bool,
    /// Whether there are processes that this user may not look into, or not even see.
    pub(super) denied: bool,
}

impl Owners {
    /// The owners of one socket, by pid.
    pub(super) fn of(&self, inode: u64) -> &[Owner] {
        self.by_inode.get(&inode).map_or(&[], Vec::as_slice)
    }
}

/// Finds the owners of sockets by their inodes.
///
/// # Errors
///
/// That of opening or listing `proc`.
pub(super) fn find(proc: &Path, wanted: &BTreeSet<u64>) -> io::Result<Owners> {
    if wanted.is_empty() {
        return Ok(Owners {
            complete: true,
            ..Owners::default()
        });
    }
    let directory = File::open(proc)?;
    let mut search = Search {
        proc: directory.as_fd(),
        wanted: wanted.iter().copied().collect(),
        unowned: wanted.clone(),
        processes: list(directory.as_fd())?,
    };
    search.slices();
    search.budget(proc);
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
        by_inode: describe(proc, search.processes),
        // Every pid namespace has a PID 1: where it is not seen, procfs hides processes (hidepid).
        complete: seen_init && !denied && !unread,
        denied: denied || !seen_init,
    })
}

fn list(proc: BorrowedFd<'_>) -> io::Result<Vec<Process>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut processes = Vec::new();
    for entry in Dir::new(openat(proc, ".", flags, Mode::empty())?)? {
        if let Ok(name) = entry?.file_name().to_str()
            && let Ok(pid) = name.parse()
        {
            processes.push(Process {
                pid,
                state: State::More(0),
                hits: Vec::new(),
            });
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
    /// Sorted.
    wanted: Vec<u64>,
    unowned: BTreeSet<u64>,
    /// By pid.
    processes: Vec<Process>,
}

impl Search<'_> {
    /// Reads slice after slice of all processes until every wanted socket has an owner.
    fn slices(&mut self) {
        let mut to = FIRST_SLICE;
        loop {
            let part = Part {
                from: 0,
                to,
                limit: u32::MAX,
            };
            let todo = self.unfinished(|next| next < to);
            self.read(&todo, part);
            if self.unowned.is_empty() || self.unfinished(|_| true).is_empty() {
                return;
            }
            to = to.saturating_mul(4);
        }
    }

    /// Spends the budget on what the slices left.
    fn budget(&mut self, proc: &Path) {
        let unfinished = self.unfinished(|_| true);
        if unfinished.is_empty() {
            return;
        }
        let mut left = BUDGET;
        let first = self.relatives(proc);
        let whole = Part {
            from: 0,
            to: u32::MAX,
            limit: 0,
        };
        for index in unfinished {
            if self
                .processes
                .get(index)
                .is_some_and(|process| first.contains(&process.pid))
            {
                left -= self.read(
                    &[index],
                    Part {
                        limit: left,
                        ..whole
                    },
                );
            }
        }
        while left >= SHARE {
            let mut todo = self.unfinished(|_| true);
            todo.truncate((left / SHARE) as usize);
            if todo.is_empty() {
                return;
            }
            left = left.saturating_sub(self.read(
                &todo,
                Part {
                    limit: SHARE,
                    ..whole
                },
            ));
        }
    }

    /// PID 1, which holds the sockets that it activates, and the parents of owners.
    fn relatives(&self, proc: &Path) -> BTreeSet<u32> {
        let owners: Vec<_> = self
            .processes
            .iter()
            .filter(|process| !process.hits.is_empty())
            .collect();
        let parents = cores::map(&owners, |owner| process::parent(proc, owner.pid));
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
        let readings = cores::map(&todo, |(_, pid, from)| {
            table::read(
                self.proc,
                *pid,
                Part {
                    from: *from,
                    ..part
                },
                |inode| self.wanted.binary_search(&inode).is_ok(),
            )
        });
        let mut links = 0;
        for ((index, ..), reading) in todo.into_iter().zip(readings) {
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
            self.unowned.remove(inode);
        }
        process.hits.extend(reading.hits);
    }
}

/// Turns hits into owners: one a socket and process, with the lowest descriptor.
fn describe(proc: &Path, processes: Vec<Process>) -> BTreeMap<u64, Vec<Owner>> {
    let holders: Vec<_> = processes
        .into_iter()
        .filter(|process| !process.hits.is_empty())
        .collect();
    let described = cores::map(&holders, |holder| process::read(proc, holder.pid));
    let mut runtimes = exe::Runtimes::default();
    let mut by_inode: BTreeMap<u64, Vec<Owner>> = BTreeMap::new();
    for (mut holder, described) in holders.into_iter().zip(described) {
        let Some(described) = described else {
            continue;
        };
        let runtime = described
            .file
            .and_then(|file| runtimes.of(proc, holder.pid, file));
        holder.hits.sort_unstable();
        holder.hits.dedup_by_key(|(inode, _)| *inode);
        for (inode, number) in holder.hits {
            by_inode.entry(inode).or_default().push(Owner {
                pid: Some(holder.pid),
                comm: described.comm.clone(),
                exe: described.exe.clone(),
                fd: Some(number),
                runtime,
            });
        }
    }
    by_inode
}

#[cfg(test)]
mod tests;
