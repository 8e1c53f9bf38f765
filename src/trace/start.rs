//! Starts the command under the filter. The child installs it on itself and sends the descriptor that
//! the questions come from over a socket, before it becomes the command.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::set_no_new_privs;

use super::sys::{self, Mask, Program, Questions};
use super::{Fault, filter, passing};

/// A command that runs under the filter.
pub(super) struct Started {
    pub(super) pid: Pid,
    pub(super) questions: Questions,
}

/// Starts a command, whose first word is the program and which lets signals through as `mask` does.
pub(super) fn start(words: &[OsString], mask: Mask) -> Result<Started, Fault> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Fault::Other("there is no command to run".to_owned()));
    };
    let other =
        |error: rustix::io::Errno| Fault::io("the command cannot be started", &error.into());
    let (ours, theirs) = passing::pair().map_err(other)?;
    let mut command = Command::new(program);
    command.args(arguments);
    let filter = Program::new(&filter::program());
    let supervisor = Pid::from_raw(i32::try_from(std::process::id()).unwrap_or_default());
    sys::before_exec(&mut command, move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() != supervisor {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        let questions = install(&filter)?;
        passing::send(&theirs, &questions)?;
        mask.set();
        Ok(())
    });
    let spawned = command.spawn();
    // The hook has the other end, and is gone with the command.
    drop(command);
    let sent = passing::receive(&ours);
    let child = match (spawned, &sent) {
        (Ok(child), _) => child,
        (Err(error), Some(_)) => return Err(Fault::exec(program, &error)),
        (Err(error), None) => return Err(Fault::filter(program, &error)),
    };
    let questions =
        sent.ok_or_else(|| Fault::Other("the filter's descriptor did not arrive".to_owned()))?;
    let questions = Questions::new(questions)
        .map_err(|error| Fault::io("the filter cannot be listened to", &error))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok(Started {
        pid: pid.ok_or_else(|| Fault::Other("the command has no pid".to_owned()))?,
        questions,
    })
}

/// Installs the filter, and where that needs it gives up the right to gain privileges first.
fn install(filter: &Program) -> io::Result<OwnedFd> {
    match attempt(filter) {
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
            set_no_new_privs(true)?;
            attempt(filter)
        }
        other => other,
    }
}

fn attempt(filter: &Program) -> io::Result<OwnedFd> {
    match filter.install(true) {
        // Kernels before 5.19 do not know the flag.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => filter.install(false),
        other => other,
    }
}
