//! A report in JSON, `backlint/report/v1`, as `audit --format json` writes it. Fields that are not needed
//! here, and those that were added since, are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::side::{Blind, Form, Place, Queue, Seen, Side, requested};
use crate::assess::Confidence;
use crate::rules::Severity;
use crate::snapshot::Gap;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::nearest::nearest;
use crate::text::schema;

/// The schema line of a report.
const SCHEMA: &str = "backlint/report/v1";
/// The same without its number.
const FORMAT: &str = "backlint/report/v";

#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// Whether a text is a report, or a list of them, and no record.
pub fn is_report(name: &str, text: &str) -> bool {
    let document = Document::new(name, text);
    // A record may be long, and is read but once.
    if !document.begins_with(FORMAT) {
        return false;
    }
    let head = document.read::<Head>();
    text.trim_start().starts_with('[') || head.is_ok_and(|head| head.schema.starts_with(FORMAT))
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    host: Host,
    findings: Vec<Finding>,
    #[serde(default)]
    namespaces: Vec<Namespace>,
    #[serde(default)]
    listeners: Vec<Listener>,
    #[serde(default)]
    not_evaluated: Vec<NotEvaluated>,
    #[serde(default)]
    not_asked: Vec<String>,
    #[serde(default)]
    gaps: Vec<Gap>,
}

#[derive(Deserialize)]
struct NotEvaluated {
    rule: String,
    netns: Option<String>,
}

#[derive(Default, Deserialize)]
struct Host {
    name: Option<String>,
    kernel: Option<String>,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    #[serde(default)]
    name: String,
    severity: Severity,
    confidence: String,
    message: String,
    #[serde(default)]
    subject: Subject,
    #[serde(default)]
    evidence: BTreeMap<String, Json>,
    fingerprint: String,
}

#[derive(Default, Deserialize)]
struct Subject {
    #[serde(default)]
    namespaces: Vec<String>,
    protocol: Option<String>,
    address: Option<String>,
    service: Option<String>,
}

#[derive(Deserialize)]
struct Namespace {
    name: String,
    workload: Option<String>,
    #[serde(default)]
    sysctls: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
struct Listener {
    netns: Netns,
    protocol: String,
    address: String,
    #[serde(default)]
    accept_queue: AcceptQueue,
    drops: Option<u32>,
    inode: Option<u64>,
    service: Option<String>,
    requested: Option<Requested>,
    limited_by: Option<String>,
}

#[derive(Deserialize)]
struct Netns {
    name: String,
}

#[derive(Default, Deserialize)]
struct AcceptQueue {
    max: Option<u32>,
}

#[derive(Deserialize)]
struct Requested {
    backlog: Option<i64>,
    #[serde(rename = "where")]
    place: Option<String>,
    applied: Option<bool>,
}

impl Side {
    /// The side of a report.
    ///
    /// # Errors
    /// One diagnostic: it is no report, one of another version, or several.
    pub fn of_report(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let document = Document::new(name, text);
        if text.trim_start().starts_with('[') {
            let fault = document.at(&[], "these are several reports, and one is compared");
            return Err(fault.with_help("judge one source at a time, with `--format json` each"));
        }
        let head: Head = document.read()?;
        if head.schema != SCHEMA {
            let newer = schema::version(&head.schema, FORMAT).is_some_and(|it| it > 1);
            let help = match newer {
                true => format!(
                    "this is backlint {}; it takes a newer one",
                    env!("CARGO_PKG_VERSION")
                ),
                false => format!("a report has the schema `{SCHEMA}`"),
            };
            let message = format!("schema `{}` is not known", head.schema);
            return Err(document.at(&["schema".into()], message).with_help(help));
        }
        let report: Report = document.read().map_err(|fault| match fault.help {
            None => fault.with_help("write a report with `backlint --format json`"),
            Some(_) => fault,
        })?;
        let mut findings = Vec::with_capacity(report.findings.len());
        for (n, finding) in report.findings.into_iter().enumerate() {
            let confidence = confidence(&finding.confidence).ok_or_else(|| {
                let path = ["findings".into(), n.into(), "confidence".into()];
                let names = Confidence::ALL.map(Confidence::name);
                let near = nearest(&finding.confidence, names).unwrap_or("certain");
                let message = format!("`{}` is not a confidence", finding.confidence);
                document
                    .at(&path, message)
                    .with_help(format!("did you mean `{near}`?"))
            })?;
            findings.push(finding.seen(confidence));
        }
        let skipped = report.not_evaluated.into_iter().map(|it| Blind {
            rule: it.rule,
            netns: it.netns,
        });
        let not_asked = report.not_asked.into_iter();
        let not_asked = not_asked.map(|rule| Blind { rule, netns: None });
        Ok(Self {
            name: name.to_owned(),
            form: Form::Report,
            host: report.host.name,
            kernel: report.host.kernel,
            findings,
            namespaces: places(report.namespaces, report.listeners),
            blind: skipped.chain(not_asked).collect(),
            gaps: report.gaps.iter().map(ToString::to_string).collect(),
        })
    }
}

fn confidence(name: &str) -> Option<Confidence> {
    Confidence::ALL.into_iter().find(|it| it.name() == name)
}

impl Finding {
    fn seen(self, confidence: Confidence) -> Seen {
        Seen {
            fingerprint: self.fingerprint,
            rule: self.rule,
            rule_name: self.name,
            severity: self.severity,
            confidence,
            message: self.message,
            netns: self.subject.namespaces,
            listener: self.subject.protocol.zip(self.subject.address),
            service: self.subject.service,
            evidence: scalars(self.evidence),
        }
    }
}

fn scalars(all: BTreeMap<String, Json>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    all.into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect()
}

fn places(namespaces: Vec<Namespace>, listeners: Vec<Listener>) -> Vec<Place> {
    let mut places: Vec<Place> = namespaces
        .into_iter()
        .map(|it| Place {
            stable_name: it.workload.unwrap_or_else(|| it.name.clone()),
            name: it.name,
            sysctls: scalars(it.sysctls),
            counters: BTreeMap::new(),
            listeners: Vec::new(),
        })
        .collect();
    let known: BTreeMap<String, usize> = places
        .iter()
        .enumerate()
        .map(|(n, place)| (place.name.clone(), n))
        .collect();
    for listener in listeners {
        let place = known
            .get(&listener.netns.name)
            .and_then(|n| places.get_mut(*n));
        if let Some(place) = place {
            place.listeners.push(listener.queue());
        }
    }
    places
}

impl Listener {
    fn queue(self) -> Queue {
        let asked =
            |it: Requested| requested(it.backlog, it.place.as_deref(), it.applied.unwrap_or(true));
        Queue {
            protocol: self.protocol,
            address: self.address,
            service: self.service,
            max: self.accept_queue.max,
            requested: self.requested.map(asked),
            limited_by: self.limited_by,
            drops: self.drops,
            inode: self.inode,
        }
    }
}
