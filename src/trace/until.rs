//! What a trace may wait for: a number of listeners, or one at an address.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
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

/// Listeners that a number can mean; more is meant for a port.
const MOST: usize = 1_000_000;

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "a number of listeners (2), a port (:80), an address (127.0.0.1:80, [::1]:80), or a unix \
                      socket's path (/run/x.sock) or abstract name (@x)";
        let none = || Err(format!("it is not {wanted}"));
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(count @ 1..=MOST) => Ok(Self::Count(count)),
                _ => none(),
            };
        }
        if let Some(port) = text.strip_prefix(':') {
            return port.parse().map(Self::Port).or_else(|_| none());
        }
        // As the kernel spells it: the device of an address is kept.
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        let (host, device) = host.split_once('%').unwrap_or((host, ""));
        let bare = host
            .strip_prefix('[')
            .map(|host| host.trim_end_matches(']'));
        let ip: Option<IpAddr> = match bare {
            Some(host) => host.parse().ok().map(IpAddr::V6),
            None => host.parse().ok().map(IpAddr::V4),
        };
        if let (Some(ip), Ok(port)) = (ip, port.parse()) {
            let device = Some(device.trim_end_matches(']')).filter(|device| !device.is_empty());
            return Ok(Self::Address(address::internet(ip, device, port)));
        }
        // A path may be relative, as the program binds it.
        match text.starts_with('@') || text.contains('/') || text.ends_with(".sock") {
            true => Ok(Self::Address(text.to_owned())),
            false => none(),
        }
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
    fn what_can_never_come_true_is_refused() {
        let read = |text: &str| text.parse::<Until>();
        for text in [
            "",
            "0",
            "99999999999999999999",
            "80000000",
            ":",
            ":99999",
            ":x",
            "foo",
            "localhost:80",
            "*:80",
            "::1:80",
            "127.0.0.1",
            "127.0.0.1:",
            "[::1]",
            "[127.0.0.1]:80",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let address = |text: &str| Ok(Until::Address(text.to_owned()));
        assert_eq!(read("[0:0::1]:7602"), address("[::1]:7602"));
        assert_eq!(read("127.0.0.53%lo:53"), address("127.0.0.53%lo:53"));
        assert_eq!(read("127.0.0.1:80"), address("127.0.0.1:80"));
        assert_eq!(read("run/x"), address("run/x"));
        assert_eq!(read("@x"), address("@x"));
        assert_eq!(read(":80"), Ok(Until::Port(80)));
        assert_eq!(read("2"), Ok(Until::Count(2)));
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
