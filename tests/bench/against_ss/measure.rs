//! Running a tool and measuring it: the time that passed, the time on the processors, the memory.

use std::env;
use std::io;
use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From before fork(2) to after wait(2).
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Largest resident set, KiB. NOTE: exec(2) counts what the process that forked had resident
    /// (`exec_mmap` in fs/exec.c), so this is never below the 3 MiB of this program.
    pub(crate) memory: u64,
}

/// Runs a tool with its output to /dev/null.
pub(crate) fn run(tool: Tool, pids: &str) -> io::Result<Cost> {
    let mut command = tool.command(pids);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let (status, usage) = wait(pid)?;
    let wall = start.elapsed();
    let code = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
    if !tool.answered(code) {
        let why = format!("{} ended with status {status}", tool.title());
        return Err(io::Error::other(why));
    }
    Ok(Cost {
        wall,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        memory: usage.ru_maxrss.try_into().unwrap_or_default(),
    })
}

fn time(value: libc::timeval) -> Duration {
    let seconds = value.tv_sec.try_into().unwrap_or_default();
    let micros = value.tv_usec.try_into().unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// Waits for a child. No crate offers wait4(2) with the resource usage of that one child.
#[allow(unsafe_code)]
fn wait(pid: i32) -> io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are valid for writing, for the time of the call.
        let found = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
        if found == pid {
            // SAFETY: all zeroes is a valid rusage, and the kernel may have written another.
            return Ok((status, unsafe { usage.assume_init() }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
