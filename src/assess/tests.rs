//! The verdict table of the design, and the cases that make it hard.

use super::*;
use crate::snapshot::{Owner, Protocol, Source, SysctlValue};

fn asked(backlog: i64, source: Source) -> Requested {
    Requested {
        backlog: Some(backlog),
        source,
        place: None,
        applied: true,
    }
}

/// Verdict and confidence of one listener of `comm`, with somaxconn 4096 unless told.
fn verdict(
    comm: &str,
    requested: Option<Requested>,
    max: u32,
    somaxconn: i64,
) -> (Option<LimitedBy>, Confidence) {
    let mut listener = Listener::new(Protocol::Tcp, "0.0.0.0:80");
    listener.accept_queue.max = Some(max);
    listener.requested = requested;
    listener.owners = vec![Owner {
        comm: Some(comm.to_owned()),
        ..Owner::default()
    }];
    let namespace = Namespace {
        sysctls: [("net.core.somaxconn".to_owned(), SysctlValue::Int(somaxconn))].into(),
        listeners: vec![listener],
        ..Namespace::new("host")
    };
    let catalogue = Catalogue::builtin();
    let facts = NetnsFacts::new(&namespace, &catalogue, None, false);
    (facts.listeners[0].limited_by, facts.listeners[0].confidence)
}

#[test]
fn each_row_of_the_verdict_table() {
    use Confidence::{Certain, Likely, Possible};
    use LimitedBy::{Application, FollowsSomaxconn, Somaxconn, Stale, Unknown};
    let config = |n| Some(asked(n, Source::Config));
    for (comm, requested, max, somaxconn, expected) in [
        ("x", config(65535), 4096, 4096, (Somaxconn, Certain)),
        ("nginx", None, 128, 128, (Somaxconn, Likely)),
        (
            "x",
            Some(asked(9, Source::Trace)),
            9,
            128,
            (Application, Certain),
        ),
        ("node", None, 511, 4096, (Application, Likely)),
        // Asked for exactly the cap: not truncated.
        ("x", config(4096), 4096, 4096, (Application, Certain)),
        // The cap was raised after listen().
        ("nginx", None, 128, 4096, (Stale, Likely)),
        // The cap was lowered after listen().
        ("nginx", None, 511, 128, (Stale, Likely)),
        ("x", config(65535), 59999, 4096, (Stale, Certain)),
        ("kubelet", None, 4096, 4096, (FollowsSomaxconn, Likely)),
        ("x", config(-1), 4096, 4096, (FollowsSomaxconn, Certain)),
        (
            "x",
            config(2147483647),
            4096,
            4096,
            (FollowsSomaxconn, Certain),
        ),
        // Read somaxconn at start, and it was raised since.
        ("kubelet", None, 128, 4096, (Stale, Likely)),
        ("x", None, 4096, 4096, (Unknown, Possible)),
        ("x", None, 100, 4096, (Unknown, Possible)),
        ("x", None, 9000, 4096, (Stale, Possible)),
        // The queue is longer than the default: it was configured, the default says nothing.
        ("nginx", None, 1024, 4096, (Unknown, Possible)),
        ("x", config(100), 200, 4096, (Unknown, Possible)),
        // At its connection limit memcached listens with 0 on purpose.
        ("memcached", None, 0, 4096, (Application, Likely)),
        // systemd of an older release asks for its C library's SOMAXCONN.
        ("systemd", None, 128, 4096, (Stale, Possible)),
        ("systemd", None, 4096, 4096, (FollowsSomaxconn, Likely)),
    ] {
        let name = format!("{comm} {requested:?} {max} {somaxconn}");
        assert_eq!(
            verdict(comm, requested, max, somaxconn),
            (Some(expected.0), expected.1),
            "{name}"
        );
    }
}

#[test]
fn a_queue_below_a_default_is_likely_stale_only_if_an_older_cap_explains_it() {
    let text = |listeners: &str| {
        format!(
            "schema: backlint/snapshot/v1\nnamespaces:\n  - sysctls: {{net.core.somaxconn: 4096}}\n    listeners:\n{listeners}"
        )
    };
    let row = |port: u32, max: u32, comm: &str| {
        format!(
            "      - {{protocol: tcp, address: \"0.0.0.0:{port}\", accept_queue: {{max: {max}}}, owners: [{{comm: {comm}}}]}}\n"
        )
    };
    let verdicts = |listeners: &str| {
        let snapshot = crate::snapshot::file::parse("test", &text(listeners)).unwrap();
        let catalogue = Catalogue::builtin();
        let facts = Facts::new(&snapshot, &catalogue);
        let listeners = facts.namespaces[0].listeners.iter();
        listeners
            .map(|facts| (facts.limited_by, facts.confidence))
            .collect::<Vec<_>>()
    };
    let stale = |confidence| (Some(LimitedBy::Stale), confidence);
    // `tcp-backlog 200` and `listen 80 backlog=200` would look the same.
    let alone = row(80, 200, "nginx") + &row(81, 200, "nginx");
    assert_eq!(verdicts(&alone), [stale(Confidence::Possible); 2]);
    let shared = row(80, 200, "nginx") + &row(6379, 200, "redis-server");
    assert_eq!(verdicts(&shared), [stale(Confidence::Likely); 2]);
    assert_eq!(
        verdicts(&row(80, 128, "nginx")),
        [stale(Confidence::Likely)]
    );
}

fn at(somaxconn: Option<u32>, kernel: Option<Version>) -> Limits {
    Limits {
        somaxconn,
        kernel,
        predicted: false,
    }
}

#[test]
fn what_was_not_read_gives_no_verdict() {
    let config = asked(511, Source::Config);
    // Longer than the cap and nobody holds it: the kernel may listen there itself.
    assert_eq!(
        verdict::limited_by(None, Some(64), at(Some(9), None), false),
        Some(LimitedBy::Unknown)
    );
    assert_eq!(
        verdict::limited_by(Some(&config), None, at(Some(128), None), true),
        None
    );
    assert_eq!(
        verdict::limited_by(Some(&config), Some(128), at(None, None), true),
        None
    );
    assert_eq!(
        verdict::limited_by(None, Some(128), at(None, None), true),
        None
    );
    assert_eq!(
        verdict::limited_by(Some(&config), Some(511), at(None, None), true),
        Some(LimitedBy::Application),
        "nothing was cut off, whatever the cap"
    );
}

#[test]
fn what_16_bits_cut_off_is_no_ones_limit() {
    let config = asked(65_536, Source::Config);
    let of = |max, kernel| {
        let kernel = Some(Version::new(kernel, 2));
        verdict::limited_by(Some(&config), Some(max), at(Some(65_536), kernel), true)
    };
    assert_eq!(of(0, 3), Some(LimitedBy::Unknown));
    assert_eq!(of(65_536, 4), Some(LimitedBy::Application));
}

#[test]
fn a_socket_activated_service_is_named_and_systemd_asked() {
    let mut listener = Listener::new(Protocol::Tcp, "[::]:22");
    listener.accept_queue.max = Some(4096);
    let owner = |pid, comm: &str| Owner {
        pid: Some(pid),
        comm: Some(comm.to_owned()),
        ..Owner::default()
    };
    listener.owners = vec![owner(1, "systemd"), owner(9, "sshd")];
    let catalogue = Catalogue::builtin();
    let facts = assess(
        &listener,
        at(Some(4096), None),
        catalogue.identify(&listener),
        None,
    );
    assert_eq!(facts.label, "sshd on [::]:22");
    assert_eq!(facts.limited_by, Some(LimitedBy::FollowsSomaxconn));
}

#[test]
fn labels_name_the_best_that_is_known() {
    let catalogue = Catalogue::builtin();
    let label = |listener: &Listener| {
        assess(
            listener,
            Limits::default(),
            catalogue.identify(listener),
            None,
        )
        .label
    };
    let mut listener = Listener::new(Protocol::Unix, "/run/x.sock");
    assert_eq!(label(&listener), "unix /run/x.sock");
    listener.unit = Some("x.service".to_owned());
    assert_eq!(label(&listener), "x.service on /run/x.sock");
    listener.owners = vec![Owner {
        comm: Some("xd".to_owned()),
        ..Owner::default()
    }];
    assert_eq!(label(&listener), "xd on /run/x.sock");
}

#[test]
fn a_service_that_is_stated_and_not_known_keeps_its_name() {
    let catalogue = Catalogue::builtin();
    let mut listener = Listener::new(Protocol::Tcp, "0.0.0.0:9100");
    listener.service = Some("metrics".to_owned());
    listener.accept_queue.max = Some(128);
    let facts = assess(
        &listener,
        at(Some(4096), None),
        catalogue.identify(&listener),
        None,
    );
    assert_eq!(facts.service_name(), Some("metrics"));
    assert_eq!(facts.label, "metrics on 0.0.0.0:9100");
    assert!(facts.requested.is_none());
    listener.service = Some("nginx".to_owned());
    let facts = assess(
        &listener,
        at(Some(4096), None),
        catalogue.identify(&listener),
        None,
    );
    assert!(facts.requested.is_some());
}

/// Request, verdict and confidence of one listener, by the record of it, on the host or in an image.
fn of_record(
    listener: &str,
    image: bool,
    somaxconn: u32,
) -> (Option<i64>, Option<LimitedBy>, Confidence) {
    let image = if image { "image: {name: x}\n" } else { "" };
    let text = format!(
        "schema: backlint/snapshot/v1\n{image}namespaces:\n  - sysctls: {{net.core.somaxconn: {somaxconn}}}\n    listeners:\n      - {{protocol: tcp, address: \"0.0.0.0:80\", {listener}}}\n"
    );
    let catalogue = Catalogue::builtin();
    let mut snapshot = crate::snapshot::file::parse("test", &text).unwrap();
    if snapshot.image.is_some() {
        predict(&mut snapshot, &catalogue);
    }
    let facts = Facts::new(&snapshot, &catalogue);
    let facts = &facts.namespaces[0].listeners[0];
    (facts.finite_request(), facts.limited_by, facts.confidence)
}

#[test]
fn the_default_of_a_library_is_only_possible_where_nothing_was_seen_to_listen() {
    use LimitedBy::{Application, Somaxconn};
    let node = "owners: [{comm: node}]";
    let possible = |limited_by| (Some(511), Some(limited_by), Confidence::Possible);
    assert_eq!(of_record(node, true, 4096), possible(Application));
    // No queue confirms it or speaks against it, whatever the cap.
    assert_eq!(of_record(node, true, 511), possible(Application));
    assert_eq!(of_record(node, true, 128), possible(Somaxconn));
    let seen = "owners: [{comm: node}], accept_queue: {max: 511}";
    assert_eq!(of_record(seen, false, 4096).2, Confidence::Likely);
    let product = "owners: [{comm: nginx}]";
    assert_eq!(of_record(product, true, 4096).2, Confidence::Likely);
}

#[test]
fn a_request_of_a_configuration_that_is_exactly_the_cap_is_what_limits() {
    let asked = "requested: {backlog: 65535, source: config}, configuration: hidden";
    for cap in [65_534, 65_535, 65_536] {
        let limited_by = match cap {
            65_534 => LimitedBy::Somaxconn,
            _ => LimitedBy::Application,
        };
        let listener = format!("owners: [{{comm: nginx}}], {asked}");
        let expected = (Some(65_535), Some(limited_by), Confidence::Likely);
        assert_eq!(of_record(&listener, true, cap), expected, "{cap}");
    }
    // A queue at the cap would look the same if more was asked for.
    let seen = format!("accept_queue: {{max: 65535}}, owners: [{{comm: nginx}}], {asked}");
    let expected = (
        Some(65_535),
        Some(LimitedBy::Application),
        Confidence::Possible,
    );
    assert_eq!(of_record(&seen, false, 65_535), expected);
}
