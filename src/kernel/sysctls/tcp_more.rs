//! net.ipv4.tcp_*, the rest: buffers, options of the protocol and congestion control.

use super::entry::{
    ANY, BYTE, I32, MEASURED, MEMORY, OLDEST, READ_ONLY, SWITCH, Sysctl, Takes, U8, V3_10, V4_15,
    V5_13, WORD, int, text,
};
use crate::kernel::version::Version;

const SOURCE: &str = "net/ipv4/sysctl_net_ipv4.c";
const V4_9: Version = Version::new(4, 9);
const V4_14: Version = Version::new(4, 14);
const V5_15: Version = Version::new(5, 15);
/// Three sizes of a buffer, in bytes.
const BUFFER: &[(Version, Takes)] = &[(OLDEST, Takes::Numbers(3, 1, i32::MAX as i64))];

/// The entries.
pub(super) static ENTRIES: [Sysctl; 26] = [
    int(
        "net.ipv4.tcp_adv_win_scale",
        SOURCE,
        "legacy: share of a receive buffer that is not window, as a power of 2",
    )
    .own(V4_15)
    .starts("1")
    .takes(&[(V3_10, Takes::Number(-31, 31))]),
    text(
        "net.ipv4.tcp_allowed_congestion_control",
        SOURCE,
        "congestion controls that ordinary users may choose",
    )
    .shown(V5_15),
    int(
        "net.ipv4.tcp_autocorking",
        SOURCE,
        "1: gather small writes while a packet waits to be sent",
    )
    .own(V4_15)
    .since(3, 14)
    .starts("1")
    .takes(SWITCH),
    text(
        "net.ipv4.tcp_available_congestion_control",
        SOURCE,
        "congestion controls that are loaded",
    )
    .shown(V5_15)
    .takes(READ_ONLY),
    text(
        "net.ipv4.tcp_available_ulp",
        SOURCE,
        "protocols above TCP that are loaded, such as tls",
    )
    .machine()
    .since(4, 13)
    .takes(READ_ONLY),
    int(
        "net.ipv4.tcp_base_mss",
        SOURCE,
        "bytes of a segment that tcp_mtu_probing starts with",
    )
    .own(V4_9)
    .starts_by(&[(MEASURED, Some("1024"))])
    .takes(ANY),
    text(
        "net.ipv4.tcp_congestion_control",
        SOURCE,
        "congestion control of new connections",
    )
    .own(V4_15)
    .takes(WORD),
    int(
        "net.ipv4.tcp_dsack",
        SOURCE,
        "1: report segments that came twice (RFC 2883)",
    )
    .own(V4_15)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_early_retrans",
        SOURCE,
        "0: no tail loss probes; 3: send them",
    )
    .own(V4_15)
    .since(3, 5)
    .starts_by(&[(V3_10, Some("3"))])
    .takes(&[(V3_10, Takes::Number(0, 4))]),
    int(
        "net.ipv4.tcp_ecn",
        SOURCE,
        "0 off, 1 asks for congestion marks, 2 when the peer asks",
    )
    .own(V3_10)
    .starts("2")
    .takes(&[(OLDEST, I32), (V5_13, U8), (MEASURED, Takes::Number(0, 2))]),
    int(
        "net.ipv4.tcp_ecn_fallback",
        SOURCE,
        "1: try without congestion marks where a SYN with them is lost",
    )
    .own(V4_9)
    .since(4, 2)
    .starts("1")
    .takes(&[(OLDEST, I32), (V5_13, U8), (MEASURED, Takes::Number(0, 1))]),
    int(
        "net.ipv4.tcp_fack",
        SOURCE,
        "legacy: changes nothing since 4.15",
    )
    .own(V4_15)
    .starts_by(&[(V4_15, Some("0"))])
    .takes(BYTE),
    int(
        "net.ipv4.tcp_frto",
        SOURCE,
        "2: tell a false timeout from a loss (RFC 5682); 0: do not",
    )
    .own(V4_15)
    .starts_by(&[(V3_10, Some("2"))])
    .takes(BYTE),
    int(
        "net.ipv4.tcp_limit_output_bytes",
        SOURCE,
        "bytes of a connection that wait in the device's queue",
    )
    .own(V4_15)
    .since(3, 6)
    .starts_by(&[(MEASURED, Some("4194304"))])
    .takes(ANY),
    int(
        "net.ipv4.tcp_low_latency",
        SOURCE,
        "legacy: changes nothing since 4.14",
    )
    .machine()
    .starts("0")
    .takes(ANY),
    text(
        "net.ipv4.tcp_mem",
        SOURCE,
        "pages of all TCP buffers: no pressure, pressure, limit; whole machine",
    )
    .machine()
    .takes(MEMORY),
    int(
        "net.ipv4.tcp_moderate_rcvbuf",
        SOURCE,
        "1: grow receive buffers as connections need",
    )
    .own(V4_15)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_mtu_probing",
        SOURCE,
        "0 off, 1 where a path swallows long packets, 2 always",
    )
    .own(Version::new(4, 0))
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_no_metrics_save",
        SOURCE,
        "1: forget what a connection learned of its path",
    )
    .own(V4_15)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_notsent_lowat",
        SOURCE,
        "bytes not yet sent above which a socket is not writable",
    )
    .own(V4_9)
    .since(3, 12)
    .starts_by(&[(Version::new(4, 19), Some("4294967295"))])
    .takes(&[(Version::new(4, 19), Takes::Number(0, u32::MAX as i64))]),
    text(
        "net.ipv4.tcp_rmem",
        SOURCE,
        "bytes of a receive buffer: least, first, most",
    )
    .own(V4_15)
    .takes(BUFFER),
    int(
        "net.ipv4.tcp_sack",
        SOURCE,
        "1: acknowledge selectively (RFC 2018)",
    )
    .own(V4_14)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_timestamps",
        SOURCE,
        "1: timestamps with a random offset (RFC 1323); 2: without",
    )
    .own(V4_14)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_tso_win_divisor",
        SOURCE,
        "the part of the window that one burst may take: one over this",
    )
    .own(V4_15)
    .starts("3")
    .takes(BYTE),
    int(
        "net.ipv4.tcp_window_scaling",
        SOURCE,
        "1: windows above 64 KiB (RFC 1323)",
    )
    .own(V4_14)
    .starts("1")
    .takes(BYTE),
    text(
        "net.ipv4.tcp_wmem",
        SOURCE,
        "bytes of a send buffer: least, first, most",
    )
    .own(V4_15)
    .takes(BUFFER),
];
