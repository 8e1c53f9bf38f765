//! The SYN queue: how many request sockets a listener may hold.
//!
//! net/ipv4/tcp_input.c `tcp_conn_request`. Since 4.4 the limit is the listener's own stored
//! backlog; `net.ipv4.tcp_max_syn_backlog` counts only while `net.ipv4.tcp_syncookies` is 0.

use super::version::Version;

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

/// Request sockets that a listener's own maximum admits, whatever SYN cookies do. The test was `>=`
/// until 6.12 and is `>` since 6.14 (`inet_csk_reqsk_queue_is_full`; stable releases got the change
/// too, so the number may be one more there). `None`: before 4.4 another formula counts, over the
/// backlog of the first listen(2), which is not known.
pub fn admitted_by_backlog(max: u32, kernel: Option<Version>) -> Option<i64> {
    let max = i64::from(max);
    match kernel.unwrap_or(Version::NEWEST) {
        kernel if kernel < Version::new(4, 4) => None,
        kernel if kernel < Version::new(6, 14) => Some(max),
        _ => Some(max + 1),
    }
}

/// Whether the kernel itself may have chosen this `tcp_max_syn_backlog`: `max(128, ehash / 128)`
/// (`/ 256` before 5.4), and the table's size is a power of two of at most 524288 entries
/// (net/ipv4/tcp_ipv4.c `tcp_sk_init`). Any other number was set by somebody.
pub fn may_be_default(max_syn_backlog: i64) -> bool {
    u64::try_from(max_syn_backlog)
        .is_ok_and(|value| value.is_power_of_two() && (128..=4096).contains(&value))
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
