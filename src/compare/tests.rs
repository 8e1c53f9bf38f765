//! Two records, and what is said to be different between them.

use super::*;
use crate::assess::{Confidence, Facts};
use crate::rules::engine::judge;
use crate::rules::{Severity, load};
use crate::services::Catalogue;
use crate::snapshot::file;

fn side(name: &str, body: &str) -> Side {
    let text = format!("schema: backlint/snapshot/v1\n{body}");
    let snapshot = file::parse(name, &text).unwrap();
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let rules = load::load(&[]).unwrap();
    Side::of_record(name, &facts, &judge(&rules, &facts))
}

fn nginx(cap: u32, fields: &str, times: usize) -> String {
    let max = cap.min(511);
    let listener = format!(
        "{{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {{max: {max}}}, owners: [{{comm: nginx}}]{fields}}}"
    );
    let listeners = vec![listener; times].join(", ");
    format!(
        "namespaces:\n  - sysctls: {{net.core.somaxconn: {cap}}}\n    listeners: [{listeners}]\n"
    )
}

fn ids<'a>(all: &[&'a Seen]) -> Vec<&'a str> {
    all.iter().map(|it| it.rule.as_str()).collect()
}

#[test]
fn the_same_record_differs_in_nothing() {
    let old = side("a", &nginx(128, ", inode: 3", 2));
    let changes = compare(&old, &old);
    assert!(changes.is_empty());
    assert!(changes.notes().is_empty());
}

#[test]
fn a_raised_cap_after_a_restart_fixes_the_finding() {
    let old = side("a", &nginx(128, ", inode: 3, drops: 7", 1));
    let new = side("b", &nginx(4096, ", inode: 9, drops: 0", 1));
    let changes = compare(&old, &new);
    assert_eq!(ids(&changes.fixed), ["BL101"]);
    assert!(changes.appeared.is_empty());
    assert_eq!(changes.sysctls.len(), 1);
    assert_eq!(
        (changes.sysctls[0].old, changes.sysctls[0].new),
        ("128", "4096")
    );
    let [listener] = changes.listeners.as_slice() else {
        panic!("{:?}", changes.listeners);
    };
    assert_eq!(listener.old.unwrap().max, Some(128));
    assert_eq!(listener.new.unwrap().max, Some(511));
    assert_eq!(listener.drops(), Some(Growth::BeganAgain));
    let back = compare(&new, &old);
    assert_eq!(ids(&back.appeared), ["BL101"]);
    let limit = |text: &str| text.parse().unwrap();
    assert!(back.fails(limit("high")) && back.fails(limit("high:likely")));
    assert!(!back.fails(limit("high:certain")) && !back.fails(limit("critical")));
    assert!(!changes.fails(limit("info")));
}

#[test]
fn a_finding_that_became_sure_counts_where_only_sure_ones_do() {
    let sure = ", requested: {backlog: 511, source: config}";
    let (old, new) = (
        side("a", &nginx(128, "", 1)),
        side("b", &nginx(128, sure, 1)),
    );
    let changes = compare(&old, &new);
    let changed = &changes.changed[0];
    assert_eq!(changed.old.confidence, Confidence::Likely);
    assert_eq!(changed.new.confidence, Confidence::Certain);
    let what: Vec<&str> = changed.changes.iter().map(|it| it.what).collect();
    assert!(
        what.contains(&"confidence") && what.contains(&"message"),
        "{what:?}"
    );
    assert!(changes.fails("high:certain".parse().unwrap()));
    assert!(!changes.fails("high".parse().unwrap()), "it was there");
}

#[test]
fn siblings_are_as_many_as_they_are() {
    let (two, three) = (side("a", &nginx(128, "", 2)), side("b", &nginx(128, "", 3)));
    let changes = compare(&two, &three);
    assert_eq!(changes.listeners.len(), 1);
    assert!(changes.listeners[0].old.is_none());
    assert_eq!(ids(&changes.appeared), ["BL101"]);
    assert!(compare(&three, &two).listeners[0].new.is_none());
}

#[test]
fn counters_grow_or_begin_again() {
    let of = |overflows: u32| {
        side(
            "x",
            &format!("namespaces: [{{counters: {{TcpExt.ListenOverflows: {overflows}}}}}]\n"),
        )
    };
    let (few, many) = (of(3), of(40));
    let grown = compare(&few, &many);
    assert_eq!((grown.counters[0].old, grown.counters[0].new), (3, 40));
    assert_eq!(Growth::between(3, 40), Growth::By(37));
    assert_eq!(Growth::between(40, 3), Growth::BeganAgain);
    assert!(compare(&few, &few).counters.is_empty());
}

#[test]
fn pods_of_a_deployment_are_the_same_workload() {
    let pods = |names: &[&str], cap: u32| {
        let pods = names.iter().map(|name| {
            format!("  - {{name: pod/shop/{name}, workload: pod/shop/web, sysctls: {{net.core.somaxconn: {cap}}}}}\n")
        });
        side(
            "x",
            &format!(
                "host: {{name: n1, kernel: 6.1.0}}\nnamespaces:\n{}",
                pods.collect::<String>()
            ),
        )
    };
    let old = pods(&["web-1", "web-2"], 128);
    let new = pods(&["web-2", "web-8", "web-9"], 4096);
    let changes = compare(&old, &new);
    assert_eq!(changes.came, [("pod/shop/web", 1)]);
    assert!(changes.went.is_empty());
    let of: Vec<&str> = changes.sysctls.iter().map(|it| it.netns).collect();
    assert_eq!(of, ["pod/shop/web-2", "pod/shop/web-8"]);
    assert_eq!(changes.kernel(), None);
}

#[test]
fn a_report_is_compared_as_far_as_it_goes() {
    let text = r#"{"schema": "backlint/report/v1", "host": {"name": "n2", "kernel": "5.10.0"}, "new_field": [],
      "findings": [{"rule": "BL101", "severity": "high", "confidence": "likely", "message": "m",
                    "evidence": {"listener.accept_queue.max": 128}, "fingerprint": "f"}],
      "namespaces": [{"name": "host", "workload": "host", "sysctls": {"net.core.somaxconn": 128}}],
      "listeners": [{"netns": {"name": "host"}, "protocol": "tcp", "address": "0.0.0.0:80",
                     "accept_queue": {"max": 128}, "service": "nginx", "drops": null}]}"#;
    assert!(is_report("r.json", text));
    let old = Side::of_report("r.json", text).unwrap();
    assert_eq!(old.findings[0].severity, Severity::High);
    assert_eq!(old.findings[0].evidence["listener.accept_queue.max"], "128");
    let new = side(
        "b",
        &format!("host: {{name: n1, kernel: 6.1.0}}\n{}", nginx(4096, "", 1)),
    );
    let changes = compare(&old, &new);
    assert_eq!(ids(&changes.fixed), ["BL101"]);
    assert_eq!(changes.listeners[0].old.unwrap().max, Some(128));
    assert_eq!(changes.kernel(), Some(("5.10.0", "6.1.0")));
    assert_eq!(changes.notes().len(), 3, "{:?}", changes.notes());
}

#[test]
fn what_is_no_report_is_named() {
    let fault = |text: &str| Side::of_report("r.json", text).unwrap_err().to_string();
    assert!(fault("[{\"schema\": \"backlint/report/v1\"}]").contains("several reports"));
    let newer = fault("{\"schema\": \"backlint/report/v2\"}");
    assert!(
        newer.starts_with("r.json:1:12: schema `backlint/report/v2`"),
        "{newer}"
    );
    assert!(newer.contains("a newer one"), "{newer}");
    let text = "{\"schema\": \"backlint/report/v1\", \"findings\": [{}]}";
    assert!(fault(text).contains("missing field"), "{}", fault(text));
    assert!(!is_report(
        "s.yaml",
        "schema: backlint/snapshot/v1\n# of backlint/report/v1\n"
    ));
}

#[test]
fn what_the_new_side_could_not_see_is_no_longer_known() {
    let old = side("a", &nginx(128, "", 1));
    // The value that the rule needs was not read.
    let blind = nginx(128, "", 1)
        .replace("{net.core.somaxconn: 128}", "{}")
        .replace("max: 128", "");
    let new = side("b", &blind);
    assert!(
        new.blind.iter().any(|it| it.rule == "BL101"),
        "{:?}",
        new.blind
    );
    let changes = compare(&old, &new);
    assert!(ids(&changes.fixed).is_empty(), "{:?}", changes.fixed);
    assert_eq!(ids(&changes.unknown), ["BL101"]);
    assert!(!changes.fails("info".parse().unwrap()) && !changes.is_empty());
    let gap = "gaps: [{what: sock_diag, why: not permitted, blinds: listeners}]\n";
    let new = side(
        "b",
        &format!("{gap}namespaces: [{{sysctls: {{net.core.somaxconn: 128}}}}]\n"),
    );
    let changes = compare(&old, &new);
    assert!(ids(&changes.fixed).is_empty());
    assert_eq!(ids(&changes.unknown), ["BL101"]);
    // What was not read before either is no reason.
    let old = side("a", &format!("{gap}{}", nginx(128, "", 1)));
    assert_eq!(ids(&compare(&old, &new).fixed), ["BL101"]);
}

#[test]
fn a_listener_without_owners_on_one_side_is_the_same() {
    let fields = ", requested: {backlog: 511, source: config}";
    let whole = nginx(128, fields, 2);
    let nameless = whole.replace(", owners: [{comm: nginx}]", "");
    let (known, unknown) = (side("a", &whole), side("b", &nameless));
    assert_ne!(
        known.findings[0].fingerprint,
        unknown.findings[0].fingerprint
    );
    for (old, new) in [(&known, &unknown), (&unknown, &known)] {
        let changes = compare(old, new);
        assert!(changes.appeared.is_empty(), "{:?}", changes.appeared);
        assert!(
            changes.fixed.is_empty() && changes.unknown.is_empty(),
            "{:?}",
            changes.fixed
        );
        let alone = |it: &&ListenerChange<'_>| it.old.is_none() || it.new.is_none();
        assert_eq!(
            changes.listeners.iter().filter(alone).count(),
            0,
            "{:?}",
            changes.listeners
        );
        assert!(!changes.fails("info".parse().unwrap()));
    }
    // Another service at the address is another listener.
    let other = side("c", &whole.replace("comm: nginx", "comm: redis-server"));
    let alone = compare(&known, &other);
    assert!(
        alone
            .listeners
            .iter()
            .all(|it| it.old.is_none() || it.new.is_none())
    );
}
