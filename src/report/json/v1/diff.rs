//! `backlint/diff/v1`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::{self, Change, Changes, Form, Growth, Queue, Seen, Side};

/// What is different, in version 1.
#[derive(Serialize)]
pub struct Diff<'a> {
    schema: &'static str,
    old: Source<'a>,
    new: Source<'a>,
    findings: Findings<'a>,
    namespaces: Namespaces<'a>,
    listeners: Listeners<'a>,
    sysctls: Vec<Sysctl<'a>>,
    counters: Vec<Counter<'a>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Source<'a> {
    source: &'a str,
    form: &'static str,
    host: Option<&'a str>,
    kernel: Option<&'a str>,
}

#[derive(Serialize)]
struct Findings<'a> {
    new: Vec<Finding<'a>>,
    changed: Vec<Changed<'a>>,
    fixed: Vec<Finding<'a>>,
    /// Not there, where not all could be seen: neither fixed nor failing.
    no_longer_known: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    name: &'a str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    namespaces: &'a [String],
    evidence: &'a BTreeMap<String, String>,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    changes: Vec<OldAndNew<'a>>,
}

#[derive(Serialize)]
struct OldAndNew<'a> {
    what: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

#[derive(Serialize)]
struct Namespaces<'a> {
    came: Vec<Instances<'a>>,
    went: Vec<Instances<'a>>,
}

#[derive(Serialize)]
struct Instances<'a> {
    name: &'a str,
    instances: usize,
}

#[derive(Serialize)]
struct Listeners<'a> {
    came: Vec<Listener<'a>>,
    went: Vec<Listener<'a>>,
    changed: Vec<ChangedListener<'a>>,
}

#[derive(Serialize)]
struct Listener<'a> {
    netns: &'a str,
    protocol: &'a str,
    address: &'a str,
    service: Option<&'a str>,
    #[serde(flatten)]
    state: State<'a>,
}

#[derive(Serialize)]
struct ChangedListener<'a> {
    netns: &'a str,
    protocol: &'a str,
    address: &'a str,
    service: Option<&'a str>,
    old: State<'a>,
    new: State<'a>,
    drops_growth: Option<u64>,
}

#[derive(Serialize)]
struct State<'a> {
    max: Option<u32>,
    requested: Option<&'a str>,
    limited_by: Option<&'a str>,
    drops: Option<u32>,
}

#[derive(Serialize)]
struct Sysctl<'a> {
    netns: &'a str,
    key: &'a str,
    old: &'a str,
    new: &'a str,
}

#[derive(Serialize)]
struct Counter<'a> {
    netns: &'a str,
    name: &'a str,
    old: u64,
    new: u64,
    /// `null`: it began again at 0.
    growth: Option<u64>,
}

impl<'a> Diff<'a> {
    /// The difference in version 1.
    pub fn new(changes: &'a Changes<'a>) -> Self {
        let instances = |all: &'a [(&'a str, usize)]| {
            let all = all.iter().map(|(name, number)| Instances {
                name,
                instances: *number,
            });
            all.collect()
        };
        let findings = |all: &[&'a Seen]| all.iter().map(|it| Finding::new(it)).collect();
        let sysctl = |it: &compare::SysctlChange<'a>| Sysctl {
            netns: it.netns,
            key: it.key,
            old: it.old,
            new: it.new,
        };
        let counter = |it: &compare::CounterChange<'a>| Counter {
            netns: it.netns,
            name: it.name,
            old: it.old,
            new: it.new,
            growth: number(Growth::between(it.old, it.new)),
        };
        Self {
            schema: "backlint/diff/v1",
            old: Source::new(changes.old),
            new: Source::new(changes.new),
            findings: Findings {
                new: findings(&changes.appeared),
                changed: changes.changed.iter().map(Changed::new).collect(),
                fixed: findings(&changes.fixed),
                no_longer_known: findings(&changes.unknown),
            },
            namespaces: Namespaces {
                came: instances(&changes.came),
                went: instances(&changes.went),
            },
            listeners: Listeners::new(changes),
            sysctls: changes.sysctls.iter().map(sysctl).collect(),
            counters: changes.counters.iter().map(counter).collect(),
            notes: changes.notes(),
        }
    }
}

fn number(growth: Growth) -> Option<u64> {
    match growth {
        Growth::By(more) => Some(more),
        Growth::BeganAgain => None,
    }
}

impl<'a> Source<'a> {
    fn new(side: &'a Side) -> Self {
        Self {
            source: &side.name,
            form: match side.form {
                Form::Snapshot => "snapshot",
                Form::Report => "report",
            },
            host: side.host.as_deref(),
            kernel: side.kernel.as_deref(),
        }
    }
}

impl<'a> Finding<'a> {
    fn new(finding: &'a Seen) -> Self {
        Self {
            rule: &finding.rule,
            name: &finding.rule_name,
            severity: finding.severity.name(),
            confidence: finding.confidence.name(),
            message: &finding.message,
            namespaces: &finding.netns,
            evidence: &finding.evidence,
            fingerprint: &finding.fingerprint,
        }
    }
}

impl<'a> Changed<'a> {
    fn new(changed: &'a compare::ChangedFinding<'a>) -> Self {
        let change = |it: &Change<'a>| OldAndNew {
            what: it.what,
            old: it.old,
            new: it.new,
        };
        Self {
            finding: Finding::new(changed.new),
            changes: changed.changes.iter().map(change).collect(),
        }
    }
}

impl<'a> Listeners<'a> {
    fn new(changes: &Changes<'a>) -> Self {
        let mut all = Self {
            came: Vec::new(),
            went: Vec::new(),
            changed: Vec::new(),
        };
        for change in &changes.listeners {
            match (change.old, change.new) {
                (Some(old), Some(new)) => all.changed.push(ChangedListener {
                    netns: change.netns,
                    protocol: &new.protocol,
                    address: &new.address,
                    service: new.service.as_deref(),
                    old: State::new(old),
                    new: State::new(new),
                    drops_growth: change.drops().and_then(number),
                }),
                (None, Some(new)) => all.came.push(Listener::new(change.netns, new)),
                (Some(old), None) => all.went.push(Listener::new(change.netns, old)),
                (None, None) => {}
            }
        }
        all
    }
}

impl<'a> Listener<'a> {
    fn new(netns: &'a str, queue: &'a Queue) -> Self {
        Self {
            netns,
            protocol: &queue.protocol,
            address: &queue.address,
            service: queue.service.as_deref(),
            state: State::new(queue),
        }
    }
}

impl<'a> State<'a> {
    fn new(queue: &'a Queue) -> Self {
        Self {
            max: queue.max,
            requested: queue.requested.as_deref(),
            limited_by: queue.limited_by.as_deref(),
            drops: queue.drops,
        }
    }
}
