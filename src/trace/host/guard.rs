//! A second process that does one thing: when the first is gone, however it went, it removes the instance.
//! It has a session of its own, so that no terminal reaches it, and nothing open of what the first has.
//!
//! - The first is killed: the guard removes the instance.
//! - The guard is killed: the first starts another one.
//! - Both are killed at once: the next trace of the host removes it (`instance::sweep`).

use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::instance;
use super::tracefs::Folder;
use crate::trace::detached::detach;
use crate::trace::{Fault, sys};

/// How long the kernel may take to close what a killed process had open.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

pub(super) struct Guard {
    pid: Pid,
    /// Closed when this process ends: that is all that the guard waits for.
    line: Option<UnixStream>,
}

impl Guard {
    /// Starts it. This process must have one thread, with the signals blocked that a terminal or an
    /// operator sends.
    pub(super) fn start(instances: &Folder, name: &str) -> Result<Self, Fault> {
        let fault = |error: &std::io::Error| Fault::io("no second process can be made", error);
        let (ours, theirs) = UnixStream::pair().map_err(|error| fault(&error))?;
        match sys::fork().map_err(|error| fault(&error))? {
            sys::Side::Parent(pid) => Ok(Self {
                pid,
                line: Some(ours),
            }),
            sys::Side::Child => {
                let done = wait(instances, name, theirs);
                sys::leave(i32::from(done.is_none()))
            }
        }
    }

    /// Whether it still runs.
    pub(super) fn runs(&self) -> bool {
        matches!(
            waitpid(Some(self.pid), WaitOptions::NOHANG),
            Ok(None) | Err(Errno::INTR)
        )
    }

    /// Lets it do its work, and waits for that.
    pub(super) fn finish(&mut self) {
        if self.line.take().is_some() {
            while matches!(
                waitpid(Some(self.pid), WaitOptions::empty()),
                Err(Errno::INTR)
            ) {}
        }
    }
}

/// The guard's whole life. `None`: it could not get ready, or the instance stays.
fn wait(instances: &Folder, name: &str, mut line: UnixStream) -> Option<()> {
    // The other end of the line is closed too, which would never be otherwise.
    detach(&[instances.as_fd().as_raw_fd(), line.as_raw_fd()])?;
    // Nothing is ever said. An error is an end too.
    while matches!(line.read(&mut [0]), Ok(1..)) {}
    let end = Instant::now() + PATIENCE;
    loop {
        match instance::remove(instances, name) {
            Ok(()) | Err(Errno::NOENT) => return Some(()),
            Err(_) if Instant::now() > end => return None,
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}
