//! The names of what a listener or a namespace is beside others: those of its address, the kernel's
//! limits, the catalogue's default, the host.

use super::words::{int, text, truth};
use super::{Entry, Scope, Type, entry};

use Scope::{Listener, Netns};
use Type::{Bool, Int, Text};

/// `net.ipv4.tcp_fastopen`, as evidence names it.
const FASTOPEN: &[&str] = &["sysctl.net.ipv4.tcp_fastopen"];

/// The entries.
pub(super) static ENTRIES: [Entry; 16] = [
    entry(
        "netns.host_overflows",
        Netns,
        Int,
        "TcpExt.ListenOverflows of the host's own namespace",
        |s| int(s.netns.host_overflows),
    ),
    entry(
        "netns.beyond_default",
        Netns,
        Int,
        "listeners that have, or ask for, more than the kernel's default somaxconn",
        |s| int(s.netns.beyond_default()),
    ),
    entry(
        "netns.shortest.label",
        Netns,
        Text,
        "the TCP listener with the smallest accept queue of those that take connections",
        |s| text(Some(&s.netns.shortest()?.label)),
    ),
    entry(
        "netns.shortest.max",
        Netns,
        Int,
        "its accept queue's maximum, in connections",
        |s| int(s.netns.shortest()?.listener.accept_queue.max),
    ),
    Entry {
        derived_from: FASTOPEN,
        needs: FASTOPEN,
        ..entry(
            "netns.fastopen.without_cookie",
            Netns,
            Bool,
            "whether TCP Fast Open takes the data of a SYN without a cookie (0x200 in tcp_fastopen)",
            |s| truth(s.netns.fastopen_without_cookie()?),
        )
    },
    Entry {
        derived_from: FASTOPEN,
        needs: FASTOPEN,
        ..entry(
            "netns.fastopen.everywhere",
            Netns,
            Bool,
            "whether every listener offers TCP Fast Open, asked for or not (0x400 in tcp_fastopen)",
            |s| truth(s.netns.fastopen_everywhere()?),
        )
    },
    entry(
        "listener.pause_lasts",
        Listener,
        Bool,
        "whether it listens with 0 on purpose and always does, as Docker on ports that are forwarded",
        |s| truth(s.listener?.is_pause_lasting()),
    ),
    entry(
        "listener.held",
        Listener,
        Bool,
        "whether a process holds it; absent: none was seen, and not every one was looked at",
        |s| truth(s.listener?.is_held()?),
    ),
    entry(
        "listener.group.size",
        Listener,
        Int,
        "sockets of its address (SO_REUSEPORT), itself included; 1 for a unix path",
        |s| int(Some(s.listener?.group.size)),
    ),
    entry(
        "listener.group.quiet",
        Listener,
        Int,
        "those of them with at most a quarter of their places taken",
        |s| int(s.listener?.group.quiet),
    ),
    entry(
        "listener.group.longest",
        Listener,
        Int,
        "the largest accept queue's maximum among them, in connections",
        |s| int(s.listener?.group.longest),
    ),
    entry(
        "listener.group.is_fullest",
        Listener,
        Bool,
        "whether it has the largest share of its places taken among them; one of equals",
        |s| truth(s.listener?.group.is_fullest),
    ),
    entry(
        "listener.group.is_shortest",
        Listener,
        Bool,
        "whether it has the smallest maximum among them; one of equals",
        |s| truth(s.listener?.group.is_shortest),
    ),
    Entry {
        derived_from: &[
            "listener.accept_queue.max",
            "sysctl.net.ipv4.tcp_syncookies",
        ],
        needs: &[
            "listener.accept_queue.max",
            "sysctl.net.ipv4.tcp_syncookies",
        ],
        ..entry(
            "listener.syn_queue.capacity",
            Listener,
            Int,
            "request sockets that fit, by backlog, kernel and SYN cookies; TCP from Linux 4.4 on",
            |s| int(s.listener?.syn_capacity(s.facts, s.netns)),
        )
    },
    Entry {
        derived_from: &["listener.syn_queue.len", "listener.syn_queue.capacity"],
        needs: &[
            "listener.syn_queue.len",
            "listener.accept_queue.max",
            "sysctl.net.ipv4.tcp_syncookies",
            "sysctl.net.ipv4.tcp_max_syn_backlog",
        ],
        ..entry(
            "listener.syn_queue.is_full",
            Listener,
            Bool,
            "whether it has that many; an empty one is not full",
            |s| {
                let len = i64::from(s.listener?.listener.syn_queue.len?);
                truth(len > 0 && len >= s.listener?.syn_capacity(s.facts, s.netns)?)
            },
        )
    },
    entry(
        "listener.service_default",
        Listener,
        Int,
        "backlog that the service asks for where none is configured, if it is one number",
        |s| int(s.listener?.service_default()),
    ),
];
