//! From findings to a plan: ordered changes, each with its reason and how to verify it. Computes,
//! never applies.
//!
//! The order is the one that takes effect: sysctls, because a queue gets its size when listen() is
//! called; then the services' own settings; then the step that makes each service listen again. What
//! does not wait for each other stands worst first, and advice in words comes last.

pub mod apply;
mod backlog;
mod home;
pub mod maker;
mod order;
mod persistent;
pub mod place;
mod restart;
mod service;
pub mod socket;
mod sysctl;

use std::collections::BTreeMap;

use crate::assess::Facts;
use crate::rules::finding::{About, Finding, Remediation};
use crate::text::name::some;
use backlog::Backlogs;
pub use backlog::proposal;
pub use home::Home;
use service::Merged;
pub use service::{RelistenStep, ServiceStep};
pub use sysctl::SysctlStep;

/// What to do about a set of findings.
#[derive(Debug, Default)]
pub struct Advice {
    /// For each finding, in their order, what its own remediation comes to.
    pub by_finding: Vec<Vec<Step>>,
    /// All steps once, in the order to take them.
    pub plan: Vec<Step>,
    /// Services that listen again because a step of the plan starts their containers anew.
    pub along: Vec<RelistenStep>,
    /// What is worth knowing about the plan: where rules wanted different values, what was left out.
    pub notes: Vec<String>,
}

/// Change a file by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditStep {
    /// What to do.
    pub words: String,
    /// The listeners or namespaces that it is about; none for the machine's files.
    pub about: Vec<String>,
    /// Whether it is about the machine's files.
    pub of_files: bool,
    /// The sysctl that it is about.
    pub key: Option<String>,
    /// What is to be minded, as other steps of the plan do some of it.
    pub note: Option<String>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Change a file by hand.
    Edit(EditStep),
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
            Step::Edit(_) | Step::Service(_) | Step::Relisten(_) => None,
        })
    }

    /// The sysctls that the machine's own files reach.
    pub fn host_sysctls(&self) -> impl Iterator<Item = &SysctlStep> {
        self.sysctls().filter(|step| step.reached)
    }

    /// The services of the plan that must listen again.
    pub fn relistens(&self) -> impl Iterator<Item = &RelistenStep> {
        self.plan.iter().filter_map(|step| match step {
            Step::Relisten(step) => Some(step),
            Step::Edit(_) | Step::Service(_) | Step::Sysctl(_) => None,
        })
    }
}

/// Works out what to do about findings, which come worst first.
pub fn advise(findings: &[Finding], facts: &Facts<'_>) -> Advice {
    let mut advice = Advice::default();
    let mut edits: Vec<EditStep> = Vec::new();
    let mut sysctls = sysctl::Changes::default();
    let mut services: Merged<ServiceStep> = Merged::default();
    let mut relistens: Merged<RelistenStep> = Merged::default();
    let mut along: Merged<RelistenStep> = Merged::default();
    let backlogs = Backlogs::of(findings, facts);
    for finding in findings {
        let mut own = Vec::new();
        for (remediation, about) in finding.steps() {
            match remediation {
                Remediation::Edit(words) => {
                    let step = EditStep::of(words, finding, about, facts);
                    own.push(Step::Edit(step.clone()));
                    once(&mut edits, step);
                }
                Remediation::Sysctl { key, value } => {
                    match sysctl::resolve(finding, about, (key, value), facts) {
                        Ok(step) => {
                            sysctls.add(step.clone(), finding, about, facts);
                            own.push(Step::Sysctl(step));
                        }
                        Err(note) => note.into_iter().for_each(|note| sysctls.note(note)),
                    }
                }
                Remediation::Service { least } => {
                    if let Some(step) = ServiceStep::of(finding, *least, about, facts, &backlogs) {
                        services.add(&step);
                        own.push(Step::Service(step));
                    }
                }
                // Nothing of an image runs.
                Remediation::Relisten if facts.snapshot.image.is_some() => {}
                Remediation::Relisten => {
                    let anew = made_anew(&own, about, facts);
                    if let Some(step) = RelistenStep::of(finding, about, facts, anew) {
                        if anew && !is_sharer(about, facts) {
                            along.add(&step);
                        } else {
                            relistens.add(&step);
                            own.push(Step::Relisten(step));
                        }
                    }
                }
            }
        }
        advice.by_finding.push(own);
    }
    advice.along = along.finish();
    let (changes, notes) = sysctls.finish();
    advice.notes = notes;
    agree(&mut advice.by_finding, &changes);
    order::tell_what_is_set(&mut edits, &changes, facts);
    let changes = changes.into_iter().map(Step::Sysctl);
    let services = services.finish().into_iter().map(Step::Service);
    let relistens = relistens.finish().into_iter().map(Step::Relisten);
    let edits = edits.into_iter().map(Step::Edit);
    let plan = changes.chain(edits).chain(services).chain(relistens);
    advice.plan = order::order(plan.collect(), findings, &advice.by_finding, facts);
    advice
}

impl EditStep {
    /// Subjects that its sentence names; the rest is counted.
    const SUBJECTS: usize = 3;

    fn of(words: &str, finding: &Finding, about: &About, facts: &Facts<'_>) -> Self {
        let of_files = about.netns.is_none() || about.setting.is_some();
        let subject = match (about.listener_in(facts), &about.netns) {
            _ if of_files => None,
            (Some(listener), _) => Some(listener.label.clone()),
            (None, Some(netns)) if facts.namespaces.len() > 1 => Some(netns.clone()),
            _ => None,
        };
        Self {
            words: words.to_owned(),
            about: subject.into_iter().collect(),
            of_files,
            key: about.setting.as_ref().map(|setting| setting.key.clone()),
            note: None,
            reasons: vec![finding.message.clone()],
        }
    }

    /// The step with what it is about.
    pub fn sentence(&self) -> String {
        let words = match self.about.as_slice() {
            [] => self.words.clone(),
            about => format!("{}: {}", some(about, Self::SUBJECTS), self.words),
        };
        match &self.note {
            Some(note) => format!("{words}; {note}"),
            None => words,
        }
    }
}

/// Adds an edit, or its reasons where several findings want the same one.
fn once(edits: &mut Vec<EditStep>, step: EditStep) {
    match edits.iter_mut().find(|known| known.words == step.words) {
        Some(known) => {
            let said = [
                (&mut known.reasons, step.reasons),
                (&mut known.about, step.about),
            ];
            for (known, more) in said {
                for word in more {
                    if !known.contains(&word) {
                        known.push(word);
                    }
                }
            }
        }
        None => edits.push(step),
    }
}

/// Whether one of a finding's own steps makes the container of this namespace again. Sysctls stand
/// before what listens again, so they are known.
fn made_anew(own: &[Step], about: &About, facts: &Facts<'_>) -> bool {
    let here = |step: &Step| match step {
        Step::Sysctl(step) => step.at.contains(&about.netns_index),
        Step::Edit(_) | Step::Service(_) | Step::Relisten(_) => false,
    };
    let netns = about.netns_in(facts).map(|netns| netns.namespace);
    own.iter().any(here) && netns.is_some_and(restart::changes_with_container)
}

/// Whether the listener's container only shares the network of the namespace.
fn is_sharer(about: &About, facts: &Facts<'_>) -> bool {
    let netns = about.netns_in(facts).zip(about.listener_in(facts));
    netns.is_some_and(|(netns, listener)| restart::shares(netns.namespace, listener.listener))
}

/// Gives the findings the values that the plan has: of several that want one sysctl, one value
/// serves all.
fn agree(by_finding: &mut [Vec<Step>], changes: &[SysctlStep]) {
    let of = |step: &SysctlStep, at: usize| (at, step.key.clone());
    let planned: BTreeMap<(usize, String), &str> = changes
        .iter()
        .flat_map(|step| {
            step.at
                .iter()
                .map(|at| (of(step, *at), step.value.as_str()))
        })
        .collect();
    for step in by_finding.iter_mut().flatten() {
        if let Step::Sysctl(step) = step
            && let Some(value) = step.at.first().and_then(|at| planned.get(&of(step, *at)))
        {
            step.value = (*value).to_owned();
        }
    }
}

#[cfg(test)]
mod tests;
