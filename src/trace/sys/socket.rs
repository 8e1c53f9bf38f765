//! Options and names of sockets that no crate reads.

use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// Reads a socket option into `value` and returns how many bytes the kernel wrote.
fn option<T>(
    socket: BorrowedFd<'_>,
    (level, name): (i32, i32),
    value: &mut MaybeUninit<T>,
) -> Option<usize> {
    let mut length = u32::try_from(size_of::<T>()).ok()?;
    // SAFETY: the kernel writes at most `length` bytes to `value`, which has that size.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    (answer == 0).then(|| usize::try_from(length).ok())?
}

/// Length and maximum of a TCP listener's accept queue: `tcpi_unacked` and `tcpi_sacked` in LISTEN
/// (`tcp_get_info`, net/ipv4/tcp.c), since Linux 2.6.25.
pub(in crate::trace) fn tcp_queue(socket: BorrowedFd<'_>) -> Option<(u32, u32)> {
    /// `tcpi_unacked` and what follows it begin here; `tcpi_sacked` is the next word.
    const UNACKED: usize = 24;
    const LISTEN: u8 = 10;
    let mut info = MaybeUninit::<[u8; 104]>::zeroed();
    let length = option(socket, (libc::IPPROTO_TCP, libc::TCP_INFO), &mut info)?;
    // SAFETY: it was zeroed.
    let info = unsafe { info.assume_init() };
    let word = |at: usize| {
        info.get(at..at + 4)?
            .first_chunk()
            .map(|word| u32::from_ne_bytes(*word))
    };
    (length >= UNACKED + 8 && info.first() == Some(&LISTEN))
        .then(|| Some((word(UNACKED)?, word(UNACKED + 4)?)))?
}

/// `SO_NETNS_COOKIE` of include/uapi/asm-generic/socket.h, since Linux 5.14: the kernel's name of a socket's
/// network namespace.
pub(in crate::trace) fn namespace_cookie(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut cookie = MaybeUninit::<u64>::zeroed();
    option(socket, (libc::SOL_SOCKET, 71), &mut cookie)?;
    // SAFETY: it was zeroed.
    Some(unsafe { cookie.assume_init() })
}

/// The interface that a socket is bound to (`SO_BINDTODEVICE`, readable since Linux 3.8).
pub(in crate::trace) fn device(socket: BorrowedFd<'_>) -> Option<String> {
    let mut name = MaybeUninit::<[u8; 16]>::zeroed();
    let length = option(socket, (libc::SOL_SOCKET, libc::SO_BINDTODEVICE), &mut name)?;
    // SAFETY: it was zeroed.
    let name = unsafe { name.assume_init() };
    let name = name.get(..length)?.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A number that is a socket option: `SO_PROTOCOL`, `SO_TYPE`, `SO_DOMAIN`.
pub(in crate::trace) fn number(socket: BorrowedFd<'_>, name: i32) -> Option<i32> {
    let mut number = MaybeUninit::<i32>::zeroed();
    option(socket, (libc::SOL_SOCKET, name), &mut number)?;
    // SAFETY: it was zeroed.
    Some(unsafe { number.assume_init() })
}

/// Context and port of a vsock socket.
pub(in crate::trace) fn vsock_name(socket: BorrowedFd<'_>) -> Option<(u32, u32)> {
    let mut name = MaybeUninit::<libc::sockaddr_vm>::zeroed();
    let mut length = u32::try_from(size_of::<libc::sockaddr_vm>()).ok()?;
    // SAFETY: the kernel writes at most `length` bytes to `name`, which has that size.
    let answer = unsafe {
        libc::getsockname(
            socket.as_raw_fd(),
            name.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    // SAFETY: it was zeroed.
    let name = unsafe { name.assume_init() };
    (answer == 0).then_some((name.svm_cid, name.svm_port))
}
