//! Which backlog a service is to ask for: the one that a rule wants, or one that is derived; and whether
//! it asks for enough already.

use std::collections::BTreeMap;

use crate::assess::{Confidence, Facts, LimitedBy, ListenerFacts};
use crate::rules::finding::{About, Finding, Remediation};
use crate::snapshot::{Requested, Source};

/// The backlog for each listener whose service has to ask for another: of several findings about one,
/// the largest serves all. By the places of namespace and listener in the facts.
#[derive(Debug)]
pub(super) struct Backlogs(BTreeMap<(usize, usize), i64>);

impl Backlogs {
    /// Those of all findings.
    pub(super) fn of(findings: &[Finding], facts: &Facts<'_>) -> Self {
        let mut numbers = BTreeMap::new();
        for (remediation, about) in findings.iter().flat_map(Finding::steps) {
            let Remediation::Service { least } = remediation else {
                continue;
            };
            let Some((netns, listener)) = about.netns_in(facts).zip(about.listener_in(facts))
            else {
                continue;
            };
            if asks_enough(listener, *least) {
                continue;
            }
            let somaxconn = netns.namespace.sysctl_int("net.core.somaxconn");
            let wanted = least.or_else(|| proposal(listener, somaxconn));
            if let Some((place, wanted)) = Self::place(about).zip(wanted) {
                let number = numbers.entry(place).or_insert(wanted);
                *number = wanted.max(*number);
            }
        }
        Self(numbers)
    }

    fn place(about: &About) -> Option<(usize, usize)> {
        Some((about.netns_index, about.listener.as_ref()?.index))
    }

    /// That of the listener of a finding.
    pub(super) fn number(&self, about: &About) -> Option<i64> {
        self.0.get(&Self::place(about)?).copied()
    }
}

/// Whether the service asks for enough already, and its queue is shorter for another reason: it has not
/// listened since it was configured so, or somaxconn is in the way. A default that may be otherwise tells
/// nothing.
pub(super) fn asks_enough(facts: &ListenerFacts<'_>, least: Option<i64>) -> bool {
    let Some(asked) = &facts.requested else {
        return least
            .is_some_and(|least| facts.listener.accept_queue.max.map(i64::from) >= Some(least));
    };
    let known = asked.source != Source::Default || facts.confidence != Confidence::Possible;
    match least {
        Some(least) => known && facts.finite_request().is_none_or(|asked| asked >= least),
        None => is_waiting(facts),
    }
}

/// Whether the service is configured to ask for more than it has, and only has to listen again.
fn is_waiting(facts: &ListenerFacts<'_>) -> bool {
    let stale = facts.limited_by == Some(LimitedBy::Stale);
    let waits = |asked: &&Requested| asked.source == Source::Config && (stale || !asked.applied);
    let has = facts.listener.accept_queue.max.map(i64::from);
    facts.requested.as_ref().filter(waits).is_some() && facts.finite_request() > has
}

/// A backlog to try for a listener that overflows. Never less than it has.
pub fn proposal(facts: &ListenerFacts<'_>, somaxconn: Option<i64>) -> Option<i64> {
    let has = facts.listener.accept_queue.max.map(i64::from);
    Some(enough(facts.finite_request().max(has)?, somaxconn))
}

/// Four times what overflowed, as a power of two, and no more than somaxconn gives; where somaxconn
/// is the limit as well, it has to be raised with it. Larger than needed is a fault too: a long
/// queue serves connections whose clients have given up.
fn enough(asked: i64, somaxconn: Option<i64>) -> i64 {
    let wanted = u64::try_from(asked.max(1))
        .unwrap_or(1)
        .saturating_mul(4)
        .next_power_of_two();
    let wanted = i64::try_from(wanted)
        .unwrap_or(i64::MAX)
        .min(i64::from(i32::MAX));
    match somaxconn.filter(|cap| *cap > asked) {
        Some(cap) => wanted.min(cap),
        None => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proposed_backlog_stays_within_somaxconn_and_reason() {
        assert_eq!(enough(511, Some(4096)), 2048);
        assert_eq!(enough(511, Some(1024)), 1024);
        assert_eq!(enough(511, Some(511)), 2048);
        assert_eq!(enough(0, None), 4);
        assert_eq!(enough(i64::from(i32::MAX), None), i64::from(i32::MAX));
    }
}
