//! Options of `backlint patch`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigFile, Rules, Selection, Services, Source};
use crate::advise::place::DROP_IN;
use crate::cli::assume::Assume;
use crate::report::fix::Target;

#[derive(Debug, Args)]
pub(in crate::cli) struct Patch {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    #[command(flatten)]
    pub(in crate::cli) assume: Assume,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) selection: Selection,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// Whom to write the change for: the host's sysctl files, or whatever makes the containers
    #[arg(long = "for", value_name = "TARGET", default_value = "sysctl-conf")]
    pub(in crate::cli) target: TargetName,
    /// Root directory whose sysctl files are changed
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) root: Option<PathBuf>,
    /// File below the root to change, instead of the one that counts at boot
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) file: Option<PathBuf>,
}

/// What stands below the options.
pub(in crate::cli) const EXAMPLES: &str = "\
Exit status: 0 the change was written, or nothing has to be changed; 2 bad usage, a file that cannot be understood, \
or no change can be given.

Examples:
  backlint patch                               what would be changed, as a unified diff
  backlint patch | sudo patch -p1 -d /         change it; the diff says how to load it
  sudo backlint patch --for docker             the flags that containers need
  backlint patch --snapshot web.yaml --for kubernetes
                                               for a recorded host
  backlint patch --root /mnt                   another system's disk";

/// A target as `--for` names it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct TargetName(pub(in crate::cli) Target);

impl ValueEnum for TargetName {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMES: [TargetName; Target::ALL.len()] = {
            let mut names = [TargetName(Target::SysctlConf); Target::ALL.len()];
            let mut n = 0;
            while n < names.len() {
                names[n] = TargetName(Target::ALL[n]);
                n += 1;
            }
            names
        };
        &NAMES
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}

impl Patch {
    /// The snapshot to judge instead of the host; `Err`: more than one was given.
    pub(in crate::cli) fn snapshot(&self) -> Result<Option<&PathBuf>, &'static str> {
        match self.source.snapshot.as_slice() {
            [] => Ok(None),
            [snapshot] => Ok(Some(snapshot)),
            _ => Err("a patch is made from one --snapshot: each host has files of its own"),
        }
    }

    /// `Err`: an option has no meaning for the target.
    pub(in crate::cli) fn fits(&self) -> Result<(), String> {
        let target = self.target.0;
        let name = target.name();
        if target.changes_sysctl_files() {
            return match &self.file {
                Some(_) if target == Target::DropIn => Err(format!(
                    "--for {name} changes {DROP_IN}: leave --file out, or leave --for out"
                )),
                _ => Ok(()),
            };
        }
        let options = [
            (self.file.is_some(), "--file", "sysctl-conf"),
            (self.root.is_some(), "--root", "sysctl-conf or drop-in"),
        ];
        match options.iter().find(|(given, ..)| *given) {
            Some((_, option, others)) => Err(format!(
                "--for {name} changes no sysctl file: {option} is for --for {others}"
            )),
            None => Ok(()),
        }
    }
}
