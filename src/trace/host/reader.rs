//! Reads the ring buffer: all processors' pages, put into one order by their times.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Dir;
use rustix::time::{ClockId, clock_gettime};

use super::event::{Event, Events};
use super::format::Format;
use super::page::Layout;
use super::tracefs::Folder;
use crate::trace::Fault;

/// Events that wait to be understood; more are lost, and counted.
const MOST: usize = 1_000_000;
/// Kernels forget to wake who waits for an event now and then; nothing is lost, it is only seen later.
const LONGEST: Duration = Duration::from_millis(100);

pub(super) struct Reader {
    folder: Folder,
    layout: Layout,
    events: Events,
    processors: Vec<Processor>,
    page: Vec<u8>,
    /// Events that were read, by time.
    waiting: VecDeque<Event>,
    /// Up to which time all processors were read.
    complete: u64,
    dropped: u64,
}

struct Processor {
    name: String,
    pages: OwnedFd,
    /// Whether the kernel wakes who waits for it: not for one that was never there.
    wakes: bool,
}

impl Reader {
    pub(super) fn new(root: &Folder, folder: Folder, events: Events) -> Result<Self, Fault> {
        let fault = |error: &io::Error| Fault::io("the ring buffer cannot be read", error);
        let header = root
            .read("events/header_page")
            .map_err(|error| fault(&error))?;
        let layout = Layout::new(&Format::parse(&header)).ok_or_else(|| {
            Fault::Other("tracefs describes its pages in a form that is not known".to_owned())
        })?;
        let all = folder.folder("per_cpu");
        let all = all
            .and_then(Dir::read_from)
            .map_err(|error| fault(&error.into()))?;
        let names = all.flatten().filter_map(|entry| {
            let name = entry.file_name().to_str().ok()?;
            name.starts_with("cpu").then(|| format!("per_cpu/{name}"))
        });
        let mut processors = Vec::new();
        for name in names {
            let pages = folder.stream(&format!("{name}/trace_pipe_raw"));
            let pages = pages.map_err(|error| fault(&error.into()))?;
            processors.push(Processor {
                name,
                pages,
                wakes: true,
            });
        }
        Ok(Self {
            page: vec![0; layout.length()],
            folder,
            layout,
            events,
            processors,
            waiting: VecDeque::new(),
            complete: 0,
            dropped: 0,
        })
    }

    /// Waits until there is something to read, one of `others` has something, or the time is over.
    pub(super) fn wait(&mut self, others: &[PollFd<'_>], time: Option<Duration>) {
        let time = match self.waiting.is_empty() {
            true => time.map_or(LONGEST, |time| time.min(LONGEST)),
            // They only wait for the rest of the same moment.
            false => Duration::ZERO,
        };
        let time = Timespec::try_from(time).ok();
        let mut fds = others.to_vec();
        let awake = self
            .processors
            .iter()
            .enumerate()
            .filter(|(_, it)| it.wakes);
        let awake: Vec<usize> = awake.map(|(at, _)| at).collect();
        fds.extend(
            awake
                .iter()
                .map(|at| PollFd::new(&self.processors[*at].pages, PollFlags::IN)),
        );
        let _ = poll(&mut fds, time.as_ref());
        let broken = fds.iter().skip(others.len()).zip(&awake);
        let broken =
            broken.filter(|(fd, _)| fd.revents().intersects(PollFlags::ERR | PollFlags::NVAL));
        let broken: Vec<usize> = broken.map(|(_, at)| *at).collect();
        drop(fds);
        for at in broken {
            self.processors[at].wakes = false;
        }
    }

    /// Reads all that is there.
    pub(super) fn read(&mut self) {
        let now = clock_gettime(ClockId::Monotonic);
        let before = self.waiting.len();
        for processor in &self.processors {
            while let Ok(length @ 1..) = rustix::io::read(&processor.pages, &mut self.page) {
                let page = self.page.get(..length).unwrap_or_default();
                self.layout.each(page, |time, record| {
                    let Some(event) = self.events.read(time, record) else {
                        return;
                    };
                    match self.waiting.len() < MOST {
                        true => self.waiting.push_back(event),
                        false => self.dropped += 1,
                    }
                });
            }
        }
        if self.waiting.len() > before {
            // Stable, so that events of one processor and one moment keep their order.
            self.waiting
                .make_contiguous()
                .sort_by_key(|event| event.time);
        }
        let nanoseconds = |seconds: i64, rest: i64| {
            let seconds = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
            seconds.checked_add(u64::try_from(rest).ok()?)
        };
        self.complete = nanoseconds(now.tv_sec, now.tv_nsec).unwrap_or(u64::MAX);
    }

    /// The next event, once nothing can come before it any more: a thread may have moved to a processor
    /// that was read already.
    pub(super) fn next(&mut self) -> Option<Event> {
        let complete = self.complete;
        let is_due = self
            .waiting
            .front()
            .is_some_and(|event| event.time <= complete);
        is_due.then(|| self.waiting.pop_front()).flatten()
    }

    /// Lets no more come, and reads what is left.
    pub(super) fn stop(&mut self) {
        let _ = self.folder.write("tracing_on", "0");
        self.read();
    }

    /// Gives up what was read and not taken.
    pub(super) fn give_up(&mut self) {
        self.dropped += u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        self.waiting.clear();
    }

    /// How many events were lost.
    pub(super) fn lost(&self) -> u64 {
        let stats = self.processors.iter().map(|processor| {
            let text = self.folder.read(&format!("{}/stats", processor.name));
            lost(&text.unwrap_or_default())
        });
        stats.sum::<u64>() + self.dropped
    }
}

/// What a processor's `stats` say was lost: written over, or never written.
fn lost(stats: &str) -> u64 {
    let lines = stats.lines().filter_map(|line| line.split_once(':'));
    let lost =
        lines.filter(|(name, _)| ["overrun", "commit overrun", "dropped events"].contains(name));
    lost.filter_map(|(_, number)| number.trim().parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_the_kernel_lost_is_counted() {
        let stats = "entries: 3\noverrun: 7\ncommit overrun: 1\nbytes: 90\noldest event ts: 1.5\n\
            now ts: 2.5\ndropped events: 2\nread events: 4\n";
        assert_eq!(lost(stats), 10);
        assert_eq!(lost(""), 0);
    }
}
