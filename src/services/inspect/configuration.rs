//! The configuration of one main process, and that of systemd's .socket units.

use super::group::Group;
use super::version;
use crate::services::catalogue::Catalogue;
use crate::services::endpoint::Endpoint;
use crate::services::host::{Files, Host, file_name};
use crate::services::lookup::Lookup;
use crate::services::readers::{Context, Reading, configured, systemd};
use crate::services::recognise::exe_name;
use crate::snapshot::{Gap, Owner};

/// What the configuration of one main process says.
#[derive(Debug, Default)]
pub(super) struct Configured {
    pub(super) version: Option<String>,
    /// `None`: nothing configures it.
    pub(super) settings: Option<Lookup>,
    /// Whether all that decides was read.
    pub(super) complete: bool,
    /// When the last of all files and directories that were read was changed, in milliseconds
    /// since 1970.
    pub(super) last_change: Option<u64>,
    pub(super) gaps: Vec<Gap>,
    /// Where it is configured to listen.
    pub(super) listens: Vec<Endpoint>,
}

impl Configured {
    /// What is left to say of a service for which there was no time.
    pub(super) fn unread(group: &Group<'_>) -> Self {
        let Some(service) = group
            .service
            .filter(|service| !service.configured.is_empty())
        else {
            return Self::default();
        };
        let what = format!("configuration of {}", service.name);
        let why = "reading that of the services before it took too long";
        let blinds = format!("what {} (pid {}) asks for", service.name, group.main);
        Self {
            settings: Some(Lookup::default()),
            gaps: vec![Gap::new(what, why, blinds)],
            ..Self::default()
        }
    }

    /// Reads version and configuration of a group's main process.
    pub(super) fn read(group: &Group<'_>, host: &dyn Host) -> Self {
        let Some(service) = group.service else {
            return Self::default();
        };
        if service.configured.is_empty() && service.version.is_empty() {
            return Self::default();
        }
        // It is gone, and its listeners with it.
        if host.status(group.main).is_none() {
            return Self::default();
        }
        let version = version::of(service, host, group.main, &group.owner);
        if service.configured.is_empty() {
            return Self {
                version,
                ..Self::default()
            };
        }
        let line = match &group.arguments {
            Some(arguments) => arguments.clone(),
            None => host.arguments(group.main).unwrap_or_default(),
        };
        let title = overwritten(&line, &group.owner);
        let unit = title.and(group.unit.as_deref());
        let started = unit.and_then(|unit| systemd::command_line(host, group.main, unit));
        let arguments = match title {
            None => &line,
            Some(_) => &started.unwrap_or_default(),
        };
        let mut context = Context {
            host,
            pid: group.main,
            arguments,
            title,
            executable: group.owner.exe.as_deref(),
            version: version.as_deref(),
            files: Files::new(host, group.main),
            listens: Vec::new(),
            matched: Vec::new(),
        };
        let reading = configured(&service.configured, &mut context);
        let stated = reading.settings.iter().map(|setting| &setting.on);
        let mut listens = context.listens;
        listens.extend(stated.filter(|on| **on != Endpoint::Any).cloned());
        listens.retain(|on| !context.matched.contains(on));
        let files = context.files;
        Self {
            complete: reading.complete && !service.elsewhere,
            last_change: files.last_change(),
            gaps: files.into_gaps(&service.name),
            settings: Some(Lookup::new(reading.settings)),
            listens,
            version,
        }
    }
}

/// The text that a program wrote over its command line: one piece that names another program or
/// has spaces in it.
fn overwritten<'a>(line: &'a [String], owner: &Owner) -> Option<&'a str> {
    let [title] = line else {
        return line.is_empty().then_some("");
    };
    let names = [exe_name(owner), owner.comm.as_deref()];
    let plain = names
        .into_iter()
        .flatten()
        .any(|name| file_name(title) == name);
    (!plain).then_some(title.as_str())
}

/// A manager that listens for services.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) sockets: Lookup,
    /// Whether all units were read, so that those without a number have the default.
    pub(super) complete: bool,
    pub(super) version: Option<String>,
    pub(super) gaps: Vec<Gap>,
}

impl Manager {
    /// Reads the .socket units that the manager with this pid sees.
    pub(super) fn read(pid: u32, owner: &Owner, host: &dyn Host, catalogue: &Catalogue) -> Self {
        let mut files = Files::new(host, pid);
        // A user's manager has units of its own.
        let reading = match pid {
            1 => systemd::sockets(&mut files),
            _ => Reading::default(),
        };
        let service = catalogue.by_name("systemd");
        Self {
            sockets: Lookup::new(reading.settings),
            complete: reading.complete,
            version: service.and_then(|service| version::of(service, host, pid, owner)),
            gaps: files.into_gaps("systemd"),
        }
    }
}
