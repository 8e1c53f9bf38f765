//! A third process that does one thing: it has the descriptor of the filter's questions too, and once nobody
//! else has it lets every call go on. So a daemon that was traced can still listen when both others were
//! killed; without an owner of that descriptor its listen(2) would fail with ENOSYS.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::detached::detach;
use super::sys::{self, Questions};
use super::{Fault, passing};

/// How long its end is waited for when all is over.
const PATIENCE: Duration = Duration::from_millis(200);

/// What the keeper hears. Every process that may still answer has one open: that all are closed is all that
/// it waits for.
pub(super) struct Line(OwnedFd);

/// The other end, before the keeper has it.
pub(super) struct End(OwnedFd);

pub(super) fn line() -> Result<(Line, End), Fault> {
    let pair = passing::pair();
    let (ours, theirs) =
        pair.map_err(|error| Fault::io("no channel can be made", &error.into()))?;
    Ok((Line(ours), End(theirs)))
}

impl Line {
    /// Hands the keeper the descriptor. If that fails it is as if there were none.
    pub(super) fn give(&self, questions: &Questions) {
        let _ = passing::send(&self.0, questions);
    }
}

pub(super) struct Keeper {
    pub(super) pid: Pid,
    line: Line,
}

impl Keeper {
    /// Starts it. This process must have one thread, with the signals blocked that a terminal or an
    /// operator sends. `None`: there can be no more processes; the trace goes on without.
    pub(super) fn start(line: Line, end: End) -> Option<Self> {
        match sys::fork().ok()? {
            sys::Side::Parent(pid) => Some(Self { pid, line }),
            sys::Side::Child => {
                let done = keep(&end.0);
                sys::leave(i32::from(done.is_none()))
            }
        }
    }

    /// Waits for its end where nothing traced is left, which is at once.
    pub(super) fn finish(self) {
        drop(self.line);
        let end = Instant::now() + PATIENCE;
        let runs = || matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None));
        while runs() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The keeper's whole life. `None`: it has nothing to keep.
fn keep(line: &OwnedFd) -> Option<()> {
    detach(&[line.as_raw_fd()])?;
    let mut questions = Questions::new(passing::receive(line)?).ok()?;
    // Nothing more is ever said. An error is an end too.
    while matches!(
        recv(line, &mut [0], RecvFlags::empty()),
        Ok((1.., _)) | Err(Errno::INTR)
    ) {}
    loop {
        let mut fds = [PollFd::new(&questions, PollFlags::IN)];
        let _ = poll(&mut fds, None);
        let events = fds[0].revents();
        if events.contains(PollFlags::IN) {
            if let Ok(question) = questions.next() {
                let _ = questions.let_go(question.id);
            }
        } else if events.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Some(());
        }
    }
}
