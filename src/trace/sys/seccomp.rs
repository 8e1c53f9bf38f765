//! seccomp(2): the filter, and the questions that it asks.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use crate::trace::filter::Instruction;

/// A filter in the form that the kernel takes.
pub(in crate::trace) struct Program(Vec<libc::sock_filter>);

impl Program {
    pub(in crate::trace) fn new(instructions: &[Instruction]) -> Self {
        let convert = |it: &Instruction| libc::sock_filter {
            code: it.code,
            jt: it.jump_true,
            jf: it.jump_false,
            k: it.value,
        };
        Self(instructions.iter().map(convert).collect())
    }

    /// Puts the calling thread under the filter and returns the descriptor that its questions come from.
    /// `killable`: once a question was read only a deadly signal ends the wait (Linux 5.19).
    pub(in crate::trace) fn install(&self, killable: bool) -> io::Result<OwnedFd> {
        let program = libc::sock_fprog {
            len: u16::try_from(self.0.len()).unwrap_or(u16::MAX),
            filter: self.0.as_ptr().cast_mut(),
        };
        let killable = match killable {
            true => libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
            false => 0,
        };
        // Before 5.16 the kernel would otherwise slow down whoever is under a filter, in its whole execution,
        // as it does a sandbox (`spec_store_bypass_disable=seccomp`). This filter is none.
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
            | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW
            | killable;
        // SAFETY: `program` points at as many instructions as it says, which live until the call
        // returns; the kernel copies them and writes nothing.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            )
        };
        match RawFd::try_from(fd) {
            // SAFETY: the kernel just made this descriptor, and nobody else knows it.
            Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// A question: a thread that waits in a system call.
#[derive(Debug, Clone, Copy)]
pub(in crate::trace) struct Question {
    /// The kernel's name of the question.
    pub(in crate::trace) id: u64,
    /// The thread; 0 where it is not of our pid namespace.
    pub(in crate::trace) thread: u32,
    pub(in crate::trace) architecture: u32,
    pub(in crate::trace) number: u32,
    pub(in crate::trace) arguments: [u64; 6],
}

/// Where questions come from.
pub(in crate::trace) struct Questions {
    descriptor: OwnedFd,
    /// Room for what this kernel writes, which may be more than we know of.
    room: Vec<u64>,
}

impl Questions {
    pub(in crate::trace) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        let mut sizes = MaybeUninit::<libc::seccomp_notif_sizes>::zeroed();
        // SAFETY: the kernel writes one `seccomp_notif_sizes` to a place that is as large.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_GET_NOTIF_SIZES,
                0,
                sizes.as_mut_ptr(),
            )
        };
        if answer < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was zeroed, and every pattern of bits is a value of its three numbers.
        let sizes = unsafe { sizes.assume_init() };
        let bytes = usize::from(sizes.seccomp_notif).max(size_of::<libc::seccomp_notif>());
        Ok(Self {
            descriptor,
            room: vec![0; bytes.div_ceil(size_of::<u64>())],
        })
    }

    /// The next question. ENOENT: whoever asked is gone. EINTR: try again.
    pub(in crate::trace) fn next(&mut self) -> io::Result<Question> {
        self.room.fill(0);
        let room = self.room.as_mut_ptr().cast::<libc::seccomp_notif>();
        let fd = self.descriptor.as_raw_fd();
        // SAFETY: `room` is zeroed, as the kernel insists on, aligned for u64, and at least as large
        // as the kernel said that it writes.
        let answer = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV as _, room) };
        if answer < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `room` is aligned and has at least the size of the type, of which every pattern of
        // bits is a value.
        let read = unsafe { room.read() };
        Ok(Question {
            id: read.id,
            thread: read.pid,
            architecture: read.data.arch,
            number: read.data.nr.cast_unsigned(),
            arguments: read.data.args,
        })
    }

    /// Whether whoever asked still waits. `false`: what was read of that process may be another's.
    pub(in crate::trace) fn waits(&self, id: u64) -> bool {
        let fd = self.descriptor.as_raw_fd();
        // SAFETY: the kernel reads one u64 from a place that lives during the call.
        unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_ID_VALID as _, &raw const id) == 0 }
    }

    /// Lets the call go on as if nobody had asked. ENOENT: whoever asked is gone.
    pub(in crate::trace) fn let_go(&self, id: u64) -> io::Result<()> {
        self.send(libc::seccomp_notif_resp {
            id,
            val: 0,
            error: 0,
            flags: 1, // SECCOMP_USER_NOTIF_FLAG_CONTINUE
        })
    }

    /// Ends the call with 0, or with this error: it was made by us. ENOENT: whoever asked is gone.
    pub(in crate::trace) fn answer(&self, id: u64, done: rustix::io::Result<()>) -> io::Result<()> {
        self.send(libc::seccomp_notif_resp {
            id,
            val: 0,
            error: done.err().map_or(0, |error| -error.raw_os_error()),
            flags: 0,
        })
    }

    fn send(&self, mut answer: libc::seccomp_notif_resp) -> io::Result<()> {
        let fd = self.descriptor.as_raw_fd();
        // SAFETY: the kernel reads one `seccomp_notif_resp` from a place that lives during the call.
        let sent = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_SEND as _, &raw mut answer) };
        match sent {
            0.. => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl AsFd for Questions {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
