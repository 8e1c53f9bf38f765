//! The process that the user started: prints what the supervisor says, passes signals on, and ends what
//! is left if the supervisor is killed. It keeps the terminal's foreground group together with the command.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, pidfd_send_signal,
    set_child_subreaper, wait,
};

use super::keeper::Keeper;
use super::message::{Message, Receiver};
use super::sys::{self, Mask, Signals};
use super::{Call, Fault, Traced};
use crate::collect::processes::Processes;

/// The signals that are passed on, and that of children.
pub(super) const SIGNALS: [i32; 9] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGWINCH,
    libc::SIGCHLD,
];

/// How far up a process's parents are followed.
const MOST_PARENTS: usize = 4096;

/// Those that ask for an end.
pub(super) const DEADLY: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// How long what the supervisor left behind may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Watcher {
    signals: Signals,
    processes: Processes,
    /// Children that this process had before it became backlint.
    strangers: BTreeSet<u32>,
    /// Whether somebody wants an end, and nobody reads what is told.
    mute: bool,
}

impl Watcher {
    /// Takes the signals from here on.
    pub(super) fn new() -> Result<Self, Fault> {
        let fault = |error: &io::Error| Fault::io("signals cannot be taken", error);
        let signals = Signals::new(&SIGNALS, &SIGNALS).map_err(|error| fault(&error))?;
        // What the supervisor leaves behind if it is killed comes to us.
        set_child_subreaper(Pid::from_raw(1)).map_err(|error| fault(&error.into()))?;
        let processes = Processes::new(Path::new("/proc"));
        let own = processes.descendants(std::process::id());
        Ok(Self {
            signals,
            processes,
            strangers: own.into_iter().collect(),
            mute: false,
        })
    }

    /// The signals that the command lets through when it starts.
    pub(super) fn before(&self) -> Mask {
        self.signals.before()
    }

    /// Listens to the supervisor until it has said all.
    pub(super) fn run(
        mut self,
        channel: UnixStream,
        supervisor: Pid,
        keeper: Option<Keeper>,
        mut tell: impl FnMut(&Call),
    ) -> Result<Traced, Fault> {
        let mut receiver = Receiver::new(channel);
        let kept = keeper.as_ref();
        let kept = kept.map(|keeper| keeper.pid.as_raw_pid().cast_unsigned());
        self.strangers.extend(kept);
        let said = loop {
            let spoken = self.sleep(&receiver);
            self.pass_on(receiver.stream());
            if !spoken {
                continue;
            }
            match receiver.next() {
                Some(Message::Call(call)) if !self.mute => tell(&call),
                Some(Message::Call(_)) => {}
                Some(Message::Done(traced)) => break Some(Ok(*traced)),
                Some(Message::Fault(fault)) => break Some(Err(fault)),
                None => break None,
            }
        };
        let said = said.unwrap_or_else(|| {
            self.end_all();
            let why = "the process that watched the command was killed, and the command with it";
            Err(Fault::Other(why.to_owned()))
        });
        let _ = rustix::process::waitpid(Some(supervisor), WaitOptions::empty());
        if let Some(keeper) = keeper {
            keeper.finish();
        }
        let _ = set_child_subreaper(None);
        self.signals.before().set();
        said
    }

    /// Waits for words or signals; whether there are words. While nobody takes what is told already none are
    /// heard, so that signals still are.
    fn sleep(&self, receiver: &Receiver) -> bool {
        let error = io::stderr();
        let hears = self.mute || is_ready(&error);
        let next = match hears {
            true if receiver.has_more() => return true,
            true => PollFd::new(receiver.stream(), PollFlags::IN),
            false => PollFd::new(&error, PollFlags::OUT),
        };
        let mut fds = [next, PollFd::new(&self.signals, PollFlags::IN)];
        let _ = poll(&mut fds, None);
        hears && !fds[0].revents().is_empty()
    }

    /// Passes the signals on that came.
    fn pass_on(&mut self, mut channel: &UnixStream) {
        while let Some(signal) = self.signals.next() {
            if signal.number == libc::SIGCHLD {
                self.reap();
                continue;
            }
            self.mute |= DEADLY.contains(&signal.number) && !is_ready(&io::stderr());
            let number = u8::try_from(signal.number).unwrap_or_default();
            // A supervisor that is gone is seen when it is listened to.
            let _ = channel.write_all(&[number, u8::from(reached(signal))]);
        }
    }

    /// Takes the ends of processes, which all come to the first process of a container.
    fn reap(&self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Kills what the supervisor left behind. What cannot be killed is not waited for.
    fn end_all(&self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.reap();
            let left = self.processes.descendants(std::process::id());
            let left: Vec<u32> = left
                .into_iter()
                .filter(|pid| !self.is_strange(*pid))
                .collect();
            if left.is_empty() {
                return;
            }
            for pid in left {
                signal(&self.processes, pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether a process was there before, or comes from one that was.
    fn is_strange(&self, pid: u32) -> bool {
        ancestry(&self.processes, pid).any(|pid| self.strangers.contains(&pid))
    }
}

/// Whether a write would not wait; one that fails does not.
fn is_ready(output: &io::Stderr) -> bool {
    let mut fds = [PollFd::new(output, PollFlags::OUT)];
    let now = Timespec::default();
    !matches!(poll(&mut fds, Some(&now)), Ok(0))
}

/// Whether a signal has reached the command already: the kernel sends those of a terminal to all of its
/// foreground group. But that the terminal is gone it tells the leader of the session alone
/// (`tty_signal_session_leader`, drivers/tty/tty_jobctrl.c), whose end tells the group.
fn reached(signal: sys::Signal) -> bool {
    let is_leader = sys::leads_session();
    signal.by_kernel && !(signal.number == libc::SIGHUP && is_leader)
}

/// Sends a signal to a descendant, and to nobody who has its number by now; where a sandbox forbids handles of
/// processes, to its number.
pub(super) fn signal(processes: &Processes, number: u32, signal: Signal) {
    let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else {
        return;
    };
    let _ = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) if is_below(processes, number, std::process::id()) => {
            pidfd_send_signal(handle, signal)
        }
        Ok(_) | Err(Errno::SRCH) => Ok(()),
        Err(_) => kill_process(pid, signal),
    };
}

/// Whether one process comes from another one.
fn is_below(processes: &Processes, pid: u32, top: u32) -> bool {
    ancestry(processes, pid).skip(1).any(|pid| pid == top)
}

/// A process, its parent, and so on.
fn ancestry(processes: &Processes, pid: u32) -> impl Iterator<Item = u32> {
    let parent = |pid: &u32| Some(processes.status(*pid)?.parent);
    std::iter::successors(Some(pid), parent).take(MOST_PARENTS)
}
