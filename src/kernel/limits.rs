//! Every limit of a listener's two queues, worked out step by step for a kernel: what
//! `backlint explain queue` shows. It rests on [`accept_queue`] and [`syn_queue`], which have each rule
//! and its source, and knows no listener: what a live queue has is measured and not computed.

mod check;
#[cfg(test)]
mod tests;

use super::accept_queue;
use super::syn_queue::{self, FullTest};
use super::version::Version;
pub use check::{Fault, OLDEST, check};

/// The newest kernel that the rules were measured on.
pub const MEASURED: Version = Version::new(6, 18);
/// Where `tcp_syncookies=2` came to mean every SYN (commit 5ad37d5deee1); before it is as good as 1.
pub const COOKIES_FOR_ALL: Version = Version::new(3, 12);

/// What the limits follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// What the program passes to listen(2). Negative: as much as there is.
    pub backlog: i32,
    /// `net.core.somaxconn` of the socket's namespace.
    pub somaxconn: i64,
    /// `net.ipv4.tcp_max_syn_backlog`.
    pub max_syn_backlog: i64,
    /// `net.ipv4.tcp_syncookies`.
    pub syncookies: i64,
    /// The kernel.
    pub kernel: Version,
}

/// What decides a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The number that the program passed.
    Backlog,
    /// `net.core.somaxconn`, which is less.
    Somaxconn,
    /// `net.ipv4.tcp_max_syn_backlog`.
    MaxSynBacklog,
    /// The smallest table that the kernel makes.
    Minimum,
    /// `net.ipv4.tcp_syncookies`: no request waits.
    Syncookies,
}

impl LimitedBy {
    /// The name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backlog => "backlog",
            Self::Somaxconn => "somaxconn",
            Self::MaxSynBacklog => "tcp_max_syn_backlog",
            Self::Minimum => "minimum",
            Self::Syncookies => "tcp_syncookies",
        }
    }
}

/// One queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The number that the kernel compares the queue's length with.
    pub max: u64,
    /// Connections or requests that fit.
    pub capacity: u64,
    /// What decides.
    pub limited_by: LimitedBy,
}

/// Which queue a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Connections that wait for accept(2).
    Accept,
    /// Requests that wait for the end of their handshake.
    Syn,
}

/// One step of the computation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which queue it is about.
    pub queue: Queue,
    /// What it is, a clause.
    pub what: &'static str,
    /// The computation with its numbers.
    pub formula: String,
    /// What comes out.
    pub result: u64,
    /// Where the kernel does it: file and function.
    pub source: &'static str,
}

/// The limits and how they came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The accept queue.
    pub accept: Limit,
    /// The SYN queue.
    pub syn: Limit,
    /// The steps, in the order in which the kernel takes them.
    pub steps: Vec<Step>,
}

const CLAMP: &str = "net/socket.c __sys_listen";
const STORE: &str = "include/net/sock.h sk_max_ack_backlog";
const FULL: &str = "include/net/sock.h sk_acceptq_is_full";
const TABLE: &str = "net/core/request_sock.c reqsk_queue_alloc";
const SYN_FULL: &str = "include/net/inet_connection_sock.h inet_csk_reqsk_queue_is_full";
const REQUEST: &str = "net/ipv4/tcp_input.c tcp_conn_request";
const OLD_REQUEST: &str = "net/ipv4/tcp_ipv4.c tcp_v4_conn_request";

impl Inputs {
    /// The limits of a listener that was made with these.
    pub fn limits(&self) -> Limits {
        let mut steps = Vec::new();
        let (accept, clamped) = self.accept(&mut steps);
        let queue = self.queue(accept, clamped, &mut steps);
        let syn = self.cookies(queue, &mut steps);
        Limits { accept, syn, steps }
    }

    /// Whether every SYN is answered with a cookie.
    pub fn cookies_for_all(&self) -> bool {
        self.syncookies == 2 && self.kernel >= COOKIES_FOR_ALL
    }

    /// The same on another kernel.
    #[must_use]
    pub fn on(self, kernel: Version) -> Self {
        Self { kernel, ..self }
    }

    /// somaxconn as it is compared: unsigned, of 32 bits. A negative one, which kernels before 3.10
    /// take, clamps nothing.
    fn cap(&self) -> u32 {
        u32::try_from(self.somaxconn).unwrap_or(u32::MAX)
    }

    fn accept(&self, steps: &mut Vec<Step>) -> (Limit, u32) {
        let (asked, cap) = (self.backlog.cast_unsigned(), self.cap());
        let clamped = asked.min(cap);
        let as_unsigned = match self.backlog < 0 {
            true => format!("{} = {asked} unsigned; ", self.backlog),
            false => String::new(),
        };
        let mut step = |what, formula, result, source| {
            steps.push(Step {
                queue: Queue::Accept,
                what,
                formula,
                result,
                source,
            });
        };
        step(
            "listen() is clamped by somaxconn, without a word",
            format!("{as_unsigned}min({asked}, {cap})"),
            u64::from(clamped),
            CLAMP,
        );
        let stored = accept_queue::stored(clamped, self.kernel);
        if self.kernel < Version::new(4, 1) {
            step(
                "16 bits of it are stored before Linux 4.1",
                format!("{clamped} mod 65536"),
                u64::from(stored),
                STORE,
            );
        }
        let capacity = accept_queue::capacity(stored);
        step(
            "the queue is full when its length is greater than the maximum",
            format!("{stored} + 1"),
            capacity,
            FULL,
        );
        let limit = Limit {
            max: u64::from(stored),
            capacity,
            limited_by: match asked > cap {
                true => LimitedBy::Somaxconn,
                false => LimitedBy::Backlog,
            },
        };
        (limit, clamped)
    }

    /// The SYN queue by its own test, before SYN cookies come into it.
    fn queue(&self, accept: Limit, clamped: u32, steps: &mut Vec<Step>) -> Limit {
        let mut step = |what, formula, result, source| {
            steps.push(Step {
                queue: Queue::Syn,
                what,
                formula,
                result,
                source,
            });
        };
        let max = accept.max;
        match FullTest::of(self.kernel) {
            FullTest::PowerOfTwo => {
                let size = syn_queue::table_size(clamped, self.max_syn_backlog);
                let most = self.max_syn_backlog;
                let unsigned = syn_queue::unsigned(most);
                let as_unsigned = match most < 0 {
                    true => format!("{most} = {unsigned} unsigned; "),
                    false => String::new(),
                };
                step(
                    "a table is made at the first listen(), of a power of two above the smaller of two limits",
                    format!(
                        "{as_unsigned}roundup_pow_of_two(max(8, min({clamped}, {unsigned})) + 1)"
                    ),
                    size,
                    TABLE,
                );
                Limit {
                    max: size,
                    capacity: size,
                    limited_by: self.of_table(accept, clamped),
                }
            }
            FullTest::AtBacklog => {
                step(
                    "the SYN queue is full when it is as long as the stored backlog",
                    format!("length >= {max}"),
                    max,
                    SYN_FULL,
                );
                Limit {
                    capacity: max,
                    ..accept
                }
            }
            FullTest::AboveBacklog => {
                step(
                    "the SYN queue is full when it is longer than the stored backlog",
                    format!("length > {max}, so {max} + 1"),
                    max + 1,
                    SYN_FULL,
                );
                accept
            }
        }
    }

    fn of_table(&self, accept: Limit, clamped: u32) -> LimitedBy {
        let most = self.max_syn_backlog;
        let below = most >= 0 && most < i64::from(clamped);
        match (below, clamped) {
            (true, _) if most > 8 => LimitedBy::MaxSynBacklog,
            (false, 9..) => accept.limited_by,
            _ => LimitedBy::Minimum,
        }
    }

    /// What SYN cookies, or their absence, make of it.
    fn cookies(&self, queue: Limit, steps: &mut Vec<Step>) -> Limit {
        let mut step = |what, formula, result| {
            let source = match self.kernel < Version::new(3, 17) {
                true => OLD_REQUEST,
                false => REQUEST,
            };
            steps.push(Step {
                queue: Queue::Syn,
                what,
                formula,
                result,
                source,
            });
        };
        if self.syncookies == 0 {
            let most = self.max_syn_backlog;
            let signed = syn_queue::admitted_without_syncookies(most);
            let admitted = u64::try_from(signed).unwrap_or(0);
            let nothing = match signed < 0 {
                true => ", less than 0, so nothing is admitted",
                false => "",
            };
            step(
                "without SYN cookies a SYN is dropped once less than a quarter of tcp_max_syn_backlog is left",
                format!(
                    "{most} - ({most} >> 2) + 1 = {signed}{nothing}; min({}, {admitted})",
                    queue.capacity
                ),
                queue.capacity.min(admitted),
            );
            return match admitted < queue.capacity {
                true => Limit {
                    max: u64::try_from(most).unwrap_or(0),
                    capacity: admitted,
                    limited_by: LimitedBy::MaxSynBacklog,
                },
                false => queue,
            };
        }
        if self.cookies_for_all() {
            step(
                "tcp_syncookies is 2: every SYN is answered with a cookie, and no request waits",
                "0".to_owned(),
                0,
            );
            return Limit {
                max: queue.max,
                capacity: 0,
                limited_by: LimitedBy::Syncookies,
            };
        }
        step(
            "with SYN cookies nothing is lost beyond that: further SYNs are answered with a cookie",
            format!("{} requests, then cookies", queue.capacity),
            queue.capacity,
        );
        queue
    }
}
