//! A ring buffer of our own below `instances/`, with the events of listen(2) switched on in it and nowhere
//! else. Its name says whose it is, `backlint-PID-START`, so that one whose process is gone can be told
//! apart and removed.
//!
//! Follows Documentation/trace/ftrace.rst, "Instances".

use std::io;

use rustix::fs::{AtFlags, Dir, Mode, mkdirat, unlinkat};
use rustix::io::Errno;

use super::event::{Events, LISTEN};
use super::format::Format;
use super::tracefs::{self, Folder};
use crate::collect::processes::Processes;
use crate::trace::Fault;

const PREFIX: &str = "backlint-";
/// Kilobytes for each processor: some thousand calls, which are read at once.
const BUFFER: &str = "256";

const ENTER: &str = "events/syscalls/sys_enter_listen";
const EXIT: &str = "events/syscalls/sys_exit_listen";
const STATE: &str = "events/sock/inet_sock_set_state";

/// What this process's instance is called. `None`: its start is not known.
pub(super) fn name(processes: &Processes) -> Option<String> {
    let pid = std::process::id();
    let ticks = processes.ticks(pid)?;
    Some(format!("{PREFIX}{pid}-{ticks}"))
}

/// Removes the instances of processes that are gone; their names.
pub(super) fn sweep(instances: &Folder, processes: &Processes) -> Vec<String> {
    let Ok(entries) = Dir::read_from(instances) else {
        return Vec::new();
    };
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_str().ok()?.to_owned();
        is_left(&name, |pid| processes.ticks(pid)).then_some(name)
    });
    // Read to the end before anything is taken out.
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.retain(|name| remove(instances, name).is_ok());
    names
}

/// Whether an instance has the name of a process that is gone.
fn is_left(name: &str, ticks: impl Fn(u32) -> Option<u64>) -> bool {
    let numbers = name.strip_prefix(PREFIX).and_then(|it| it.split_once('-'));
    let numbers = numbers.map(|(pid, start)| (pid.parse().ok(), start.parse().ok()));
    match numbers {
        Some((Some(pid), Some(start))) => ticks(pid) != Some(start),
        _ => false,
    }
}

/// Removes an instance. EBUSY: somebody has a file in it open.
pub(super) fn remove(instances: &Folder, name: &str) -> rustix::io::Result<()> {
    unlinkat(instances, name, AtFlags::REMOVEDIR)
}

/// Makes the instance and switches its events on; what they look like.
pub(super) fn make(instances: &Folder, name: &str) -> Result<(Folder, Events), Fault> {
    mkdirat(instances, name, Mode::RWXU).map_err(refused)?;
    let folder = instances.folder(name).map_err(refused)?;
    let set = |path: &str, text: &str| {
        let wrote = folder.write(path, text);
        wrote.map_err(|error| Fault::io(&format!("tracefs: {path} cannot be set"), &error))
    };
    set("trace_clock", "mono")?;
    set("buffer_size_kb", BUFFER)?;
    // Whoever waits is woken for each event. Kernels before 5.0 do that anyway.
    let _ = folder.write("buffer_percent", "0");
    let format = |path: &str| folder.read(&format!("{path}/format"));
    let enter = format(ENTER).map_err(|error| no_event(&error))?;
    let exit = format(EXIT).map_err(|error| no_event(&error))?;
    // Without the filter it would tell of every connection.
    let filter = format!("newstate == {LISTEN}");
    let state = folder.write(&format!("{STATE}/filter"), &filter);
    let state = state.and_then(|()| format(STATE)).ok();
    let state = state.map(|text| Format::parse(&text));
    let events = Events::new(
        &Format::parse(&enter),
        &Format::parse(&exit),
        state.as_ref(),
    );
    let events = events.ok_or_else(|| {
        Fault::Other("tracefs describes its events in a form that is not known".to_owned())
    })?;
    if state.is_some() {
        set(&format!("{STATE}/enable"), "1")?;
    }
    // The exit first, so that no call is seen without one.
    set(&format!("{EXIT}/enable"), "1")?;
    set(&format!("{ENTER}/enable"), "1")?;
    Ok((folder, events))
}

fn refused(error: Errno) -> Fault {
    let why = match error {
        Errno::NOENT => {
            "this kernel's tracefs has no instances: it needs CONFIG_TRACING".to_owned()
        }
        Errno::PERM | Errno::ACCESS | Errno::ROFS => tracefs::forbidden(),
        Errno::NOMEM => "there is not enough memory for a ring buffer".to_owned(),
        error => format!(
            "no tracefs instance can be made: {}",
            io::Error::from(error)
        ),
    };
    Fault::Refused(format!("the host cannot be traced: {why}"))
}

fn no_event(error: &io::Error) -> Fault {
    let why = match error.kind() {
        io::ErrorKind::NotFound => {
            "this kernel does not trace system calls: it needs CONFIG_FTRACE_SYSCALLS; trace the service's \
             own command instead, `backlint trace -- COMMAND`"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => tracefs::forbidden(),
        _ => format!("the events of listen() cannot be read: {error}"),
    };
    Fault::Refused(format!("the host cannot be traced: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_of_processes_that_are_gone_are_left_over() {
        let ticks = |pid| (pid == 7).then_some(100);
        assert!(is_left("backlint-8-100", ticks));
        assert!(is_left("backlint-7-99", ticks));
        for name in [
            "backlint-7-100",
            "backlint-x-1",
            "backlint-8",
            "other-8-100",
            "backlint-",
        ] {
            assert!(!is_left(name, ticks), "{name}");
        }
    }
}
