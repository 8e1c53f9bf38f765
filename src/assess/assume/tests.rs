//! Each verdict under another somaxconn, after a boot, and what cannot be assumed.

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

fn in_netns(netns: &str, key: &str, value: &str) -> Assumption {
    Assumption {
        netns: Some(netns.to_owned()),
        key: key.to_owned(),
        value: value.to_owned(),
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

fn record(text: &str) -> Snapshot {
    let text = format!("schema: backlint/snapshot/v1\n{text}");
    file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"))
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

#[test]
fn each_verdict_under_another_somaxconn() {
    let config = |n| Some((n, Source::Config));
    let trace = |n| Some((n, Source::Trace));
    for (comm, asked, max, was, cap, expected) in [
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
    ] {
        let seen = host(Some(was), listener(comm, asked, max));
        let (found, gaps) = judged(&seen, &only(vec![somaxconn(cap)]));
        let name = format!("{comm} {asked:?} {max} of {was}, then {cap}");
        let (max, limit, confidence) = expected;
        assert_eq!(found, (Some(max), Some(limit), confidence), "{name}");
        assert_eq!(gaps, [], "{name}");
    }
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

const TWO: &str = "
host: {kernel: 6.1.0}
namespaces:
  - sysctls: {net.core.somaxconn: 4096, vm.swappiness: 60}
    listeners:
      - {protocol: tcp, address: '0.0.0.0:80', accept_queue: {max: 511}, requested: {backlog: 511, source: config}}
  - name: pod/shop/web-1
    workload: pod/shop/web
    sysctls: {net.core.somaxconn: 128, vm.swappiness: 60}
    containers: [{name: pod/shop/web-1/nginx, runtime: containerd}]
    listeners:
      - {protocol: tcp, address: '0.0.0.0:80', accept_queue: {max: 128}, requested: {backlog: 511, source: config}}
";

/// Each namespace's value and the first queue's maximum.
fn places(seen: &Snapshot, assumptions: &Assumptions, key: &str) -> Vec<(String, Option<u32>)> {
    let snapshot = assumptions.apply(seen, &Catalogue::builtin());
    let all = snapshot.namespaces.iter();
    all.map(|netns| {
        let value = netns
            .sysctls
            .get(key)
            .map_or("-".to_owned(), ToString::to_string);
        (value, netns.listeners[0].accept_queue.max)
    })
    .collect()
}

#[test]
fn a_value_is_set_where_it_is_said_to_be() {
    let seen = record(TWO);
    let both = |one: (&str, u32), other: (&str, u32)| {
        vec![
            (one.0.to_owned(), Some(one.1)),
            (other.0.to_owned(), Some(other.1)),
        ]
    };
    let of = |sysctls: Vec<Assumption>| places(&seen, &only(sysctls), SOMAXCONN);
    assert_eq!(of(vec![somaxconn(200)]), both(("200", 200), ("200", 200)));
    for name in ["pod/shop/web-1", "pod/shop/web"] {
        let there = in_netns(name, SOMAXCONN, "300");
        assert_eq!(of(vec![there.clone()]), both(("4096", 511), ("300", 300)));
        // What is said of one counts more than what is said of all.
        let expected = both(("200", 200), ("300", 300));
        assert_eq!(of(vec![somaxconn(200), there.clone()]), expected);
        assert_eq!(of(vec![there, somaxconn(200)]), expected);
    }
    // The machine's value is everybody's, and makes nobody listen again.
    let swappiness = in_netns("host", "vm.swappiness", "10");
    let of = places(&seen, &only(vec![swappiness]), "vm.swappiness");
    assert_eq!(of, both(("10", 511), ("10", 128)));
}

#[test]
fn after_a_boot_the_files_decide_on_the_host_and_containers_keep_what_they_were_given() {
    let with = |files: &str| {
        let mut seen = record(TWO);
        seen.files = Some(vec![FileText::new("/etc/sysctl.d/50-web.conf", files)]);
        seen
    };
    let of = |files: &str, then: Vec<Assumption>| {
        let places = places(&with(files), &reboot(then), SOMAXCONN);
        places
            .into_iter()
            .map(|(value, max)| (value, max.unwrap_or(0)))
            .collect::<Vec<_>>()
    };
    let value = |value: &str, max| (value.to_owned(), max);
    let set = "net.core.somaxconn = 300 # web\nvm.swappiness = 1\n";
    assert_eq!(of(set, vec![]), [value("300", 300), value("128", 128)]);
    // Nothing sets it: the kernel's own.
    assert_eq!(of("", vec![]), [value("4096", 511), value("128", 128)]);
    // The kernel refuses it: the same.
    let refused = "net.core.somaxconn = -1\n";
    assert_eq!(of(refused, vec![]), [value("4096", 511), value("128", 128)]);
    // Numbers are written as C has them.
    let hexadecimal = "net.core.somaxconn = 0x12c\n";
    assert_eq!(of(hexadecimal, vec![])[0], value("300", 300));
    // What is assumed holds after that.
    let then = vec![somaxconn(400)];
    assert_eq!(of(set, then), [value("400", 400), value("400", 400)]);
    let places = places(&with(set), &reboot(vec![]), "vm.swappiness");
    assert_eq!((&*places[0].0, &*places[1].0), ("1", "1"));
}

#[test]
fn what_a_boot_does_is_a_gap_where_nobody_knows_it() {
    let mut seen = record(
        "
namespaces:
  - sysctls: {net.core.somaxconn: 100, net.ipv4.tcp_max_orphans: 7}
  - {name: blue, named: blue}
files: []
",
    );
    let assumptions = reboot(vec![]);
    let snapshot = assumptions.apply(&seen, &Catalogue::builtin());
    let gaps: Vec<_> = snapshot.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(gaps.len(), 2, "{gaps:#?}");
    assert!(gaps[0].contains("net.core.somaxconn"), "{gaps:#?}");
    assert!(gaps[1].contains("blue"), "{gaps:#?}");
    assert_eq!(snapshot.namespaces[0].sysctl_int(SOMAXCONN), Some(100));
    assert!(gaps[0].contains("net.ipv4.tcp_max_orphans"), "{gaps:#?}");
    // With the kernel's version its default is known.
    seen.host.kernel = Some("5.3.0".to_owned());
    let snapshot = assumptions.apply(&seen, &Catalogue::builtin());
    assert_eq!(snapshot.namespaces[0].sysctl_int(SOMAXCONN), Some(128));
}

#[test]
fn a_service_that_pauses_does_not_after_a_boot() {
    let seen = host(Some(4096), listener("memcached", None, 0));
    let (found, _) = judged(&seen, &only(vec![somaxconn(4096)]));
    assert_eq!(found.0, Some(0));
    let (found, _) = judged(&seen, &reboot(vec![]));
    assert_eq!(found, (Some(1024), Some(Application), Likely));
}

#[test]
fn slips_are_refused() {
    let seen = record(TWO);
    let refused = |assumptions: &Assumptions| {
        let judged = BTreeSet::from(["acme.knob".to_owned()]);
        let found = assumptions.check(&[&seen], &judged);
        found.err().map(|fault| fault.to_string())
    };
    let all = |key: &str, value: &str| {
        refused(&only(vec![Assumption {
            netns: None,
            ..in_netns("", key, value)
        }]))
    };
    for (found, words) in [
        (
            all("net.core.somaxcon", "1"),
            "did you mean net.core.somaxconn",
        ),
        (all("vm.swapiness", "1"), "did you mean vm.swappiness"),
        (all("acme.handle", "1"), "acme.handle is no sysctl"),
        (all("net.ipv4.tcp_tw_recycle", "1"), "removed it"),
        (all(SOMAXCONN, "many"), "whole number"),
        (all(SOMAXCONN, "2147483648"), "more than 2147483647"),
        (
            refused(&only(vec![in_netns("pod/shop", SOMAXCONN, "1")])),
            "there are: host, pod/shop/web-1",
        ),
        (
            refused(&only(vec![in_netns("pod/shop/web", "vm.swappiness", "1")])),
            "whole machine",
        ),
        (
            refused(&only(vec![somaxconn(1), somaxconn(2)])),
            "every namespace is to be 1 and 2",
        ),
        (refused(&reboot(vec![])), "not recorded"),
    ] {
        let found = found.unwrap_or_else(|| panic!("{words}"));
        assert!(found.contains(words), "{found}");
    }
    for taken in [
        all(SOMAXCONN, "0"),
        all("vm.swappiness", "1"),
        all("acme.knob", "x y"),
        all("net.core.rmem_max", "1"),
        refused(&only(vec![somaxconn(1), somaxconn(1)])),
        refused(&only(vec![somaxconn(1), in_netns("host", SOMAXCONN, "2")])),
    ] {
        assert_eq!(taken, None);
    }
}
