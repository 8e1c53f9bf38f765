//! A process that holds a listener, and what its executable shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A process that holds a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Process id, in the pid namespace that was looked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// `comm`: at most 15 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comm: Option<String>,
    /// Path of the executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Lowest descriptor of the listener in this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<u32>,
    /// What an interpreter runs: a script's file name, a Python module, a Java main class or jar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Language runtime that the executable itself shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    /// C library that the executable itself shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libc: Option<Libc>,
}

/// A C library whose SOMAXCONN is another one than that of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// The executable's interpreter is musl's: SOMAXCONN is 128.
    Musl,
}

/// A language runtime that decides the backlog for its programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// The executable has Go's build information (section `.go.buildinfo`).
    Go,
    /// The executable names the Rust compiler (section `.comment`).
    Rust,
}

impl Runtime {
    /// The name used in every output and in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Rust => "rust",
        }
    }
}
