//! The command line. The documentation comments here are the help text.

mod audit;
mod diff;
mod explain;
mod gate;
mod image;
mod list;
mod patch;
mod record;
mod rules;
mod suggest;
mod trace;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::netns::Chosen;
use super::why::{self, Why};
use crate::text::shell;
pub(super) use audit::{Audit, FailOn, Judging};
pub(super) use diff::{Diff, DiffFormat};
pub(super) use explain::{Calculator, Explain, PageFormat, Queue};
pub(super) use gate::{ConfigFile, Selection};
pub(super) use image::Image;
pub(super) use list::{List, ListFormat, Sort};
pub(super) use patch::Patch;
pub(super) use record::{Record, RecordFormat};
pub(super) use rules::{
    AuthorCommand, CheckFormat, CheckRules, ListRules, NewRule, RulesFormat, SchemaFormat,
    SchemaKind, SchemaOf, TestRules,
};
pub(super) use trace::Trace;

/// Find the listen() backlogs that the kernel silently truncated, what limits each accept queue,
/// and the change that takes effect.
///
/// Without a command it judges this host. Run it as root to see the processes of all users.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXIT)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<Command>,
    #[command(flatten)]
    pub(in crate::cli) audit: Audit,
}

const EXIT: &str =
    "Exit status: 0 no finding at or above --fail-on (default high); 1 such a finding, or a waiver that is over; \
2 bad usage, a file that cannot be understood, or nothing could be audited; 3 with --strict: gaps.

Examples:
  sudo backlint                                judge this host
  backlint patch | sudo patch -p1 -d /         set what is too small, for the next boot
  sudo backlint --netns docker/web             judge one container
  sudo backlint patch --for docker             the flags that containers need
  backlint snapshot -o web.yaml                keep what was seen
  backlint --snapshot web.yaml --fail-on high  judge it anywhere, without root
  backlint --image web.tar --kernel 5.15       judge a container image without running it
  backlint trace --for 10s -- ./server         what it asks listen() for, and what it gets
  backlint explain BL101                       what a finding means, and how to fix it
  backlint explain queue --backlog 512         what a listener gets, on which kernel
  backlint --snapshot web.yaml --skip BL3xx    without the rules of a family
  backlint --snapshot web.yaml --print-waivers > waivers.yaml
                                               what would accept all that was found: give the reasons
  backlint --snapshot web.yaml --write-baseline known.yaml
                                               from now on only what is new fails, with --baseline known.yaml
  backlint -f sarif=a.sarif -f junit=a.xml     print the table, and write for CI
  backlint diff web.yaml now.yaml              what changed between two records
  backlint --show-config                       what is in force, and from where";

const TRACE: &str = "\
The command runs as the same user, with the same input, output and terminal, and needs no
privilege: a seccomp filter asks backlint about listen() alone. What it prints stays on standard
output, so write other formats than the table to a file: -f json=FILE. As an ordinary user its
setuid programs do not gain their privilege. What calls listen() through io_uring is not seen; if
it still listens at the end it is reported as a gap.

With --host nothing is run: backlint watches every process of the machine, needs root, tracefs and
a kernel with CONFIG_FTRACE_SYSCALLS, and judges the whole host in the end, with certain requests
wherever a call was seen. While it is on every system call of the machine costs a little more. It
makes a ring buffer of its own in tracefs, and a second process removes that if backlint is
killed; if both are killed at once the next `backlint trace --host` does. Calls of 32-bit programs
and through io_uring are not seen; what listens so is reported as a gap.

--merge puts the requests that were seen into a record: listeners of the same workload, protocol,
address and program get them, what else the record has stays, new listeners are added, and
differences are told. The report is about that record.

Signals sent to backlint reach the command; once it has ended, one that asks for an end is for all
that it left behind, which is waited for. A signal that comes while listen() waits for backlint
can end it with EINTR, where its handler does not restart calls. If backlint is killed the command
goes on and can still listen(); if the process that backlint starts to watch the command is
killed, the command and all that it started are killed. If both are, the command is killed, and
daemons that it left can still listen().

Exit status: that of the audit: 0 no finding at or above --fail-on (default high); 1 such a
finding, or a waiver that is over; 2 bad usage, a command that cannot be run or traced, or one
that did not listen as --until-listening says; 3 with --strict: gaps. With --command-status the
command's, 128 and the number of a signal that ended it, unless it was not traced or did not
listen as --until-listening says.

Examples:
  backlint trace -- nginx -g 'daemon off;'     until nginx ends, or Ctrl-C
  backlint trace --for 10s -- redis-server     for ten seconds
  backlint trace --until-listening 1 --for 30s -- ./server
                                               until it listens, and not longer than that
  backlint trace --until-listening :80,/run/x.sock -o web.yaml -- ./start.sh
                                               until both are there; keep what was seen
  backlint trace --new-netns --sysctl net.core.somaxconn=128 --until-listening 1 -- ./server
                                               as if the node had this setting
  sudo backlint trace --host --for 60s         all services of this host that start meanwhile
  sudo backlint trace --host --until-listening :80 --for 5m --merge web.yaml -o web.yaml
                                               during a deploy: keep what it asked for in the record";

/// The commands.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Judge this host or a snapshot (the default command)
    #[command(after_help = EXIT)]
    Audit(Audit),
    /// Run a command, record each listen() of it and all that it starts, and judge what the kernel gave
    #[command(after_help = TRACE)]
    Trace(Trace),
    /// List every listener with its queues, without judging
    #[command(after_help = list::EXAMPLES)]
    List(List),
    /// Write what is seen on this host, to be judged later or elsewhere
    #[command(after_help = record::EXAMPLES)]
    Snapshot(Record),
    /// Compare two records, or reports: findings that are new, fixed or changed, and what explains them
    #[command(after_help = diff::EXAMPLES)]
    Diff(Diff),
    /// Print the change: a unified diff for a sysctl file, or for Docker, Kubernetes, systemd and others
    #[command(after_help = patch::EXAMPLES)]
    Patch(Patch),
    /// Print what sets a sysctl: every file and line, which wins, and the value after the next boot
    #[command(after_help = why::EXAMPLES)]
    Why(Why),
    /// Explain a rule, queue, counter, sysctl or service, or work out a listener's limits (offline)
    Explain(Explain),
    /// Write rules of your own: list, check, test, schema, new
    Rules(rules::Author),
}

/// What is looked at.
#[derive(Debug, Args)]
pub(in crate::cli) struct Source {
    /// Judge this file instead of the host; repeatable, `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["netns", "deep"])]
    pub(in crate::cli) snapshot: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) image: Image,
    #[command(flatten)]
    pub(in crate::cli) place: Where,
}

impl Source {
    /// Whether its options are about the same thing.
    pub(in crate::cli) fn fits(&self) -> Result<(), String> {
        self.image.fits(!self.snapshot.is_empty())
    }
}

/// Where on the host.
#[derive(Debug, Args)]
pub(in crate::cli) struct Where {
    /// Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has
    /// it), a PID or an inode; repeatable [default: all as root, else self]
    #[arg(long, value_name = "NETNS")]
    pub(in crate::cli) netns: Vec<Chosen>,
    /// Search every thread and every descriptor for namespaces that no process is in
    #[arg(long)]
    pub(in crate::cli) deep: bool,
}

impl Where {
    /// The options as a shell takes them, each with a blank in front.
    pub(in crate::cli) fn words(&self) -> String {
        let netns = self.netns.iter().map(ToString::to_string);
        let netns = netns.map(|netns| format!(" --netns {}", shell::word(&netns)));
        netns
            .chain(self.deep.then(|| " --deep".to_owned()))
            .collect()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Rules {
    /// Add the rules of this YAML file or folder to the built-in ones; repeatable
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) rules: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Services {
    /// Add the services of this YAML file or folder to the built-in ones; repeatable
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) services: Vec<PathBuf>,
}
