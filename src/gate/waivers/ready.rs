//! The entry of a waivers file that would accept one finding and no other, ready to be pasted: all but
//! the reason.

use crate::assess::Facts;
use crate::gate::pattern::Pattern;
use crate::gate::subject::{Field, Subject};
use crate::rules::finding::Finding;

/// What an entry for a finding says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready<'a> {
    /// Id of the rule.
    pub rule: &'a str,
    /// The fields of the subject, each as a pattern that fits nothing else.
    pub subject: Vec<(Field, String)>,
}

impl<'a> Ready<'a> {
    /// The entry. Instances of one workload share it: it names the workload.
    pub fn new(finding: &'a Finding, facts: &Facts<'_>) -> Self {
        let subject = Subject::new(&finding.about, facts);
        let fields = subject.fields();
        Self {
            rule: &finding.rule.id,
            subject: fields
                .map(|(field, value)| (field, Pattern::only(value)))
                .collect(),
        }
    }
}
