//! The calls that were seen, by socket: the last of each counts. Knows no record and asks nobody.

use std::collections::BTreeMap;

use crate::snapshot::Gap;
use crate::trace::call::{Call, Outcome};

/// Sockets that are remembered.
pub(super) const MOST: usize = 100_000;

/// What a socket is known by. Both are numbers, and one may be the other's of another socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The kernel's name of it, never used twice.
    Cookie(u64),
    /// Its inode, where that is all that could be found out.
    Inode(u64),
}

/// What was seen of one socket.
#[derive(Debug)]
struct Sighting {
    last: Call,
    count: u32,
    /// The number of its last call among all.
    at: u64,
}

/// All calls of a trace, by socket.
#[derive(Debug)]
pub(in crate::trace) struct Sightings {
    /// Of each socket that listened.
    sockets: BTreeMap<Key, Sighting>,
    calls: u64,
    /// Calls whose socket could not be looked at.
    hidden: u64,
    /// Calls of which nothing could be read.
    unread: u64,
    forgotten: u64,
}

impl Sightings {
    pub(in crate::trace) fn new() -> Self {
        Self {
            sockets: BTreeMap::new(),
            calls: 0,
            hidden: 0,
            unread: 0,
            forgotten: 0,
        }
    }

    pub(in crate::trace) fn calls(&self) -> u64 {
        self.calls
    }

    /// Takes note of a call that nothing could be read of.
    pub(in crate::trace) fn unread(&mut self) {
        self.calls += 1;
        self.unread += 1;
    }

    /// Takes note of a call; how many there were for its socket before.
    pub(in crate::trace) fn saw(&mut self, call: &Call) -> u32 {
        self.calls += 1;
        if call.outcome == Outcome::Failed {
            return 0;
        }
        let Some(socket) = &call.socket else {
            self.hidden += 1;
            return 0;
        };
        self.hidden += u64::from(socket.protocol.is_none() && call.outcome == Outcome::Unknown);
        let key = match socket.cookie {
            Some(cookie) => Key::Cookie(cookie),
            None => Key::Inode(socket.inode),
        };
        if self.sockets.len() >= MOST && !self.sockets.contains_key(&key) {
            self.forgotten += 1;
            return 0;
        }
        let at = self.calls;
        let before = self.sockets.get(&key).map_or(0, |known| known.count);
        let seen = Sighting {
            last: call.clone(),
            count: before + 1,
            at,
        };
        self.sockets.insert(key, seen);
        before
    }

    /// The last call of each socket.
    pub(super) fn last(&self) -> impl Iterator<Item = &Call> {
        self.sockets.values().map(|seen| &seen.last)
    }

    /// The last call of each inode: the kernel gives one again.
    pub(super) fn by_inode(&self) -> BTreeMap<u64, &Call> {
        let mut all: Vec<&Sighting> = self.sockets.values().collect();
        all.sort_by_key(|seen| seen.at);
        let last = all.into_iter().map(|seen| &seen.last);
        last.filter_map(|call| Some((call.socket.as_ref()?.inode, call)))
            .collect()
    }

    /// What was seen and is not kept, or could not be looked at.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let calls = |count: u64| match count {
            1 => "1 call".to_owned(),
            count => format!("{count} calls"),
        };
        if self.hidden + self.unread > 0 {
            let count = calls(self.hidden + self.unread);
            gaps.push(Gap::new(
                "trace",
                format!("the sockets of {count} of listen() could not be looked at; run as root, in a container with --cap-add SYS_PTRACE"),
                "where they listen, and what the kernel gave",
            ));
        }
        if self.forgotten > 0 {
            let why = format!("more than {MOST} sockets listened");
            let blinds = format!("{} of listen()", calls(self.forgotten));
            gaps.push(Gap::new("trace", why, blinds));
        }
        gaps
    }
}
