//! One process's descriptor table, read in parts: which of its descriptors are sockets.
//!
//! Follows fs/proc/fd.c. NOTE: `proc_readfd_common` keeps descriptor + 2 as the directory position
//! (0 and 1 are `.` and `..`), so a reading can go on at any descriptor after the directory was
//! closed, and no more than one directory need be open, whatever RLIMIT_NOFILE is.
//!
//! NOTE: listing the directory makes the kernel build an inode and a name for each descriptor, and
//! looking one up does so again. Since Linux 6.2 the directory's size is the number of descriptors,
//! so low descriptors are looked up without listing them, and a table is known to be at its end
//! when as many were found.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, fstat, openat, readlinkat_raw, seek};
use rustix::io::Errno;
use rustix::path::DecInt;

use super::super::proc_dir::inode;

/// Descriptors below this are looked up one by one.
const PROBED: u32 = 16;
/// Bytes of an entry with a number of up to four digits.
const ENTRY: usize = 24;
/// Room for about 300 descriptors.
const LARGE: usize = 8 * 1024;

/// Which descriptors to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// First descriptor.
    pub(super) from: u32,
    /// End, not included.
    pub(super) to: u32,
    /// Most links to read.
    pub(super) limit: u32,
    /// Whether the directory's size may be the number of descriptors: only procfs means that.
    pub(super) counted: bool,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// There are more descriptors, from this one on.
    More(u32),
    /// The table was read to its end.
    Complete,
    /// The process could not be looked into.
    Denied,
    /// The process is gone.
    Gone,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Reading {
    /// How it ended.
    pub(super) end: End,
    /// Wanted sockets: inode and descriptor.
    pub(super) hits: Vec<(u64, u32)>,
    /// Network namespaces that are held open: inode and descriptor.
    pub(super) namespaces: Vec<(u64, u32)>,
    /// Links that were read.
    pub(super) links: u32,
    /// Open descriptors of the process; before Linux 6.2 nobody tells.
    pub(super) size: Option<u32>,
}

/// Reads a part of the table of process `pid` below `proc`, and keeps the sockets that `wanted`
/// knows.
pub(super) fn read(
    proc: BorrowedFd<'_>,
    pid: u32,
    part: Part,
    wanted: impl Fn(u64) -> bool,
) -> Reading {
    finish(|reading| walk(proc, pid, part, wanted, reading))
}

/// Looks at these descriptors alone, in ascending order, or at all of a table that is not longer
/// than `PROBED`. Where descriptors are left, the end is `More(0)`. `counted` is that of [`Part`].
pub(super) fn read_numbers(
    proc: BorrowedFd<'_>,
    pid: u32,
    numbers: &[u32],
    counted: bool,
    wanted: impl Fn(u64) -> bool,
) -> Reading {
    finish(|reading| {
        let directory = open(proc, pid)?;
        if counted {
            reading.size = count(&directory)?;
        }
        let mut numbers = numbers;
        if let Some(size @ 0..=PROBED) = reading.size {
            if probe(&directory, PROBED, size, &wanted, reading)? == End::Complete {
                return Ok(End::Complete);
            }
            // A short table may have a high number all the same.
            numbers = &numbers[numbers.partition_point(|number| *number < PROBED)..];
        }
        for number in numbers {
            let name = DecInt::new(*number);
            let found = look(&directory, name.as_c_str(), *number, &wanted, reading)?;
            reading.links += u32::from(found);
        }
        if reading.links == 0 && reading.size.is_none() {
            // Kernel threads have no descriptors, and that is worth knowing: it ends their search.
            let nothing = Part {
                from: 0,
                to: u32::MAX,
                limit: 0,
                counted,
            };
            return Ok(match list(&directory, nothing, wanted, reading)? {
                End::More(_) => End::More(0),
                end => end,
            });
        }
        Ok(End::More(0))
    })
}

fn finish(read: impl FnOnce(&mut Reading) -> Result<End, Errno>) -> Reading {
    let mut reading = Reading {
        end: End::Complete,
        hits: Vec::new(),
        namespaces: Vec::new(),
        links: 0,
        size: None,
    };
    reading.end = match read(&mut reading) {
        Ok(end) => end,
        Err(Errno::NOENT | Errno::SRCH) => End::Gone,
        // EACCES and EPERM, and what may befall the reader itself: EMFILE, ENFILE, ENOMEM.
        Err(_) => End::Denied,
    };
    reading
}

fn open(proc: BorrowedFd<'_>, pid: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(proc, format!("{pid}/fd"), flags, Mode::empty())
}

/// How many descriptors are open; `None` for none, too, which older kernels say of every process.
fn count(directory: &OwnedFd) -> Result<Option<u32>, Errno> {
    let size = fstat(directory)?.st_size;
    Ok(u32::try_from(size).ok().filter(|size| *size > 0))
}

fn walk(
    proc: BorrowedFd<'_>,
    pid: u32,
    part: Part,
    wanted: impl Fn(u64) -> bool,
    reading: &mut Reading,
) -> Result<End, Errno> {
    let directory = open(proc, pid)?;
    if part.from == 0 && part.counted {
        reading.size = count(&directory)?;
    }
    match reading.size {
        Some(size) if part.to <= PROBED && part.limit >= PROBED => {
            probe(&directory, part.to, size, wanted, reading)
        }
        _ => list(&directory, part, wanted, reading),
    }
}

/// Looks up each of the lowest descriptors.
fn probe(
    directory: &OwnedFd,
    to: u32,
    size: u32,
    wanted: impl Fn(u64) -> bool,
    reading: &mut Reading,
) -> Result<End, Errno> {
    for number in 0..to {
        let name = DecInt::new(number);
        reading.links += u32::from(look(directory, name.as_c_str(), number, &wanted, reading)?);
        if reading.links == size {
            return Ok(End::Complete);
        }
    }
    Ok(End::More(to))
}

/// Bytes for the names of a part and one more, to see whether that was all: the kernel creates an
/// entry for each name that it hands over, about 1 µs, whether it is looked at or not.
fn room(part: Part) -> usize {
    let names = part.to.saturating_sub(part.from).min(part.limit);
    let names = usize::try_from(names).unwrap_or(usize::MAX);
    // `.` and `..` come first.
    names.saturating_add(3).saturating_mul(ENTRY).min(LARGE)
}

/// Lists the directory and reads each link.
fn list(
    directory: &OwnedFd,
    part: Part,
    wanted: impl Fn(u64) -> bool,
    reading: &mut Reading,
) -> Result<End, Errno> {
    if part.from > 0 {
        seek(directory, SeekFrom::Start(u64::from(part.from) + 2))?;
    }
    let mut buffer = [MaybeUninit::uninit(); LARGE];
    let mut entries = RawDir::new(directory, &mut buffer[..room(part)]);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        let Some(number) = name.to_str().ok().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if number >= part.to || reading.links >= part.limit {
            return Ok(End::More(number));
        }
        reading.links += 1;
        look(directory, name, number, &wanted, reading)?;
    }
    Ok(End::Complete)
}

/// Keeps a descriptor that is a wanted socket. `false`: it is not open, or not any more.
///
/// NOTE: root may list the descriptors of a process that is not dumpable, and not read them.
fn look(
    directory: &OwnedFd,
    name: &CStr,
    number: u32,
    wanted: impl Fn(u64) -> bool,
    reading: &mut Reading,
) -> Result<bool, Errno> {
    let mut target = [MaybeUninit::uninit(); 32];
    match readlinkat_raw(directory, name, &mut target) {
        Ok((target, _)) => {
            let socket = inode(target, b"socket:[").filter(|inode| wanted(*inode));
            reading.hits.extend(socket.map(|inode| (inode, number)));
            let netns = inode(target, b"net:[");
            reading
                .namespaces
                .extend(netns.map(|inode| (inode, number)));
            Ok(true)
        }
        Err(error @ (Errno::ACCESS | Errno::PERM)) => Err(error),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const ALL: Part = Part {
        from: 0,
        to: u32::MAX,
        limit: u32::MAX,
        counted: true,
    };

    fn this(part: Part, inode: u64) -> Reading {
        let proc = File::open("/proc").unwrap();
        read(proc.as_fd(), std::process::id(), part, |found| {
            found == inode
        })
    }

    #[test]
    fn only_sockets_have_socket_inodes() {
        let socket = |target| inode(target, b"socket:[");
        assert_eq!(socket(b"socket:[4026]"), Some(4026));
        for other in [
            &b"pipe:[4026]"[..],
            b"socket:[",
            b"socket:[x]",
            b"socket:[]",
            b"/x",
            b"",
        ] {
            assert_eq!(socket(other), None);
        }
    }

    #[test]
    fn the_kernel_goes_on_at_descriptor_plus_two() {
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let inode = {
            let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
            std::fs::metadata(path).unwrap().ino()
        };
        let low = u32::try_from(socket.as_raw_fd()).unwrap();
        // Nobody else in this process uses these numbers.
        for number in [900, 901] {
            let held = rustix::io::fcntl_dupfd_cloexec(&socket, number).unwrap();
            let number = u32::try_from(held.as_raw_fd()).unwrap();
            let only = Part {
                from: number,
                to: number + 1,
                ..ALL
            };
            assert_eq!(this(only, inode).hits, [(inode, number)]);
            let before = Part { to: number, ..ALL };
            let reading = this(before, inode);
            assert_eq!(reading.hits, [(inode, low)]);
            assert_eq!(reading.end, End::More(number));
            let behind = Part {
                from: number,
                ..ALL
            };
            assert!(this(behind, inode).hits.contains(&(inode, number)));
            assert!(this(ALL, inode).hits.contains(&(inode, number)));
        }
    }

    #[test]
    fn low_descriptors_are_found_with_and_without_listing() {
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let inode = std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()))
            .unwrap()
            .ino();
        let low = rustix::io::fcntl_dupfd_cloexec(&socket, 0).unwrap();
        let lowest = socket.as_raw_fd().min(low.as_raw_fd());
        let lowest = u32::try_from(lowest).unwrap();
        for counted in [true, false] {
            let reading = this(Part { counted, ..ALL }, inode);
            assert_eq!(reading.end, End::Complete);
            assert!(reading.hits.contains(&(inode, lowest)), "{counted}");
            let reading = this(
                Part {
                    counted,
                    to: PROBED,
                    ..ALL
                },
                inode,
            );
            assert_eq!(
                reading.hits.contains(&(inode, lowest)),
                lowest < PROBED,
                "{counted}"
            );
        }
    }

    #[test]
    fn numbers_are_looked_up_alone() {
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
        let inode = std::fs::metadata(path).unwrap().ino();
        let held = rustix::io::fcntl_dupfd_cloexec(&socket, 950).unwrap();
        let number = u32::try_from(held.as_raw_fd()).unwrap();
        let proc = File::open("/proc").unwrap();
        for counted in [true, false] {
            let numbers = |numbers: &[u32]| {
                let pid = std::process::id();
                read_numbers(proc.as_fd(), pid, numbers, counted, |found| found == inode)
            };
            let reading = numbers(&[number]);
            assert!(reading.hits.contains(&(inode, number)));
            let reading = numbers(&[number + 40]);
            assert_ne!(reading.end, End::Gone);
            assert!(!reading.hits.contains(&(inode, number)));
        }
        let gone = read_numbers(proc.as_fd(), 4_194_305, &[3], true, |_| true);
        assert_eq!(gone.end, End::Gone);
    }

    #[test]
    fn a_limit_says_where_to_go_on() {
        let reading = this(Part { limit: 1, ..ALL }, 0);
        assert_eq!(reading.links, 1);
        assert!(matches!(reading.end, End::More(_)));
    }

    #[test]
    fn a_process_that_is_gone_is_normal() {
        let proc = File::open("/proc").unwrap();
        assert_eq!(read(proc.as_fd(), 4_194_305, ALL, |_| true).end, End::Gone);
    }
}
