//! Listeners that come and go while the kernel's table is read: a dump is not atomic.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::netns::in_netns;
use crate::support::program::listeners;
use crate::support::sockets::{Kind, Made};

/// Ends the churn, also when the test fails: a scope waits for its threads.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_listener_is_listed_twice_and_no_lasting_one_is_missed() {
    in_netns(|_| {
        let lasting: Vec<Made> = (0..300).map(|_| Made::internet(Kind::Any, 5)).collect();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop((0..50).map(|_| passing()).collect::<Vec<_>>());
                }
            });
            let _end = Stop(&stop);
            for _ in 0..10 {
                let listed = listeners();
                let inodes: BTreeSet<u64> = listed
                    .iter()
                    .map(|row| row["inode"].as_u64().unwrap())
                    .collect();
                assert_eq!(inodes.len(), listed.len(), "a listener is listed twice");
                let missed = lasting
                    .iter()
                    .filter(|made| !inodes.contains(&made.inode()));
                assert_eq!(
                    missed.count(),
                    0,
                    "a listener that was there all the time is missed"
                );
            }
        });
    });
}

/// A listener that soon goes.
fn passing() -> Made {
    Made::internet(Kind::Any, 5)
}
