//! Finds out to which container each network namespace and each listener belongs, from control
//! groups, mounts, processes and the runtimes' own files alone: no daemon is asked, so it works
//! where none answers and needs no rights but to read.
//!
//! A stage of text in, names out: it asks for texts through [`host::Host`], which the command line
//! implements over `collect`. Everything that it reads is untrusted.

mod cgroup;
pub mod host;
mod look;
mod mounts;
mod name;
mod parents;
pub mod pod;
mod state;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use self::host::Host;
use self::look::{Depth, Seen, look};
use self::state::{Found, States};
use self::trace::{Trace, is_id, short};
use crate::cores;
use crate::snapshot::{Container, Namespace, Pod, Snapshot};

/// Fewer processes than this are looked at by one thread; one costs about 20 µs.
const WORTH_A_THREAD: usize = 32;
/// Fewer containers than this are read by one thread; one costs about 100 µs.
const CONTAINERS_WORTH_A_THREAD: usize = 8;
/// Processes of one namespace whose mounts are read where their control groups say nothing.
const MOST_DEEP: usize = 16;
/// Owners of the host's listeners whose monitors are looked for: on a host that has no control groups
/// of its own for services, a few processes each.
const MOST_MONITORED: usize = 512;
/// What backlint's own namespace is called when nobody named it.
const OWN: &str = "self";

/// Adds to a record of this host which containers its namespaces and listeners belong to.
///
/// `members` has for each namespace of the record, in its order, the pids of some or all of its
/// processes, ascending. Nothing that cannot be read is an error: what it would have told stays
/// unknown.
pub fn identify(snapshot: &mut Snapshot, members: &[Vec<u32>], host: &dyn Host) {
    let seen = processes(snapshot, members, host);
    let all = Containers::find(snapshot, &seen, host);
    let homes: BTreeMap<u32, usize> = members
        .iter()
        .enumerate()
        .flat_map(|(n, members)| members.iter().map(move |pid| (*pid, n)))
        .collect();
    let before: Vec<String> = snapshot
        .namespaces
        .iter()
        .map(|it| it.name.clone())
        .collect();
    let mut named = BTreeSet::new();
    for (n, netns) in snapshot.namespaces.iter_mut().enumerate() {
        let mut pids: Vec<u32> = members.get(n).cloned().unwrap_or_default();
        pids.sort_unstable();
        for listener in &mut netns.listeners {
            let owners = listener.owners.iter().filter_map(|owner| owner.pid);
            // Who was passed a listener may live in another namespace.
            let here = |pid: &u32| homes.get(pid).is_none_or(|home| *home == n);
            pids.extend(owners.clone().filter(here));
            let mut held = owners.filter_map(|pid| all.of(&seen.get(&pid)?.traces));
            let made = || all.of(&cgroup::traces(listener.cgroup.as_deref()?));
            let container = held.next().or_else(made);
            listener.container = container.map(|one| one.container.name.clone());
        }
        let inside = all.within(&pids, &seen);
        let settled = netns.is_host() || netns.name == OWN;
        if let Some(first) = inside.first() {
            if !settled {
                name::after_container(netns, &first.container);
                named.insert(n);
            }
        } else if !netns.is_host()
            && let Some(unit) = unit(&pids, &seen)
        {
            if !settled {
                netns.name.clone_from(&unit);
                netns.workload = None;
                named.insert(n);
            }
            netns.unit = Some(unit);
        }
        let mut inside: Vec<Container> = inside
            .into_iter()
            .map(|one| one.container.clone())
            .collect();
        inside.sort_by(|a, b| a.name.cmp(&b.name));
        netns.containers = inside;
    }
    name::make_unique(snapshot, &named);
    name::follow(snapshot, &before);
}

/// Gives the namespaces the order of every listing: the host's first, then backlint's own, the others
/// by name.
pub fn sort(snapshot: &mut Snapshot) {
    let order = |netns: &Namespace| (!netns.is_host(), netns.name != OWN, netns.name.clone());
    snapshot.namespaces.sort_by_cached_key(order);
}

/// Looks at the members of all namespaces and at the owners of all listeners.
fn processes(snapshot: &Snapshot, members: &[Vec<u32>], host: &dyn Host) -> BTreeMap<u32, Seen> {
    let mut depths: BTreeMap<u32, Depth> = BTreeMap::new();
    let mut want = |pid, depth| {
        let wanted = depths.entry(pid).or_insert(depth);
        *wanted = depth.max(*wanted);
    };
    for (n, netns) in snapshot.namespaces.iter().enumerate() {
        let owners = netns.listeners.iter().flat_map(|listener| &listener.owners);
        let owners: BTreeSet<u32> = owners.filter_map(|owner| owner.pid).collect();
        let members = members.get(n).map(Vec::as_slice).unwrap_or_default();
        let (deep, most) = match netns.is_host() {
            true => (Depth::Monitors, MOST_MONITORED),
            false => (Depth::All, MOST_DEEP),
        };
        // Of the host's, and of those beside backlint, most are in no container, and one look tells.
        let ours = netns.is_host() || netns.name == OWN;
        let may_be = |pid: &u32| !(ours && host.shares_mounts(*pid));
        for (n, pid) in owners.into_iter().filter(may_be).enumerate() {
            want(pid, if n < most { deep } else { Depth::Groups });
        }
        for (n, pid) in members.iter().filter(|pid| may_be(pid)).enumerate() {
            let deep = n < MOST_DEEP && !netns.is_host();
            want(*pid, if deep { Depth::All } else { Depth::Groups });
        }
    }
    let depths: Vec<(u32, Depth)> = depths.into_iter().collect();
    let seen = cores::map_from(WORTH_A_THREAD, &depths, |(pid, depth)| {
        (*pid, look(*pid, *depth, host))
    });
    seen.into_iter().collect()
}

/// The unit whose main process is among these. Of several none is: they share a namespace that was
/// made for neither alone.
fn unit(pids: &[u32], seen: &BTreeMap<u32, Seen>) -> Option<String> {
    let units: BTreeSet<&String> = pids
        .iter()
        .filter_map(|pid| seen.get(pid)?.unit.as_ref())
        .collect();
    let mut units = units.into_iter();
    units.next().filter(|_| units.next().is_none()).cloned()
}

/// A container, and whether it only keeps the namespaces of a pod.
struct One {
    container: Container,
    sandbox: bool,
}

/// The containers of a host.
struct Containers {
    all: Vec<One>,
    /// Which of them each set of traces leads to.
    by_traces: BTreeMap<Vec<Trace>, usize>,
}

impl Containers {
    fn find(snapshot: &Snapshot, seen: &BTreeMap<u32, Seen>, host: &dyn Host) -> Self {
        // Who was first of a container stands nearest to its monitor.
        let mut todo: BTreeMap<Vec<Trace>, Option<u32>> = BTreeMap::new();
        for (pid, seen) in seen {
            if !seen.traces.is_empty() && !todo.contains_key(&seen.traces) {
                todo.insert(seen.traces.clone(), Some(*pid));
            }
        }
        let listeners = snapshot
            .namespaces
            .iter()
            .flat_map(|netns| &netns.listeners);
        let paths: BTreeSet<&str> = listeners.filter_map(|it| it.cgroup.as_deref()).collect();
        for path in paths {
            let traces = cgroup::traces(path);
            if !traces.is_empty() {
                todo.entry(traces).or_default();
            }
        }
        let todo: Vec<(Vec<Trace>, Option<u32>)> = todo.into_iter().collect();
        let states = States::new(host);
        let found = cores::map_from(CONTAINERS_WORTH_A_THREAD, &todo, |(traces, pid)| {
            states.resolve(traces, *pid)
        });
        let traces = todo.into_iter().map(|(traces, _)| traces);
        Self::from_found(
            traces
                .zip(found)
                .filter_map(|(traces, found)| Some((traces, found?)))
                .collect(),
        )
    }

    fn from_found(mut found: Vec<(Vec<Trace>, Found)>) -> Self {
        let mut pods: BTreeMap<String, Pod> = BTreeMap::new();
        for pod in found.iter().filter_map(|(_, found)| found.pod.as_ref()) {
            if let Some(uid) = &pod.uid
                && pod.name.is_some()
            {
                pods.insert(uid.clone(), pod.clone());
            }
        }
        let mut all: Vec<One> = Vec::new();
        let mut by_id: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
        let mut names = BTreeSet::new();
        let mut by_traces = BTreeMap::new();
        // Those that are sure of themselves keep their names.
        found.sort_by_key(|(_, found)| !found.known);
        for (traces, mut found) in found {
            // The sandbox knows what its containers may not.
            if let Some(pod) = &mut found.pod
                && let Some(known) = pod.uid.as_ref().and_then(|uid| pods.get(uid))
            {
                pod.namespace.clone_from(&known.namespace);
                pod.name.clone_from(&known.name);
            }
            let name = name::of_container(&found);
            let key = match &found.id {
                Some(id) if is_id(id) => (String::new(), Some(id.clone())),
                Some(id) => (found.engine.to_string(), Some(id.clone())),
                None => (name.clone(), None),
            };
            let index = *by_id.entry(key).or_insert_with(|| {
                all.push(One::of(found, name, &mut names));
                all.len() - 1
            });
            by_traces.insert(traces, index);
        }
        Self { all, by_traces }
    }

    fn of_index(&self, index: usize) -> Option<&One> {
        self.all.get(index)
    }

    /// The container that traces lead to.
    fn of_traces(&self, traces: &[Trace]) -> Option<usize> {
        self.by_traces.get(traces).copied()
    }

    /// The container that traces lead to.
    fn of(&self, traces: &[Trace]) -> Option<&One> {
        self.of_index(self.of_traces(traces)?)
    }

    /// The containers of these processes, that of the first process first; those that only keep
    /// namespaces only where there is nothing else.
    fn within(&self, pids: &[u32], seen: &BTreeMap<u32, Seen>) -> Vec<&One> {
        let mut order: Vec<usize> = Vec::new();
        let mut known = BTreeSet::new();
        for pid in pids {
            let index = seen.get(pid).and_then(|seen| self.of_traces(&seen.traces));
            order.extend(index.filter(|index| known.insert(*index)));
        }
        let all: Vec<&One> = order
            .into_iter()
            .filter_map(|index| self.of_index(index))
            .collect();
        let own: Vec<&One> = all.iter().copied().filter(|one| !one.sandbox).collect();
        if own.is_empty() { all } else { own }
    }
}

impl One {
    fn of(found: Found, name: String, names: &mut BTreeSet<String>) -> Self {
        let name = match names.contains(&name) {
            false => name,
            true => {
                let id = found.id.as_deref().map(short).unwrap_or_default();
                name::first_free(&name, id, |name| names.contains(name))
            }
        };
        names.insert(name.clone());
        Self {
            container: Container {
                id: found.id,
                image: found.image,
                pod: found.pod,
                compose: found.compose,
                unit: found.unit,
                ..Container::new(name, found.engine)
            },
            sandbox: found.sandbox,
        }
    }
}

#[cfg(test)]
mod tests;
