//! Options that say what counts: rules, waivers, baseline, and the configuration that may say the same.

use std::path::PathBuf;

use clap::Args;

use crate::cli::output;
use crate::text::shell;

/// The heading of these options in the help.
pub(super) const GATE: &str = "What counts";

/// Which rules run, and which findings are accepted.
#[derive(Debug, Args)]
pub(in crate::cli) struct Selection {
    /// Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME);
    /// repeatable, or with commas. Takes the place of what the configuration selects
    #[arg(long, help_heading = GATE, value_name = "RULE", value_delimiter = ',')]
    pub(in crate::cli) only: Vec<String>,
    /// Leave these rules out, named as for --only; counts after --only, and adds to the configuration's
    #[arg(long, help_heading = GATE, value_name = "RULE", value_delimiter = ',')]
    pub(in crate::cli) skip: Vec<String>,
    /// Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day;
    /// repeatable, adds to the configuration's
    #[arg(long, help_heading = GATE, value_name = "FILE")]
    pub(in crate::cli) waivers: Vec<PathBuf>,
}

impl Selection {
    /// The options as a shell takes them, each with a blank in front.
    pub(in crate::cli) fn words(&self) -> String {
        let only = self.only.iter().map(|rule| ("--only", rule));
        let skip = self.skip.iter().map(|rule| ("--skip", rule));
        let rules = only.chain(skip);
        let rules = rules.map(|(option, rule)| format!(" {option} {}", shell::word(rule)));
        let waivers = self.waivers.iter();
        rules
            .chain(waivers.map(|path| output::argument("--waivers", path)))
            .collect()
    }
}

/// What was known before.
#[derive(Debug, Args)]
pub(in crate::cli) struct Baselines {
    /// Fail only for findings that this file does not have; the others are marked as known
    #[arg(long, help_heading = GATE, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Write the findings that are in force to this file, to be given with --baseline; the run is judged by it, so
    /// nothing that was found fails it
    #[arg(long, help_heading = GATE, value_name = "FILE", conflicts_with_all = ["print_waivers", "show_config"])]
    pub(in crate::cli) write_baseline: Option<PathBuf>,
}

/// Where settings come from.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigFile {
    /// Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml,
    /// backlint.yaml or .backlint.yaml from the current directory upwards
    #[arg(long, help_heading = GATE, value_name = "FILE", conflicts_with = "no_config")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Take no settings from a file
    #[arg(long, help_heading = GATE)]
    pub(in crate::cli) no_config: bool,
}

impl ConfigFile {
    /// The options as a shell takes them, each with a blank in front.
    pub(in crate::cli) fn words(&self) -> String {
        let file = self.config.as_deref();
        let none = self.no_config.then(|| " --no-config".to_owned());
        let file = file.map(|path| output::argument("--config", path));
        file.or(none).unwrap_or_default()
    }
}
