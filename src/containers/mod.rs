//! Finds out to which container each network namespace and each listener belongs, from control
//! groups, mounts, processes and the runtimes' own files alone: no daemon is asked, so it works
//! where none answers and needs no rights but to read.
//!
//! A stage of text in, names out: it asks for texts through [`host::Host`], which the command line
//! implements over `collect`. Everything that it reads is untrusted.

mod all;
mod cgroup;
mod homes;
pub mod host;
mod look;
mod mounts;
mod name;
mod parents;
pub mod pod;
mod state;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use self::all::Containers;
use self::homes::Homes;
use self::host::Host;
use self::look::{Depth, Seen, look};
use self::name::Claim;
use crate::cores;
use crate::snapshot::{Namespace, OWN_NETNS, Snapshot};

/// Fewer processes than this are looked at by one thread; one costs about 20 µs.
const WORTH_A_THREAD: usize = 32;
/// Processes of one namespace whose mounts are read where their control groups say nothing.
const MOST_DEEP: usize = 16;
/// Owners of the host's listeners whose monitors are looked for: on a host that has no control groups
/// of its own for services, a few processes each.
const MOST_MONITORED: usize = 512;

/// Adds to a record of this host which containers its namespaces and listeners belong to.
///
/// `members` has for each namespace of the record, in its order, the pids of some or all of its
/// processes, ascending. Nothing that cannot be read is an error: what it would have told stays
/// unknown.
pub fn identify(snapshot: &mut Snapshot, members: &[Vec<u32>], host: &dyn Host) {
    let seen = processes(snapshot, members, host);
    let (all, gaps) = Containers::find(snapshot, &seen, host);
    snapshot.gaps.extend(gaps);
    let pids = pids(snapshot, members);
    listeners(snapshot, &seen, &all);
    let homes = Homes::find(&snapshot.namespaces, &pids, &seen, &all, host);
    let before: Vec<String> = snapshot
        .namespaces
        .iter()
        .map(|it| it.name.clone())
        .collect();
    let mut named = BTreeMap::new();
    for (n, (netns, pids)) in snapshot.namespaces.iter_mut().zip(&pids).enumerate() {
        let settled = netns.is_host() || netns.name == OWN_NETNS;
        let mut inside = all.within(pids, &seen);
        let name = |index: &usize| all.get(*index).map(|one| one.container.name.as_str());
        inside.sort_by(|a, b| name(a).cmp(&name(b)));
        // The host's was made for none of them.
        let made_for_one = !netns.is_host();
        let first = made_for_one.then(|| homes.first(n, &inside)).flatten();
        if let Some((first, nested)) = first
            && let Some(one) = all.get(first)
        {
            netns.nested = nested;
            inside.retain(|index| *index != first);
            inside.insert(0, first);
            if nested && !settled && netns.named.is_none() {
                name::nested(netns, &one.container, homes.inner(n, first, &all));
                named.insert(n, one.claim);
            } else if !nested && !settled {
                // A container's name says more than one for ip-netns(8): names that were made up for
                // a container are none here already, and others stay in `named`.
                name::after_container(netns, &one.container);
                named.insert(n, one.claim);
            }
        } else if !netns.is_host()
            // Who runs `ip netns exec` uses a namespace that others made, and is not what mends it.
            && netns.named.is_none()
            && let Some(unit) = unit(pids, &seen)
        {
            if !settled {
                netns.name.clone_from(&unit);
                netns.workload = None;
                named.insert(n, Claim::Root);
            }
            netns.unit = Some(unit);
        }
        let inside = inside.into_iter().filter_map(|index| all.get(index));
        netns.containers = inside.map(|one| one.container.clone()).collect();
    }
    name::make_unique(snapshot, &named);
    name::follow(snapshot, &before);
}

/// The processes of each namespace, with the owners of its listeners, ascending.
fn pids(snapshot: &Snapshot, members: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let homes: BTreeMap<u32, usize> = members
        .iter()
        .enumerate()
        .flat_map(|(n, members)| members.iter().map(move |pid| (*pid, n)))
        .collect();
    let of = |(n, netns): (usize, &Namespace)| {
        let mut pids: Vec<u32> = members.get(n).cloned().unwrap_or_default();
        let owners = netns.listeners.iter().flat_map(|it| &it.owners);
        // Who was passed a listener may live in another namespace.
        let here = |pid: &u32| homes.get(pid).is_none_or(|home| *home == n);
        pids.extend(owners.filter_map(|owner| owner.pid).filter(here));
        pids.sort_unstable();
        pids.dedup();
        pids
    };
    snapshot.namespaces.iter().enumerate().map(of).collect()
}

/// Gives each listener its container.
fn listeners(snapshot: &mut Snapshot, seen: &BTreeMap<u32, Seen>, all: &Containers) {
    let namespaces = snapshot.namespaces.iter_mut();
    for listener in namespaces.flat_map(|netns| &mut netns.listeners) {
        let owners = listener.owners.iter().filter_map(|owner| owner.pid);
        let mut held = owners.filter_map(|pid| all.of(&seen.get(&pid)?.traces));
        let made = || all.of(&cgroup::traces(listener.cgroup.as_deref()?));
        let container = held.next().or_else(made);
        listener.container = container.map(|one| one.container.name.clone());
    }
}

/// Gives the namespaces the order of every listing: the host's first, then backlint's own, the others
/// by name.
pub fn sort(snapshot: &mut Snapshot) {
    let order = |netns: &Namespace| {
        (
            !netns.is_host(),
            netns.name != OWN_NETNS,
            netns.name.clone(),
        )
    };
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
        let ours = netns.is_host() || netns.name == OWN_NETNS;
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

#[cfg(test)]
mod tests;
