//! The system calls of tracing that no crate wraps. With what is below `sys/`, and besides
//! `collect/sys.rs`, the only unsafe code. Knows what the kernel wants and holds no policy.
#![allow(unsafe_code)]

mod seccomp;
mod signals;
mod socket;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub(super) use seccomp::{Program, Question, Questions};
pub(super) use signals::{Mask, Signal, Signals};
pub(super) use socket::{device, namespace_cookie, number, tcp_queue, vsock_name};

/// Which side of a fork(2) this is.
pub(super) enum Side {
    Parent(rustix::process::Pid),
    Child,
}

/// Makes a second process of this one, which must have no other thread.
pub(super) fn fork() -> io::Result<Side> {
    // SAFETY: the caller has one thread, so that no lock is held by a thread that the child lacks.
    let pid = unsafe { libc::fork() };
    match pid {
        0 => Ok(Side::Child),
        ..0 => Err(io::Error::last_os_error()),
        1.. => rustix::process::Pid::from_raw(pid)
            .map(Side::Parent)
            .ok_or_else(io::Error::last_os_error),
    }
}

/// Ends a forked process at once: what its parent registered for the end is not the child's.
pub(super) fn leave(status: i32) -> ! {
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Runs `hook` in the child between fork and execve. It must not allocate or lock.
pub(super) fn before_exec(
    command: &mut Command,
    hook: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the one hook of this stage (`start.rs`) makes system calls alone.
    unsafe { command.pre_exec(hook) };
}

/// Closes all descriptors of a forked process but these: what its parent has open is not the child's to
/// keep. Nothing that owns one of the others may be used again, so it has to end with [`leave`].
pub(super) fn keep_open(kept: &[RawFd]) -> io::Result<()> {
    let open = std::fs::read_dir("/proc/self/fd")?;
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    // All are read first: the folder itself is one of them.
    let open: Vec<RawFd> = open.flatten().filter_map(number).collect();
    for descriptor in open {
        if !kept.contains(&descriptor) {
            // SAFETY: the caller uses none of these again, and never runs what would close them.
            unsafe { libc::close(descriptor) };
        }
    }
    Ok(())
}

/// Whether this process leads its session. NOTE: rustix panics where the leader is outside of the pid namespace.
pub(super) fn leads_session() -> bool {
    // SAFETY: both calls have no preconditions.
    unsafe { libc::getsid(0) == libc::getpid() }
}

/// Makes namespaces of its own for this process, which must have no other thread.
pub(super) fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: a network or user namespace changes no memory, descriptor or file system of ours.
    match unsafe { libc::unshare(flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Switches the loopback interface of this network namespace on.
pub(super) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: a zeroed `ifreq` is one with an empty name.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed() as libc::c_char;
    }
    let fd = socket.as_raw_fd();
    // SAFETY: the kernel reads and writes one `ifreq`, which lives during the calls, and `ifru_flags` is
    // the member of the union that these requests use.
    unsafe {
        if libc::ioctl(fd, libc::SIOCGIFFLAGS as _, &raw mut request) < 0 {
            return Err(io::Error::last_os_error());
        }
        request.ifr_ifru.ifru_flags |= libc::IFF_UP as i16;
        if libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw const request) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
