//! What `backlint explain queue` computes, against queues that the running kernel was made to fill.

use std::collections::BTreeSet;

use backlint::kernel::limits::{Inputs, Limits};
use backlint::kernel::syn_queue::FullTest;
use backlint::kernel::version::Version;

use crate::support::netns::{Netns, in_netns};
use crate::support::packets::Strangers;
use crate::support::sockets::{Kind, Made};
use crate::support::{ss, wait};

fn running() -> Version {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    release.parse().unwrap()
}

/// Sets the namespace's sysctls and says what the model makes of them.
fn model(netns: &Netns, backlog: i32, somaxconn: u32, syn: u32, cookies: u32) -> Limits {
    netns.set_somaxconn(somaxconn);
    netns.set("net.ipv4.tcp_max_syn_backlog", syn);
    netns.set("net.ipv4.tcp_syncookies", cookies);
    let inputs = Inputs {
        backlog,
        somaxconn: somaxconn.into(),
        max_syn_backlog: syn.into(),
        syncookies: cookies.into(),
        kernel: running(),
    };
    inputs.limits()
}

#[test]
fn syn_queues_hold_what_the_model_says() {
    in_netns(|netns| {
        let mut strangers = Strangers::new(netns);
        for (backlog, somaxconn, syn, cookies) in [
            (8, 4096, 2048, 1),
            (8, 4096, 2048, 0),
            (8, 4096, 2048, 2),
            (0, 4096, 2048, 1),
            (0, 4096, 2048, 0),
            (20, 4096, 2048, 1),
            (-1, 12, 2048, 1),
            (512, 32, 2048, 0),
            (200, 4096, 128, 0),
            (200, 4096, 64, 0),
            (200, 4096, 64, 1),
            (200, 4096, 7, 0),
            (200, 4096, 0, 0),
        ] {
            let limits = model(netns, backlog, somaxconn, syn, cookies);
            let listener = Made::internet(Kind::Any, backlog);
            let mut may = BTreeSet::from([limits.syn.capacity]);
            if FullTest::of(running()) == FullTest::AtBacklog {
                // The test of 6.14 came to stable kernels too.
                may.insert(limits.syn.capacity + 1);
            }
            let before = answered(netns);
            let syns = 210;
            strangers.send(listener.port(), syns);
            wait::until("all SYNs to be answered or dropped", || {
                let held = ss::half_open(listener.port()) as u64;
                (answered(netns) - before + held >= u64::from(syns)).then_some(())
            });
            let held = ss::half_open(listener.port()) as u64;
            assert!(
                may.contains(&held),
                "listen({backlog}), somaxconn {somaxconn}, tcp_max_syn_backlog {syn}, \
                 tcp_syncookies {cookies}: {held} requests, and the model says {may:?}"
            );
        }
    });
}

/// SYNs that found no place in a SYN queue: dropped, or answered with a cookie.
fn answered(netns: &Netns) -> u64 {
    netns.counter("ListenDrops") + netns.counter("TCPReqQFullDoCookies")
}

#[test]
fn accept_queues_hold_what_the_model_says() {
    in_netns(|netns| {
        for (backlog, somaxconn) in [(0, 4096), (1, 4096), (3, 4096), (50, 7), (-1, 5), (9, 0)] {
            let limits = model(netns, backlog, somaxconn, 2048, 1);
            for kind in [Kind::Any, Kind::Abstract] {
                let listener = Made::new(kind, backlog, "/limits".as_ref(), somaxconn as usize);
                let fits = usize::try_from(limits.accept.capacity).unwrap();
                let waiting = listener.fill(fits);
                assert_eq!(waiting.len(), fits);
                assert!(
                    listener.connect().is_err(),
                    "listen({backlog}), somaxconn {somaxconn}, {kind:?}: more than {fits} fit"
                );
            }
        }
    });
}
