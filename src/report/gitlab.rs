//! GitLab's Code Quality report ("Code Quality report format", GitLab's documentation): a JSON list that a
//! merge request shows beside the lines. GitLab itself compares it with the target branch, so findings
//! that a baseline has are in it; waived ones are not. GitLab wants a path: a finding that has no
//! file stands in one named for what it is about.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::entry::{Entry, Standing, entries};
use super::location::{Base, Places, Spot};
use super::markdown::plain;
use super::{Format, Report, json};
use crate::gate::Gate;
use crate::rules::Severity;
use crate::text::hex;
use crate::text::untrusted::clean;

/// Reports as a Code Quality report.
#[derive(Debug, Clone)]
pub struct GitLab {
    /// What decides the exit status.
    pub gate: Gate,
    /// What paths are relative to.
    pub base: Base,
}

#[derive(Serialize)]
struct Violation<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'a str,
    description: String,
    content: Content,
    categories: [&'static str; 1],
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Content {
    body: String,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

impl Format for GitLab {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let mut seen = BTreeMap::new();
        let all = reports
            .iter()
            .flat_map(|report| entries(report, self.gate))
            .filter(|entry| !matches!(entry.standing, Standing::Waived(_)));
        let all: Vec<_> = all.map(|entry| self.violation(&entry, &mut seen)).collect();
        json::document(&all, out)
    }
}

impl GitLab {
    fn violation<'a>(
        &self,
        entry: &Entry<'a>,
        seen: &mut BTreeMap<String, usize>,
    ) -> Violation<'a> {
        let rule = entry.rule();
        let spot = Places::of(entry.finding, entry.report).first;
        let spot = spot.unwrap_or_else(|| Spot {
            file: entry.subject(),
            line: 1,
            column: None,
        });
        let details = entry.details().into_iter().map(|line| plain(&line));
        let path = clean(&self.base.path(&spot.file)).into_owned();
        Violation {
            kind: "issue",
            check_name: &rule.name,
            description: format!("{}: {}", rule.id, entry.message()),
            content: Content {
                // Markdown: a paragraph each.
                body: details.collect::<Vec<_>>().join("\n\n"),
            },
            categories: ["Performance"],
            fingerprint: unique(&path, &entry.finding.fingerprint, seen),
            severity: match rule.severity {
                Severity::Critical => "blocker",
                Severity::High => "critical",
                Severity::Medium => "major",
                Severity::Low => "minor",
                Severity::Info => "info",
            },
            location: Location {
                path,
                lines: Lines { begin: spot.line },
            },
        }
    }
}

/// GitLab takes entries of one fingerprint for one, but siblings (SO_REUSEPORT) and the same finding of
/// two hosts are several: the file and a number go in.
fn unique(path: &str, fingerprint: &str, seen: &mut BTreeMap<String, usize>) -> String {
    let key = format!("{path}\0{fingerprint}");
    let number = seen.entry(key.clone()).or_default();
    *number += 1;
    hex::digest(&format!("{key}\0{number}"))
}
