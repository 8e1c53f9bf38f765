//! The .socket unit behind a listener, and how it listens again: systemd refuses to start it anew
//! while its service runs, and the service alone only inherits the old socket.

use super::service::system_service;
use crate::assess::ListenerFacts;
use crate::services;
use crate::snapshot::{Listener, Source};
use crate::text::name::is_unit;

/// The name of a listener's .socket unit, and whether it is a guess: from the file that has its
/// `Backlog=`, else from its unit.
pub fn socket_unit(facts: &ListenerFacts<'_>) -> Option<(String, bool)> {
    if let Some(unit) = place(facts).and_then(services::socket_in) {
        return Some((unit.to_owned(), false));
    }
    let unit = facts.listener.unit.as_deref()?;
    if is_unit(unit, ".socket") {
        return Some((unit.to_owned(), false));
    }
    let stem = unit
        .strip_suffix(".service")
        .filter(|_| is_unit(unit, ".service"))?;
    // An instance of a template is started by a socket that bears the template's name.
    let stem = stem.split('@').next().unwrap_or(stem);
    Some((format!("{stem}.socket"), true))
}

/// Where the configuration has the number.
fn place<'a>(facts: &'a ListenerFacts<'_>) -> Option<&'a str> {
    let asked = facts.requested.as_ref();
    asked
        .filter(|asked| asked.source == Source::Config)?
        .place
        .as_deref()
}

/// The command that makes it listen again, of the system's own units alone. `None`: the unit is not
/// known, or what has to stop before.
pub(super) fn command(facts: &ListenerFacts<'_>) -> Option<String> {
    let (unit, guessed) = socket_unit(facts)?;
    let of_the_system = is_pid_one(facts.listener)
        || place(facts).is_some_and(|place| place.contains("/systemd/system/"));
    if guessed || !of_the_system {
        return None;
    }
    match (system_service(facts.listener), is_served(facts.listener)) {
        (Some(service), _) => Some(format!(
            "systemctl stop {service} && systemctl restart {unit}"
        )),
        (None, false) => Some(format!("systemctl restart {unit}")),
        (None, true) => None,
    }
}

/// The same in words, where there is no command.
pub(super) fn words(facts: &ListenerFacts<'_>, who: &str) -> String {
    let stop = match is_served(facts.listener) {
        true => format!("stop {who} and "),
        false => String::new(),
    };
    match socket_unit(facts) {
        Some((unit, false)) => format!("{stop}restart {unit}"),
        _ => {
            format!("{stop}restart the .socket unit behind it, which systemctl list-sockets names")
        }
    }
}

fn is_pid_one(listener: &Listener) -> bool {
    listener.owners.iter().any(|owner| owner.pid == Some(1))
}

/// Whether a service has the socket by now.
fn is_served(listener: &Listener) -> bool {
    !listener.owners.iter().all(services::is_supervisor)
}
