//! What a listener or a namespace is beside others: the kernel's limits, the catalogue's default, the
//! kernel's somaxconn, the host. Each is one number or truth that a rule may ask for.

use super::{Facts, ListenerFacts, NetnsFacts};
use crate::kernel::syn_queue;
use crate::services::Ask;

/// Bits of `net.ipv4.tcp_fastopen` (include/net/tcp.h `TFO_SERVER_ENABLE`, `TFO_SERVER_COOKIE_NOT_REQD`,
/// `TFO_SERVER_WO_SOCKOPT1`).
const SERVER: i64 = 0x2;
const WITHOUT_COOKIE: i64 = 0x200;
const EVERY_LISTENER: i64 = 0x400;

impl ListenerFacts<'_> {
    /// Whether a process holds the socket. `None`: none was seen, and not every one was looked at.
    pub fn is_held(&self) -> Option<bool> {
        let held = !self.listener.owners.is_empty();
        (held || self.listener.owners_complete).then_some(held)
    }

    /// Whether it listens with 0 on purpose and always does, such as where a packet filter forwards what
    /// comes. `false`: for a while, or it has not paused.
    pub fn is_pause_lasting(&self) -> bool {
        self.paused && self.service.is_some_and(|found| found.asker.zero_lasts)
    }

    /// Request sockets that fit this listener's SYN queue: what its own maximum admits, and without SYN
    /// cookies no more than `tcp_max_syn_backlog` does. `None`: no TCP, before Linux 4.4, or not read.
    pub fn syn_capacity(&self, facts: &Facts<'_>, netns: &NetnsFacts<'_>) -> Option<i64> {
        if !self.listener.protocol.is_tcp() {
            return None;
        }
        let max = self.listener.accept_queue.max?;
        let own = syn_queue::admitted_by_backlog(max, facts.kernel)?;
        match netns.namespace.sysctl_int("net.ipv4.tcp_syncookies")? {
            0 => Some(own.min(netns.syn_queue_admits()?)),
            _ => Some(own),
        }
    }

    /// The backlog that the service asks for where nothing else is configured, where it is one number.
    pub fn service_default(&self) -> Option<u32> {
        let version = self.listener.version.as_deref();
        let unix = self.listener.protocol.is_unix();
        match self.service?.asker.default_of(unix, version)?.ask() {
            Ask::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether its queue is longer than the kernel's default somaxconn lets one be, or it asks for that.
    fn is_beyond(&self, default: i64) -> bool {
        let max = self.listener.accept_queue.max.map(i64::from);
        let asks = self.requested.as_ref();
        let asks =
            asks.is_some_and(|_| self.finite_request().is_none_or(|number| number > default));
        asks || max.is_some_and(|max| max > default)
    }
}

impl<'a> NetnsFacts<'a> {
    /// The TCP listener with the shortest accept queue of those that take connections: the first of equals.
    pub fn shortest(&self) -> Option<&ListenerFacts<'a>> {
        let takes = |facts: &&ListenerFacts<'_>| {
            let max = facts.listener.accept_queue.max;
            facts.listener.protocol.is_tcp() && max.is_some() && !facts.paused
        };
        let all = self.listeners.iter().filter(takes);
        all.min_by_key(|facts| facts.listener.accept_queue.max)
    }

    /// Listeners that have, or ask for, more than the kernel's default somaxconn. `None`: that default
    /// is not known.
    pub fn beyond_default(&self) -> Option<usize> {
        let default = self.somaxconn_default?;
        let beyond = self.listeners.iter().filter(|it| it.is_beyond(default));
        Some(beyond.count())
    }

    /// Whether TCP Fast Open takes data of a SYN without asking for a cookie. `None`: not read.
    pub fn fastopen_without_cookie(&self) -> Option<bool> {
        self.fastopen_has(WITHOUT_COOKIE)
    }

    /// Whether every listener offers TCP Fast Open, also those that never asked for it. `None`: not read.
    pub fn fastopen_everywhere(&self) -> Option<bool> {
        self.fastopen_has(EVERY_LISTENER)
    }

    fn fastopen_has(&self, bit: i64) -> Option<bool> {
        let mask = self.namespace.sysctl_int("net.ipv4.tcp_fastopen")?;
        Some(mask & SERVER != 0 && mask & bit != 0)
    }
}
