//! One sysctl from end to end: what runs, what the kernel itself would have, every line that sets it,
//! and what the next boot makes of them.

use std::collections::BTreeMap;

use super::settings::OfKey;
use crate::kernel::sysctls;
use crate::kernel::version::Version;
use crate::snapshot::{FileText, Loader, Namespace, Snapshot};
use crate::sysctl_conf::boot::{Assigned, History, Kernel as _, Persistent, Runs};

/// What sets a sysctl.
#[derive(Debug)]
pub struct Why {
    /// Dotted key.
    pub key: String,
    /// What it decides, where it is known.
    pub meaning: Option<&'static str>,
    /// Why the kernel has no such sysctl; `None`: it has, or may have.
    pub missing: Option<String>,
    /// The value at run time.
    pub running: Option<String>,
    /// The value that the kernel starts with.
    pub kernel_default: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// What loads the files on this machine.
    pub runs: Runs,
    /// Every line that sets it, on this machine.
    pub history: History,
    /// The same with each loader.
    pub with: BTreeMap<Loader, History>,
    /// What else may set it.
    pub notes: Vec<String>,
}

impl Why {
    /// What a record tells of a key. `None`: nobody looked at the files.
    pub fn of(snapshot: &Snapshot, key: &str) -> Option<Self> {
        let persistent = Persistent::of(snapshot)?;
        let release = snapshot.host.kernel.as_deref();
        let version = release.and_then(|release| release.parse::<Version>().ok());
        // No boot makes another namespace than the host's, or the one of a container that boots.
        let first = snapshot.namespaces.first();
        let booted = |netns: &&Namespace| netns.is_host() || persistent.runs().in_container;
        let running = first.filter(booted).and_then(|host| host.sysctls.get(key));
        let kernel = OfKey::new(key, running.is_some(), version);
        let mut notes: Vec<String> = persistent.unread().map(unread).collect();
        notes.extend(first.filter(|netns| !booted(netns)).map(elsewhere));
        notes.extend(persistent.notes(key, snapshot.boot.as_ref()));
        let with = |loader| (loader, persistent.history_with(loader, key, &kernel));
        Some(Self {
            key: key.to_owned(),
            meaning: sysctls::find(key).map(|sysctl| sysctl.meaning),
            missing: kernel.lacks(key),
            running: running.map(ToString::to_string),
            kernel_default: kernel.default(key),
            kernel: release.map(str::to_owned),
            history: persistent.history(key, &kernel),
            with: Loader::ALL.into_iter().map(with).collect(),
            notes,
            runs: persistent.runs().clone(),
        })
    }

    /// The value after a boot with each loader; `None` where nothing sets it.
    pub fn after_boot(&self) -> impl Iterator<Item = (Loader, Option<&str>)> {
        let all = self.with.iter();
        all.map(|(loader, history)| (*loader, history.value.as_deref()))
    }

    /// The loaders that come to another value than this machine's, each with its line.
    pub fn dissent(&self) -> impl Iterator<Item = (Loader, Option<&Assigned>)> {
        let others = self.with.iter();
        let others = others.filter(|(loader, history)| {
            Some(**loader) != self.runs.loader && history.value != self.history.value
        });
        others.map(|(loader, history)| (*loader, history.winner()))
    }
}

fn unread(file: &FileText) -> String {
    let why = file.unread.as_deref().unwrap_or_default();
    format!(
        "{} was not read ({why}): what it sets is not in this answer",
        file.path
    )
}

fn elsewhere(netns: &Namespace) -> String {
    format!(
        "the value of network namespace {} is not told: no boot makes it, and these files do not reach it",
        netns.name
    )
}
