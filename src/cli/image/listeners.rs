//! The listeners that a container of an image would have: what configurations state, then the ports that
//! the image exposes, then usual ports. The same endpoint from two of them is one listener.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::processes::Processes;
use crate::image::Exposed;
use crate::services::Catalogue;
use crate::services::endpoint::Endpoint;
use crate::services::inspect::{Expected, expect, sockets};
use crate::snapshot::{Listener, Owner, Protocol, address};

/// Listeners of one image, at most: a range of ports is one each.
const MOST: usize = 4096;

/// The listeners, with their processes.
pub(super) fn all(
    processes: &Processes<'_>,
    exposed: &[Exposed],
    catalogue: &Catalogue,
) -> Vec<Listener> {
    let mut found = Found::default();
    let owners = processes.owners();
    let programs: Vec<Program> = owners
        .into_iter()
        .map(|owner| Program {
            expected: expect(&owner, processes, catalogue),
            presumed: owner.pid.is_some_and(|pid| processes.is_presumed(pid)),
            owner,
        })
        .collect();
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
    for program in &programs {
        program.as_configured(exposed, installed, &mut found);
    }
    let free: Vec<Exposed> = exposed
        .iter()
        .filter(|it| !found.has(**it))
        .copied()
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
        for port in exposed {
            found.unexplained(*port);
        }
    }
    found.0.into_values().collect()
}

/// A program with what is known of where it listens.
struct Program {
    owner: Owner,
    expected: Expected,
    presumed: bool,
}

impl Program {
    /// Listens where its configuration says. Of a program that is merely installed only what the image
    /// exposes counts, if it exposes anything.
    fn as_configured(&self, exposed: &[Exposed], installed: bool, found: &mut Found) {
        let is_exposed = |port: Option<u16>| exposed.iter().any(|it| Some(it.port) == port);
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
    fn as_exposed(&self, free: &[Exposed], alone: bool, found: &mut Found) {
        let Expected { usual, told, .. } = self.expected;
        let is_usual = |it: &&Exposed| Some(it.port) == usual;
        if let Some(port) = free.iter().find(is_usual) {
            found.exposed(*port, &self.owner, self.presumed);
        } else if let Some(port) = usual.filter(|_| told || free.is_empty() || !alone) {
            let presumed = self.presumed || !told;
            found.add(&Endpoint::Port(None, port), Some(&self.owner), presumed);
        } else if alone {
            for port in free {
                found.exposed(*port, &self.owner, self.presumed);
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

/// Listeners by protocol and address.
#[derive(Default)]
struct Found(BTreeMap<(Protocol, String), Listener>);

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
        if self.0.len() >= MOST {
            return;
        }
        let key = (protocol, text.clone());
        let listener = self.0.entry(key).or_insert_with(|| {
            let mut listener = Listener::new(protocol, text);
            listener.owners.extend(owner.cloned());
            listener.presumed = presumed;
            listener
        });
        // What is sure of one source is not taken back by another.
        listener.presumed &= presumed;
    }

    /// Whether something listens on an exposed port.
    fn has(&self, exposed: Exposed) -> bool {
        let of_port = |listener: &Listener| {
            address::port(listener.protocol, &listener.address) == Some(exposed.port)
        };
        let same = |listener: &&Listener| listener.protocol == exposed.protocol;
        self.0.values().filter(same).any(of_port)
    }

    fn exposed(&mut self, port: Exposed, owner: &Owner, presumed: bool) {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let text = address::internet(any, None, port.port);
        self.keep(port.protocol, text, Some(owner), presumed);
    }

    /// An exposed port that no program explains.
    fn unexplained(&mut self, port: Exposed) {
        if !self.has(port) {
            let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            let text = address::internet(any, None, port.port);
            self.keep(port.protocol, text, None, true);
        }
    }
}
