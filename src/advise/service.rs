//! What to change in a service, and what makes it call listen(2) again.

use std::collections::{BTreeMap, BTreeSet};

use super::backlog::{Backlogs, asks_enough};
use super::{restart, socket};
use crate::assess::{Facts, ListenerFacts};
use crate::rules::finding::{About, Finding, Remediation};
use crate::services;
use crate::services::service::Step;
use crate::snapshot::{Container, Listener, Namespace, Source, address};
use crate::text::name::is_unit;

/// Change a service's own backlog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStep {
    /// Name of the namespace.
    pub netns: String,
    /// Who it is: service, program or unit.
    pub who: String,
    /// The setting, filled in.
    pub setting: String,
    /// The backlog that it is filled in with, in connections; `None`: nothing tells one.
    pub number: Option<i64>,
    /// Addresses that it is about.
    pub addresses: Vec<String>,
    /// Why this number.
    pub why: String,
    /// The command that shows what it asks for, when it listens again.
    pub verify: String,
}

/// Make a service call listen(2) again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelistenStep {
    /// Name of the namespace.
    pub netns: String,
    /// Who it is: service, program or unit.
    pub who: String,
    /// systemd unit.
    pub unit: Option<String>,
    /// Display name of the container that it is in.
    pub container: Option<String>,
    /// The command, where one is known that can be run as it is.
    pub command: Option<String>,
    /// The step in words: the command where there is one.
    pub words: String,
    /// What applies the change in this service.
    pub why: String,
    /// Addresses that it is about.
    pub addresses: Vec<String>,
    /// The command that shows the new queue.
    pub verify: String,
}

/// What stands before the place of a service that has no setting.
const NONE: &str = "none: ";

impl ServiceStep {
    /// The change, as a clause: what to set, or that there is nothing to set.
    pub fn change(&self) -> String {
        match self.setting.strip_prefix(NONE) {
            Some(place) => format!("its backlog has no setting of its own: {place}"),
            None if self.setting.starts_with('`') => format!("set {}", self.setting),
            None => format!("change {}", self.setting),
        }
    }

    /// The step of a finding whose rule wants this backlog at least. `None`: the service asks for
    /// enough, and only has to listen again.
    pub(super) fn of(
        finding: &Finding,
        least: Option<i64>,
        about: &About,
        facts: &Facts<'_>,
        backlogs: &Backlogs,
    ) -> Option<Self> {
        let netns = about.netns_in(facts)?.namespace;
        let facts = about.listener_in(facts)?;
        if asks_enough(facts, least) {
            return None;
        }
        let why = match (facts.finite_request(), facts.listener.accept_queue.max) {
            (Some(asked), _) => format!("it asks for {asked} now"),
            (None, Some(has)) => format!("it has {has} now"),
            (None, None) => "what it asks for now is not known".to_owned(),
        };
        let why = match least {
            Some(least) => format!("{why}, and {} wants {least} at least", finding.rule.id),
            None => why,
        };
        let number = backlogs.number(about);
        let filled = number.map(|number| number.to_string());
        let setting = setting(facts, filled.as_deref());
        Some(Self {
            netns: netns.name.clone(),
            who: facts.who().unwrap_or(NOBODY).to_owned(),
            setting,
            number,
            addresses: vec![facts.listener.address.clone()],
            why,
            verify: verify(facts.listener),
        })
    }
}

/// The setting to change, filled in, and where it belongs.
fn setting(facts: &ListenerFacts<'_>, number: Option<&str>) -> String {
    let Some(found) = facts.service else {
        let to = number
            .map(|number| format!(", to {number}"))
            .unwrap_or_default();
        return format!("the backlog that the program passes to listen(){to}");
    };
    let setting = &found.asker.setting;
    let Some(example) = &setting.example else {
        return format!("{NONE}{}", setting.place);
    };
    let line = example.replace("{}", number.unwrap_or("NUMBER"));
    let written = facts
        .requested
        .as_ref()
        .filter(|asked| asked.source == Source::Config);
    match written.and_then(|asked| asked.place.as_deref()) {
        Some(place) => format!("`{line}` where the number is now, {place}"),
        None => format!("`{line}`, {}", setting.place),
    }
}

/// A program of which nothing is known but that it listens.
const NOBODY: &str = "the program that listens";

impl RelistenStep {
    /// The step of a finding; `anew`: another of its steps makes the namespace's container again.
    pub(super) fn of(
        finding: &Finding,
        about: &About,
        facts: &Facts<'_>,
        anew: bool,
    ) -> Option<Self> {
        let netns = about.netns_in(facts)?.namespace;
        let facts = about.listener_in(facts)?;
        let changes_setting = changes_setting(finding, facts);
        if let Some(container) = restart::container(netns, facts.listener) {
            let mut step = Self::of_container(container, netns, facts);
            if anew && restart::shares(netns, facts.listener) {
                step.command = None;
                step.words = restart::words_after(container, netns);
            }
            return Some(step);
        }
        let who = facts.who().unwrap_or(NOBODY).to_owned();
        let step = step(facts, changes_setting);
        let verb = if step == Step::Reload {
            "reload"
        } else {
            "restart"
        };
        let activated = facts.service.is_some_and(|found| found.activated);
        let command = match (netns.nested, activated) {
            (true, _) => None,
            (false, true) => socket::command(facts),
            (false, false) => {
                system_service(facts.listener).map(|unit| format!("systemctl {verb} {unit}"))
            }
        };
        let pid = services::speaker(&facts.listener.owners).and_then(|owner| owner.pid);
        let words = match (&command, pid) {
            (Some(command), _) => command.clone(),
            _ if activated => socket::words(facts, &who),
            // Of a pre-fork server that is not seen whole, the known process may be a worker.
            (None, Some(pid)) if facts.listener.owners_complete => {
                format!("{verb} {who} (pid {pid})")
            }
            (None, Some(pid)) => format!("{verb} {who} (seen as pid {pid})"),
            _ => format!("{verb} {who}"),
        };
        let applies = applies(facts, step);
        let address = facts.listener.address.clone();
        Some(Self {
            netns: netns.name.clone(),
            unit: facts.listener.unit.clone(),
            container: facts.listener.container.clone(),
            command,
            words,
            why: format!("a queue gets its size at listen(), so it takes {applies}"),
            addresses: vec![address],
            verify: verify(facts.listener),
            who,
        })
    }
}

impl RelistenStep {
    fn of_container(container: &Container, netns: &Namespace, facts: &ListenerFacts<'_>) -> Self {
        let who = facts.who().unwrap_or(NOBODY).to_owned();
        let command = restart::command(container).filter(|_| !netns.nested);
        let words = match &command {
            Some(command) => command.clone(),
            None if netns.nested => restart::words_inside(container, &who),
            None => restart::words(container, &who),
        };
        let new = "a container that starts gets the sysctls that it was created with";
        let why = match netns.is_host() || netns.nested {
            true => String::new(),
            false => format!("; {new}"),
        };
        Self {
            netns: netns.name.clone(),
            unit: facts.listener.unit.clone(),
            container: facts.listener.container.clone(),
            command,
            words,
            why: format!("a queue gets its size at listen(), so it takes a restart{why}"),
            addresses: vec![facts.listener.address.clone()],
            verify: verify(facts.listener),
            who,
        }
    }
}

/// Whether the service's own number is another when it listens again: a step changes it, or somebody
/// did since the service started.
fn changes_setting(finding: &Finding, facts: &ListenerFacts<'_>) -> bool {
    let not_applied = facts.requested.as_ref().is_some_and(|asked| !asked.applied);
    finding
        .remediation
        .iter()
        .any(|remediation| match remediation {
            Remediation::Service { least } => not_applied || !asks_enough(facts, *least),
            _ => false,
        })
}

/// What makes the service listen again: less may be enough where its own number changed.
fn step(facts: &ListenerFacts<'_>, changes_setting: bool) -> Step {
    let Some(found) = facts.service else {
        return Step::Restart;
    };
    let applies = &found.asker.applies;
    match applies.setting {
        Some(step) if changes_setting => step,
        _ => applies.sysctl,
    }
}

/// That step in words, with what there is to know about it.
fn applies(facts: &ListenerFacts<'_>, step: Step) -> String {
    let note = facts
        .service
        .and_then(|found| found.asker.applies.note.as_ref());
    match note {
        Some(note) => format!("{step}; {note}"),
        None => step.to_string(),
    }
}

/// The command that shows a listener.
fn verify(listener: &Listener) -> String {
    match address::port(listener.protocol, &listener.address) {
        Some(port) => format!("backlint list --port {port}"),
        None => format!("backlint list --protocol {}", listener.protocol),
    }
}

/// The unit of a listener, if it is a service of the system's own manager and its name can stand in
/// a command as it is. A process may make control groups of any name below its own, so a service of
/// a user, of a container, or with an odd name is nothing to run a command on as root.
pub(super) fn system_service(listener: &Listener) -> Option<&str> {
    let unit = listener.unit.as_deref()?;
    if !is_unit(unit, ".service") {
        return None;
    }
    let above = listener
        .cgroup
        .as_deref()
        .and_then(|cgroup| cgroup.split_once(unit));
    let of_the_system = match (listener.cgroup.as_deref(), above) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(_), Some((above, _))) => above
            .split('/')
            .all(|part| part.is_empty() || part.ends_with(".slice")),
    };
    of_the_system.then_some(unit)
}

/// Steps of many listeners, each different step once, in the order of the first.
#[derive(Debug)]
pub(super) struct Merged<T> {
    steps: Vec<T>,
    by_key: BTreeMap<Vec<String>, usize>,
    addresses: BTreeSet<(usize, String)>,
}

impl<T> Default for Merged<T> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            by_key: BTreeMap::new(),
            addresses: BTreeSet::new(),
        }
    }
}

impl<T: Mergeable + Clone> Merged<T> {
    pub(super) fn add(&mut self, step: &T) {
        let next = self.steps.len();
        let index = *self.by_key.entry(step.key()).or_insert(next);
        if index == next {
            let mut first = step.clone();
            first.addresses().clear();
            self.steps.push(first);
        }
        let mut step = step.clone();
        for address in step.addresses().drain(..) {
            if self.addresses.insert((index, address.clone())) {
                self.steps[index].addresses().push(address);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<T> {
        self.steps
    }
}

/// A step that several listeners may share.
pub(super) trait Mergeable {
    /// What makes two steps the same.
    fn key(&self) -> Vec<String>;
    /// The listeners that it is about.
    fn addresses(&mut self) -> &mut Vec<String>;
}

impl Mergeable for ServiceStep {
    fn key(&self) -> Vec<String> {
        vec![self.netns.clone(), self.who.clone(), self.setting.clone()]
    }

    fn addresses(&mut self) -> &mut Vec<String> {
        &mut self.addresses
    }
}

impl Mergeable for RelistenStep {
    fn key(&self) -> Vec<String> {
        vec![self.netns.clone(), self.words.clone()]
    }

    fn addresses(&mut self) -> &mut Vec<String> {
        &mut self.addresses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Protocol;

    #[test]
    fn only_services_of_the_system_become_commands() {
        let unit = |unit: &str, cgroup: Option<&str>| {
            let mut listener = Listener::new(Protocol::Tcp, "0.0.0.0:80");
            listener.unit = Some(unit.to_owned());
            listener.cgroup = cgroup.map(str::to_owned);
            system_service(&listener).is_some()
        };
        assert!(unit("nginx.service", Some("/system.slice/nginx.service")));
        assert!(unit(
            "nginx.service",
            Some("/system.slice/nginx.service/workers")
        ));
        assert!(unit("getty@tty1.service", None));
        assert!(!unit(
            "x; touch y;.service",
            Some("/system.slice/x; touch y;.service")
        ));
        assert!(!unit("--now.service", None));
        assert!(!unit(
            "session-3.scope",
            Some("/user.slice/session-3.scope")
        ));
        let of_a_user = "/user.slice/user-7.slice/user@7.service/app.slice/nginx.service";
        assert!(!unit("nginx.service", Some(of_a_user)));
        let of_a_container = "/machine.slice/web.service/payload/system.slice/nginx.service";
        assert!(!unit("nginx.service", Some(of_a_container)));
    }
}
