//! How many sockets there are: a hint for whether the host moved while a table was read, and for
//! what a walk of all connections costs.
//!
//! Follows `sockstat_seq_show` (net/ipv4/proc.c, net/ipv6/proc.c). `inuse` counts this namespace,
//! `alloc` all of them. A file that cannot be read counts zero: nothing but speed depends on it.

use std::io::BufRead;
use std::path::Path;

use procfs::{FromBufRead, FromRead, ProcResult};

use super::row::Family;

/// Above this many TCP sockets the walk of all connections (about 30 ns each) is worth a thread of
/// its own (about 30 µs to start).
const MANY: u64 = 20_000;

/// Above this many sockets of any kind the unix table may be long too.
const CROWDED: u64 = 10_000;

/// Counts of sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sockets {
    /// Of any kind, in this namespace.
    used: u64,
    /// TCP over IPv4 in use, in this namespace.
    tcp: u64,
    /// TCP over IPv6 in use, in this namespace.
    tcp6: u64,
    /// TCP allocated, in all namespaces.
    alloc: u64,
}

impl Sockets {
    /// Whether the number of sockets that share this family's table is another one.
    pub(super) fn moved(&self, before: &Self, family: Family) -> bool {
        match family {
            // Not counted by themselves.
            Family::Unix | Family::Sctp | Family::Vsock => self.used != before.used,
            Family::Inet => self.tcp != before.tcp,
            Family::Inet6 => self.tcp6 != before.tcp6,
        }
    }

    /// Whether a walk over all unix sockets may take long: they are not counted by themselves.
    pub(super) fn crowded(&self) -> bool {
        self.used > CROWDED
    }

    /// Whether walking all connections takes long.
    pub(super) fn many(&self) -> bool {
        self.alloc.max(self.tcp.saturating_add(self.tcp6)) > MANY
    }
}

impl FromBufRead for Sockets {
    fn from_buf_read<R: BufRead>(reader: R) -> ProcResult<Self> {
        let mut out = Self::default();
        for line in reader.take(64 * 1024).lines() {
            let line = line?;
            let mut words = line.split_whitespace();
            let protocol = words.next().unwrap_or_default();
            while let (Some(name), Some(value)) = (words.next(), words.next()) {
                let value = value.parse().unwrap_or_default();
                match (protocol, name) {
                    ("sockets:", "used") => out.used = value,
                    ("TCP:", "inuse") => out.tcp = value,
                    ("TCP:", "alloc") => out.alloc = value,
                    ("TCP6:", "inuse") => out.tcp6 = value,
                    _ => {}
                }
            }
        }
        Ok(out)
    }
}

/// Reads both files of the calling thread's network namespace.
pub(super) fn read(proc: &Path) -> Sockets {
    let net = proc.join("thread-self/net");
    let mut out = Sockets::from_file(net.join("sockstat")).unwrap_or_default();
    out.tcp6 = Sockets::from_file(net.join("sockstat6"))
        .unwrap_or_default()
        .tcp6;
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_by_name() {
        let text =
            "sockets: used 10\nTCP: inuse 1 orphan 0 tw 7 alloc 30000 mem 398\nTCP6: inuse x\nodd";
        let sockets = Sockets::from_read(text.as_bytes()).unwrap();
        assert_eq!(
            sockets,
            Sockets {
                used: 10,
                tcp: 1,
                tcp6: 0,
                alloc: 30000
            }
        );
        assert!(sockets.many());
        assert!(sockets.moved(&Sockets::default(), Family::Inet));
        assert!(!sockets.moved(&Sockets::default(), Family::Inet6));
    }
}
