//! somaxconn that changes under live listeners: stale queues, and how they are cured.

use serde_json::Value;

use crate::support::netns::in_netns;
use crate::support::program::{audit, by_inode, findings, run};
use crate::support::servers;
use crate::support::sockets::{Kind, Made};

/// The verdict on a listener and its maximum.
fn verdict(report: &Value, inode: u64) -> (String, u64) {
    let row = by_inode(report["listeners"].as_array().unwrap(), inode);
    let verdict = row["limited_by"].as_str().unwrap_or("none").to_owned();
    (verdict, row["accept_queue"]["max"].as_u64().unwrap())
}

#[test]
fn a_queue_that_outlived_a_larger_somaxconn_is_stale_until_it_listens_again() {
    in_netns(|netns| {
        netns.set_somaxconn(1000);
        let kinds = [Kind::Any, Kind::Dual, Kind::Mptcp, Kind::Abstract];
        let directory = tempfile::tempdir().unwrap();
        let made = kinds.map(|kind| Made::new(kind, 800, directory.path(), 0));
        let inodes = made.each_ref().map(Made::inode);
        assert_eq!(findings(&audit(), "BL103").len(), 0);

        netns.set_somaxconn(100);
        let report = audit();
        for inode in inodes {
            assert_eq!(verdict(&report, inode), ("stale".to_owned(), 800));
        }
        let stale = findings(&report, "BL103");
        assert_eq!(stale.len(), kinds.len(), "{report:#}");
        let remediation = &stale[0]["remediation"][0];
        assert_eq!(remediation["key"], "net.core.somaxconn");
        assert_eq!(remediation["value"], "800");

        for made in &made {
            made.socket.listen(made.backlog).unwrap();
        }
        let report = audit();
        for inode in inodes {
            assert_eq!(verdict(&report, inode), ("unknown".to_owned(), 100));
        }
        assert_eq!(findings(&report, "BL103").len(), 0, "{report:#}");
    });
}

#[test]
fn a_smaller_queue_listened_before_somaxconn_shrank_is_not_stale() {
    in_netns(|netns| {
        let made = Made::internet(Kind::Any, 50);
        netns.set_somaxconn(100);
        let report = audit();
        assert_eq!(verdict(&report, made.inode()), ("unknown".to_owned(), 50));
        assert_eq!(findings(&report, "BL103").len(), 0, "{report:#}");
    });
}

#[test]
fn redis_is_truncated_then_stale_then_cured_by_a_restart() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let directory = tempfile::tempdir().unwrap();
        let redis = servers::redis(directory.path()).start(netns, directory.path());
        let limit = |report: &Value| {
            let rows = report["listeners"].as_array().unwrap();
            let row = rows.iter().find(|row| row["service"] == "redis").unwrap();
            (
                row["limited_by"].clone(),
                row["accept_queue"]["max"].as_u64().unwrap(),
            )
        };
        let report = run(["audit", "--format", "json"]).ended(1).json();
        assert_eq!(limit(&report), ("somaxconn".into(), 200));

        netns.set_somaxconn(4096);
        let report = run(["audit", "--format", "json"]).ended(0).json();
        assert_eq!(limit(&report), ("stale".into(), 200));
        let stale = findings(&report, "BL103");
        assert_eq!(stale.len(), 1, "{report:#}");
        let kinds: Vec<_> = stale[0]["remediation"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["relisten"], "no sysctl cures a stale queue");
        assert_eq!(findings(&report, "BL101").len(), 0, "{report:#}");
        let patch = run(["patch", "--root", directory.path().to_str().unwrap()]).ended(0);
        assert_eq!(patch.out, "", "no sysctl cures a stale queue");

        let _redis = redis.restart(netns, directory.path());
        let report = run(["audit", "--format", "json"]).ended(0).json();
        assert_eq!(limit(&report), ("application".into(), 511));
        assert_eq!(findings(&report, "BL103").len(), 0, "{report:#}");
    });
}

#[test]
fn somaxconn_of_zero_is_a_number_like_any_other() {
    in_netns(|netns| {
        netns.set_somaxconn(0);
        let made = Made::internet(Kind::Any, 128);
        let report = audit();
        assert_eq!(verdict(&report, made.inode()), ("unknown".to_owned(), 0));
        assert_eq!(findings(&report, "BL102").len(), 1, "{report:#}");
    });
}
