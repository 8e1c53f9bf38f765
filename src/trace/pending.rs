//! A call that goes on in the kernel: what came of it is seen on a duplicate of its socket, a moment later.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::call::{Call, Outcome, Socket};
use super::filter;
use super::socket::{self, Here};
use super::sys::Question;
use crate::collect::processes::Processes;

/// How long listen(2) itself may take, once its thread has run.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long a thread may wait for a processor on a busy machine.
const MOST_PATIENCE: Duration = Duration::from_secs(5);

/// A call that was let go.
pub(super) struct Pending {
    pub(super) call: Call,
    /// `None`: it could not be taken.
    socket: Option<OwnedFd>,
    /// The maximum before, where it listened already.
    was: Option<u32>,
    listened: bool,
    since: Instant,
    /// How long the thread had run when it asked, in nanoseconds.
    ran: Option<u64>,
}

impl Pending {
    /// Looks at whoever asks, while they wait. `None`: they are gone, or it is no call of listen(2).
    pub(super) fn look(
        question: &Question,
        processes: &Processes,
        here: &mut Here,
    ) -> Option<Self> {
        let thread = question.thread;
        let pid = processes.of_thread(thread)?;
        let (fd, backlog) = arguments(question, processes)?;
        let socket = socket::duplicate(pid, thread, fd);
        let known = socket
            .as_ref()
            .ok()
            .and_then(|it| socket::identity(it.as_fd()));
        let (mut known, outcome) = match (known, &socket) {
            (None, Err(Errno::BADF) | Ok(_)) => (None, Outcome::Failed),
            (None, Err(_)) => (processes.socket(thread, fd).map(of_inode), Outcome::Unknown),
            (known, _) => (known, Outcome::Unknown),
        };
        let socket = socket.ok();
        let (mut was, mut listened) = (None, false);
        if let Some(known) = &mut known {
            let theirs = processes.netns(thread);
            let ours = processes.netns(std::process::id());
            let told = socket.as_ref().and_then(|it| here.is_elsewhere(it.as_fd()));
            known.elsewhere = told.unwrap_or(theirs.is_some() && theirs != ours);
            known.netns = theirs.filter(|_| known.elsewhere && theirs != ours);
            listened = match &socket {
                Some(socket) => socket::listens(socket.as_fd()),
                None => here.find(known),
            };
            was = match &socket {
                Some(socket) if listened => here.max(socket.as_fd(), known),
                _ => known.max,
            };
        }
        Some(Self {
            call: Call {
                pid,
                thread,
                comm: processes.comm(pid),
                exe: processes.executable(pid),
                fd,
                backlog,
                socket: known,
                outcome,
                before: 0,
            },
            socket,
            was,
            listened,
            since: Instant::now(),
            ran: processes.ran(thread),
        })
    }

    /// Whether it is known by now what came of it; `cap` is somaxconn here. `last`: nothing more will
    /// come of it, because its thread made another call.
    pub(super) fn settle(
        &mut self,
        here: &mut Here,
        processes: &Processes,
        cap: Option<i64>,
        last: bool,
    ) -> bool {
        let Some(known) = &mut self.call.socket else {
            return true;
        };
        let socket = self.socket.as_ref().map(OwnedFd::as_fd);
        let listens = match socket {
            Some(socket) => socket::listens(socket),
            None => here.find(known),
        };
        if let Some(socket) = socket.filter(|_| listens) {
            known.max = here.max(socket, known);
        }
        let cap = cap.filter(|_| !known.elsewhere);
        let done = match (listens, self.listened) {
            (false, _) => false,
            (true, false) => true,
            // It listens again: the maximum tells when.
            (true, true) => {
                let given = cap.map(|cap| i64::from(self.call.backlog.cast_unsigned()).min(cap));
                known.max != self.was || given == known.max.map(i64::from)
            }
        };
        let waited = self.since.elapsed();
        let has_run = || processes.ran(self.call.thread) != self.ran || self.ran.is_none();
        let over = last || waited > MOST_PATIENCE || (waited > PATIENCE && has_run());
        if !done && !over {
            return false;
        }
        self.call.outcome = match (listens, socket) {
            (true, _) => Outcome::Listens,
            (false, Some(_)) => Outcome::Failed,
            // It may have been closed since.
            (false, None) => Outcome::Unknown,
        };
        if let Some(socket) = socket {
            known.address = socket::name(socket);
        }
        true
    }
}

fn of_inode(inode: u64) -> Socket {
    Socket {
        cookie: None,
        inode,
        protocol: None,
        address: None,
        elsewhere: false,
        netns: None,
        max: None,
    }
}

/// Descriptor and backlog. Registers of 64 bits may have anything in their high halves, which the kernel
/// does not read either.
fn arguments(question: &Question, processes: &Processes) -> Option<(u32, i32)> {
    let low = |argument: u64| u32::try_from(argument & 0xffff_ffff).ok();
    let [first, second, ..] = question.arguments;
    if !filter::is_socketcall(question.architecture, question.number) {
        return Some((low(first)?, low(second)?.cast_signed()));
    }
    let mut words = [0; 8];
    processes.memory(question.thread, u64::from(low(second)?), &mut words)?;
    let word = |at: usize| {
        words
            .get(at..at + 4)?
            .first_chunk()
            .map(|word| u32::from_ne_bytes(*word))
    };
    Some((word(0)?, word(4)?.cast_signed()))
}
