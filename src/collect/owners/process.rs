//! What the record says of a process that holds a listener: its name and its executable.
//!
//! Follows proc_pid_comm(5), proc_pid_exe(5) and, for the parent, proc_pid_stat(5).

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, makedev, openat, readlinkat, statat, statx};
use rustix::io::Errno;

use super::super::exe;
use super::super::processes::stat_fields;
use crate::cores;
use crate::snapshot::Owner;

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Process {
    /// At most 15 bytes; those that are not UTF-8 are replaced.
    comm: Option<String>,
    /// Path of the executable as the kernel writes it, so with ` (deleted)` where it is.
    exe: Option<String>,
    /// Device and inode of the executable.
    file: Option<(u64, u64)>,
}

/// Turns hits into owners: one a socket and process, with the lowest descriptor.
pub(super) fn describe(
    path: &Path,
    proc: BorrowedFd<'_>,
    processes: Vec<super::search::Process>,
) -> BTreeMap<u64, Vec<Owner>> {
    let holders: Vec<_> = processes
        .into_iter()
        .filter(|process| !process.hits.is_empty())
        .collect();
    let described = cores::map(&holders, |holder| read(proc, holder.pid));
    let mut executables = exe::Executables::default();
    let mut by_inode: BTreeMap<u64, Vec<Owner>> = BTreeMap::new();
    for (mut holder, described) in holders.into_iter().zip(described) {
        let Some(described) = described else {
            continue;
        };
        let facts = described
            .file
            .map(|file| executables.of(path, holder.pid, file))
            .unwrap_or_default();
        holder.hits.sort_unstable();
        holder.hits.dedup_by_key(|(inode, _)| *inode);
        for (inode, number) in holder.hits {
            by_inode.entry(inode).or_default().push(Owner {
                pid: Some(holder.pid),
                comm: described.comm.clone(),
                exe: described.exe.clone(),
                fd: Some(number),
                runtime: facts.runtime,
                libc: facts.libc,
                ..Owner::default()
            });
        }
    }
    by_inode
}

/// Reads a process; `None` when it is gone. What this user may not read is unknown.
fn read(proc: BorrowedFd<'_>, pid: u32) -> Option<Process> {
    let comm = match read_short(proc, &format!("{pid}/comm")) {
        Ok(bytes) => {
            let name = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            Some(String::from_utf8_lossy(name).into_owned())
        }
        Err(Errno::NOENT | Errno::SRCH) => return None,
        Err(_) => None,
    };
    let link = format!("{pid}/exe");
    let target = readlinkat(proc, link.as_str(), Vec::new()).ok();
    let file = target.as_ref().and_then(|_| identity(proc, &link));
    Some(Process {
        comm,
        exe: target.map(|path| path.to_string_lossy().into_owned()),
        file,
    })
}

/// Device and inode of the file that a link leads to, from what is known of it here: a server that
/// does not answer is not waited for.
fn identity(proc: BorrowedFd<'_>, link: &str) -> Option<(u64, u64)> {
    let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    match statx(proc, link, flags, StatxFlags::INO) {
        Ok(file) => Some((
            makedev(file.stx_dev_major, file.stx_dev_minor),
            file.stx_ino,
        )),
        // Since Linux 4.11.
        Err(Errno::NOSYS) => {
            let file = statat(proc, link, AtFlags::NO_AUTOMOUNT).ok()?;
            Some((file.st_dev, file.st_ino))
        }
        Err(_) => None,
    }
}

/// The parent of a process.
pub(super) fn parent(proc: BorrowedFd<'_>, pid: u32) -> Option<u32> {
    parse_parent(&read_short(proc, &format!("{pid}/stat")).ok()?)
}

/// The fourth field.
fn parse_parent(stat: &[u8]) -> Option<u32> {
    stat_fields(stat)?.nth(1)?.parse().ok()
}

/// These files come in one piece, and what is wanted is at their beginning.
fn read_short(proc: BorrowedFd<'_>, path: &str) -> Result<Vec<u8>, Errno> {
    let file = openat(proc, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); 512];
    let (bytes, _) = rustix::io::read(file, &mut buffer)?;
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parse_parent(b"7 (a) S 3) R 42 1 1"), Some(42));
        assert_eq!(parse_parent(b"7 (a"), None);
        assert_eq!(parse_parent(b"7 (a) R"), None);
    }

    #[test]
    fn this_process_is_read() {
        let proc = std::fs::File::open("/proc").unwrap();
        let proc = proc.as_fd();
        let this = read(proc, std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(this.exe.as_deref(), exe.to_str());
        assert!(this.comm.is_some() && this.file.is_some());
        assert_eq!(
            parent(proc, std::process::id()),
            Some(std::os::unix::process::parent_id())
        );
        assert_eq!(read(proc, 4_194_305), None);
    }
}
