//! Sysctls that the kernel had once and that files still set. Writing one fails, and procps ends
//! with an error.

use super::entry::{ANY, OLDEST, Sysctl, int};
use crate::kernel::version::Version;

const TCP: &str = "net/ipv4/sysctl_net_ipv4.c";
const COMPAT: &str = "net/ipv4/netfilter/nf_conntrack_l3proto_ipv4_compat.c";
const SCHED: &str = "kernel/sched/fair.c";
const MAX: &str = "net.netfilter.nf_conntrack_max";

/// A knob of the scheduler, a file of debugfs since 5.13 (commit 8a99b6833c88).
const fn sched(key: &'static str, meaning: &'static str) -> Sysctl {
    int(key, SCHED, meaning).shown(OLDEST).gone(5, 13, None)
}

/// One of the first congestion controls, which became modules in 2.6.13.
const fn early(key: &'static str) -> Sysctl {
    int(
        key,
        "net/ipv4/tcp_input.c",
        "part of an early congestion control",
    )
    .gone(2, 6, None)
}

/// A name from before nf_conntrack, which ended with 4.9 (commit adf0516845bc).
const fn compat(key: &'static str, instead: &'static str) -> Sysctl {
    int(key, COMPAT, "an old name of connection tracking").gone(4, 9, Some(instead))
}

/// The entries.
pub(super) static ENTRIES: [Sysctl; 32] = [
    sched(
        "kernel.sched_latency_ns",
        "nanoseconds in which every task runs once",
    ),
    sched(
        "kernel.sched_migration_cost_ns",
        "nanoseconds that a task counts as cached",
    ),
    sched(
        "kernel.sched_min_granularity_ns",
        "nanoseconds that a task runs at least",
    ),
    sched(
        "kernel.sched_nr_migrate",
        "tasks that one round of balancing moves",
    ),
    sched(
        "kernel.sched_tunable_scaling",
        "how the scheduler's times grow with CPUs",
    ),
    sched(
        "kernel.sched_wakeup_granularity_ns",
        "nanoseconds before a woken task takes over",
    ),
    int(
        "net.ipv4.ip_conntrack_max",
        COMPAT,
        "an old name of connection tracking",
    )
    .gone(2, 6, Some(MAX)),
    compat(
        "net.ipv4.netfilter.ip_conntrack_buckets",
        "net.netfilter.nf_conntrack_buckets",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_count",
        "net.netfilter.nf_conntrack_count",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_generic_timeout",
        "net.netfilter.nf_conntrack_generic_timeout",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_icmp_timeout",
        "net.netfilter.nf_conntrack_icmp_timeout",
    ),
    compat("net.ipv4.netfilter.ip_conntrack_max", MAX),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_close",
        "net.netfilter.nf_conntrack_tcp_timeout_close",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_close_wait",
        "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_established",
        "net.netfilter.nf_conntrack_tcp_timeout_established",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_fin_wait",
        "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_last_ack",
        "net.netfilter.nf_conntrack_tcp_timeout_last_ack",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_syn_recv",
        "net.netfilter.nf_conntrack_tcp_timeout_syn_recv",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_syn_sent",
        "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
    ),
    compat(
        "net.ipv4.netfilter.ip_conntrack_tcp_timeout_time_wait",
        "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
    ),
    int(
        "net.ipv4.tcp_abc",
        TCP,
        "1: grow the window by bytes that were acknowledged",
    )
    .gone(3, 9, None),
    early("net.ipv4.tcp_bic"),
    early("net.ipv4.tcp_bic_fast_convergence"),
    early("net.ipv4.tcp_bic_low_window"),
    int(
        "net.ipv4.tcp_cookie_size",
        TCP,
        "bytes of a TCP cookie transaction's cookie",
    )
    .gone(3, 10, None),
    int(
        "net.ipv4.tcp_frto_response",
        TCP,
        "what follows a false timeout",
    )
    .gone(3, 10, None),
    int(
        "net.ipv4.tcp_thin_dupack",
        TCP,
        "1: one duplicate ACK is a loss where little is in flight",
    )
    .gone(4, 11, None),
    int(
        "net.ipv4.tcp_tw_recycle",
        TCP,
        "1: end TIME_WAIT early, which refuses clients that share an address",
    )
    .own(Version::new(4, 11))
    .gone(4, 12, None)
    .starts("0")
    .takes(ANY),
    early("net.ipv4.tcp_vegas_alpha"),
    early("net.ipv4.tcp_vegas_beta"),
    early("net.ipv4.tcp_vegas_cong_avoid"),
    early("net.ipv4.tcp_vegas_gamma"),
];
