//! One call of listen(2) as it was seen, and what came of it. Knows no system call and no report.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::snapshot::{Listener, Owner, Protocol, Requested, Source};

/// A call of listen(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The process.
    pub pid: u32,
    /// The thread; the process's pid for its first.
    pub thread: u32,
    /// `comm` of the process, 15 bytes at most.
    pub comm: Option<String>,
    /// Path of its executable.
    pub exe: Option<String>,
    /// The descriptor that was passed.
    pub fd: u32,
    /// The backlog that was passed, as the signed number that it is.
    pub backlog: i32,
    /// The socket; `None`: it could not be looked at.
    pub socket: Option<Socket>,
    /// What came of it.
    pub outcome: Outcome,
    /// How many calls for this socket were seen before.
    pub before: u32,
}

/// The socket of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// The kernel's 64-bit name of it, never used twice. `None` where only its inode is known.
    pub cookie: Option<u64>,
    /// Inode in sockfs; 0 where nobody could look.
    pub inode: u64,
    /// Protocol. `None`: one that is not known, or it could not be asked.
    pub protocol: Option<Protocol>,
    /// Where it listens.
    pub address: Option<String>,
    /// Whether it is of another network namespace than the one that backlint looks at.
    pub elsewhere: bool,
    /// Inode of the network namespace of the process, where that is another one.
    pub netns: Option<u64>,
    /// The maximum of its accept queue after the call, where the kernel tells.
    pub max: Option<u32>,
}

impl Call {
    /// What somaxconn of the socket's namespace was, where the call tells: it got less than it asked for.
    pub(super) fn cap(&self) -> Option<u32> {
        let max = self.socket.as_ref()?.max?;
        (max < self.backlog.cast_unsigned()).then_some(max)
    }

    /// What it asked for, as a record has it.
    pub(super) fn requested(&self) -> Requested {
        Requested {
            backlog: Some(i64::from(self.backlog)),
            source: Source::Trace,
            place: None,
            applied: true,
        }
    }

    /// The listener that it made, with what is known of it. `None`: not even the protocol is.
    pub(super) fn listener(&self) -> Option<Listener> {
        let socket = self.socket.as_ref()?;
        let mut listener =
            Listener::new(socket.protocol?, socket.address.clone().unwrap_or_default());
        listener.inode = Some(socket.inode).filter(|inode| *inode != 0);
        listener.accept_queue.max = socket.max;
        listener.requested = Some(self.requested());
        listener.owners = vec![Owner {
            pid: Some(self.pid),
            comm: self.comm.clone(),
            exe: self.exe.clone(),
            fd: Some(self.fd),
            ..Owner::default()
        }];
        Some(listener)
    }
}

impl Socket {
    /// A socket of which only the inode is known.
    pub(super) fn of_inode(inode: u64) -> Self {
        Self {
            cookie: None,
            inode,
            protocol: None,
            address: None,
            elsewhere: false,
            netns: None,
            max: None,
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The socket listens.
    Listens,
    /// It did not listen a while after the call had gone on.
    Failed,
    /// The socket could not be looked at, or was closed at once.
    Unknown,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comm = self.comm.as_deref().unwrap_or("?");
        write!(f, "{comm}[{}", self.pid)?;
        if self.thread != self.pid {
            write!(f, "/{}", self.thread)?;
        }
        f.write_str("]")?;
        let socket = self.socket.as_ref();
        match socket.and_then(|socket| socket.address.as_deref()) {
            Some("") => f.write_str(" a socket without a name")?,
            Some(address) => write!(f, " {address}")?,
            None => write!(f, " descriptor {}", self.fd)?,
        }
        write!(f, " asked for {}", self.backlog)?;
        match (self.outcome, socket.and_then(|socket| socket.max)) {
            (Outcome::Listens, Some(max)) => write!(f, ", got {max}")?,
            (Outcome::Failed, _) => f.write_str(", failed")?,
            (Outcome::Listens | Outcome::Unknown, _) => {}
        }
        if self.before > 0 {
            write!(f, " (call {} for this socket)", u64::from(self.before) + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn call(inode: u64, address: &str, backlog: i32) -> Call {
        Call {
            pid: 7,
            thread: 7,
            comm: Some("nginx".to_owned()),
            exe: None,
            fd: 3,
            backlog,
            socket: Some(Socket {
                cookie: Some(inode),
                inode,
                protocol: Some(Protocol::Tcp),
                address: Some(address.to_owned()),
                elsewhere: false,
                netns: None,
                max: Some(128),
            }),
            outcome: Outcome::Listens,
            before: 0,
        }
    }

    #[test]
    fn a_line_says_who_asked_where_and_what_came_of_it() {
        let mut it = call(9, "0.0.0.0:80", 511);
        let line = "nginx[7] 0.0.0.0:80 asked for 511, got 128";
        assert_eq!(it.to_string(), line);
        it.thread = 9;
        it.before = 1;
        it.backlog = -1;
        let line = "nginx[7/9] 0.0.0.0:80 asked for -1, got 128 (call 2 for this socket)";
        assert_eq!(it.to_string(), line);
        it = call(9, "", 5);
        it.outcome = Outcome::Failed;
        let line = "nginx[7] a socket without a name asked for 5, failed";
        assert_eq!(it.to_string(), line);
        it.socket = None;
        it.outcome = Outcome::Unknown;
        assert_eq!(it.to_string(), "nginx[7] descriptor 3 asked for 5");
    }
}
