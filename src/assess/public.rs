//! What everybody knows, for the redaction of records: the programs of the catalogue of services and the
//! kernel's sysctls.

use std::ops::Range;

use crate::kernel::sysctls::{self, Existence};
use crate::services::Catalogue;
use crate::services::known::KnownNames;
use crate::snapshot::redact::Public;

/// The names that the catalogues have.
#[derive(Debug)]
pub struct Catalogued(KnownNames);

impl Catalogued {
    /// The names of these services; those of the user's own files count, since verdicts rest on them.
    pub fn new(catalogue: &Catalogue) -> Self {
        Self(KnownNames::of(catalogue))
    }
}

impl Public for Catalogued {
    fn program(&self, name: &str) -> Option<Range<usize>> {
        self.0.covers(name)
    }

    fn is_sysctl(&self, key: &str) -> bool {
        sysctls::is_known(key)
    }

    fn is_slip(&self, key: &str) -> bool {
        // A word without a dot is a sysctl nowhere.
        let meant = || sysctls::existence(key, None);
        key.contains('.') && matches!(meant(), Existence::Misspelt { .. })
    }

    fn is_component(&self, word: &str) -> bool {
        sysctls::is_component(word)
    }
}
