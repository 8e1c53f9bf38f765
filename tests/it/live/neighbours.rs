//! What only shows beside something else: sockets of one address, a queue and its limit.

use crate::support::netns::in_netns;
use crate::support::packets::Strangers;
use crate::support::program::{findings, run};
use crate::support::sockets::{Kind, Made};
use crate::support::wait;

#[test]
fn a_full_sibling_beside_an_idle_one_is_found_once() {
    in_netns(|_| {
        let full = Made::internet(Kind::Shared, 3);
        let clients = full.fill(4);
        assert_eq!(clients.len(), 4);
        let idle = full.sibling(100);
        let report = run(["audit", "--format", "json"]).ended(1).json();
        let skew = findings(&report, "BL110");
        assert_eq!(skew.len(), 1, "{report:#}");
        assert_eq!(skew[0]["evidence"]["listener.accept_queue.len"], 4);
        assert_eq!(skew[0]["evidence"]["listener.group.quiet"], 1);
        let lengths = findings(&report, "BL111");
        assert_eq!(lengths.len(), 1, "{report:#}");
        assert_eq!(lengths[0]["evidence"]["listener.group.longest"], 100);
        drop(idle);
        let alone = run(["audit", "--format", "json"]).ended(1).json();
        assert!(findings(&alone, "BL110").is_empty(), "{alone:#}");
        assert!(findings(&alone, "BL111").is_empty(), "{alone:#}");
    });
}

#[test]
fn a_full_syn_queue_is_worse_without_cookies() {
    in_netns(|netns| {
        let listener = Made::internet(Kind::Any, 8);
        Strangers::new(netns).send(listener.port(), 12);
        wait::until("a full queue", || {
            (netns.counter("TCPReqQFullDoCookies") > 0).then_some(())
        });
        let rules = |report: &serde_json::Value| {
            ["BL205", "BL206"].map(|rule| findings(report, rule).len())
        };
        let audit = ["audit", "--format", "json", "--fail-on", "never"];
        let with = run(audit).ended(0).json();
        assert_eq!(rules(&with), [1, 0], "{with:#}");
        netns.set("net.ipv4.tcp_syncookies", 0);
        let without = run(audit).ended(0).json();
        assert_eq!(rules(&without), [0, 1], "{without:#}");
    });
}
