//! What would be, against what then is: the same listeners after the sysctl was really set and they
//! really listened again.

use std::path::Path;

use backlint::assess::{Assumption, Assumptions};
use backlint::collect::{Sources, Wanted, snapshot};
use backlint::services::Catalogue;
use backlint::snapshot::{Requested, Snapshot, Source};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::netns::{Netns, in_netns};
use crate::support::program::{audit, backlint, by_inode, findings, finish, run};
use crate::support::sockets::{Kind, Made};

/// The report under these further options.
fn report(options: &[&str]) -> Value {
    run(["audit", "--format", "json"].iter().chain(options)).json()
}

/// What is said of a listener: maximum, verdict, confidence and what it asked for.
fn said(report: &Value, inode: u64) -> [Value; 4] {
    let row = by_inode(report["listeners"].as_array().unwrap(), inode);
    [
        row["accept_queue"]["max"].clone(),
        row["limited_by"].clone(),
        row["confidence"].clone(),
        row["requested"]["backlog"].clone(),
    ]
}

/// Whether the same findings are there, whatever else differs.
fn same_findings(one: &Value, other: &Value) {
    for rule in ["BL101", "BL102", "BL103", "BL106"] {
        let of = |report: &Value| findings(report, rule).len();
        assert_eq!(of(one), of(other), "{rule}\n{one:#}\n{other:#}");
    }
}

/// A service that this test program is taken for: it asks for 511 unless it is told otherwise.
fn service(directory: &Path) -> String {
    let program = std::env::current_exe().unwrap();
    let program = program.file_name().unwrap().to_str().unwrap();
    let text = format!(
        "name: acmed
family: tests
recognise: [{{name: {program}}}]
default: [{{class: configurable, backlog: 511, verified: source, source: this test}}]
setting: {{example: 'backlog = {{}}', place: in its file}}
applies: {{setting: restart, sysctl: restart}}
"
    );
    let path = directory.join("acmed.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_service_gets_what_was_foretold_when_somaxconn_rises_and_when_it_falls() {
    in_netns(|netns| {
        netns.set_somaxconn(128);
        let directory = tempfile::tempdir().unwrap();
        let services = service(directory.path());
        let services = ["--services", services.as_str()];
        let made = Made::internet(Kind::Any, 511);
        let of = |report: &Value| said(report, made.inode());
        let now = || report(&services);
        let foretold = |value| report(&[services[0], services[1], "--assume", value]);
        assert_eq!(of(&now())[..2], [json!(128), json!("somaxconn")]);

        let rises = foretold("net.core.somaxconn=1024");
        assert_eq!(of(&rises)[..2], [json!(511), json!("application")]);
        assert_eq!(of(&now())[0], 128, "nothing was changed");
        assert_eq!(netns.sysctl("net.core.somaxconn"), "128");
        netns.set_somaxconn(1024);
        // The sysctl alone is not what the assumption stands for.
        assert_eq!(of(&now())[..2], [json!(128), json!("stale")]);
        made.socket.listen(made.backlog).unwrap();
        assert_eq!(of(&rises), of(&now()));
        same_findings(&rises, &now());

        let falls = foretold("self:net/core/somaxconn=300");
        assert_eq!(of(&falls)[..2], [json!(300), json!("somaxconn")]);
        netns.set_somaxconn(300);
        made.socket.listen(made.backlog).unwrap();
        assert_eq!(of(&falls), of(&now()));
        same_findings(&falls, &now());
    });
}

#[test]
fn a_request_that_nobody_knows_is_foretold_only_as_far_as_it_can_be() {
    in_netns(|netns| {
        netns.set_somaxconn(128);
        let cut = Made::internet(Kind::Any, 511);
        let small = Made::new(Kind::Abstract, 50, Path::new("/"), 1);
        let inodes = [cut.inode(), small.inode()];
        let maxima = |report: &Value| inodes.map(|inode| said(report, inode)[0].clone());

        let foretold = report(&["--assume", "net.core.somaxconn=1024"]);
        assert_eq!(maxima(&foretold), [Value::Null, json!(50)]);
        let gaps = foretold["gaps"].to_string();
        assert!(gaps.contains("what it asks for is not known"), "{gaps}");
        // With --strict that is no success.
        let strict = [
            "--assume",
            "net.core.somaxconn=1024",
            "--strict",
            "--fail-on",
            "never",
        ];
        run(strict).ended(3);

        let foretold = report(&["--assume", "net.core.somaxconn=40"]);
        assert_eq!(maxima(&foretold), [json!(40), json!(40)]);
        netns.set_somaxconn(40);
        for made in [&cut, &small] {
            made.socket.listen(made.backlog).unwrap();
        }
        let seen = audit();
        for inode in inodes {
            assert_eq!(said(&foretold, inode), said(&seen, inode));
        }
        same_findings(&foretold, &seen);
    });
}

/// The listeners of this namespace.
fn look() -> Snapshot {
    let wanted = Wanted {
        sysctls: ["net.core.somaxconn".to_owned()].into(),
        owners: true,
        ..Wanted::default()
    };
    snapshot(&Sources::default(), &wanted).unwrap()
}

fn maximum(snapshot: &Snapshot, inode: u64) -> Option<u32> {
    let mut all = snapshot.namespaces[0].listeners.iter();
    let found = all.find(|listener| listener.inode == Some(inode));
    found.expect("a listener").accept_queue.max
}

/// Listens under one cap, foretells, and listens again under another.
fn foretell(netns: &Netns, asked: &[(i32, bool)], was: u32, cap: u32) -> Result<(), TestCaseError> {
    netns.set_somaxconn(was);
    let made: Vec<Made> = asked
        .iter()
        .map(|(backlog, _)| Made::internet(Kind::Loopback, *backlog))
        .collect();
    let mut seen = look();
    for listener in &mut seen.namespaces[0].listeners {
        let mut pairs = made.iter().zip(asked);
        let known = pairs.find(|(made, _)| Some(made.inode()) == listener.inode);
        listener.requested = known
            .filter(|(_, asked)| asked.1)
            .map(|(made, _)| Requested {
                backlog: Some(made.backlog.into()),
                source: Source::Trace,
                place: None,
                applied: true,
            });
    }
    let assumptions = Assumptions {
        after_reboot: false,
        sysctls: vec![Assumption {
            netns: None,
            key: "net.core.somaxconn".to_owned(),
            value: cap.to_string(),
        }],
    };
    let foretold = assumptions.apply(&seen, &Catalogue::builtin());
    netns.set_somaxconn(cap);
    for made in &made {
        made.socket.listen(made.backlog).unwrap();
    }
    let then = look();
    for (made, (backlog, known)) in made.iter().zip(asked) {
        let (foretold, then) = (
            maximum(&foretold, made.inode()),
            maximum(&then, made.inode()),
        );
        // Only what may have been truncated, and by nobody knows how much, is not foretold.
        let hidden = !known && cap > was && backlog.cast_unsigned() >= was;
        prop_assert_eq!(foretold, then.filter(|_| !hidden), "{} {}", backlog, known);
    }
    Ok(())
}

#[test]
fn the_kernel_gives_what_was_foretold() {
    in_netns(|netns| {
        let backlog = prop_oneof![Just(-1), Just(0), 0..300_i32, any::<i32>()];
        let cap = || prop_oneof![0..300_u32, Just(4096), 0..=i32::MAX.cast_unsigned()];
        let strategy = (vec((backlog, any::<bool>()), 1..12), cap(), cap());
        let mut runner = TestRunner::new(Config {
            cases: 60,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&strategy, |(asked, was, cap)| {
            foretell(netns, &asked, was, cap)
        });
        result.unwrap_or_else(|fault| panic!("{fault}"));
    });
}

#[test]
fn after_a_boot_a_list_has_empty_queues() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 3);
        let _clients = made.fill(3);
        let words = [
            "list",
            "--netns",
            "self",
            "--format",
            "json",
            "--after-reboot",
        ];
        let list = finish(backlint().args(words)).ended(0).json();
        assert_eq!(
            list["assumed"],
            json!({"after_reboot": true, "sysctls": []})
        );
        let row = by_inode(list["listeners"].as_array().unwrap(), made.inode());
        assert_eq!(row["accept_queue"]["len"], 0);
        assert_eq!(row["accept_queue"]["max"], 3);
        // Nobody knows what makes this namespace again.
        assert!(
            list["gaps"].to_string().contains("a boot ends it"),
            "{list:#}"
        );
    });
}
