//! What could not be read: a fact that is absent for a reason.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that could not be read, and what that blinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Name of the network namespace, where several were looked at and it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<String>,
    /// What was being read, such as `sock_diag` or `net.core.somaxconn`.
    pub what: String,
    /// Why it could not be.
    pub why: String,
    /// What is unknown because of it.
    pub blinds: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, why, blinds, ..
        } = self;
        match &self.netns {
            Some(netns) => write!(f, "{what} in {netns}: {why}; unknown: {blinds}"),
            None => write!(f, "{what}: {why}; unknown: {blinds}"),
        }
    }
}

impl Gap {
    /// A gap in three parts.
    pub fn new(what: impl Into<String>, why: impl Into<String>, blinds: impl Into<String>) -> Self {
        Self {
            netns: None,
            what: what.into(),
            why: why.into(),
            blinds: blinds.into(),
        }
    }
}
