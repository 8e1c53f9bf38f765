//! The system calls of tracing that no crate wraps. Besides `collect/sys.rs` the only unsafe code.
//! Knows what the kernel wants and holds no policy.
#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::filter::Instruction;

/// Which side of a fork(2) this is.
pub(super) enum Side {
    Parent(rustix::process::Pid),
    Child,
}

/// Makes a second process of this one, which must have no other thread.
pub(super) fn fork() -> io::Result<Side> {
    // SAFETY: the caller has one thread, so that no lock is held by a thread that the child lacks.
    let pid = unsafe { libc::fork() };
    match (pid, rustix::process::Pid::from_raw(pid)) {
        (0, _) => Ok(Side::Child),
        (1.., Some(pid)) => Ok(Side::Parent(pid)),
        _ => Err(io::Error::last_os_error()),
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

/// A filter in the form that the kernel takes.
pub(super) struct Program(Vec<libc::sock_filter>);

impl Program {
    pub(super) fn new(instructions: &[Instruction]) -> Self {
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
    pub(super) fn install(&self, killable: bool) -> io::Result<OwnedFd> {
        let program = libc::sock_fprog {
            len: u16::try_from(self.0.len()).unwrap_or(u16::MAX),
            filter: self.0.as_ptr().cast_mut(),
        };
        let killable = match killable {
            true => libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
            false => 0,
        };
        // SAFETY: `program` points at as many instructions as it says, which live until the call
        // returns; the kernel copies them and writes nothing.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | killable,
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
pub(super) struct Question {
    /// The kernel's name of the question.
    pub(super) id: u64,
    /// The thread; 0 where it is not of our pid namespace.
    pub(super) thread: u32,
    pub(super) architecture: u32,
    pub(super) number: u32,
    pub(super) arguments: [u64; 6],
}

/// Where questions come from.
pub(super) struct Questions {
    descriptor: OwnedFd,
    /// Room for what this kernel writes, which may be more than we know of.
    room: Vec<u64>,
}

impl Questions {
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
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
    pub(super) fn next(&mut self) -> io::Result<Question> {
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
    pub(super) fn waits(&self, id: u64) -> bool {
        let fd = self.descriptor.as_raw_fd();
        // SAFETY: the kernel reads one u64 from a place that lives during the call.
        unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_ID_VALID as _, &raw const id) == 0 }
    }

    /// Lets the call go on as if nobody had asked. ENOENT: whoever asked is gone.
    pub(super) fn let_go(&self, id: u64) -> io::Result<()> {
        let mut answer = libc::seccomp_notif_resp {
            id,
            val: 0,
            error: 0,
            flags: 1, // SECCOMP_USER_NOTIF_FLAG_CONTINUE
        };
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
pub(super) fn tcp_queue(socket: BorrowedFd<'_>) -> Option<(u32, u32)> {
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
pub(super) fn namespace_cookie(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut cookie = MaybeUninit::<u64>::zeroed();
    option(socket, (libc::SOL_SOCKET, 71), &mut cookie)?;
    // SAFETY: it was zeroed.
    Some(unsafe { cookie.assume_init() })
}

/// The interface that a socket is bound to (`SO_BINDTODEVICE`, readable since Linux 3.8).
pub(super) fn device(socket: BorrowedFd<'_>) -> Option<String> {
    let mut name = MaybeUninit::<[u8; 16]>::zeroed();
    let length = option(socket, (libc::SOL_SOCKET, libc::SO_BINDTODEVICE), &mut name)?;
    // SAFETY: it was zeroed.
    let name = unsafe { name.assume_init() };
    let name = name.get(..length)?.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A number that is a socket option: `SO_PROTOCOL`, `SO_TYPE`, `SO_DOMAIN`.
pub(super) fn number(socket: BorrowedFd<'_>, name: i32) -> Option<i32> {
    let mut number = MaybeUninit::<i32>::zeroed();
    option(socket, (libc::SOL_SOCKET, name), &mut number)?;
    // SAFETY: it was zeroed.
    Some(unsafe { number.assume_init() })
}

/// Context and port of a vsock socket.
pub(super) fn vsock_name(socket: BorrowedFd<'_>) -> Option<(u32, u32)> {
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

/// Which signals a thread lets through.
#[derive(Clone, Copy)]
pub(super) struct Mask(libc::sigset_t);

impl Mask {
    /// Gives the calling thread this mask. Makes one system call and nothing else.
    pub(super) fn set(&self) {
        // SAFETY: the set lives during the call.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

/// Blocks signals, and lets them be read from a descriptor instead.
pub(super) struct Signals {
    descriptor: OwnedFd,
    before: Mask,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signal {
    pub(super) number: i32,
    /// Whether the kernel sent it, as it does to all of a terminal's foreground group.
    pub(super) by_kernel: bool,
}

impl Signals {
    /// Blocks `blocked` in this thread, and those that it starts, and reads `read` of them.
    pub(super) fn new(blocked: &[i32], read: &[i32]) -> io::Result<Self> {
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
    pub(super) fn next(&self) -> Option<Signal> {
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
    pub(super) fn before(&self) -> Mask {
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
