//! The counters of /proc/net/netstat that speak about the accept path, per network namespace.
//!
//! They count packets and not connections: a client that retransmits its SYN counts again, so no
//! counter here is a number of lost connections.

/// One counter and what bumps it.
#[derive(Debug)]
pub struct Counter {
    /// Name in records and rules.
    pub name: &'static str,
    /// What one more of it means.
    pub meaning: &'static str,
}

const fn counter(name: &'static str, meaning: &'static str) -> Counter {
    Counter { name, meaning }
}

/// All counters that are recorded, by name.
pub const COUNTERS: [Counter; 14] = [
    counter(
        "TcpExt.EmbryonicRsts",
        "requests that a reset ended, either side's",
    ),
    counter(
        "TcpExt.ListenDrops",
        "SYNs and ACKs that a listener dropped for any reason",
    ),
    counter(
        "TcpExt.ListenOverflows",
        "SYNs and ACKs that met a full accept queue",
    ),
    counter(
        "TcpExt.SyncookiesFailed",
        "ACKs with a SYN cookie that was not valid",
    ),
    counter(
        "TcpExt.SyncookiesRecv",
        "ACKs with a valid SYN cookie, even if then dropped",
    ),
    counter("TcpExt.SyncookiesSent", "SYN cookies sent"),
    counter(
        "TcpExt.TCPBacklogDrop",
        "packets for a busy socket; not about listen(2)",
    ),
    counter(
        "TcpExt.TCPDeferAcceptDrop",
        "bare ACKs under TCP_DEFER_ACCEPT; normal, not a loss",
    ),
    counter(
        "TcpExt.TCPFastOpenListenOverflow",
        "fast open requests beyond their queue",
    ),
    counter(
        "TcpExt.TCPMigrateReqFailure",
        "requests that no other listener could take over",
    ),
    counter(
        "TcpExt.TCPMigrateReqSuccess",
        "requests that another listener took over",
    ),
    counter(
        "TcpExt.TCPReqQFullDoCookies",
        "SYNs answered with a cookie; every SYN if syncookies=2",
    ),
    counter(
        "TcpExt.TCPReqQFullDrop",
        "SYNs dropped because the SYN queue was full",
    ),
    counter(
        "TcpExt.TCPTimeWaitOverflow",
        "sockets that found tcp_max_tw_buckets full",
    ),
];

/// The recorded counter that a name is probably a slip of; `None` for a recorded one, and for one
/// that is just another.
pub fn slip(name: &str) -> Option<&'static str> {
    let known = COUNTERS.iter().map(|counter| counter.name);
    if known.clone().any(|known| known == name) {
        return None;
    }
    known
        .into_iter()
        .find(|known| strsim::osa_distance(name, known) <= 2)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_sorted_and_unique() {
        assert!(
            super::COUNTERS
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
    }
}
