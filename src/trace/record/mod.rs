//! The record of a trace: what listens now, with what it asked for, and what listened and is gone.
//!
//! Calls and sockets are matched by inode. What listens and was asked for by no call is what a filter
//! cannot see, and is said to be missing.

mod sightings;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use sightings::Sightings;

use super::Fault;
use super::call::{Call, Socket};
use crate::collect::namespaces::{Namespaces, Reach};
use crate::collect::processes::Processes;
use crate::collect::{self, Seen, Sources, Wanted};
use crate::snapshot::{Gap, Listener, Namespace, Protocol, Source, SysctlValue};

const SOMAXCONN: &str = "net.core.somaxconn";

/// Looks at what listens, and puts what the calls told into it. `living` are the traced processes that
/// are left.
pub(super) fn look(
    sources: &Sources,
    wanted: &Wanted,
    sightings: &Sightings,
    living: &BTreeSet<u32>,
) -> Result<Seen, Fault> {
    let processes = Processes::new(&sources.proc);
    let own = processes.netns(std::process::id());
    let of_calls = sightings
        .last()
        .filter_map(|call| call.socket.as_ref()?.netns);
    let of_living = living.iter().filter_map(|pid| processes.netns(*pid));
    let elsewhere: BTreeSet<u64> = of_calls
        .chain(of_living)
        .filter(|netns| Some(*netns) != own)
        .collect();
    let reach = match elsewhere.is_empty() {
        true => Reach::Own,
        false => Reach::All,
    };
    let mut namespaces = Namespaces::find(sources, reach);
    namespaces.all.retain(|netns| {
        let inode = netns.inode();
        netns.is_own() || inode.is_some_and(|inode| elsewhere.contains(&inode))
    });
    // What cannot be seen of others is none of this command's.
    namespaces.gaps.clear();
    namespaces.follow = false;
    let seen = collect::look(sources, wanted, namespaces);
    let mut seen = seen.map_err(|error| Fault::Other(error.to_string()))?;
    apply(&mut seen, sightings, living, own);
    Ok(seen)
}

/// Keeps what is the command's.
fn apply(seen: &mut Seen, sightings: &Sightings, living: &BTreeSet<u32>, own: Option<u64>) {
    let by_inode = sightings.by_inode();
    let mut alive = BTreeSet::new();
    let mut unexplained = Vec::new();
    for namespace in &mut seen.snapshot.namespaces {
        namespace.listeners.retain_mut(|listener| {
            let call = listener.inode.and_then(|inode| by_inode.get(&inode));
            if let Some(call) = call {
                listener.requested = Some(call.requested());
                alive.extend(listener.inode);
                return true;
            }
            let mut pids = listener.owners.iter().filter_map(|owner| owner.pid);
            let theirs = pids.any(|pid| living.contains(&pid));
            if theirs {
                // We have whatever the command inherited.
                listener
                    .owners
                    .retain(|owner| owner.pid.is_none_or(|pid| living.contains(&pid)));
                unexplained.push(listener.address.clone());
            }
            theirs
        });
    }
    let gone = sightings.last().filter(|call| {
        let inode = call.socket.as_ref().map(|socket| socket.inode);
        inode.is_none_or(|inode| !alive.contains(&inode))
    });
    add_gone(seen, gone, own);
    keep_namespaces(seen, own);
    let gaps = &mut seen.snapshot.gaps;
    gaps.extend(sightings.gaps());
    gaps.extend(unexplained_gap(&unexplained));
    let namespaces = &seen.snapshot.namespaces;
    let mut all = namespaces.iter().flat_map(|netns| &netns.listeners);
    if all.all(|listener| !listener.owners.is_empty()) {
        // That of listeners which are none of the command's.
        seen.snapshot.gaps.retain(|gap| gap.what != "owners");
    }
}

/// What listeners have in common that are one for people.
type Likeness = (
    usize,
    Protocol,
    String,
    Option<i64>,
    Option<u32>,
    Option<String>,
);

/// That of a listener of the namespace at this place.
fn likeness(at: usize, listener: &Listener) -> Likeness {
    let traced = listener.requested.as_ref();
    let traced = traced.filter(|requested| requested.source == Source::Trace);
    (
        at,
        listener.protocol,
        listener.address.clone(),
        traced.and_then(|requested| requested.backlog),
        listener.accept_queue.max,
        listener.owners.first().and_then(|owner| owner.comm.clone()),
    )
}

/// Adds what listened and is gone: of what listened in the same way once, and nothing that still does.
fn add_gone<'a>(seen: &mut Seen, gone: impl Iterator<Item = &'a Call>, own: Option<u64>) {
    let mut places = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (at, namespace) in seen.snapshot.namespaces.iter().enumerate() {
        places.entry(namespace.id).or_insert(at);
        let all = namespace.listeners.iter();
        known.extend(all.map(|listener| likeness(at, listener)));
    }
    for call in gone {
        let Some((socket, listener)) = call.socket.as_ref().zip(call.listener()) else {
            continue;
        };
        let at = place(seen, &mut places, (socket, own), call);
        let namespace = &mut seen.snapshot.namespaces[at];
        // Of one that is gone: where the kernel gave less than what was asked for, it gave its cap.
        if let Some(cap) = call.cap().filter(|_| namespace.sysctls.is_empty()) {
            let value = SysctlValue::Int(i64::from(cap));
            namespace.sysctls.insert(SOMAXCONN.to_owned(), value);
        }
        if known.insert(likeness(at, &listener)) {
            seen.snapshot.namespaces[at].listeners.push(listener);
        }
    }
    for namespace in &mut seen.snapshot.namespaces {
        namespace.listeners.sort_by_cached_key(|listener| {
            let (protocol, port, address, inode) = listener.sort_key();
            (protocol, port, address.to_owned(), inode)
        });
    }
}

/// The place of the namespace that a socket is of; of one that is gone a new one. `places` are those of the
/// namespaces' inodes.
fn place(
    seen: &mut Seen,
    places: &mut BTreeMap<Option<u64>, usize>,
    (socket, own): (&Socket, Option<u64>),
    call: &Call,
) -> usize {
    let inode = socket.netns.or(own);
    let is_told = inode.is_some() || !socket.elsewhere;
    if let Some(at) = places.get(&inode).filter(|_| is_told) {
        return *at;
    }
    let comm = call.comm.as_deref().unwrap_or("unknown");
    let name = format!("process/{comm}/{}", call.pid);
    let gap = Gap::new(
        format!("network namespace {name}"),
        "it ended, or cannot be entered; run as root",
        "its sysctls, and what listens there without a call that was seen",
    );
    let mut new = Namespace::new(name);
    new.id = inode.filter(|_| socket.elsewhere);
    let at = seen.snapshot.namespaces.len();
    places.entry(new.id).or_insert(at);
    seen.members.push(Vec::new());
    seen.snapshot.gaps.push(gap);
    seen.snapshot.namespaces.push(new);
    at
}

/// Leaves out the namespaces in which nothing of the command listened; its own stays.
fn keep_namespaces(seen: &mut Seen, own: Option<u64>) {
    let all = std::mem::take(&mut seen.snapshot.namespaces);
    let members = std::mem::take(&mut seen.members);
    let several = all.len() > 1;
    for (namespace, pids) in all.into_iter().zip(members) {
        let is_own = namespace.id == own || !several;
        if is_own || !namespace.listeners.is_empty() {
            seen.snapshot.namespaces.push(namespace);
            seen.members.push(pids);
        }
    }
}

fn unexplained_gap(addresses: &[String]) -> Option<Gap> {
    let (first, more) = addresses.split_first()?;
    let others = match more.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some(Gap::new(
        "trace",
        format!(
            "{first}{others}: no call of listen() was seen for it: made by io_uring, by the kernel, or \
             inherited"
        ),
        "what was asked for there",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::call::Outcome;
    use super::super::call::tests::call;
    use super::sightings::MOST;
    use super::*;
    use crate::snapshot::{Owner, Snapshot};

    fn listener(inode: u64, pid: u32) -> Listener {
        let mut it = Listener::new(Protocol::Tcp, format!("0.0.0.0:{inode}"));
        it.inode = Some(inode);
        it.owners = vec![Owner {
            pid: Some(pid),
            ..Owner::default()
        }];
        it
    }

    fn applied(listeners: Vec<Listener>, calls: &[Call]) -> Snapshot {
        let mut namespace = Namespace::new("host");
        namespace.id = Some(1);
        namespace.listeners = listeners;
        let mut seen = Seen {
            snapshot: Snapshot {
                namespaces: vec![namespace],
                gaps: vec![Gap::new("owners", "run as root", "programs")],
                ..Snapshot::default()
            },
            members: vec![Vec::new()],
            sharing: None,
        };
        let mut sightings = Sightings::new();
        for call in calls {
            sightings.saw(call);
        }
        apply(&mut seen, &sightings, &BTreeSet::from([7]), Some(1));
        assert_eq!(seen.members.len(), seen.snapshot.namespaces.len());
        seen.snapshot
    }

    #[test]
    fn what_listens_has_what_it_asked_for_last() {
        let calls = [call(80, "0.0.0.0:80", 5), call(80, "0.0.0.0:80", 511)];
        let seen = applied(vec![listener(80, 7), listener(22, 1)], &calls);
        let [only] = seen.namespaces[0].listeners.as_slice() else {
            panic!("{seen:#?}");
        };
        let asked = only.requested.clone().unwrap();
        assert_eq!((asked.backlog, asked.source), (Some(511), Source::Trace));
        assert_eq!(seen.gaps, []);
    }

    #[test]
    fn what_no_call_explains_is_a_gap() {
        let seen = applied(vec![listener(80, 7)], &[]);
        assert_eq!(seen.namespaces[0].listeners[0].requested, None);
        assert!(seen.gaps[0].why.starts_with("0.0.0.0:80: no call"));
    }

    #[test]
    fn a_cookie_is_not_another_sockets_inode() {
        let mut by_inode = call(80, "0.0.0.0:80", 5);
        by_inode.socket.as_mut().unwrap().cookie = None;
        let mut by_cookie = call(22, "0.0.0.0:22", 6);
        by_cookie.socket.as_mut().unwrap().cookie = Some(80);
        let calls = [by_inode, by_cookie];
        let seen = applied(vec![listener(80, 7), listener(22, 7)], &calls);
        let asked = seen.namespaces[0].listeners.iter();
        let asked = asked.map(|it| it.requested.as_ref().and_then(|it| it.backlog));
        assert_eq!(asked.collect::<Vec<_>>(), [Some(6), Some(5)]);
        assert_eq!(seen.gaps, []);
    }

    #[test]
    fn of_an_inode_that_was_given_again_the_last_call_counts() {
        let mut first = call(80, "0.0.0.0:80", 5);
        first.socket.as_mut().unwrap().cookie = Some(90);
        let calls = [first, call(80, "0.0.0.0:80", 6)];
        let seen = applied(vec![listener(80, 7)], &calls);
        let asked = seen.namespaces[0].listeners[0].requested.clone();
        assert_eq!(asked.unwrap().backlog, Some(6));
    }

    #[test]
    fn as_many_as_are_remembered_are_recorded_soon() {
        let gone = (1..=MOST).map(|n| {
            let address = format!("127.{}.{}.{}:80", n >> 16, n >> 8 & 255, n & 255);
            let mut call = call(u64::try_from(n).unwrap(), &address, 5);
            let socket = call.socket.as_mut().unwrap();
            socket.elsewhere = n % 2 == 0;
            socket.netns = Some(u64::try_from(n).unwrap()).filter(|_| socket.elsewhere);
            call
        });
        let start = std::time::Instant::now();
        let seen = applied(Vec::new(), &gone.collect::<Vec<_>>());
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
        assert_eq!(seen.namespaces.len(), MOST / 2 + 1);
        assert_eq!(seen.namespaces[0].listeners.len(), MOST / 2);
    }

    #[test]
    fn what_is_gone_is_recorded_once() {
        let calls = [call(1, "0.0.0.0:80", 511), call(2, "0.0.0.0:80", 511)];
        let seen = applied(Vec::new(), &calls);
        let gone = &seen.namespaces[0].listeners;
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].accept_queue.max, Some(128));
        assert_eq!(gone[0].owners[0].comm.as_deref(), Some("nginx"));
    }

    #[test]
    fn a_namespace_that_is_gone_is_one_of_its_own() {
        let mut there = call(1, "0.0.0.0:80", 511);
        let socket = there.socket.as_mut().unwrap();
        socket.elsewhere = true;
        socket.netns = Some(9);
        let seen = applied(Vec::new(), &[there, call(2, "0.0.0.0:81", 5)]);
        assert_eq!(seen.namespaces.len(), 2);
        assert_eq!(seen.namespaces[1].name, "process/nginx/7");
        assert_eq!(seen.namespaces[1].id, Some(9));
        assert_eq!(seen.namespaces[1].listeners[0].address, "0.0.0.0:80");
        // It asked for 511 and got 128, so that is what it was.
        assert_eq!(seen.namespaces[1].sysctl_int(SOMAXCONN), Some(128));
        assert_eq!(seen.namespaces[0].listeners[0].address, "0.0.0.0:81");
    }

    #[test]
    fn calls_that_fail_are_no_listeners() {
        let mut failed = call(1, "0.0.0.0:80", 511);
        failed.outcome = Outcome::Failed;
        assert_eq!(applied(Vec::new(), &[failed]).namespaces[0].listeners, []);
    }
}
