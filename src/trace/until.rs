//! What a trace may wait for: a number of listeners, or one at an address.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::call::{Call, Outcome};
use crate::snapshot::address;

/// One thing that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// So many sockets listen.
    Count(usize),
    /// A socket listens at this address, spelled as in a report.
    Address(String),
    /// A socket listens at this port of any address.
    Port(u16),
}

impl FromStr for Until {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        let port = text.strip_prefix(':').and_then(|port| port.parse().ok());
        Ok(port.map_or_else(|| Self::Address(text.to_owned()), Self::Port))
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(1) => f.write_str("1 listener"),
            Self::Count(count) => write!(f, "{count} listeners"),
            Self::Address(address) => write!(f, "a listener at {address}"),
            Self::Port(port) => write!(f, "a listener at port {port}"),
        }
    }
}

/// What has come true.
#[derive(Debug)]
pub(super) struct Waiting {
    missing: Vec<Until>,
    sockets: BTreeSet<u64>,
    awaited: bool,
}

impl Waiting {
    pub(super) fn new(until: &[Until]) -> Self {
        Self {
            missing: until.to_vec(),
            sockets: BTreeSet::new(),
            awaited: !until.is_empty(),
        }
    }

    /// Takes note of a call.
    pub(super) fn saw(&mut self, call: &Call) {
        let Some(socket) = call.socket.as_ref().filter(|_| self.awaited) else {
            return;
        };
        if call.outcome != Outcome::Listens {
            return;
        }
        if socket.inode != 0 {
            self.sockets.insert(socket.cookie.unwrap_or(socket.inode));
        }
        let name = socket.address.as_deref().unwrap_or_default();
        let port = || address::port(socket.protocol?, name);
        let count = self.sockets.len();
        self.missing.retain(|until| match until {
            Until::Count(wanted) => count < *wanted,
            Until::Address(address) => address != name,
            Until::Port(wanted) => port() != Some(*wanted),
        });
    }

    /// Whether everything came true that was waited for.
    pub(super) fn is_over(&self) -> bool {
        self.awaited && self.missing.is_empty()
    }

    /// What did not.
    pub(super) fn missing(&self) -> Vec<String> {
        self.missing.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;

    fn waiting(words: &[&str]) -> Waiting {
        let until: Vec<Until> = words.iter().flat_map(|word| word.parse()).collect();
        Waiting::new(&until)
    }

    #[test]
    fn a_socket_that_listens_twice_counts_once() {
        let mut it = waiting(&["2"]);
        it.saw(&call(1, "0.0.0.0:80", 5));
        it.saw(&call(1, "0.0.0.0:80", 6));
        assert!(!it.is_over());
        let mut failed = call(2, "0.0.0.0:81", 5);
        failed.outcome = Outcome::Failed;
        it.saw(&failed);
        assert_eq!(it.missing(), ["2 listeners"]);
        it.saw(&call(3, "0.0.0.0:81", 5));
        assert!(it.is_over());
    }

    #[test]
    fn all_that_is_named_has_to_come() {
        let mut it = waiting(&[":80", "/run/x.sock"]);
        it.saw(&call(1, "[::]:80", 5));
        assert_eq!(it.missing(), ["a listener at /run/x.sock"]);
        it.saw(&call(2, "/run/x.sock", 5));
        assert!(it.is_over());
        assert!(!waiting(&[]).is_over());
    }
}
