//! Each verdict under another somaxconn, and after a boot. `places` has where values are set.

mod places;

use super::*;
use crate::assess::{Confidence, LimitedBy};
use crate::snapshot::{FileText, Gap, Listener, Owner, Protocol, Requested, Source, file};

use Confidence::{Certain, Likely, Possible};
use LimitedBy::{Application, FollowsSomaxconn, Somaxconn, Stale, Unknown};

fn somaxconn(value: u32) -> Assumption {
    Assumption {
        netns: None,
        key: SOMAXCONN.to_owned(),
        value: value.to_string(),
    }
}

fn only(sysctls: Vec<Assumption>) -> Assumptions {
    Assumptions {
        after_reboot: false,
        sysctls,
    }
}

fn reboot(sysctls: Vec<Assumption>) -> Assumptions {
    Assumptions {
        after_reboot: true,
        sysctls,
    }
}

/// A host with one listener, whose queue it was given under this somaxconn.
fn host(somaxconn: Option<i64>, listener: Listener) -> Snapshot {
    let sysctls = somaxconn.map(|cap| (SOMAXCONN.to_owned(), SysctlValue::Int(cap)));
    let namespace = Namespace {
        sysctls: sysctls.into_iter().collect(),
        listeners: vec![listener],
        ..Namespace::new("host")
    };
    Snapshot {
        namespaces: vec![namespace],
        ..Snapshot::default()
    }
}

fn listener(comm: &str, asked: Option<(i64, Source)>, max: u32) -> Listener {
    let mut listener = Listener::new(Protocol::Tcp, "0.0.0.0:80");
    listener.accept_queue.max = Some(max);
    listener.requested = asked.map(|(backlog, source)| Requested {
        backlog: Some(backlog),
        source,
        place: None,
        applied: true,
    });
    let owner = Owner {
        comm: Some(comm.to_owned()),
        ..Owner::default()
    };
    listener.owners.extend((!comm.is_empty()).then_some(owner));
    listener
}

/// Maximum, verdict and confidence of the first listener.
type Judged = (Option<u32>, Option<LimitedBy>, Confidence);

fn judged(seen: &Snapshot, assumptions: &Assumptions) -> (Judged, Vec<Gap>) {
    let catalogue = Catalogue::builtin();
    let snapshot = assumptions.apply(seen, &catalogue);
    let facts = Facts::new(&snapshot, &catalogue);
    let it = &facts.namespaces[0].listeners[0];
    let judged = (it.listener.accept_queue.max, it.limited_by, it.confidence);
    (judged, snapshot.gaps.clone())
}

/// A program, what it is known to ask, its queue, somaxconn then and now, and what comes of it.
type Row = (
    &'static str,
    Option<(i64, Source)>,
    u32,
    i64,
    u32,
    (u32, LimitedBy, Confidence),
);

#[track_caller]
fn expect(rows: &[Row]) {
    for &(comm, asked, max, was, cap, expected) in rows {
        let seen = host(Some(was), listener(comm, asked, max));
        let (found, gaps) = judged(&seen, &only(vec![somaxconn(cap)]));
        let name = format!("{comm} {asked:?} {max} of {was}, then {cap}");
        let (max, limit, confidence) = expected;
        assert_eq!(found, (Some(max), Some(limit), confidence), "{name}");
        assert_eq!(gaps, [], "{name}");
    }
}

#[test]
fn each_verdict_on_a_known_request_under_another_somaxconn() {
    let config = |n| Some((n, Source::Config));
    let trace = |n| Some((n, Source::Trace));
    expect(&[
        // Truncated, and the cap rises, within and beyond the request.
        ("x", config(511), 128, 128, 256, (256, Somaxconn, Certain)),
        ("x", config(511), 128, 128, 511, (511, Application, Certain)),
        (
            "x",
            config(511),
            128,
            128,
            4096,
            (511, Application, Certain),
        ),
        ("nginx", None, 128, 128, 4096, (511, Application, Likely)),
        // Not truncated, and the cap falls.
        ("x", trace(511), 511, 4096, 128, (128, Somaxconn, Certain)),
        ("nginx", None, 511, 4096, 128, (128, Somaxconn, Likely)),
        (
            "x",
            config(100),
            100,
            4096,
            128,
            (100, Application, Certain),
        ),
        // The queue showed that a Node program leaves its default alone, and would not under the cap.
        ("node", None, 511, 4096, 128, (128, Somaxconn, Likely)),
        // It may have been otherwise, and still may.
        ("node", None, 128, 128, 4096, (511, Application, Possible)),
    ]);
}

#[test]
fn what_is_stale_or_takes_all_under_another_somaxconn() {
    let config = |n| Some((n, Source::Config));
    expect(&[
        // Stale queues are cured, whichever way somaxconn went.
        (
            "x",
            config(511),
            128,
            4096,
            4096,
            (511, Application, Certain),
        ),
        (
            "x",
            config(65535),
            60000,
            4096,
            4096,
            (4096, Somaxconn, Certain),
        ),
        // Whatever made the queue so, what is configured counts when it listens again; a default
        // that nobody saw the configuration leave alone counts less.
        ("nginx", None, 200, 4096, 4096, (511, Application, Possible)),
        // As much as there is.
        (
            "x",
            config(-1),
            128,
            128,
            9000,
            (9000, FollowsSomaxconn, Certain),
        ),
        (
            "kubelet",
            None,
            4096,
            4096,
            100,
            (100, FollowsSomaxconn, Likely),
        ),
        (
            "kubelet",
            None,
            128,
            4096,
            4096,
            (4096, FollowsSomaxconn, Likely),
        ),
    ]);
}

#[test]
fn each_verdict_on_a_queue_alone_under_another_somaxconn() {
    let config = |n| Some((n, Source::Config));
    expect(&[
        // Nobody knows what it asks: no less than it has.
        ("x", None, 128, 128, 64, (64, Unknown, Possible)),
        ("x", None, 128, 128, 128, (128, Unknown, Possible)),
        ("x", None, 128, 4096, 64, (64, Unknown, Possible)),
        ("x", None, 128, 4096, 9000, (128, Unknown, Possible)),
        ("x", None, 9000, 4096, 9000, (9000, Unknown, Possible)),
        // The queue contradicts what is said to be asked, which is then no more than possible.
        ("nginx", None, 1024, 4096, 128, (128, Somaxconn, Possible)),
        ("x", config(100), 200, 4096, 9000, (200, Unknown, Possible)),
        ("x", config(100), 200, 4096, 80, (80, Somaxconn, Likely)),
        // The kernel is not clamped.
        ("", None, 4096, 128, 64, (4096, Unknown, Possible)),
    ]);
}

#[test]
fn a_larger_queue_of_nobody_knows_what_request_is_unknown_and_a_gap() {
    for (max, was) in [(128, Some(128)), (5000, Some(4096)), (128, None)] {
        let seen = host(was, listener("x", None, max));
        let (found, gaps) = judged(&seen, &only(vec![somaxconn(9000)]));
        assert_eq!(found, (None, None, Possible), "{max} {was:?}");
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].what, "request of x on 0.0.0.0:80");
    }
}

#[test]
fn what_has_no_queue_and_what_was_not_read_stays_so() {
    let mut unread = listener("nginx", None, 0);
    unread.accept_queue.max = None;
    let (found, gaps) = judged(&host(Some(128), unread), &only(vec![somaxconn(4096)]));
    assert_eq!((found.0, gaps.len()), (None, 0));
}

#[test]
fn a_number_that_was_not_applied_yet_is_when_it_listens_again() {
    let mut later = listener("x", Some((2000, Source::Config)), 511);
    later.requested.as_mut().unwrap().applied = false;
    let (found, _) = judged(&host(Some(4096), later), &only(vec![somaxconn(4096)]));
    assert_eq!(found, (Some(2000), Some(Application), Certain));
}

#[test]
fn another_sysctl_lets_nobody_listen_again() {
    let seen = host(Some(4096), listener("x", Some((511, Source::Config)), 128));
    let cookies = Assumption {
        key: "net.ipv4.tcp_syncookies".to_owned(),
        ..somaxconn(0)
    };
    let (found, _) = judged(&seen, &only(vec![cookies]));
    assert_eq!(found, (Some(128), Some(Stale), Certain));
}

#[test]
fn a_queue_keeps_its_length_but_for_a_boot() {
    let mut full = listener("x", Some((511, Source::Config)), 128);
    full.accept_queue.len = Some(129);
    full.drops = Some(7);
    let mut seen = host(Some(128), full);
    let netns = &mut seen.namespaces[0];
    netns
        .counters
        .insert("TcpExt.ListenOverflows".to_owned(), 7);
    let catalogue = Catalogue::builtin();
    let numbers = |assumptions: &Assumptions| {
        let snapshot = assumptions.apply(&seen, &catalogue);
        let netns = &snapshot.namespaces[0];
        let listener = &netns.listeners[0];
        (
            listener.accept_queue.len,
            listener.drops,
            listener.syn_queue.len,
            netns.counters["TcpExt.ListenOverflows"],
        )
    };
    let cap = || vec![somaxconn(4096)];
    assert_eq!(numbers(&only(cap())), (Some(129), Some(7), None, 7));
    assert_eq!(numbers(&reboot(cap())), (Some(0), Some(0), None, 0));
}

#[test]
fn a_service_that_pauses_does_not_after_a_boot() {
    let seen = host(Some(4096), listener("memcached", None, 0));
    let (found, _) = judged(&seen, &only(vec![somaxconn(4096)]));
    assert_eq!(found.0, Some(0));
    let (found, _) = judged(&seen, &reboot(vec![]));
    assert_eq!(found, (Some(1024), Some(Application), Likely));
}
