//! Looks at the processes behind the listeners of a record: which service they are, in which
//! version, and what its configuration asks listen(2) for. Writes the answers into the record.
//!
//! A configuration is read once for each set of processes, not once a listener.

mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::catalogue::Catalogue;
use super::dotnet;
use super::host::{Files, Host, Status};
use super::lookup::Lookup;
use super::program;
use super::readers::{Context, Setting, configured, systemd};
use super::recognise::{Candidate, exe_name, is_supervisor};
use super::service::{Service, Step};
use crate::snapshot::{Configuration, Gap, Listener, Owner, Requested, Snapshot, Source};

/// Adds to a record of this host what its services ask for.
pub fn inspect(snapshot: &mut Snapshot, host: &dyn Host, catalogue: &Catalogue) {
    let mut inspector = Inspector {
        host,
        catalogue,
        groups: BTreeMap::new(),
        managers: BTreeMap::new(),
        dotnet: BTreeMap::new(),
        gaps: BTreeSet::new(),
    };
    let listeners = snapshot
        .namespaces
        .iter_mut()
        .flat_map(|netns| &mut netns.listeners);
    for listener in listeners {
        inspector.listener(listener);
    }
    snapshot.gaps.extend(inspector.gaps);
}

struct Inspector<'a> {
    host: &'a dyn Host,
    catalogue: &'a Catalogue,
    /// What is known of the processes that hold a socket together, by their pids.
    groups: BTreeMap<Vec<u32>, Option<Rc<Group>>>,
    /// systemd's managers, by pid.
    managers: BTreeMap<u32, Rc<Manager>>,
    /// Services of .NET programs, by the path of the executable; most are none.
    dotnet: BTreeMap<String, Option<&'static str>>,
    gaps: BTreeSet<Gap>,
}

/// Processes that hold a socket together, and the service that they are.
#[derive(Debug, Default)]
struct Group {
    /// The oldest of them, whose configuration counts.
    main: u32,
    program: Option<String>,
    /// The service, where the record's owners do not tell.
    service: Option<String>,
    version: Option<String>,
    settings: Option<Lookup>,
    /// Whether all that decides was read.
    complete: bool,
    /// Since when the configuration may have been in force, in milliseconds since 1970.
    since: Option<u64>,
    /// When each file that has a setting was last changed.
    modified: BTreeMap<String, u64>,
    /// Whether a file changed after that.
    changed: bool,
}

impl<'a> Inspector<'a> {
    fn listener(&mut self, listener: &mut Listener) {
        if listener.owners.is_empty() || listener.requested.is_some() {
            return;
        }
        let pids: Vec<u32> = listener
            .owners
            .iter()
            .filter_map(|owner| owner.pid)
            .collect();
        let group = match self.groups.get(&pids) {
            Some(group) => group.clone(),
            None => {
                let group = self.group(listener).map(Rc::new);
                self.groups.insert(pids, group.clone());
                group
            }
        };
        if let Some(group) = &group {
            Self::keep(listener, group);
        }
        let supervisor = listener.owners.iter().find(|owner| is_supervisor(owner));
        if let Some(owner) = supervisor
            && let Some(pid) = owner.pid
            && self
                .catalogue
                .identify(listener)
                .is_some_and(|found| found.activated)
        {
            let manager = self.manager(pid, owner);
            let setting = manager.sockets.best(listener);
            listener.requested = setting.map(Setting::requested);
            listener.configuration = manager.complete.then_some(Configuration::Read);
            listener.version.clone_from(&manager.version);
        }
    }

    /// Writes what is known of a listener's processes into its record.
    fn keep(listener: &mut Listener, group: &Group) {
        tell_program(listener, group);
        listener.service.clone_from(&group.service);
        listener.version.clone_from(&group.version);
        let Some(settings) = &group.settings else {
            return;
        };
        if let Some(setting) = settings.best(listener) {
            let changed = setting
                .place
                .file()
                .and_then(|path| group.modified.get(path).copied());
            let late =
                setting.source == Source::Config && changed > group.since && group.since.is_some();
            listener.requested = Some(Requested {
                applied: !late,
                ..setting.requested()
            });
        }
        let read = group.complete && (listener.requested.is_some() || !group.changed);
        listener.configuration = Some(if read {
            Configuration::Read
        } else {
            Configuration::Hidden
        });
    }

    fn group(&mut self, listener: &Listener) -> Option<Group> {
        let workers: Vec<&Owner> = listener
            .owners
            .iter()
            .filter(|owner| !is_supervisor(owner))
            .collect();
        let statuses: BTreeMap<u32, Status> = workers
            .iter()
            .filter_map(|owner| Some((owner.pid?, self.host.status(owner.pid?)?)))
            .collect();
        // Parents first, the oldest first: the main process is the first that is recognised.
        let mut oldest = workers;
        oldest.sort_by_key(|owner| {
            let status = owner.pid.and_then(|pid| statuses.get(&pid));
            let child = status.is_none_or(|status| statuses.contains_key(&status.parent));
            (child, status.and_then(|status| status.started), owner.pid)
        });
        let mut best: Option<(u32, Recognised<'a>)> = None;
        let mut seen: Vec<&Owner> = Vec::new();
        for owner in oldest {
            let known = seen
                .iter()
                .any(|seen| seen.comm == owner.comm && seen.exe == owner.exe);
            if known {
                continue;
            }
            seen.push(owner);
            if let Some((score, recognised)) = self.recognise(owner, listener.unit.as_deref())
                && best.as_ref().is_none_or(|(most, _)| score > *most)
            {
                best = Some((score, recognised));
            }
        }
        let (_, found) = best?;
        let newest = statuses.values().filter_map(|status| status.started).max();
        let first = statuses.get(&found.pid).and_then(|status| status.started);
        let mut group = self.read(found, listener, first, newest);
        // What the owners tell by themselves need not be written down.
        let mut record = listener.clone();
        tell_program(&mut record, &group);
        let told = self
            .catalogue
            .identify(&record)
            .and_then(|found| found.service);
        group
            .service
            .take_if(|name| told.is_some_and(|service| service.name == *name));
        Some(group)
    }

    /// The service of one process; of an interpreter, with what it runs.
    fn recognise(&mut self, owner: &Owner, unit: Option<&str>) -> Option<(u32, Recognised<'a>)> {
        let pid = owner.pid?;
        let interpreter = [exe_name(owner), owner.comm.as_deref()]
            .into_iter()
            .flatten()
            .find(|name| program::is_interpreter(name));
        let mut owner = owner.clone();
        let mut arguments = None;
        if let Some(interpreter) = interpreter {
            arguments = self.host.arguments(pid);
            owner.program = arguments
                .as_deref()
                .and_then(|arguments| program::of(interpreter, arguments));
        }
        let candidate = Candidate {
            owner: Some(&owner),
            unit,
            arguments: arguments.as_deref().unwrap_or_default(),
        };
        let catalogue: &'a Catalogue = self.catalogue;
        let found = catalogue
            .recognise(candidate)
            .or_else(|| Some((0, self.dotnet(pid, &owner)?)));
        if found.is_none() && owner.program.is_none() {
            return None;
        }
        let recognised = Recognised {
            pid,
            service: found.map(|(_, service)| service),
            program: owner.program.clone(),
            arguments,
            owner,
        };
        Some((found.map_or(0, |(score, _)| score), recognised))
    }

    /// What a program is that only a file beside it tells of.
    fn dotnet(&mut self, pid: u32, owner: &Owner) -> Option<&'a Service> {
        // Not that of an interpreter, nor of a file that was replaced.
        let path = owner.exe.as_deref().filter(|path| path.starts_with('/'))?;
        let host = self.host;
        let known = self.dotnet.entry(path.to_owned());
        let name = *known.or_insert_with(|| dotnet::service(host, pid, path));
        self.catalogue.by_name(name?)
    }

    /// Reads version and configuration of a service.
    fn read(
        &mut self,
        found: Recognised<'_>,
        listener: &Listener,
        first: Option<u64>,
        newest: Option<u64>,
    ) -> Group {
        let mut group = Group {
            main: found.pid,
            program: found.program.clone(),
            ..Group::default()
        };
        let Some(service) = found.service else {
            return group;
        };
        group.service = Some(service.name.clone());
        group.version = version::of(service, self.host, found.pid, &found.owner);
        if service.configured.is_empty() {
            return group;
        }
        let reloads = service.applies.setting == Some(Step::Reload);
        group.since = if reloads { newest } else { first };
        let line = match found.arguments {
            Some(arguments) => arguments,
            None => self.host.arguments(found.pid).unwrap_or_default(),
        };
        let title = overwritten(&line, &found.owner);
        let unit = title.and(listener.unit.as_deref());
        let started = unit.and_then(|unit| systemd::command_line(self.host, found.pid, unit));
        let arguments = match (&title, started) {
            (None, _) => line.clone(),
            (Some(_), started) => started.unwrap_or_default(),
        };
        let mut context = Context {
            host: self.host,
            pid: found.pid,
            arguments: &arguments,
            title,
            version: group.version.as_deref(),
            files: Files::new(self.host, found.pid),
        };
        let reading = configured(&service.configured, &mut context);
        let settings = Lookup::new(reading.settings);
        let files = context.files;
        for path in settings.iter().filter_map(|setting| setting.place.file()) {
            if let Some(modified) = files.modified(path) {
                group.modified.insert(path.to_owned(), modified);
            }
        }
        group.changed = files.last_change() > group.since && group.since.is_some();
        self.gaps.extend(files.into_gaps(&service.name));
        group.complete = reading.complete;
        group.settings = Some(settings);
        group
    }

    /// What the manager with this pid listens with for its .socket units.
    fn manager(&mut self, pid: u32, owner: &Owner) -> Rc<Manager> {
        if let Some(known) = self.managers.get(&pid) {
            return Rc::clone(known);
        }
        let mut files = Files::new(self.host, pid);
        let reading = systemd::sockets(&mut files);
        self.gaps.extend(files.into_gaps("systemd"));
        let service = self.catalogue.by_name("systemd");
        let manager = Rc::new(Manager {
            sockets: Lookup::new(reading.settings),
            complete: reading.complete,
            version: service.and_then(|service| version::of(service, self.host, pid, owner)),
        });
        self.managers.insert(pid, Rc::clone(&manager));
        manager
    }
}

/// A manager that listens for services.
#[derive(Debug)]
struct Manager {
    sockets: Lookup,
    /// Whether all units were read, so that those without a number have the default.
    complete: bool,
    version: Option<String>,
}

/// Writes what the main process's interpreter runs into the record.
fn tell_program(listener: &mut Listener, group: &Group) {
    let mut owners = listener.owners.iter_mut();
    if let Some(program) = &group.program
        && let Some(main) = owners.find(|owner| owner.pid == Some(group.main))
    {
        main.program = Some(program.clone());
    }
}

/// A process whose service is known, or at least what its interpreter runs.
struct Recognised<'a> {
    pid: u32,
    owner: Owner,
    service: Option<&'a Service>,
    program: Option<String>,
    arguments: Option<Vec<String>>,
}

/// The text that a program wrote over its command line: one piece with spaces in it, or one that
/// names another program.
fn overwritten<'a>(line: &'a [String], owner: &Owner) -> Option<&'a str> {
    let [title] = line else {
        return line.is_empty().then_some("");
    };
    let names = [exe_name(owner), owner.comm.as_deref()];
    let plain = names
        .into_iter()
        .flatten()
        .any(|name| super::host::file_name(title) == name);
    (!plain).then_some(title.as_str())
}

#[cfg(test)]
mod tests;
