//! Which network namespace each container was started in, and which of several containers a
//! namespace was made for: those that came later share it, or have made one of their own inside.

use std::collections::BTreeMap;

use super::all::{Containers, Place};
use super::cgroup;
use super::host::Host;
use super::look::Seen;
use super::trace::Trace;
use crate::snapshot::Namespace;

/// Processes of one container in one namespace that are asked when they started.
const MOST_ASKED: usize = 256;
/// Ancestors that are looked at for the first process of a container.
const MOST_ANCESTORS: usize = 64;

/// The namespace that a container was started in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// One of the record, by its place.
    At(usize),
    /// One that is not in the record.
    Elsewhere,
}

/// Processes by namespace, for one container.
type ByNetns = BTreeMap<usize, Vec<u32>>;

/// The processes of one container.
#[derive(Default)]
struct Members {
    own: ByNetns,
    /// Those of containers inside of it.
    inner: ByNetns,
}

/// Where the containers of a record were started.
pub(super) struct Homes<'a> {
    members: BTreeMap<usize, Members>,
    homes: BTreeMap<usize, Home>,
    seen: &'a BTreeMap<u32, Seen>,
    host: &'a dyn Host,
}

impl<'a> Homes<'a> {
    /// `pids` has the processes of each namespace.
    pub(super) fn find(
        namespaces: &[Namespace],
        pids: &[Vec<u32>],
        seen: &'a BTreeMap<u32, Seen>,
        all: &Containers,
        host: &'a dyn Host,
    ) -> Self {
        let mut members: BTreeMap<usize, Members> = BTreeMap::new();
        for (n, pids) in pids.iter().enumerate() {
            for pid in pids {
                let Some(seen) = seen.get(pid) else { continue };
                let Some(Place { index, depth }) = all.place(&seen.traces) else {
                    continue;
                };
                let of = members.entry(index).or_default();
                let of = match seen.traces.len() > depth + 1 {
                    true => &mut of.inner,
                    false => &mut of.own,
                };
                let of = of.entry(n).or_default();
                if of.len() < MOST_ASKED {
                    of.push(*pid);
                }
            }
        }
        let mut this = Self {
            members,
            homes: BTreeMap::new(),
            seen,
            host,
        };
        for (index, members) in &this.members {
            if let Some(home) = this.home(members, namespaces, all) {
                this.homes.insert(*index, home);
            }
        }
        this
    }

    fn home(&self, members: &Members, namespaces: &[Namespace], all: &Containers) -> Option<Home> {
        let own = &members.own;
        if own.len() == 1 {
            return own.keys().next().map(|n| Home::At(*n));
        }
        if let Some((n, _)) = own.iter().min_by_key(|(_, pids)| self.oldest(pids)) {
            return Some(Home::At(*n));
        }
        // Only what runs in containers inside was seen.
        let pid = *members.inner.values().next()?.first()?;
        let traces = &self.seen.get(&pid)?.traces;
        let outer = traces.get(..=all.place(traces)?.depth)?;
        let netns = self.host.netns(self.first_process(pid, outer))?;
        let at = namespaces.iter().position(|it| it.id == Some(netns));
        Some(at.map_or(Home::Elsewhere, Home::At))
    }

    /// The highest ancestor of a process that is in this container too. Who loses his parent there is
    /// given to the first process, see `pid_namespaces(7)`.
    fn first_process(&self, pid: u32, outer: &[Trace]) -> u32 {
        let mut pid = pid;
        for _ in 0..MOST_ANCESTORS {
            let parent = self.host.parent(pid);
            let Some(parent) = parent.filter(|parent| *parent > 1 && *parent != pid) else {
                break;
            };
            let group = self.host.cgroup(parent).map(|text| cgroup::read(&text));
            if !group.is_some_and(|group| group.traces.starts_with(outer)) {
                break;
            }
            pid = parent;
        }
        pid
    }

    /// What orders processes by age: when it started, then the pid.
    fn age(&self, pid: u32) -> (u64, u32) {
        (self.host.started(pid).unwrap_or(u64::MAX), pid)
    }

    fn oldest(&self, pids: &[u32]) -> Option<(u64, u32)> {
        pids.iter().map(|pid| self.age(*pid)).min()
    }

    /// Whether a container was started in another namespace than this one.
    fn is_elsewhere(&self, index: usize, n: usize) -> bool {
        self.homes
            .get(&index)
            .is_some_and(|home| *home != Home::At(n))
    }

    /// Of the containers in a namespace the one that it was made for, and whether it only belongs to
    /// something inside of that one.
    pub(super) fn first(&self, n: usize, inside: &[usize]) -> Option<(usize, bool)> {
        let age = |index: usize| {
            let members = self.members.get(&index)?;
            let here = [members.own.get(&n), members.inner.get(&n)];
            let here = here.into_iter().flatten();
            here.filter_map(|pids| self.oldest(pids)).min()
        };
        let first = match inside {
            [only] => *only,
            _ => {
                let mut inside: Vec<usize> = inside.to_vec();
                inside.sort_by_cached_key(|index| {
                    let age = age(*index);
                    (self.is_elsewhere(*index, n), age.is_none(), age)
                });
                *inside.first()?
            }
        };
        Some((first, self.is_elsewhere(first, n)))
    }

    /// The container directly inside of one that the oldest process in a namespace is in.
    pub(super) fn inner(&self, n: usize, index: usize, all: &Containers) -> Option<&'a Trace> {
        let pids = self.members.get(&index)?.inner.get(&n)?;
        let (_, pid) = self.oldest(pids)?;
        let seen: &'a Seen = self.seen.get(&pid)?;
        seen.traces.get(all.place(&seen.traces)?.depth + 1)
    }
}
