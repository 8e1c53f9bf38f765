//! Running a tool and measuring it: the time that passed, the time on the processors, the memory.

use std::env;
use std::io;
use std::process::{Command, Stdio};

use crate::cost;
pub(crate) use crate::cost::Cost;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The full audit.
    Audit,
    /// The listing without a judgement.
    List,
    /// ss.
    Ss,
    /// nsenter and ss for each process of the scenario.
    SsInEach,
}

impl Tool {
    /// Its command line for people.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Ss => format!("ss {}", self.arguments().join(" ")),
            Self::SsInEach => "nsenter -n ss -Hltnp, each".to_owned(),
            _ => format!("backlint {}", self.arguments().join(" ")),
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Audit => &["--format", "json"],
            Self::List => &["list", "--format", "json"],
            Self::Ss => &["-Hltnp"],
            Self::SsInEach => &[
                "-c",
                "for pid in $PIDS; do nsenter -t $pid -n ss -Hltnp; done",
            ],
        }
    }

    /// The command, in an environment that is the same for every run.
    pub(crate) fn command(self, pids: &str) -> Command {
        let mut command = match self {
            Self::Ss => Command::new("ss"),
            Self::SsInEach => Command::new("sh"),
            _ => Command::new(env!("CARGO_BIN_EXE_backlint")),
        };
        command
            .args(self.arguments())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("PIDS", pids)
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// Whether an exit status is an answer: an audit that found something exits with 1.
    pub(crate) fn answered(self, status: Option<i32>) -> bool {
        status == Some(0) || (self == Self::Audit && status == Some(1))
    }
}

/// Runs a tool with its output to /dev/null.
pub(crate) fn run(tool: Tool, pids: &str) -> io::Result<Cost> {
    let mut command = tool.command(pids);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (cost, code) = cost::run(&mut command)?;
    match tool.answered(code) {
        true => Ok(cost),
        false => Err(io::Error::other(format!(
            "{} ended with {code:?}",
            tool.title()
        ))),
    }
}
