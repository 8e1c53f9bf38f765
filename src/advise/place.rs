//! Where the sysctls of a plan go, so that the machine's own loader gives the kernel these values at
//! the next boot. Pure: from steps and the persistent configuration to changes of files.
//!
//! A place is taken only when it counts: the change is made in memory, and `sysctl_conf::boot` is asked
//! what the next boot would set then. In this order: the line that decides, where it stands;
//! /etc/sysctl.conf, where the loader reads it; a file below /etc that has the last word on the key; a
//! file of backlint's own, with a name behind all others that set the key.
//!
//! Only files below /etc are changed. Those of packages come back with the next update, and what is
//! below /run is gone at the next boot.

mod files;
mod names;
mod planner;
#[cfg(test)]
mod tests;

use super::SysctlStep;
use crate::kernel::version::Version;
use crate::snapshot::{Boot, FileText, Os};
use crate::sysctl_conf::boot::Runs;
use crate::sysctl_conf::edit::{Change, EditError};
use crate::sysctl_conf::normalise_key;
pub use names::DROP_IN;
use planner::Planner;

/// The persistent configuration that the sysctls are put into.
#[derive(Debug, Clone, Copy)]
pub struct Configured<'a> {
    /// The files.
    pub files: &'a [FileText],
    /// What tells who reads them. `None`: nobody looked.
    pub boot: Option<&'a Boot>,
    /// The distribution.
    pub os: Option<&'a Os>,
    /// The kernel.
    pub kernel: Option<Version>,
}

/// Which file shall have the sysctls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// The one that counts at boot.
    Any,
    /// A file of backlint's own in /etc/sysctl.d.
    DropIn,
    /// This one, by its absolute path inside the root.
    File(String),
}

/// The changes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Absolute path inside the root.
    pub path: String,
    /// What to change in it.
    pub changes: Vec<Change>,
}

/// A sysctl that got a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Dotted key.
    pub key: String,
    /// The file.
    pub file: String,
    /// Why there, in words.
    pub why: String,
}

/// A sysctl that needs none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Already {
    /// Dotted key.
    pub key: String,
    /// The value that is there; untrusted.
    pub value: String,
    /// The file that has it.
    pub file: String,
}

/// Where everything goes.
#[derive(Debug)]
pub struct Places {
    /// The files to change, by path.
    pub files: Vec<FileChange>,
    /// The same paths in the order in which the next boot applies them.
    pub load: Vec<String>,
    /// Why each sysctl goes where it goes.
    pub placed: Vec<Placed>,
    /// What is configured already and suffices: it only has to be loaded.
    pub already: Vec<Already>,
    /// What keeps a value from counting at boot, and what was left out because of that.
    pub notes: Vec<String>,
    /// Lines that say something else and do not count, for the header of the diff.
    pub asides: Vec<String>,
    /// What loads the files at boot.
    pub runs: Runs,
}

/// Finds a place for each sysctl.
///
/// # Errors
///
/// When a sysctl cannot be written to a file at all.
pub fn place(
    sysctls: &[&SysctlStep],
    wish: &Wish,
    configured: Configured<'_>,
) -> Result<Places, EditError> {
    let mut planner = Planner::new(configured);
    for step in sysctls {
        let step = SysctlStep {
            key: normalise_key(&step.key),
            ..(*step).clone()
        };
        if planner.has_already(&step) {
            continue;
        }
        match wish {
            Wish::File(path) => planner.put_into(&step, path)?,
            Wish::Any => planner.best(&step)?,
            Wish::DropIn => planner.own(&step)?,
        }
    }
    Ok(planner.finish())
}
