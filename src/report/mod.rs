//! What is shown: a report, and one module for each format it is written in. Decides nothing but
//! the outcome, which is decided here once.

pub mod assumed;
pub mod authoring;
mod cases;
pub mod changes;
pub mod diagnostics;
pub mod diff;
mod entry;
pub mod explain;
pub mod fix;
pub mod gaps;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod list;
pub mod location;
pub mod markdown;
pub mod patch;
pub mod place;
pub mod reference;
pub mod sarif;
pub mod service;
mod steps;
pub mod style;
pub mod table;
pub mod tap;
pub mod waivers;
pub mod why;

use std::io;

use crate::advise::Advice;
use crate::assess::Facts;
use crate::gate::{Gate, Gated};
use crate::rules::finding::Finding;
use crate::rules::{RuleSet, Severity};
use crate::snapshot::Gap;
use crate::text::positions::Positions;

/// Everything that an audit of one source found out.
#[derive(Debug)]
pub struct Report<'a> {
    /// The file that was judged; `None` for the live host.
    pub source: Option<&'a str>,
    /// The arguments that make backlint look at the same again, as a shell takes them, each with a
    /// blank in front: ` --snapshot web.yaml`.
    pub again: String,
    /// The facts.
    pub facts: &'a Facts<'a>,
    /// Findings, accepted ones, and rules that could not be evaluated.
    pub gated: Gated,
    /// What to do.
    pub advice: Advice,
    /// The rules that were in force.
    pub rules: &'a RuleSet,
    /// Where the values of the file stand. `None`: there is no file, or no format points into it.
    pub positions: Option<Positions>,
}

/// A format that reports are written in.
pub trait Format {
    /// Writes all reports of one run.
    ///
    /// # Errors
    /// What the writer says.
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()>;
}

/// How a run ended; its number is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No finding at or above the gate.
    Clean = 0,
    /// With `--strict`: something could not be read or not be evaluated.
    Gaps = 3,
    /// A finding at or above the gate, or a waiver that is over.
    Findings = 1,
    /// Bad usage, a file that cannot be understood, or nothing could be audited.
    Unusable = 2,
}

impl Outcome {
    /// The exit status.
    pub fn status(self) -> u8 {
        self as u8
    }

    fn rank(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Gaps => 1,
            Self::Findings => 2,
            Self::Unusable => 3,
        }
    }

    /// The worse of two: of several sources the worst decides.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

impl Report<'_> {
    /// The outcome of one report.
    pub fn outcome(&self, gate: Gate) -> Outcome {
        if self.gated.fails_run(gate) {
            return Outcome::Findings;
        }
        let blind = !self.gaps().is_empty() || !self.gated.judgement.not_evaluated.is_empty();
        if gate.strict && blind {
            Outcome::Gaps
        } else {
            Outcome::Clean
        }
    }

    /// The arguments that make another command judge the same, what is assumed included.
    pub fn same(&self) -> String {
        let what = self.facts.assumed.map(|assumed| assumed.what);
        let assuming = what.map(assumed::options).unwrap_or_default();
        format!("{}{assuming}", self.again)
    }

    /// The arguments that show whether a plan worked.
    pub fn verified(&self) -> String {
        let what = self.facts.assumed.map(|assumed| assumed.what);
        let after = what.map(assumed::after_reboot).unwrap_or_default();
        format!("{}{after}", self.again)
    }

    /// The file that was judged, where the places in it are known.
    fn fixture(&self) -> Option<&str> {
        self.source.filter(|_| self.positions.is_some())
    }

    /// The findings that nobody accepted, worst first.
    pub fn findings(&self) -> &[Finding] {
        &self.gated.judgement.findings
    }

    /// What could not be read.
    pub fn gaps(&self) -> &[Gap] {
        &self.facts.snapshot.gaps
    }

    /// Number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings()
            .iter()
            .filter(|finding| finding.rule.severity == severity)
            .count()
    }

    /// Number of listeners in all namespaces.
    pub fn listeners(&self) -> usize {
        self.facts
            .namespaces
            .iter()
            .map(|netns| netns.listeners.len())
            .sum()
    }
}
