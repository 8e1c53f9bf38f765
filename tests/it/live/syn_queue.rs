//! Requests that wait for the end of their handshake.

use crate::support::netns::in_netns;
use crate::support::packets::Strangers;
use crate::support::program::{by_inode, listeners, run};
use crate::support::sockets::{Kind, Made};
use crate::support::{ss, wait};

#[test]
fn requests_are_counted_at_their_listener() {
    in_netns(|netns| {
        let busy = Made::internet(Kind::Any, 100);
        let quiet = Made::internet(Kind::Any, 100);
        Strangers::new(netns).send(busy.port(), 9);
        wait::until("9 requests", || {
            (ss::half_open(busy.port()) == 9).then_some(())
        });
        let listed = listeners();
        assert_eq!(by_inode(&listed, busy.inode())["syn_queue"]["len"], 9);
        assert_eq!(by_inode(&listed, busy.inode())["accept_queue"]["len"], 0);
        assert_eq!(by_inode(&listed, quiet.inode())["syn_queue"]["len"], 0);
    });
}

#[test]
fn ipv4_requests_of_a_dual_stack_listener_are_counted() {
    in_netns(|netns| {
        let dual = Made::internet(Kind::Dual, 100);
        Strangers::new(netns).send(dual.port(), 5);
        wait::until("5 requests", || {
            (ss::half_open(dual.port()) == 5).then_some(())
        });
        assert_eq!(by_inode(&listeners(), dual.inode())["syn_queue"]["len"], 5);
    });
}

#[test]
fn requests_go_to_the_most_specific_listener_of_a_port() {
    in_netns(|netns| {
        let dual = Made::internet(Kind::Only6, 100);
        let four = std::net::TcpListener::bind(("127.0.0.1", dual.port())).unwrap();
        Strangers::new(netns).send(dual.port(), 4);
        wait::until("4 requests", || {
            (ss::half_open(dual.port()) == 4).then_some(())
        });
        let listed = listeners();
        let inode = crate::support::sockets::inode(std::os::fd::AsFd::as_fd(&four));
        assert_eq!(by_inode(&listed, inode)["syn_queue"]["len"], 4);
        assert_eq!(by_inode(&listed, dual.inode())["syn_queue"]["len"], 0);
    });
}

#[test]
fn requests_at_siblings_are_unknown_and_named_as_a_gap() {
    in_netns(|netns| {
        let one = Made::internet(Kind::Shared, 100);
        let other = one.sibling(100);
        Strangers::new(netns).send(one.port(), 6);
        wait::until("6 requests", || {
            (ss::half_open(one.port()) == 6).then_some(())
        });
        let list = run(["list", "--format", "json"]).ended(0).json();
        let rows = list["listeners"].as_array().unwrap();
        for made in [&one, &other] {
            assert!(
                by_inode(rows, made.inode())["syn_queue"]["len"].is_null(),
                "{list:#}"
            );
        }
        let gap = list["gaps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|gap| gap["what"] == "SYN queues");
        assert!(gap.is_some(), "{list:#}");
    });
}

#[test]
fn a_listener_is_sorted_first_by_its_syn_queue() {
    in_netns(|netns| {
        let listeners = [20, 30, 40].map(|backlog| Made::internet(Kind::Any, backlog));
        let mut strangers = Strangers::new(netns);
        for (listener, syns) in listeners.iter().zip([1, 3, 2]) {
            strangers.send(listener.port(), syns);
        }
        let all = || {
            listeners
                .iter()
                .map(|made| ss::half_open(made.port()))
                .sum::<usize>()
        };
        wait::until("6 requests", || (all() == 6).then_some(()));
        let list = run(["list", "--format", "json", "--sort", "syn"])
            .ended(0)
            .json();
        let lengths: Vec<u64> = list["listeners"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["syn_queue"]["len"].as_u64().unwrap())
            .collect();
        assert_eq!(lengths, [3, 2, 1]);
    });
}
