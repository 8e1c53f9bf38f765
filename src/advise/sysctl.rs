//! Values for sysctls, derived from what the namespace's listeners ask for.

use std::collections::BTreeMap;

use crate::assess::{Facts, NetnsFacts};
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
                .filter_map(|l| l.finite_request())
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
    /// By index of the namespace and key, with the rule that decided the value.
    by_key: BTreeMap<(usize, String), (SysctlStep, String)>,
    conflicts: Vec<String>,
}

/// Reasons that a change keeps; the rest is counted.
const REASONS: usize = 3;

impl Changes {
    /// Adds a step of a finding; findings come worst first, so on a conflict the first decides,
    /// but of two raised numbers the larger serves both.
    pub(super) fn add(&mut self, step: SysctlStep, finding: &Finding) {
        let key = (finding.about.netns_index, step.key.clone());
        let Some((known, rule)) = self.by_key.get_mut(&key) else {
            self.by_key.insert(key, (step, finding.rule.id.clone()));
            return;
        };
        if known.value != step.value {
            let raised = |step: &SysctlStep| {
                let value: i64 = step.value.parse().ok()?;
                let from: i64 = step.from.as_ref()?.parse().ok()?;
                (value > from).then_some(value)
            };
            match (raised(known), raised(&step)) {
                (Some(a), Some(b)) => known.value = a.max(b).to_string(),
                _ => self.conflicts.push(format!(
                    "{rule} wants {} = {} and {} wants {}: the plan has {}",
                    known.key, known.value, finding.rule.id, step.value, known.value
                )),
            }
        }
        for reason in step.reasons {
            if !known.reasons.contains(&reason) {
                known.reasons.push(reason);
            }
        }
    }

    /// The changes in order of namespace and key, and the conflicts in words.
    pub(super) fn finish(self) -> (Vec<SysctlStep>, Vec<String>) {
        let steps = self.by_key.into_values().map(|(mut step, _)| {
            if step.reasons.len() > REASONS {
                let more = step.reasons.len() - REASONS;
                step.reasons.truncate(REASONS);
                step.reasons.push(format!("and {more} more"));
            }
            step
        });
        (steps.collect(), self.conflicts)
    }
}
