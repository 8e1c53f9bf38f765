//! The SYN queue: how many request sockets a listener may hold.
//!
//! net/ipv4/tcp_input.c `tcp_conn_request`. Since 4.4 the limit is the listener's own stored
//! backlog; `net.ipv4.tcp_max_syn_backlog` counts only while `net.ipv4.tcp_syncookies` is 0. Before, a
//! table was allocated at the first listen() (net/core/request_sock.c `reqsk_queue_alloc`).

use super::version::Version;

/// How a kernel decides that a SYN queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FullTest {
    /// Up to 4.3: `qlen >> max_qlen_log`, a power of two that is fixed at the first listen().
    PowerOfTwo,
    /// 4.4 to 6.12: `qlen >= sk_max_ack_backlog` (commit ef547f2ac16b).
    AtBacklog,
    /// Since 6.14: `qlen > sk_max_ack_backlog` (commit 3479c7549fb1).
    AboveBacklog,
}

impl FullTest {
    /// The test of a kernel, as its version tells. 6.13 counts as before the change: it lies between
    /// the sources that were read.
    pub fn of(kernel: Version) -> Self {
        if kernel < Version::new(4, 4) {
            Self::PowerOfTwo
        } else if kernel < Version::new(6, 14) {
            Self::AtBacklog
        } else {
            Self::AboveBacklog
        }
    }
}

/// Slots of the table that kernels up to 4.3 allocate at the first listen(), all of which may be used.
/// `clamped` is the backlog after somaxconn, before it is stored.
pub fn table_size(clamped: u32, max_syn_backlog: i64) -> u64 {
    let asked = u64::from(clamped).min(unsigned(max_syn_backlog));
    (asked.max(8) + 1).next_power_of_two()
}

/// A sysctl of 32 bits as `min_t(u32, …)` sees it: negative numbers are the largest.
pub(super) fn unsigned(value: i64) -> u64 {
    match u64::try_from(value) {
        Ok(value) => value,
        Err(_) => u64::from(u32::MAX),
    }
}

/// Request sockets that `tcp_max_syn_backlog` admits per listener while SYN cookies are off: a SYN
/// is dropped once `max - len < max / 4`, so ¾ of it and one more.
pub fn admitted_without_syncookies(max_syn_backlog: i64) -> i64 {
    max_syn_backlog - (max_syn_backlog >> 2) + 1
}

/// The smallest `tcp_max_syn_backlog` that admits `wanted` request sockets without SYN cookies.
pub fn max_syn_backlog_for(wanted: i64) -> i64 {
    let mut value = ((wanted - 1) * 4 / 3 - 2).max(0);
    while admitted_without_syncookies(value) < wanted {
        value += 1;
    }
    value
}

/// Request sockets that a listener's own maximum admits, whatever SYN cookies do. Stable releases got the
/// last change of the test too, so the number may be one more there. `None`: before 4.4 another formula
/// counts, over the backlog of the first listen(2), which is not known.
pub fn admitted_by_backlog(max: u32, kernel: Option<Version>) -> Option<i64> {
    let max = i64::from(max);
    match FullTest::of(kernel.unwrap_or(Version::NEWEST)) {
        FullTest::PowerOfTwo => None,
        FullTest::AtBacklog => Some(max),
        FullTest::AboveBacklog => Some(max + 1),
    }
}

/// Whether the kernel itself may have chosen this `tcp_max_syn_backlog`: `max(128, ehash / 128)`
/// (`/ 256` before 5.4), and the table's size is a power of two of at most 524288 entries
/// (net/ipv4/tcp_ipv4.c `tcp_sk_init`). Any other number was set by somebody.
pub fn may_be_default(max_syn_backlog: i64) -> bool {
    u64::try_from(max_syn_backlog)
        .is_ok_and(|value| value.is_power_of_two() && (128..=4096).contains(&value))
}

/// The `tcp_max_syn_backlog` that a machine with 262,144 hash buckets starts with, such as one of 24
/// GiB: a 256th of them before 5.4, a 128th since.
pub fn usual_default(kernel: Version) -> i64 {
    const BUCKETS: i64 = 262_144;
    match kernel < Version::new(5, 4) {
        true => BUCKETS / 256,
        false => BUCKETS / 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quarters_and_one_more_are_admitted() {
        // Measured on 6.18: 128 admits 97, 64 admits 49.
        assert_eq!(admitted_without_syncookies(128), 97);
        assert_eq!(admitted_without_syncookies(64), 49);
    }

    #[test]
    fn the_old_table_is_a_power_of_two_above_the_backlog_and_never_below_16() {
        assert_eq!(table_size(0, 8192), 16);
        assert_eq!(table_size(5, 8192), 16);
        assert_eq!(table_size(15, 8192), 16);
        assert_eq!(table_size(16, 8192), 32);
        assert_eq!(table_size(128, 8192), 256);
        assert_eq!(table_size(4096, 64), 128);
        assert_eq!(table_size(128, -1), 256);
    }

    #[test]
    fn the_test_changed_with_4_4_and_6_14() {
        let of = |major, minor| FullTest::of(Version::new(major, minor));
        assert_eq!(of(4, 3), FullTest::PowerOfTwo);
        assert_eq!(of(4, 4), FullTest::AtBacklog);
        assert_eq!(of(6, 13), FullTest::AtBacklog);
        assert_eq!(of(6, 14), FullTest::AboveBacklog);
    }

    #[test]
    fn the_advised_value_is_the_smallest_that_suffices() {
        for wanted in 1..5000 {
            let value = max_syn_backlog_for(wanted);
            assert!(admitted_without_syncookies(value) >= wanted, "{wanted}");
            assert!(
                value == 0 || admitted_without_syncookies(value - 1) < wanted,
                "{wanted}"
            );
        }
    }

    #[test]
    fn one_more_fits_since_6_14() {
        let at = |major, minor| admitted_by_backlog(8, Some(Version::new(major, minor)));
        assert_eq!(at(4, 3), None);
        assert_eq!(at(4, 4), Some(8));
        assert_eq!(at(6, 12), Some(8));
        // Measured on 6.18.
        assert_eq!(at(6, 18), Some(9));
        assert_eq!(admitted_by_backlog(0, None), Some(1));
    }

    #[test]
    fn defaults_are_powers_of_two() {
        assert!(may_be_default(512));
        assert!(!may_be_default(8192));
        assert!(!may_be_default(3000));
        assert!(!may_be_default(-1));
    }
}
