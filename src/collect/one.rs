//! What sock_diag tells of single sockets, by inode, while they are being made. The table of all is
//! `listeners`' to read.

use std::io;

use super::inet::Devices;
use super::netlink::Diag;
use super::row::Family;
use super::{listeners, unix};
use crate::snapshot::Listener;

/// Looks up sockets of the network namespace in which it was opened.
pub struct Sockets {
    diag: Diag,
    devices: Devices,
}

impl Sockets {
    /// Opens a sock_diag socket.
    ///
    /// # Errors
    ///
    /// EPROTONOSUPPORT where there is no sock_diag, EPERM or EACCES under a security policy.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            diag: Diag::open()?,
            devices: Devices::default(),
        })
    }

    /// Length and maximum of the accept queue of the unix listener with this inode. `None`: it does not
    /// listen, is of another namespace, or is gone.
    pub fn unix_queue(&mut self, inode: u64) -> Option<(u32, u32)> {
        let mut queue = None;
        let request = unix::one(u32::try_from(inode).ok()?);
        let asked = self.diag.one(&request, |bytes| {
            queue = unix::parse_listener(bytes).and_then(|row| row.queue);
            true
        });
        asked.ok()?;
        queue
    }

    /// The listener of any kind with this inode. Others than unix sockets are searched among all, so this
    /// is for where nothing else tells.
    pub fn listener(&mut self, inode: u64) -> Option<Listener> {
        let families = [
            Family::Inet,
            Family::Inet6,
            Family::Unix,
            Family::Sctp,
            Family::Vsock,
        ];
        families.into_iter().find_map(|family| {
            // A family that this kernel lacks has none.
            let (rows, _) = listeners::dump(&mut self.diag, family).ok()?;
            let row = rows
                .into_iter()
                .find(|row| u64::from(row.inode) == inode && inode != 0)?;
            Some(row.spell(&mut self.devices).listener)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn one_listener_is_found_among_all() {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(folder.path().join("x")).unwrap();
        rustix::net::listen(&socket, 7).unwrap();
        let file: std::fs::File = std::os::fd::OwnedFd::from(socket.try_clone().unwrap()).into();
        let inode = file.metadata().unwrap().ino();
        let mut sockets = Sockets::open().unwrap();
        assert_eq!(sockets.unix_queue(inode), Some((0, 7)));
        assert_eq!(sockets.unix_queue(1), None);
        assert_eq!(sockets.unix_queue(u64::MAX), None);
        assert_eq!(sockets.unix_queue(inode), Some((0, 7)));
        let listener = sockets.listener(inode).unwrap();
        assert_eq!(listener.accept_queue.max, Some(7));
        assert!(listener.address.ends_with("/x"));
        assert_eq!(sockets.listener(0), None);
    }

    #[test]
    fn a_tcp_listener_is_found_among_all() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&socket, 8).unwrap();
        let name = socket.local_addr().unwrap().to_string();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let found = Sockets::open().unwrap().listener(inode).unwrap();
        assert_eq!((found.address, found.accept_queue.max), (name, Some(8)));
    }
}
