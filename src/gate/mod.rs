//! What of a judgement counts: which findings fail a run, which a person has accepted, and which a
//! baseline knows already. Decides by the findings alone and reads no file: texts are given to it.

mod threshold;
mod waiver;

use std::collections::BTreeSet;

use crate::rules::engine::Judgement;
use crate::rules::finding::Finding;
pub use threshold::{Threshold, ThresholdFault};
pub use waiver::{Waived, Waiver};

/// What decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Findings that are at least this bad fail. `None`: no finding fails.
    pub fail_on: Option<Threshold>,
    /// Whether gaps fail.
    pub strict: bool,
}

/// A judgement after the people who run the gate had their say.
#[derive(Debug, Default)]
pub struct Gated {
    /// What is left: no waiver fits these findings.
    pub judgement: Judgement,
    /// Findings that somebody accepted, worst first.
    pub waived: Vec<Waived>,
    /// The findings that were there before. `None`: no baseline was given.
    pub baseline: Option<Baseline>,
}

impl Gated {
    /// A judgement without waivers and baseline.
    pub fn open(judgement: Judgement) -> Self {
        Self {
            judgement,
            waived: Vec::new(),
            baseline: None,
        }
    }

    /// Whether the baseline has the finding.
    pub fn is_known(&self, finding: &Finding) -> bool {
        let baseline = self.baseline.as_ref();
        baseline.is_some_and(|baseline| baseline.knows(finding))
    }

    /// Whether a finding fails the run: it is bad enough, and new.
    pub fn fails(&self, finding: &Finding, gate: Gate) -> bool {
        let bad = |limit: Threshold| limit.reached_by(finding);
        gate.fail_on.is_some_and(bad) && !self.is_known(finding)
    }
}

/// A recorded set of findings, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: BTreeSet<String>,
}

impl Baseline {
    /// A baseline of these fingerprints.
    pub fn new(fingerprints: impl IntoIterator<Item = String>) -> Self {
        Self {
            fingerprints: fingerprints.into_iter().collect(),
        }
    }

    /// Whether the finding was there when the baseline was written.
    pub fn knows(&self, finding: &Finding) -> bool {
        self.fingerprints.contains(&finding.fingerprint)
    }
}
