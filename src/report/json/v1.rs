//! Version 1. The structures are written for people who read JSON: internal types never appear.

mod assumed;
pub mod authoring;
mod diff;
mod explain;
mod gate;
mod listener;
mod namespace;
mod plan;
mod queue;
mod why;

use serde::Serialize;

use self::assumed::Assumed;
pub use self::diff::Diff;
pub use self::explain::Explained;
use self::gate::{Expired, Ready, Waived};
use self::listener::Listener;
use self::namespace::Namespace;
use self::plan::{PlanStep, Remediation};
pub use self::queue::Queue;
pub use self::why::Why;
use crate::advise::Step;
use crate::assess::Facts;
use crate::rules::vocabulary::Value;
use crate::rules::{Severity, engine, finding};
use crate::{report, snapshot};

/// `backlint/list/v1`.
#[derive(Serialize)]
pub struct List<'a> {
    schema: &'static str,
    assumed: Option<Assumed<'a>>,
    listeners: Chosen<'a>,
    gaps: Vec<Gap<'a>>,
}

impl<'a> List<'a> {
    /// The listeners that `keep` names by namespace and index.
    pub fn new(facts: &'a Facts<'a>, keep: &'a [(usize, usize)]) -> Self {
        Self {
            schema: "backlint/list/v1",
            assumed: facts.assumed.map(Assumed::new),
            listeners: Chosen { facts, keep },
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
    assumed: Option<Assumed<'a>>,
    host: Host<'a>,
    summary: Summary,
    findings: Findings<'a>,
    waived: Vec<Waived<'a>>,
    expired_waivers: Vec<Expired<'a>>,
    not_evaluated: Vec<NotEvaluated<'a>>,
    not_asked: Vec<&'a str>,
    namespaces: Vec<Namespace<'a>>,
    listeners: Listeners<'a>,
    gaps: Vec<Gap<'a>>,
    plan: Vec<PlanStep<'a>>,
    notes: &'a [String],
}

impl<'a> Report<'a> {
    /// The report in version 1.
    pub fn new(report: &'a report::Report<'a>) -> Self {
        let facts = report.facts;
        Self {
            schema: "backlint/report/v1",
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            source: report.source,
            assumed: facts.assumed.map(Assumed::new),
            host: Host::new(&facts.snapshot.host),
            summary: Summary::new(report),
            findings: Findings(report),
            waived: Waived::all(report),
            expired_waivers: Expired::all(report),
            not_evaluated: report
                .gated
                .judgement
                .not_evaluated
                .iter()
                .map(NotEvaluated::new)
                .collect(),
            not_asked: report
                .gated
                .judgement
                .not_asked
                .iter()
                .map(|rule| rule.id.as_str())
                .collect(),
            namespaces: facts.namespaces.iter().map(Namespace::new).collect(),
            listeners: Listeners(facts),
            gaps: report.gaps().iter().map(Gap::new).collect(),
            plan: report
                .advice
                .plan
                .iter()
                .map(|step| PlanStep::new(step, facts))
                .collect(),
            notes: &report.advice.notes,
        }
    }
}

/// The findings, each put into its form while it is written: a host may have thousands.
struct Findings<'a>(&'a report::Report<'a>);

impl Serialize for Findings<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.findings().iter();
        serializer.collect_seq(
            findings
                .zip(&self.0.advice.by_finding)
                .map(|(finding, steps)| Finding::new(finding, steps, self.0)),
        )
    }
}

/// All listeners, as [`Findings`].
struct Listeners<'a>(&'a Facts<'a>);

impl Serialize for Listeners<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.namespaces.iter().flat_map(|netns| {
            netns
                .listeners
                .iter()
                .map(move |listener| Listener::new(netns, listener))
        }))
    }
}

/// Chosen listeners, as [`Findings`].
struct Chosen<'a> {
    facts: &'a Facts<'a>,
    keep: &'a [(usize, usize)],
}

impl Serialize for Chosen<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.keep.iter().filter_map(|(netns, index)| {
            let netns = self.facts.namespaces.get(*netns)?;
            Some(Listener::new(netns, netns.listeners.get(*index)?))
        }))
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
    known: usize,
    expired_waivers: usize,
    rules: usize,
    rules_known: usize,
}

impl Summary {
    fn new(report: &report::Report<'_>) -> Self {
        Self {
            critical: report.count(Severity::Critical),
            high: report.count(Severity::High),
            medium: report.count(Severity::Medium),
            low: report.count(Severity::Low),
            info: report.count(Severity::Info),
            waived: report.gated.waived.len(),
            known: report.gated.known(),
            expired_waivers: report.gated.expired.len(),
            rules: report.rules.len(),
            rules_known: report.rules.known(),
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
    explain: String,
    known: bool,
    waive: Ready<'a>,
}

impl<'a> Finding<'a> {
    fn new(
        finding: &'a finding::Finding,
        steps: &'a [Step],
        report: &'a report::Report<'a>,
    ) -> Self {
        Self {
            rule: &finding.rule.id,
            name: &finding.rule.name,
            severity: finding.rule.severity.name(),
            confidence: finding.confidence.name(),
            message: &finding.message,
            subject: Subject::new(finding),
            evidence: Evidence(&finding.evidence),
            remediation: steps.iter().map(Remediation::new).collect(),
            fingerprint: &finding.fingerprint,
            explain: finding.rule.explain(),
            known: report.gated.is_known(finding),
            waive: Ready::new(finding, report.facts),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Subject<'a> {
    Host,
    Netns {
        netns: Option<&'a str>,
        namespaces: Vec<&'a str>,
    },
    Listener {
        netns: Option<&'a str>,
        namespaces: Vec<&'a str>,
        protocol: &'static str,
        address: &'a str,
        service: Option<&'a str>,
    },
    Setting {
        netns: Option<&'a str>,
        namespaces: Vec<&'a str>,
        key: &'a str,
        file: Option<&'a str>,
        line: Option<usize>,
    },
}

impl<'a> Subject<'a> {
    fn new(finding: &'a finding::Finding) -> Self {
        let about = &finding.about;
        let netns = about.netns.as_deref();
        let all = finding.abouts();
        let namespaces = all.filter_map(|about| about.netns.as_deref()).collect();
        if let Some(finding::AboutSetting { key, place, .. }) = &about.setting {
            return Self::Setting {
                netns,
                namespaces,
                key,
                file: place.as_ref().map(|(file, _)| file.as_str()),
                line: place.as_ref().map(|(_, line)| *line),
            };
        }
        match &about.listener {
            Some(listener) => Self::Listener {
                netns,
                namespaces,
                protocol: listener.protocol.name(),
                address: &listener.address,
                service: listener.service.as_deref(),
            },
            None if netns.is_some() => Self::Netns { netns, namespaces },
            None => Self::Host,
        }
    }
}

/// What a rule read, as a map.
pub(in crate::report) struct Evidence<'a>(
    pub(in crate::report) &'a [(std::sync::Arc<str>, Value<'static>)],
);

impl Serialize for Evidence<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|(name, value)| (&**name, Scalar::new(value))),
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
    netns: Option<&'a str>,
    what: &'a str,
    why: &'a str,
    blinds: &'a str,
}

impl<'a> Gap<'a> {
    fn new(gap: &'a snapshot::Gap) -> Self {
        Self {
            netns: gap.netns.as_deref(),
            what: &gap.what,
            why: &gap.why,
            blinds: &gap.blinds,
        }
    }
}
