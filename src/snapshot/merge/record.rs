//! A record that requests are put into: its namespaces and listeners found by their names, because there may
//! be many. What is added keeps out of the order until the end, so that all others stay where they are known.

use std::collections::BTreeMap;

use crate::snapshot::{Listener, Namespace, Protocol, Snapshot};

pub(super) struct Record<'a> {
    snapshot: &'a mut Snapshot,
    /// Namespaces by the name that stays.
    workloads: BTreeMap<String, Vec<usize>>,
    /// The first namespace of each name.
    names: BTreeMap<String, usize>,
    /// The listeners of each namespace.
    listeners: Vec<Listeners>,
}

#[derive(Default)]
struct Listeners {
    /// How many there were.
    before: usize,
    places: BTreeMap<(Protocol, String), Vec<usize>>,
}

impl<'a> Record<'a> {
    pub(super) fn new(snapshot: &'a mut Snapshot) -> Self {
        let all = std::mem::take(&mut snapshot.namespaces);
        let mut record = Self {
            snapshot,
            workloads: BTreeMap::new(),
            names: BTreeMap::new(),
            listeners: Vec::new(),
        };
        for namespace in all {
            record.push(namespace);
        }
        record
    }

    fn push(&mut self, namespace: Namespace) -> usize {
        let at = self.snapshot.namespaces.len();
        let workload = namespace.stable_name().to_owned();
        self.workloads.entry(workload).or_default().push(at);
        self.names.entry(namespace.name.clone()).or_insert(at);
        let mut known = Listeners {
            before: namespace.listeners.len(),
            ..Listeners::default()
        };
        for (at, it) in namespace.listeners.iter().enumerate() {
            let place = (it.protocol, it.address.clone());
            known.places.entry(place).or_default().push(at);
        }
        self.listeners.push(known);
        self.snapshot.namespaces.push(namespace);
        at
    }

    /// The places of the namespaces of the same workload.
    pub(super) fn like(&self, namespace: &Namespace) -> Vec<usize> {
        let like = self.workloads.get(namespace.stable_name());
        like.cloned().unwrap_or_default()
    }

    /// Does something with all listeners of a namespace that are where this one is; whether there are any.
    pub(super) fn each(
        &mut self,
        at: usize,
        listener: &Listener,
        mut put: impl FnMut(&mut Listener),
    ) -> bool {
        let place = (listener.protocol, listener.address.clone());
        let Some(known) = self.listeners[at].places.get(&place) else {
            return false;
        };
        for it in known {
            put(&mut self.snapshot.namespaces[at].listeners[*it]);
        }
        true
    }

    /// Adds a listener, and its namespace where there is none of this name. `alone`: it is the only one.
    pub(super) fn add(&mut self, namespace: &Namespace, listener: &Listener, alone: bool) {
        let name = self.names.get(&namespace.name).copied();
        let like = || self.like(namespace).first().copied();
        let at = name.or_else(like).or(alone.then_some(0));
        let at = at.unwrap_or_else(|| {
            self.push(Namespace {
                listeners: Vec::new(),
                ..namespace.clone()
            })
        });
        let all = &mut self.snapshot.namespaces[at].listeners;
        let place = (listener.protocol, listener.address.clone());
        let known = self.listeners[at].places.entry(place).or_default();
        known.push(all.len());
        all.push(listener.clone());
    }
}

impl Drop for Record<'_> {
    /// Puts what was added into its places.
    fn drop(&mut self) {
        for (namespace, known) in self.snapshot.namespaces.iter_mut().zip(&self.listeners) {
            settle(&mut namespace.listeners, known.before);
        }
    }
}

/// Puts those behind the first `before` in front of the first that comes after each. A record that somebody
/// wrote need not be sorted, and stays as it is.
fn settle(listeners: &mut Vec<Listener>, before: usize) {
    let mut added = listeners.split_off(before);
    added.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    let mut added = added.into_iter().peekable();
    for it in std::mem::take(listeners) {
        while let Some(new) = added.next_if(|new| new.sort_key() < it.sort_key()) {
            listeners.push(new);
        }
        listeners.push(it);
    }
    listeners.extend(added);
}
