//! What is shown: a report, and one module for each format it is written in. Decides nothing but
//! the outcome, which is decided here once.

pub mod diagnostics;
pub mod diff;
pub mod fix;
pub mod gaps;
pub mod json;
pub mod list;
pub mod patch;
pub mod place;
pub mod reference;
pub mod service;
pub mod style;
pub mod table;
pub mod why;

use std::io;

use crate::advise::Advice;
use crate::assess::Facts;
use crate::rules::Severity;
use crate::rules::engine::Judgement;
use crate::snapshot::Gap;

/// Everything that an audit of one source found out.
#[derive(Debug)]
pub struct Report<'a> {
    /// The file that was judged; `None` for the live host.
    pub source: Option<&'a str>,
    /// The arguments that make backlint judge the same again, as a shell takes them, each with a
    /// blank in front: ` --snapshot web.yaml`.
    pub again: String,
    /// The facts.
    pub facts: &'a Facts<'a>,
    /// Findings, and rules that could not be evaluated.
    pub judgement: Judgement,
    /// What to do.
    pub advice: Advice,
    /// How many rules were in force.
    pub rules: usize,
}

/// A format that reports are written in.
pub trait Format {
    /// Writes all reports of one run.
    ///
    /// # Errors
    /// What the writer says.
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()>;
}

/// What decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Findings of this severity or worse fail. `None`: no finding fails.
    pub fail_on: Option<Severity>,
    /// Whether gaps fail.
    pub strict: bool,
}

/// How a run ended; its number is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No finding at or above the gate.
    Clean = 0,
    /// With `--strict`: something could not be read or not be evaluated.
    Gaps = 3,
    /// A finding at or above the gate.
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
        let fails = |severity| gate.fail_on.is_some_and(|limit| severity >= limit);
        if self
            .judgement
            .findings
            .iter()
            .any(|finding| fails(finding.rule.severity))
        {
            return Outcome::Findings;
        }
        let blind = !self.gaps().is_empty() || !self.judgement.not_evaluated.is_empty();
        if gate.strict && blind {
            Outcome::Gaps
        } else {
            Outcome::Clean
        }
    }

    /// What could not be read.
    pub fn gaps(&self) -> &[Gap] {
        &self.facts.snapshot.gaps
    }

    /// Number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.judgement
            .findings
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
