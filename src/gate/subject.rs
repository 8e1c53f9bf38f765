//! What a finding is about, in the words that waivers and baselines use: the ones that stay when a
//! container is made again or a service restarts.

use crate::assess::Facts;
use crate::rules::Scope;
use crate::rules::finding::About;
use crate::snapshot::HOST_NETNS;
use crate::text::untrusted::clean;

/// The fields of a subject, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Name of the host. Waivers may have it where they serve several hosts; what is written about one
    /// finding has it never, for records of it may come without.
    Host,
    /// Network namespace: its workload, where it has one, else its name; `host` for the whole host.
    Netns,
    /// Protocol of a listener.
    Protocol,
    /// Address of a listener.
    Address,
    /// Service that listens, where it is known.
    Service,
    /// Dotted key, for a finding about one sysctl of the machine.
    Sysctl,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Host,
        Self::Netns,
        Self::Protocol,
        Self::Address,
        Self::Service,
        Self::Sysctl,
    ];

    /// The name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Netns => "netns",
            Self::Protocol => "protocol",
            Self::Address => "address",
            Self::Service => "service",
            Self::Sysctl => "sysctl",
        }
    }

    /// Whether findings of rules of this scope have the field.
    pub const fn is_of(self, scope: Scope) -> bool {
        match self {
            Self::Host | Self::Netns => true,
            Self::Protocol | Self::Address | Self::Service => matches!(scope, Scope::Listener),
            Self::Sysctl => matches!(scope, Scope::Setting),
        }
    }
}

/// One subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject<'a> {
    host: Option<&'a str>,
    /// Its namespace: the name that stays when it is made again.
    pub netns: &'a str,
    /// Its namespace: the name of this one.
    pub instance: &'a str,
    protocol: Option<&'static str>,
    address: Option<&'a str>,
    service: Option<&'a str>,
    sysctl: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// The subject of a finding, or one of several that it is about.
    pub fn new(about: &'a About, facts: &'a Facts<'a>) -> Self {
        let listener = about.listener.as_ref();
        let instance = about.netns.as_deref().unwrap_or(HOST_NETNS);
        let netns = about.netns_in(facts).filter(|_| about.netns.is_some());
        Self {
            host: facts.snapshot.host.name.as_deref(),
            netns: netns.map_or(instance, |netns| netns.namespace.stable_name()),
            instance,
            protocol: listener.map(|listener| listener.protocol.name()),
            address: listener.map(|listener| listener.address.as_str()),
            service: listener.and_then(|listener| listener.service.as_deref()),
            sysctl: about.setting.as_ref().map(|setting| setting.key.as_str()),
        }
    }

    /// The value of a field, where the subject has it.
    pub fn get(&self, field: Field) -> Option<&'a str> {
        match field {
            Field::Host => self.host,
            Field::Netns => Some(self.netns),
            Field::Protocol => self.protocol,
            Field::Address => self.address,
            Field::Service => self.service,
            Field::Sysctl => self.sysctl,
        }
    }

    /// The fields that it has, in order, all but the host.
    pub fn fields(&self) -> impl Iterator<Item = (Field, &'a str)> {
        let all = Field::ALL.into_iter();
        let all = all.filter(|field| *field != Field::Host);
        all.filter_map(|field| Some((field, self.get(field)?)))
    }

    /// The values one after another, harmless: `host tcp 0.0.0.0:80 nginx`.
    pub fn words(&self) -> String {
        let values: Vec<_> = self.fields().map(|(_, value)| clean(value)).collect();
        values.join(" ")
    }
}
