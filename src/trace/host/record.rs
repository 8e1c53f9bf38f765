//! The record of a host trace: the host as it is at the end, with what was asked for wherever a call was
//! seen. What began to listen meanwhile and has no call is a gap, and so is every event that was lost.

use std::collections::BTreeSet;

use super::calls::Calls;
use super::fitting::Fitting;
use super::gaps;
use crate::collect::{self, Seen, Sources, Wanted, namespaces::Reach};
use crate::snapshot::{Gap, Listener, Namespace};
use crate::trace::Fault;
use crate::trace::call::Call;

/// What listened before the first call could be seen.
#[derive(Debug, Default)]
pub(super) struct Before {
    sockets: BTreeSet<u64>,
    namespaces: BTreeSet<u64>,
}

impl Before {
    /// Looks at the host as little as will do.
    pub(super) fn look(sources: &Sources) -> Result<Self, Fault> {
        let seen = collect::look_around(sources, &Wanted::default(), Reach::All);
        let seen = seen.map_err(|error| Fault::Other(error.to_string()))?;
        let namespaces = &seen.snapshot.namespaces;
        let listeners = namespaces.iter().flat_map(|netns| &netns.listeners);
        Ok(Self {
            sockets: listeners.filter_map(|listener| listener.inode).collect(),
            namespaces: namespaces.iter().filter_map(|netns| netns.id).collect(),
        })
    }

    /// Whether a listener of a namespace came since. One in a namespace that was found in no process, and
    /// not before, may always have been there.
    fn lacks(&self, namespace: &Namespace, listener: &Listener) -> bool {
        let is_known = namespace.id.is_some_and(|id| self.namespaces.contains(&id));
        let seen = is_known || namespace.pid.is_some();
        seen && listener
            .inode
            .is_some_and(|inode| !self.sockets.contains(&inode))
    }
}

/// A listener that was seen to come and is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// Inode of its network namespace. `None`: nobody could tell any more.
    pub netns: Option<u64>,
    /// What is known of it, with what it asked for.
    pub listener: Listener,
}

impl Gone {
    /// `own` is the inode of backlint's network namespace. `None`: it is not known what it was.
    fn new(call: &Call, own: Option<u64>) -> Option<Self> {
        let socket = call.socket.as_ref()?;
        socket.address.as_ref()?;
        let listener = call.listener()?;
        let known = socket.netns.or(own.filter(|_| !socket.elsewhere));
        Some(Self {
            netns: known.filter(|_| socket.inode != 0),
            listener,
        })
    }
}

/// Puts the calls into what was seen at the end; those whose sockets listen no more. `own` is the inode of
/// backlint's network namespace.
pub(super) fn apply(
    seen: &mut Seen,
    (before, own): (&Before, Option<u64>),
    calls: Calls,
    lost: u64,
) -> Vec<Gone> {
    let mut left = calls.by_inode;
    let mut new = Vec::new();
    for (n, namespace) in seen.snapshot.namespaces.iter_mut().enumerate() {
        let mut listeners = std::mem::take(&mut namespace.listeners);
        for (at, listener) in listeners.iter_mut().enumerate() {
            let call = listener.inode.and_then(|inode| left.remove(&inode));
            if let Some((call, _)) = call {
                listener.requested = Some(call.requested());
            } else if before.lacks(namespace, listener) {
                new.push((n, at));
            }
        }
        namespace.listeners = listeners;
    }
    let mut gone: Vec<Call> = left.into_values().map(|(call, _)| call).collect();
    let mut assigned = BTreeSet::new();
    let fitting = Fitting::new(&seen.snapshot.namespaces, &new);
    for (call, place) in calls.loose {
        match fitting.of(&call, place.as_ref()).as_slice() {
            [(n, at)] => {
                seen.snapshot.namespaces[*n].listeners[*at].requested = Some(call.requested());
                assigned.insert((*n, *at));
            }
            [] if place.is_some() => gone.push(call),
            // Which of several it is, nobody can tell.
            _ => {}
        }
    }
    new.retain(|it| !assigned.contains(it));
    let mut gaps: Vec<Gap> = gaps::lost(lost, calls.forgotten).into_iter().collect();
    gaps.extend(gaps::uncalled(
        &seen.snapshot.namespaces,
        &new,
        &calls.uncalled,
    ));
    gaps.extend(gaps::narrow(&seen.snapshot.namespaces));
    seen.snapshot.gaps.extend(gaps);
    gone.iter()
        .filter_map(|call| Gone::new(call, own))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::event::Place;
    use super::*;
    use crate::snapshot::{Owner, Protocol, Snapshot, SysctlValue};
    use crate::trace::call::tests::call;

    fn listener(protocol: Protocol, inode: u64, address: &str, max: u32) -> Listener {
        let mut it = Listener::new(protocol, address);
        it.inode = Some(inode);
        it.accept_queue.max = Some(max);
        it
    }

    fn seen(listeners: Vec<Listener>) -> Seen {
        let mut namespace = Namespace::new("host");
        namespace.id = Some(1);
        namespace.listeners = listeners;
        let cap = ("net.core.somaxconn".to_owned(), SysctlValue::Int(128));
        namespace.sysctls.extend([cap]);
        Seen {
            snapshot: Snapshot {
                namespaces: vec![namespace],
                ..Snapshot::default()
            },
            members: vec![Vec::new()],
            sharing: None,
        }
    }

    fn before(inodes: &[u64]) -> Before {
        Before {
            sockets: inodes.iter().copied().collect(),
            namespaces: [1].into(),
        }
    }

    fn backlogs(seen: &Seen) -> Vec<Option<i64>> {
        let listeners = seen.snapshot.namespaces[0].listeners.iter();
        listeners
            .map(|it| it.requested.as_ref().and_then(|it| it.backlog))
            .collect()
    }

    fn place(address: &str) -> Place {
        Place {
            protocol: Protocol::Tcp,
            ip: crate::snapshot::address::ip(Protocol::Tcp, address).unwrap(),
            port: crate::snapshot::address::port(Protocol::Tcp, address).unwrap(),
        }
    }

    #[test]
    fn all_listeners_stay_and_those_with_a_call_have_its_number() {
        let old = listener(Protocol::Tcp, 22, "0.0.0.0:22", 128);
        let web = listener(Protocol::Tcp, 80, "0.0.0.0:80", 128);
        let mut it = seen(vec![old, web]);
        let calls = Calls {
            by_inode: [
                (80, (call(80, "0.0.0.0:80", 511), 1)),
                (81, (call(81, "0.0.0.0:81", 5), 1)),
            ]
            .into(),
            ..Calls::default()
        };
        let gone = apply(&mut it, (&before(&[22]), Some(1)), calls, 0);
        assert_eq!(backlogs(&it), [None, Some(511)]);
        assert_eq!(it.snapshot.gaps, []);
        let [gone] = gone.as_slice() else {
            panic!("{gone:#?}");
        };
        assert_eq!(gone.netns, Some(1));
        assert_eq!(gone.listener.address, "0.0.0.0:81");
    }

    #[test]
    fn a_call_whose_process_was_gone_is_found_by_its_place_and_length() {
        let loose = |backlog| {
            let name = "0.0.0.0:80";
            (call(0, name, backlog), Some(place(name)))
        };
        for (backlogs_seen, expected) in [(vec![511, 600], Some(600)), (vec![5], None)] {
            let mut it = seen(vec![listener(Protocol::Tcp, 80, "0.0.0.0%lo:80", 128)]);
            let calls = Calls {
                loose: backlogs_seen.into_iter().map(loose).collect(),
                ..Calls::default()
            };
            apply(&mut it, (&before(&[]), Some(1)), calls, 0);
            assert_eq!(backlogs(&it), [expected]);
            assert_eq!(it.snapshot.gaps.is_empty(), expected.is_some());
        }
    }

    #[test]
    fn a_unix_socket_that_a_child_inherited_is_found_by_its_number() {
        let mut socket = listener(Protocol::Unix, 7, "/run/x", 128);
        socket.owners = vec![Owner {
            pid: None,
            comm: Some("nginx".to_owned()),
            fd: Some(3),
            ..Owner::default()
        }];
        let calls = || Calls {
            loose: vec![(call(0, "", 511), None)],
            ..Calls::default()
        };
        let mut it = seen(vec![socket.clone()]);
        apply(&mut it, (&before(&[]), Some(1)), calls(), 0);
        assert_eq!(backlogs(&it), [Some(511)]);
        // One that listened before is not taken, nor one of two.
        let mut it = seen(vec![socket.clone()]);
        apply(&mut it, (&before(&[7]), Some(1)), calls(), 0);
        assert_eq!(backlogs(&it), [None]);
        let mut it = seen(vec![
            socket.clone(),
            Listener {
                inode: Some(8),
                ..socket
            },
        ]);
        apply(&mut it, (&before(&[]), Some(1)), calls(), 0);
        assert_eq!(backlogs(&it), [None, None]);
        assert!(
            it.snapshot.gaps[0]
                .why
                .starts_with("/run/x of nginx: began")
        );
    }

    /// Any user can have many sockets at one port, and end as many processes that called.
    #[test]
    fn thousands_of_calls_and_listeners_of_one_port_are_matched_soon() {
        const MANY: u64 = 30_000;
        let name = |n: u64| format!("127.0.{}.{}:80", n >> 8, n & 255);
        let all = (0..MANY).map(|n| listener(Protocol::Tcp, n + 1, &name(n), 100));
        let mut it = seen(all.collect());
        // Half of them at another place, and the other half with another length.
        let loose = (0..MANY).map(|n| match n % 2 {
            0 => (call(0, &name(n), 99), Some(place(&name(n)))),
            _ => (call(0, "", 100), Some(place("0.0.0.0:80"))),
        });
        let uncalled = (0..MANY).map(|n| (None, place(&format!("10.0.{}.{}:80", n >> 8, n & 255))));
        let calls = Calls {
            loose: loose.collect(),
            uncalled: uncalled.collect(),
            ..Calls::default()
        };
        let start = std::time::Instant::now();
        let gone = apply(&mut it, (&before(&[]), Some(1)), calls, 0);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        assert_eq!(gone.len() as u64, MANY / 2);
        assert!(it.snapshot.gaps[0].why.contains("59997 more"));
    }

    #[test]
    fn what_was_lost_and_what_no_call_explains_are_gaps() {
        let mut it = seen(vec![listener(Protocol::Tcp, 80, "0.0.0.0:80", 128)]);
        let calls = Calls {
            uncalled: vec![
                (Some("old32".to_owned()), place("0.0.0.0:80")),
                (Some("old32".to_owned()), place("0.0.0.0:81")),
            ],
            ..Calls::default()
        };
        apply(&mut it, (&before(&[]), Some(1)), calls, 9);
        let why: Vec<&str> = it
            .snapshot
            .gaps
            .iter()
            .map(|gap| gap.why.as_str())
            .collect();
        assert!(why[0].contains("faster than they could be read"));
        assert!(
            why[1].starts_with("0.0.0.0:80, 0.0.0.0:81 of old32: began"),
            "{why:?}"
        );
    }
}
