//! JSON, in frozen structures by version: a field is added or a version is, nothing else changes.

pub mod v1;

use std::io;

use super::{Format, Report};
use crate::assess::Facts;

/// Reports as JSON: one object, or a list of them when several sources were judged.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Format for Json {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        match reports {
            [report] => serde_json::to_writer_pretty(&mut *out, &v1::Report::new(report))?,
            reports => {
                let all: Vec<_> = reports.iter().map(v1::Report::new).collect();
                serde_json::to_writer_pretty(&mut *out, &all)?;
            }
        }
        out.write_all(b"\n")
    }
}

/// The listing as JSON. `keep` says which listeners to show, by namespace and index, in order.
///
/// # Errors
/// What the writer says.
pub fn list(facts: &Facts<'_>, keep: &[(usize, usize)], out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &v1::List::new(facts, keep))?;
    out.write_all(b"\n")
}
