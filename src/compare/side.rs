//! One side of a comparison: what a record with its judgement, or a report, says.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::{Confidence, Facts, LimitedBy, ListenerFacts, NetnsFacts};
use crate::rules::Severity;
use crate::rules::engine::Judgement;
use crate::rules::finding::Finding;
use crate::snapshot::Requested;

/// What a side was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A record, judged for the comparison.
    Snapshot,
    /// A report in JSON.
    Report,
}

/// One side.
#[derive(Debug, Clone)]
pub struct Side {
    /// The file as the user named it.
    pub name: String,
    /// What it was made of.
    pub form: Form,
    /// Node name.
    pub host: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Worst first.
    pub findings: Vec<Seen>,
    /// In the order of the file.
    pub namespaces: Vec<Place>,
    /// Rules that did not see all subjects.
    pub blind: Vec<Blind>,
    /// What could not be read.
    pub gaps: BTreeSet<String>,
}

/// A rule that did not see all subjects, so that nothing follows from what it did not find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// Id of the rule.
    pub rule: String,
    /// Name of the namespace. `None`: the host, or all of them.
    pub netns: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What stays across restarts and hosts.
    pub fingerprint: String,
    /// Id of the rule.
    pub rule: String,
    /// Name of the rule.
    pub rule_name: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence.
    pub message: String,
    /// Names of the namespaces that it is about.
    pub netns: Vec<String>,
    /// Protocol and address of the listener that it is about.
    pub listener: Option<(String, String)>,
    /// Its service, where it is known.
    pub service: Option<String>,
    /// What the rule read.
    pub evidence: BTreeMap<String, String>,
}

/// A network namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Name, unique on the side.
    pub name: String,
    /// The name that stays when the namespace is made again; several may have it.
    pub stable_name: String,
    /// Values at run time.
    pub sysctls: BTreeMap<String, String>,
    /// Events since the namespace was made. A report has none.
    pub counters: BTreeMap<String, u64>,
    /// Listeners.
    pub listeners: Vec<Queue>,
}

/// A listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Name of the protocol.
    pub protocol: String,
    /// Address.
    pub address: String,
    /// Service, where it is known.
    pub service: Option<String>,
    /// Largest length of the accept queue, in connections.
    pub max: Option<u32>,
    /// What the program asked for, in words.
    pub requested: Option<String>,
    /// What holds the queue back.
    pub limited_by: Option<String>,
    /// Drops of the socket: a hint.
    pub drops: Option<u32>,
    /// Inode of the socket, by which one stays itself between two looks.
    pub inode: Option<u64>,
}

impl Side {
    /// The side of a record that was judged.
    pub fn of_record(name: &str, facts: &Facts<'_>, judgement: &Judgement) -> Self {
        let host = &facts.snapshot.host;
        let skipped = judgement.not_evaluated.iter().map(|skipped| Blind {
            rule: skipped.rule.id.clone(),
            netns: skipped.netns.clone(),
        });
        let not_asked = judgement.not_asked.iter().map(|rule| Blind {
            rule: rule.id.clone(),
            netns: None,
        });
        Self {
            name: name.to_owned(),
            form: Form::Snapshot,
            host: host.name.clone(),
            kernel: host.kernel.clone(),
            findings: judgement.findings.iter().map(Seen::of).collect(),
            namespaces: facts.namespaces.iter().map(Place::of).collect(),
            blind: skipped.chain(not_asked).collect(),
            gaps: facts
                .snapshot
                .gaps
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

impl Seen {
    fn of(finding: &Finding) -> Self {
        let evidence = finding.evidence.iter();
        let listener = finding.about.listener.as_ref();
        Self {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.id.clone(),
            rule_name: finding.rule.name.clone(),
            severity: finding.rule.severity,
            confidence: finding.confidence,
            message: finding.message.clone(),
            netns: finding
                .abouts()
                .filter_map(|about| about.netns.clone())
                .collect(),
            listener: listener.map(|it| (it.protocol.name().to_owned(), it.address.clone())),
            service: listener.and_then(|it| it.service.clone()),
            evidence: evidence
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        }
    }
}

impl Place {
    fn of(facts: &NetnsFacts<'_>) -> Self {
        let netns = facts.namespace;
        let sysctls = netns.sysctls.iter();
        Self {
            name: netns.name.clone(),
            stable_name: netns.stable_name().to_owned(),
            sysctls: sysctls
                .map(|(key, value)| (key.clone(), value.to_string()))
                .collect(),
            counters: netns.counters.clone(),
            listeners: facts.listeners.iter().map(Queue::of).collect(),
        }
    }
}

impl Queue {
    fn of(facts: &ListenerFacts<'_>) -> Self {
        let listener = facts.listener;
        let asked = |it: &Requested| requested(it.backlog, it.place.as_deref(), it.applied);
        Self {
            protocol: listener.protocol.name().to_owned(),
            address: listener.address.clone(),
            service: facts.service_name().map(str::to_owned),
            max: listener.accept_queue.max,
            requested: facts.requested.as_ref().map(asked),
            limited_by: facts.limited_by.map(LimitedBy::name).map(str::to_owned),
            drops: listener.drops,
            inode: listener.inode,
        }
    }
}

/// `511 (/etc/nginx/nginx.conf:12)`; `None` is a program that asks for as much as there is.
pub(super) fn requested(backlog: Option<i64>, place: Option<&str>, applied: bool) -> String {
    let number = backlog.map_or_else(|| "as much as there is".to_owned(), |it| it.to_string());
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let pending = if applied { "" } else { ", not yet applied" };
    format!("{number}{place}{pending}")
}
