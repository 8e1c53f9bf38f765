//! Accept queues that are really full.

use std::process::Command;

use crate::support::netns::{Netns, in_netns};
use crate::support::packets::Strangers;
use crate::support::program::{audit, by_inode, findings, finish, listeners, run};
use crate::support::servers;
use crate::support::sockets::{Kind, Made};
use crate::support::wait;

/// Fills a listener, lets one more SYN overflow it, and waits until the kernel has counted that.
fn overflow(netns: &Netns, listener: &Made) -> Vec<socket2::Socket> {
    let clients = listener.fill(usize::try_from(listener.backlog).unwrap() + 1);
    let before = netns.counter("ListenOverflows");
    Strangers::new(netns).send(listener.port(), 1);
    wait::until("an overflow", || {
        (netns.counter("ListenOverflows") > before).then_some(())
    });
    clients
}

#[test]
fn a_full_tcp_queue_holds_max_plus_one_and_is_found() {
    in_netns(|netns| {
        let listener = Made::internet(Kind::Any, 4);
        let quiet = Made::internet(Kind::Any, 4);
        let clients = overflow(netns, &listener);
        assert_eq!(clients.len(), 5);

        let report = run(["audit", "--format", "json"]).ended(1).json();
        let rows = report["listeners"].as_array().unwrap();
        let row = by_inode(rows, listener.inode());
        assert_eq!(row["accept_queue"]["len"], 5);
        assert_eq!(row["accept_queue"]["max"], 4);
        assert_eq!(row["accept_queue"]["capacity"], 5);
        assert_eq!(row["drops"], 1, "one SYN was dropped");
        assert_eq!(by_inode(rows, quiet.inode())["accept_queue"]["len"], 0);

        let full = findings(&report, "BL105");
        assert_eq!(full.len(), 1, "{report:#}");
        assert_eq!(full[0]["severity"], "critical");
        assert_eq!(full[0]["subject"]["address"], listener.address());
        assert_eq!(full[0]["evidence"]["listener.accept_queue.len"], 5);
        let seen = findings(&report, "BL302");
        assert_eq!(seen.len(), 1, "{report:#}");
        let counted = netns.counter("ListenOverflows");
        assert_eq!(
            seen[0]["evidence"]["counters.TcpExt.ListenOverflows"],
            counted
        );
        assert_eq!(report["summary"]["critical"], 1);
    });
}

#[test]
fn a_client_beyond_the_capacity_is_not_admitted_and_the_counters_agree() {
    in_netns(|netns| {
        let listener = Made::internet(Kind::Loopback, 2);
        let waiting = listener.fill(3);
        let beyond = listener.begin().unwrap();
        wait::until("an overflow", || {
            (netns.counter("ListenOverflows") > 0).then_some(())
        });
        assert!(
            beyond.0.peer_addr().is_err(),
            "a fourth client was admitted"
        );
        let snapshot = run(["snapshot", "--format", "json"]).ended(0).json();
        let counters = &snapshot["namespaces"][0]["counters"];
        let read = counters["TcpExt.ListenOverflows"].as_u64().unwrap();
        // The client sends its SYN again each second.
        assert!(
            (1..=netns.counter("ListenOverflows")).contains(&read),
            "{counters}"
        );
        assert!(
            counters["TcpExt.ListenDrops"].as_u64() >= Some(read),
            "{counters}"
        );
        drop(waiting);
    });
}

#[test]
fn a_backlog_of_zero_holds_one_connection() {
    in_netns(|_| {
        let listener = Made::internet(Kind::Loopback, 0);
        let client = listener.fill(1);
        let report = audit();
        let row = by_inode(report["listeners"].as_array().unwrap(), listener.inode());
        assert_eq!(row["accept_queue"]["len"], 1);
        assert_eq!(row["accept_queue"]["capacity"], 1);
        assert_eq!(findings(&report, "BL105").len(), 1, "{report:#}");
        drop(client);
    });
}

#[test]
fn mptcp_and_unix_queues_overflow_at_max_plus_one_too() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let kinds = [Kind::Mptcp, Kind::Path, Kind::Abstract, Kind::Seqpacket];
        let made = kinds.map(|kind| Made::new(kind, 3, directory.path(), kind as usize));
        let clients: Vec<_> = made.iter().flat_map(|made| made.fill(4)).collect();
        for unix in &made[1..] {
            let refused = unix.connect().unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(libc::EAGAIN), "{unix:?}");
        }
        let report = run(["audit", "--format", "json"]).ended(1).json();
        for made in &made {
            let row = by_inode(report["listeners"].as_array().unwrap(), made.inode());
            assert_eq!(row["accept_queue"]["len"], 4, "{made:?}");
            assert_eq!(row["accept_queue"]["capacity"], 4, "{made:?}");
        }
        let full = findings(&report, "BL105");
        assert_eq!(full.len(), made.len(), "{report:#}");
        drop(clients);
    });
}

#[test]
fn an_empty_queue_that_was_full_before_is_a_matter_of_the_counters_only() {
    in_netns(|netns| {
        let listener = Made::internet(Kind::Any, 1);
        let clients = overflow(netns, &listener);
        for _ in &clients {
            drop(listener.socket.accept().unwrap());
        }
        let report = audit();
        assert_eq!(findings(&report, "BL105").len(), 0, "{report:#}");
        let seen = findings(&report, "BL302");
        let message = seen[0]["message"].as_str().unwrap();
        assert!(message.contains(&listener.address()), "{message}");
        let row = by_inode(report["listeners"].as_array().unwrap(), listener.inode());
        assert_eq!(row["accept_queue"]["len"], 0);
    });
}

#[test]
fn one_full_sibling_is_told_from_the_others() {
    in_netns(|_| {
        // The kernel's hash decides which sibling a client meets: fill both, then empty one.
        let one = Made::internet(Kind::Shared, 1);
        let other = one.sibling(1);
        let mut clients = Vec::new();
        let len = |made: &Made| {
            by_inode(&listeners(), made.inode())["accept_queue"]["len"]
                .as_u64()
                .unwrap()
        };
        wait::until("two full siblings", || {
            clients.extend(one.begin());
            (len(&one) == 2 && len(&other) == 2).then_some(())
        });
        drop(clients);
        drop((
            other.socket.accept().unwrap(),
            other.socket.accept().unwrap(),
        ));
        let report = audit();
        let rows = report["listeners"].as_array().unwrap();
        assert_eq!(by_inode(rows, one.inode())["accept_queue"]["len"], 2);
        assert_eq!(by_inode(rows, other.inode())["accept_queue"]["len"], 0);
        assert_eq!(findings(&report, "BL105").len(), 1, "{report:#}");
    });
}

#[test]
fn a_truncated_redis_that_stops_accepting_is_told_to_raise_the_sysctl() {
    in_netns(|netns| {
        netns.set_somaxconn(10);
        let directory = tempfile::tempdir().unwrap();
        let redis = servers::redis(directory.path()).start(netns, directory.path());
        redis.freeze();
        let to: std::net::SocketAddr = redis.address().parse().unwrap();
        let clients: Vec<_> = (0..11)
            .map(|_| std::net::TcpStream::connect(to).unwrap())
            .collect();
        let report = run(["audit", "--format", "json"]).ended(1).json();
        let full = findings(&report, "BL105");
        assert_eq!(full.len(), 1, "{report:#}");
        let evidence = &full[0]["evidence"];
        assert_eq!(evidence["listener.accept_queue.len"], 11);
        let remediation = full[0]["remediation"].as_array().unwrap();
        let sysctl = remediation.iter().find(|step| step["kind"] == "sysctl");
        assert_eq!(sysctl.expect("a sysctl")["key"], "net.core.somaxconn");
        assert_eq!(findings(&report, "BL101").len(), 1, "{report:#}");
        // The words that people search for, in the table as well.
        let table = crate::support::program::run(["audit"]).ended(1);
        assert!(table.out.contains("CRITICAL"), "{}", table.out);
        let ss = finish(Command::new("ss").args(["-Hltn"])).out;
        assert!(ss.contains("11"), "{ss}");
        drop(clients);
    });
}
