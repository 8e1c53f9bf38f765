//! Which new listener a call may have been for whose socket nobody could look at: one at the place where
//! something began to listen, or at the same number of a process of the same name; and with a queue of that
//! length. By tables, because any user can make many of both.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::event::Place;
use crate::snapshot::{Listener, Namespace, Protocol, address};
use crate::trace::call::Call;

/// A listener: the place of its namespace, and its own there.
pub(super) type At = (usize, usize);

/// What a call is found by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// At this address; without a port at any.
    Place(Protocol, Ip, Option<u16>),
    /// At this number of a process of this name.
    Number(u32, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ip {
    One(IpAddr),
    AnyOf4,
    AnyOf6,
}

impl Ip {
    fn any(like: IpAddr) -> Self {
        match like.is_ipv4() {
            true => Self::AnyOf4,
            false => Self::AnyOf6,
        }
    }
}

/// The first two of some listeners: that there are more is enough to know.
type Two = Vec<At>;

fn add(two: &mut Two, at: At) {
    // A listener with several owners comes several times, one after the other.
    if two.len() < 2 && two.last() != Some(&at) {
        two.push(at);
    }
}

/// Listeners by what they can have been asked for.
#[derive(Debug, Default)]
struct Lengths {
    /// As long as was asked for.
    exactly: BTreeMap<u32, Two>,
    /// As long as may be: so much was asked for, or more.
    at_least: BTreeMap<u32, Two>,
    /// Of which one of the two is not known.
    unknown: Two,
}

impl Lengths {
    fn add(&mut self, (cap, max): (Option<u32>, Option<u32>), at: At) {
        let two = match cap.zip(max) {
            None => &mut self.unknown,
            Some((cap, max)) if max < cap => self.exactly.entry(max).or_default(),
            Some((cap, max)) if max == cap => self.at_least.entry(cap).or_default(),
            // It was made before the cap was lowered, and no call that was seen made it.
            Some(_) => return,
        };
        add(two, at);
    }

    fn of(&self, backlog: i32) -> Two {
        let backlog = backlog.cast_unsigned();
        let exactly = self.exactly.get(&backlog);
        let at_least = self.at_least.range(..=backlog).map(|(_, two)| two);
        let all = exactly.into_iter().chain(at_least).chain([&self.unknown]);
        all.flatten().copied().take(2).collect()
    }
}

/// The new listeners, ready to be asked for.
#[derive(Debug, Default)]
pub(super) struct Fitting(BTreeMap<Key, Lengths>);

impl Fitting {
    pub(super) fn new(namespaces: &[Namespace], new: &[At]) -> Self {
        let mut fitting = Self::default();
        for at in new {
            let namespace = &namespaces[at.0];
            let listener = &namespace.listeners[at.1];
            let cap = namespace.sysctl_int("net.core.somaxconn");
            let cap = cap.and_then(|cap| u32::try_from(cap).ok());
            for key in keys(listener) {
                let lengths = fitting.0.entry(key).or_default();
                lengths.add((cap, listener.accept_queue.max), *at);
            }
        }
        fitting
    }

    /// The listeners that a call may have been for, two at most. The event knows no interface that a socket is
    /// bound to, and no address where the socket sends with another one.
    pub(super) fn of(&self, call: &Call, place: Option<&Place>) -> Two {
        let key = match (place, &call.comm) {
            (Some(place), _) => of_place(place),
            (None, Some(comm)) => Key::Number(call.fd, comm.clone()),
            (None, None) => return Vec::new(),
        };
        let lengths = self.0.get(&key);
        lengths.map_or_else(Vec::new, |lengths| lengths.of(call.backlog))
    }

    /// Whether one of them may be at this place.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.0.contains_key(&of_place(place))
    }
}

/// As [`Place::fits`] has it.
fn of_place(place: &Place) -> Key {
    let ip = match place.ip.is_unspecified() {
        true => Ip::any(place.ip),
        false => Ip::One(place.ip),
    };
    let port = Some(place.port).filter(|port| *port != 0);
    Key::Place(place.protocol, ip, port)
}

/// All that a listener may be found by.
fn keys(listener: &Listener) -> Vec<Key> {
    let (protocol, name) = (listener.protocol, &listener.address);
    let ip = address::ip(protocol, name);
    let mut keys = Vec::new();
    for ip in ip.into_iter().flat_map(|ip| [Ip::One(ip), Ip::any(ip)]) {
        for port in [None, address::port(protocol, name)] {
            keys.push(Key::Place(protocol, ip, port));
        }
    }
    if ![Protocol::Tcp, Protocol::Mptcp].contains(&protocol) {
        let owners = listener.owners.iter();
        keys.extend(owners.filter_map(|owner| Some(Key::Number(owner.fd?, owner.comm.clone()?))));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_as_much_as_was_asked_for_or_as_there_is() {
        let mut lengths = Lengths::default();
        lengths.add((Some(128), Some(5)), (0, 0));
        lengths.add((Some(128), Some(128)), (0, 1));
        // Longer than any call can make it now.
        lengths.add((Some(128), Some(300)), (0, 2));
        assert_eq!(lengths.of(5), [(0, 0)]);
        assert_eq!(lengths.of(6), []);
        for backlog in [128, 511, -1] {
            assert_eq!(lengths.of(backlog), [(0, 1)]);
        }
        lengths.add((None, Some(9)), (1, 0));
        assert_eq!(lengths.of(6), [(1, 0)]);
        assert_eq!(lengths.of(5), [(0, 0), (1, 0)]);
    }

    /// The tables say what [`Place::fits`] says.
    #[test]
    fn a_place_finds_what_fits_it() {
        let names = [
            "0.0.0.0:80",
            "0.0.0.0%lo:80",
            "127.0.0.1:80",
            "127.0.0.1:81",
            "[::]:80",
            "[::1]:80",
        ];
        for name in names {
            let mut namespace = Namespace::new("host");
            namespace.listeners = vec![Listener::new(Protocol::Tcp, name)];
            let fitting = Fitting::new(&[namespace], &[(0, 0)]);
            for ip in ["0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1"] {
                for (protocol, port) in [
                    (Protocol::Tcp, 0),
                    (Protocol::Tcp, 80),
                    (Protocol::Mptcp, 80),
                ] {
                    let ip = ip.parse().unwrap();
                    let place = Place { protocol, ip, port };
                    let fits = place.fits(Protocol::Tcp, name);
                    assert_eq!(fitting.has(&place), fits, "{place:?} {name}");
                }
            }
        }
    }
}
