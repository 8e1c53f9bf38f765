//! Options of `backlint snapshot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigFile, Rules, Services, Where};

#[derive(Debug, Args)]
pub(in crate::cli) struct Record {
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// File to write; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// How to write; by default JSON for a file that ends in .json, else YAML
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<RecordFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RecordFormat {
    /// YAML
    Yaml,
    /// JSON
    Json,
}
