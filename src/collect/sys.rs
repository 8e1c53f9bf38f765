//! The system calls that no crate offers: opening a control group by its id, and the user namespace
//! that owns a network namespace.
//!
//! The only module with `unsafe` code. It follows open_by_handle_at(2) and, for the layout of a
//! kernfs handle, fs/kernfs/mount.c (`FILEID_KERNFS`: eight bytes, the node's id).

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// `FILEID_KERNFS` of include/linux/exportfs.h.
const FILEID_KERNFS: libc::c_int = 0xfe;

/// `struct file_handle` of fcntl.h with the eight bytes of a kernfs handle behind it.
#[repr(C)]
struct KernfsHandle {
    handle_bytes: libc::c_uint,
    handle_type: libc::c_int,
    id: [u8; 8],
}

/// Opens (O_PATH) the kernfs directory with this id on the file system that `mount` is part of.
///
/// # Errors
///
/// EPERM without CAP_DAC_READ_SEARCH, ESTALE when the directory is gone, EOPNOTSUPP where the
/// file system has no handles.
pub(super) fn open_kernfs_id(mount: BorrowedFd<'_>, id: u64) -> io::Result<OwnedFd> {
    let mut handle = KernfsHandle {
        handle_bytes: 8,
        handle_type: FILEID_KERNFS,
        id: id.to_ne_bytes(),
    };
    // SAFETY: `handle` is laid out as struct file_handle, `handle_bytes` is the length of what
    // follows it, and it lives until the call returns. The kernel keeps no reference to it.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_open_by_handle_at,
            mount.as_raw_fd(),
            &raw mut handle,
            libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC,
        )
    };
    match i32::try_from(fd) {
        // SAFETY: the kernel just gave this descriptor to us, and nobody else knows it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}
/// `NS_GET_USERNS` of include/uapi/linux/nsfs.h, `_IO(0xb7, 0x1)`.
const NS_GET_USERNS: libc::c_ulong = 0xb701;

/// Opens the user namespace that owns the namespace of this nsfs file (ioctl_nsfs(2)).
///
/// # Errors
///
/// EPERM when that is not the caller's user namespace or below it, ENOTTY before Linux 4.9.
pub(super) fn owning_user_namespace(namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: this request takes no argument, and `namespace` is open during the call.
    let fd = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_USERNS as _) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
