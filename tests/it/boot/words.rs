//! What generated files are made of.

/// The sysctls that are compared, as paths. Each network namespace has its own, and none of them
/// changes another.
pub(super) const KEYS: [&str; 16] = [
    "net/core/somaxconn",
    "net/ipv4/tcp_max_syn_backlog",
    "net/ipv4/tcp_fin_timeout",
    "net/ipv4/tcp_keepalive_time",
    "net/ipv4/tcp_keepalive_intvl",
    "net/ipv4/tcp_keepalive_probes",
    "net/ipv4/tcp_retries2",
    "net/ipv4/tcp_synack_retries",
    "net/ipv4/tcp_syncookies",
    "net/ipv4/tcp_sack",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/tcp_congestion_control",
    "net/ipv4/conf/all/log_martians",
    "net/ipv4/conf/lo/log_martians",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/lo/rp_filter",
];

/// Patterns, as paths. None takes in `conf/default`: what is written there is copied to interfaces.
pub(super) const GLOBS: [&str; 22] = [
    "net/ipv4/tcp_keepalive_*",
    "net/ipv4/tcp_*_probes",
    "net/ipv4/tcp_keepalive_????",
    "net/ipv4/tcp_keepalive_[!pt]*",
    "net/ipv4/tcp_keepalive_[^t]*",
    "net/ipv4/tcp_keepalive_**",
    "net/ipv4/tcp_{retries2,sack}",
    "net/ipv4/tcp_{ret*,sack}",
    "net/ipv4/tcp_syn*_retries",
    "net/ipv4/tcp_sac[a-k]",
    "net/ipv4/tcp_sac[k-",
    "net/ipv4/tcp_sac[]k]",
    "net/ipv4/tcp_sa\\ck*",
    "net/ipv4/conf/[al]*/log_martians",
    "net/ipv4/conf/l?/rp_filter",
    "net/ipv4/conf/[al]*/rp_filter",
    "net/ipv4/conf/a[k-m]l/*_[fm]*r*",
    "net/ipv4/conf/l[!a]/*_filter",
    "net/c?re/somaxconn",
    "net/*/somaxconn",
    "net/core/somaxconn*",
    "*/core/somaxconn",
];

/// Keys that are spelled in odd ways, or that no kernel has.
pub(super) const ODD_KEYS: [&str; 20] = [
    "net..core.somaxconn",
    "net//core/somaxconn",
    "/net/core/somaxconn",
    ".net.core.somaxconn",
    "net/core/./somaxconn",
    "net.core.somaxconn.",
    "net/core/somaxconn/",
    "net/core.somaxconn",
    "net.core/somaxconn",
    "net/core/somaxconn2",
    "net.ipv4.conf.eth0/1.rp_filter",
    "net.core. somaxconn",
    "\u{feff}net.core.somaxconn",
    "net.core.somaxc\u{f6}nn",
    "/proc/sys/net/core/somaxconn",
    "net.core",
    "sysctl.net.core.somaxconn",
    "NET.core.somaxconn",
    "net/core/../core/somaxconn",
    "../net/core/somaxconn",
];

/// Values: the first half are taken by most keys.
pub(super) const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "17",
    "42",
    "60",
    "100",
    "128",
    "255",
    "1024",
    "4096",
    "32767",
    "32768",
    "65535",
    "65536",
    "0x20",
    "010",
    "+7",
    "-1",
    "-5",
    "2147483648",
    "99999999999999999999",
    "yes",
    "1.5",
];

/// Other values.
pub(super) const TEXTS: [&str; 18] = [
    "",
    " ",
    "=1",
    "7 # seven",
    "8#",
    "9 ; nine",
    "11x",
    "12 13",
    "\"14\"",
    "1024 60999",
    "2000\t3000",
    "3000 2000",
    "32768 60999 # ports",
    "cubic",
    "reno",
    "reno # slow",
    "nonsense",
    "\u{b2}",
];

/// Lines that are no settings, or are only to some.
pub(super) const ODD_LINES: [&[u8]; 23] = [
    b"",
    b" ",
    b"-",
    b"=",
    b"=1",
    b"- = 1",
    b"-=1",
    b"x",
    b"what is this",
    b"net.core.somaxconn 9",
    b"net.core.somaxconn",
    b"net.core.somaxconn:9",
    b"\xff\xfe = 1",
    b"net.core.somaxconn = 5\xff",
    b"net.core.somaxconn = 5\0 6",
    b"\0net.core.somaxconn = 6",
    b"net.core.somaxconn\0 = 6",
    b"/ = 1",
    b". = 1",
    b"net.core.somaxconn = \0",
    b"net.core.somaxconn ==9",
    b"net.core.somaxconn=#9",
    b"net.core.somaxconn= #9",
];

/// Ends of lines that are several, or none.
pub(super) const ODD_ENDS: [&[u8]; 5] = [b"\n\r", b"\n\n", b"\r\r\n", b"\0\n", b"\n\0\n\0"];

/// Names of files: the first ones meet often. None is a pattern, which procps would take it for.
pub(super) const NAMES: [&str; 20] = [
    "10-a.conf",
    "10-A.conf",
    "20-b.conf",
    "5-c.conf",
    "50-default.conf",
    "60 with blanks.conf",
    "70-\u{e4}.conf",
    "99-sysctl.conf",
    "99-z.conf",
    "README.conf",
    ".hidden.conf",
    ".conf",
    "a.conf.conf",
    "nosuffix",
    "upper.CONF",
    "aside.conf~",
    "aside.conf.bak",
    "aside.conf.dpkg-old",
    "README",
    "-dash.conf",
];

/// Where a directory sysctl.d is.
pub(super) const DIRECTORIES: [&str; 5] = ["etc", "run", "usr/local/lib", "usr/lib", "lib"];
