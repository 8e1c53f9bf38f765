//! Watches a command call listen(2): with a seccomp filter that asks about that call alone, so that the
//! command needs no privilege and its other calls cost nothing. Looks at the host as `collect` does, and
//! holds no opinion on what it sees.
//!
//! Two processes, because every later listen(2) of a traced process fails with ENOSYS once nobody has the
//! descriptor that the filter's questions come from. The one that the user started (`watcher`) prints and
//! judges; the other (`supervisor`) is the parent of the command and answers.
//!
//! - The watcher is killed: the supervisor goes on answering until nothing that it traces is left.
//! - The supervisor is killed: the command is killed too, and the watcher kills its descendants.
//! - Both are killed at once: the command is killed. What it left behind can still listen, because a third
//!   process (`keeper`) has that descriptor too, and does nothing until it is the last.

mod call;
mod detached;
mod filter;
mod held;
pub mod host;
mod isolate;
mod keeper;
mod message;
mod passing;
mod pending;
mod record;
mod socket;
mod start;
mod supervisor;
mod sys;
mod until;
mod watcher;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use call::{Call, Outcome, Socket};
pub use until::Until;

use crate::collect::{Seen, Wanted};
use crate::snapshot::Snapshot;

/// What to run, and for how long.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// End the command after this time.
    pub time: Option<Duration>,
    /// End the command once all of these came true.
    pub until: Vec<Until>,
    /// Run it in a network namespace of its own, in which these sysctls have these values.
    pub isolated: Option<Vec<(String, String)>>,
}

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// With this exit status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl Ended {
    /// The exit status as a shell has it: 128 and the number of a signal.
    pub fn status(self) -> u8 {
        let number = match self {
            Self::Status(status) => status,
            Self::Signal(signal) => 128 + signal,
        };
        u8::try_from(number & 0xff).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "with exit status {status}"),
            Self::Signal(signal) => write!(f, "by signal {signal}"),
        }
    }
}

/// What a trace has seen.
#[derive(Debug, Serialize, Deserialize)]
pub struct Traced {
    /// The record of what listens, or listened, with what it asked for.
    pub snapshot: Snapshot,
    /// How the command ended.
    pub ended: Ended,
    /// Whether it was ended by us, because its time was over or what was waited for came true.
    pub cut: bool,
    /// Calls that were seen.
    pub calls: u64,
    /// Calls of those that were not told as they happened, because nobody took what was told before.
    pub untold: u64,
    /// What did not come true of [`Options::until`].
    pub missing: Vec<String>,
}

/// Why a command could not be traced.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
pub enum Fault {
    /// The command cannot be run at all.
    #[error("{0}")]
    Command(String),
    /// The kernel has no such filter, or something forbids it.
    #[error("{0}")]
    Refused(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    fn io(what: &str, error: &io::Error) -> Self {
        Self::Other(format!("{what}: {error}"))
    }

    /// execve(2) failed.
    fn exec(program: &OsString, error: &io::Error) -> Self {
        let program = program.to_string_lossy();
        Self::Command(format!("{program}: it cannot be run: {error}"))
    }

    /// The child ended before it had sent the filter's descriptor.
    fn filter(program: &OsString, error: &io::Error) -> Self {
        let why = match error.raw_os_error() {
            Some(libc::EBUSY) => {
                "it is traced already: the kernel allows one such filter for a process and all that it starts"
            }
            Some(libc::EINVAL | libc::ENOSYS) => {
                "this kernel has no seccomp user notification: it needs Linux 5.5 and CONFIG_SECCOMP_FILTER"
            }
            Some(libc::EPERM | libc::EACCES) => {
                "a sandbox forbids seccomp filters: allow the system call seccomp(2) in its profile, \
                 as Docker's default profile does"
            }
            _ => return Self::exec(program, error),
        };
        let program = program.to_string_lossy();
        Self::Refused(format!("{program} cannot be traced: {why}"))
    }
}

/// Runs a command and records each listen(2) of it and of everything that it starts.
///
/// `tell` gets each call as it happens; `complete` makes a record of what was seen while the processes
/// still run, in a process of its own. This process must have one thread.
///
/// # Errors
///
/// [`Fault`] when the command was not run, or not watched to its end.
pub fn run(
    options: &Options,
    wanted: &Wanted,
    complete: impl FnOnce(Seen) -> Snapshot,
    tell: impl FnMut(&Call),
) -> Result<Traced, Fault> {
    if !filter::KNOWN_MACHINE {
        let why = "the numbers of its system calls are known for x86-64 and aarch64 alone";
        return Err(Fault::Refused(format!("nothing can be traced here: {why}")));
    }
    let watcher = watcher::Watcher::new()?;
    let (line, end) = keeper::line()?;
    let (ours, theirs) = message::channel()?;
    match sys::fork().map_err(|error| Fault::io("no process can be made", &error))? {
        sys::Side::Parent(supervisor) => {
            drop(theirs);
            let keeper = keeper::Keeper::start(line, end);
            watcher.run(ours, supervisor, keeper, tell)
        }
        sys::Side::Child => {
            let before = watcher.before();
            drop((ours, watcher, end));
            let work = || supervisor::run((options, before, &line), wanted, complete, theirs);
            // Nothing of the caller may happen a second time here.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            sys::leave(i32::from(done.is_err()))
        }
    }
}
