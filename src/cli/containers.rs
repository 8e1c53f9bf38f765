//! The live host as the stage that finds containers sees it.

use std::path::Path;

use crate::collect::Sources;
use crate::collect::files::{FileError, Root};
use crate::collect::processes::Processes;
use crate::containers::host::Host;

/// The processes and the files of a host.
pub(super) struct Containers {
    processes: Processes,
    /// `None`: it cannot be opened, so no file is there.
    root: Option<Root>,
    /// Processes that have this one's mount namespace, ascending. `None`: nobody looked.
    sharing: Option<Vec<u32>>,
}

impl Containers {
    /// The host that these sources show.
    pub(super) fn new(sources: &Sources, sharing: Option<Vec<u32>>) -> Self {
        Self {
            sharing,
            processes: Processes::new(&sources.proc),
            root: Root::open(&sources.root).ok(),
        }
    }
}

impl Host for Containers {
    fn shares_mounts(&self, pid: u32) -> bool {
        match &self.sharing {
            Some(sharing) => sharing.binary_search(&pid).is_ok(),
            None => self.processes.shares_mounts(pid),
        }
    }

    fn cgroup(&self, pid: u32) -> Option<String> {
        self.processes.cgroup(pid)
    }

    fn mounts(&self, pid: u32) -> Option<String> {
        self.processes.mounts(pid)
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        self.processes.arguments(pid)
    }

    fn parent(&self, pid: u32) -> Option<u32> {
        Some(self.processes.status(pid)?.parent)
    }

    fn started(&self, pid: u32) -> Option<u64> {
        self.processes.status(pid)?.started
    }

    fn netns(&self, pid: u32) -> Option<u64> {
        self.processes.netns(pid)
    }

    fn user(&self, pid: u32) -> Option<u32> {
        self.processes.user(pid)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        self.processes.environment(pid)?.remove(name)
    }

    fn comm(&self, pid: u32) -> Option<String> {
        self.processes.comm(pid)
    }

    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let Some(root) = &self.root else {
            return Ok(None);
        };
        match root.read(Path::new(path)) {
            Ok(content) => {
                let text = content.map(|it| String::from_utf8_lossy(&it.bytes).into_owned());
                Ok(text)
            }
            Err(error @ FileError::TooLong) => Err(error.to_string()),
            Err(_) => Ok(None),
        }
    }

    fn list(&self, path: &str) -> Vec<String> {
        let names = self.root.as_ref().map(|root| root.list(Path::new(path)));
        let Some(Ok(Some((names, _)))) = names else {
            return Vec::new();
        };
        let text = |name: std::path::PathBuf| name.to_str().map(str::to_owned);
        names.into_iter().filter_map(text).collect()
    }
}
