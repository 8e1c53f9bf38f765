//! Cases of rules: a record, or a part of one, and what the rule must say about it. Reads them, judges each
//! by its rule alone, takes the advice on what was found, and compares. Opens no file and writes none; what
//! differs is shown by `report`.
//!
//! It stands behind `advise`, because what a case expects of a remediation is what its reader would be told
//! to do: the value that the advice comes to, and not its name.

mod fields;
mod file;
mod run;

use std::fmt;

use crate::assess::Confidence;
use crate::rules::Severity;
use crate::snapshot::Snapshot;
pub use fields::{CASE, CASES, STEP};
pub use file::parse;
pub use run::{Difference, Found, Ran, Said, Tested, found, test};

/// The cases of one rule.
#[derive(Debug)]
pub struct Cases {
    /// Id or name of the rule.
    pub rule: String,
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// What it is about, in words.
    pub name: String,
    /// The line of the file that it begins at, from 1.
    pub line: usize,
    /// What the rule does.
    pub expect: Outcome,
    /// How many findings there are.
    pub count: Option<usize>,
    /// What one of the findings says.
    pub message: Option<String>,
    /// How bad the finding is.
    pub severity: Option<Severity>,
    /// How sure it is.
    pub confidence: Option<Confidence>,
    /// What is to be done about it, in order.
    pub remediation: Option<Vec<Act>>,
    /// The names without which the rule cannot be evaluated, sorted.
    pub missing: Option<Vec<String>>,
    /// The record.
    pub snapshot: Snapshot,
}

/// What a rule does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It finds something.
    Fires,
    /// It finds nothing.
    Silent,
    /// A fact that it needs is missing, and it finds nothing.
    NotEvaluated,
    /// It is about the persistent configuration, and the record was made without a look at that.
    NotAsked,
}

impl Outcome {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [
        Self::Fires,
        Self::Silent,
        Self::NotEvaluated,
        Self::NotAsked,
    ];

    /// The name in files and outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Silent => "silent",
            Self::NotEvaluated => "not-evaluated",
            Self::NotAsked => "not-asked",
        }
    }
}

/// A step of a remediation, as far as a case tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Set a sysctl.
    Sysctl {
        /// Dotted key.
        key: String,
        /// The new value.
        value: String,
    },
    /// Change the service's own setting, to this backlog where it is known or told.
    Service(Option<String>),
    /// Make the service listen again.
    Relisten,
    /// Change a file by hand.
    Edit(String),
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sysctl { key, value } => write!(f, "sysctl: {key}, value: {value}"),
            Self::Service(None) => f.write_str("service: listener"),
            Self::Service(Some(value)) => write!(f, "service: listener, value: {value}"),
            Self::Relisten => f.write_str("relisten: listener"),
            Self::Edit(words) => write!(f, "edit: {words}"),
        }
    }
}

#[cfg(test)]
mod tests;
