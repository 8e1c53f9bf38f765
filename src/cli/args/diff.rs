//! Options of `backlint diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::audit::FailOn;
use super::gate::{ConfigFile, GATE, Selection};
use super::suggest::suggest;
use super::{Rules, Services};

#[derive(Debug, Args)]
pub(in crate::cli) struct Diff {
    /// What was: a snapshot, or a report in JSON; `-` is standard input
    #[arg(value_name = "OLD")]
    pub(in crate::cli) old: PathBuf,
    /// What is: a snapshot, or a report in JSON; `-` is standard input
    #[arg(value_name = "NEW")]
    pub(in crate::cli) new: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    /// How to write the difference
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: DiffFormat,
    #[command(flatten)]
    pub(in crate::cli) selection: Selection,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// Exit with 1 if a new finding is at least this severe, and at least this sure; as for `audit` [default: high]
    #[arg(long, help_heading = GATE, value_name = "SEVERITY[:CONFIDENCE]", value_parser = suggest::<FailOn>(FailOn::names), hide_possible_values = true)]
    pub(in crate::cli) fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DiffFormat {
    /// Text for people
    Table,
    /// JSON, schema backlint/diff/v1
    Json,
}

/// What stands below the options.
pub(in crate::cli) const EXAMPLES: &str = "\
Exit status: 0 no new finding at or above --fail-on (default high); 1 such a finding; 2 bad usage, \
or a file that cannot be understood. A finding that was there before is not new, however bad it is; one that \
NEW could not see is no longer known, and not fixed. Of a report --only and --skip choose findings; its waivers \
are those that it was written with.

Examples:
  backlint diff before.yaml after.yaml                     what a change did
  sudo backlint snapshot | backlint diff last-week.yaml -  what came since
  backlint diff main.json branch.yaml --fail-on medium     gate a branch on what it adds
  backlint diff a.yaml b.yaml --format json                for programs, backlint/diff/v1";
