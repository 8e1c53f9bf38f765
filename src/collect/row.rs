//! What one row of a kernel table becomes before it is complete: first a few numbers, while the
//! kernel waits to send more rows (`Raw`), then the listener, and the facts that later steps need
//! but the record does not keep (`Row`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::inet::Devices;
use crate::snapshot::{Listener, Protocol, address};

/// A table of the kernel's: one dump, or one file below /proc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`, where IPv4 connections of dual-stack sockets are listed too.
    Inet6,
    /// SCTP over IPv4 and IPv6.
    Sctp,
    /// `AF_VSOCK`.
    Vsock,
}

impl Family {
    /// Those that are always read, in this order. The others are where the kernel may have sockets
    /// of them (`protocols`).
    pub(super) const ALWAYS: [Self; 3] = [Self::Unix, Self::Inet, Self::Inet6];

    /// The name of the table below /proc/thread-self/net. The kernel has none for vsock.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Sctp => "sctp/eps",
            family => family.name(),
        }
    }

    /// The name of the family in gaps.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Inet => "tcp",
            Self::Inet6 => "tcp6",
            Self::Sctp => "sctp",
            Self::Vsock => "vsock",
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

/// A row of a dump as it came. A dump is not atomic, so nothing is spelled or looked up before it
/// has ended: the shorter it takes, the less changes meanwhile.
#[derive(Debug)]
pub(super) struct Raw {
    /// The kernel's 64-bit name of the socket, never used twice.
    pub(super) cookie: u64,
    /// Protocol.
    pub(super) protocol: Protocol,
    /// Where it listens.
    pub(super) place: Place,
    /// Connections that wait for accept(2), and how many may.
    pub(super) queue: Option<(u32, u32)>,
    /// `sk_drops`.
    pub(super) drops: Option<u32>,
    /// Inode, 0 for none.
    pub(super) inode: u32,
    /// User.
    pub(super) uid: Option<u32>,
    /// That of [`Row`].
    pub(super) v6_only: bool,
    /// That of [`Row`].
    pub(super) cgroup_id: Option<u64>,
}

/// Where a listener of a dump is.
#[derive(Debug)]
pub(super) enum Place {
    /// An internet address.
    Internet(Local),
    /// The bytes of `sun_path`; none of a listener that was never bound.
    Unix(Box<[u8]>),
    /// The addresses of an SCTP endpoint.
    Sctp(Endpoint),
    /// Context and port of a virtual machine socket.
    Vsock(u32, u32),
}

/// Where an SCTP socket listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// All its addresses, in the kernel's order; one at least.
    pub(super) ips: Vec<IpAddr>,
    /// Port.
    pub(super) port: u16,
    /// Index of the interface it is bound to, 0 for none.
    pub(super) device: u32,
}

impl Raw {
    /// Spells what is text in the record.
    pub(super) fn spell(self, devices: &mut Devices) -> Row {
        let (address, local) = match self.place {
            Place::Unix(name) => (address::unix(&name), None),
            Place::Vsock(context, port) => (address::vsock(context, port), None),
            Place::Sctp(endpoint) => {
                let device = devices.name(endpoint.device);
                let address = address::several(&endpoint.ips, device, endpoint.port);
                (address, None)
            }
            Place::Internet(local) => {
                let device = devices.name(local.device.unwrap_or_default());
                let address = address::internet(local.ip, device, local.port);
                (address, Some(local))
            }
        };
        let mut listener = Listener::new(self.protocol, address);
        listener.accept_queue.len = self.queue.map(|(len, _)| len);
        listener.accept_queue.max = self.queue.map(|(_, max)| max);
        listener.drops = self.drops;
        listener.inode = Some(u64::from(self.inode)).filter(|inode| *inode != 0);
        listener.uid = self.uid;
        Row {
            local,
            v6_only: self.v6_only,
            cgroup_id: self.cgroup_id,
            listener,
        }
    }
}

/// A listener on its way into the record.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it listens; `None` for what is not TCP.
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
