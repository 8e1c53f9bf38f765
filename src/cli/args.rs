//! The command line. The documentation comments here are the help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::netns::Chosen;
use super::why::Why;
use crate::advise::place::DROP_IN;
use crate::report::Gate;
use crate::report::fix::Target;
use crate::rules::Severity;
use crate::snapshot::Protocol;
use crate::text::shell;

/// Find the listen() backlogs that the kernel silently truncated, what limits each accept queue,
/// and the change that takes effect.
///
/// Without a command it judges this host. Run it as root to see the processes of all users.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXIT)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) audit: Audit,
}

const EXIT: &str =
    "Exit status: 0 no finding at or above --fail-on (default high); 1 such a finding; \
2 bad usage, a file that cannot be understood, or nothing could be audited; 3 with --strict: gaps.

Examples:
  sudo backlint                                judge this host
  backlint patch | sudo patch -p1 -d /         set what is too small, for the next boot
  sudo backlint --netns docker/web             judge one container
  sudo backlint patch --for docker             the flags that containers need
  backlint snapshot -o web.yaml                keep what was seen
  backlint --snapshot web.yaml --fail-on high  judge it anywhere, without root";

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Judge this host or a snapshot (the default command)
    #[command(after_help = EXIT)]
    Audit(Audit),
    /// List every listener with its queues, without judging
    List(List),
    /// Write what is seen on this host, to be judged later or elsewhere
    Snapshot(Record),
    /// Print the change: a unified diff for a sysctl file, or for Docker, Kubernetes, systemd and others
    Patch(Patch),
    /// Print what sets a sysctl: every file and line, which wins, and the value after the next boot
    Why(Why),
    /// Print what is known of a service: what it asks for, how to change that, what applies it
    Explain(Explain),
}

/// What is looked at.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Judge this file instead of the host; repeatable, `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["netns", "deep"])]
    pub(super) snapshot: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) place: Where,
}

/// Where on the host.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has
    /// it), a PID or an inode; repeatable [default: all as root, else self]
    #[arg(long, value_name = "NETNS")]
    pub(super) netns: Vec<Chosen>,
    /// Search every thread and every descriptor for namespaces that no process is in
    #[arg(long)]
    pub(super) deep: bool,
}

impl Where {
    /// The options as a shell takes them, each with a blank in front.
    pub(super) fn words(&self) -> String {
        let netns = self.netns.iter().map(ToString::to_string);
        let netns = netns.map(|netns| format!(" --netns {}", shell::word(&netns)));
        netns
            .chain(self.deep.then(|| " --deep".to_owned()))
            .collect()
    }
}

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Add the rules of this YAML file or folder to the built-in ones; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Services {
    /// Add the services of this YAML file or folder to the built-in ones; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) services: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) rules: Rules,
    #[command(flatten)]
    pub(super) services: Services,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: ReportFormat,
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub(super) fail_on: FailOn,
    /// Exit with 3 if something could not be read or evaluated
    #[arg(long)]
    pub(super) strict: bool,
}

impl Audit {
    /// What decides the exit status.
    pub(super) fn gate(&self) -> Gate {
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
pub(super) enum ReportFormat {
    /// Text for people
    Table,
    /// JSON, schema backlint/report/v1
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    /// No finding fails
    Never,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) services: Services,
    /// How to write the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: ListFormat,
    /// Order of the rows
    #[arg(long, value_name = "COLUMN", default_value = "address")]
    pub(super) sort: Sort,
    /// Only this protocol; repeatable
    #[arg(long, value_name = "PROTOCOL")]
    pub(super) protocol: Vec<ProtocolName>,
    /// Only this port; repeatable
    #[arg(long, value_name = "PORT")]
    pub(super) port: Vec<u16>,
    /// Only listeners held by a process of this name, pid, executable, unit or container; repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) process: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Columns for people
    Table,
    /// JSON, schema backlint/list/v1
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sort {
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
pub(super) struct ProtocolName(pub(super) Protocol);

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

#[derive(Debug, Args)]
pub(super) struct Record {
    #[command(flatten)]
    pub(super) place: Where,
    #[command(flatten)]
    pub(super) rules: Rules,
    #[command(flatten)]
    pub(super) services: Services,
    /// File to write; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// How to write; by default JSON for a file that ends in .json, else YAML
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<RecordFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RecordFormat {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Patch {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) rules: Rules,
    #[command(flatten)]
    pub(super) services: Services,
    /// Whom to write the change for: the host's sysctl files, or whatever makes the containers
    #[arg(long = "for", value_name = "TARGET", default_value = "sysctl-conf")]
    pub(super) target: TargetName,
    /// Root directory whose sysctl files are changed
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// File below the root to change, instead of the one that counts at boot
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,
}

/// A target as `--for` names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetName(pub(super) Target);

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
    pub(super) fn snapshot(&self) -> Result<Option<&PathBuf>, &'static str> {
        match self.source.snapshot.as_slice() {
            [] => Ok(None),
            [snapshot] => Ok(Some(snapshot)),
            _ => Err("a patch is made from one --snapshot: each host has files of its own"),
        }
    }

    /// `Err`: an option has no meaning for the target.
    pub(super) fn fits(&self) -> Result<(), String> {
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

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Services, by the names in findings; all names are listed without one
    #[arg(value_name = "SERVICE")]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) services: Services,
}
