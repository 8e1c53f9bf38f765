//! Options of `backlint audit`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{Rules, Services, Source};
use crate::cli::assume::Assume;
use crate::gate::{Gate, Threshold, ThresholdFault};

#[derive(Debug, Args)]
pub(in crate::cli) struct Audit {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    #[command(flatten)]
    pub(in crate::cli) assume: Assume,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: ReportFormat,
    /// Exit with 1 if a finding is at least this severe, and at least this sure: critical, high, medium, low or
    /// info, then certain, likely or possible, such as `high:likely`; `never` to report only
    #[arg(long, value_name = "SEVERITY[:CONFIDENCE]", default_value = "high")]
    pub(in crate::cli) fail_on: FailOn,
    /// Exit with 3 if something could not be read or evaluated
    #[arg(long)]
    pub(in crate::cli) strict: bool,
}

impl Audit {
    /// What decides the exit status.
    pub(in crate::cli) fn gate(&self) -> Gate {
        Gate {
            fail_on: self.fail_on.0,
            strict: self.strict,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// Text for people
    Table,
    /// JSON, schema backlint/report/v1
    Json,
}

/// What `--fail-on` takes: a threshold, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct FailOn(Option<Threshold>);

impl FailOn {
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
