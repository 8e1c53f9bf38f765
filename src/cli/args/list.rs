//! Options of `backlint list`.

use clap::{Args, ValueEnum};

use super::{ConfigFile, Services, Source};
use crate::cli::assume::Assume;
use crate::snapshot::Protocol;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    #[command(flatten)]
    pub(in crate::cli) assume: Assume,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
    /// How to write the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: ListFormat,
    /// Order of the rows
    #[arg(long, value_name = "COLUMN", default_value = "address")]
    pub(in crate::cli) sort: Sort,
    /// Only this protocol; repeatable
    #[arg(long, value_name = "PROTOCOL")]
    pub(in crate::cli) protocol: Vec<ProtocolName>,
    /// Only this port; repeatable
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) port: Vec<u16>,
    /// Only listeners held by a process of this name, pid, executable, unit or container; repeatable
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) process: Vec<String>,
}

/// What stands below the options.
pub(in crate::cli) const EXAMPLES: &str = "\
Exit status: 0 the list was written, which may be empty; 2 bad usage, a file that cannot be understood, or nothing \
could be looked at.

Examples:
  sudo backlint list                     with the processes of all users
  backlint list --sort fill              the fullest first
  backlint list --port 80 --port 443     two ports
  backlint list --process nginx          one service
  backlint list --snapshot web.yaml      what was recorded
  backlint list --format json            for programs, schema backlint/list/v1";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    /// Columns for people
    Table,
    /// JSON, schema backlint/list/v1
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Sort {
    /// Protocol, port, address
    Address,
    /// Most connections waiting first
    Len,
    /// Smallest maximum first
    Max,
    /// Fullest first, as a share of the capacity
    Fill,
    /// Longest SYN queue first
    Syn,
    /// Most drops first
    Drops,
    /// Name of the process
    Process,
}

/// A protocol as the listing names it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct ProtocolName(pub(in crate::cli) Protocol);

impl ValueEnum for ProtocolName {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMES: [ProtocolName; 7] = {
            let all = Protocol::ALL;
            [
                ProtocolName(all[0]),
                ProtocolName(all[1]),
                ProtocolName(all[2]),
                ProtocolName(all[3]),
                ProtocolName(all[4]),
                ProtocolName(all[5]),
                ProtocolName(all[6]),
            ]
        };
        &NAMES
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}
