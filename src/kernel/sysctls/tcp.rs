//! net.ipv4.tcp_*: TCP over IPv4 and IPv6 alike (net/ipv4/sysctl_net_ipv4.c;
//! Documentation/networking/ip-sysctl.rst). Those of the retransmission and of what happens to a
//! connection's end; [`super::tcp_more`] has the buffers and the options.

use super::entry::{
    ANY, BYTE, FLAG, I32, MEASURED, OLDEST, READ_ONLY, SECONDS, SWITCH, Sysctl, Takes, U31, V3_10,
    V4_15, V5_13, int, text,
};
use crate::kernel::version::Version;

const SOURCE: &str = "net/ipv4/sysctl_net_ipv4.c";
const V4_5: Version = Version::new(4, 5);
const V4_6: Version = Version::new(4, 6);
const V4_9: Version = Version::new(4, 9);
const V4_10: Version = Version::new(4, 10);
const V4_12: Version = Version::new(4, 12);
const V5_14: Version = Version::new(5, 14);
const V6_1: Version = Version::new(6, 1);

/// The entries.
pub(super) static ENTRIES: [Sysctl; 35] = [
    int(
        "net.ipv4.tcp_abort_on_overflow",
        SOURCE,
        "1: answer with RST when the final ACK meets a full accept queue",
    )
    .own(V4_15)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_challenge_ack_limit",
        SOURCE,
        "challenge ACKs a second, which answer forged segments",
    )
    .own(V4_15)
    .since(3, 6)
    .starts_by(&[(MEASURED, Some("2147483647"))])
    .takes(ANY),
    int(
        "net.ipv4.tcp_child_ehash_entries",
        SOURCE,
        "buckets for the connections of the next namespace made here; 0: it shares the machine's",
    )
    .own(V6_1)
    .since(6, 1)
    .starts("0")
    .takes(&[(V6_1, Takes::Number(0, 1 << 24))]),
    int(
        "net.ipv4.tcp_ehash_entries",
        SOURCE,
        "buckets for this namespace's connections; below 0: they are the machine's",
    )
    .own(V6_1)
    .since(6, 1)
    .takes(READ_ONLY),
    int(
        "net.ipv4.tcp_fastopen",
        SOURCE,
        "bit mask of TCP Fast Open for clients and servers",
    )
    .own(V4_15)
    .since(3, 6)
    .starts_by(&[(Version::new(3, 13), Some("1"))])
    .takes(ANY),
    int(
        "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
        SOURCE,
        "seconds that Fast Open pauses after a path swallowed it; 0: never",
    )
    .own(V4_15)
    .since(4, 12)
    .starts_by(&[(V4_12, Some("3600")), (V5_14, Some("0"))])
    .takes(&[(V4_12, U31)]),
    text(
        "net.ipv4.tcp_fastopen_key",
        SOURCE,
        "keys of Fast Open's cookies, in hexadecimal",
    )
    .own(V4_15)
    .since(3, 7),
    int(
        "net.ipv4.tcp_fin_timeout",
        SOURCE,
        "seconds that an orphaned connection stays in FIN_WAIT_2",
    )
    .own(V4_6)
    .starts("60")
    .takes(SECONDS),
    int(
        "net.ipv4.tcp_invalid_ratelimit",
        SOURCE,
        "milliseconds between duplicate ACKs that answer invalid segments",
    )
    .own(V4_15)
    .since(4, 0)
    .starts("500")
    .takes(super::entry::MILLISECONDS),
    int(
        "net.ipv4.tcp_keepalive_intvl",
        SOURCE,
        "seconds between keepalive probes",
    )
    .own(V4_5)
    .starts("75")
    .takes(SECONDS),
    int(
        "net.ipv4.tcp_keepalive_probes",
        SOURCE,
        "keepalive probes without an answer before a connection is given up",
    )
    .own(V4_5)
    .starts("9")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_keepalive_time",
        SOURCE,
        "seconds of silence before the first keepalive probe",
    )
    .own(V4_5)
    .starts("7200")
    .takes(SECONDS),
    int(
        "net.ipv4.tcp_l3mdev_accept",
        SOURCE,
        "1: a listener takes connections of all VRF devices",
    )
    .own(V4_5)
    .since(4, 5)
    .starts("0")
    .takes(SWITCH),
    int(
        "net.ipv4.tcp_max_orphans",
        SOURCE,
        "connections without a process; whole machine",
    )
    .machine()
    .takes(ANY),
    int(
        "net.ipv4.tcp_max_syn_backlog",
        SOURCE,
        "request sockets per listener; counts only while tcp_syncookies is 0",
    )
    .own(V4_12)
    .takes(ANY),
    int(
        "net.ipv4.tcp_max_tw_buckets",
        SOURCE,
        "sockets in TIME_WAIT",
    )
    .own(V4_12)
    .takes(ANY),
    int(
        "net.ipv4.tcp_migrate_req",
        SOURCE,
        "1: a closing SO_REUSEPORT listener hands its queue to another",
    )
    .own(V5_14)
    .since(5, 14)
    .starts("0")
    .takes(SWITCH),
    int(
        "net.ipv4.tcp_orphan_retries",
        SOURCE,
        "retransmissions for a connection that was closed here; 0 stands for 8",
    )
    .own(V4_9)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_reordering",
        SOURCE,
        "packets out of order that are not yet called lost",
    )
    .own(V4_9)
    .starts("3")
    .takes(&[(OLDEST, I32), (MEASURED, Takes::Number(1, 300))]),
    int(
        "net.ipv4.tcp_retries1",
        SOURCE,
        "retransmissions before the route is doubted",
    )
    .own(V4_9)
    .starts("3")
    .takes(&[
        (V3_10, Takes::Number(i32::MIN as i64, 255)),
        (V5_13, Takes::Number(0, 255)),
    ]),
    int(
        "net.ipv4.tcp_retries2",
        SOURCE,
        "retransmissions before a connection is given up",
    )
    .own(V4_9)
    .starts("15")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_rfc1337",
        SOURCE,
        "1: a RST does not end TIME_WAIT (RFC 1337)",
    )
    .own(V4_15)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_rto_max_ms",
        SOURCE,
        "milliseconds between retransmissions at most",
    )
    .own(Version::new(6, 15))
    .since(6, 15)
    .starts("120000")
    .takes(&[(Version::new(6, 15), Takes::Number(1000, 120_000))]),
    int(
        "net.ipv4.tcp_rto_min_us",
        SOURCE,
        "microseconds before the first retransmission at least",
    )
    .own(Version::new(6, 11))
    .since(6, 11)
    .starts("200000")
    .takes(&[(Version::new(6, 11), Takes::Number(1, i32::MAX as i64))]),
    int(
        "net.ipv4.tcp_slow_start_after_idle",
        SOURCE,
        "1: a connection that was idle starts slowly again",
    )
    .own(V4_15)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_stdurg",
        SOURCE,
        "1: urgent data as RFC 1122 has it, not as BSD does",
    )
    .own(V4_15)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_syn_linear_timeouts",
        SOURCE,
        "SYN retransmissions a second apart, before the pauses double",
    )
    .own(Version::new(6, 5))
    .since(6, 5)
    .starts("4")
    .takes(&[(Version::new(6, 5), Takes::Number(0, 127))]),
    int(
        "net.ipv4.tcp_syn_retries",
        SOURCE,
        "SYN retransmissions before connect(2) fails",
    )
    .own(V4_9)
    .starts_by(&[(OLDEST, Some("5")), (Version::new(3, 7), Some("6"))])
    .takes(&[(V3_10, Takes::Number(1, 127))]),
    int(
        "net.ipv4.tcp_synack_retries",
        SOURCE,
        "SYN-ACK retransmissions before a request is given up",
    )
    .own(V4_9)
    .starts("5")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_syncookies",
        SOURCE,
        "0 off, 1 when the SYN queue is full, 2 for every SYN",
    )
    .own(V4_6)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_tw_reuse",
        SOURCE,
        "1: connect(2) may reuse a port in TIME_WAIT; 2: on the loopback device alone",
    )
    .own(V4_10)
    .starts_by(&[(OLDEST, Some("0")), (Version::new(4, 19), Some("2"))])
    .takes(&[(OLDEST, I32), (Version::new(4, 19), Takes::Number(0, 2))]),
    int(
        "net.ipv4.tcp_tw_reuse_delay",
        SOURCE,
        "milliseconds in TIME_WAIT before tcp_tw_reuse may take the port",
    )
    .own(Version::new(6, 14))
    .since(6, 14)
    .starts("1000")
    .takes(&[(Version::new(6, 14), Takes::Number(1, 60_000))]),
    int(
        "net.ipv4.tcp_thin_linear_timeouts",
        SOURCE,
        "1: connections with little in flight retransmit without longer pauses",
    )
    .own(V4_15)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_fwmark_accept",
        SOURCE,
        "1: an accepted socket takes the mark of its SYN",
    )
    .own(V4_9)
    .since(3, 16)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_reflect_tos",
        SOURCE,
        "1: a SYN-ACK takes the traffic class of its SYN",
    )
    .own(Version::new(5, 10))
    .since(5, 10)
    .starts("0")
    .takes(&[(Version::new(5, 10), FLAG)]),
];
