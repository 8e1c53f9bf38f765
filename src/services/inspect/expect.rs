//! Where a program would listen that does not run: what its configuration says, else its usual port.

use std::collections::BTreeSet;

use super::configuration::Configured;
use super::group::Recogniser;
use crate::services::Service;
use crate::services::catalogue::Catalogue;
use crate::services::endpoint::Endpoint;
use crate::services::host::{Files, Host};
use crate::services::readers::{self, Context, systemd};
use crate::services::service::Kind;
use crate::snapshot::{Listener, Owner, Protocol};

/// What is known of where a program would listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The name of its service, where it is one that is known.
    pub service: Option<String>,
    /// Where its configuration says that it listens; each once.
    pub on: Vec<Endpoint>,
    /// The port that it listens on if nothing says otherwise.
    pub usual: Option<u16>,
    /// Whether the usual port stands because the configuration was read and names none.
    pub told: bool,
}

/// Says where the program of a process would listen; `owner` has its pid on `host`.
pub fn expect(owner: &Owner, host: &dyn Host, catalogue: &Catalogue) -> Expected {
    let mut listener = Listener::new(Protocol::Tcp, "0.0.0.0:0");
    listener.owners.push(owner.clone());
    let group = Recogniser::new(host, catalogue).group(&listener);
    let service = match &group {
        Some(group) => group.service,
        None => catalogue
            .identify(&listener)
            .and_then(|found| found.service),
    };
    let Some(service) = service else {
        return Expected {
            service: None,
            on: Vec::new(),
            usual: None,
            told: false,
        };
    };
    let configured = group.map(|group| Configured::read(&group, host));
    let complete = configured.as_ref().is_some_and(|it| it.complete);
    let mut on = configured.map(|it| it.listens).unwrap_or_default();
    let usual = service
        .usual_port()
        .filter(|_| service.kind == Kind::Program);
    let own = of_data(service, owner, host);
    if on.is_empty() {
        on.extend(own);
    }
    let mut seen = BTreeSet::new();
    on.retain(|endpoint| seen.insert(format!("{endpoint:?}")));
    Expected {
        service: Some(service.name.clone()),
        told: complete && service.listens.is_some(),
        on,
        usual,
    }
}

/// The endpoints that the service's own file says how to find.
fn of_data(service: &Service, owner: &Owner, host: &dyn Host) -> Vec<Endpoint> {
    let (Some(way), Some(pid)) = (service.listens.as_ref(), owner.pid) else {
        return Vec::new();
    };
    let arguments = host.arguments(pid).unwrap_or_default();
    let mut context = Context {
        host,
        pid,
        arguments: &arguments,
        title: None,
        executable: owner.exe.as_deref(),
        version: None,
        files: Files::new(host, pid),
        listens: Vec::new(),
        matched: Vec::new(),
    };
    readers::listens(way, service.usual_port(), &mut context)
}

/// Where systemd would listen for others, on a system that it starts.
pub fn sockets(host: &dyn Host) -> Vec<Endpoint> {
    systemd::listening(&mut Files::new(host, 1))
}

/// The command lines of the services that systemd starts, as far as their units tell.
pub fn services(host: &dyn Host) -> Vec<Vec<String>> {
    let units = systemd::started(&mut Files::new(host, 1)).into_iter();
    let lines = units.filter_map(|unit| systemd::command_line(host, 1, &unit));
    lines.filter(|words| !words.is_empty()).collect()
}
