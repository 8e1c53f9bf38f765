//! systemd: `Backlog=` of .socket units with their drop-ins, and the command line that a service
//! was started with.
//!
//! Follows systemd.socket(5), systemd.exec(5) and systemd.service(5); where the units are and how
//! they are written is `units`. Only the files are read: what was changed since the last
//! `daemon-reload` is not told apart.

mod command;
mod units;

use std::collections::BTreeSet;

use super::{Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::Files;
use units::{Name, Units};

pub(in crate::services) use command::command_line;

/// What all .socket units ask for, by the addresses that they listen on.
pub(in crate::services) fn sockets(files: &mut Files<'_>) -> Reading {
    let units = Units::new(files);
    let mut reading = Reading {
        settings: Vec::new(),
        complete: true,
    };
    for unit in names(&units, files) {
        let unit = Name::new(&unit);
        let socket = socket(&units, files, &unit);
        if let Some((number, place)) = socket.backlog {
            // An instance of a template that nothing enables may run all the same.
            reading.complete &= !unit.is_template();
            let setting = |on| Setting::configured(on, number, place.clone());
            reading
                .settings
                .extend(socket.addresses.into_iter().map(setting));
        }
    }
    reading.complete &= !files.has_faults();
    reading
}

/// Where the .socket units listen that the system starts, each address once and of a port alone that of
/// IPv6, which serves both.
pub(in crate::services) fn listening(files: &mut Files<'_>) -> Vec<Endpoint> {
    let units = Units::new(files);
    let mut found = Vec::new();
    for unit in units.wanted_by("sockets.target", files) {
        let unit = Name::new(&unit);
        let mut addresses = socket(&units, files, &unit).addresses;
        if addresses.len() == 2
            && matches!(addresses[1], Endpoint::Port(Some(ip), _) if ip.is_ipv4())
        {
            addresses.truncate(1);
        }
        found.extend(addresses);
    }
    found
}

/// The .service units that the system starts.
pub(in crate::services) fn started(files: &mut Files<'_>) -> Vec<String> {
    let units = Units::new(files);
    let wanted = units.wanted_by("multi-user.target", files);
    wanted
        .into_iter()
        .filter(|name| name.ends_with(".service"))
        .collect()
}

/// The names of all .socket units, and of the instances that are enabled.
fn names(units: &Units, files: &mut Files<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = units.names().filter(is_socket).cloned().collect();
    names.extend(
        units
            .wanted_by("sockets.target", files)
            .into_iter()
            .filter(|name| is_socket(&name)),
    );
    names
}

fn is_socket(name: &&String) -> bool {
    name.ends_with(".socket")
}

/// What a .socket unit says.
#[derive(Debug, Default)]
struct Socket {
    addresses: Vec<Endpoint>,
    /// `None` in it: as much as there is.
    backlog: Option<(Option<i64>, Place)>,
}

fn socket(units: &Units, files: &mut Files<'_>, unit: &Name) -> Socket {
    let mut socket = Socket::default();
    units.assignments(files, unit, "Socket", &mut |found| {
        match (found.key, found.value) {
            // An empty one of any kind drops those of all kinds.
            (key, "") if key.starts_with("Listen") => socket.addresses.clear(),
            ("ListenStream" | "ListenSequentialPacket", value) => {
                let value = unit.expand(value);
                let found = value.iter().flat_map(|value| endpoints(value));
                socket.addresses.extend(found);
            }
            ("Backlog", value) => {
                // One that is none is ignored, as systemd does.
                if let Some(number) = number(value) {
                    let place = Place::Line(found.path.to_owned(), found.line);
                    socket.backlog = Some((number, place));
                }
            }
            _ => {}
        }
    });
    socket
}

/// A number as systemd reads it, with a prefix for its base. `Some(None)`: more than listen(2)
/// takes, as 4294967295, its spelling of "as much as there is".
fn number(value: &str) -> Option<Option<i64>> {
    let radix = |prefix: &str, radix| {
        let digits = value.strip_prefix(prefix)?;
        u32::from_str_radix(digits, radix).ok()
    };
    let number = radix("0x", 16)
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0", 8))
        .or_else(|| value.parse().ok())?;
    Some(
        i32::try_from(number)
            .ok()
            .filter(|n| *n < i32::MAX)
            .map(i64::from),
    )
}

/// The sockets of an address: a port alone is one socket of IPv6 that serves IPv4 too, or one of
/// IPv4 where there is no IPv6.
fn endpoints(value: &str) -> Vec<Endpoint> {
    if let Ok(port) = value.parse() {
        return vec![Endpoint::port_v6(port), Endpoint::port_v4(port)];
    }
    if value.starts_with("vsock:") {
        return Vec::new();
    }
    Endpoint::parse(value, None).into_iter().collect()
}

#[cfg(test)]
mod tests;
