//! Options of `backlint snapshot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigFile, Image, Rules, Services, Where};

#[derive(Debug, Args)]
pub(in crate::cli) struct Record {
    /// Write this record again instead of one of the host; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["netns", "deep"])]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) image: Image,
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// Replace what is private with placeholders: names of hosts, users, containers and programs of your
    /// own, addresses, ids, paths, comments in files. Findings stay what they are
    #[arg(long)]
    pub(in crate::cli) redact: bool,
    /// Keep only what the findings rest on
    #[arg(long)]
    pub(in crate::cli) minimal: bool,
    /// Print the JSON Schema of records instead
    #[arg(long, exclusive = true)]
    pub(in crate::cli) schema: bool,
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

/// What stands below the options.
pub(in crate::cli) const EXAMPLES: &str = "\
Exit status: 0 the record was written; 2 bad usage, a file that cannot be understood, or nothing could be looked at.

Examples:
  sudo backlint snapshot -o web.yaml                   keep what is seen now
  sudo backlint snapshot --minimal --redact -o x.yaml  a fixture, short and harmless
  backlint snapshot --snapshot web.yaml --redact       a record that others may read
  backlint snapshot --snapshot web.yaml -o web.json    the same record in JSON
  backlint snapshot --image web.tar -o web.yaml        what a container image would listen with
  backlint snapshot --schema                           for editors and other programs";
