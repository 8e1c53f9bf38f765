//! What one run of a program costs: the time that passed, the time on the processors, the memory.

use std::io;
use std::mem::MaybeUninit;
use std::process::Command;
use std::time::{Duration, Instant};

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

/// Runs a command to its end; what it cost, and its exit status where it had one.
pub(crate) fn run(command: &mut Command) -> io::Result<(Cost, Option<i32>)> {
    let start = Instant::now();
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let (status, usage) = wait(pid)?;
    let wall = start.elapsed();
    let code = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
    let cost = Cost {
        wall,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        memory: usage.ru_maxrss.try_into().unwrap_or_default(),
    };
    Ok((cost, code))
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
