//! Dovecot 2.3: each service asks for `process_limit` × `client_limit`, at least 4.
//!
//! Follows src/master/service-listen.c (the product), src/master/service.c (0 is the general limit;
//! a process never serves more clients than its `service_count`, which is 1 for logins) and
//! src/config/config-parser.c (one setting or block a line, `!include`, `!include_try`, a backslash
//! continues a line, the last value counts). Other versions have other services and limits.

mod services;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, Files, join, parent};
use crate::services::versions;
use crate::snapshot::Source;
use services::SERVICES;

const MAIN: [&str; 2] = [
    "/etc/dovecot/dovecot.conf",
    "/usr/local/etc/dovecot/dovecot.conf",
];
/// The least that a service asks for.
const LEAST: i64 = 4;
/// What the master's own socket asks for.
const MASTER: i64 = 16;

/// Bytes that a service takes, with all of its limits.
const BLOCK: usize = 512;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let is = |condition| {
        context
            .version
            .and_then(|version| versions::fits(version, condition))
    };
    if context.arguments.is_empty() || is(">=2.3 <2.4") == Some(false) {
        return Reading::default();
    }
    let Some((path, text)) = context.main_file("-c", &MAIN) else {
        return Reading::default();
    };
    let mut walk = Walk::default();
    walk.file(&mut context.files, &path, &text);
    if context.files.has_faults() {
        // A later file may change every number.
        return Reading::default();
    }
    Reading {
        settings: walk.settings(),
        complete: true,
    }
}

/// A number and where it was set.
#[derive(Clone, Default)]
struct Limit {
    number: i64,
    place: Option<Place>,
}

#[derive(Default)]
struct Service {
    process_limit: Limit,
    client_limit: Limit,
    service_count: Limit,
    /// `inet_listener` blocks by name: port and addresses.
    inet: BTreeMap<String, (Option<u16>, String)>,
    unix: Vec<String>,
}

struct Walk {
    /// The files that are being read.
    open: Vec<String>,
    /// The blocks that are open: kind and name.
    blocks: Vec<(String, String)>,
    process_limit: Limit,
    client_limit: Limit,
    base: String,
    services: BTreeMap<String, Service>,
}

impl Default for Walk {
    fn default() -> Self {
        let usual = |number| Limit {
            number,
            place: None,
        };
        let services = SERVICES.iter().map(|service| {
            let inet = service
                .inet
                .iter()
                .map(|(name, port)| ((*name).to_owned(), (Some(*port), String::new())));
            let known = Service {
                process_limit: usual(service.process_limit),
                client_limit: usual(service.client_limit),
                service_count: usual(service.service_count),
                inet: inet.collect(),
                unix: service.unix.iter().map(|path| (*path).to_owned()).collect(),
            };
            (service.name.to_owned(), known)
        });
        Self {
            open: Vec::new(),
            blocks: Vec::new(),
            process_limit: usual(100),
            client_limit: usual(1000),
            base: "/run/dovecot".to_owned(),
            services: services.collect(),
        }
    }
}

impl Walk {
    fn file(&mut self, files: &mut Files<'_>, path: &str, text: &str) {
        self.open.push(path.to_owned());
        for (line, text) in logical_lines(text) {
            if let Some(directive) = text.strip_prefix('!') {
                self.include(files, path, line, directive);
            } else if text == "}" {
                self.blocks.pop();
            } else if let Some(header) = text.strip_suffix('{').filter(|_| !text.contains('=')) {
                let (kind, name) = header
                    .trim()
                    .split_once(char::is_whitespace)
                    .unwrap_or((header.trim(), ""));
                if !files.expand(path, BLOCK) {
                    break;
                }
                self.block(kind, unquoted(name.trim()));
            } else if let Some((key, value)) = text.split_once('=') {
                let place = Place::Line(path.to_owned(), line);
                if self
                    .value(key.trim(), unquoted(value.trim()), place)
                    .is_none()
                {
                    files.fault(path, format!("line {line} is not understood"));
                }
            }
        }
        self.open.pop();
    }

    fn include(&mut self, files: &mut Files<'_>, path: &str, line: usize, directive: &str) {
        let Some(pattern) = directive.strip_prefix("include") else {
            return;
        };
        let tried = pattern.strip_prefix("_try");
        let pattern = tried.unwrap_or(pattern);
        for included in files.glob(&join(parent(path), unquoted(pattern.trim()))) {
            if self.open.contains(&included) || self.open.len() >= DEEPEST {
                files.fault(path, format!("line {line} includes without end"));
                continue;
            }
            let text = match tried {
                Some(_) => files.read(&included),
                None => files.included(&included, path),
            };
            if let Some(text) = text {
                self.file(files, &included, &text);
            }
        }
    }

    fn block(&mut self, kind: &str, name: &str) {
        let service = match self.blocks.as_slice() {
            [] if kind == "service" => Some(name),
            [(outer, service)] if outer == "service" => Some(service.as_str()),
            _ => None,
        };
        if let Some(service) = service {
            let service = self.services.entry(service.to_owned()).or_default();
            match kind {
                "inet_listener" => {
                    service.inet.entry(name.to_owned()).or_default();
                }
                "unix_listener" if !service.unix.iter().any(|known| known == name) => {
                    service.unix.push(name.to_owned());
                }
                _ => {}
            }
        }
        self.blocks.push((kind.to_owned(), name.to_owned()));
    }

    /// `None`: the value decides and is not understood.
    fn value(&mut self, key: &str, value: &str, place: Place) -> Option<()> {
        let number = match value {
            "$default_process_limit" => Some(self.process_limit.number),
            "$default_client_limit" => Some(self.client_limit.number),
            value => value.parse().ok().filter(|number| *number >= 0),
        };
        let limit = || {
            Some(Limit {
                number: number?,
                place: Some(place),
            })
        };
        match self.blocks.as_slice() {
            [] => match key {
                // Since 2.4, whose services are others.
                "dovecot_config_version" | "dovecot_storage_version" => return None,
                "default_process_limit" => self.process_limit = limit()?,
                "default_client_limit" => self.client_limit = limit()?,
                "base_dir" => value.trim_end_matches('/').clone_into(&mut self.base),
                _ => {}
            },
            [(kind, service)] if kind == "service" => {
                let service = self.services.entry(service.clone()).or_default();
                match key {
                    "process_limit" => service.process_limit = limit()?,
                    "client_limit" => service.client_limit = limit()?,
                    "service_count" => service.service_count = limit()?,
                    _ => {}
                }
            }
            [(kind, service), (inner, name)] if kind == "service" && inner == "inet_listener" => {
                let service = self.services.entry(service.clone()).or_default();
                let listener = service.inet.entry(name.clone()).or_default();
                match key {
                    "port" => listener.0 = Some(value.parse().ok()?),
                    "address" => value.clone_into(&mut listener.1),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(())
    }

    fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (name, service) in &self.services {
            let (backlog, place) = self.backlog(service);
            let source = if place.is_some() {
                Source::Config
            } else {
                Source::Default
            };
            let words = || Place::Words(format!("the default limits of service {name}"));
            let place = place.unwrap_or_else(words);
            let inet = service
                .inet
                .values()
                .flat_map(|(port, address)| endpoints(*port, address));
            let unix = service
                .unix
                .iter()
                .map(|path| Endpoint::Path(join(&self.base, path)));
            settings.extend(inet.chain(unix).map(|on| Setting {
                on,
                backlog: Some(backlog),
                source,
                place: place.clone(),
            }));
        }
        settings.push(Setting {
            on: Endpoint::Path(join(&self.base, "master")),
            backlog: Some(MASTER),
            source: Source::Default,
            place: Place::Words(format!("the master always asks for {MASTER}")),
        });
        settings
    }

    /// What a service asks for, and where the first of what decides was set.
    fn backlog(&self, service: &Service) -> (i64, Option<Place>) {
        let or_general = |own: &Limit, general: &Limit| {
            if own.number > 0 {
                own.clone()
            } else {
                general.clone()
            }
        };
        let processes = or_general(&service.process_limit, &self.process_limit);
        let clients = or_general(&service.client_limit, &self.client_limit);
        let count = &service.service_count;
        let counted = count.number > 0 && clients.number > count.number;
        let clients = if counted { count.clone() } else { clients };
        let product = processes.number.saturating_mul(clients.number);
        (
            product.max(LEAST),
            processes
                .place
                .or(clients.place)
                .or_else(|| count.place.clone()),
        )
    }
}

/// The sockets of an `inet_listener`.
fn endpoints(port: Option<u16>, address: &str) -> Vec<Endpoint> {
    let Some(port) = port.filter(|port| *port > 0) else {
        return Vec::new();
    };
    let one = |address: &str| match address {
        "*" => Endpoint::port_v4(port),
        address => {
            let ip = address
                .trim_start_matches('[')
                .trim_end_matches(']')
                .parse();
            Endpoint::Port(ip.ok(), port)
        }
    };
    let separate = |c: char| c == ',' || c.is_whitespace();
    let found: Vec<Endpoint> = address
        .split(separate)
        .filter(|text| !text.is_empty())
        .map(one)
        .collect();
    if found.is_empty() {
        vec![Endpoint::Port(None, port)]
    } else {
        found
    }
}

fn unquoted(value: &str) -> &str {
    let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

/// The lines without comments; a backslash at the end continues one.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let comment = line.match_indices('#').find(|(at, _)| {
            line.get(..*at)
                .is_some_and(|before| before.ends_with(char::is_whitespace))
        });
        let line = comment
            .and_then(|(at, _)| line.get(..at))
            .unwrap_or(line)
            .trim_end();
        let goes_on = line.ends_with('\\');
        let line = line.strip_suffix('\\').unwrap_or(line).trim_end();
        match found.last_mut() {
            Some((_, last)) if continued => {
                last.push(' ');
                last.push_str(line);
            }
            _ => found.push((number + 1, line.to_owned())),
        }
        continued = goes_on;
    }
    found
}
