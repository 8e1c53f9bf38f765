//! `backlint trace --merge`: the record that requests go into.

use std::path::Path;

use super::Watched;
use crate::cli::input::{self, Failure};
use crate::cli::output;
use crate::snapshot::Snapshot;
use crate::snapshot::merge::merge;

/// Lines that are told about single listeners.
const TOLD: usize = 50;

/// The record of `--merge`.
pub(super) struct Merging {
    pub(super) name: String,
    record: Snapshot,
}

impl Merging {
    /// Reads it, before anything is watched: mistakes come first.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let document = input::document(path).map_err(|fault| {
            let words = output::argument("-o", path);
            fault.with_help(format!("`backlint snapshot{words}` writes such a file"))
        });
        let (name, text) = document?;
        let record = input::record(&name, &text)?;
        if text.lines().any(|line| line.trim_start().starts_with('#')) {
            output::note(&format!(
                "{name}: its comments are not kept by what -o writes"
            ));
        }
        Ok(Self { name, record })
    }

    /// The record with what was watched, and tells what changed. `alone`: whose only namespaces are the same
    /// one.
    pub(super) fn merged(&mut self, watched: &Watched, alone: bool) -> Snapshot {
        let mut record = std::mem::take(&mut self.record);
        let hosts = [&record.host.name, &watched.snapshot.host.name];
        if let ([Some(file), Some(here)], false) = (hosts, alone)
            && file != here
        {
            output::note(&format!(
                "{}: it is of the host {file}, and this is {here}",
                self.name
            ));
        }
        let told = merge(&mut record, &watched.snapshot, &watched.gone, alone);
        for it in told.iter().take(TOLD) {
            output::note(&format!("{}: {it}", self.name));
        }
        if let Some(more @ 1..) = told.len().checked_sub(TOLD) {
            output::note(&format!("{}: and {more} more", self.name));
        }
        record
    }
}
