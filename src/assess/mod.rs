//! From the record to facts: per listener which service it is, what was asked and what limits it;
//! per namespace what its listeners have in common. Judges nothing: rules do.

pub mod verdict;

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
    /// Name for people: `nginx on 0.0.0.0:443`.
    pub label: String,
}

impl ListenerFacts<'_> {
    /// Name of the service, for outputs and fingerprints.
    pub fn service_name(&self) -> Option<&str> {
        self.service.map(|service| service.name)
    }

    /// Connections that the accept queue holds.
    pub fn capacity(&self) -> Option<u64> {
        self.listener.accept_queue.max.map(accept_queue::capacity)
    }

    /// Whether the verdict is "stale" by comparison with a default that is a number.
    fn is_stale_by_default(&self) -> bool {
        let default = self
            .requested
            .as_ref()
            .is_some_and(|asked| asked.source == Source::Default);
        let smaller = self.finite_request() > self.listener.accept_queue.max.map(i64::from);
        self.limited_by == Some(LimitedBy::Stale) && default && smaller
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
        doubt_lone_stale_defaults(&mut listeners);
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
        Self {
            namespace,
            listeners,
            longest,
            droppers,
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
fn doubt_lone_stale_defaults(listeners: &mut [ListenerFacts<'_>]) {
    let defaults: Vec<(Option<u32>, Option<String>)> = listeners
        .iter()
        .filter(|facts| facts.is_stale_by_default())
        .map(|facts| {
            (
                facts.listener.accept_queue.max,
                facts.service_name().map(str::to_owned),
            )
        })
        .collect();
    for facts in listeners
        .iter_mut()
        .filter(|facts| facts.is_stale_by_default())
    {
        let max = facts.listener.accept_queue.max;
        let fossil = max.is_some_and(|max| FOSSILS.contains(&max));
        let shared = defaults
            .iter()
            .any(|(other, service)| *other == max && service.as_deref() != facts.service_name());
        if !fossil && !shared {
            facts.confidence = Confidence::Possible;
        }
    }
}

fn assess(listener: &Listener, somaxconn: Option<u32>) -> ListenerFacts<'_> {
    let service = services::identify(&listener.owners);
    let requested = request(listener, service, somaxconn);
    let max = listener.accept_queue.max;
    let deliberate_zero = service.is_some_and(|found| found.asker.zero_is_deliberate);
    let limited_by = match max {
        Some(0) if deliberate_zero => Some(LimitedBy::Application),
        _ => {
            let held = !listener.owners.is_empty();
            verdict::limited_by(requested.as_ref(), max, somaxconn, held)
        }
    };
    let confidence = verdict::confidence(requested.as_ref(), limited_by);
    ListenerFacts {
        listener,
        service,
        requested,
        limited_by,
        confidence,
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
    if let Some(max) = max.filter(|max| found.asker.other_builds.contains(max))
        && somaxconn.is_some_and(|cap| max < cap)
    {
        return default(
            Some(i64::from(max)),
            &format!("default of some builds of {asker}"),
        );
    }
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

fn label(listener: &Listener, service: Option<Identified<'_>>) -> String {
    let who = service
        .map(|found| found.name)
        .or_else(|| services::speaker(&listener.owners).and_then(|owner| owner.comm.as_deref()))
        .or(listener.unit.as_deref());
    match who {
        Some(who) => format!("{who} on {}", listener.address),
        None => format!("{} {}", listener.protocol, listener.address),
    }
}

#[cfg(test)]
mod tests;
