//! From findings to a plan: ordered changes, each with its reason and how to verify it. Computes,
//! never applies.
//!
//! The order is the one that takes effect: sysctls first, because a queue gets its size when
//! listen() is called; then the services' own settings; then the step that makes each service
//! listen again.

mod service;
mod sysctl;

use crate::assess::Facts;
use crate::rules::finding::{Finding, Remediation};
pub use service::{RelistenStep, ServiceStep};
pub use sysctl::SysctlStep;

/// What to do about a set of findings.
#[derive(Debug, Default)]
pub struct Advice {
    /// For each finding, in their order, what its own remediation comes to.
    pub by_finding: Vec<Vec<Step>>,
    /// All steps once, in the order to take them.
    pub plan: Vec<Step>,
    /// Where rules wanted different values for one sysctl, and which was taken.
    pub conflicts: Vec<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Set a sysctl.
    Sysctl(SysctlStep),
    /// Change a service's own setting.
    Service(ServiceStep),
    /// Make a service call listen(2) again.
    Relisten(RelistenStep),
}

impl Advice {
    /// The sysctls of the plan.
    pub fn sysctls(&self) -> impl Iterator<Item = &SysctlStep> {
        self.plan.iter().filter_map(|step| match step {
            Step::Sysctl(step) => Some(step),
            Step::Service(_) | Step::Relisten(_) => None,
        })
    }

    /// The sysctls of the namespace that the host's own files speak of: the first one. The others
    /// have files of their own, or none.
    pub fn host_sysctls<'a>(
        &'a self,
        facts: &'a Facts<'_>,
    ) -> impl Iterator<Item = &'a SysctlStep> {
        let host = facts
            .namespaces
            .first()
            .map(|netns| netns.namespace.name.as_str());
        self.sysctls()
            .filter(move |step| Some(step.netns.as_str()) == host)
    }

    /// The services of the plan that must listen again.
    pub fn relistens(&self) -> impl Iterator<Item = &RelistenStep> {
        self.plan.iter().filter_map(|step| match step {
            Step::Relisten(step) => Some(step),
            Step::Service(_) | Step::Sysctl(_) => None,
        })
    }
}

/// Works out what to do about findings, which come worst first.
pub fn advise(findings: &[Finding], facts: &Facts<'_>) -> Advice {
    let mut advice = Advice::default();
    let mut sysctls = sysctl::Changes::default();
    let mut services: Vec<ServiceStep> = Vec::new();
    let mut relistens: Vec<RelistenStep> = Vec::new();
    for finding in findings {
        let mut own = Vec::new();
        for remediation in &finding.remediation {
            match remediation {
                Remediation::Sysctl { key, value } => {
                    if let Some(step) = sysctl::resolve(finding, key, value, facts) {
                        sysctls.add(step.clone(), finding, facts);
                        own.push(Step::Sysctl(step));
                    }
                }
                Remediation::Service => {
                    if let Some(step) = ServiceStep::of(finding, facts) {
                        merge(&mut services, &step, ServiceStep::absorb);
                        own.push(Step::Service(step));
                    }
                }
                Remediation::Relisten => {
                    if let Some(step) = RelistenStep::of(finding, facts) {
                        merge(&mut relistens, &step, RelistenStep::absorb);
                        own.push(Step::Relisten(step));
                    }
                }
            }
        }
        advice.by_finding.push(own);
    }
    let (changes, conflicts) = sysctls.finish();
    advice.conflicts = conflicts;
    advice.plan.extend(changes.into_iter().map(Step::Sysctl));
    advice.plan.extend(services.into_iter().map(Step::Service));
    advice
        .plan
        .extend(relistens.into_iter().map(Step::Relisten));
    advice
}

/// Adds a step to those there are, or lets one of them absorb it.
fn merge<T: Clone>(steps: &mut Vec<T>, step: &T, absorb: impl Fn(&mut T, &T) -> bool) {
    if !steps.iter_mut().any(|known| absorb(known, step)) {
        steps.push(step.clone());
    }
}

#[cfg(test)]
mod tests;
