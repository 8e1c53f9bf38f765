//! Reads the ring buffer: all processors' pages, put into one order by their times.

use std::collections::BTreeMap;
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
    waiting: Waiting,
    /// Up to which time all processors were read.
    complete: u64,
    dropped: u64,
}

/// Events that were read, by time; those of one moment as they came, so that a processor's keep their order.
#[derive(Default)]
struct Waiting {
    events: BTreeMap<(u64, u64), Event>,
    /// How many ever came.
    count: u64,
}

impl Waiting {
    /// Whether there was room for it.
    fn push(&mut self, event: Event) -> bool {
        let fits = self.events.len() < MOST;
        if fits {
            self.count += 1;
            self.events.insert((event.time, self.count), event);
        }
        fits
    }

    /// The first, if it is not later than this.
    fn pop(&mut self, until: u64) -> Option<Event> {
        let first = self.events.first_entry()?;
        (first.key().0 <= until).then(|| first.remove())
    }
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
            waiting: Waiting::default(),
            complete: 0,
            dropped: 0,
        })
    }

    /// Waits until there is something to read, one of `others` has something, or the time is over.
    pub(super) fn wait(&mut self, others: &[PollFd<'_>], time: Option<Duration>) {
        let time = match self.waiting.events.is_empty() {
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
        for processor in &self.processors {
            while let Ok(length @ 1..) = rustix::io::read(&processor.pages, &mut self.page) {
                let page = self.page.get(..length).unwrap_or_default();
                self.layout.each(page, |time, record| {
                    let Some(event) = self.events.read(time, record) else {
                        return;
                    };
                    self.dropped += u64::from(!self.waiting.push(event));
                });
            }
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
        self.waiting.pop(self.complete)
    }

    /// Lets no more come, and reads what is left.
    pub(super) fn stop(&mut self) {
        let _ = self.folder.write("tracing_on", "0");
        self.read();
    }

    /// Gives up what was read and not taken.
    pub(super) fn give_up(&mut self) {
        self.dropped += u64::try_from(self.waiting.events.len()).unwrap_or(u64::MAX);
        self.waiting.events.clear();
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
    use super::super::event::What;
    use super::*;

    fn event(time: u64, thread: u32) -> Event {
        Event {
            time,
            thread,
            what: What::Exit { worked: true },
        }
    }

    #[test]
    fn events_come_by_time_and_those_of_one_moment_as_they_were_read() {
        let mut waiting = Waiting::default();
        for (time, thread) in [(5, 1), (3, 2), (5, 3), (4, 4), (9, 5)] {
            assert!(waiting.push(event(time, thread)));
        }
        let mut next = || waiting.pop(5).map(|event| event.thread);
        assert_eq!([next(), next(), next()], [Some(2), Some(4), Some(1)]);
        assert_eq!([next(), next()], [Some(3), None]);
        assert_eq!(waiting.pop(9), Some(event(9, 5)));
    }

    /// One is taken and another read, as while a call is looked at.
    #[test]
    fn a_full_queue_takes_and_gives_soon() {
        let mut waiting = Waiting::default();
        let start = std::time::Instant::now();
        for n in 0..200_000 {
            waiting.push(event(n, 1));
        }
        for n in 200_000..300_000 {
            assert!(waiting.push(event(n, 1)));
            assert_eq!(waiting.pop(u64::MAX).map(|it| it.time), Some(n - 200_000));
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    #[test]
    fn all_that_the_kernel_lost_is_counted() {
        let stats = "entries: 3\noverrun: 7\ncommit overrun: 1\nbytes: 90\noldest event ts: 1.5\n\
            now ts: 2.5\ndropped events: 2\nread events: 4\n";
        assert_eq!(lost(stats), 10);
        assert_eq!(lost(""), 0);
    }
}
