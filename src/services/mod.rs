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
pub mod known;
pub mod load;
mod lookup;
mod program;
pub mod readers;
mod recognise;
pub mod service;
pub mod start;
mod versions;

pub use catalogue::Catalogue;
pub use recognise::{Identified, is_supervisor, socket_in, speaker};
use service::Sockets;
pub use service::{Ask, Service};

impl Service {
    /// Whether it is known by the language of the executable alone, so that the program may as well
    /// use another library for its sockets.
    pub fn is_only_a_language(&self) -> bool {
        let mut signs = self.recognise.iter();
        signs.all(|signs| signs.runtime.is_some() && signs.name.0.is_empty())
    }

    /// What it asks for by default, for unix sockets or others, in this version where it is known.
    /// Where it is not, that is the default without a condition on the version. `None`: there is
    /// none, and which of several it is cannot be told.
    pub fn default_of(&self, unix: bool, version: Option<&str>) -> Option<&service::Default> {
        let kind = if unix { Sockets::Unix } else { Sockets::Tcp };
        self.defaults.iter().find(|default| {
            let of_kind = default.sockets.is_none_or(|sockets| sockets == kind);
            let of_version = match (&default.versions, version) {
                (None, _) => true,
                (Some(condition), Some(version)) => {
                    versions::fits(version, condition) == Some(true)
                }
                (Some(_), None) => false,
            };
            of_kind && of_version
        })
    }
}
