//! The record of a trace: what listens now, with what it asked for, and what listened and is gone.
//!
//! Calls and sockets are matched by inode. What listens and was asked for by no call is what a filter
//! cannot see, and is said to be missing.

use std::collections::{BTreeMap, BTreeSet};

use super::Fault;
use super::call::{Call, Outcome};
use crate::collect::namespaces::{Namespaces, Reach};
use crate::collect::processes::Processes;
use crate::collect::{self, Seen, Sources, Wanted};
use crate::snapshot::{Gap, Listener, Namespace, Owner, Requested, Source};

/// Sockets that are remembered.
const MOST: usize = 100_000;

/// All calls of a trace, by socket.
#[derive(Debug)]
pub(super) struct Sightings {
    /// The last call of each socket that listened, by the kernel's name of it, and how many there were.
    sockets: BTreeMap<u64, (Call, u32)>,
    calls: u64,
    /// Calls whose socket could not be looked at.
    hidden: u64,
    /// Calls of which nothing could be read.
    unread: u64,
    forgotten: u64,
}

impl Sightings {
    pub(super) fn new() -> Self {
        Self {
            sockets: BTreeMap::new(),
            calls: 0,
            hidden: 0,
            unread: 0,
            forgotten: 0,
        }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// Takes note of a call that nothing could be read of.
    pub(super) fn unread(&mut self) {
        self.calls += 1;
        self.unread += 1;
    }

    /// Takes note of a call; how many there were for its socket before.
    pub(super) fn saw(&mut self, call: &Call) -> u32 {
        self.calls += 1;
        if call.outcome == Outcome::Failed {
            return 0;
        }
        let Some(socket) = &call.socket else {
            self.hidden += 1;
            return 0;
        };
        self.hidden += u64::from(socket.protocol.is_none() && call.outcome == Outcome::Unknown);
        let key = socket.cookie.unwrap_or(socket.inode);
        if self.sockets.len() >= MOST && !self.sockets.contains_key(&key) {
            self.forgotten += 1;
            return 0;
        }
        let known = self.sockets.entry(key).or_insert_with(|| (call.clone(), 0));
        known.0 = call.clone();
        known.1 += 1;
        known.1 - 1
    }

    fn last(&self) -> impl Iterator<Item = &Call> {
        self.sockets.values().map(|(call, _)| call)
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let calls = |count: u64| match count {
            1 => "1 call".to_owned(),
            count => format!("{count} calls"),
        };
        if self.hidden + self.unread > 0 {
            let count = calls(self.hidden + self.unread);
            gaps.push(Gap::new(
                "trace",
                format!("the sockets of {count} of listen() could not be looked at; run as root"),
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
    let by_inode: BTreeMap<u64, &Call> = sightings
        .last()
        .filter_map(|call| Some((call.socket.as_ref()?.inode, call)))
        .collect();
    let mut alive = BTreeSet::new();
    let mut unexplained = Vec::new();
    for namespace in &mut seen.snapshot.namespaces {
        namespace.listeners.retain_mut(|listener| {
            let call = listener.inode.and_then(|inode| by_inode.get(&inode));
            if let Some(call) = call {
                listener.requested = Some(requested(call));
                alive.extend(listener.inode);
                return true;
            }
            let mut pids = listener.owners.iter().filter_map(|owner| owner.pid);
            let theirs = pids.any(|pid| living.contains(&pid));
            if theirs {
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

fn requested(call: &Call) -> Requested {
    Requested {
        backlog: Some(i64::from(call.backlog)),
        source: Source::Trace,
        place: None,
        applied: true,
    }
}

/// Adds what listened and is gone: of what listened in the same way once, and nothing that still does.
fn add_gone<'a>(seen: &mut Seen, gone: impl Iterator<Item = &'a Call>, own: Option<u64>) {
    for call in gone {
        let Some((socket, protocol)) = call
            .socket
            .as_ref()
            .and_then(|socket| Some((socket, socket.protocol?)))
        else {
            continue;
        };
        let mut listener = Listener::new(protocol, socket.address.clone().unwrap_or_default());
        listener.inode = Some(socket.inode);
        listener.accept_queue.max = socket.max;
        listener.requested = Some(requested(call));
        listener.owners = vec![Owner {
            pid: Some(call.pid),
            comm: call.comm.clone(),
            exe: call.exe.clone(),
            fd: Some(call.fd),
            ..Owner::default()
        }];
        let namespace = namespace(seen, socket.elsewhere, socket.netns.or(own), call);
        let alike = |other: &Listener| {
            let comm = |it: &Listener| it.owners.first().and_then(|owner| owner.comm.clone());
            other.protocol == listener.protocol
                && other.address == listener.address
                && other.requested == listener.requested
                && other.accept_queue.max == listener.accept_queue.max
                && comm(other) == comm(&listener)
        };
        if !namespace.listeners.iter().any(alike) {
            namespace.listeners.push(listener);
        }
    }
    for namespace in &mut seen.snapshot.namespaces {
        namespace.listeners.sort_by_cached_key(|listener| {
            let (protocol, port, address, inode) = listener.sort_key();
            (protocol, port, address.to_owned(), inode)
        });
    }
}

/// The record of a namespace; of one that is gone a new one.
fn namespace<'a>(
    seen: &'a mut Seen,
    elsewhere: bool,
    inode: Option<u64>,
    call: &Call,
) -> &'a mut Namespace {
    let all = &mut seen.snapshot.namespaces;
    let known = |it: &Namespace| it.id == inode && (inode.is_some() || !elsewhere);
    let at = all.iter().position(known).unwrap_or_else(|| {
        let comm = call.comm.as_deref().unwrap_or("unknown");
        let name = format!("process/{comm}/{}", call.pid);
        seen.members.push(Vec::new());
        let gap = Gap::new(
            format!("network namespace {name}"),
            "it ended, or cannot be entered; run as root",
            "its sysctls, and what listens there without a call that was seen",
        );
        seen.snapshot.gaps.push(gap);
        let id = inode.filter(|_| elsewhere);
        let mut new = Namespace::new(name);
        new.id = id;
        all.push(new);
        all.len() - 1
    });
    &mut all[at]
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
    use super::super::call::tests::call;
    use super::*;
    use crate::snapshot::{Protocol, Snapshot};

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
        assert_eq!(seen.namespaces[0].listeners[0].address, "0.0.0.0:81");
    }

    #[test]
    fn calls_that_fail_are_no_listeners() {
        let mut failed = call(1, "0.0.0.0:80", 511);
        failed.outcome = Outcome::Failed;
        assert_eq!(applied(Vec::new(), &[failed]).namespaces[0].listeners, []);
    }
}
