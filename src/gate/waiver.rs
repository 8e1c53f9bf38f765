//! A waiver: a finding that a person accepted, with the reason and, better, until when.

use std::sync::Arc;

use crate::rules::finding::Finding;

/// One entry of a waivers file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Id, name or family of the rules that it is about.
    pub rule: String,
    /// Pattern of the subjects that it is about, such as `tcp 0.0.0.0:80*`.
    pub subject: String,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who answers for that.
    pub owner: Option<String>,
    /// The last day that it holds on, as `2027-01-31`.
    pub expires: Option<String>,
    /// File and line where it stands.
    pub place: (String, usize),
}

/// A finding that a waiver fits.
#[derive(Debug, Clone)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// The waiver.
    pub waiver: Arc<Waiver>,
}
