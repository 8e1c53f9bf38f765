//! What people accepted, in version 1: waived findings, waivers that are over, and the entry that would
//! waive a finding.

use serde::Serialize;

use super::finding::Finding;
use crate::assess::Facts;
use crate::gate::{self, waivers};
use crate::report;
use crate::rules::finding;

/// A finding and the waiver that fits it.
#[derive(Serialize)]
pub(super) struct Waived<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    waiver: Waiver<'a>,
}

impl<'a> Waived<'a> {
    pub(super) fn all(report: &'a report::Report<'a>) -> Vec<Self> {
        let waived = report.gated.waived.iter();
        waived
            .map(|waived| Self {
                finding: Finding::new(&waived.finding, &[], report),
                waiver: Waiver::new(&waived.waiver),
            })
            .collect()
    }
}

#[derive(Serialize)]
struct Waiver<'a> {
    reason: &'a str,
    owner: Option<&'a str>,
    expires: Option<&'a str>,
    file: &'a str,
    line: usize,
}

impl<'a> Waiver<'a> {
    fn new(waiver: &'a gate::Waiver) -> Self {
        Self {
            reason: &waiver.reason,
            owner: waiver.owner.as_deref(),
            expires: waiver.expires.as_deref(),
            file: &waiver.place.0,
            line: waiver.place.1,
        }
    }
}

/// A waiver that is over and still needed.
#[derive(Serialize)]
pub(super) struct Expired<'a> {
    rule: &'a str,
    subject: &'a str,
    findings: usize,
    #[serde(flatten)]
    waiver: Waiver<'a>,
}

impl<'a> Expired<'a> {
    pub(super) fn all(report: &'a report::Report<'a>) -> Vec<Self> {
        let expired = report.gated.expired.iter();
        expired
            .map(|expired| Self {
                rule: &expired.waiver.rule,
                subject: &expired.waiver.subject,
                findings: expired.findings,
                waiver: Waiver::new(&expired.waiver),
            })
            .collect()
    }
}

/// What a waiver of a finding says, all but the reason.
#[derive(Serialize)]
pub(super) struct Ready<'a> {
    rule: &'a str,
    subject: Fields<'a>,
}

impl<'a> Ready<'a> {
    pub(super) fn new(finding: &'a finding::Finding, facts: &Facts<'_>) -> Self {
        let ready = waivers::Ready::new(finding, facts);
        Self {
            rule: ready.rule,
            subject: Fields(ready),
        }
    }
}

struct Fields<'a>(waivers::Ready<'a>);

impl Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.subject.iter();
        serializer.collect_map(fields.map(|(field, pattern)| (field.name(), pattern)))
    }
}
