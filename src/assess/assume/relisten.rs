//! A listener that calls listen(2) again, under another somaxconn.

use super::SOMAXCONN;
use crate::assess::request::{self, Basis};
use crate::assess::{Confidence, LimitedBy, Limits, ListenerFacts, NetnsFacts, assess};
use crate::kernel::accept_queue;
use crate::kernel::version::Version;
use crate::snapshot::{Configuration, Gap, Listener, Requested, Snapshot};
use crate::text::name::some;

/// Listeners that a gap names; the rest is counted.
const SHOWN: usize = 5;

/// Lets every listener of a namespace listen again. `anew`: its service has started anew.
pub(super) fn all(snapshot: &mut Snapshot, index: usize, netns: &NetnsFacts<'_>, anew: bool) {
    let several = snapshot.namespaces.len() > 1;
    let predicted = snapshot.image.is_some();
    let Some(namespace) = snapshot.namespaces.get_mut(index) else {
        return;
    };
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let was = number(netns.namespace.sysctl_int(SOMAXCONN));
    let Some(cap) = number(namespace.sysctl_int(SOMAXCONN)) else {
        return;
    };
    let limits = Limits {
        predicted,
        ..Limits::of(cap)
    };
    let mut unknown: Vec<&str> = Vec::new();
    for (listener, facts) in namespace.listeners.iter_mut().zip(&netns.listeners) {
        again(listener, facts, was, limits, anew);
        if listener.accept_queue.max.is_none() && facts.listener.accept_queue.max.is_some() {
            unknown.push(&facts.label);
        }
    }
    if unknown.is_empty() {
        return;
    }
    let gap = Gap::new(
        format!("request of {}", some(&unknown, SHOWN)),
        "what it asks for is not known, and the queue may have been truncated before",
        format!("the size that the queue gets under somaxconn {cap}"),
    );
    let netns = several.then(|| namespace.name.clone());
    snapshot.gaps.push(Gap { netns, ..gap });
}

/// Lets every listener of a namespace listen for the first time.
pub(super) fn first(
    snapshot: &mut Snapshot,
    index: usize,
    netns: &NetnsFacts<'_>,
    kernel: Option<Version>,
) {
    let Some(namespace) = snapshot.namespaces.get_mut(index) else {
        return;
    };
    let cap = namespace.sysctl_int(SOMAXCONN);
    let Some(cap) = cap.and_then(|cap| u32::try_from(cap).ok()) else {
        return;
    };
    let limits = Limits {
        predicted: true,
        ..Limits::of(cap)
    };
    let mut unknown: Vec<&str> = Vec::new();
    for (listener, facts) in namespace.listeners.iter_mut().zip(&netns.listeners) {
        let Some(requested) = facts.requested.clone() else {
            unknown.push(&facts.label);
            continue;
        };
        let asked = requested.backlog.unwrap_or(-1);
        let max = accept_queue::clamp(asked, cap);
        let kernel = kernel.unwrap_or(Version::NEWEST);
        listener.accept_queue.max = Some(accept_queue::stored(max, kernel));
        keep(listener, facts, limits, requested, facts.basis);
    }
    if !unknown.is_empty() {
        snapshot.gaps.push(Gap::new(
            format!("request of {}", some(&unknown, SHOWN)),
            "what it asks for is known neither from a configuration nor as a default",
            "the size that the queue gets; `backlint trace` sees the call",
        ));
    }
}

/// Gives a listener the queue that it gets under `cap`; it was looked at under `was`. Nothing but the
/// queue's maximum changes, and what later stages need to come to the same request.
fn again(
    listener: &mut Listener,
    facts: &ListenerFacts<'_>,
    was: Option<u32>,
    limits: Limits,
    anew: bool,
) {
    let (Some(max), Some(cap)) = (facts.listener.accept_queue.max, limits.somaxconn) else {
        return;
    };
    // The kernel listens for itself with what it likes.
    let unheld = listener.owners.is_empty() && facts.requested.is_none();
    if unheld && was.is_some_and(|was| max > was) {
        return;
    }
    match request(facts, cap, anew) {
        Some((requested, basis)) => {
            let asked = requested.backlog.unwrap_or(-1);
            listener.accept_queue.max = Some(accept_queue::clamp(asked, cap));
            keep(listener, facts, limits, requested, basis);
        }
        None => {
            listener.accept_queue.max = at_least(max, was, cap);
            // A default that the queue contradicted stays in doubt.
            if assess(listener, limits, facts.service, None)
                .requested
                .is_some()
            {
                listener.configuration = Some(Configuration::Hidden);
            }
        }
    }
}

/// The queue of a listener of which only its queue is known: it asked for no less than that.
fn at_least(max: u32, was: Option<u32>, cap: u32) -> Option<u32> {
    if cap <= max {
        return Some(cap);
    }
    // Below the cap, so not truncated, unless somaxconn was raised since.
    was.is_some_and(|was| max < was).then_some(max)
}

/// What a listener asks for when it listens again. `None`: nobody knows.
fn request(facts: &ListenerFacts<'_>, cap: u32, anew: bool) -> Option<(Requested, Basis)> {
    if facts.paused && anew && facts.listener.requested.is_none() {
        // It has no reason to pause yet.
        let mut listener = facts.listener.clone();
        listener.accept_queue.max = None;
        let (requested, basis) = request::by_default(&listener, facts.service, Limits::of(cap));
        return Some((requested?, basis));
    }
    if facts.limited_by == Some(LimitedBy::Unknown) {
        return None;
    }
    let mut requested = facts.requested.clone()?;
    let max = facts.listener.accept_queue.max.map(i64::from);
    let finite = requested
        .backlog
        .filter(|it| !accept_queue::asks_for_all(*it));
    // The queue is longer than what is said to be asked: something else was.
    if requested.applied && finite.is_some() && finite < max {
        return None;
    }
    // Whatever makes it listen again makes it read its configuration.
    requested.applied = true;
    // A default that nobody saw the configuration leave alone, and that the queue speaks against.
    let sure = facts.confidence != Confidence::Possible || facts.limited_by.is_none();
    let basis = match facts.basis {
        Basis::Usual if !sure => Basis::Loose,
        basis => basis,
    };
    Some((requested, basis))
}

/// Sees to it that later stages know the request as it is known now: a default is told from the queue
/// and the cap that were seen, and would be told otherwise from those that are assumed.
fn keep(
    listener: &mut Listener,
    facts: &ListenerFacts<'_>,
    limits: Limits,
    requested: Requested,
    basis: Basis,
) {
    if listener.requested.is_none() {
        let told = assess(listener, limits, facts.service, None);
        if told.basis == basis && told.requested.as_ref() == Some(&requested) {
            return;
        }
    }
    listener.requested = Some(requested);
    listener.configuration = match (basis, listener.configuration) {
        // All that a record can say of a request that may be otherwise.
        (Basis::Loose, _) => Some(Configuration::Hidden),
        (Basis::Firm | Basis::Usual, Some(Configuration::Hidden)) => None,
        (_, other) => other,
    };
}
