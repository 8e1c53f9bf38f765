//! Options of `backlint audit`, most of them those of `backlint trace` too.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::gate::{Baselines, ConfigFile, GATE, Selection};
use super::suggest::suggest;
use super::{Rules, Services, Source};
use crate::cli::assume::Assume;
use crate::cli::outputs::Output;
use crate::gate::{Threshold, ThresholdFault};
use crate::rules::Severity;

#[derive(Debug, Args)]
pub(in crate::cli) struct Audit {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
}

/// How a record is judged, and how the report is written.
#[derive(Debug, Args)]
pub(in crate::cli) struct Judging {
    #[command(flatten)]
    pub(in crate::cli) assume: Assume,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) selection: Selection,
    #[command(flatten)]
    pub(in crate::cli) baselines: Baselines,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// Print every setting that is in force, with the place that it comes from, and judge nothing
    #[arg(long, help_heading = GATE)]
    pub(in crate::cli) show_config: bool,
    /// Print a waivers file that would accept all that was found, to be filled in, instead of the report
    #[arg(long, help_heading = GATE, conflicts_with_all = ["format", "show_config"])]
    pub(in crate::cli) print_waivers: bool,
    /// How to write the report: table, json (schema backlint/report/v1), sarif (2.1.0), junit, github (workflow
    /// commands), gitlab (Code Quality), markdown or tap; with a file, there instead of standard output.
    /// Repeatable: `-f sarif=out.sarif -f junit=out.xml` prints the table and writes both
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = suggest::<Output>(Output::names), hide_possible_values = true)]
    pub(in crate::cli) format: Vec<Output>,
    /// Exit with 1 if a finding is at least this severe, and at least this sure: critical, high, medium, low or
    /// info, then certain, likely or possible, such as `high:likely`; `never` to report only [default: high]
    #[arg(long, help_heading = GATE, value_name = "SEVERITY[:CONFIDENCE]", value_parser = suggest::<FailOn>(FailOn::names), hide_possible_values = true)]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// Exit with 3 if something could not be read or evaluated; `--strict=false` undoes what the configuration
    /// says
    #[arg(long, help_heading = GATE, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(in crate::cli) strict: Option<bool>,
}

/// What `--fail-on` takes: a threshold, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct FailOn(pub(in crate::cli) Option<Threshold>);

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(threshold) => threshold.fmt(f),
            None => f.write_str("never"),
        }
    }
}

impl FailOn {
    /// What stands for itself: the severities, and `never`.
    pub(super) fn names() -> Vec<&'static str> {
        let severities = Severity::ALL.iter().map(|severity| severity.name());
        severities.chain(["never"]).collect()
    }

    /// The threshold. `None`: no finding fails.
    pub(in crate::cli) fn threshold(self) -> Option<Threshold> {
        self.0
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self(None));
        }
        let threshold = text.parse().map_err(|fault: ThresholdFault| {
            let near = fault.near.map(|near| format!("; did you mean `{near}`?"));
            format!("{fault}, or never alone{}", near.unwrap_or_default())
        });
        threshold.map(|threshold| Self(Some(threshold)))
    }
}
