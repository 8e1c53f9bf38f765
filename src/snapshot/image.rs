//! The container image that a record was made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A container image that was looked at and not run: how it is started. With it, nothing in the record
/// was seen to listen: the listeners are those that would be there, `accept_queue.max` is what the kernel
/// would give, and the sysctls are those of the network namespace that the container would get.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its name for people: a tag, such as `localhost/web:latest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The machine that it was made for, such as `linux/amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The words in front of the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The ports that it says it listens on, such as `80/tcp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposed: Vec<String>,
    /// Whether an init is started that reads sysctl files, as systemd and OpenRC do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub boots: bool,
}
