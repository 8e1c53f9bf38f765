//! What one row of a kernel table becomes before it is complete: the listener, and the facts that
//! later steps need but the record does not keep.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::snapshot::Listener;

/// A table of the kernel's: one dump, or one file below /proc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`, where IPv4 connections of dual-stack sockets are listed too.
    Inet6,
}

impl Family {
    /// All of them, in the order they are read: see `netlink` for why unix comes first.
    pub(super) const ALL: [Self; 3] = [Self::Unix, Self::Inet, Self::Inet6];

    /// The name of the table below /proc/thread-self/net.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Inet => "tcp",
            Self::Inet6 => "tcp6",
        }
    }
}

/// The local end of an internet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Local {
    /// The table that lists it.
    pub(super) family: Family,
    /// Address.
    pub(super) ip: IpAddr,
    /// Port.
    pub(super) port: u16,
    /// Index of the interface it is bound to, 0 for none. `None`: the table does not say.
    pub(super) device: Option<u32>,
}

/// A listener on its way into the record.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The kernel's 64-bit name of the socket, never used twice. Tables below /proc lack it.
    pub(super) cookie: Option<u64>,
    /// Where it listens; `None` for unix.
    pub(super) local: Option<Local>,
    /// `IPV6_V6ONLY`; since Linux 4.2.
    pub(super) v6_only: bool,
    /// Id of the control group that the socket was made in; since Linux 5.8.
    pub(super) cgroup_id: Option<u64>,
    /// The record.
    pub(super) listener: Listener,
}

/// Connections in SYN_RECV, counted by their local end.
pub(super) type Requests = BTreeMap<Local, u32>;
