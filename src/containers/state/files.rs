//! The state files of runtimes, and which of them are there and could not be understood.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;

use crate::containers::host::Host;
use crate::snapshot::Gap;

/// Files that are told of: users may have any number of odd ones.
const MOST_FAULTS: usize = 16;

/// The files of a host.
pub(super) struct Files<'a> {
    pub(super) host: &'a dyn Host,
    /// Why a file could not be understood, by its path.
    faults: Mutex<BTreeMap<String, String>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self {
            host,
            faults: Mutex::default(),
        }
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.host.read(path).unwrap_or_else(|why| {
            self.fault(path, why);
            None
        })
    }

    /// What a file in JSON says.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        match serde_json::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                // The error's own words may have values of the file in them.
                let (line, column) = (error.line(), error.column());
                let why = format!("line {line}, column {column} is not what a runtime writes");
                self.fault(path, why);
                None
            }
        }
    }

    /// What is not known because of the files that could not be understood.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        let faults = self
            .faults
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let gap = |(path, why)| Gap::new(path, why, "names of its containers");
        faults.into_iter().map(gap).collect()
    }

    fn fault(&self, path: &str, why: String) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < MOST_FAULTS {
            faults.entry(path.to_owned()).or_insert(why);
        }
    }
}
