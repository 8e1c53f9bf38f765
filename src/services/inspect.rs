//! Looks at the processes behind the listeners of a record: which service they are, in which
//! version, and what its configuration asks listen(2) for. Writes the answers into the record.
//!
//! Listeners that the same processes hold are one group, and the groups of one main process have one
//! configuration, which is read once. Both are done on all cores: a host has hundreds of files.

mod configuration;
mod expect;
mod group;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::configuration::{Configured, Manager};
pub use self::expect::{Expected, expect, services, sockets};
use self::group::{Group, Recogniser};
use super::catalogue::Catalogue;
use super::endpoint::Endpoint;
use super::host::Host;
use super::recognise::is_supervisor;
use crate::cores;
use crate::snapshot::{Configuration, Gap, Listener, Owner, Requested, Snapshot, Source};

/// Fewer groups than this are looked at by one thread.
const WORTH_A_THREAD: usize = 4;

/// How long configurations are read: those that are not begun by then are a gap.
const PATIENCE: Duration = Duration::from_secs(5);
/// Milliseconds in which a service that was just started may not have read its files yet, and by
/// which the kernel's clocks for processes and files differ.
const TOLERANCE: u64 = 100;

/// Adds to a record of this host what its services ask for.
pub fn inspect(snapshot: &mut Snapshot, host: &dyn Host, catalogue: &Catalogue) {
    let recogniser = Recogniser::new(host, catalogue);
    let namespaces = snapshot.namespaces.iter();
    let listeners: Vec<&Listener> = namespaces.flat_map(|netns| &netns.listeners).collect();
    let mut by_pids: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let mut firsts: Vec<&Listener> = Vec::new();
    for listener in listeners.into_iter().filter(|listener| is_open(listener)) {
        by_pids.entry(pids(listener)).or_insert_with(|| {
            firsts.push(listener);
            firsts.len() - 1
        });
    }
    let groups = cores::map_from(WORTH_A_THREAD, &firsts, |first| recogniser.group(first));
    let inspected = Inspected {
        catalogue,
        groups: by_pids
            .into_iter()
            .map(|(pids, n)| (pids, groups[n].as_ref()))
            .collect(),
        configured: configurations(groups.iter().flatten(), host),
        managers: managers(&firsts, host, catalogue),
    };
    let mut answers: Vec<Vec<Option<Answer>>> = Vec::new();
    for netns in &snapshot.namespaces {
        answers.push(
            netns
                .listeners
                .iter()
                .map(|listener| inspected.answer(listener))
                .collect(),
        );
    }
    let gaps = inspected.into_gaps();
    for (netns, answers) in snapshot.namespaces.iter_mut().zip(answers) {
        for (listener, answer) in netns.listeners.iter_mut().zip(answers) {
            if let Some(answer) = answer {
                answer.write(listener);
            }
        }
    }
    snapshot.gaps.extend(gaps);
}

/// The configuration of each main process, read once.
fn configurations<'a>(
    groups: impl Iterator<Item = &'a Group<'a>>,
    host: &dyn Host,
) -> BTreeMap<u32, Configured> {
    let mut mains: BTreeMap<u32, &Group<'_>> = BTreeMap::new();
    for group in groups {
        mains.entry(group.main).or_insert(group);
    }
    let todo: Vec<&Group<'_>> = mains.into_values().collect();
    let begun = Instant::now();
    let read = cores::map_from(WORTH_A_THREAD, &todo, |group| {
        let late = begun.elapsed() > PATIENCE;
        let configured = match late {
            false => Configured::read(group, host),
            true => Configured::unread(group),
        };
        (group.main, configured)
    });
    read.into_iter().collect()
}

/// The managers among the owners of these listeners.
fn managers(
    listeners: &[&Listener],
    host: &dyn Host,
    catalogue: &Catalogue,
) -> BTreeMap<u32, Manager> {
    let mut managers = BTreeMap::new();
    for owner in listeners.iter().filter_map(|listener| supervisor(listener)) {
        if let Some(pid) = owner.pid {
            let manager = managers.entry(pid);
            manager.or_insert_with(|| Manager::read(pid, owner, host, catalogue));
        }
    }
    managers
}

/// Whether what a listener asks for is still to be found out.
fn is_open(listener: &Listener) -> bool {
    !listener.owners.is_empty() && listener.requested.is_none()
}

fn pids(listener: &Listener) -> Vec<u32> {
    listener
        .owners
        .iter()
        .filter_map(|owner| owner.pid)
        .collect()
}

fn supervisor(listener: &Listener) -> Option<&Owner> {
    listener.owners.iter().find(|owner| is_supervisor(owner))
}

/// Everything that was found out about the processes of a host.
struct Inspected<'a> {
    catalogue: &'a Catalogue,
    /// By the pids that hold a socket together.
    groups: BTreeMap<Vec<u32>, Option<&'a Group<'a>>>,
    /// By the pid of the main process.
    configured: BTreeMap<u32, Configured>,
    /// systemd's managers, by pid.
    managers: BTreeMap<u32, Manager>,
}

/// What is written into the record of one listener.
#[derive(Debug, Default)]
struct Answer {
    /// What the interpreter of this process runs.
    program: Option<(u32, String)>,
    service: Option<String>,
    version: Option<String>,
    configuration: Option<Configuration>,
    requested: Option<Requested>,
}

impl Inspected<'_> {
    fn answer(&self, listener: &Listener) -> Option<Answer> {
        if !is_open(listener) {
            return None;
        }
        let group = self.groups.get(&pids(listener)).copied().flatten();
        let supervisor = supervisor(listener);
        if group.is_none() && supervisor.is_none() {
            return None;
        }
        let mut answer = Answer::default();
        if let Some(group) = group {
            let program = group.owner.program.clone();
            answer.program = program.map(|program| (group.main, program));
            answer.service.clone_from(&group.untold);
            if let Some(configured) = self.configured.get(&group.main) {
                answer.of_configuration(configured, group, listener);
            }
        }
        if let Some(manager) = supervisor
            .and_then(|owner| owner.pid)
            .and_then(|pid| self.managers.get(&pid))
            && self.is_activated(listener, group)
        {
            answer.of_manager(manager, listener);
        }
        Some(answer)
    }

    /// Whether the request is the supervisor's: its service does not listen again.
    fn is_activated(&self, listener: &Listener, group: Option<&Group<'_>>) -> bool {
        match group.and_then(|group| group.service) {
            Some(service) => !service.relistens,
            None => {
                let found = self.catalogue.identify(listener);
                found.is_some_and(|found| found.activated)
            }
        }
    }

    fn into_gaps(self) -> BTreeSet<Gap> {
        let services = self
            .configured
            .into_values()
            .flat_map(|configured| configured.gaps);
        let managers = self.managers.into_values().flat_map(|manager| manager.gaps);
        services.chain(managers).collect()
    }
}

impl Answer {
    fn of_configuration(
        &mut self,
        configured: &Configured,
        group: &Group<'_>,
        listener: &Listener,
    ) {
        self.version.clone_from(&configured.version);
        let Some(settings) = &configured.settings else {
            return;
        };
        let later = |changed: Option<u64>| {
            let both = changed.zip(group.since);
            both.is_some_and(|(changed, since)| changed > since + TOLERANCE)
        };
        let setting = settings.best(listener);
        self.requested = setting.map(|setting| {
            // Another file or a link that came or went may decide, not only the one with the number.
            let written = setting.place.file().is_some();
            let config = written && setting.source == Source::Config;
            Requested {
                applied: !config || !later(configured.last_change),
                ..setting.requested()
            }
        });
        // What stands for this very address is not changed by a part that was not read.
        let own = setting
            .is_some_and(|setting| setting.source == Source::Config && setting.on != Endpoint::Any);
        let known =
            setting.is_some() || !later(configured.last_change) && !settings.is_named(listener);
        self.configuration = Some(if own || configured.complete && known {
            Configuration::Read
        } else {
            Configuration::Hidden
        });
    }

    fn of_manager(&mut self, manager: &Manager, listener: &Listener) {
        let setting = manager.sockets.best(listener);
        self.requested = setting.map(super::readers::Setting::requested);
        self.configuration = Some(if manager.complete {
            Configuration::Read
        } else {
            Configuration::Hidden
        });
        self.version.clone_from(&manager.version);
    }

    fn write(self, listener: &mut Listener) {
        if let Some((pid, program)) = self.program {
            let mut owners = listener.owners.iter_mut();
            if let Some(main) = owners.find(|owner| owner.pid == Some(pid)) {
                main.program = Some(program);
            }
        }
        listener.service = self.service;
        listener.version = self.version;
        listener.configuration = self.configuration;
        listener.requested = self.requested;
    }
}

#[cfg(test)]
mod tests;
