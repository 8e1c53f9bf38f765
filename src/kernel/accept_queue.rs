//! The accept queue: what listen(2) stores and when it is full.
//!
//! net/socket.c `__sys_listen_socket` clamps before any protocol sees the number;
//! include/net/sock.h `sk_acceptq_is_full` decides with `>`.

use super::version::Version;

/// What the kernel stores for `listen(fd, backlog)`: the comparison is unsigned, so every negative
/// backlog is larger than any somaxconn.
pub fn clamp(backlog: i64, somaxconn: u32) -> u32 {
    if asks_for_all(backlog) {
        return somaxconn;
    }
    u32::try_from(backlog).unwrap_or(u32::MAX).min(somaxconn)
}

/// Whether a backlog means "as much as there is": negative (compared as unsigned), or the largest
/// number that the argument's type holds.
pub fn asks_for_all(backlog: i64) -> bool {
    backlog < 0 || backlog >= i64::from(i32::MAX)
}

/// Bits of `sk_max_ack_backlog`: 16 before 4.1 (commit becb74f0acca).
pub fn bits(kernel: Version) -> u32 {
    match kernel < Version::new(4, 1) {
        true => u16::BITS,
        false => u32::BITS,
    }
}

/// What a kernel keeps of a backlog that was clamped already: what is above its bits is cut off without
/// a word.
pub fn stored(clamped: u32, kernel: Version) -> u32 {
    clamped & (u32::MAX >> (u32::BITS - bits(kernel)))
}

/// Connections that fit: one more than the stored maximum, because the kernel refuses only when
/// the length is greater than it (commit 64a146513f8f kept this deliberately).
pub fn capacity(max: u32) -> u64 {
    u64::from(max) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_backlog_is_the_largest_request() {
        assert_eq!(clamp(-1, 100), 100);
        assert_eq!(clamp(i64::from(i32::MIN), 100), 100);
        assert_eq!(clamp(0, 100), 0);
        assert_eq!(clamp(101, 100), 100);
        assert_eq!(clamp(99, 100), 99);
    }

    #[test]
    fn sixteen_bits_were_kept_before_4_1() {
        assert_eq!(stored(65_536, Version::new(3, 0)), 0);
        assert_eq!(stored(65_535, Version::new(4, 0)), 65_535);
        assert_eq!(stored(65_536, Version::new(4, 1)), 65_536);
    }

    #[test]
    fn a_full_queue_holds_max_plus_one() {
        assert_eq!(capacity(0), 1);
        assert_eq!(capacity(3), 4);
        assert_eq!(capacity(u32::MAX), 1 << 32);
    }
}
