//! What sock_diag tells of single sockets, by inode, while they are being made. The table of all is
//! `listeners`' to read.

use std::io;

use super::netlink::Diag;
use super::unix;

/// Looks up unix sockets of the network namespace in which it was opened.
pub struct UnixSockets(Diag);

impl UnixSockets {
    /// Opens a sock_diag socket.
    ///
    /// # Errors
    ///
    /// EPROTONOSUPPORT where there is no sock_diag, EPERM or EACCES under a security policy.
    pub fn open() -> io::Result<Self> {
        Diag::open().map(Self)
    }

    /// Length and maximum of the accept queue of the listener with this inode. `None`: it does not
    /// listen, is of another namespace, or is gone.
    pub fn queue(&mut self, inode: u64) -> Option<(u32, u32)> {
        let mut queue = None;
        let request = unix::one(u32::try_from(inode).ok()?);
        let asked = self.0.one(&request, |bytes| {
            queue = unix::parse_listener(bytes).and_then(|row| row.queue);
            true
        });
        asked.ok()?;
        queue
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
        let mut sockets = UnixSockets::open().unwrap();
        assert_eq!(sockets.queue(inode), Some((0, 7)));
        assert_eq!(sockets.queue(1), None);
        assert_eq!(sockets.queue(u64::MAX), None);
        assert_eq!(sockets.queue(inode), Some((0, 7)));
    }
}
