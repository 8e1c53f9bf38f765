//! What was measured and what was worked out by hand, and what holds for all numbers.

use proptest::prelude::*;

use super::*;

/// A listener with a large somaxconn and tcp_max_syn_backlog, and SYN cookies when the queue is full.
fn inputs(backlog: i32, major: u32, minor: u32) -> Inputs {
    Inputs {
        backlog,
        somaxconn: 4096,
        max_syn_backlog: 2048,
        syncookies: 1,
        kernel: Version::new(major, minor),
    }
}

fn accept(inputs: Inputs) -> (u64, u64) {
    let limit = inputs.limits().accept;
    (limit.max, limit.capacity)
}

fn syn(inputs: Inputs) -> (u64, LimitedBy) {
    let limit = inputs.limits().syn;
    (limit.capacity, limit.limited_by)
}

fn worked_example(backlog: i32) -> Inputs {
    Inputs {
        somaxconn: 128,
        max_syn_backlog: 8192,
        syncookies: 0,
        ..inputs(backlog, 3, 10)
    }
}

#[test]
fn the_worked_examples_up_to_4_3() {
    for (major, minor) in [(3, 0), (3, 10), (4, 0), (4, 1), (4, 3)] {
        let kernel = Version::new(major, minor);
        let five = worked_example(5).on(kernel);
        assert_eq!(accept(five), (5, 6));
        assert_eq!(syn(five), (16, LimitedBy::Minimum), "{kernel}");
        let many = worked_example(512).on(kernel);
        assert_eq!(accept(many), (128, 129));
        assert_eq!(syn(many), (256, LimitedBy::Somaxconn), "{kernel}");
    }
    assert_eq!(syn(worked_example(512).on(Version::new(4, 4))).0, 128);
    assert_eq!(syn(worked_example(512).on(Version::new(6, 14))).0, 129);
}

#[test]
fn accept_queues_that_were_filled_on_6_18() {
    for (backlog, connections) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        assert_eq!(accept(inputs(backlog, 6, 18)).1, connections);
    }
    for backlog in [-1, i32::MIN, 101] {
        let cut = Inputs {
            somaxconn: 100,
            ..inputs(backlog, 6, 18)
        };
        assert_eq!(accept(cut), (100, 101));
        assert_eq!(cut.limits().accept.limited_by, LimitedBy::Somaxconn);
    }
    let large = Inputs {
        somaxconn: 200_000,
        ..inputs(150_000, 6, 18)
    };
    assert_eq!(accept(large).0, 150_000);
}

#[test]
fn syn_queues_that_were_filled_on_6_18() {
    for (backlog, requests) in [(8, 9), (0, 1), (20, 21), (200, 201)] {
        assert_eq!(
            syn(inputs(backlog, 6, 18)),
            (requests, LimitedBy::Backlog),
            "{backlog}"
        );
    }
    let small = |max_syn_backlog, syncookies| Inputs {
        max_syn_backlog,
        syncookies,
        ..inputs(200, 6, 18)
    };
    assert_eq!(syn(small(128, 0)), (97, LimitedBy::MaxSynBacklog));
    assert_eq!(syn(small(64, 0)), (49, LimitedBy::MaxSynBacklog));
    // With SYN cookies tcp_max_syn_backlog does not count.
    assert_eq!(syn(small(64, 1)), (201, LimitedBy::Backlog));
    let off = Inputs {
        syncookies: 0,
        ..inputs(8, 6, 18)
    };
    assert_eq!(syn(off), (9, LimitedBy::Backlog));
    let always = Inputs {
        syncookies: 2,
        ..inputs(8, 6, 18)
    };
    assert_eq!(syn(always), (0, LimitedBy::Syncookies));
}

#[test]
fn a_backlog_of_0_holds_one_connection_and_no_request_from_4_4_to_6_12() {
    for (major, minor, requests) in [(4, 3, 16), (4, 4, 0), (6, 12, 0), (6, 14, 1)] {
        let none = inputs(0, major, minor);
        assert_eq!(accept(none), (0, 1));
        assert_eq!(syn(none).0, requests, "{major}.{minor}");
    }
}

#[test]
fn the_16_bit_era_loses_what_is_above_65535() {
    let wrapped = Inputs {
        somaxconn: 65_536,
        max_syn_backlog: 100_000,
        ..inputs(65_536, 3, 0)
    };
    assert_eq!(accept(wrapped), (0, 1));
    // The table is made of the number before it is cut.
    assert_eq!(syn(wrapped).0, 131_072);
    let unclamped = Inputs {
        somaxconn: -1,
        ..inputs(70_000, 3, 0)
    };
    assert_eq!(accept(unclamped).0, 70_000 - 65_536);
}

#[test]
fn every_syn_gets_a_cookie_only_since_3_12() {
    let always = |minor| Inputs {
        syncookies: 2,
        ..inputs(8, 3, minor)
    };
    assert_eq!(syn(always(10)).0, 16);
    assert_eq!(syn(always(12)).0, 0);
}

#[test]
fn numbers_that_a_kernel_refuses_are_told_with_the_range() {
    let told = |inputs: Inputs| check(&inputs).map_err(|fault| fault.to_string());
    let somaxconn = |somaxconn, major, minor| {
        told(Inputs {
            somaxconn,
            ..inputs(1, major, minor)
        })
    };
    assert_eq!(somaxconn(65_536, 3, 0), Ok(()));
    assert_eq!(
        somaxconn(65_536, 3, 10),
        Err(
            "net.core.somaxconn: 65536 is more than 65535, the most that Linux 3.10 takes; \
             give 0 to 65535"
                .to_owned()
        )
    );
    assert_eq!(somaxconn(65_536, 4, 1), Ok(()));
    assert!(somaxconn(-1, 6, 18).is_err());
    assert!(somaxconn(1 << 31, 6, 18).is_err());
    assert!(told(inputs(1, 2, 6)).is_err());
    let cookies = Inputs {
        syncookies: 256,
        ..inputs(1, 6, 18)
    };
    assert!(told(cookies).unwrap_err().contains("tcp_syncookies"));
}

fn any_kernel() -> impl Strategy<Value = Version> {
    prop::sample::select(vec![
        (3, 0),
        (3, 10),
        (4, 0),
        (4, 1),
        (4, 3),
        (4, 4),
        (5, 4),
        (6, 12),
        (6, 13),
        (6, 14),
        (6, 18),
    ])
    .prop_map(|(major, minor)| Version::new(major, minor))
}

fn any_inputs() -> impl Strategy<Value = Inputs> {
    let number = || prop_oneof![0..300_i64, 0..=65_535_i64];
    (-2..70_000_i32, number(), number(), 0..=2_i64, any_kernel()).prop_map(
        |(backlog, somaxconn, max_syn_backlog, syncookies, kernel)| Inputs {
            backlog,
            somaxconn,
            max_syn_backlog,
            syncookies,
            kernel,
        },
    )
}

proptest! {
    #[test]
    fn no_accept_queue_holds_more_than_somaxconn_and_one(inputs in any_inputs()) {
        let limits = inputs.limits();
        prop_assert!(limits.accept.capacity <= inputs.somaxconn.unsigned_abs() + 1);
        prop_assert_eq!(limits.accept.capacity, limits.accept.max + 1);
        if FullTest::of(inputs.kernel) != FullTest::PowerOfTwo {
            prop_assert!(limits.syn.capacity <= limits.accept.capacity);
        }
    }

    #[test]
    fn a_larger_number_never_makes_a_queue_shorter(inputs in any_inputs(), more in 0..1000_i32) {
        let now = inputs.limits();
        let larger = [
            Inputs { backlog: inputs.backlog.max(0) + more, ..inputs },
            Inputs { somaxconn: (inputs.somaxconn + i64::from(more)).min(65_535), ..inputs },
            Inputs { max_syn_backlog: inputs.max_syn_backlog + i64::from(more), ..inputs },
        ];
        let first = Inputs { backlog: inputs.backlog.max(0), ..inputs }.limits();
        for (n, larger) in larger.iter().enumerate() {
            let before = if n == 0 { &first } else { &now };
            let after = larger.limits();
            prop_assert!(after.accept.capacity >= before.accept.capacity);
            prop_assert!(after.syn.capacity >= before.syn.capacity);
        }
    }

    #[test]
    fn the_accept_queue_has_what_the_clamp_says(inputs in any_inputs()) {
        let cap = u32::try_from(inputs.somaxconn).unwrap();
        let clamped = accept_queue::clamp(i64::from(inputs.backlog), cap);
        prop_assert_eq!(inputs.limits().accept.max, u64::from(clamped));
    }

    #[test]
    fn the_last_step_of_each_queue_is_its_capacity(inputs in any_inputs()) {
        let limits = inputs.limits();
        for (queue, limit) in [(Queue::Accept, limits.accept), (Queue::Syn, limits.syn)] {
            let last = limits.steps.iter().rfind(|step| step.queue == queue);
            prop_assert_eq!(last.map(|step| step.result), Some(limit.capacity));
        }
    }
}
