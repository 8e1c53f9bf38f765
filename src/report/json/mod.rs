//! JSON, in frozen structures by version: a field is added or a version is, nothing else changes.

pub mod v1;

use std::io::{self, Write as _};

use super::{Format, Report};
use crate::assess::Facts;

/// Reports as JSON: one object, or a list of them when several sources were judged.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Format for Json {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        match reports {
            [report] => document(&v1::Report::new(report), out),
            reports => {
                let all: Vec<_> = reports.iter().map(v1::Report::new).collect();
                document(&all, out)
            }
        }
    }
}

/// Bytes that are written at a time.
const PIECE: usize = 64 * 1024;

/// Collects the many small writes of a serializer. `out` could do that too, but is called through a
/// table of functions, some 20 times a line.
struct Pieces<'a> {
    bytes: Vec<u8>,
    out: &'a mut dyn io::Write,
}

impl io::Write for Pieces<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    #[cold]
    fn flush(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.bytes);
        self.bytes.clear();
        written
    }
}

/// Writes one value as JSON.
///
/// # Errors
/// What the writer says.
pub fn document(value: &impl serde::Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut pieces = Pieces {
        bytes: Vec::with_capacity(2 * PIECE),
        out,
    };
    serde_json::to_writer_pretty(&mut pieces, value)?;
    pieces.write_all(b"\n")?;
    pieces.flush()
}

/// The listing as JSON. `keep` says which listeners to show, by namespace and index, in order.
///
/// # Errors
/// What the writer says.
pub fn list(facts: &Facts<'_>, keep: &[(usize, usize)], out: &mut dyn io::Write) -> io::Result<()> {
    document(&v1::List::new(facts, keep), out)
}
