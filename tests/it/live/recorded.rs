//! A snapshot that was taken live and judged from its file says what the live audit says.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::netns::{Netns, in_netns};
use crate::support::packets::Strangers;
use crate::support::program::{backlint, findings, finish, finish_with, run, steady};
use crate::support::servers::{self, Server};
use crate::support::sockets::{Kind, Made};
use crate::support::wait;

/// A busy host: truncated services, a full queue, a stale one, counters that moved.
struct Busy {
    _servers: Vec<Server>,
    _made: Vec<Made>,
    _clients: Vec<socket2::Socket>,
}

impl Busy {
    fn new(netns: &Netns, home: &Path) -> Self {
        netns.set_somaxconn(1000);
        let stale = Made::new(Kind::Abstract, 900, home, 1);
        netns.set_somaxconn(200);
        let recipes = [servers::nginx(home, 2), servers::redis(home)];
        let servers = recipes
            .iter()
            .map(|recipe| recipe.start(netns, home))
            .collect();
        let full = Made::internet(Kind::Any, 2);
        let clients = full.fill(3);
        Strangers::new(netns).send(full.port(), 3);
        wait::until("overflows", || {
            (netns.counter("ListenOverflows") >= 3).then_some(())
        });
        Self {
            _servers: servers,
            _made: vec![stale, full],
            _clients: clients,
        }
    }
}

/// A report without what may differ between two looks at one host: where it comes from, and whether
/// the processes of the whole machine could be looked at to the end within the time.
fn comparable(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("source");
    for row in report["listeners"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("owners_complete");
    }
    report
}

fn judge(file: &str) -> Value {
    run(["audit", "--format", "json", "--snapshot", file])
        .ended(1)
        .json()
}

#[test]
fn a_snapshot_file_gives_the_findings_of_the_live_host() {
    in_netns(|netns| {
        let home = tempfile::tempdir().unwrap();
        let _busy = Busy::new(netns, home.path());
        let live = run(["audit", "--format", "json"]).ended(1).json();
        for rule in ["BL101", "BL103", "BL105", "BL302"] {
            assert!(!findings(&live, rule).is_empty(), "{rule}: {live:#}");
        }
        for name in ["web.yaml", "web.json", "odd.name"] {
            let file = home.path().join(name);
            let file = file.to_str().unwrap();
            let taken = run(["snapshot", "-o", file]).ended(0);
            assert_eq!(taken.out, "");
            let text = fs::read_to_string(file).unwrap();
            assert_eq!(text.starts_with('{'), name == "web.json", "{text}");
            let report = judge(file);
            assert_eq!(report["source"], file);
            assert_eq!(comparable(report), comparable(live.clone()), "{name}");
        }
    });
}

#[test]
fn a_snapshot_goes_through_a_pipe() {
    in_netns(|netns| {
        let home = tempfile::tempdir().unwrap();
        let _busy = Busy::new(netns, home.path());
        let live = run(["audit", "--format", "json"]).ended(1).json();
        for format in ["yaml", "json"] {
            let snapshot = run(["snapshot", "--format", format]).ended(0).out;
            let mut command = backlint();
            command.args(["audit", "--format", "json", "--snapshot", "-"]);
            let report = finish_with(&mut command, snapshot.as_bytes())
                .ended(1)
                .json();
            assert_eq!(report["source"], "<stdin>");
            assert_eq!(comparable(report), comparable(live.clone()), "{format}");
        }
    });
}

#[test]
fn list_and_patch_of_a_snapshot_are_those_of_the_live_host() {
    in_netns(|netns| {
        let home = tempfile::tempdir().unwrap();
        let _busy = Busy::new(netns, home.path());
        let file = home.path().join("web.yaml");
        let file = file.to_str().unwrap();
        run(["snapshot", "-o", file]).ended(0);
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path().to_str().unwrap();
        for arguments in [
            &["list"][..],
            &["list", "--format", "json"],
            &["patch", "--root", root],
        ] {
            let live = run(arguments).ended(0);
            let recorded = run(arguments.iter().chain(&["--snapshot", file])).ended(0);
            assert!(!live.out.is_empty(), "{arguments:?}");
            assert_eq!(steady(&recorded.out), steady(&live.out), "{arguments:?}");
        }
    });
}

#[test]
fn several_snapshots_are_judged_at_once_and_the_worst_decides() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (yaml, json) = (path("a.yaml"), path("b.json"));
    let fixture = |max: u32| {
        format!(
            "{{\"schema\": \"backlint/snapshot/v1\", \"namespaces\": [{{\
             \"sysctls\": {{\"net.core.somaxconn\": 128}}, \"listeners\": [{{\"protocol\": \"tcp\",\
             \"address\": \"0.0.0.0:80\", \"accept_queue\": {{\"len\": 0, \"max\": {max}}},\
             \"requested\": {{\"backlog\": 511, \"source\": \"config\"}}}}]}}]}}"
        )
    };
    let clean =
        "schema: backlint/snapshot/v1\nnamespaces: [{sysctls: {net.core.somaxconn: 4096}}]\n";
    fs::write(&yaml, clean).unwrap();
    fs::write(&json, fixture(128)).unwrap();
    let judge = |files: &[&str], input: &str, status: i32| {
        let mut command = backlint();
        command.args(["audit", "--format", "json"]);
        command.args(files.iter().flat_map(|file| ["--snapshot", *file]));
        finish_with(&mut command, input.as_bytes())
            .ended(status)
            .json()
    };
    let reports = judge(&[&yaml, &json, "-"], clean, 1);
    let sources: Vec<_> = reports
        .as_array()
        .unwrap()
        .iter()
        .map(|report| report["source"].clone())
        .collect();
    assert_eq!(sources, [yaml.as_str(), &json, "<stdin>"]);
    assert_eq!(findings(&reports[1], "BL101").len(), 1, "{reports:#}");
    judge(&[&yaml, "-"], clean, 0);
    judge(&["-", &yaml], &fixture(128), 1);
    let table = finish(backlint().args(["--snapshot", &yaml, "--snapshot", &json])).ended(1);
    assert!(
        table.out.contains("b.json") && table.out.contains("a.yaml"),
        "{}",
        table.out
    );
}
