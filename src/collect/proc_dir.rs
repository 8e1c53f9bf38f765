//! What several searches read of /proc: which processes there are, and which inode a link names.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{Dir, Mode, OFlags, openat};

/// The processes below `proc`, ascending.
///
/// # Errors
///
/// Those of listing it.
pub(super) fn pids(proc: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut pids = Vec::new();
    for entry in Dir::new(openat(proc, ".", flags, Mode::empty())?)? {
        if let Ok(name) = entry?.file_name().to_str()
            && let Ok(pid) = name.parse()
        {
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    Ok(pids)
}

/// The inode of `socket:[4026]`, given what stands before it, or of a namespace as in
/// `net:[4026532200]`.
pub(super) fn inode(target: &[u8], prefix: &[u8]) -> Option<u64> {
    let digits = target.strip_prefix(prefix)?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
