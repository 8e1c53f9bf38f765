//! A process that has nothing to do with what started it, so that it outlives that: no terminal, no signals
//! of a group, no descriptors.

use std::os::fd::RawFd;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{chdir, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::sys;

/// Makes this forked process such a one, which keeps these descriptors. Nothing that owns another one may be
/// used again, so it has to end with [`sys::leave`]. `None`: it has to end at once.
pub(super) fn detach(kept: &[RawFd]) -> Option<()> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    if let Ok(null) = openat(CWD, "/dev/null", flags, Mode::empty()) {
        // What reads the first one's output must not wait for this one.
        let _ = dup2_stdin(&null)
            .and_then(|()| dup2_stdout(&null))
            .and_then(|()| dup2_stderr(&null));
    }
    let _ = setsid();
    let _ = chdir("/");
    let kept: Vec<RawFd> = [0, 1, 2].into_iter().chain(kept.iter().copied()).collect();
    sys::keep_open(&kept).ok()
}
