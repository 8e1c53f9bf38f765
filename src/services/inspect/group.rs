//! Processes that hold a socket together: which of them is the main one, and which service it is.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::services::catalogue::Catalogue;
use crate::services::dotnet;
use crate::services::host::{Host, Status};
use crate::services::program;
use crate::services::recognise::{Candidate, exe_name, is_supervisor};
use crate::services::service::{Service, Step};
use crate::snapshot::{Listener, Owner};

/// Parents that are looked up: a master, and what watches it.
const MOST_PARENTS: usize = 4;
/// What the name of an executable begins with that is many programs.
const BUSYBOX: &str = "busybox";

/// Processes that hold a socket together.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The main process, whose configuration counts: of those with the strongest signs the oldest.
    pub(super) main: u32,
    /// The record of the main process, with what its interpreter runs.
    pub(super) owner: Owner,
    pub(super) unit: Option<String>,
    /// The command line of the main process, where it was read already.
    pub(super) arguments: Option<Vec<String>>,
    pub(super) service: Option<&'a Service>,
    /// The service's name, where the record's owners do not tell it.
    pub(super) untold: Option<String>,
    /// Since when its configuration may have been in force, in milliseconds since 1970.
    pub(super) since: Option<u64>,
}

/// A control group and the path of an executable.
type Program = (Option<String>, String);

/// Recognises services.
pub(super) struct Recogniser<'a> {
    host: &'a dyn Host,
    catalogue: &'a Catalogue,
    /// Services of .NET programs, by control group, which tells containers apart, and path of the
    /// executable; most are none.
    dotnet: Mutex<BTreeMap<Program, Option<&'static str>>>,
}

impl<'a> Recogniser<'a> {
    pub(super) fn new(host: &'a dyn Host, catalogue: &'a Catalogue) -> Self {
        Self {
            host,
            catalogue,
            dotnet: Mutex::default(),
        }
    }

    /// The processes of a listener, if one of them is recognised.
    pub(super) fn group(&self, listener: &Listener) -> Option<Group<'a>> {
        let owners = listener.owners.iter();
        let mut workers: Vec<&Owner> = owners.filter(|owner| !is_supervisor(owner)).collect();
        if let [owner] = workers.as_slice()
            && self.tells_all(owner, listener)
        {
            return None;
        }
        if !workers.iter().any(|owner| interpreter(owner).is_some()) {
            // Of a service that nothing configures it does not matter which process is the main one.
            let group = self.strongest(&workers, listener)?;
            if group
                .service
                .is_none_or(|service| service.configured.is_empty())
            {
                return Some(group);
            }
        }
        let statuses: BTreeMap<u32, Status> = workers
            .iter()
            .filter_map(|owner| Some((owner.pid?, self.host.status(owner.pid?)?)))
            .collect();
        // Parents first, the oldest first.
        workers.sort_by_key(|owner| {
            let status = owner.pid.and_then(|pid| statuses.get(&pid));
            let child = status.is_none_or(|status| statuses.contains_key(&status.parent));
            (child, status.and_then(|status| status.started), owner.pid)
        });
        let mut group = self.strongest(&workers, listener)?;
        if group
            .service
            .is_some_and(|service| !service.configured.is_empty())
        {
            group.since = self.since(&group, &statuses);
        }
        Some(group)
    }

    /// Whether the record of a process tells all that there is to know of its service.
    fn tells_all(&self, owner: &Owner, listener: &Listener) -> bool {
        let candidate = Candidate {
            owner: Some(owner),
            unit: listener.unit.as_deref(),
            arguments: &[],
        };
        let found = self.catalogue.recognise(candidate);
        let fixed = |service: &Service| service.configured.is_empty() && service.version.is_empty();
        found.is_some_and(|(_, service)| fixed(service)) && interpreter(owner).is_none()
    }

    /// The first of these processes that shows the strongest signs.
    fn strongest(&self, workers: &[&Owner], listener: &Listener) -> Option<Group<'a>> {
        let mut best: Option<(u32, Group<'a>)> = None;
        let mut seen: Vec<&Owner> = Vec::new();
        for owner in workers {
            // The workers of one server are alike.
            let alike = |seen: &&Owner| seen.comm == owner.comm && seen.exe == owner.exe;
            if seen.iter().any(alike) {
                continue;
            }
            seen.push(owner);
            if let Some((score, group)) = self.recognise(owner, listener)
                && best.as_ref().is_none_or(|(most, _)| score > *most)
            {
                best = Some((score, group));
            }
        }
        best.map(|(_, group)| group)
    }

    /// Since when the configuration may have been in force. Where a reload is enough, that is the last
    /// one: it makes all workers anew, while one that died is replaced alone. Else it is the start of
    /// the first process of this command line, which may be a parent that holds no socket.
    fn since(&self, group: &Group<'_>, statuses: &BTreeMap<u32, Status>) -> Option<u64> {
        let own = statuses.get(&group.main)?;
        if group
            .service
            .is_some_and(|service| service.applies.setting == Some(Step::Reload))
        {
            let workers = statuses.iter().filter(|(pid, _)| **pid != group.main);
            let oldest = workers.filter_map(|(_, status)| status.started).min();
            return oldest.or(own.started);
        }
        let program = |pid| {
            self.host
                .arguments(pid)
                .and_then(|line| line.into_iter().next())
        };
        let name = program(group.main);
        let (mut since, mut parent) = (own.started, own.parent);
        for _ in 0..MOST_PARENTS {
            if parent <= 1 || name.is_none() || program(parent) != name {
                break;
            }
            let Some(status) = self.host.status(parent) else {
                break;
            };
            since = since.min(status.started);
            parent = status.parent;
        }
        since
    }

    /// The service of one process; of an interpreter, with what it runs.
    fn recognise(&self, owner: &Owner, listener: &Listener) -> Option<(u32, Group<'a>)> {
        let pid = owner.pid?;
        let mut arguments = None;
        let mut owner = owner.clone();
        if let Some(interpreter) = interpreter(&owner) {
            arguments = self.host.arguments(pid);
            let program = arguments
                .as_deref()
                .and_then(|line| program::of(interpreter, line));
            owner.program = program;
        } else if exe_name(&owner).is_some_and(|name| name.starts_with(BUSYBOX)) {
            // `busybox httpd`: only the command line tells which of its programs it is.
            arguments = self.host.arguments(pid);
        }
        let candidate = Candidate {
            owner: Some(&owner),
            unit: listener.unit.as_deref(),
            arguments: arguments.as_deref().unwrap_or_default(),
        };
        let shown = self.catalogue.recognise(candidate);
        let found = shown.or_else(|| Some((0, self.dotnet(pid, &owner, listener)?)));
        if found.is_none() && owner.program.is_none() {
            return None;
        }
        let told = shown.is_some() && arguments.is_none();
        let mut group = Group {
            main: pid,
            unit: listener.unit.clone(),
            arguments,
            service: found.map(|(_, service)| service),
            untold: None,
            since: None,
            owner,
        };
        if !told {
            group.untold = self.untold(&group, listener);
        }
        Some((found.map_or(0, |(score, _)| score), group))
    }

    /// What a program is that only a file beside it tells of.
    fn dotnet(&self, pid: u32, owner: &Owner, listener: &Listener) -> Option<&'a Service> {
        // Not that of a file that was replaced.
        let path = owner.exe.as_deref().filter(|path| path.starts_with('/'))?;
        let key = (listener.cgroup.clone(), path.to_owned());
        let known = self.dotnet.lock().ok();
        let known = known.and_then(|known| known.get(&key).copied());
        let name = known.unwrap_or_else(|| {
            let name = dotnet::service(self.host, pid, path);
            if let Ok(mut known) = self.dotnet.lock() {
                known.insert(key, name);
            }
            name
        });
        self.catalogue.by_name(name?)
    }

    /// The service's name, unless a reader of the record finds it without.
    fn untold(&self, group: &Group<'_>, listener: &Listener) -> Option<String> {
        let service = group.service?;
        let mut record = listener.clone();
        let mut owners = record.owners.iter_mut();
        if let Some(main) = owners.find(|owner| owner.pid == Some(group.main)) {
            main.program.clone_from(&group.owner.program);
        }
        let told = self
            .catalogue
            .identify(&record)
            .and_then(|found| found.service);
        let same = told.is_some_and(|told| told.name == service.name);
        (!same).then(|| service.name.clone())
    }
}

/// The name of the interpreter that a process is.
fn interpreter(owner: &Owner) -> Option<&str> {
    let names = [exe_name(owner), owner.comm.as_deref()];
    let mut names = names.into_iter().flatten();
    names.find(|name| program::is_interpreter(name))
}
