//! The containers of a host: which one each set of traces leads to, and their names.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Seen;
use super::name::{self, Claim};
use super::state::{Found, States};
use super::trace::{Trace, is_id, short};
use super::{cgroup, host::Host};
use crate::cores;
use crate::snapshot::{Container, Engine, Gap, Pod, Snapshot};

/// Fewer containers than this are read by one thread; one costs about 100 µs.
const WORTH_A_THREAD: usize = 8;

/// A container.
pub(super) struct One {
    pub(super) container: Container,
    /// Whether it only keeps the namespaces of a pod.
    pub(super) sandbox: bool,
    /// Whose word its name is.
    pub(super) claim: Claim,
}

/// Where a set of traces leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The container.
    pub(super) index: usize,
    /// Which of the traces is its own. Those behind it are of containers inside.
    pub(super) depth: usize,
}

/// The containers of a host.
pub(super) struct Containers {
    all: Vec<One>,
    by_traces: BTreeMap<Vec<Trace>, Place>,
}

/// What makes two ids one container: who has given it, the runtime where ids are names, and the id.
type Key = (Claim, Option<Engine>, String);

impl Containers {
    /// The containers of the processes that were seen and of the listeners' control groups, and what
    /// is not known of them.
    pub(super) fn find(
        snapshot: &Snapshot,
        seen: &BTreeMap<u32, Seen>,
        host: &dyn Host,
    ) -> (Self, Vec<Gap>) {
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
        let found = cores::map_from(WORTH_A_THREAD, &todo, |(traces, pid)| {
            states.resolve(traces, *pid)
        });
        let found = todo
            .into_iter()
            .zip(found)
            .filter_map(|((traces, _), found)| Some((traces, found?)));
        (Self::from_found(found.collect()), states.into_gaps())
    }

    fn from_found(mut found: Vec<(Vec<Trace>, (Found, usize))>) -> Self {
        let mut pods: BTreeMap<(Claim, String), Pod> = BTreeMap::new();
        for (_, (found, _)) in &found {
            if let Some(pod) = found.pod.as_ref().filter(|pod| pod.name.is_some())
                && let Some(uid) = &pod.uid
            {
                pods.insert((claim(found), uid.clone()), pod.clone());
            }
        }
        let mut this = Self {
            all: Vec::new(),
            by_traces: BTreeMap::new(),
        };
        let mut by_id: BTreeMap<Key, usize> = BTreeMap::new();
        let mut names = BTreeSet::new();
        // What only root can have named keeps its name, then what is sure of itself.
        found.sort_by_key(|(_, (found, _))| (found.delegated, !found.known));
        for (traces, (mut found, depth)) in found {
            let claim = claim(&found);
            // The sandbox knows what its containers may not.
            if let Some(pod) = &mut found.pod
                && let Some(uid) = pod.uid.clone()
                && let Some(known) = pods.get(&(claim, uid))
            {
                pod.namespace.clone_from(&known.namespace);
                pod.name.clone_from(&known.name);
            }
            let name = name::of_container(&found);
            // Another user's text may have the id of anybody's container.
            let key = match &found.id {
                Some(id) if is_id(id) => (claim, None, id.clone()),
                Some(id) => (claim, Some(found.engine), id.clone()),
                None => (claim, Some(found.engine), format!("/{name}")),
            };
            let index = *by_id.entry(key).or_insert_with(|| {
                this.all.push(One::of(found, name, &mut names));
                this.all.len() - 1
            });
            this.by_traces.insert(traces, Place { index, depth });
        }
        this
    }

    /// A container.
    pub(super) fn get(&self, index: usize) -> Option<&One> {
        self.all.get(index)
    }

    /// Where traces lead.
    pub(super) fn place(&self, traces: &[Trace]) -> Option<Place> {
        self.by_traces.get(traces).copied()
    }

    /// The container that traces lead to.
    pub(super) fn of(&self, traces: &[Trace]) -> Option<&One> {
        self.get(self.place(traces)?.index)
    }

    /// The containers of these processes, that of the first process first; those that only keep
    /// namespaces only where there is nothing else.
    pub(super) fn within(&self, pids: &[u32], seen: &BTreeMap<u32, Seen>) -> Vec<usize> {
        let mut all: Vec<usize> = Vec::new();
        let mut known = BTreeSet::new();
        for pid in pids {
            let place = seen.get(pid).and_then(|seen| self.place(&seen.traces));
            let index = place.map(|place| place.index);
            all.extend(index.filter(|index| known.insert(*index)));
        }
        let keeps = |index: &usize| self.get(*index).is_some_and(|one| one.sandbox);
        if !all.iter().all(keeps) {
            all.retain(|index| !keeps(index));
        }
        all
    }
}

impl One {
    fn of(found: Found, name: String, names: &mut BTreeSet<String>) -> Self {
        let claim = claim(&found);
        let mut container = Container::new(name, found.engine);
        if names.contains(&container.name) {
            let user = claim.user().map(|user| user.to_string());
            let id = || {
                found
                    .id
                    .as_deref()
                    .map(short)
                    .unwrap_or_default()
                    .to_owned()
            };
            let mark = user.unwrap_or_else(id);
            container.handle = Some(container.own_name().to_owned());
            container.name = name::first_free(&container.name, &mark, |name| names.contains(name));
        }
        names.insert(container.name.clone());
        Self {
            container: Container {
                id: found.id,
                image: found.image,
                pod: found.pod,
                compose: found.compose,
                unit: found.unit,
                quadlet: found.quadlet,
                user: found.user,
                ..container
            },
            sandbox: found.sandbox,
            claim,
        }
    }
}

fn claim(found: &Found) -> Claim {
    match found.delegated {
        true => Claim::Delegated(found.user),
        false => Claim::Root,
    }
}
