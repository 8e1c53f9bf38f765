//! The parent of the command: answers the filter's questions, tells the watcher of each, and ends what it
//! traces when it is time. It prints nothing and outlives the watcher.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgid, getpgrp, kill_process, set_child_subreaper, wait,
};

use super::call::Call;
use super::keeper::Line;
use super::message::{Message, Sender};
use super::pending::Pending;
use super::record::Sightings;
use super::socket::Here;
use super::sys::{Mask, Questions, Signals};
use super::until::Waiting;
use super::{Ended, Fault, Options, Traced, isolate, record, start, watcher};
use crate::collect::processes::Processes;
use crate::collect::{Seen, Sources, Wanted};
use crate::snapshot::Snapshot;

/// How long listeners may come after the last one that was waited for.
const GRACE: Duration = Duration::from_millis(50);
/// How long processes may take to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a call is looked at that goes on in the kernel.
const GLANCE: Duration = Duration::from_millis(1);
/// How often a call is looked at before anything else is done: most are over at once.
const GLANCES: u32 = 50;

/// Traces to the end, and says all of it to the other end of `channel`. The command lets through what
/// `before` does.
pub(super) fn run(
    (options, before, keeper): (&Options, Mask, &Line),
    wanted: &Wanted,
    complete: impl FnOnce(Seen) -> Snapshot,
    channel: UnixStream,
) {
    let mut sender = Sender::new(channel);
    let begun = Supervisor::begin(options, before, keeper);
    let traced = begun.and_then(|it| it.serve(wanted, complete, &mut sender));
    let message = match traced {
        Ok(traced) => Message::Done(Box::new(Traced {
            untold: sender.untold,
            ..traced
        })),
        Err(fault) => Message::Fault(fault),
    };
    sender.finish(&message);
}

struct Supervisor {
    sources: Sources,
    processes: Processes,
    signals: Signals,
    /// `None`: nobody is left who could ask.
    questions: Option<Questions>,
    here: Here,
    pending: Vec<Pending>,
    sightings: Sightings,
    waiting: Waiting,
    /// `None`: it has ended.
    command: Option<Pid>,
    ended: Option<Ended>,
    /// When to end everything.
    deadline: Option<Instant>,
    /// Since when everything is asked to end.
    ending: Option<Instant>,
    /// somaxconn of this network namespace.
    cap: Option<i64>,
}

impl Supervisor {
    fn begin(options: &Options, before: Mask, keeper: &Line) -> Result<Self, Fault> {
        let fault = |error: &io::Error| Fault::io("the supervisor cannot start", error);
        set_child_subreaper(Pid::from_raw(1)).map_err(|error| fault(&error.into()))?;
        let signals = Signals::new(&watcher::SIGNALS, &[libc::SIGCHLD]);
        let signals = signals.map_err(|error| fault(&error))?;
        if let Some(sysctls) = &options.isolated {
            isolate::isolate(sysctls)?;
        }
        let sources = Sources::default();
        let cap = std::fs::read_to_string(sources.proc.join("sys/net/core/somaxconn"));
        let here = Here::new();
        let started = start::start(&options.command, before)?;
        keeper.give(&started.questions);
        Ok(Self {
            processes: Processes::new(&sources.proc),
            sources,
            signals,
            questions: Some(started.questions),
            here,
            pending: Vec::new(),
            sightings: Sightings::new(),
            waiting: Waiting::new(&options.until),
            command: Some(started.pid),
            ended: None,
            deadline: options
                .time
                .and_then(|time| Instant::now().checked_add(time)),
            ending: None,
            cap: cap.ok().and_then(|cap| cap.trim().parse().ok()),
        })
    }

    fn serve(
        mut self,
        wanted: &Wanted,
        complete: impl FnOnce(Seen) -> Snapshot,
        sender: &mut Sender,
    ) -> Result<Traced, Fault> {
        let mut complete = Some(complete);
        let mut record = None;
        let mut cut = false;
        loop {
            let asked = self.sleep(sender);
            sender.flush();
            if asked {
                self.answer(sender);
            }
            self.settle(None, sender);
            self.hear(sender);
            let over = self.reap();
            let now = Instant::now();
            let time = self.deadline.is_some_and(|deadline| deadline <= now);
            if (over || time)
                && self.ending.is_none()
                && let Some(complete) = complete.take()
            {
                self.finish_all(sender);
                // Nobody reads the record of a trace whose watcher is gone.
                if sender.heard {
                    record = Some(self.look(wanted, complete));
                }
                self.ending = Some(Instant::now());
                cut = self.command.is_some();
                self.signal_all(&[Signal::TERM, Signal::CONT]);
            }
            if over {
                break;
            }
            let stubborn = |since: Instant| since.elapsed() > PATIENCE;
            if self.ending.is_some_and(stubborn) {
                self.signal_all(&[Signal::KILL]);
            }
        }
        let gone = || Err(Fault::Other("nobody waits for the record".to_owned()));
        Ok(Traced {
            snapshot: record.unwrap_or_else(gone)?,
            ended: self.ended.unwrap_or(Ended::Status(0)),
            cut,
            calls: self.sightings.calls(),
            untold: 0,
            missing: self.waiting.missing(),
        })
    }

    /// Waits until something happens; whether it is a question.
    fn sleep(&mut self, sender: &Sender) -> bool {
        let now = Instant::now();
        let soon = (!self.pending.is_empty()).then_some(GLANCE);
        let timer = self.deadline.filter(|_| self.ending.is_none());
        let timer = timer.map(|deadline| deadline.saturating_duration_since(now));
        let ending = self.ending.map(|_| Duration::from_millis(100));
        let time = [soon, timer, ending].into_iter().flatten().min();
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        let signals = self.signals.as_fd();
        let mut fds = vec![PollFd::from_borrowed_fd(signals, PollFlags::IN)];
        if sender.heard {
            let room = match sender.has_more() {
                true => PollFlags::OUT,
                false => PollFlags::empty(),
            };
            fds.push(PollFd::new(sender.stream(), PollFlags::IN | room));
        }
        if let Some(questions) = &self.questions {
            fds.push(PollFd::new(questions, PollFlags::IN));
        }
        // An error is a signal: everything is looked at.
        let _ = poll(&mut fds, time.as_ref());
        let events = fds.last().map(PollFd::revents);
        let events = events.filter(|_| self.questions.is_some());
        let events = events.unwrap_or(PollFlags::empty());
        let asked = events.contains(PollFlags::IN);
        if !asked && events.intersects(PollFlags::HUP | PollFlags::ERR) {
            self.questions = None;
        }
        asked
    }

    fn answer(&mut self, sender: &mut Sender) {
        let Some(Ok(question)) = self.questions.as_mut().map(Questions::next) else {
            return;
        };
        self.settle(Some(question.thread), sender);
        let mut pending = match sender.heard && self.ending.is_none() {
            true => Pending::look(&question, &self.processes, &mut self.here),
            false => None,
        };
        let Some(questions) = &self.questions else {
            return;
        };
        // Otherwise what was looked at may be another's, who has its thread's number by now.
        let is_theirs = questions.waits(question.id);
        let done = pending.as_mut().filter(|_| is_theirs);
        let done = done.and_then(|pending| pending.stand_in(&self.processes, &mut self.here));
        let answered = match done {
            Some(done) => questions.answer(question.id, done),
            None => questions.let_go(question.id),
        };
        match answered {
            Ok(()) if is_theirs => {}
            // A signal came first: the call did not happen, or is made again.
            _ => return,
        }
        let Some(mut pending) = pending else {
            self.sightings.unread();
            return;
        };
        if done.is_some() {
            return self.tell(pending.call, sender);
        }
        for _ in 0..GLANCES {
            if pending.settle(&mut self.here, &self.processes, self.cap, false) {
                return self.tell(pending.call, sender);
            }
            std::thread::yield_now();
        }
        self.pending.push(pending);
    }

    /// Tells of what is known by now; of everything of this thread.
    fn settle(&mut self, thread: Option<u32>, sender: &mut Sender) {
        for mut pending in std::mem::take(&mut self.pending) {
            let last = Some(pending.call.thread) == thread;
            match pending.settle(&mut self.here, &self.processes, self.cap, last) {
                true => self.tell(pending.call, sender),
                false => self.pending.push(pending),
            }
        }
    }

    /// Waits for the calls that still go on.
    fn finish_all(&mut self, sender: &mut Sender) {
        let end = Instant::now() + GRACE;
        while !self.pending.is_empty() && Instant::now() < end {
            std::thread::sleep(GLANCE);
            self.settle(None, sender);
        }
        for mut pending in std::mem::take(&mut self.pending) {
            pending.settle(&mut self.here, &self.processes, self.cap, true);
            self.tell(pending.call, sender);
        }
    }

    fn tell(&mut self, mut call: Call, sender: &mut Sender) {
        call.before = self.sightings.saw(&call);
        let was_over = self.waiting.is_over();
        self.waiting.saw(&call);
        if self.waiting.is_over() && !was_over {
            self.end_at(Instant::now() + GRACE);
        }
        sender.tell(call);
    }

    fn end_at(&mut self, time: Instant) {
        let earlier = |deadline: Instant| deadline.min(time);
        self.deadline = Some(self.deadline.map_or(time, earlier));
    }

    /// Takes the signals that the watcher was sent.
    fn hear(&mut self, sender: &mut Sender) {
        let mut bytes = [0; 64];
        while sender.heard {
            let length = match recv(sender.stream(), &mut bytes, RecvFlags::DONTWAIT) {
                Ok((length @ 1.., _)) => length,
                Err(Errno::AGAIN | Errno::INTR) => return,
                // The watcher is gone; the command goes on.
                Ok(_) | Err(_) => {
                    sender.heard = false;
                    return;
                }
            };
            let signals = bytes.get(..length).unwrap_or_default();
            for pair in signals.chunks_exact(2) {
                if let [number, by_kernel] = pair {
                    self.pass_on(i32::from(*number), *by_kernel != 0);
                }
            }
        }
    }

    /// A signal for the command. One of the terminal has reached it already.
    fn pass_on(&mut self, number: i32, by_kernel: bool) {
        let deadly = watcher::DEADLY.contains(&number);
        match self.command {
            _ if self.ending.is_some() && deadly => self.signal_all(&[Signal::KILL]),
            Some(command) if !by_kernel || !is_of_our_group(command) => {
                if let Some(signal) = Signal::from_named_raw(number) {
                    let _ = kill_process(command, signal);
                }
            }
            // What it has left behind ends instead of it.
            None if deadly => self.end_at(Instant::now()),
            Some(_) | None => {}
        }
    }

    /// Takes the ends of processes; whether none is left.
    fn reap(&mut self) -> bool {
        while self.signals.next().is_some() {}
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == self.command => {
                    self.command = None;
                    self.ended = ended(status);
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    fn signal_all(&self, signals: &[Signal]) {
        for pid in self.processes.descendants(std::process::id()) {
            for signal in signals {
                watcher::signal(&self.processes, pid, *signal);
            }
        }
    }

    fn look(
        &mut self,
        wanted: &Wanted,
        complete: impl FnOnce(Seen) -> Snapshot,
    ) -> Result<Snapshot, Fault> {
        let living = self.processes.descendants(std::process::id());
        let living: BTreeSet<u32> = living.into_iter().collect();
        let seen = record::look(&self.sources, wanted, &self.sightings, &living)?;
        Ok(complete(seen))
    }
}

/// Whether a process is in our process group, which is the terminal's foreground if its signals reach us.
fn is_of_our_group(pid: Pid) -> bool {
    getpgid(Some(pid)).is_ok_and(|group| group == getpgrp())
}

fn ended(status: WaitStatus) -> Option<Ended> {
    let signal = status.terminating_signal().map(Ended::Signal);
    signal.or(status.exit_status().map(Ended::Status))
}
