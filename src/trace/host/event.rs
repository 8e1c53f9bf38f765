//! The events of a host trace: a record of the ring buffer in, who did what out; and the events of one
//! thread put together to a call. Knows no file and no process.
//!
//! Follows kernel/trace/trace_syscalls.c and include/trace/events/sock.h. `inet_sock_set_state` happens
//! inside of listen(2), in the thread that calls it, and says where the socket listens even where the
//! process is gone a moment later. One without a call around it is a listen(2) that the kernel does not
//! trace: of a 32-bit program, of io_uring, of the kernel itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use super::format::{Field, Format};
use crate::snapshot::{Protocol, address};

/// `TCP_LISTEN` of include/net/tcp_states.h.
pub(super) const LISTEN: u64 = 10;

/// Threads that are remembered inside of a call.
const MOST: usize = 100_000;

/// Where a socket of TCP or SCTP began to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) protocol: Protocol,
    pub(super) ip: IpAddr,
    /// 0: the kernel was still to choose one.
    pub(super) port: u16,
}

impl Place {
    /// Its address, as far as it is known. `None`: the port is not.
    pub(super) fn address(&self) -> Option<String> {
        (self.port != 0).then(|| address::internet(self.ip, None, self.port))
    }

    /// Whether a listener may be it. The event knows no interface that the socket is bound to, and no address
    /// where the socket sends with another one (`inet_saddr`): then it is the unspecified one.
    pub(super) fn fits(&self, protocol: Protocol, name: &str) -> bool {
        let port = address::port(protocol, name);
        let ip = address::ip(protocol, name);
        let any = self.ip.is_unspecified();
        self.protocol == protocol
            && ip.is_some_and(|ip| ip == self.ip || any && ip.is_ipv4() == self.ip.is_ipv4())
            && (self.port == 0 || port == Some(self.port))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Enter { fd: u32, backlog: i32 },
    Exit { worked: bool },
    Listens(Place),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Of the monotonic clock, in nanoseconds.
    pub(super) time: u64,
    pub(super) thread: u32,
    pub(super) what: What,
}

/// The formats of the events that are read.
#[derive(Debug)]
pub(super) struct Events {
    kind: Field,
    thread: Field,
    enter: (u64, Field, Field),
    exit: (u64, Field),
    /// `None`: this kernel has no such event, or it could not be filtered.
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    id: u64,
    new: Field,
    port: Field,
    family: Field,
    protocol: Field,
    four: Field,
    six: Field,
}

impl Events {
    /// From the `format` files. `None`: they are of a form that is not known.
    pub(super) fn new(enter: &Format, exit: &Format, state: Option<&Format>) -> Option<Self> {
        Some(Self {
            kind: enter.field("common_type")?,
            thread: enter.field("common_pid")?,
            enter: (enter.id, enter.field("fd")?, enter.field("backlog")?),
            exit: (exit.id, exit.field("ret")?),
            state: state.and_then(State::new),
        })
    }

    /// The event of a record. `None`: none of these.
    pub(super) fn read(&self, time: u64, record: &[u8]) -> Option<Event> {
        let kind = self.kind.number(record)?;
        let thread = self.thread.low(record)?;
        let what = if kind == self.enter.0 {
            What::Enter {
                fd: self.enter.1.low(record)?,
                backlog: self.enter.2.low(record)?.cast_signed(),
            }
        } else if kind == self.exit.0 {
            What::Exit {
                worked: self.exit.1.number(record)? == 0,
            }
        } else {
            let state = self.state.as_ref().filter(|state| state.id == kind)?;
            What::Listens(state.read(record)?)
        };
        Some(Event { time, thread, what })
    }
}

impl State {
    fn new(format: &Format) -> Option<Self> {
        Some(Self {
            id: format.id,
            new: format.field("newstate")?,
            port: format.field("sport")?,
            family: format.field("family")?,
            protocol: format.field("protocol")?,
            four: format.field("saddr")?,
            six: format.field("saddr_v6")?,
        })
    }

    fn read(&self, record: &[u8]) -> Option<Place> {
        if self.new.number(record)? != LISTEN {
            return None;
        }
        let protocol = match i32::try_from(self.protocol.number(record)?).ok()? {
            libc::IPPROTO_TCP => Protocol::Tcp,
            libc::IPPROTO_MPTCP => Protocol::Mptcp,
            libc::IPPROTO_SCTP => Protocol::Sctp,
            _ => return None,
        };
        let ip = match i32::try_from(self.family.number(record)?).ok()? {
            libc::AF_INET => IpAddr::from(<[u8; 4]>::try_from(self.four.bytes(record)?).ok()?),
            libc::AF_INET6 => {
                let bytes: [u8; 16] = self.six.bytes(record)?.try_into().ok()?;
                IpAddr::V6(Ipv6Addr::from(bytes))
            }
            _ => return None,
        };
        Some(Place {
            protocol,
            ip,
            port: u16::try_from(self.port.number(record)?).ok()?,
        })
    }
}

/// A call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) thread: u32,
    pub(super) fd: u32,
    pub(super) backlog: i32,
    pub(super) worked: bool,
    /// Where the socket began to listen, where that was seen.
    pub(super) place: Option<Place>,
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    Call(Done),
    /// A socket listens, and no call was seen.
    Uncalled(u32, Place),
}

/// The threads that are inside of a call.
#[derive(Debug, Default)]
pub(super) struct Threads(BTreeMap<u32, Done>);

impl Threads {
    /// Takes an event; those of one thread have to come in their order.
    pub(super) fn take(&mut self, event: Event) -> Option<Sight> {
        let thread = event.thread;
        match event.what {
            What::Enter { fd, backlog } => {
                // Their exits were lost, or they were killed inside.
                if self.0.len() >= MOST {
                    self.0.clear();
                }
                let begun = Done {
                    thread,
                    fd,
                    backlog,
                    worked: false,
                    place: None,
                };
                self.0.insert(thread, begun);
                None
            }
            What::Exit { worked } => {
                let done = self.0.remove(&thread)?;
                Some(Sight::Call(Done { worked, ..done }))
            }
            What::Listens(place) => match self.0.get_mut(&thread) {
                Some(call) => {
                    // MPTCP's socket has one of TCP inside, which listens too.
                    let known = call.place.as_ref().map(|place| place.protocol);
                    if known != Some(Protocol::Mptcp) {
                        call.place = Some(place);
                    }
                    None
                }
                None => Some(Sight::Uncalled(thread, place)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::{ENTER, EXIT, STATE};
    use super::*;

    fn events() -> Events {
        let of = Format::parse;
        Events::new(&of(ENTER), &of(EXIT), Some(&of(STATE))).unwrap()
    }

    fn record(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut record = vec![0; length];
        for (at, bytes) in parts {
            record[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        record
    }

    fn place(port: u16, protocol: Protocol) -> Place {
        Place {
            protocol,
            ip: "0.0.0.0".parse().unwrap(),
            port,
        }
    }

    #[test]
    fn records_become_events() {
        let read = |record: &[u8]| events().read(5, record).map(|event| event.what);
        let kind = |id: u16| id.to_ne_bytes();
        let enter = record(
            32,
            &[
                (0, &kind(2236)),
                (16, &3u64.to_ne_bytes()),
                (24, &(-1i64).to_ne_bytes()),
            ],
        );
        let called = What::Enter { fd: 3, backlog: -1 };
        assert_eq!(read(&enter), Some(called));
        let refused = record(24, &[(0, &kind(2235)), (16, &(-98i64).to_ne_bytes())]);
        assert_eq!(read(&refused), Some(What::Exit { worked: false }));
        let state = record(
            56,
            &[
                (0, &kind(2287)),
                (20, &10u32.to_ne_bytes()),
                (24, &80u16.to_ne_bytes()),
                (28, &10u16.to_ne_bytes()),
                (30, &262u16.to_ne_bytes()),
            ],
        );
        let Some(What::Listens(listens)) = read(&state) else {
            panic!("{state:?}");
        };
        assert_eq!(listens.address().as_deref(), Some("[::]:80"));
        assert_eq!(listens.protocol, Protocol::Mptcp);
        assert_eq!(read(&enter[..20]), None);
        assert_eq!(read(&record(32, &[(0, &kind(7))])), None);
    }

    #[test]
    fn a_place_fits_its_listener_whatever_interface_it_is_bound_to() {
        let here = place(80, Protocol::Tcp);
        assert!(here.fits(Protocol::Tcp, "0.0.0.0%lo:80"));
        assert!(!here.fits(Protocol::Tcp, "0.0.0.0:81"));
        assert!(here.fits(Protocol::Tcp, "127.0.0.1:80") && !here.fits(Protocol::Tcp, "[::]:80"));
        assert!(!here.fits(Protocol::Mptcp, "0.0.0.0:80"));
        assert!(!here.fits(Protocol::Unix, "0.0.0.0:80"));
        assert!(place(0, Protocol::Tcp).fits(Protocol::Tcp, "0.0.0.0:81"));
    }

    #[test]
    fn calls_of_several_threads_are_told_apart() {
        let mut threads = Threads::default();
        let mut take = |thread, what| {
            threads.take(Event {
                time: 0,
                thread,
                what,
            })
        };
        assert_eq!(take(1, What::Enter { fd: 3, backlog: 5 }), None);
        assert_eq!(take(2, What::Enter { fd: 4, backlog: 6 }), None);
        assert_eq!(take(2, What::Listens(place(80, Protocol::Mptcp))), None);
        assert_eq!(take(2, What::Listens(place(80, Protocol::Tcp))), None);
        let Some(Sight::Call(second)) = take(2, What::Exit { worked: true }) else {
            panic!();
        };
        assert_eq!((second.fd, second.backlog), (4, 6));
        assert_eq!(second.place, Some(place(80, Protocol::Mptcp)));
        let Some(Sight::Call(first)) = take(1, What::Exit { worked: false }) else {
            panic!();
        };
        assert_eq!((first.fd, first.worked, first.place), (3, false, None));
        assert_eq!(take(1, What::Exit { worked: true }), None);
        let uncalled = take(9, What::Listens(place(81, Protocol::Tcp)));
        assert_eq!(uncalled, Some(Sight::Uncalled(9, place(81, Protocol::Tcp))));
    }
}
