//! The live host as the readers of configuration see it.

use std::path::Path;

use crate::collect::processes::Processes;
use crate::collect::{files, packages};
use crate::services::host::{Host, Status, Text};

/// The live host.
pub(super) struct Live(Processes);

impl Live {
    /// The host that this procfs shows.
    pub(super) fn new(proc: &Path) -> Self {
        Self(Processes::new(proc))
    }
}

impl Host for Live {
    fn status(&self, pid: u32) -> Option<Status> {
        let status = self.0.status(pid)?;
        Some(Status {
            parent: status.parent,
            started: status.started,
        })
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        self.0.arguments(pid)
    }

    fn directory(&self, pid: u32) -> Option<String> {
        self.0.directory(pid)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        self.0.variable(pid, name)
    }

    fn descriptor_limit(&self, pid: u32) -> Option<(u64, u64)> {
        self.0.descriptor_limit(pid)
    }

    fn package(&self, pid: u32, name: &str) -> Option<String> {
        packages::version(&self.0.root(pid), name)
    }

    fn read(&self, pid: u32, path: &str) -> Result<Option<Text>, String> {
        let file = files::read(&self.0.root(pid), Path::new(path));
        let file = file.map_err(|error| error.to_string())?;
        Ok(file.map(|file| Text {
            text: String::from_utf8_lossy(&file.bytes).into_owned(),
            modified: file.changed,
        }))
    }

    fn list(&self, pid: u32, path: &str) -> Result<Option<Vec<String>>, String> {
        let names = files::list_dir(&self.0.root(pid), Path::new(path));
        let names = names.map_err(|error| error.to_string())?;
        let text = |name: std::path::PathBuf| name.to_str().map(str::to_owned);
        Ok(names.map(|names| names.into_iter().filter_map(text).collect()))
    }
}
