//! From the record to facts: per listener which service it is, what was asked and what limits it;
//! per namespace what its listeners have in common. Judges nothing: rules do.

pub mod assume;
pub mod check;
mod compare;
mod doubt;
pub mod group;
pub mod public;
mod request;
pub mod settings;
pub mod verdict;
pub mod why;

use crate::kernel::version::Version;
use crate::kernel::{accept_queue, syn_queue, sysctls};
use crate::services::{self, Catalogue, Identified};
use crate::snapshot::{Listener, Namespace, Requested, Snapshot};
pub use assume::{Assumed, Assumption, Assumptions, predict};
pub use group::Group;
use request::Basis;
pub use settings::{SettingFacts, Settings};
pub use verdict::{Confidence, LimitedBy, Limits};

/// Everything that rules may ask about one snapshot.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The record itself.
    pub snapshot: &'a Snapshot,
    /// Kernel version, where the release can be read as one.
    pub kernel: Option<Version>,
    /// One entry for each namespace of the snapshot, in its order.
    pub namespaces: Vec<NetnsFacts<'a>>,
    /// The machine's sysctls between now and the next boot. `None`: nobody looked at its files.
    pub settings: Option<Settings<'a>>,
    /// What the record was made of, where it is not of what was seen.
    pub assumed: Option<Assumed<'a>>,
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
    /// The TCP listeners that have drops, most first; at most three.
    pub droppers: Vec<usize>,
    /// The somaxconn that serves every listener: the largest finite request, and no less than any
    /// queue has that outgrew the cap.
    pub wanted_somaxconn: Option<i64>,
    /// Drops of all listeners that have a counter.
    pub drops: u64,
    /// `net.core.somaxconn` of the host's own namespace, where it was seen.
    pub host_somaxconn: Option<i64>,
    /// `ListenOverflows` of the host's own namespace, where it was read.
    pub host_overflows: Option<u64>,
    /// The `net.core.somaxconn` that this kernel starts a namespace with.
    pub somaxconn_default: Option<i64>,
    /// Listeners that somaxconn holds: it truncated them, or they take as much as there is, or sit
    /// at it and nobody knows why.
    pub at_somaxconn: usize,
    /// Those of them that take as much as there is.
    pub taking_all: usize,
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
    /// What the request rests on.
    basis: Basis,
    /// What holds the accept queue back. `None`: the queue's maximum or somaxconn is unknown, so
    /// nothing can be said.
    pub limited_by: Option<LimitedBy>,
    /// How sure `limited_by` is.
    pub confidence: Confidence,
    /// Whether the service listens with a backlog of 0 on purpose: it takes no connections for now.
    pub paused: bool,
    /// The sockets that listen on the same address.
    pub group: Group,
    /// Name for people: `nginx on 0.0.0.0:443`.
    pub label: String,
}

impl ListenerFacts<'_> {
    /// Name of the service, for outputs and fingerprints.
    pub fn service_name(&self) -> Option<&str> {
        let known = self.service.map(|service| service.name);
        known.or(self.listener.service.as_deref())
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

    /// The requested backlog where it is a number and not "as much as there is".
    pub fn finite_request(&self) -> Option<i64> {
        verdict::finite(self.requested.as_ref()?)
    }
}

impl<'a> Facts<'a> {
    /// Computes all facts. One pass over the listeners, no I/O.
    pub fn new(snapshot: &'a Snapshot, catalogue: &'a Catalogue) -> Self {
        let kernel = snapshot
            .host
            .kernel
            .as_deref()
            .and_then(|release| release.parse().ok());
        let predicted = snapshot.image.is_some();
        let namespaces = snapshot.namespaces.iter();
        let namespaces = namespaces
            .map(|namespace| NetnsFacts::new(namespace, catalogue, kernel, predicted))
            .collect::<Vec<_>>();
        let namespaces = beside_the_host(namespaces, kernel);
        Self {
            snapshot,
            kernel,
            namespaces,
            settings: Settings::of(snapshot, kernel).map(|settings| match snapshot.image {
                Some(_) => settings.without_running(),
                None => settings,
            }),
            assumed: None,
        }
    }

    /// The facts of a record that was made of another by [`Assumptions::apply`].
    pub fn assuming(
        snapshot: &'a Snapshot,
        assumed: Assumed<'a>,
        catalogue: &'a Catalogue,
    ) -> Self {
        let facts = Self::new(snapshot, catalogue);
        Self {
            assumed: Some(assumed),
            // What is assumed does not run, so nothing is lost at the next boot.
            settings: facts.settings.map(Settings::without_running),
            ..facts
        }
    }
}

/// Tells each namespace what the host has.
fn beside_the_host(
    mut namespaces: Vec<NetnsFacts<'_>>,
    kernel: Option<Version>,
) -> Vec<NetnsFacts<'_>> {
    let host = namespaces.iter().find(|netns| netns.namespace.is_host());
    let overflows = host.and_then(|host| host.namespace.counters.get("TcpExt.ListenOverflows"));
    let overflows = overflows.copied();
    let host = host.and_then(|host| host.namespace.sysctl_int("net.core.somaxconn"));
    for netns in &mut namespaces {
        netns.host_somaxconn = host;
        netns.host_overflows = overflows;
        netns.somaxconn_default = kernel.map(sysctls::somaxconn_default);
    }
    namespaces
}

impl<'a> NetnsFacts<'a> {
    fn new(
        namespace: &'a Namespace,
        catalogue: &'a Catalogue,
        kernel: Option<Version>,
        predicted: bool,
    ) -> Self {
        let somaxconn = namespace
            .sysctl_int("net.core.somaxconn")
            .and_then(|value| u32::try_from(value).ok());
        let limits = Limits {
            somaxconn,
            kernel,
            predicted,
        };
        let mut listeners: Vec<ListenerFacts<'a>> = Vec::with_capacity(namespace.listeners.len());
        let groups = group::of(&namespace.listeners);
        for (listener, group) in namespace.listeners.iter().zip(groups) {
            // One process's listeners mostly follow each other.
            let service = match listeners.last() {
                Some(last) if same_holders(last.listener, listener) => last.service,
                _ => catalogue.identify(listener),
            };
            let container = beside(namespace, listener);
            listeners.push(ListenerFacts {
                group,
                ..assess(listener, limits, service, container)
            });
        }
        doubt::defaults(&mut listeners, somaxconn);
        let longest = (0..listeners.len())
            .filter(|&n| namespace.listeners[n].protocol.is_tcp())
            .filter(|&n| namespace.listeners[n].accept_queue.max.is_some())
            // The first of equals, so that the answer does not depend on the order of equals.
            .max_by_key(|&n| {
                (
                    namespace.listeners[n].accept_queue.max,
                    std::cmp::Reverse(n),
                )
            });
        let mut droppers: Vec<usize> = (0..listeners.len())
            .filter(|&n| namespace.listeners[n].protocol.is_tcp())
            .filter(|&n| namespace.listeners[n].drops > Some(0))
            .collect();
        droppers.sort_by_key(|&n| std::cmp::Reverse(namespace.listeners[n].drops));
        droppers.truncate(3);
        let wanted_somaxconn = listeners
            .iter()
            .filter_map(ListenerFacts::wanted_somaxconn)
            .max();
        let limited = |by: &[LimitedBy]| at_cap(&listeners, somaxconn, by);
        let taking_all = limited(&[LimitedBy::FollowsSomaxconn]);
        let at_somaxconn = taking_all + limited(&[LimitedBy::Somaxconn, LimitedBy::Unknown]);
        let drops = namespace.listeners.iter().filter_map(|it| it.drops);
        let drops = drops.map(u64::from).sum();
        Self {
            namespace,
            listeners,
            longest,
            droppers,
            wanted_somaxconn,
            drops,
            host_somaxconn: None,
            host_overflows: None,
            somaxconn_default: None,
            at_somaxconn,
            taking_all,
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

/// Listeners whose queue is as long as somaxconn lets it be, and whose limit is one of these.
fn at_cap(listeners: &[ListenerFacts<'_>], somaxconn: Option<u32>, by: &[LimitedBy]) -> usize {
    let is = |facts: &&ListenerFacts<'_>| {
        let max = facts.listener.accept_queue.max;
        max.is_some() && max == somaxconn && facts.limited_by.is_some_and(|it| by.contains(&it))
    };
    listeners.iter().filter(is).count()
}

/// Whether two listeners are certainly those of the same processes, and so of the same service.
fn same_holders(one: &Listener, other: &Listener) -> bool {
    let pairs = one.owners.iter().zip(&other.owners);
    one.owners.len() == other.owners.len()
        && one.service == other.service
        && one.unit == other.unit
        && !one.owners.is_empty()
        && pairs
            .into_iter()
            .all(|(one, other)| one.pid.is_some() && one.pid == other.pid)
}

fn assess<'a>(
    listener: &'a Listener,
    limits: Limits,
    service: Option<Identified<'a>>,
    container: Option<&str>,
) -> ListenerFacts<'a> {
    let max = listener.accept_queue.max;
    let zero = service.and_then(|found| found.asker.zero.as_deref());
    let paused = max == Some(0) && zero.is_some();
    let (requested, basis) = match (&listener.requested, zero.filter(|_| paused)) {
        (Some(requested), _) => (
            Some(requested.clone()),
            Basis::of_record(requested, listener.configuration),
        ),
        (None, Some(why)) => (request::pause(why), Basis::Firm),
        (None, None) => request::by_default(listener, service, limits),
    };
    let held = !listener.owners.is_empty();
    let limited_by = verdict::limited_by(requested.as_ref(), max, limits, held);
    // It may be otherwise, and the cap is the same number: more may have been asked for. A record that
    // has the request has it from a configuration, or from whoever worked the queue out.
    let at_the_cap = limited_by == Some(LimitedBy::Application)
        && basis == Basis::Loose
        && max == limits.somaxconn
        && !limits.predicted;
    let limited_by = match at_the_cap && listener.requested.is_none() {
        true => Some(LimitedBy::Unknown),
        false => limited_by,
    };
    let confidence = match listener.presumed || at_the_cap {
        true => Confidence::Possible,
        false => verdict::confidence(requested.as_ref(), limited_by, basis),
    };
    ListenerFacts {
        listener,
        service,
        requested,
        basis,
        limited_by,
        confidence,
        paused,
        group: Group::alone(listener.accept_queue),
        label: label(listener, service, container),
    }
}

/// Who listens, for people: the service, else the program, else the unit.
fn who<'a>(listener: &'a Listener, service: Option<Identified<'a>>) -> Option<&'a str> {
    let program = || services::speaker(&listener.owners).and_then(|owner| owner.comm.as_deref());
    service
        .map(|found| found.name)
        .or(listener.service.as_deref())
        .or_else(program)
        .or(listener.unit.as_deref())
}

/// The container of a listener, where its namespace does not tell it.
fn beside<'a>(namespace: &Namespace, listener: &'a Listener) -> Option<&'a str> {
    let name = listener.container.as_deref()?;
    let mut all = namespace.containers.iter();
    let in_pod = all.any(|container| container.name == name && container.pod.is_some());
    let several = namespace.containers.len() > 1 && name != namespace.name && !in_pod;
    (namespace.is_host() || several).then_some(name)
}

/// Name of a listener for people.
fn label(listener: &Listener, service: Option<Identified<'_>>, container: Option<&str>) -> String {
    let within = container.map_or(String::new(), |name| format!(" in {name}"));
    match who(listener, service) {
        Some(who) => format!("{who}{within} on {}", listener.address),
        None => format!("{} {}{within}", listener.protocol, listener.address),
    }
}

#[cfg(test)]
mod tests;
