//! `list` against ss(8), row by row, on 500 listeners of three processes.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::helper::{Helper, Role, Wanted};
use crate::support::netns::in_netns;
use crate::support::packets::Strangers;
use crate::support::program::listeners;
use crate::support::sockets::{Kind, Made};
use crate::support::ss::{self, Row};
use crate::support::wait;

const BACKLOGS: [i32; 5] = [7, 0, 128, -1, 100_000];

/// This many listeners of all kinds. A third of them has clients that wait, up to a full queue.
fn mixed(count: usize) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut listeners = 0;
    for n in 0.. {
        let (kind, backlog) = (Kind::ALL[n % Kind::ALL.len()], BACKLOGS[n % BACKLOGS.len()]);
        let members = if kind == Kind::Shared { 3 } else { 1 };
        if listeners + members > count {
            break;
        }
        listeners += members;
        let room = usize::try_from(backlog)
            .map_or(8, |backlog| backlog + 1)
            .min(8);
        // Siblings share clients by a hash: three fit into any of them.
        let clients = if kind == Kind::Shared {
            room.min(3)
        } else {
            room
        };
        let clients = if kind == Kind::Shared && backlog == 0 {
            0
        } else {
            clients
        };
        wanted.push(Wanted {
            kind,
            backlog,
            clients: if n % 3 == 0 { clients } else { 0 },
        });
    }
    let rest = Wanted {
        kind: Kind::Loopback,
        backlog: 5,
        clients: 0,
    };
    wanted.extend((listeners..count).map(|_| rest));
    wanted
}

fn helper(count: usize, directory: &Path) -> Helper {
    let directory = directory.to_owned();
    Helper::start(&Role::Listen {
        sockets: mixed(count),
        directory,
    })
}

fn row(listener: &Value) -> (u64, Row) {
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{listener:#}"));
    let owners = listener["owners"].as_array().unwrap().iter();
    let row = Row {
        protocol: listener["protocol"].as_str().unwrap().to_owned(),
        address: listener["address"].as_str().unwrap().to_owned(),
        len: number(&listener["accept_queue"]["len"]),
        max: number(&listener["accept_queue"]["max"]),
        drops: listener["drops"].as_u64(),
        owners: owners
            .map(|owner| (number(&owner["pid"]), number(&owner["fd"])))
            .collect(),
    };
    (number(&listener["inode"]), row)
}

#[test]
fn list_agrees_with_ss_on_500_mixed_listeners() {
    in_netns(|netns| {
        netns.set_somaxconn(2000);
        let homes = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let helpers: Vec<Helper> = homes
            .iter()
            .zip([166, 166, 158])
            .map(|(home, count)| helper(count, home.path()))
            .collect();
        let full: Vec<Made> = (0..10).map(|_| Made::internet(Kind::Any, 0)).collect();
        let clients: Vec<_> = full.iter().flat_map(|made| made.fill(1)).collect();
        let mut strangers = Strangers::new(netns);
        for (made, syns) in full.iter().zip(1..) {
            strangers.send(made.port(), syns);
        }
        wait::until("55 drops", || {
            (netns.counter("ListenOverflows") >= 55).then_some(())
        });

        let theirs = ss::listeners();
        assert_eq!(theirs.len(), 500);
        let listed = listeners();
        assert_eq!(
            listed.len(),
            500,
            "rows that are listed twice or not at all"
        );
        let ours: BTreeMap<u64, Row> = listed.iter().map(row).collect();
        for (inode, theirs) in &theirs {
            assert_eq!(ours.get(inode), Some(theirs), "inode {inode}");
        }
        let drops: u64 = ours.values().filter_map(|row| row.drops).sum();
        assert_eq!(
            drops, 55,
            "the comparison of drops has something to compare"
        );
        let waiting = ours.values().filter(|row| row.len > 0).count();
        assert!(waiting > 100, "only {waiting} queues have somebody in them");
        drop((clients, helpers));
    });
}

#[test]
fn names_with_blanks_and_odd_bytes_are_listed_as_they_are() {
    in_netns(|_| {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("with blank and ü");
        std::fs::create_dir(&home).unwrap();
        let path = Made::new(Kind::Path, 3, &home, 1);
        let name = Made::new(Kind::Abstract, 3, &home, 2);
        let ours: BTreeMap<u64, Row> = listeners().iter().map(row).collect();
        assert_eq!(ours, ss::listeners());
        assert_eq!(ours[&path.inode()].address, path.address());
        assert_eq!(ours[&name.inode()].address, name.address());
    });
}
