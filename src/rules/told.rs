//! What of a rule is for people who look it up: its parts as they are written, and the command that shows
//! its page.

use super::Rule;
use crate::text::shell;

/// Parts of a rule as its author wrote them.
#[derive(Debug, Default)]
pub struct AsWritten {
    /// The condition.
    pub when: String,
    /// The message.
    pub message: String,
    /// The steps of the remediation, each on one line, as in YAML.
    pub steps: Vec<String>,
}

impl Rule {
    /// The command that shows the rule's page. One of the user's is found by its file.
    pub fn explain(&self) -> String {
        match self.is_built_in() {
            true => format!("backlint explain {}", self.id),
            false => format!(
                "backlint explain {} --rules {}",
                self.id,
                shell::word(&self.file)
            ),
        }
    }
}
