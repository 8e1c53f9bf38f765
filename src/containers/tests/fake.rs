//! A host in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::host::Host;

/// A process of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    pub(super) cgroup: String,
    pub(super) mounts: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) comm: String,
    pub(super) parent: u32,
    pub(super) started: u64,
    pub(super) netns: u64,
    pub(super) user: u32,
}

/// Processes and files.
#[derive(Debug, Default)]
pub(super) struct Fake {
    pub(super) processes: BTreeMap<u32, Process>,
    pub(super) files: BTreeMap<String, String>,
    /// Files that are too long.
    pub(super) long: BTreeSet<String>,
    /// Processes that have backlint's own mount namespace.
    pub(super) sharing: BTreeSet<u32>,
    /// How often anything was asked of a process.
    pub(super) asked: AtomicUsize,
    /// Files that were asked for.
    pub(super) reads: AtomicUsize,
}

impl Fake {
    pub(super) fn process(&mut self, pid: u32, parent: u32, cgroup: &str) -> &mut Process {
        let process = self.processes.entry(pid).or_default();
        process.cgroup = format!("0::{cgroup}\n");
        process.parent = parent;
        process.comm = "redis".to_owned();
        process
    }

    fn of(&self, pid: u32) -> Option<&Process> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.processes.get(&pid)
    }

    pub(super) fn file(&mut self, path: &str, text: impl Into<String>) {
        self.files.insert(path.to_owned(), text.into());
    }
}

impl Host for Fake {
    fn shares_mounts(&self, pid: u32) -> bool {
        self.sharing.contains(&pid)
    }

    fn cgroup(&self, pid: u32) -> Option<String> {
        Some(self.of(pid)?.cgroup.clone())
    }

    fn mounts(&self, pid: u32) -> Option<String> {
        Some(self.of(pid)?.mounts.clone())
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        Some(self.of(pid)?.arguments.clone())
    }

    fn parent(&self, pid: u32) -> Option<u32> {
        Some(self.of(pid)?.parent)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let variables = &self.of(pid)?.environment;
        let found = variables.iter().find(|(known, _)| known == name)?;
        Some(found.1.clone())
    }

    fn comm(&self, pid: u32) -> Option<String> {
        Some(self.of(pid)?.comm.clone())
    }

    fn started(&self, pid: u32) -> Option<u64> {
        Some(self.of(pid)?.started)
    }

    fn netns(&self, pid: u32) -> Option<u64> {
        Some(self.of(pid)?.netns)
    }

    fn user(&self, pid: u32) -> Option<u32> {
        Some(self.of(pid)?.user)
    }

    fn read(&self, path: &str) -> Result<Option<String>, String> {
        // Nothing outside of the folders of runtimes is ever asked for.
        assert!(path.starts_with('/') && !path.contains(".."), "{path:?}");
        assert!(!path.contains(char::is_control), "{path:?}");
        self.reads.fetch_add(1, Ordering::Relaxed);
        match self.long.contains(path) {
            true => Err("it is too long".to_owned()),
            false => Ok(self.files.get(path).cloned()),
        }
    }

    fn list(&self, path: &str) -> Vec<String> {
        assert!(path.starts_with('/') && !path.contains(".."), "{path:?}");
        let below = format!("{path}/");
        let names = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&below));
        let mut names: Vec<String> = names
            .filter_map(|rest| Some(rest.split('/').next()?.to_owned()))
            .collect();
        names.dedup();
        names
    }
}
