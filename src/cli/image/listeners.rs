//! The listeners that a container of an image would have: what configurations state, then the ports that
//! the image exposes, then usual ports. The same endpoint from two of them is one listener.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::processes::Processes;
use crate::image::Exposed;
use crate::services::Catalogue;
use crate::services::endpoint::Endpoint;
use crate::services::inspect::{Expected, expect, sockets};
use crate::snapshot::{Gap, Listener, Owner, Protocol, address};

/// Listeners of one image, at most: a range of ports is one each.
const MOST: usize = 4096;
/// Exposed ports that no configuration explains, at most: of more, a range, nothing is said of each.
const MOST_FREE: usize = 64;

/// The listeners, with their processes, and what is not said of them.
pub(super) fn all(
    processes: &Processes<'_>,
    exposed: &[Exposed],
    catalogue: &Catalogue,
) -> (Vec<Listener>, Vec<Gap>) {
    let mut found = Found {
        activates: processes.has_systemd(),
        ..Found::default()
    };
    let owners = processes.owners();
    let mut programs: Vec<Program> = owners
        .into_iter()
        .map(|owner| Program {
            expected: expect(&owner, processes, catalogue),
            presumed: owner.pid.is_some_and(|pid| processes.is_presumed(pid)),
            choice: owner.pid.map_or(0, |pid| processes.choice(pid)),
            owner,
        })
        .collect();
    choose(&mut programs);
    if processes.has_systemd() {
        let systemd = Owner {
            pid: Some(1),
            comm: Some("systemd".to_owned()),
            ..Owner::default()
        };
        for on in sockets(processes) {
            found.add(&on, Some(&systemd), false);
        }
    }
    let installed = processes.are_installed();
    let ports: BTreeSet<u16> = exposed.iter().map(|it| it.port).collect();
    for program in &programs {
        program.as_configured(&ports, installed, &mut found);
    }
    let free: BTreeSet<(Protocol, u16)> = exposed
        .iter()
        .map(|it| (it.protocol, it.port))
        .filter(|it| !found.ports.contains(it))
        .collect();
    for program in &programs {
        if program.expected.on.is_empty() && !installed {
            program.as_exposed(&free, programs.len() == 1, &mut found);
        }
    }
    // An image says of ports that they are meant for others; where all programs tell their addresses,
    // nothing listens on the rest.
    let all_told = programs
        .iter()
        .all(|program| !program.expected.on.is_empty());
    if !all_told || programs.is_empty() || processes.is_unclear() {
        found.unexplained(&free);
    }
    let mut gaps = found.gaps();
    if !installed && !processes.boots() {
        let silent = programs.iter().filter(|program| !program.expected.told);
        let silent = silent.filter_map(|program| program.owner.pid);
        let silent = silent.filter(|pid| !found.has_owner(*pid));
        gaps.extend(silent.map(|pid| unknown(&processes.shown(pid))));
    }
    (found.all.into_values().collect(), gaps)
}

/// A program of which nothing tells a port.
fn unknown(shown: &str) -> Gap {
    let why = "neither a configuration that is known nor an exposed port tells where it listens";
    Gap::new(shown, why, format!("what {shown} listens on and asks for"))
}

/// Takes the certainty from ways of one script that listen in different places: it goes only one.
fn choose(programs: &mut [Program]) {
    let mut ways: BTreeMap<usize, Vec<Expected>> = BTreeMap::new();
    for program in programs.iter().filter(|program| program.choice > 0) {
        let all = ways.entry(program.choice).or_default();
        if !all.contains(&program.expected) {
            all.push(program.expected.clone());
        }
    }
    for program in programs {
        program.presumed |= ways.get(&program.choice).is_some_and(|all| all.len() > 1);
    }
}

/// Of several programs at one address, those that ask for the same are one listener; of those that do not,
/// none is sure.
pub(super) fn settle_rivals(listeners: &mut Vec<Listener>) -> Vec<Gap> {
    let mut by_address: BTreeMap<(Protocol, String), Vec<Listener>> = BTreeMap::new();
    for listener in listeners.drain(..) {
        let key = (listener.protocol, listener.address.clone());
        let rivals = by_address.entry(key).or_default();
        match rivals.iter_mut().find(|rival| asks_alike(rival, &listener)) {
            Some(same) => same.presumed &= listener.presumed,
            None => rivals.push(listener),
        }
    }
    let mut gaps = Vec::new();
    for ((_, address), mut rivals) in by_address {
        if rivals.len() > 1 {
            let why = format!(
                "{} command lines that differ would listen there",
                rivals.len()
            );
            gaps.push(Gap::new(
                address,
                why,
                "which of them does, and what it asks for",
            ));
            rivals.iter_mut().for_each(|rival| rival.presumed = true);
        }
        listeners.append(&mut rivals);
    }
    gaps
}

fn asks_alike(one: &Listener, other: &Listener) -> bool {
    let executable = |it: &Listener| it.owners.first().and_then(|owner| owner.exe.clone());
    one.requested == other.requested
        && one.configuration == other.configuration
        && executable(one) == executable(other)
}

/// A program with what is known of where it listens.
struct Program {
    choice: usize,
    owner: Owner,
    expected: Expected,
    presumed: bool,
}

impl Program {
    /// Listens where its configuration says. Of a program that is merely installed only what the image
    /// exposes counts, if it exposes anything.
    fn as_configured(&self, exposed: &BTreeSet<u16>, installed: bool, found: &mut Found) {
        let is_exposed = |port: Option<u16>| port.is_some_and(|port| exposed.contains(&port));
        for on in &self.expected.on {
            if !installed || exposed.is_empty() || is_exposed(port(on)) {
                found.add(on, Some(&self.owner), self.presumed);
            }
        }
        let usual = self.expected.usual.filter(|port| is_exposed(Some(*port)));
        if let Some(port) = usual.filter(|_| installed && self.expected.on.is_empty()) {
            found.add(&Endpoint::Port(None, port), Some(&self.owner), true);
        }
    }

    /// Listens on the ports that the image exposes and nothing else explains: on its usual one, if that is
    /// among them, or on all, if it is the only program or one that may listen anywhere.
    fn as_exposed(&self, free: &BTreeSet<(Protocol, u16)>, alone: bool, found: &mut Found) {
        let Expected { usual, told, .. } = self.expected;
        let own = free.iter().find(|(_, port)| Some(*port) == usual);
        if let Some(port) = own {
            found.exposed(*port, Some(&self.owner), self.presumed);
        } else if let Some(port) = usual.filter(|_| told || free.is_empty() || !alone) {
            let presumed = self.presumed || !told;
            found.add(&Endpoint::Port(None, port), Some(&self.owner), presumed);
        } else if alone && free.len() <= MOST_FREE {
            for port in free {
                found.exposed(*port, Some(&self.owner), self.presumed);
            }
        }
    }
}

/// The port of an endpoint.
fn port(on: &Endpoint) -> Option<u16> {
    match on {
        Endpoint::Port(_, port) | Endpoint::Loopback(port) | Endpoint::Named(port) => Some(*port),
        Endpoint::Any | Endpoint::Path(_) => None,
    }
}

/// Listeners by protocol, address and process.
#[derive(Default)]
struct Found {
    all: BTreeMap<(Protocol, String, Option<u32>), Listener>,
    /// Whether systemd listens for others: at its addresses they do not listen again.
    activates: bool,
    /// The ports of these.
    ports: BTreeSet<(Protocol, u16)>,
    /// Whether there are more than are kept.
    left_out: bool,
    /// Exposed ports that nothing is said of.
    unsaid: usize,
}

impl Found {
    fn add(&mut self, on: &Endpoint, owner: Option<&Owner>, presumed: bool) {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let (protocol, text, sure) = match on {
            Endpoint::Any => return,
            Endpoint::Path(path) => (Protocol::Unix, path.clone(), true),
            Endpoint::Port(ip, port) => {
                let text = address::internet(ip.unwrap_or(any), None, *port);
                (Protocol::Tcp, text, true)
            }
            Endpoint::Loopback(port) => {
                let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
                (Protocol::Tcp, address::internet(own, None, *port), true)
            }
            // Only the program can resolve the name.
            Endpoint::Named(port) => (Protocol::Tcp, address::internet(any, None, *port), false),
        };
        self.keep(protocol, text, owner, presumed || !sure);
    }

    fn keep(&mut self, protocol: Protocol, text: String, owner: Option<&Owner>, presumed: bool) {
        let mut key = (protocol, text.clone(), Some(1));
        if !self.activates || !self.all.contains_key(&key) {
            key.2 = owner.and_then(|owner| owner.pid);
        }
        if self.all.len() >= MOST && !self.all.contains_key(&key) {
            self.left_out = true;
            return;
        }
        let port = address::port(protocol, &text);
        self.ports.extend(port.map(|port| (protocol, port)));
        let listener = self.all.entry(key).or_insert_with(|| {
            let mut listener = Listener::new(protocol, text);
            listener.owners.extend(owner.cloned());
            listener.presumed = presumed;
            listener
        });
        // What is sure of one source is not taken back by another.
        listener.presumed &= presumed;
    }

    fn exposed(&mut self, on: (Protocol, u16), owner: Option<&Owner>, presumed: bool) {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let text = address::internet(any, None, on.1);
        self.keep(on.0, text, owner, presumed);
    }

    fn has_owner(&self, pid: u32) -> bool {
        self.all.keys().any(|(_, _, owner)| *owner == Some(pid))
    }

    /// Exposed ports that no program explains.
    fn unexplained(&mut self, free: &BTreeSet<(Protocol, u16)>) {
        let unsaid: Vec<_> = free.difference(&self.ports).copied().collect();
        if unsaid.len() > MOST_FREE {
            self.unsaid = unsaid.len();
            return;
        }
        for port in unsaid {
            self.exposed(port, None, true);
        }
    }

    /// What is not said of listeners.
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if self.unsaid > 0 {
            gaps.push(Gap::new(
                format!("{} exposed ports", self.unsaid),
                "no program of the image explains them, and they are too many to look at each",
                "whether something listens there, and what it asks for",
            ));
        }
        if self.left_out {
            gaps.push(Gap::new(
                "listeners of the image",
                format!("there are more than {MOST}"),
                "what the others ask for",
            ));
        }
        gaps
    }
}
