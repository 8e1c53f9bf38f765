//! The lines that set a sysctl, by how they fare. Only the administrator's are told from each other: that
//! a distribution's line is beaten, or hidden by a file of the same name, is what it is for.

use std::collections::BTreeMap;

use super::{SettingFacts, Settings, same};
use crate::sysctl_conf::boot::{Assigned, SYSCTL_CONF, Status};

/// A file of the administrator that nothing reads.
#[derive(Debug)]
pub struct DeadFile<'a> {
    /// Absolute path.
    pub path: &'a str,
    /// Why nothing reads it.
    pub why: &'a str,
    /// Its lines that would set other values than the next boot, by key.
    pub lines: Vec<&'a Assigned>,
}

/// Whether an administrator writes this file: /etc/sysctl.conf, those in /etc/sysctl.d, and the kernel's
/// command line.
fn is_own(file: &str) -> bool {
    file == SYSCTL_CONF || file.starts_with("/etc/sysctl.d/") || file == "/proc/cmdline"
}

impl SettingFacts {
    /// The line that counts, or else the last that would set it.
    pub fn line(&self) -> Option<&Assigned> {
        let refused = || {
            let mut lines = self.history.assignments.iter().rev();
            lines.find(|line| line.status == Status::Refused)
        };
        let winner = self.history.winner().or_else(refused);
        winner.or_else(|| self.own().last())
    }

    /// The administrator's lines that name the key itself.
    fn own(&self) -> impl Iterator<Item = &Assigned> {
        let all = self.history.assignments.iter();
        all.filter(|line| line.value.is_some() && line.key == self.key && is_own(&line.file))
    }

    /// Those of them that something reads.
    pub fn read(&self) -> impl Iterator<Item = &Assigned> {
        self.own()
            .filter(|line| !matches!(line.status, Status::Masked | Status::Dead))
    }

    /// Those whose other value is beaten, and whether by another of them.
    fn beaten(&self, by_own: bool) -> impl Iterator<Item = &Assigned> {
        let winner = self.history.winner();
        let winner = winner.filter(|winner| is_own(&winner.file) == by_own);
        let value = winner.and(self.history.value.as_deref());
        self.own().filter(move |line| {
            line.status == Status::Overridden && value.is_some_and(|value| differs(line, value))
        })
    }

    /// Those whose other value is beaten by a line that is not the administrator's.
    pub fn overridden(&self) -> impl Iterator<Item = &Assigned> {
        self.beaten(false)
    }

    /// Those whose other value is beaten by another of them.
    pub fn conflicts(&self) -> impl Iterator<Item = &Assigned> {
        self.beaten(true)
    }

    /// Those that nothing reads, with another value than the next boot's.
    pub fn dead(&self) -> impl Iterator<Item = &Assigned> {
        let after = self.after_boot();
        self.own().filter(move |line| {
            line.status == Status::Dead && after.is_none_or(|after| differs(line, after))
        })
    }

    /// Lines of anybody's files that one of the same name hides.
    pub fn masked(&self) -> impl Iterator<Item = &Assigned> {
        let all = self.history.assignments.iter();
        all.filter(|line| line.status == Status::Masked)
    }
}

fn differs(line: &Assigned, from: &str) -> bool {
    line.value
        .as_deref()
        .is_some_and(|value| !same(&line.key, value, from))
}

impl Settings<'_> {
    /// The administrator's files that nothing reads and that would set other values, by path.
    pub fn dead_files(&self) -> Vec<DeadFile<'_>> {
        let mut files: BTreeMap<&str, DeadFile<'_>> = BTreeMap::new();
        for line in self.iter().flat_map(SettingFacts::dead) {
            let file = files.entry(&line.file).or_insert_with(|| DeadFile {
                path: &line.file,
                why: &line.reason,
                lines: Vec::new(),
            });
            file.lines.push(line);
        }
        files.into_values().collect()
    }

    /// The administrator's lines that their loader reads and can make nothing of, of these files.
    pub fn unusable(&self) -> Vec<&Assigned> {
        let files = self.dead_files().into_iter();
        let lines = files.flat_map(|file| file.lines);
        lines.filter(|line| line.is_unusable()).collect()
    }
}
