//! Work inside a network namespace: a thread of its own enters it, works, and ends. The calling
//! thread stays where it is.
//!
//! Follows setns(2). It needs CAP_SYS_ADMIN in the user namespace that owns the network namespace,
//! and in the caller's. NOTE: before Linux 5.10 procfs could show a thread that had moved the files
//! of the namespace before, so no thread enters a second one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::thread;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, open, openat2};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{Id, Netns, Way, of_process};

/// Runs `work` in the namespace, given its opened file.
///
/// # Errors
///
/// Why it could not be entered; ENOENT where it is gone.
pub(in crate::collect) fn inside<T: Send>(
    proc: &Path,
    netns: &Netns,
    work: impl FnOnce(&OwnedFd) -> T + Send,
) -> io::Result<T> {
    thread::scope(|scope| {
        let enter = || -> io::Result<T> {
            let file = file(proc, netns)?;
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            Ok(work(&file))
        };
        let helper = thread::Builder::new().spawn_scoped(scope, enter)?;
        match helper.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Opens the file of the namespace in the first way that still leads to it: a process may have ended
/// since, and its pid may be another's.
fn file(proc: &Path, netns: &Netns) -> io::Result<OwnedFd> {
    let mut refused = io::Error::from_raw_os_error(libc::ENOENT);
    let processes = netns
        .pids
        .iter()
        .map(|pid| Way::Path(of_process(proc, *pid)));
    for way in processes.chain(netns.ways.iter().cloned()) {
        match open_way(proc, &way) {
            Ok(file) if netns.id.is_none_or(|id| is(&file, id)) => return Ok(file),
            Ok(_) => {}
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => {}
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn open_way(proc: &Path, way: &Way) -> io::Result<OwnedFd> {
    let read = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match way {
        Way::Path(path) => Ok(open(path, read, Mode::empty())?),
        Way::Mount(pid, path) => {
            let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let root = open(proc.join(format!("{pid}/root")), directory, Mode::empty())?;
            let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
            // Somebody else's tree: looked at before it is opened, for it may be a FIFO by now.
            let place = openat2(
                &root,
                path,
                OFlags::PATH | OFlags::CLOEXEC,
                Mode::empty(),
                resolve,
            )?;
            if fstat(&place)?.st_dev != nsfs(proc)? {
                return Err(io::Error::from_raw_os_error(libc::ENOENT));
            }
            let place = format!("/proc/self/fd/{}", place.as_raw_fd());
            Ok(open(place, read, Mode::empty())?)
        }
    }
}

/// The device of nsfs, where all namespaces are.
fn nsfs(proc: &Path) -> io::Result<u64> {
    super::known::identity(&proc.join("thread-self/ns/net")).map(|id| id.device)
}

fn is(file: &OwnedFd, id: Id) -> bool {
    fstat(file).is_ok_and(|status| status.st_dev == id.device && status.st_ino == id.inode)
}
