//! Every kind of listener is listed once, with the backlog that the kernel kept.

use std::collections::BTreeSet;

use crate::support::netns::in_netns;
use crate::support::program::{by_inode, findings, listeners, run};
use crate::support::sockets::{Kind, Made, clamped};

const BACKLOGS: [i32; 4] = [0, -1, 7, 100_000];
const SOMAXCONN: u32 = 300;

#[test]
fn every_kind_is_listed_once_with_its_clamped_backlog() {
    in_netns(|netns| {
        netns.set_somaxconn(SOMAXCONN);
        let directory = tempfile::tempdir().unwrap();
        let kinds = Kind::ALL
            .into_iter()
            .flat_map(|kind| BACKLOGS.map(|backlog| (kind, backlog)));
        let made: Vec<Made> = kinds
            .enumerate()
            .map(|(n, (kind, backlog))| Made::new(kind, backlog, directory.path(), n))
            .collect();
        let listed = listeners();
        assert_eq!(listed.len(), made.len(), "{listed:#?}");
        for made in &made {
            let row = by_inode(&listed, made.inode());
            let max = u64::from(clamped(made.backlog, SOMAXCONN));
            assert_eq!(row["protocol"], made.kind.protocol(), "{made:?}");
            assert_eq!(row["address"], made.address(), "{made:?}");
            assert_eq!(row["accept_queue"]["len"], 0, "{made:?}");
            assert_eq!(row["accept_queue"]["max"], max, "{made:?}");
            assert_eq!(row["accept_queue"]["capacity"], max + 1, "{made:?}");
            assert_eq!(row["owners"][0]["pid"], std::process::id(), "{made:?}");
            assert_eq!(row["uid"], rustix::process::getuid().as_raw(), "{made:?}");
            let unix = made.kind.protocol().starts_with("unix");
            assert_eq!(row["syn_queue"]["len"].is_null(), unix, "{made:?}");
            assert_eq!(row["drops"].is_null(), unix, "{made:?}");
        }
    });
}

#[test]
fn siblings_with_so_reuseport_are_three_listeners() {
    in_netns(|_| {
        let first = Made::internet(Kind::Shared, 5);
        let group = [first.sibling(6), first.sibling(7), first];
        let listed = listeners();
        assert_eq!(listed.len(), 3);
        for made in &group {
            let row = by_inode(&listed, made.inode());
            assert_eq!(row["accept_queue"]["max"], made.backlog);
            assert_eq!(row["address"], group[0].address());
        }
    });
}

#[test]
fn ipv4_and_ipv6_listeners_of_one_port_are_two() {
    in_netns(|_| {
        let six = Made::internet(Kind::Only6, 5);
        let four = std::net::TcpListener::bind(("0.0.0.0", six.port())).unwrap();
        let addresses: BTreeSet<String> = listeners()
            .iter()
            .map(|row| row["address"].as_str().unwrap().to_owned())
            .collect();
        let expected = [six.address(), four.local_addr().unwrap().to_string()];
        assert_eq!(addresses, BTreeSet::from(expected));
    });
}

#[test]
fn a_socket_that_is_bound_but_does_not_listen_is_not_listed() {
    in_netns(|_| {
        let listener = Made::internet(Kind::Loopback, 5);
        let client = listener.connect().unwrap();
        let bound = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        assert_eq!(listeners().len(), 1);
        drop((client, bound));
    });
}

#[test]
fn an_unbound_port_and_an_empty_namespace_are_no_failure() {
    in_netns(|_| {
        assert_eq!(listeners().len(), 0);
        let report = run(["audit", "--format", "json", "--fail-on", "info"])
            .ended(0)
            .json();
        assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    });
}

#[test]
fn options_of_list_choose_and_sort_rows() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let tcp = Made::internet(Kind::Loopback, 9);
        let six = Made::internet(Kind::Loopback6, 8);
        let unix = Made::new(Kind::Path, 7, directory.path(), 1);
        let addresses = |options: &[&str]| -> Vec<String> {
            let arguments = ["list", "--format", "json"].iter().chain(options);
            let list = run(arguments).ended(0).json();
            let rows = list["listeners"].as_array().unwrap();
            rows.iter()
                .map(|row| row["address"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(addresses(&["--protocol", "unix"]), [unix.address()]);
        assert_eq!(
            addresses(&["--port", &tcp.port().to_string()]),
            [tcp.address()]
        );
        let by_max = [unix.address(), six.address(), tcp.address()];
        assert_eq!(addresses(&["--sort", "max"]), by_max);
        assert_eq!(
            addresses(&["--process", &std::process::id().to_string()]).len(),
            3
        );
        assert_eq!(addresses(&["--process", "nobody-has-this-name"]).len(), 0);
    });
}

#[test]
fn a_queue_at_somaxconn_of_an_unknown_program_is_only_possibly_truncated() {
    in_netns(|netns| {
        netns.set_somaxconn(SOMAXCONN);
        let at = Made::internet(Kind::Loopback, 100_000);
        let below = Made::internet(Kind::Loopback, 299);
        let report = run(["audit", "--format", "json"]).ended(0).json();
        let found = findings(&report, "BL102");
        assert_eq!(found.len(), 1, "{report:#}");
        assert_eq!(found[0]["subject"]["address"], at.address());
        assert_eq!(found[0]["confidence"], "possible");
        assert_eq!(findings(&report, "BL101").len(), 0);
        drop(below);
    });
}

#[test]
fn the_largest_backlog_has_a_capacity_beyond_31_bits() {
    in_netns(|netns| {
        netns.set_somaxconn(2_147_483_647);
        let made = Made::internet(Kind::Any, -1);
        let listed = listeners();
        let queue = &by_inode(&listed, made.inode())["accept_queue"];
        assert_eq!(queue["max"], 2_147_483_647_u32);
        assert_eq!(queue["capacity"], 2_147_483_648_u64);
    });
}
