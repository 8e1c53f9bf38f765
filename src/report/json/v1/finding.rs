//! A finding: what was found, of what, on what it rests and how to mend it.

use serde::Serialize;

use super::gate::Ready;
use super::plan::Remediation;
use crate::advise::Step;
use crate::report;
use crate::rules::finding;
use crate::rules::vocabulary::Value;

/// The findings, each put into its form while it is written: a host may have thousands.
pub(super) struct Findings<'a>(pub(super) &'a report::Report<'a>);

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

#[derive(Serialize)]
pub(super) struct Finding<'a> {
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
    pub(super) fn new(
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
