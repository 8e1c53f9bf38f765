//! Who holds a listener: forked workers, unusual descriptors, sockets that were passed on.

use std::os::fd::AsFd as _;

use serde_json::Value;

use crate::support::helper::{Helper, Role};
use crate::support::netns::in_netns;
use crate::support::program::{audit, by_inode, findings, listeners};
use crate::support::servers;
use crate::support::sockets::{Kind, Made};

fn pids(row: &Value) -> Vec<u64> {
    let owners = row["owners"].as_array().unwrap();
    owners
        .iter()
        .map(|owner| owner["pid"].as_u64().unwrap())
        .collect()
}

#[test]
fn nginx_with_four_workers_is_one_listener_with_five_owners() {
    in_netns(|netns| {
        let home = tempfile::tempdir().unwrap();
        let nginx = servers::nginx(home.path(), 4).start(netns, home.path());
        let family = nginx.family();
        assert_eq!(family.len(), 5);
        let listed = listeners();
        assert_eq!(listed.len(), 1, "{listed:#?}");
        assert_eq!(listed[0]["service"], "nginx");
        assert_eq!(
            pids(&listed[0]),
            family.into_iter().map(u64::from).collect::<Vec<_>>()
        );
        for owner in listed[0]["owners"].as_array().unwrap() {
            assert_eq!(owner["comm"], "nginx");
            assert!(
                owner["exe"].as_str().unwrap().ends_with("/nginx"),
                "{owner}"
            );
        }
    });
}

#[test]
fn nginx_with_reuseport_has_a_listener_a_worker() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let home = tempfile::tempdir().unwrap();
        let recipe = servers::nginx_that(home.path(), 4, " reuseport");
        let nginx = recipe.start(netns, home.path());
        let family: Vec<u64> = nginx.family().into_iter().map(u64::from).collect();
        let report = audit();
        let rows = report["listeners"].as_array().unwrap();
        assert_eq!(rows.len(), 4, "{report:#}");
        for row in rows {
            assert_eq!(pids(row), family);
            assert_eq!(row["limited_by"], "somaxconn");
        }
        assert!(!findings(&report, "BL101").is_empty(), "{report:#}");
    });
}

#[test]
fn a_listener_at_descriptor_700_has_its_owner() {
    in_netns(|_| {
        let helper = Helper::start(&Role::ListenAt(700));
        let held = helper.held();
        assert_eq!(held.fd, 700);
        let listed = listeners();
        let row = by_inode(&listed, held.inodes[0]);
        assert_eq!(pids(row), [u64::from(helper.pid())]);
        assert_eq!(row["owners"][0]["fd"], 700);
    });
}

#[test]
fn a_listener_that_was_passed_on_belongs_to_its_receiver() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 9);
        let inode = made.inode();
        let mut helper = Helper::start(&Role::Receive);
        helper.send(made.socket.as_fd());
        drop(made);
        let listed = listeners();
        let row = by_inode(&listed, inode);
        assert_eq!(pids(row), [u64::from(helper.pid())]);
        assert_eq!(row["owners"][0]["fd"], helper.held().fd);
    });
}

#[test]
fn a_listener_that_was_passed_on_and_kept_has_two_owners() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 9);
        let mut helper = Helper::start(&Role::Receive);
        helper.send(made.socket.as_fd());
        let listed = listeners();
        let row = by_inode(&listed, made.inode());
        let mut expected = [std::process::id(), helper.pid()].map(u64::from);
        expected.sort_unstable();
        assert_eq!(pids(row), expected);
    });
}

#[test]
fn a_listener_whose_owner_died_is_gone() {
    in_netns(|_| {
        let helper = Helper::start(&Role::ListenAt(3));
        assert_eq!(listeners().len(), 1);
        drop(helper);
        assert_eq!(listeners().len(), 0);
    });
}

#[test]
fn a_second_descriptor_of_one_process_is_no_second_owner() {
    in_netns(|_| {
        let made = Made::internet(Kind::Any, 9);
        let copy = made.socket.try_clone().unwrap();
        let listed = listeners();
        let row = by_inode(&listed, made.inode());
        assert_eq!(pids(row), [u64::from(std::process::id())]);
        let lowest = std::os::fd::AsRawFd::as_raw_fd(&made.socket);
        assert_eq!(
            row["owners"][0]["fd"],
            lowest.min(std::os::fd::AsRawFd::as_raw_fd(&copy))
        );
    });
}
