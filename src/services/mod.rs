//! What each well-known program asks listen(2) for: its default by version, its configured value,
//! how that is changed, and what makes a change take effect.
//!
//! The facts are data: one YAML file a service below `rules/services/` ([`service::Service`]),
//! with the source of each. A program that is not there has no default: saying nothing is better
//! than a guess. Reads no file by itself: configuration comes in through [`host::Host`].

pub mod catalogue;
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
pub use service::{Ask, Service};

impl Service {
    /// What it asks for by default, in this version where it is known. `None`: its default depends
    /// on the version, and that is not known.
    pub fn default_of(&self, version: Option<&str>) -> Option<&service::Default> {
        let fits = |default: &&service::Default| match (&default.versions, version) {
            (None, _) => true,
            (Some(condition), Some(version)) => versions::fits(version, condition) == Some(true),
            (Some(_), None) => false,
        };
        let found = self.defaults.iter().find(fits)?;
        // Without a version, one of several is no better than another.
        let alone = version.is_some()
            || self
                .defaults
                .iter()
                .all(|default| default.versions.is_none());
        alone.then_some(found)
    }
}
