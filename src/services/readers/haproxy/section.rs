//! Sections of HAProxy's configuration that listen, and the numbers that they have.

use crate::services::endpoint::Endpoint;
use crate::services::readers::Place;

/// A number that may be set; 0 is as good as none.
#[derive(Debug, Clone, Default)]
pub(super) enum Number {
    #[default]
    Unset,
    Set(i64, Place),
    /// It follows from something else, in words.
    Derived(i64, String),
    /// Whether it is set depends on a condition that cannot be decided here.
    Unknown,
}

impl Number {
    pub(super) fn or(&self, other: &Self) -> Self {
        match self {
            Self::Unset => other.clone(),
            found => found.clone(),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    pub(super) backlog: Number,
    pub(super) maxconn: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Global,
    Defaults,
    Frontend,
    Peers,
    LogForward,
    /// The command line interface of the master.
    Master,
    Other,
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) limits: Limits,
    pub(super) binds: Vec<(Vec<Endpoint>, Limits)>,
    pub(super) peers: i64,
}
