//! What of a judgement counts: which findings fail a run, which a person has accepted, and which a
//! baseline knows already. Decides by the findings alone and reads no file: texts are given to it, and
//! the day.

mod baseline;
pub mod pattern;
pub mod selector;
pub mod subject;
mod threshold;
pub mod waivers;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::assess::Facts;
use crate::rules::engine::Judgement;
use crate::rules::finding::Finding;
pub use baseline::Baseline;
pub use threshold::{Threshold, ThresholdFault};
pub use waivers::{Expired, Waived, Waiver, Waivers};

/// What decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Findings that are at least this bad fail. `None`: no finding fails.
    pub fail_on: Option<Threshold>,
    /// Whether gaps fail.
    pub strict: bool,
}

/// What a judgement is held against.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What people accepted.
    pub waivers: &'a Waivers,
    /// What was there before.
    pub baseline: Option<&'a Baseline>,
    /// The day on which waivers have to hold, in UTC.
    pub today: Date,
}

/// A judgement after the people who run the gate had their say.
#[derive(Debug, Default)]
pub struct Gated {
    /// What is left: no waiver fits these findings.
    pub judgement: Judgement,
    /// Findings that somebody accepted, worst first.
    pub waived: Vec<Waived>,
    /// Waivers whose last day is over and that are still needed: each fails the run.
    pub expired: Vec<Expired>,
    /// The findings that were there before. `None`: no baseline was given.
    pub baseline: Option<Baseline>,
    /// Name of the host, for entries of the baseline that are about one.
    pub host: Option<String>,
    /// Numbers of the waivers that fit a finding, whether they hold or not.
    pub fitting: BTreeSet<usize>,
}

impl Gated {
    /// A judgement without waivers and baseline.
    pub fn open(judgement: Judgement) -> Self {
        Self {
            judgement,
            ..Self::default()
        }
    }

    /// A judgement on these terms.
    pub fn new(mut judgement: Judgement, facts: &Facts<'_>, terms: Terms<'_>) -> Self {
        let findings = std::mem::take(&mut judgement.findings);
        let sorted = waivers::sort(findings, facts, terms.waivers, terms.today);
        judgement.findings = sorted.left;
        Self {
            judgement,
            waived: sorted.waived,
            expired: sorted.expired,
            baseline: terms.baseline.cloned(),
            host: facts.snapshot.host.name.clone(),
            fitting: sorted.fitting,
        }
    }

    /// Whether the baseline has the finding, and had it no less severe and sure.
    pub fn is_known(&self, finding: &Finding) -> bool {
        let baseline = self.baseline.as_ref();
        baseline.is_some_and(|baseline| baseline.knows(finding, self.host.as_deref()))
    }

    /// Number of findings that the baseline has.
    pub fn known(&self) -> usize {
        let findings = self.judgement.findings.iter();
        findings.filter(|finding| self.is_known(finding)).count()
    }

    /// Whether a finding fails the run: it is bad enough, and new.
    pub fn fails(&self, finding: &Finding, gate: Gate) -> bool {
        let bad = |limit: Threshold| limit.reached_by(finding);
        gate.fail_on.is_some_and(bad) && !self.is_known(finding)
    }

    /// Whether the run fails: by a finding, or by a waiver that is over and was not renewed, however
    /// small its finding is.
    pub fn fails_run(&self, gate: Gate) -> bool {
        let mut findings = self.judgement.findings.iter();
        (gate.fail_on.is_some() && !self.expired.is_empty())
            || findings.any(|finding| self.fails(finding, gate))
    }

    /// Whether a rule did not see all of its subjects, so that nothing follows from what it did not find.
    pub fn is_blind(&self, rule: &str) -> bool {
        let Judgement {
            not_evaluated,
            not_asked,
            ..
        } = &self.judgement;
        let skipped = not_evaluated.iter().map(|skipped| &skipped.rule);
        let mut rules = skipped.chain(not_asked);
        rules.any(|skipped| skipped.id == rule)
    }
}
