//! Version 1. The structures are written for people who read JSON: internal types never appear.

use serde::Serialize;

use crate::advise::{RelistenStep, ServiceStep, Step, SysctlStep};
use crate::assess::{Facts, ListenerFacts, NetnsFacts};
use crate::rules::vocabulary::Value;
use crate::rules::{Severity, engine, finding};
use crate::{report, snapshot};

/// `backlint/list/v1`.
#[derive(Serialize)]
pub struct List<'a> {
    schema: &'static str,
    listeners: Vec<Listener<'a>>,
    gaps: Vec<Gap<'a>>,
}

impl<'a> List<'a> {
    /// The listeners that `keep` names by namespace and index.
    pub fn new(facts: &'a Facts<'a>, keep: &[(usize, usize)]) -> Self {
        let listener = |&(netns, index): &(usize, usize)| {
            let netns = facts.namespaces.get(netns)?;
            Some(Listener::new(netns, netns.listeners.get(index)?))
        };
        Self {
            schema: "backlint/list/v1",
            listeners: keep.iter().filter_map(listener).collect(),
            gaps: facts.snapshot.gaps.iter().map(Gap::new).collect(),
        }
    }
}

/// `backlint/report/v1`.
#[derive(Serialize)]
pub struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    source: Option<&'a str>,
    host: Host<'a>,
    summary: Summary,
    findings: Vec<Finding<'a>>,
    not_evaluated: Vec<NotEvaluated<'a>>,
    listeners: Vec<Listener<'a>>,
    gaps: Vec<Gap<'a>>,
    plan: Vec<PlanStep<'a>>,
    conflicts: &'a [String],
}

impl<'a> Report<'a> {
    /// The report in version 1.
    pub fn new(report: &'a report::Report<'a>) -> Self {
        let facts = report.facts;
        let findings = report
            .judgement
            .findings
            .iter()
            .zip(&report.advice.by_finding);
        let listeners = facts.namespaces.iter().flat_map(|netns| {
            netns
                .listeners
                .iter()
                .map(move |listener| Listener::new(netns, listener))
        });
        Self {
            schema: "backlint/report/v1",
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            source: report.source,
            host: Host::new(&facts.snapshot.host),
            summary: Summary::new(report),
            findings: findings
                .map(|(finding, steps)| Finding::new(finding, steps))
                .collect(),
            not_evaluated: report
                .judgement
                .not_evaluated
                .iter()
                .map(NotEvaluated::new)
                .collect(),
            listeners: listeners.collect(),
            gaps: report.gaps().iter().map(Gap::new).collect(),
            plan: report.advice.plan.iter().map(PlanStep::new).collect(),
            conflicts: &report.advice.conflicts,
        }
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Host<'a> {
    name: Option<&'a str>,
    kernel: Option<&'a str>,
    os: Option<String>,
}

impl<'a> Host<'a> {
    fn new(host: &'a snapshot::Host) -> Self {
        let os = host.os.as_ref().map(|os| match &os.version {
            Some(version) => format!("{} {version}", os.id),
            None => os.id.clone(),
        });
        Self {
            name: host.name.as_deref(),
            kernel: host.kernel.as_deref(),
            os,
        }
    }
}

#[derive(Serialize)]
struct Summary {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
    waived: usize,
}

impl Summary {
    fn new(report: &report::Report<'_>) -> Self {
        Self {
            critical: report.count(Severity::Critical),
            high: report.count(Severity::High),
            medium: report.count(Severity::Medium),
            low: report.count(Severity::Low),
            info: report.count(Severity::Info),
            waived: 0,
        }
    }
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    name: &'a str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    subject: Subject<'a>,
    evidence: Evidence<'a>,
    remediation: Vec<Remediation<'a>>,
    fingerprint: &'a str,
}

impl<'a> Finding<'a> {
    fn new(finding: &'a finding::Finding, steps: &'a [Step]) -> Self {
        Self {
            rule: &finding.rule.id,
            name: &finding.rule.name,
            severity: finding.rule.severity.name(),
            confidence: finding.confidence.name(),
            message: &finding.message,
            subject: Subject::new(&finding.about),
            evidence: Evidence(&finding.evidence),
            remediation: steps.iter().map(Remediation::new).collect(),
            fingerprint: &finding.fingerprint,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Subject<'a> {
    Host,
    Netns {
        netns: Option<&'a str>,
    },
    Listener {
        netns: Option<&'a str>,
        protocol: &'static str,
        address: &'a str,
        service: Option<&'a str>,
    },
}

impl<'a> Subject<'a> {
    fn new(about: &'a finding::About) -> Self {
        let netns = about.netns.as_deref();
        match &about.listener {
            Some(listener) => Self::Listener {
                netns,
                protocol: listener.protocol.name(),
                address: &listener.address,
                service: listener.service.as_deref(),
            },
            None if netns.is_some() => Self::Netns { netns },
            None => Self::Host,
        }
    }
}

struct Evidence<'a>(&'a std::collections::BTreeMap<String, Value<'static>>);

impl Serialize for Evidence<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|(name, value)| (name, Scalar::new(value))),
        )
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Scalar<'a> {
    Int(i64),
    Text(&'a str),
    Bool(bool),
}

impl<'a> Scalar<'a> {
    fn new(value: &'a Value<'static>) -> Self {
        match value {
            Value::Int(value) => Self::Int(*value),
            Value::Text(value) => Self::Text(value),
            Value::Bool(value) => Self::Bool(*value),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Remediation<'a> {
    Sysctl {
        netns: &'a str,
        key: &'a str,
        value: &'a str,
    },
    Service {
        setting: &'a str,
        why: &'a str,
    },
    Relisten {
        command: &'a str,
        why: &'a str,
    },
}

impl<'a> Remediation<'a> {
    fn new(step: &'a Step) -> Self {
        match step {
            Step::Sysctl(SysctlStep {
                netns, key, value, ..
            }) => Self::Sysctl { netns, key, value },
            Step::Service(ServiceStep { setting, why, .. }) => Self::Service { setting, why },
            Step::Relisten(RelistenStep { command, why, .. }) => Self::Relisten { command, why },
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum PlanStep<'a> {
    Sysctl {
        netns: &'a str,
        key: &'a str,
        from: Option<&'a str>,
        value: &'a str,
        reasons: &'a [String],
        verify: String,
    },
    Service {
        netns: &'a str,
        service: &'a str,
        setting: &'a str,
        addresses: &'a [String],
        why: &'a str,
    },
    Relisten {
        netns: &'a str,
        service: &'a str,
        unit: Option<&'a str>,
        command: &'a str,
        addresses: &'a [String],
        why: &'a str,
        verify: &'a str,
    },
}

impl<'a> PlanStep<'a> {
    fn new(step: &'a Step) -> Self {
        match step {
            Step::Sysctl(step) => Self::Sysctl {
                netns: &step.netns,
                key: &step.key,
                from: step.from.as_deref(),
                value: &step.value,
                reasons: &step.reasons,
                verify: step.verify(),
            },
            Step::Service(step) => Self::Service {
                netns: &step.netns,
                service: &step.who,
                setting: &step.setting,
                addresses: &step.addresses,
                why: &step.why,
            },
            Step::Relisten(step) => Self::Relisten {
                netns: &step.netns,
                service: &step.who,
                unit: step.unit.as_deref(),
                command: &step.command,
                addresses: &step.addresses,
                why: &step.why,
                verify: &step.verify,
            },
        }
    }
}

#[derive(Serialize)]
struct NotEvaluated<'a> {
    rule: &'a str,
    name: &'a str,
    netns: Option<&'a str>,
    subjects: usize,
    missing: Vec<&'a str>,
    fault: Option<&'a str>,
}

impl<'a> NotEvaluated<'a> {
    fn new(skipped: &'a engine::NotEvaluated) -> Self {
        Self {
            rule: &skipped.rule.id,
            name: &skipped.rule.name,
            netns: skipped.netns.as_deref(),
            subjects: skipped.subjects,
            missing: skipped.missing.iter().map(String::as_str).collect(),
            fault: skipped.fault.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Gap<'a> {
    what: &'a str,
    why: &'a str,
    blinds: &'a str,
}

impl<'a> Gap<'a> {
    fn new(gap: &'a snapshot::Gap) -> Self {
        Self {
            what: &gap.what,
            why: &gap.why,
            blinds: &gap.blinds,
        }
    }
}

#[derive(Serialize)]
struct Listener<'a> {
    netns: Netns<'a>,
    protocol: &'static str,
    address: &'a str,
    accept_queue: AcceptQueue,
    syn_queue: SynQueue,
    drops: Option<u32>,
    inode: Option<u64>,
    uid: Option<u32>,
    owners: Vec<Owner<'a>>,
    owners_complete: bool,
    cgroup: Option<&'a str>,
    unit: Option<&'a str>,
    container: Option<&'a str>,
    service: Option<&'a str>,
    requested: Option<Requested<'a>>,
    limited_by: Option<&'static str>,
    confidence: Option<&'static str>,
}

impl<'a> Listener<'a> {
    fn new(netns: &'a NetnsFacts<'a>, facts: &'a ListenerFacts<'a>) -> Self {
        let listener = facts.listener;
        Self {
            netns: Netns {
                id: netns.namespace.id,
                name: &netns.namespace.name,
            },
            protocol: listener.protocol.name(),
            address: &listener.address,
            accept_queue: AcceptQueue {
                len: listener.accept_queue.len,
                max: listener.accept_queue.max,
                capacity: facts.capacity(),
            },
            syn_queue: SynQueue {
                len: listener.syn_queue.len,
            },
            drops: listener.drops,
            inode: listener.inode,
            uid: listener.uid,
            owners: listener.owners.iter().map(Owner::new).collect(),
            owners_complete: listener.owners_complete,
            cgroup: listener.cgroup.as_deref(),
            unit: listener.unit.as_deref(),
            container: listener.container.as_deref(),
            service: facts.service_name(),
            requested: facts.requested.as_ref().map(|requested| Requested {
                backlog: requested.backlog,
                source: requested.source.name(),
                place: requested.place.as_deref(),
            }),
            limited_by: facts.limited_by.map(|limit| limit.name()),
            confidence: facts.limited_by.map(|_| facts.confidence.name()),
        }
    }
}

#[derive(Serialize)]
struct Netns<'a> {
    id: Option<u64>,
    name: &'a str,
}

#[derive(Serialize)]
struct AcceptQueue {
    len: Option<u32>,
    max: Option<u32>,
    capacity: Option<u64>,
}

#[derive(Serialize)]
struct SynQueue {
    len: Option<u32>,
}

#[derive(Serialize)]
struct Owner<'a> {
    pid: Option<u32>,
    comm: Option<&'a str>,
    exe: Option<&'a str>,
    fd: Option<u32>,
}

impl<'a> Owner<'a> {
    fn new(owner: &'a snapshot::Owner) -> Self {
        Self {
            pid: owner.pid,
            comm: owner.comm.as_deref(),
            exe: owner.exe.as_deref(),
            fd: owner.fd,
        }
    }
}

#[derive(Serialize)]
struct Requested<'a> {
    backlog: Option<i64>,
    source: &'static str,
    #[serde(rename = "where")]
    place: Option<&'a str>,
}
