//! Values for sysctls, derived from what the namespace's listeners ask for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::assess::{Facts, ListenerFacts, NetnsFacts};
use crate::kernel::{syn_queue, sysctls};
use crate::rules::Advice;
use crate::rules::finding::{Finding, SysctlTarget};

/// Set a sysctl in one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlStep {
    /// Name of the namespace.
    pub netns: String,
    /// Dotted key.
    pub key: String,
    /// New value.
    pub value: String,
    /// Runtime value, where it was read.
    pub from: Option<String>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

impl SysctlStep {
    /// The command that shows whether the value is in force.
    pub fn verify(&self) -> String {
        format!("sysctl {}", self.key)
    }
}

/// The step that a finding's remediation comes to. `None` when nothing can be derived.
pub(super) fn resolve(
    finding: &Finding,
    key: &str,
    target: &SysctlTarget,
    facts: &Facts<'_>,
) -> Option<SysctlStep> {
    let netns = facts.namespaces.get(finding.about.netns_index)?;
    let value = match target {
        SysctlTarget::Value(value) => value.clone(),
        SysctlTarget::Advice(advice) => derive(*advice, netns, facts)?.to_string(),
    };
    Some(SysctlStep {
        netns: netns.namespace.name.clone(),
        key: key.to_owned(),
        value,
        from: netns.namespace.sysctls.get(key).map(ToString::to_string),
        reasons: vec![finding.message.clone()],
    })
}

/// The derived values. Never a round number that nobody asked for.
fn derive(advice: Advice, netns: &NetnsFacts<'_>, facts: &Facts<'_>) -> Option<i64> {
    match advice {
        Advice::Somaxconn => {
            let largest = netns
                .listeners
                .iter()
                .filter_map(ListenerFacts::finite_request)
                .max()?;
            let current = netns
                .namespace
                .sysctl_int("net.core.somaxconn")
                .unwrap_or(0);
            Some(
                largest
                    .max(current)
                    .min(sysctls::somaxconn_largest(facts.kernel)),
            )
        }
        Advice::MaxSynBacklog => {
            let longest = &netns.listeners[netns.longest?];
            let max = longest.listener.accept_queue.max?;
            Some(syn_queue::max_syn_backlog_for(i64::from(max)))
        }
    }
}

/// The changes of a plan: one a namespace and key.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_key: BTreeMap<(usize, String), Change>,
    conflicts: Vec<String>,
}

#[derive(Debug)]
struct Change {
    step: SysctlStep,
    /// The rule that decided the value.
    rule: String,
    /// Reasons with their weight: what the listener asked for, so that the request that the value
    /// was derived from is named first.
    reasons: Vec<(i64, String)>,
}

/// Reasons that a change keeps; the rest is counted.
const REASONS: usize = 3;

impl Changes {
    /// Adds a step of a finding; findings come worst first, so on a conflict the first decides,
    /// but of two raised numbers the larger serves both.
    pub(super) fn add(&mut self, step: SysctlStep, finding: &Finding, facts: &Facts<'_>) {
        let key = (finding.about.netns_index, step.key.clone());
        let change = self.by_key.entry(key).or_insert_with(|| Change {
            step: step.clone(),
            rule: finding.rule.id.clone(),
            reasons: Vec::new(),
        });
        let known = &mut change.step;
        if known.value != step.value {
            let raised = |step: &SysctlStep| {
                let value: i64 = step.value.parse().ok()?;
                let from: i64 = step.from.as_ref()?.parse().ok()?;
                (value > from).then_some(value)
            };
            match (raised(known), raised(&step)) {
                (Some(a), Some(b)) => known.value = a.max(b).to_string(),
                _ => self.conflicts.push(format!(
                    "{} wants {} = {} and {} wants {}: the plan has {}",
                    change.rule, known.key, known.value, finding.rule.id, step.value, known.value
                )),
            }
        }
        let weight = weight(finding, facts);
        change
            .reasons
            .extend(step.reasons.into_iter().map(|reason| (weight, reason)));
    }

    /// The changes in order of namespace and key, and the conflicts in words.
    pub(super) fn finish(self) -> (Vec<SysctlStep>, Vec<String>) {
        let steps = self.by_key.into_values().map(
            |Change {
                 mut step,
                 mut reasons,
                 ..
             }| {
                reasons.sort_by_key(|(weight, _)| Reverse(*weight));
                // SO_REUSEPORT siblings have the same words.
                let mut said = BTreeSet::new();
                reasons.retain(|(_, reason)| said.insert(reason.clone()));
                let more = reasons.len().saturating_sub(REASONS);
                step.reasons = reasons
                    .into_iter()
                    .take(REASONS)
                    .map(|(_, reason)| reason)
                    .collect();
                if more > 0 {
                    step.reasons.push(format!("and {more} more"));
                }
                step
            },
        );
        (steps.collect(), self.conflicts)
    }
}

fn weight(finding: &Finding, facts: &Facts<'_>) -> i64 {
    let listener = finding.about.listener.as_ref().and_then(|about| {
        facts
            .namespaces
            .get(finding.about.netns_index)?
            .listeners
            .get(about.index)
    });
    listener
        .and_then(ListenerFacts::finite_request)
        .unwrap_or(0)
}
