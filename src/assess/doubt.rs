//! Doubts about verdicts that rest on a configuration as it is now, or on a default.

use std::collections::BTreeMap;

use super::request::{Basis, FOSSILS};
use super::{Confidence, LimitedBy, ListenerFacts};
use crate::snapshot::Source;

/// A queue below what a service is configured for is stale only if an older cap explains its size: a
/// number that caps had once, or one that another service's queue has too. Otherwise another
/// configuration explains it just as well: one that nobody read, or one that was in force when the
/// service started. Then the verdict is only possible.
///
/// A queue that is exactly the default and exactly the cap says as little: a larger configured
/// backlog would have been truncated to the same number.
pub(super) fn defaults(listeners: &mut [ListenerFacts<'_>], somaxconn: Option<u32>) {
    for facts in listeners.iter_mut() {
        let at_the_cap = facts.listener.accept_queue.max == somaxconn;
        let application = facts.limited_by == Some(LimitedBy::Application);
        if application && at_the_cap && facts.basis == Basis::Usual {
            facts.confidence = Confidence::Possible;
        }
    }
    // By size: the first service whose stale queue has it, and whether another one's has it too.
    let mut sizes: BTreeMap<Option<u32>, (Option<String>, bool)> = BTreeMap::new();
    for facts in listeners
        .iter()
        .filter(|facts| is_stale_by_configuration(facts))
    {
        let service = facts.service_name().map(str::to_owned);
        let size = sizes.entry(facts.listener.accept_queue.max);
        let (first, shared) = size.or_insert_with(|| (service.clone(), false));
        *shared |= *first != service;
    }
    for facts in listeners
        .iter_mut()
        .filter(|facts| is_stale_by_configuration(facts))
    {
        let max = facts.listener.accept_queue.max;
        let fossil = max.is_some_and(|max| FOSSILS.contains(&max));
        let shared = sizes.get(&max).is_some_and(|(_, shared)| *shared);
        if !fossil && !shared {
            facts.confidence = Confidence::Possible;
        }
    }
}

/// Whether the verdict is "stale" because the queue is smaller than what the configuration seems to
/// ask for: its default, or a number that is written there.
fn is_stale_by_configuration(facts: &ListenerFacts<'_>) -> bool {
    let max = facts.listener.accept_queue.max.map(i64::from);
    let smaller = facts.finite_request().is_none_or(|asked| Some(asked) > max);
    let open = match facts.basis {
        Basis::Usual => true,
        Basis::Firm => facts.listener.configuration.is_some(),
        Basis::Written => {
            let asked = facts.requested.as_ref();
            asked.is_some_and(|asked| asked.source == Source::Config && asked.applied)
                && facts.listener.configuration.is_some()
        }
        Basis::Loose => false,
    };
    facts.limited_by == Some(LimitedBy::Stale) && open && smaller
}
