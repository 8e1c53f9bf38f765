//! What each well-known program asks listen(2) for: its default by version, its configured value,
//! how that is changed, and what makes a change take effect.
//!
//! The facts are data: one YAML file a service below `rules/services/` ([`service::Service`]),
//! with the source of each. A program that is not there has no default: saying nothing is better
//! than a guess. Reads no file by itself: configuration comes in through [`host::Host`].

pub mod catalogue;
mod dotnet;
pub mod endpoint;
pub mod host;
pub mod inspect;
pub mod load;
mod lookup;
mod program;
pub mod readers;
mod recognise;
pub mod service;
mod versions;

pub use catalogue::Catalogue;
pub use recognise::{Identified, speaker};
use service::Sockets;
pub use service::{Ask, Service};

impl Service {
    /// What it asks for by default, for unix sockets or others, in this version where it is known.
    /// `None`: its default depends on the version, and that is not known.
    pub fn default_of(&self, unix: bool, version: Option<&str>) -> Option<&service::Default> {
        let kind = if unix { Sockets::Unix } else { Sockets::Tcp };
        let mut of_kind = self
            .defaults
            .iter()
            .filter(|default| default.sockets.is_none_or(|sockets| sockets == kind));
        match version {
            // Without a version, one of several is no better than another.
            None => of_kind
                .clone()
                .all(|default| default.versions.is_none())
                .then(|| of_kind.next())?,
            Some(version) => of_kind.find(|default| {
                let condition = default.versions.as_ref();
                condition.is_none_or(|condition| versions::fits(version, condition) == Some(true))
            }),
        }
    }
}
