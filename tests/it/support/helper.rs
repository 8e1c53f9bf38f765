//! Processes that hold sockets for a test: this test program again, told to be a helper.
//!
//! `cargo test` builds one program, and a test cannot start a function of it as a process. So one
//! "test", [`helper_process`], is a second `main`: it returns at once unless the environment says
//! what to be. A helper says one line of JSON when it is ready, and ends when its standard input
//! does, which is a unix socket whose other end the test holds.

use std::env;
use std::io::{self, BufRead as _, BufReader, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::sandbox::die_with_parent;
use super::sockets::{Kind, Made, inode};

/// The variable that holds a helper's role.
pub(crate) const ROLE: &str = "BACKLINT_TEST_HELPER";
const READY: &str = "helper: ";

/// What a helper is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Listen, with clients that wait in each queue; unix names are made in the directory.
    Listen {
        sockets: Vec<Wanted>,
        directory: PathBuf,
    },
    /// Listen at this descriptor or the next free one.
    ListenAt(i32),
    /// Listen at 127.0.0.1:7070 as Rust's standard library does.
    Standard,
    /// Take one socket that is sent over standard input.
    Receive,
}

/// A listener that a helper makes; [`Kind::Shared`] is a group of three.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) backlog: i32,
    pub(crate) clients: usize,
}

/// What a helper holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Inodes of its listeners.
    pub(crate) inodes: Vec<u64>,
    /// Descriptor of the last one.
    pub(crate) fd: i32,
}

/// A running helper.
pub(crate) struct Helper {
    child: Child,
    line: UnixStream,
    pub(crate) held: Option<Held>,
}

impl Helper {
    /// Starts a helper and waits until it is ready. One that receives is ready after [`Self::send`].
    pub(crate) fn start(role: &Role) -> Self {
        Self::under(&[], role)
    }

    /// The same, by a program with these words that becomes the helper, as `ip netns exec` does.
    pub(crate) fn under(words: &[&str], role: &Role) -> Self {
        let (line, stdin) = UnixStream::pair().unwrap();
        let exe = env::current_exe().unwrap();
        let mut command = match words {
            [] => Command::new(exe),
            [program, words @ ..] => {
                let mut command = Command::new(program);
                command.args(words).arg(exe);
                command
            }
        };
        command
            .args(["--exact", "support::helper::helper_process", "--nocapture"])
            .args(["--test-threads=1"])
            .env(ROLE, serde_json::to_string(role).unwrap())
            .stdin(OwnedFd::from(stdin))
            .stdout(Stdio::piped());
        let child = die_with_parent(&mut command, Signal::KILL).spawn().unwrap();
        let mut helper = Self {
            child,
            line,
            held: None,
        };
        if !matches!(role, Role::Receive) {
            helper.wait();
        }
        helper
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it holds.
    pub(crate) fn held(&self) -> &Held {
        self.held.as_ref().expect("the helper is ready")
    }

    /// Sends a descriptor (SCM_RIGHTS) and waits until it has arrived.
    pub(crate) fn send(&mut self, socket: BorrowedFd<'_>) {
        let sockets = [socket];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&sockets)));
        let byte = [IoSlice::new(b"!")];
        sendmsg(&self.line, &byte, &mut control, SendFlags::empty()).unwrap();
        self.wait();
    }

    fn wait(&mut self) {
        let stdout = self.child.stdout.take().expect("one answer");
        let mut said = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.unwrap();
            if let Some((_, json)) = line.split_once(READY) {
                self.held = Some(serde_json::from_str(json).unwrap());
                return;
            }
            said += &line;
        }
        panic!("the helper ended: {said}");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn helper_process() {
    let Ok(role) = env::var(ROLE) else { return };
    let sockets: Vec<OwnedFd> = match serde_json::from_str(&role).unwrap() {
        Role::Listen { sockets, directory } => listen(&sockets, &directory),
        Role::ListenAt(number) => {
            let made = Made::internet(Kind::Loopback, 7);
            vec![rustix::io::fcntl_dupfd_cloexec(&made.socket, number).unwrap()]
        }
        Role::Standard => vec![TcpListener::bind("127.0.0.1:7070").unwrap().into()],
        Role::Receive => vec![receive()],
    };
    let listening = |socket: &&OwnedFd| rustix::net::sockopt::socket_acceptconn(socket) == Ok(true);
    let held = Held {
        inodes: sockets
            .iter()
            .filter(listening)
            .map(|socket| inode(socket.as_fd()))
            .collect(),
        fd: sockets.last().unwrap().as_raw_fd(),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "\n{READY}{}", serde_json::to_string(&held).unwrap()).unwrap();
    out.flush().unwrap();
    let _ = io::stdin().lock().read(&mut [0]);
    drop(sockets);
}

/// The listeners, and behind them the clients that wait.
fn listen(wanted: &[Wanted], directory: &std::path::Path) -> Vec<OwnedFd> {
    let (mut listeners, mut clients) = (Vec::new(), Vec::new());
    for (number, wanted) in wanted.iter().enumerate() {
        let first = Made::new(wanted.kind, wanted.backlog, directory, number);
        if wanted.kind == Kind::Shared {
            listeners.extend([first.sibling(wanted.backlog), first.sibling(wanted.backlog)]);
        }
        clients.extend(first.fill(wanted.clients));
        listeners.push(first);
    }
    let listeners = listeners.into_iter().map(|made| made.socket);
    clients
        .into_iter()
        .chain(listeners)
        .map(OwnedFd::from)
        .collect()
}

fn receive() -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let into = &mut [IoSliceMut::new(&mut byte)];
    recvmsg(io::stdin(), into, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
    let sockets = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    sockets.expect("a descriptor was sent")
}
