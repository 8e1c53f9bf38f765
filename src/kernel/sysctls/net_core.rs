//! net.core and net.unix: what all protocols share (net/core/sysctl_net_core.c;
//! Documentation/admin-guide/sysctl/net.rst).

use super::entry::{
    ANY, FLAG, I32, MEASURED, OLDEST, SECONDS, SWITCH, Sysctl, Takes, U31, V3_10, WORD, int, text,
};
use crate::kernel::version::Version;

const SOURCE: &str = "net/core/sysctl_net_core.c";
/// Where other namespaces came to show the buffers' limits.
const V6_12: Version = Version::new(6, 12);

/// The entries.
pub(super) static ENTRIES: [Sysctl; 29] = [
    int(
        "net.core.bpf_jit_enable",
        SOURCE,
        "1: compile BPF programs; 2: and log the code",
    )
    .machine()
    .takes(&[(OLDEST, Takes::Number(0, 2))]),
    int(
        "net.core.bpf_jit_harden",
        SOURCE,
        "1: harden compiled BPF programs of ordinary users; 2: of all",
    )
    .machine()
    .since(4, 7)
    .takes(&[(OLDEST, Takes::Number(0, 2))]),
    int(
        "net.core.bpf_jit_kallsyms",
        SOURCE,
        "1: name compiled BPF programs in /proc/kallsyms",
    )
    .machine()
    .since(4, 11)
    .takes(SWITCH),
    int(
        "net.core.bpf_jit_limit",
        SOURCE,
        "bytes of compiled BPF programs of ordinary users",
    )
    .machine()
    .since(4, 20),
    int(
        "net.core.busy_poll",
        SOURCE,
        "microseconds that poll(2) and select(2) watch a device",
    )
    .machine()
    .since(3, 11)
    .starts("0")
    .takes(&[(MEASURED, U31)]),
    int(
        "net.core.busy_read",
        SOURCE,
        "microseconds that a read of a socket watches a device",
    )
    .machine()
    .since(3, 11)
    .starts("0")
    .takes(&[(MEASURED, U31)]),
    text(
        "net.core.default_qdisc",
        SOURCE,
        "queueing discipline of new devices",
    )
    .machine()
    .since(3, 12)
    .takes(WORD),
    int(
        "net.core.dev_weight",
        SOURCE,
        "packets that one poll of a device takes, per CPU",
    )
    .machine()
    .starts("64")
    .takes(&[(OLDEST, I32)]),
    int(
        "net.core.dev_weight_rx_bias",
        SOURCE,
        "factor of dev_weight for receiving",
    )
    .machine()
    .since(4, 11)
    .starts("1")
    .takes(&[(OLDEST, I32)]),
    int(
        "net.core.dev_weight_tx_bias",
        SOURCE,
        "factor of dev_weight for sending",
    )
    .machine()
    .since(4, 11)
    .starts("1")
    .takes(&[(OLDEST, I32)]),
    int(
        "net.core.flow_limit_table_len",
        SOURCE,
        "buckets of the flow limit's table, per CPU",
    )
    .machine()
    .since(3, 11),
    int(
        "net.core.message_burst",
        SOURCE,
        "network warnings that may be logged at once",
    )
    .machine()
    .starts("10")
    .takes(ANY),
    int(
        "net.core.message_cost",
        SOURCE,
        "seconds between network warnings in the log",
    )
    .machine()
    .starts("5")
    .takes(SECONDS),
    int(
        "net.core.netdev_budget",
        SOURCE,
        "packets that one round of receiving takes, per CPU",
    )
    .machine()
    .starts("300")
    .takes(ANY),
    int(
        "net.core.netdev_budget_usecs",
        SOURCE,
        "microseconds that one round of receiving takes, per CPU",
    )
    .machine()
    .since(4, 12)
    .takes(&[(MEASURED, U31)]),
    int(
        "net.core.netdev_max_backlog",
        SOURCE,
        "packets queued per CPU before the stack; whole machine",
    )
    .machine()
    .starts("1000")
    .takes(ANY),
    int(
        "net.core.netdev_tstamp_prequeue",
        SOURCE,
        "0: take receive timestamps after RPS",
    )
    .machine()
    .starts("1")
    .takes(ANY),
    int(
        "net.core.optmem_max",
        SOURCE,
        "bytes of ancillary data that a socket may hold",
    )
    .own(V6_12)
    .starts_by(&[(Version::new(6, 8), Some("131072"))])
    .takes(&[(V6_12, U31)]),
    int(
        "net.core.rmem_default",
        SOURCE,
        "bytes of a new socket's receive buffer, but TCP's",
    )
    .shown(V6_12)
    .takes(ANY),
    int(
        "net.core.rmem_max",
        SOURCE,
        "bytes of receive buffer that SO_RCVBUF may ask for",
    )
    .shown(V6_12)
    .starts_by(&[(MEASURED, Some("4194304"))])
    .takes(ANY),
    int(
        "net.core.rps_sock_flow_entries",
        SOURCE,
        "flows that RFS follows; 0: none",
    )
    .machine()
    .starts("0"),
    int(
        "net.core.skb_defer_max",
        SOURCE,
        "buffers that a CPU keeps to be freed by another",
    )
    .machine()
    .since(5, 19),
    int(
        "net.core.somaxconn",
        SOURCE,
        "largest backlog that listen(2) stores, in connections",
    )
    .own(OLDEST)
    .starts_by(&[(OLDEST, Some("128")), (Version::new(5, 4), Some("4096"))])
    .takes(&[
        (V3_10, Takes::Number(0, u16::MAX as i64)),
        (Version::new(4, 1), U31),
    ]),
    int(
        "net.core.txrehash",
        SOURCE,
        "1: a socket that retransmits chooses its path anew",
    )
    .own(Version::new(5, 18))
    .since(5, 18)
    .starts_by(&[(MEASURED, Some("1"))])
    .takes(&[(MEASURED, FLAG)]),
    int("net.core.warnings", SOURCE, "legacy: 1 logs odd packets")
        .machine()
        .takes(ANY),
    int(
        "net.core.wmem_default",
        SOURCE,
        "bytes of a new socket's send buffer, but TCP's",
    )
    .shown(V6_12)
    .takes(ANY),
    int(
        "net.core.wmem_max",
        SOURCE,
        "bytes of send buffer that SO_SNDBUF may ask for",
    )
    .shown(V6_12)
    .starts_by(&[(MEASURED, Some("4194304"))])
    .takes(ANY),
    int(
        "net.core.xfrm_acq_expires",
        "net/xfrm/xfrm_sysctl.c",
        "seconds that a missing IPsec state is waited for",
    )
    .own(OLDEST)
    .starts("30")
    .takes(ANY),
    int(
        "net.unix.max_dgram_qlen",
        "net/unix/sysctl_net_unix.c",
        "datagrams queued on a unix socket, which systemd raises to 512; not a listen(2) limit",
    )
    .own(OLDEST)
    .starts("10")
    .takes(ANY),
];
