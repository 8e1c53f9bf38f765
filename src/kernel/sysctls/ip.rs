//! net.ipv4 without tcp_*, and net.ipv6 (net/ipv4/sysctl_net_ipv4.c, net/ipv4/devinet.c,
//! net/ipv6/addrconf.c; Documentation/networking/ip-sysctl.rst).

use super::entry::{
    ANY, BYTE, FLAG, I32, MEASURED, MEMORY, MILLISECONDS, OLDEST, SWITCH, Sysctl, Takes, U8, U31,
    V3_10, V5_13, int, text,
};
use crate::kernel::version::Version;

const SOURCE: &str = "net/ipv4/sysctl_net_ipv4.c";
const DEVICES: &str = "net/ipv4/devinet.c";
const DEVICES6: &str = "net/ipv6/addrconf.c";
const NEIGHBOURS: &str = "net/core/neighbour.c";
const V3_16: Version = Version::new(3, 16);
const V4_9: Version = Version::new(4, 9);
const V6_12: Version = Version::new(6, 12);
/// 8 bits of late, and 0 or 1 later still.
const LATE_FLAG: &[(Version, Takes)] = &[(OLDEST, I32), (V5_13, U8), (MEASURED, FLAG)];

/// One of the settings that each interface has, beside `all` and `default`.
const fn device(key: &'static str, meaning: &'static str) -> Sysctl {
    int(key, DEVICES, meaning).own(OLDEST).takes(ANY)
}

/// The same of IPv6.
const fn device6(key: &'static str, meaning: &'static str) -> Sysctl {
    int(key, DEVICES6, meaning).own(OLDEST).takes(ANY)
}

/// The entries.
pub(super) static ENTRIES: [Sysctl; 49] = [
    device(
        "net.ipv4.conf.*.accept_local",
        "1: take packets that come in from an address of ours",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.accept_redirects",
        "1: believe ICMP redirects",
    )
    .starts("1"),
    device(
        "net.ipv4.conf.*.accept_source_route",
        "1: take packets that bring their own route",
    ),
    device(
        "net.ipv4.conf.*.arp_announce",
        "0 to 2: which address an ARP request may show",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.arp_filter",
        "1: the interface that routes back answers ARP",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.arp_ignore",
        "0 to 8: which ARP requests are answered",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.forwarding",
        "1: forward what comes in here",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.log_martians",
        "1: log packets with impossible addresses",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.promote_secondaries",
        "1: another address follows a removed first one",
    )
    .starts("0"),
    device("net.ipv4.conf.*.proxy_arp", "1: answer ARP for other hosts").starts("0"),
    device(
        "net.ipv4.conf.*.route_localnet",
        "1: 127.0.0.0/8 may come from outside",
    )
    .since(3, 6)
    .starts("0"),
    device(
        "net.ipv4.conf.*.rp_filter",
        "0 off, 1 drops what would not be answered the same way, 2 what has no route back",
    )
    .starts("0"),
    device(
        "net.ipv4.conf.*.secure_redirects",
        "1: believe redirects of known gateways alone",
    )
    .starts("1"),
    device("net.ipv4.conf.*.send_redirects", "1: send ICMP redirects").starts("1"),
    int("net.ipv4.icmp_echo_ignore_all", SOURCE, "1: answer no ping")
        .own(OLDEST)
        .starts("0")
        .takes(LATE_FLAG),
    int(
        "net.ipv4.icmp_echo_ignore_broadcasts",
        SOURCE,
        "1: answer no ping to a broadcast",
    )
    .own(OLDEST)
    .starts("1")
    .takes(LATE_FLAG),
    int(
        "net.ipv4.icmp_ignore_bogus_error_responses",
        SOURCE,
        "1: log no invalid ICMP errors",
    )
    .own(OLDEST)
    .starts("1")
    .takes(LATE_FLAG),
    int(
        "net.ipv4.icmp_msgs_burst",
        SOURCE,
        "ICMP messages that may be sent at once",
    )
    .own(V6_12)
    .since(3, 18)
    .starts("50")
    .takes(&[(OLDEST, U31)]),
    int(
        "net.ipv4.icmp_msgs_per_sec",
        SOURCE,
        "ICMP messages a second",
    )
    .own(V6_12)
    .since(3, 18)
    .starts("1000")
    .takes(&[(OLDEST, U31)]),
    int(
        "net.ipv4.icmp_ratemask",
        SOURCE,
        "bit mask of ICMP types that icmp_ratelimit holds back",
    )
    .own(OLDEST)
    .starts("6168")
    .takes(ANY),
    int(
        "net.ipv4.icmp_ratelimit",
        "net/ipv4/icmp.c",
        "milliseconds between ICMP errors to one address",
    )
    .own(OLDEST)
    .starts("1000")
    .takes(MILLISECONDS),
    int(
        "net.ipv4.igmp_max_memberships",
        SOURCE,
        "multicast groups of a socket",
    )
    .own(V4_9)
    .starts("20")
    .takes(ANY),
    int(
        "net.ipv4.ip_autobind_reuse",
        SOURCE,
        "1: bind(2) to port 0 may share a port",
    )
    .own(Version::new(5, 7))
    .since(5, 7)
    .starts("0")
    .takes(SWITCH),
    int(
        "net.ipv4.ip_default_ttl",
        SOURCE,
        "hops that a packet may take",
    )
    .own(V4_9)
    .starts("64")
    .takes(&[(V3_10, Takes::Number(1, 255))]),
    int(
        "net.ipv4.ip_dynaddr",
        SOURCE,
        "1: change addresses of sockets while dialling up",
    )
    .own(V4_9)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.ip_early_demux",
        SOURCE,
        "1: find a packet's socket before its route",
    )
    .own(V4_9)
    .since(3, 6)
    .starts("1")
    .takes(BYTE),
    int(
        "net.ipv4.ip_forward",
        DEVICES,
        "1: forward packets; sets all conf.*.forwarding",
    )
    .own(OLDEST)
    .starts("0")
    .takes(ANY),
    text(
        "net.ipv4.ip_local_port_range",
        SOURCE,
        "ports of outgoing connections: lowest, highest",
    )
    .own(V3_16)
    .starts_by(&[
        (V3_10, Some("32768 61000")),
        (Version::new(4, 2), Some("32768 60999")),
    ])
    .takes(&[(OLDEST, Takes::PortRange)]),
    text(
        "net.ipv4.ip_local_reserved_ports",
        SOURCE,
        "ports that outgoing connections never take",
    )
    .own(V3_16)
    .starts("")
    .takes(&[(OLDEST, Takes::Ports)]),
    int(
        "net.ipv4.ip_no_pmtu_disc",
        SOURCE,
        "0: find the longest packet a path takes; 1 to 3: do not",
    )
    .own(Version::new(3, 14))
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.ip_nonlocal_bind",
        SOURCE,
        "1: bind(2) takes addresses of others",
    )
    .own(V4_9)
    .starts("0")
    .takes(BYTE),
    int(
        "net.ipv4.ip_unprivileged_port_start",
        SOURCE,
        "first port that ordinary users may bind",
    )
    .own(Version::new(4, 11))
    .since(4, 11)
    .starts("1024")
    .takes(&[(OLDEST, Takes::Number(0, u16::MAX as i64))]),
    int(
        "net.ipv4.neigh.default.gc_thresh1",
        NEIGHBOURS,
        "neighbours that are never collected",
    )
    .machine()
    .starts("128"),
    int(
        "net.ipv4.neigh.default.gc_thresh2",
        NEIGHBOURS,
        "neighbours above which collecting begins after 5 seconds",
    )
    .machine()
    .starts("512"),
    int(
        "net.ipv4.neigh.default.gc_thresh3",
        NEIGHBOURS,
        "neighbours at most; whole machine",
    )
    .machine()
    .starts("1024"),
    text(
        "net.ipv4.ping_group_range",
        SOURCE,
        "groups that may ping without privilege: lowest, highest",
    )
    .own(OLDEST)
    .starts("1 0")
    .takes(&[(OLDEST, Takes::Numbers(2, 0, u32::MAX as i64 - 1))]),
    text(
        "net.ipv4.udp_mem",
        "net/ipv4/udp.c",
        "pages of all UDP buffers: no pressure, pressure, limit; whole machine",
    )
    .machine()
    .takes(MEMORY),
    int(
        "net.ipv4.udp_rmem_min",
        SOURCE,
        "bytes of a UDP receive buffer under memory pressure",
    )
    .own(Version::new(4, 17))
    .starts_by(&[(MEASURED, Some("4096"))])
    .takes(&[(V3_10, Takes::Number(1, i32::MAX as i64))]),
    int(
        "net.ipv4.udp_wmem_min",
        SOURCE,
        "bytes of a UDP send buffer under memory pressure",
    )
    .own(Version::new(4, 17))
    .starts_by(&[(MEASURED, Some("4096"))])
    .takes(&[(V3_10, Takes::Number(1, i32::MAX as i64))]),
    int(
        "net.ipv6.bindv6only",
        "net/ipv6/sysctl_net_ipv6.c",
        "1: a socket of :: takes no IPv4",
    )
    .own(OLDEST)
    .starts("0")
    .takes(BYTE),
    device6(
        "net.ipv6.conf.*.accept_ra",
        "0 off, 1 unless it forwards, 2 always: router advertisements",
    )
    .starts("1"),
    device6(
        "net.ipv6.conf.*.accept_redirects",
        "1: believe ICMPv6 redirects",
    )
    .starts("1"),
    device6(
        "net.ipv6.conf.*.accept_source_route",
        "0 and more: take some routing headers",
    )
    .starts("0"),
    device6(
        "net.ipv6.conf.*.autoconf",
        "1: take addresses from router advertisements",
    )
    .starts("1"),
    device6(
        "net.ipv6.conf.*.dad_transmits",
        "probes for a duplicate address",
    )
    .starts("1"),
    device6(
        "net.ipv6.conf.*.disable_ipv6",
        "1: no IPv6 here; addresses are removed",
    )
    .starts("0"),
    device6(
        "net.ipv6.conf.*.forwarding",
        "1: forward what comes in here",
    )
    .starts("0"),
    device6(
        "net.ipv6.conf.*.use_tempaddr",
        "0 off, 1 keeps, 2 prefers temporary addresses",
    )
    .starts("0"),
    int(
        "net.ipv6.ip_nonlocal_bind",
        "net/ipv6/sysctl_net_ipv6.c",
        "1: bind(2) takes addresses of others",
    )
    .own(Version::new(4, 3))
    .since(4, 3)
    .starts("0")
    .takes(BYTE),
];
