//! The live host as the readers of configuration see it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::input::words;
use crate::collect::files::{FileError, Root};
use crate::collect::packages;
use crate::collect::processes::Processes;
use crate::services::host::{Host, Listing, Status, Text};

/// Root directories that are kept open: more than threads that read.
const MOST_ROOTS: usize = 32;

/// The live host.
pub(super) struct Live {
    processes: Processes,
    /// The root directories that were read last: one service's files come one after the other.
    roots: Mutex<BTreeMap<u32, Arc<Root>>>,
    /// The environment that was read last.
    environment: Mutex<Option<(u32, BTreeMap<String, String>)>>,
}

impl Live {
    /// The host that this procfs shows.
    pub(super) fn new(proc: &Path) -> Self {
        Self {
            processes: Processes::new(proc),
            roots: Mutex::default(),
            environment: Mutex::default(),
        }
    }

    fn root(&self, pid: u32) -> Result<Arc<Root>, String> {
        let open = || Root::open(&self.processes.root(pid)).map(Arc::new);
        let Ok(mut roots) = self.roots.lock() else {
            return open().map_err(|error| words(&error));
        };
        if let Some(root) = roots.get(&pid) {
            return Ok(Arc::clone(root));
        }
        let root = open().map_err(|error| words(&error))?;
        if roots.len() >= MOST_ROOTS {
            roots.clear();
        }
        roots.insert(pid, Arc::clone(&root));
        Ok(root)
    }
}

impl Host for Live {
    fn status(&self, pid: u32) -> Option<Status> {
        let status = self.processes.status(pid)?;
        Some(Status {
            parent: status.parent,
            started: status.started,
        })
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        self.processes.arguments(pid)
    }

    fn directory(&self, pid: u32) -> Option<String> {
        self.processes.directory(pid)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let Ok(mut last) = self.environment.lock() else {
            return self.processes.environment(pid)?.get(name).cloned();
        };
        // One service asks for many variables of one process.
        if last.as_ref().is_none_or(|(known, _)| *known != pid) {
            let environment = self.processes.environment(pid).unwrap_or_default();
            *last = Some((pid, environment));
        }
        last.as_ref()?.1.get(name).cloned()
    }

    fn descriptor_limit(&self, pid: u32) -> Option<(u64, u64)> {
        self.processes.descriptor_limit(pid)
    }

    fn package(&self, pid: u32, name: &str) -> Option<String> {
        let root = self.root(pid).ok()?;
        packages::version(&root, name)
    }

    fn read(&self, pid: u32, path: &str) -> Result<Option<Text>, String> {
        let file = self.root(pid)?.read(Path::new(path));
        let file = file.map_err(|error| why(&error))?;
        Ok(file.map(|content| Text {
            text: text(content.bytes),
            modified: content.changed,
        }))
    }

    fn list(&self, pid: u32, path: &str) -> Result<Option<Listing>, String> {
        let listing = self.root(pid)?.list(Path::new(path));
        let listing = listing.map_err(|error| why(&error))?;
        let text = |name: std::path::PathBuf| name.to_str().map(str::to_owned);
        Ok(listing.map(|(names, modified)| Listing {
            names: names.into_iter().filter_map(text).collect(),
            modified,
        }))
    }
}

/// Bytes as text, copied only where they are not UTF-8.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn why(error: &FileError) -> String {
    match error {
        FileError::Io(error) => words(error),
        error => error.to_string(),
    }
}
