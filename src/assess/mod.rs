//! From the record to facts: per listener which service it is, what was asked and what limits it;
//! per namespace what its listeners have in common. Judges nothing: rules do.

pub mod check;
pub mod verdict;

use std::collections::BTreeMap;

use crate::kernel::version::Version;
use crate::kernel::{accept_queue, syn_queue};
use crate::services::{self, Identified};
use crate::snapshot::{Listener, Namespace, Requested, Snapshot, Source};
pub use verdict::{Confidence, LimitedBy};

/// Everything that rules may ask about one snapshot.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The record itself.
    pub snapshot: &'a Snapshot,
    /// Kernel version, where the release can be read as one.
    pub kernel: Option<Version>,
    /// One entry for each namespace of the snapshot, in its order.
    pub namespaces: Vec<NetnsFacts<'a>>,
}

/// Facts about one network namespace.
#[derive(Debug)]
pub struct NetnsFacts<'a> {
    /// The record.
    pub namespace: &'a Namespace,
    /// One entry for each listener, in the record's order.
    pub listeners: Vec<ListenerFacts<'a>>,
    /// The listener with the longest accept queue maximum, of those that have a SYN queue.
    pub longest: Option<usize>,
    /// The listeners that have drops, most first; at most three.
    pub droppers: Vec<usize>,
    /// The somaxconn that serves every listener: the largest finite request, and no less than any
    /// queue has that outgrew the cap.
    pub wanted_somaxconn: Option<i64>,
    /// Drops of all listeners that have a counter.
    pub drops: u64,
}

/// Facts about one listener.
#[derive(Debug)]
pub struct ListenerFacts<'a> {
    /// The record.
    pub listener: &'a Listener,
    /// The service, and what is known about it.
    pub service: Option<Identified<'a>>,
    /// What the program asked listen(2) for, from the best source there is.
    pub requested: Option<Requested>,
    /// What holds the accept queue back. `None`: the queue's maximum or somaxconn is unknown, so
    /// nothing can be said.
    pub limited_by: Option<LimitedBy>,
    /// How sure `limited_by` is.
    pub confidence: Confidence,
    /// Whether the service listens with a backlog of 0 on purpose: it takes no connections for now.
    pub paused: bool,
    /// Name for people: `nginx on 0.0.0.0:443`.
    pub label: String,
}

impl ListenerFacts<'_> {
    /// Name of the service, for outputs and fingerprints.
    pub fn service_name(&self) -> Option<&str> {
        self.service.map(|service| service.name)
    }

    /// Who listens, for people: the service, else the program, else the unit.
    pub fn who(&self) -> Option<&str> {
        who(self.listener, self.service)
    }

    /// Connections that the accept queue holds.
    pub fn capacity(&self) -> Option<u64> {
        self.listener.accept_queue.max.map(accept_queue::capacity)
    }

    /// The somaxconn that this listener needs.
    fn wanted_somaxconn(&self) -> Option<i64> {
        let has = self.listener.accept_queue.max.map(i64::from);
        let outgrown = has.filter(|_| self.limited_by == Some(LimitedBy::Stale));
        self.finite_request().max(outgrown)
    }

    /// Whether the request is only the service's known default.
    fn rests_on_default(&self) -> bool {
        self.requested
            .as_ref()
            .is_some_and(|asked| asked.source == Source::Default)
    }

    /// Whether the verdict is "stale" by comparison with a default that is a number.
    fn is_stale_by_default(&self) -> bool {
        let smaller = self.finite_request() > self.listener.accept_queue.max.map(i64::from);
        self.limited_by == Some(LimitedBy::Stale) && self.rests_on_default() && smaller
    }

    /// The requested backlog where it is a number and not "as much as there is".
    pub fn finite_request(&self) -> Option<i64> {
        self.requested
            .as_ref()?
            .backlog
            .filter(|backlog| !accept_queue::asks_for_all(*backlog))
    }
}

impl<'a> Facts<'a> {
    /// Computes all facts. One pass over the listeners, no I/O.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let kernel = snapshot
            .host
            .kernel
            .as_deref()
            .and_then(|release| release.parse().ok());
        let namespaces = snapshot.namespaces.iter().map(NetnsFacts::new).collect();
        Self {
            snapshot,
            kernel,
            namespaces,
        }
    }
}

impl<'a> NetnsFacts<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        let somaxconn = namespace
            .sysctl_int("net.core.somaxconn")
            .and_then(|value| u32::try_from(value).ok());
        let mut listeners: Vec<_> = namespace
            .listeners
            .iter()
            .map(|listener| assess(listener, somaxconn))
            .collect();
        doubt_defaults(&mut listeners, somaxconn);
        let longest = (0..listeners.len())
            .filter(|&n| !namespace.listeners[n].protocol.is_unix())
            .filter(|&n| namespace.listeners[n].accept_queue.max.is_some())
            // The first of equals, so that the answer does not depend on the order of equals.
            .max_by_key(|&n| {
                (
                    namespace.listeners[n].accept_queue.max,
                    std::cmp::Reverse(n),
                )
            });
        let mut droppers: Vec<usize> = (0..listeners.len())
            .filter(|&n| namespace.listeners[n].drops > Some(0))
            .collect();
        droppers.sort_by_key(|&n| std::cmp::Reverse(namespace.listeners[n].drops));
        droppers.truncate(3);
        let wanted_somaxconn = listeners
            .iter()
            .filter_map(ListenerFacts::wanted_somaxconn)
            .max();
        let drops = namespace
            .listeners
            .iter()
            .filter_map(|listener| listener.drops);
        let drops = drops.map(u64::from).sum();
        Self {
            namespace,
            listeners,
            longest,
            droppers,
            wanted_somaxconn,
            drops,
        }
    }

    /// Request sockets that fit a listener's SYN queue because of `tcp_max_syn_backlog`: a limit
    /// only while SYN cookies are off.
    pub fn syn_queue_admits(&self) -> Option<i64> {
        let max = self.namespace.sysctl_int("net.ipv4.tcp_max_syn_backlog")?;
        Some(syn_queue::admitted_without_syncookies(max))
    }

    /// Whether somebody set `tcp_max_syn_backlog`: the kernel would not have chosen this number.
    pub fn syn_backlog_was_set(&self) -> Option<bool> {
        let max = self.namespace.sysctl_int("net.ipv4.tcp_max_syn_backlog")?;
        Some(!syn_queue::may_be_default(max))
    }
}

/// Caps of older kernels and of the systems tuned by them: the usual sizes of a stale queue.
const FOSSILS: [u32; 2] = [128, 4096];

/// A queue below a service's *default* is stale only if an older cap explains its size: a number
/// that caps had once, or one that another service's queue has too. Otherwise the service's own
/// configuration, which nobody read, explains it just as well, and the verdict is only possible.
///
/// A queue that is exactly the default and exactly the cap says as little: a larger configured
/// backlog would have been truncated to the same number.
fn doubt_defaults(listeners: &mut [ListenerFacts<'_>], somaxconn: Option<u32>) {
    for facts in listeners.iter_mut() {
        let old_systemd = facts.service.is_some_and(|found| found.activated)
            && facts
                .listener
                .accept_queue
                .max
                .is_some_and(|max| services::SYSTEMD_OLD.contains(&max));
        if facts.limited_by == Some(LimitedBy::Stale) && old_systemd {
            facts.confidence = Confidence::Possible;
        }
        let at_the_cap = facts.listener.accept_queue.max == somaxconn;
        let application = facts.limited_by == Some(LimitedBy::Application);
        if application && at_the_cap && facts.rests_on_default() {
            facts.confidence = Confidence::Possible;
        }
    }
    // By size: the first service whose stale queue has it, and whether another one's has it too.
    let mut sizes: BTreeMap<Option<u32>, (Option<String>, bool)> = BTreeMap::new();
    for facts in listeners.iter().filter(|facts| facts.is_stale_by_default()) {
        let service = facts.service_name().map(str::to_owned);
        let size = sizes.entry(facts.listener.accept_queue.max);
        let (first, shared) = size.or_insert_with(|| (service.clone(), false));
        *shared |= *first != service;
    }
    for facts in listeners
        .iter_mut()
        .filter(|facts| facts.is_stale_by_default())
    {
        let max = facts.listener.accept_queue.max;
        let fossil = max.is_some_and(|max| FOSSILS.contains(&max));
        let shared = sizes.get(&max).is_some_and(|(_, shared)| *shared);
        if !fossil && !shared {
            facts.confidence = Confidence::Possible;
        }
    }
}

fn assess(listener: &Listener, somaxconn: Option<u32>) -> ListenerFacts<'_> {
    let service = services::identify(&listener.owners);
    let max = listener.accept_queue.max;
    let paused = max == Some(0) && service.is_some_and(|found| found.asker.zero_is_deliberate);
    let requested = if paused && listener.requested.is_none() {
        let place = "it listens with 0 on purpose for a while".to_owned();
        Some(Requested {
            backlog: Some(0),
            source: Source::Default,
            place: Some(place),
        })
    } else {
        request(listener, service, somaxconn)
    };
    let held = !listener.owners.is_empty();
    let limited_by = verdict::limited_by(requested.as_ref(), max, somaxconn, held);
    let confidence = verdict::confidence(requested.as_ref(), limited_by);
    ListenerFacts {
        listener,
        service,
        requested,
        limited_by,
        confidence,
        paused,
        label: label(listener, service),
    }
}

/// What was asked for: what the record says; else the known default of the program that called
/// listen(2), unless the queue itself contradicts it.
fn request(
    listener: &Listener,
    service: Option<Identified<'_>>,
    somaxconn: Option<u32>,
) -> Option<Requested> {
    if listener.requested.is_some() {
        return listener.requested.clone();
    }
    let found = service?;
    let asker = if std::ptr::eq(found.asker, found.service) {
        found.name
    } else {
        "systemd"
    };
    let default = |backlog: Option<i64>, of: &str| {
        Some(Requested {
            backlog,
            source: Source::Default,
            place: Some(of.to_owned()),
        })
    };
    let max = listener.accept_queue.max;
    match found.asker.ask {
        services::Ask::All => default(None, &format!("{asker} asks for as much as there is")),
        // A queue longer than the default was configured: the default says nothing here.
        services::Ask::Number(number)
            if max.is_some_and(|max| max > number && somaxconn.is_none_or(|cap| max <= cap)) =>
        {
            None
        }
        services::Ask::Number(number) => {
            default(Some(i64::from(number)), &format!("default of {asker}"))
        }
        services::Ask::Unknown => None,
    }
}

/// Who listens, for people: the service, else the program, else the unit.
fn who<'a>(listener: &'a Listener, service: Option<Identified<'a>>) -> Option<&'a str> {
    let program = || services::speaker(&listener.owners).and_then(|owner| owner.comm.as_deref());
    service
        .map(|found| found.name)
        .or_else(program)
        .or(listener.unit.as_deref())
}

fn label(listener: &Listener, service: Option<Identified<'_>>) -> String {
    match who(listener, service) {
        Some(who) => format!("{who} on {}", listener.address),
        None => format!("{} {}", listener.protocol, listener.address),
    }
}

#[cfg(test)]
mod tests;
