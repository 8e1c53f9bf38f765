//! The sysctls that decide the accept path: what every audit reads, whatever rules are loaded.

mod scope;

use super::version::Version;
pub use scope::{Scope, scope};

/// What a sysctl's value is, for typing the conditions of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One whole number.
    Int,
    /// Words or several numbers.
    Text,
}

/// One known sysctl.
#[derive(Debug)]
pub struct Sysctl {
    /// Dotted key.
    pub key: &'static str,
    /// Kind of its value.
    pub kind: Kind,
    /// What it decides, with its unit.
    pub meaning: &'static str,
}

/// The sysctls that every audit reads, by key (Documentation/networking/ip-sysctl.rst,
/// Documentation/admin-guide/sysctl/net.rst, and what kernel source says where they are silent).
pub const ACCEPT_PATH: [Sysctl; 12] = [
    int(
        "net.core.netdev_max_backlog",
        "packets queued per CPU before the stack; whole machine",
    ),
    int(
        "net.core.somaxconn",
        "largest backlog that listen(2) stores, in connections",
    ),
    int(
        "net.ipv4.tcp_abort_on_overflow",
        "1: answer with RST when the final ACK meets a full accept queue",
    ),
    int(
        "net.ipv4.tcp_fastopen",
        "bit mask of TCP Fast Open for clients and servers",
    ),
    int(
        "net.ipv4.tcp_fin_timeout",
        "seconds that an orphaned connection stays in FIN_WAIT_2",
    ),
    int(
        "net.ipv4.tcp_max_orphans",
        "connections without a process; whole machine",
    ),
    int(
        "net.ipv4.tcp_max_syn_backlog",
        "request sockets per listener; counts only while tcp_syncookies is 0",
    ),
    int("net.ipv4.tcp_max_tw_buckets", "sockets in TIME_WAIT"),
    int(
        "net.ipv4.tcp_migrate_req",
        "1: a closing SO_REUSEPORT listener hands its queue to another",
    ),
    int(
        "net.ipv4.tcp_synack_retries",
        "SYN-ACK retransmissions before a request is given up",
    ),
    int(
        "net.ipv4.tcp_syncookies",
        "0 off, 1 when the SYN queue is full, 2 for every SYN",
    ),
    int(
        "net.unix.max_dgram_qlen",
        "datagrams queued on a unix socket; not a listen(2) limit",
    ),
];

const fn int(key: &'static str, meaning: &'static str) -> Sysctl {
    Sysctl {
        key,
        kind: Kind::Int,
        meaning,
    }
}

/// A known sysctl by its dotted key.
pub fn find(key: &str) -> Option<&'static Sysctl> {
    ACCEPT_PATH.iter().find(|sysctl| sysctl.key == key)
}

/// The known sysctl that a key is probably a slip of: one or two letters off, or with slashes for
/// its dots. `None` for a known key, and for a key that is just another one.
pub fn slip(key: &str) -> Option<&'static str> {
    if find(key).is_some() {
        return None;
    }
    let dotted = key.replace('/', ".");
    let near = |known: &str| {
        known.len().abs_diff(dotted.len()) <= 2 && strsim::osa_distance(&dotted, known) <= 2
    };
    ACCEPT_PATH
        .iter()
        .map(|sysctl| sysctl.key)
        .find(|known| near(known))
}

/// The `net.core.somaxconn` that a new namespace starts with: SOMAXCONN, which was 128 until 5.4
/// (commit 19f92a030ca6).
pub fn somaxconn_default(kernel: Version) -> i64 {
    match kernel < Version::new(5, 4) {
        true => 128,
        false => 4096,
    }
}

/// The largest `net.core.somaxconn` that the kernel takes: 16 bits before 4.1 (commit
/// becb74f0acca).
pub fn somaxconn_largest(kernel: Option<Version>) -> i64 {
    match kernel {
        Some(kernel) if kernel < Version::new(4, 1) => i64::from(u16::MAX),
        _ => i64::from(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_unique() {
        assert!(ACCEPT_PATH.windows(2).all(|pair| pair[0].key < pair[1].key));
    }

    #[test]
    fn slips_are_told_from_other_keys() {
        assert_eq!(slip("net.core.somaxcon"), Some("net.core.somaxconn"));
        assert_eq!(slip("net/core/somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(slip("net.core.somaxconn"), None);
        assert_eq!(slip("net.ipv4.tcp_syn_retries"), None);
        assert_eq!(slip("vm.swappiness"), None);
    }

    #[test]
    fn the_cap_of_new_namespaces_grew_with_5_4() {
        assert_eq!(somaxconn_default(Version::new(5, 3)), 128);
        assert_eq!(somaxconn_default(Version::new(5, 4)), 4096);
    }

    #[test]
    fn the_largest_cap_grew_with_4_1() {
        assert_eq!(somaxconn_largest(Some(Version::new(4, 0))), 65535);
        assert_eq!(somaxconn_largest(Some(Version::new(4, 1))), 2_147_483_647);
        assert_eq!(somaxconn_largest(None), 2_147_483_647);
    }
}
