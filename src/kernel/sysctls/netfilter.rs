//! net.netfilter: connection tracking (net/netfilter/nf_conntrack_standalone.c;
//! Documentation/networking/nf_conntrack-sysctl.rst). The module has to be loaded.

use super::entry::{
    FLAG, I32, MEASURED, OLDEST, READ_ONLY, SECONDS, Sysctl, Takes, U8, V3_10, int,
};
use crate::kernel::version::Version;

const SOURCE: &str = "net/netfilter/nf_conntrack_standalone.c";
/// 0 or 1, as measured.
const LATE_FLAG: &[(Version, Takes)] = &[(OLDEST, I32), (MEASURED, FLAG)];

/// How long a tracked connection is remembered.
const fn timeout(key: &'static str, start: &'static str, meaning: &'static str) -> Sysctl {
    int(key, SOURCE, meaning)
        .own(V3_10)
        .starts(start)
        .takes(SECONDS)
}

/// The entries.
pub(super) static ENTRIES: [Sysctl; 24] = [
    int(
        "net.netfilter.nf_conntrack_acct",
        SOURCE,
        "1: count packets and bytes of connections",
    )
    .own(V3_10)
    .starts("0")
    .takes(LATE_FLAG),
    int(
        "net.netfilter.nf_conntrack_buckets",
        SOURCE,
        "buckets of the table of connections; whole machine",
    )
    .shown(OLDEST),
    int(
        "net.netfilter.nf_conntrack_checksum",
        SOURCE,
        "1: do not track packets with bad checksums",
    )
    .own(V3_10)
    .starts("1")
    .takes(LATE_FLAG),
    int(
        "net.netfilter.nf_conntrack_count",
        SOURCE,
        "tracked connections",
    )
    .own(V3_10)
    .takes(READ_ONLY),
    int(
        "net.netfilter.nf_conntrack_expect_max",
        SOURCE,
        "connections that helpers wait for",
    )
    .shown(OLDEST),
    timeout(
        "net.netfilter.nf_conntrack_generic_timeout",
        "600",
        "seconds, other protocols",
    ),
    timeout(
        "net.netfilter.nf_conntrack_icmp_timeout",
        "30",
        "seconds, ICMP",
    ),
    int(
        "net.netfilter.nf_conntrack_max",
        SOURCE,
        "tracked connections of a namespace at most; one value for the whole machine",
    )
    .shown(OLDEST),
    int(
        "net.netfilter.nf_conntrack_tcp_be_liberal",
        "net/netfilter/nf_conntrack_proto_tcp.c",
        "1: only RSTs outside the window are invalid",
    )
    .own(V3_10)
    .starts("0")
    .takes(LATE_FLAG),
    int(
        "net.netfilter.nf_conntrack_tcp_loose",
        "net/netfilter/nf_conntrack_proto_tcp.c",
        "1: track connections whose beginning was not seen",
    )
    .own(V3_10)
    .starts("1")
    .takes(LATE_FLAG),
    int(
        "net.netfilter.nf_conntrack_tcp_max_retrans",
        "net/netfilter/nf_conntrack_proto_tcp.c",
        "retransmissions without an answer before timeout_max_retrans holds",
    )
    .own(V3_10)
    .starts("3")
    .takes(&[(OLDEST, I32), (MEASURED, U8)]),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_close",
        "10",
        "seconds in CLOSE",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        "60",
        "seconds in CLOSE_WAIT",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_established",
        "432000",
        "seconds without a packet in ESTABLISHED",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
        "120",
        "seconds in FIN_WAIT",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_last_ack",
        "30",
        "seconds in LAST_ACK",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_max_retrans",
        "300",
        "seconds after too many retransmissions",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_syn_recv",
        "60",
        "seconds in SYN_RECV",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
        "120",
        "seconds in SYN_SENT",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        "120",
        "seconds in TIME_WAIT",
    ),
    timeout(
        "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged",
        "300",
        "seconds with data that was not acknowledged",
    ),
    timeout(
        "net.netfilter.nf_conntrack_udp_timeout",
        "30",
        "seconds, UDP without an answer",
    ),
    int(
        "net.netfilter.nf_conntrack_udp_timeout_stream",
        SOURCE,
        "seconds, UDP with answers",
    )
    .own(V3_10)
    .starts_by(&[(MEASURED, Some("120"))])
    .takes(SECONDS),
    int(
        "net.nf_conntrack_max",
        SOURCE,
        "another name of net.netfilter.nf_conntrack_max",
    )
    .machine(),
];
