//! What a duplicate of a traced process's socket tells: who it is, where it listens, and what the kernel
//! gave. The duplicate is closed as soon as that is known, because it keeps the port.
//!
//! Follows pidfd_getfd(2), socket(7) and tcp(7).

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::fstat;
use rustix::io::Errno;
use rustix::net::sockopt::{socket_acceptconn, socket_cookie};
use rustix::net::{
    AddressFamily, SocketAddrAny, SocketAddrUnix, SocketAddrV4, SocketAddrV6, getsockname,
};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::call::Socket;
use super::sys;
use crate::collect::one::Sockets;
use crate::snapshot::{Protocol, address};

/// `PIDFD_THREAD`, since Linux 6.9: the descriptors are those of this very thread.
const OF_THREAD: u32 = libc::O_EXCL.cast_unsigned();

/// Takes a duplicate of a descriptor of another process.
///
/// EBADF: it is not open there. Anything else: the kernel forbids it (a program that changed its user, a
/// security policy), or has no such call (before 5.6).
pub(super) fn duplicate(pid: u32, thread: u32, descriptor: u32) -> rustix::io::Result<OwnedFd> {
    let id = |number: u32| {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
        pid.ok_or(Errno::SRCH)
    };
    let of_thread = PidfdFlags::from_bits_retain(OF_THREAD);
    let handle = pidfd_open(id(thread)?, of_thread)
        .or_else(|_| pidfd_open(id(pid)?, PidfdFlags::empty()))?;
    let descriptor = i32::try_from(descriptor).map_err(|_| Errno::BADF)?;
    pidfd_getfd(&handle, descriptor, PidfdGetfdFlags::empty())
}

/// What is compared with, and asked, about every socket.
pub(super) struct Here {
    /// The kernel's name of our network namespace, since Linux 5.14.
    cookie: Option<u64>,
    sockets: Option<Sockets>,
}

impl Here {
    pub(super) fn new() -> Self {
        let kind = rustix::net::SocketType::STREAM;
        let own = rustix::net::socket(AddressFamily::UNIX, kind, None).ok();
        Self {
            cookie: own.and_then(|own| sys::namespace_cookie(own.as_fd())),
            sockets: Sockets::open().ok(),
        }
    }

    /// Whether a socket is of another network namespace. `None`: this kernel does not tell.
    pub(super) fn is_elsewhere(&self, socket: BorrowedFd<'_>) -> Option<bool> {
        let theirs = sys::namespace_cookie(socket)?;
        Some(theirs != self.cookie?)
    }

    /// The maximum of a listener's accept queue.
    pub(super) fn max(&mut self, socket: BorrowedFd<'_>, known: &Socket) -> Option<u32> {
        let queue = match known.protocol? {
            Protocol::Tcp | Protocol::Mptcp => sys::tcp_queue(socket),
            Protocol::Unix | Protocol::UnixSeqpacket => {
                self.sockets.as_mut()?.unix_queue(known.inode)
            }
            Protocol::Sctp | Protocol::SctpSeqpacket | Protocol::Vsock => None,
        };
        queue.map(|(_, max)| max)
    }
}

impl Here {
    /// Fills in what sock_diag tells of a socket of which only the inode is known; whether it listens.
    pub(super) fn find(&mut self, known: &mut Socket) -> bool {
        let sockets = self.sockets.as_mut().filter(|_| !known.elsewhere);
        let Some(found) = sockets.and_then(|sockets| sockets.listener(known.inode)) else {
            return false;
        };
        known.protocol = Some(found.protocol);
        known.address = Some(found.address);
        known.max = found.accept_queue.max;
        true
    }
}

/// Whether a socket listens.
pub(super) fn listens(socket: BorrowedFd<'_>) -> bool {
    socket_acceptconn(socket) == Ok(true)
}

/// Whether a socket is of the unix family.
pub(super) fn is_unix(socket: BorrowedFd<'_>) -> bool {
    sys::number(socket, libc::SO_DOMAIN).is_none_or(|domain| domain == libc::AF_UNIX)
}

/// Who a socket is. `None`: it is no socket.
pub(super) fn identity(socket: BorrowedFd<'_>) -> Option<Socket> {
    let protocol = protocol(socket);
    sys::number(socket, libc::SO_TYPE)?;
    Some(Socket {
        cookie: socket_cookie(socket).ok(),
        inode: fstat(socket).ok()?.st_ino,
        protocol,
        address: None,
        elsewhere: false,
        netns: None,
        max: None,
    })
}

fn protocol(socket: BorrowedFd<'_>) -> Option<Protocol> {
    let option = |name| sys::number(socket, name);
    let domain = option(libc::SO_DOMAIN)?;
    let kind = option(libc::SO_TYPE)?;
    match (domain, kind, option(libc::SO_PROTOCOL)) {
        (libc::AF_INET | libc::AF_INET6, libc::SOCK_STREAM, Some(libc::IPPROTO_TCP)) => {
            Some(Protocol::Tcp)
        }
        (libc::AF_INET | libc::AF_INET6, _, Some(libc::IPPROTO_MPTCP)) => Some(Protocol::Mptcp),
        (libc::AF_INET | libc::AF_INET6, libc::SOCK_STREAM, Some(libc::IPPROTO_SCTP)) => {
            Some(Protocol::Sctp)
        }
        (libc::AF_INET | libc::AF_INET6, libc::SOCK_SEQPACKET, Some(libc::IPPROTO_SCTP)) => {
            Some(Protocol::SctpSeqpacket)
        }
        (libc::AF_UNIX, libc::SOCK_STREAM, _) => Some(Protocol::Unix),
        (libc::AF_UNIX, libc::SOCK_SEQPACKET, _) => Some(Protocol::UnixSeqpacket),
        (libc::AF_VSOCK, ..) => Some(Protocol::Vsock),
        _ => None,
    }
}

/// Where a socket listens, spelled as in a record. A socket that was never bound gets its port from
/// listen(2) itself, so this is asked afterwards.
pub(super) fn name(socket: BorrowedFd<'_>) -> Option<String> {
    let name: SocketAddrAny = getsockname(socket).ok()?;
    let device = sys::device(socket);
    let internet = |ip: IpAddr, port| address::internet(ip, device.as_deref(), port);
    match name.address_family() {
        AddressFamily::INET => {
            let name = SocketAddrV4::try_from(name).ok()?;
            Some(internet((*name.ip()).into(), name.port()))
        }
        AddressFamily::INET6 => {
            let name = SocketAddrV6::try_from(name).ok()?;
            Some(internet((*name.ip()).into(), name.port()))
        }
        AddressFamily::UNIX => {
            let name = SocketAddrUnix::try_from(name).ok()?;
            let hidden = name.abstract_name().filter(|name| !name.is_empty());
            let hidden = hidden.map(|name| [b"\0", name].concat());
            let path = || name.path_bytes().map(<[u8]>::to_vec);
            let bytes = hidden.or_else(path).unwrap_or_default();
            Some(address::unix(&bytes))
        }
        AddressFamily::VSOCK => {
            let (context, port) = sys::vsock_name(socket)?;
            Some(address::vsock(context, port))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd as _;

    #[test]
    fn a_duplicate_tells_of_a_tcp_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&listener, 9).unwrap();
        let pid = std::process::id();
        let number = listener.as_raw_fd().cast_unsigned();
        let copy = duplicate(pid, pid, number).unwrap();
        let socket = identity(copy.as_fd()).unwrap();
        assert_eq!(socket.protocol, Some(Protocol::Tcp));
        assert!(listens(copy.as_fd()));
        let mut here = Here::new();
        assert_eq!(here.max(copy.as_fd(), &socket), Some(9));
        assert_ne!(here.is_elsewhere(copy.as_fd()), Some(true));
        let name = name(copy.as_fd()).unwrap();
        assert_eq!(name, listener.local_addr().unwrap().to_string());
    }

    #[test]
    fn unix_names_are_spelled_as_in_a_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        rustix::net::listen(&listener, 3).unwrap();
        let socket = identity(listener.as_fd()).unwrap();
        assert_eq!(socket.protocol, Some(Protocol::Unix));
        assert_eq!(name(listener.as_fd()).as_deref(), path.to_str());
        assert_eq!(Here::new().max(listener.as_fd(), &socket), Some(3));
        let unnamed = rustix::net::socket(
            AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            None,
        )
        .unwrap();
        assert_eq!(name(unnamed.as_fd()).as_deref(), Some(""));
        assert!(!listens(unnamed.as_fd()));
        let hidden = SocketAddrUnix::new_abstract_name(b"backlint-test-name").unwrap();
        rustix::net::bind(&unnamed, &hidden).unwrap();
        let spelled = name(unnamed.as_fd());
        assert_eq!(spelled.as_deref(), Some("@backlint-test-name"));
    }

    #[test]
    fn what_is_no_socket_is_nobody() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(identity(file.as_fd()), None);
    }
}
