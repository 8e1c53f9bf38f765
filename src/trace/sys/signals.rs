//! signalfd(2) and the mask of signals.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _, OwnedFd};

/// Which signals a thread lets through.
#[derive(Clone, Copy)]
pub(in crate::trace) struct Mask(libc::sigset_t);

impl Mask {
    /// Gives the calling thread this mask. Makes one system call and nothing else.
    pub(in crate::trace) fn set(&self) {
        // SAFETY: the set lives during the call.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

/// Blocks signals, and lets them be read from a descriptor instead.
pub(in crate::trace) struct Signals {
    descriptor: OwnedFd,
    before: Mask,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trace) struct Signal {
    pub(in crate::trace) number: i32,
    /// Whether the kernel sent it, as it does to all of a terminal's foreground group.
    pub(in crate::trace) by_kernel: bool,
}

impl Signals {
    /// Blocks `blocked` in this thread, and those that it starts, and reads `read` of them.
    pub(in crate::trace) fn new(blocked: &[i32], read: &[i32]) -> io::Result<Self> {
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        let (blocked, read) = (set(blocked), set(read));
        // SAFETY: both sets live during the call, and the kernel writes to the second.
        let answer = unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const blocked, before.as_mut_ptr())
        };
        if answer != 0 {
            return Err(io::Error::from_raw_os_error(answer));
        }
        // SAFETY: the set lives during the call.
        let fd =
            unsafe { libc::signalfd(-1, &raw const read, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: the kernel just made this descriptor, and nobody else knows it.
            descriptor: unsafe { OwnedFd::from_raw_fd(fd) },
            // SAFETY: it was zeroed, and written by the call above.
            before: Mask(unsafe { before.assume_init() }),
        })
    }

    /// The next signal that came.
    pub(in crate::trace) fn next(&self) -> Option<Signal> {
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        let length = rustix::io::read(&self.descriptor, &mut info).ok()?;
        // `ssi_signo` and `ssi_code`, the first and third word.
        let word = |at: usize| {
            info.get(at..at + 4)?
                .first_chunk()
                .map(|word| i32::from_ne_bytes(*word))
        };
        (length == info.len()).then(|| {
            Some(Signal {
                number: word(0)?,
                by_kernel: word(8)? > 0,
            })
        })?
    }

    /// What was let through before.
    pub(in crate::trace) fn before(&self) -> Mask {
        self.before
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

fn set(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the functions write to `set` alone, which lives during the calls.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}
