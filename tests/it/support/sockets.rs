//! Listeners of every kind, and clients that fill them.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::fstat;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// A kind of listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// 127.0.0.1
    Loopback,
    /// 0.0.0.0
    Any,
    /// ::1
    Loopback6,
    /// :: for IPv6 alone
    Only6,
    /// :: for both families
    Dual,
    /// 127.0.0.1, with SO_REUSEPORT
    Shared,
    /// 127.0.0.1 on device lo
    Device,
    /// :: for IPv6 alone, on device lo
    Device6,
    /// MPTCP, 127.0.0.1
    Mptcp,
    /// unix stream, a path
    Path,
    /// unix stream, an abstract name
    Abstract,
    /// unix seqpacket, a path
    Seqpacket,
}

impl Kind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Loopback,
        Self::Any,
        Self::Loopback6,
        Self::Only6,
        Self::Dual,
        Self::Shared,
        Self::Device,
        Self::Device6,
        Self::Mptcp,
        Self::Path,
        Self::Abstract,
        Self::Seqpacket,
    ];

    /// The protocol as backlint names it.
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Self::Mptcp => "mptcp",
            Self::Path | Self::Abstract => "unix",
            Self::Seqpacket => "unix-seqpacket",
            _ => "tcp",
        }
    }

    fn socket(self) -> io::Result<Socket> {
        let (domain, kind, protocol) = match self {
            Self::Loopback6 | Self::Only6 | Self::Dual | Self::Device6 => {
                (Domain::IPV6, Type::STREAM, None)
            }
            Self::Mptcp => (Domain::IPV4, Type::STREAM, Some(Protocol::MPTCP)),
            Self::Path | Self::Abstract => (Domain::UNIX, Type::STREAM, None),
            Self::Seqpacket => (Domain::UNIX, Type::SEQPACKET, None),
            _ => (Domain::IPV4, Type::STREAM, None),
        };
        let socket = Socket::new(domain, kind, protocol)?;
        match self {
            Self::Only6 => socket.set_only_v6(true)?,
            Self::Dual => socket.set_only_v6(false)?,
            Self::Shared => socket.set_reuse_port(true)?,
            Self::Device => socket.bind_device(Some(b"lo"))?,
            Self::Device6 => {
                socket.set_only_v6(true)?;
                socket.bind_device(Some(b"lo"))?;
            }
            _ => {}
        }
        Ok(socket)
    }

    fn address(self, port: u16, directory: &Path, number: usize) -> io::Result<SockAddr> {
        Ok(match self {
            Self::Any => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into(),
            Self::Loopback6 => SocketAddr::from((Ipv6Addr::LOCALHOST, port)).into(),
            Self::Only6 | Self::Dual | Self::Device6 => {
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into()
            }
            Self::Path | Self::Seqpacket => {
                SockAddr::unix(directory.join(format!("{number}.sock")))?
            }
            Self::Abstract => SockAddr::unix(format!("\0{}/{number}", directory.display()))?,
            _ => SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into(),
        })
    }
}

/// A listener that a test made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) socket: Socket,
    pub(crate) backlog: i32,
    address: SockAddr,
}

impl Made {
    /// Listens. The port is free; unix names are numbered within the directory.
    pub(crate) fn new(kind: Kind, backlog: i32, directory: &Path, number: usize) -> Self {
        Self::at(kind, backlog, 0, directory, number)
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"))
    }

    /// An internet listener on a free port.
    pub(crate) fn internet(kind: Kind, backlog: i32) -> Self {
        Self::new(kind, backlog, Path::new("/"), 0)
    }

    /// Another listener on the port of this one.
    pub(crate) fn sibling(&self, backlog: i32) -> Self {
        Self::at(self.kind, backlog, self.port(), Path::new("/"), 0).unwrap()
    }

    fn at(
        kind: Kind,
        backlog: i32,
        port: u16,
        directory: &Path,
        number: usize,
    ) -> io::Result<Self> {
        let socket = kind.socket()?;
        socket.bind(&kind.address(port, directory, number)?)?;
        socket.listen(backlog)?;
        let address = socket.local_addr()?;
        Ok(Self {
            kind,
            socket,
            backlog,
            address,
        })
    }

    /// The port of an internet listener.
    pub(crate) fn port(&self) -> u16 {
        self.address
            .as_socket()
            .expect("an internet address")
            .port()
    }

    /// The address as backlint spells it.
    pub(crate) fn address(&self) -> String {
        if let Some(path) = self.address.as_pathname() {
            return path.to_str().unwrap().to_owned();
        }
        if let Some(name) = self.address.as_abstract_namespace() {
            return format!("@{}", str::from_utf8(name).unwrap());
        }
        let address = self.address.as_socket().unwrap();
        match self.kind {
            Kind::Device6 => format!("[{}%lo]:{}", address.ip(), address.port()),
            Kind::Device => format!("{}%lo:{}", address.ip(), address.port()),
            _ => address.to_string(),
        }
    }

    /// Inode of the socket.
    pub(crate) fn inode(&self) -> u64 {
        inode(self.socket.as_fd())
    }

    /// A client that is connected and waits to be accepted, or why it is not.
    pub(crate) fn connect(&self) -> io::Result<Socket> {
        let client = self.begin()?;
        match client.1 {
            // The handshake over loopback ends within connect(2), or not at all.
            true => match client.0.peer_addr() {
                Ok(_) => Ok(client.0),
                Err(_) => Err(io::ErrorKind::WouldBlock.into()),
            },
            false => Ok(client.0),
        }
    }

    /// A client that began to connect, and whether it still does.
    pub(crate) fn begin(&self) -> io::Result<(Socket, bool)> {
        let kind = self.socket.r#type()?;
        let client = Socket::new(self.address.domain(), kind, None)?;
        client.set_nonblocking(true)?;
        match client.connect(&self.target()) {
            Ok(()) => Ok((client, false)),
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok((client, true)),
            Err(error) => Err(error),
        }
    }

    fn target(&self) -> SockAddr {
        match self.address.as_socket() {
            Some(SocketAddr::V4(to)) => SocketAddr::from((Ipv4Addr::LOCALHOST, to.port())).into(),
            Some(SocketAddr::V6(to)) => SocketAddr::from((Ipv6Addr::LOCALHOST, to.port())).into(),
            None => self.address.clone(),
        }
    }

    /// Connects this many clients, which must all be admitted.
    pub(crate) fn fill(&self, clients: usize) -> Vec<Socket> {
        let connect = |n| {
            self.connect()
                .unwrap_or_else(|error| panic!("client {n} of {clients}: {error}"))
        };
        (0..clients).map(connect).collect()
    }
}

/// Inode of a socket.
pub(crate) fn inode(socket: BorrowedFd<'_>) -> u64 {
    fstat(socket).unwrap().st_ino
}

/// What the kernel keeps of a backlog.
pub(crate) fn clamped(backlog: i32, somaxconn: u32) -> u32 {
    backlog.cast_unsigned().min(somaxconn)
}
