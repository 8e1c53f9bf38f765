//! Placeholders: which word became which, numbered in the order in which words appear.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a word is, where it appears first: the word of its placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Container,
    Host,
    Image,
    Interface,
    Name,
    Namespace,
    Netns,
    Os,
    Pod,
    PodUid,
    Program,
    Project,
    Service,
    Socket,
    Tag,
    Unit,
    User,
    Value,
    Version,
    Word,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Host => "host",
            Self::Image => "image",
            Self::Interface => "interface",
            Self::Name => "name",
            Self::Namespace => "namespace",
            Self::Netns => "netns",
            Self::Os => "os",
            Self::Pod => "pod",
            Self::PodUid => "pod-uid",
            Self::Program => "program",
            Self::Project => "project",
            Self::Service => "service",
            Self::Socket => "socket",
            Self::Tag => "tag",
            Self::Unit => "unit",
            Self::User => "user",
            Self::Value => "value",
            Self::Version => "version",
            Self::Word => "word",
        }
    }
}

/// The words and addresses that were replaced.
#[derive(Debug, Default)]
pub(super) struct Names {
    words: BTreeMap<String, String>,
    numbers: BTreeMap<Kind, u32>,
    addresses: BTreeMap<IpAddr, IpAddr>,
    v4: u32,
    v6: u32,
}

/// The networks of RFC 5737, which are for documentation, and that of RFC 2544 for what does not fit.
const NETWORKS: [([u8; 4], u32); 4] = [
    ([192, 0, 2, 0], 254),
    ([198, 51, 100, 0], 254),
    ([203, 0, 113, 0], 254),
    ([198, 18, 0, 0], 131_070),
];

impl Names {
    /// The placeholder of a word, a new one where it was not seen before.
    pub(super) fn of(&mut self, kind: Kind, word: &str) -> String {
        if let Some(known) = self.words.get(word) {
            return known.clone();
        }
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        let placeholder = format!("{}-{number}", kind.word());
        self.words.insert(word.to_owned(), placeholder.clone());
        placeholder
    }

    /// The address for documentation that stands for this one. What tells nothing stays: loopback, and
    /// "any".
    pub(super) fn address(&mut self, ip: IpAddr) -> IpAddr {
        let inner = ip.to_canonical();
        if inner.is_loopback() || inner.is_unspecified() {
            return ip;
        }
        if let Some(known) = self.addresses.get(&ip) {
            return *known;
        }
        let fresh = match ip {
            IpAddr::V4(_) => {
                self.v4 += 1;
                IpAddr::V4(documentation(self.v4))
            }
            IpAddr::V6(_) => {
                self.v6 += 1;
                let number = u128::from(self.v6);
                IpAddr::V6(Ipv6Addr::from(0x2001_0db8_u128 << 96 | number))
            }
        };
        self.addresses.insert(ip, fresh);
        fresh
    }
}

fn documentation(mut number: u32) -> Ipv4Addr {
    for (network, most) in NETWORKS {
        if number <= most {
            return Ipv4Addr::from(u32::from(Ipv4Addr::from(network)) + number);
        }
        number -= most;
    }
    // More addresses than a host has.
    Ipv4Addr::from(u32::from(Ipv4Addr::new(240, 0, 0, 0)).saturating_add(number))
}
