//! The names of the machine, of its namespaces and of their listeners, in the order of the reference.

use std::borrow::Cow;

use super::words::{asked, int, text, truth};
use super::{Entry, Scope, Type, Value, entry};
use crate::kernel::accept_queue;
use crate::kernel::version::Version;
use crate::services;
use crate::snapshot::address;

use Scope::{Host, Listener, Netns};
use Type::{Bool, Int, Text};

/// The entries.
pub(super) static ENTRIES: [Entry; 49] = [
    entry("host.name", Host, Text, "node name", |s| {
        text(s.facts.snapshot.host.name.as_deref())
    }),
    entry(
        "host.kernel",
        Host,
        Text,
        "kernel release, such as 6.1.0-18-amd64",
        |s| text(s.facts.snapshot.host.kernel.as_deref()),
    ),
    entry(
        "host.is_image",
        Host,
        Bool,
        "whether a container image was looked at, of which nothing runs: its queues are what the kernel would give",
        |s| Some(Value::Bool(s.facts.snapshot.image.is_some())),
    ),
    entry(
        "host.backlog_bits",
        Host,
        Int,
        "bits that the kernel keeps of a backlog: 16 before 4.1, 32 since",
        |s| {
            let kernel = s.facts.kernel.unwrap_or(Version::NEWEST);
            int(Some(accept_queue::bits(kernel)))
        },
    ),
    entry(
        "host.os.id",
        Host,
        Text,
        "distribution, such as debian",
        |s| text(s.facts.snapshot.host.os.as_ref().map(|os| os.id.as_str())),
    ),
    entry(
        "host.os.version",
        Host,
        Text,
        "version of the distribution, such as 12",
        |s| text(s.facts.snapshot.host.os.as_ref()?.version.as_deref()),
    ),
    entry(
        "netns.name",
        Netns,
        Text,
        "name of the network namespace",
        |s| text(Some(&s.netns.namespace.name)),
    ),
    entry(
        "netns.id",
        Netns,
        Int,
        "inode of the network namespace",
        |s| int(s.netns.namespace.id),
    ),
    entry(
        "netns.listener_count",
        Netns,
        Int,
        "listeners in the namespace",
        |s| int(Some(s.netns.listeners.len())),
    ),
    entry(
        "netns.is_host",
        Netns,
        Bool,
        "whether it is the machine's own namespace",
        |s| Some(Value::Bool(s.netns.namespace.is_host())),
    ),
    entry(
        "netns.rootless",
        Netns,
        Bool,
        "whether it belongs to a user namespace of its own, as a rootless container's does",
        |s| s.netns.namespace.rootless.map(Value::Bool),
    ),
    entry(
        "netns.workload",
        Netns,
        Text,
        "what the namespace is an instance of, such as pod/shop/web",
        |s| text(Some(s.netns.namespace.stable_name())),
    ),
    entry(
        "netns.runtime",
        Netns,
        Text,
        "what runs its containers: docker, containerd, cri-o, podman, lxc, incus, systemd-nspawn",
        |s| text(Some(s.netns.namespace.containers.first()?.runtime.name())),
    ),
    entry(
        "netns.host_somaxconn",
        Netns,
        Int,
        "net.core.somaxconn of the host's own namespace",
        |s| int(s.netns.host_somaxconn),
    ),
    entry(
        "netns.somaxconn_default",
        Netns,
        Int,
        "net.core.somaxconn that this kernel starts a namespace with",
        |s| int(s.netns.somaxconn_default),
    ),
    entry(
        "netns.at_somaxconn",
        Netns,
        Int,
        "listeners that somaxconn holds, or may hold",
        |s| int(Some(s.netns.at_somaxconn)),
    ),
    entry(
        "netns.taking_all",
        Netns,
        Int,
        "those of them that take as much as there is",
        |s| int(Some(s.netns.taking_all)),
    ),
    entry(
        "netns.longest.label",
        Netns,
        Text,
        "the TCP listener with the largest accept queue",
        |s| text(Some(&s.netns.listeners[s.netns.longest?].label)),
    ),
    entry(
        "netns.longest.max",
        Netns,
        Int,
        "its accept queue's maximum, in connections",
        |s| {
            int(s.netns.listeners[s.netns.longest?]
                .listener
                .accept_queue
                .max)
        },
    ),
    entry(
        "netns.syn_queue_admits",
        Netns,
        Int,
        "request sockets that tcp_max_syn_backlog admits per listener while syncookies=0",
        |s| int(s.netns.syn_queue_admits()),
    ),
    entry(
        "netns.syn_backlog_was_set",
        Netns,
        Bool,
        "tcp_max_syn_backlog is a number that the kernel would not have chosen",
        |s| s.netns.syn_backlog_was_set().map(Value::Bool),
    ),
    entry(
        "netns.droppers",
        Netns,
        Text,
        "the TCP listeners with most drops, in words",
        |s| {
            let name = |n: &usize| {
                let listener = &s.netns.listeners[*n];
                format!(
                    "{} ({})",
                    listener.label,
                    listener.listener.drops.unwrap_or_default()
                )
            };
            let names: Vec<String> = s.netns.droppers.iter().map(name).collect();
            let joined = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            Some(Value::Text(Cow::Owned(joined)))
        },
    ),
    entry(
        "netns.drops",
        Netns,
        Int,
        "drops of all its listeners together: a hint",
        |s| int(Some(s.netns.drops)),
    ),
    entry(
        "listener.paused",
        Listener,
        Bool,
        "it listens with 0 on purpose, such as memcached at its connection limit",
        |s| Some(Value::Bool(s.listener?.paused)),
    ),
    entry(
        "listener.label",
        Listener,
        Text,
        "name for people: nginx on 0.0.0.0:443",
        |s| text(Some(&s.listener?.label)),
    ),
    entry(
        "listener.protocol",
        Listener,
        Text,
        "tcp, mptcp, sctp, sctp-seqpacket, unix, unix-seqpacket, vsock",
        |s| text(Some(s.listener?.listener.protocol.name())),
    ),
    entry(
        "listener.address",
        Listener,
        Text,
        "address as in the listing",
        |s| text(Some(&s.listener?.listener.address)),
    ),
    entry(
        "listener.port",
        Listener,
        Int,
        "port of an internet address",
        |s| {
            let listener = s.listener?.listener;
            int(address::port(listener.protocol, &listener.address))
        },
    ),
    entry(
        "listener.is_loopback",
        Listener,
        Bool,
        "whether its own machine alone reaches it: 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104; absent: no internet address",
        |s| {
            let listener = s.listener?.listener;
            truth(address::is_loopback(listener.protocol, &listener.address)?)
        },
    ),
    entry(
        "listener.accept_queue.len",
        Listener,
        Int,
        "connections waiting for accept(2); sctp-seqpacket and vsock never tell",
        |s| int(s.listener?.listener.accept_queue.len),
    ),
    entry(
        "listener.accept_queue.max",
        Listener,
        Int,
        "the clamped backlog, in connections; sctp-seqpacket and vsock never tell",
        |s| int(s.listener?.listener.accept_queue.max),
    ),
    entry(
        "listener.accept_queue.capacity",
        Listener,
        Int,
        "connections that fit: max + 1",
        |s| int(s.listener?.capacity()),
    ),
    entry(
        "listener.syn_queue.len",
        Listener,
        Int,
        "request sockets (SYN_RECV)",
        |s| int(s.listener?.listener.syn_queue.len),
    ),
    entry(
        "listener.drops",
        Listener,
        Int,
        "drops of the socket: a hint, not connections",
        |s| int(s.listener?.listener.drops),
    ),
    entry(
        "listener.inode",
        Listener,
        Int,
        "inode of the socket",
        |s| int(s.listener?.listener.inode),
    ),
    entry(
        "listener.uid",
        Listener,
        Int,
        "user that made the socket",
        |s| int(s.listener?.listener.uid),
    ),
    entry(
        "listener.owner_count",
        Listener,
        Int,
        "processes that hold the socket",
        |s| int(Some(s.listener?.listener.owners.len())),
    ),
    entry(
        "listener.process",
        Listener,
        Text,
        "comm of the process that serves it",
        |s| {
            text(
                services::speaker(&s.listener?.listener.owners)?
                    .comm
                    .as_deref(),
            )
        },
    ),
    entry("listener.cgroup", Listener, Text, "control group", |s| {
        text(s.listener?.listener.cgroup.as_deref())
    }),
    entry("listener.unit", Listener, Text, "systemd unit", |s| {
        text(s.listener?.listener.unit.as_deref())
    }),
    entry("listener.container", Listener, Text, "container", |s| {
        text(s.listener?.listener.container.as_deref())
    }),
    entry(
        "listener.service",
        Listener,
        Text,
        "the service, such as nginx",
        |s| text(s.listener?.service_name()),
    ),
    entry(
        "listener.requested.backlog",
        Listener,
        Int,
        "what the program passed to listen(2)",
        |s| int(s.listener?.requested.as_ref()?.backlog),
    ),
    entry(
        "listener.requested.source",
        Listener,
        Text,
        "trace, config or default",
        |s| text(Some(s.listener?.requested.as_ref()?.source.name())),
    ),
    entry(
        "listener.requested.where",
        Listener,
        Text,
        "where the request is written",
        |s| text(s.listener?.requested.as_ref()?.place.as_deref()),
    ),
    Entry {
        derived_from: &["listener.requested.backlog"],
        ..entry(
            "listener.requested.words",
            Listener,
            Text,
            "the number with its source, such as `511 by default`",
            |s| {
                Some(Value::Text(Cow::Owned(asked(
                    s.listener?.requested.as_ref()?,
                )?)))
            },
        )
    },
    entry(
        "listener.requested.applied",
        Listener,
        Bool,
        "whether the program can have passed it: false for what was configured after it started",
        |s| Some(Value::Bool(s.listener?.requested.as_ref()?.applied)),
    ),
    Entry {
        derived_from: &[
            "listener.requested.backlog",
            "listener.accept_queue.max",
            "sysctl.net.core.somaxconn",
        ],
        needs: &["listener.accept_queue.max", "sysctl.net.core.somaxconn"],
        ..entry(
            "listener.limited_by",
            Listener,
            Text,
            "somaxconn, stale, application, follows-somaxconn or unknown",
            |s| text(Some(s.listener?.limited_by?.name())),
        )
    },
    entry(
        "listener.confidence",
        Listener,
        Text,
        "certain, likely or possible",
        |s| {
            s.listener?.limited_by?;
            text(Some(s.listener?.confidence.name()))
        },
    ),
];
