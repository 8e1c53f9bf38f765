//! Options of `backlint explain`.

use clap::{Args, Subcommand, ValueEnum};

use super::{ConfigFile, Rules, Services};
use crate::kernel::version::Version;

/// What a word can mean, in the order in which it is looked up.
const TOPICS: &str = "\
A word is looked up in this order, and the first that has it counts:
  rule     its id or name: BL101, backlog-truncated
  family   BL2, BL2xx: the rules whose ids begin so
  topic    accept-queue, syn-queue, client-symptoms and others
  counter  ListenOverflows, TcpExt.ListenOverflows
  sysctl   somaxconn, net.core.somaxconn, net/core/somaxconn
  service  nginx, php-fpm: what it asks for, and what applies a change
`KIND:WORD`, such as `service:redis`, looks it up as that kind alone. Nothing of this host is read.

Exit status: 0 all was explained; 2 bad usage, or a word that nothing has.

Examples:
  backlint explain                           list everything that there is to explain
  backlint explain BL101                     one rule
  backlint explain somaxconn ListenOverflows
  backlint explain queue --backlog 512 --somaxconn 128 --kernel 3.10";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true, after_help = TOPICS)]
pub(in crate::cli) struct Explain {
    #[command(subcommand)]
    pub(in crate::cli) calculator: Option<Calculator>,
    /// Rules, queues, counters, sysctls, services, topics; without one, all that there are
    #[arg(value_name = "TOPIC")]
    pub(in crate::cli) words: Vec<String>,
    /// How to write the pages
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: PageFormat,
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PageFormat {
    /// Text for people
    Text,
    /// JSON, schema backlint/explain/v1, or backlint/queue/v1 of `queue`
    Json,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Calculator {
    /// Work out the limits of a listener's queues, step by step, for a kernel
    #[command(after_help = QUEUE)]
    Queue(Queue),
}

const QUEUE: &str = "\
Exit status: 0 the limits were worked out; 2 bad usage, or a value that the kernel would refuse.

Examples:
  backlint explain queue --backlog 512                   with the kernel's own defaults
  backlint explain queue --backlog 512 --somaxconn 128 --kernel 3.10
                                                         on an older kernel
  backlint explain queue --backlog 511 --format json     for programs, schema backlint/queue/v1";

/// What a listener's queues follow from.
#[derive(Debug, Args, Default)]
pub(in crate::cli) struct Queue {
    /// What the program passes to listen(2); negative is as much as there is [default: 4096,
    /// glibc's SOMAXCONN]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = backlog)]
    pub(in crate::cli) backlog: Option<i32>,
    /// net.core.somaxconn [default: the kernel's own, 4096 since Linux 5.4 and 128 before]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = number)]
    pub(in crate::cli) somaxconn: Option<i64>,
    /// net.ipv4.tcp_max_syn_backlog [default: that of a machine with some 24 GiB, 2048 since Linux
    /// 5.4 and 1024 before]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = number)]
    pub(in crate::cli) max_syn_backlog: Option<i64>,
    /// net.ipv4.tcp_syncookies [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = number)]
    pub(in crate::cli) syncookies: Option<i64>,
    /// The kernel's version, such as 3.10 or what `uname -r` prints [default: the newest that was
    /// measured]
    #[arg(long, value_name = "VERSION", value_parser = kernel)]
    pub(in crate::cli) kernel: Option<Version>,
    /// How to write the answer
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<PageFormat>,
}

fn number(text: &str) -> Result<i64, String> {
    let wrong = |_| "write a whole number in digits alone, such as 4096".to_owned();
    text.trim().parse().map_err(wrong)
}

/// An `int`, as listen(2) takes it.
fn backlog(text: &str) -> Result<i32, String> {
    let (least, most) = (i32::MIN, i32::MAX);
    let wrong = |_| format!("listen() takes a number from {least} to {most}");
    i32::try_from(number(text)?).map_err(wrong)
}

fn kernel(text: &str) -> Result<Version, String> {
    let wrong = |()| "write it like 5.10, or as `uname -r` prints it".to_owned();
    text.trim().parse().map_err(wrong)
}
