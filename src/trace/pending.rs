//! A call that somebody waits in. Where that is the same it is made in their place; otherwise it goes on in the
//! kernel, and what came of it is seen on a duplicate of its socket, a moment later.

use std::time::{Duration, Instant};

use super::call::{Call, Outcome};
use super::filter;
use super::held::Held;
use super::socket::{self, Here};
use super::sys::Question;
use crate::collect::processes::Processes;

/// How long listen(2) itself may take, once its thread has run.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long a thread may wait for a processor on a busy machine.
const MOST_PATIENCE: Duration = Duration::from_secs(5);

/// A call that was asked about.
pub(super) struct Pending {
    pub(super) call: Call,
    /// `None`: it could not be looked at, or is none.
    held: Option<Held>,
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
        let held = Held::take(processes, here, (pid, thread), fd);
        let outcome = held.as_ref().err().copied();
        let mut held = held.ok();
        let listened = held.as_mut().is_some_and(|held| held.listens(here));
        Some(Self {
            call: Call {
                pid,
                thread,
                comm: processes.comm(pid),
                exe: processes.executable(pid),
                fd,
                backlog,
                socket: None,
                outcome: outcome.unwrap_or(Outcome::Unknown),
                before: 0,
            },
            was: held.as_ref().and_then(|held| held.known.max),
            held,
            listened,
            since: Instant::now(),
            ran: processes.ran(thread),
        })
    }

    /// Makes the call in the place of whoever waits, on the duplicate, so that what came of it is known exactly and
    /// the duplicate is closed before they go on: while it is open it keeps the port, and a program that closes
    /// its socket and binds the port anew must not find it taken. `None`: they have to make it themselves.
    ///
    /// listen(2) is of the socket and not of whoever calls it, but for two things: a unix socket takes the
    /// credentials that SO_PEERCRED tells from the caller (`unix_listen`, net/unix/af_unix.c), and a security module
    /// asks whether the caller may.
    pub(super) fn stand_in(
        &mut self,
        processes: &Processes,
        here: &mut Here,
    ) -> Option<rustix::io::Result<()>> {
        let ours = processes.label(std::process::id());
        let held = self.held.as_mut()?;
        let socket = held.socket().filter(|it| !socket::is_unix(*it))?;
        if processes.label(self.call.thread) != ours {
            return None;
        }
        let done = rustix::net::listen(socket, self.call.backlog);
        self.call.outcome = match done {
            Ok(()) => Outcome::Listens,
            Err(_) => Outcome::Failed,
        };
        held.listens(here);
        self.call.socket = Some(held.named().clone());
        self.held = None;
        Some(done)
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
        let Some(held) = &mut self.held else {
            return true;
        };
        let listens = held.listens(here);
        let known = &held.known;
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
        self.call.outcome = match (listens, held.is_duplicate()) {
            (true, _) => Outcome::Listens,
            (false, true) => Outcome::Failed,
            // It may have been closed since.
            (false, false) => Outcome::Unknown,
        };
        self.call.socket = Some(held.named().clone());
        self.held = None;
        true
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
