//! The socket behind a descriptor of another process: a duplicate of it or, where none can be had, what
//! sock_diag tells of its inode.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::call::{Outcome, Socket};
use super::socket::{self, Here};
use crate::collect::processes::Processes;

/// A socket of another process.
pub(super) struct Held {
    pub(super) known: Socket,
    /// `None`: it could not be taken.
    descriptor: Option<OwnedFd>,
}

impl Held {
    /// Takes what a thread of a process has open at a number. [`Outcome::Failed`]: it is no socket.
    /// [`Outcome::Unknown`]: nobody may look.
    pub(super) fn take(
        processes: &Processes,
        here: &Here,
        (pid, thread): (u32, u32),
        fd: u32,
    ) -> Result<Self, Outcome> {
        let descriptor = socket::duplicate(pid, thread, fd);
        let known = match &descriptor {
            Ok(descriptor) => socket::identity(descriptor.as_fd()).ok_or(Outcome::Failed),
            Err(Errno::BADF) => Err(Outcome::Failed),
            Err(_) => {
                let inode = processes.socket(thread, fd);
                inode.map(Socket::of_inode).ok_or(Outcome::Unknown)
            }
        };
        let mut held = Self {
            known: known?,
            descriptor: descriptor.ok(),
        };
        let theirs = processes.netns(thread);
        let ours = processes.netns(std::process::id());
        let told = held.socket().and_then(|it| here.is_elsewhere(it));
        let elsewhere = told.unwrap_or(theirs.is_some() && theirs != ours);
        held.known.elsewhere = elsewhere;
        held.known.netns = theirs.filter(|_| elsewhere && theirs != ours);
        Ok(held)
    }

    /// Whether it is a duplicate, which tells all by itself.
    pub(super) fn is_duplicate(&self) -> bool {
        self.descriptor.is_some()
    }

    /// The duplicate.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor.as_ref().map(OwnedFd::as_fd)
    }

    /// Whether it listens now; where it does the maximum of its queue becomes known.
    pub(super) fn listens(&mut self, here: &mut Here) -> bool {
        let Some(socket) = &self.descriptor else {
            return here.find(&mut self.known);
        };
        let listens = socket::listens(socket.as_fd());
        if listens {
            self.known.max = here.max(socket.as_fd(), &self.known);
        }
        listens
    }

    /// Finds out where it listens, and gives it back.
    pub(super) fn named(&mut self) -> &Socket {
        if let Some(socket) = &self.descriptor {
            self.known.address = socket::name(socket.as_fd());
        }
        &self.known
    }
}
