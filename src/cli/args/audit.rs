//! Options of `backlint audit`.

use clap::{Args, ValueEnum};

use super::{Rules, Services, Source};
use crate::cli::assume::Assume;
use crate::report::Gate;
use crate::rules::Severity;

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
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub(in crate::cli) fail_on: FailOn,
    /// Exit with 3 if something could not be read or evaluated
    #[arg(long)]
    pub(in crate::cli) strict: bool,
}

impl Audit {
    /// What decides the exit status.
    pub(in crate::cli) fn gate(&self) -> Gate {
        let fail_on = match self.fail_on {
            FailOn::Critical => Some(Severity::Critical),
            FailOn::High => Some(Severity::High),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::Low => Some(Severity::Low),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        };
        Gate {
            fail_on,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    /// No finding fails
    Never,
}
