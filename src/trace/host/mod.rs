//! Watches every process of the machine call listen(2), for seconds or minutes: with the kernel's own
//! events, in a ring buffer that nobody else reads and that is removed however the trace ends. Nothing is
//! run, and no process is touched; while it is on, each system call of the machine costs a little more,
//! because the kernel then takes its slow way (`SYSCALL_TRACEPOINT`).
//!
//! - `tracefs`, `instance`, `guard`: the ring buffer, and who removes it.
//! - `format`, `page`, `event`, `reader`: from its bytes to calls.
//! - `calls`, `record`, `gaps`: from calls to sockets, and to the record.

mod calls;
mod event;
mod fitting;
mod format;
mod gaps;
mod guard;
mod instance;
mod page;
mod reader;
mod record;
mod tracefs;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use self::calls::{Calls, Looker};
use self::event::{Sight, Threads};
use self::guard::Guard;
use self::reader::Reader;
use self::record::Before;
pub use self::record::Gone;
use self::tracefs::Folder;
use super::Fault;
use super::call::Call;
use super::sys::Signals;
use super::until::{Until, Waiting};
use crate::collect::namespaces::Reach;
use crate::collect::processes::Processes;
use crate::collect::{self, Seen, Sources, Wanted};

/// What ends a trace, and the end of the guard.
const SIGNALS: [i32; 5] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGCHLD,
];

/// How long listeners may come after the last one that was waited for.
const GRACE: Duration = Duration::from_millis(50);

/// How long calls are told of before signals and time are looked at.
const MOMENT: Duration = Duration::from_millis(50);

/// How long it may take in the end to tell of what was called before.
const PATIENCE: Duration = Duration::from_secs(5);

/// Inode of the first pid namespace (`PROC_PID_INIT_INO`, include/linux/proc_ns.h): events have its pids.
const FIRST_PIDS: &str = "pid:[4026531836]";

/// What a trace of the host has seen.
#[derive(Debug)]
pub struct Traced {
    /// The host at the end, with what was asked for.
    pub seen: Seen,
    /// Calls that were seen.
    pub calls: u64,
    /// What listened meanwhile and does no more; the last call of each socket.
    pub gone: Vec<Gone>,
    /// What did not come true of what was waited for.
    pub missing: Vec<String>,
}

/// A trace of the host that is on.
pub struct Trace {
    name: String,
    instances: Folder,
    guard: Guard,
    /// `None`: the instance is gone.
    reader: Option<Reader>,
    looker: Looker,
    threads: Threads,
    calls: Calls,
    signals: Signals,
    sources: Sources,
    before: Before,
    swept: Vec<String>,
}

impl Trace {
    /// Switches it on. This process must have one thread.
    ///
    /// # Errors
    ///
    /// [`Fault::Refused`] with its remedy where the machine or its kernel does not allow it.
    pub fn begin() -> Result<Self, Fault> {
        may_be_traced()?;
        let sources = Sources::default();
        let processes = Processes::new(&sources.proc);
        let root = Folder::root()?;
        let instances = root.folder("instances").map_err(|error| {
            let why = match error {
                rustix::io::Errno::PERM | rustix::io::Errno::ACCESS => tracefs::forbidden(),
                error => io::Error::from(error).to_string(),
            };
            Fault::Refused(format!(
                "the host cannot be traced: instances of tracefs: {why}"
            ))
        })?;
        let swept = instance::sweep(&instances, &processes);
        let name = instance::name(&processes)
            .ok_or_else(|| Fault::Other("/proc does not show this process".to_owned()))?;
        let signals = Signals::new(&SIGNALS, &SIGNALS)
            .map_err(|error| Fault::io("signals cannot be taken", &error))?;
        // Before there is anything that it would have to remove.
        let guard = Guard::start(&instances, &name)?;
        let mut trace = Self {
            name,
            instances,
            guard,
            reader: None,
            looker: Looker::new(
                processes,
                root.folder(".")
                    .map_err(|error| Fault::io("tracefs cannot be read", &error.into()))?,
            ),
            threads: Threads::default(),
            calls: Calls::default(),
            signals,
            sources,
            before: Before::default(),
            swept,
        };
        let (folder, events) = instance::make(&trace.instances, &trace.name)?;
        trace.reader = Some(Reader::new(&root, folder, events)?);
        trace.before = Before::look(&trace.sources)?;
        Ok(trace)
    }

    /// Instances that earlier traces left behind, because they were killed with their guards; they are
    /// removed.
    pub fn swept(&self) -> &[String] {
        &self.swept
    }

    /// Watches until the time is over, all of `until` came true, or a signal asks for the end.
    ///
    /// # Errors
    ///
    /// [`Fault`] when the host cannot be looked at in the end.
    pub fn run(
        mut self,
        (time, until): (Option<Duration>, &[Until]),
        wanted: &Wanted,
        mut tell: impl FnMut(&Call),
    ) -> Result<Traced, Fault> {
        let mut deadline = time.and_then(|time| Instant::now().checked_add(time));
        let mut waiting = Waiting::new(until);
        loop {
            let left = deadline.map(|it| it.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || self.sleep(left)? {
                break;
            }
            let was_over = waiting.is_over();
            self.take(&mut waiting, &mut tell);
            if waiting.is_over() && !was_over {
                let soon = Instant::now() + GRACE;
                deadline = Some(deadline.map_or(soon, |deadline| deadline.min(soon)));
            }
        }
        // From here on a signal ends this process as usual, and the guard does what is left.
        self.signals.before().set();
        let seen = collect::look_around(&self.sources, wanted, Reach::All);
        let mut seen = seen.map_err(|error| Fault::Other(error.to_string()))?;
        // What listens in that record may have called meanwhile.
        self.finish_reading(&mut waiting, &mut tell);
        let lost = self.reader.as_ref().map_or(0, Reader::lost);
        self.switch_off();
        let own = Processes::new(&self.sources.proc).netns(std::process::id());
        let calls = std::mem::take(&mut self.calls);
        let count = calls.count;
        let gone = record::apply(&mut seen, (&self.before, own), calls, lost);
        Ok(Traced {
            seen,
            calls: count,
            gone,
            missing: waiting.missing(),
        })
    }

    /// Waits until something happens; whether it is the end.
    fn sleep(&mut self, time: Option<Duration>) -> Result<bool, Fault> {
        if let Some(reader) = &mut self.reader {
            reader.wait(&[PollFd::new(&self.signals, PollFlags::IN)], time);
        }
        while let Some(signal) = self.signals.next() {
            if signal.number != libc::SIGCHLD {
                return Ok(true);
            }
            if !self.guard.runs() {
                self.guard = Guard::start(&self.instances, &self.name)?;
            }
        }
        Ok(false)
    }

    /// Reads what is there, and tells of calls that are over, for a moment. What comes in the meantime is read
    /// too: looking at processes takes longer than calling. Whether all was told.
    fn take(&mut self, waiting: &mut Waiting, tell: &mut impl FnMut(&Call)) -> bool {
        let end = Instant::now() + MOMENT;
        let Some(reader) = &mut self.reader else {
            return true;
        };
        self.looker.refresh();
        reader.read();
        while let Some(event) = reader.next() {
            match self.threads.take(event) {
                Some(Sight::Call(done)) => {
                    let call = self.looker.call(&done, &mut self.calls);
                    waiting.saw(&call);
                    tell(&call);
                    reader.read();
                }
                Some(Sight::Uncalled(thread, place)) => {
                    self.looker.uncalled(thread, place, &mut self.calls);
                }
                None => {}
            }
            if Instant::now() > end {
                return false;
            }
        }
        true
    }

    /// Tells of all that was called until now.
    fn finish_reading(&mut self, waiting: &mut Waiting, tell: &mut impl FnMut(&Call)) {
        if let Some(reader) = &mut self.reader {
            reader.stop();
        }
        let end = Instant::now() + PATIENCE;
        while !self.take(waiting, tell) {
            if Instant::now() > end {
                break;
            }
        }
        if let Some(reader) = &mut self.reader {
            reader.give_up();
        }
    }

    /// Removes the instance, or sees it removed.
    fn switch_off(&mut self) {
        self.reader = None;
        self.guard.finish();
        // If the guard was killed before it could.
        let _ = instance::remove(&self.instances, &self.name);
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.switch_off();
    }
}

/// Whether events of this machine can be understood here.
fn may_be_traced() -> Result<(), Fault> {
    let refused = |why: &str| Fault::Refused(format!("the host cannot be traced: {why}"));
    if !rustix::process::geteuid().is_root() {
        return Err(refused(
            "only root may; run it with sudo, or trace a command of your own, which needs no privilege: \
             `backlint trace -- COMMAND`",
        ));
    }
    let pids = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    if pids != Path::new(FIRST_PIDS) {
        return Err(refused(
            "this is a pid namespace of its own, and the kernel tells of processes by the host's pids: run \
             backlint on the host itself, or in a container with --privileged --pid=host",
        ));
    }
    Ok(())
}
