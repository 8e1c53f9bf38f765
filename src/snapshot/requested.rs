//! What a program passed to listen(2), how that is known, and whether it could be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{is_true, yes};

/// What a program passed to listen(2), and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requested {
    /// The argument as a signed number; negative means "as much as there is". `None` for a program
    /// that reads somaxconn and asks for exactly that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<i64>,
    /// How it is known.
    pub source: Source,
    /// Where it is written: file and line, command line, or whose default it is.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether the program can have passed it. `false`: it was written down after the program
    /// started, or after its last reload where that is enough.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub applied: bool,
}

/// How a requested backlog is known, best first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The call itself was seen.
    Trace,
    /// The service's configuration or command line says so.
    Config,
    /// The service's known default.
    Default,
}

impl Source {
    /// The name used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Config => "config",
            Self::Default => "default",
        }
    }
}

/// What became of reading a service's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Configuration {
    /// All that decides was read: what is not set has its default.
    Read,
    /// It could not be found, or not read to the end.
    Hidden,
}
