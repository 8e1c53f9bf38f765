//! The protocols of listeners.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a listener is spoken to. The names are those of `list --format json`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP over IPv4 or IPv6.
    Tcp,
    /// Multipath TCP; the kernel keeps its accept queue on the first subflow.
    Mptcp,
    /// SCTP, one-to-one style.
    Sctp,
    /// SCTP, one-to-many style: associations are served by the listening socket itself, so that there
    /// is no accept queue.
    SctpSeqpacket,
    /// Unix stream socket.
    Unix,
    /// Unix seqpacket socket.
    UnixSeqpacket,
    /// Virtual machine socket: the kernel does not tell its queues.
    Vsock,
}

impl Protocol {
    /// All protocols, in the order of the listing.
    pub const ALL: [Self; 7] = [
        Self::Tcp,
        Self::Mptcp,
        Self::Sctp,
        Self::SctpSeqpacket,
        Self::Unix,
        Self::UnixSeqpacket,
        Self::Vsock,
    ];

    /// The name used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Mptcp => "mptcp",
            Self::Sctp => "sctp",
            Self::SctpSeqpacket => "sctp-seqpacket",
            Self::Unix => "unix",
            Self::UnixSeqpacket => "unix-seqpacket",
            Self::Vsock => "vsock",
        }
    }

    /// Whether this is TCP, the only one with a SYN queue.
    pub const fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Mptcp)
    }

    /// Whether this is SCTP, whose listeners may have several addresses.
    pub const fn is_sctp(self) -> bool {
        matches!(self, Self::Sctp | Self::SctpSeqpacket)
    }

    /// Whether the kernel can tell the accept queue: elsewhere there is none, or it is never told.
    pub const fn tells_queue(self) -> bool {
        !matches!(self, Self::SctpSeqpacket | Self::Vsock)
    }

    /// Whether this is a unix socket, which has no SYN queue and no drop counter.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::UnixSeqpacket)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
