//! The files as they would be after a change, and the places that a sysctl may go to.

use super::names;
use crate::advise::SysctlStep;
use crate::advise::persistent::suffices;
use crate::snapshot::{FileText, Loader};
use crate::sysctl_conf::boot::{History, Persistent, SYSCTL_CONF};
use crate::sysctl_conf::edit::{Change, EditError, edit_for};
use crate::sysctl_conf::{Entry, entries};

/// A place to try.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Absolute path inside the root.
    pub(super) path: String,
    /// Why there, in words.
    pub(super) why: String,
    /// Whether the machine's loader itself must read it.
    pub(super) loaded: bool,
}

impl Candidate {
    pub(super) fn new(path: &str, why: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            why: why.into(),
            loaded: false,
        }
    }
}

/// Places for a sysctl with this history, best first.
pub(super) fn candidates(
    persistent: &Persistent<'_>,
    step: &SysctlStep,
    history: &History,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some(winner) = history.winner().filter(|winner| winner.key == step.key) {
        let why = format!("line {} there decides at boot", winner.line);
        found.push(Candidate::new(&winner.file, why));
    }
    if let Some(loader) = persistent.runs().loader {
        let why = format!("{loader} reads it, and nothing sets the key after it");
        found.push(Candidate {
            loaded: true,
            ..Candidate::new(SYSCTL_CONF, why)
        });
    }
    let named = history.assignments.iter().rev();
    for line in named.filter(|line| line.key == step.key) {
        let why = match line.value {
            Some(_) => format!("besides line {} there", line.line),
            None => format!("after line {} there, which takes the key back", line.line),
        };
        found.push(Candidate::new(&line.file, why));
    }
    found.extend(own_files(persistent.files(), history));
    found
}

/// Files of backlint's own to try.
pub(super) fn own_files(files: &[FileText], history: &History) -> Vec<Candidate> {
    let set = history.assignments.iter().any(|line| line.value.is_some());
    let why = match set {
        true => "its name comes after those of all files that set the key",
        false => "no other file sets the key",
    };
    let paths = names::all(files).into_iter();
    paths.map(|path| Candidate::new(&path, why)).collect()
}

/// Where a file really is.
pub(super) fn target(file: &FileText) -> &str {
    match file.link.as_deref() {
        Some("/dev/null") | None => &file.path,
        Some(target) => target,
    }
}

/// Whether a path is of a file that is the administrator's, and that can be changed as a sysctl file.
pub(super) fn is_editable(files: &[FileText], path: &str) -> bool {
    let closed = |file: &&FileText| {
        target(file) == path && (file.unread.is_some() || file.link.as_deref() == Some("/dev/null"))
    };
    let plain = path.starts_with("/etc/") && path.split('/').all(|part| part != "..");
    plain && !is_tuned(path) && !files.iter().any(|file| closed(&file))
}

pub(super) fn is_tuned(path: &str) -> bool {
    path.ends_with("/tuned.conf")
}

/// The files without those that do not outlast a boot.
pub(super) fn without_run(files: &[FileText]) -> Vec<FileText> {
    let lasting = |file: &&FileText| !file.path.starts_with("/run/");
    files.iter().filter(lasting).cloned().collect()
}

/// The files with the sysctl in one of them, written for a loader. A line there that suffices is left
/// alone.
pub(super) fn edited(
    loader: Option<Loader>,
    files: &[FileText],
    step: &SysctlStep,
    path: &str,
) -> Result<Vec<FileText>, EditError> {
    let changes = [change(step)];
    let text = |old: Option<&[u8]>| -> Result<String, EditError> {
        let new = edit_for(loader, old, &changes)?;
        Ok(String::from_utf8_lossy(&new).into_owned())
    };
    let mut files = files.to_vec();
    let mut found = false;
    for file in files.iter_mut().filter(|file| target(file) == path) {
        found = true;
        if !has_enough(loader, &file.text, step) {
            file.text = text(Some(file.text.as_bytes()))?;
        }
    }
    if !found {
        files.push(FileText::new(path, text(None)?));
    }
    Ok(files)
}

/// Whether the last word of a text on the key serves the step.
fn has_enough(loader: Option<Loader>, text: &str, step: &SysctlStep) -> bool {
    let mut enough = false;
    let dashes = loader != Some(Loader::Busybox);
    for entry in entries(text.as_bytes()) {
        match entry {
            Entry::Assignment(found)
                if found.key == step.key && (dashes || !found.ignore_errors) =>
            {
                enough = suffices(step, &String::from_utf8_lossy(found.value));
            }
            Entry::Exclusion(found) if found.key == step.key => enough = false,
            _ => {}
        }
    }
    enough
}

pub(super) fn change(step: &SysctlStep) -> Change {
    Change {
        key: step.key.clone(),
        value: step.value.clone(),
        reasons: step.reasons.clone(),
    }
}
