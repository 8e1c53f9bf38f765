//! SARIF 2.1.0, for GitHub code scanning and whatever else reads it.
//!
//! One run, whatever the number of sources: GitHub refuses a file with several runs of one tool. It has
//! no `automationDetails`, so that the `category` of GitHub's upload action holds. backlint is no security
//! tool, and rules carry no `security-severity`. What to do stands in words: a `fix` (§3.55) is an edit
//! of a file of the repository, and none of ours is. Waived findings are suppressed results, findings
//! that the baseline has are `unchanged`, and what could not be read or evaluated is a notification of the
//! invocation, which ends well all the same; so is a waiver that is over.
//!
//! GitHub refuses a file with a result that has no physical location. What stands in no file gets one that
//! is named for its subject, `backlint/tcp 0.0.0.0:80 (nginx)`, at line 1; there is no such file, and the logical
//! location says what is meant.

mod model;
mod rule;

use std::collections::BTreeMap;
use std::io;

use self::model::{
    Artifact, ArtifactLocation, Fingerprints, Invocation, Location, LogicalLocation, Message,
    Notification, NotificationKind, PhysicalLocation, Reference, Region, Result, ResultProperties,
    Run, SarifLog, Suppression, SuppressionProperties, Text, Tool, ToolComponent, UriBase,
};
use super::entry::{self, Entry, Standing, entries};
use super::json::v1::Evidence;
use super::location::{Base, Places, Spot};
use super::{Format, Report, json};
use crate::gate::{Gate, Waiver};
use crate::rules::engine::why_not_asked;
use crate::rules::finding::About;
use crate::text::untrusted::clean;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of relative paths, as CodeQL's tools and others call it.
const ROOT: &str = "SRCROOT";

/// Kinds of notifications; their order is their index.
const GAP: (usize, &str, &str) = (0, "gap", "Something could not be read");
const NOT_EVALUATED: (usize, &str, &str) = (
    1,
    "not-evaluated",
    "A rule could not be evaluated, so it did not pass either",
);
const NOT_ASKED: (usize, &str, &str) = (
    2,
    "not-asked",
    "A rule is about what the record does not hold",
);
const EXPIRED: (usize, &str, &str) = (
    3,
    "expired-waiver",
    "A waiver is over and still needed, which fails the run",
);

/// Reports as SARIF.
#[derive(Debug, Clone)]
pub struct Sarif {
    /// What decides the exit status.
    pub gate: Gate,
    /// What paths are relative to.
    pub base: Base,
}

impl Format for Sarif {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let log = SarifLog {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [self.run(reports)],
        };
        json::document(&log, out)
    }
}

/// The rules of a run by id, with their index.
type Indices<'a> = BTreeMap<&'a str, usize>;

impl Sarif {
    fn run<'a>(&self, reports: &'a [Report<'a>]) -> Run<'a> {
        // All reports of a run were judged by the same rules.
        let rules: Vec<_> = reports
            .first()
            .into_iter()
            .flat_map(|it| it.rules.iter())
            .collect();
        let indices: Indices<'_> = rules
            .iter()
            .enumerate()
            .map(|(n, rule)| (rule.id.as_str(), n))
            .collect();
        let all: Vec<Entry<'_>> = reports
            .iter()
            .flat_map(|report| entries(report, self.gate))
            .collect();
        // §3.27.23: of one run either all results have suppressions or none has.
        let suppressing = all
            .iter()
            .any(|it| matches!(it.standing, Standing::Waived(_)));
        let results = all.iter().map(|it| self.result(it, &indices, suppressing));
        let notifications = reports
            .iter()
            .flat_map(|report| [self.notifications(report, &indices), self.expired(report)])
            .flatten();
        let artifacts = reports
            .iter()
            .filter_map(Report::fixture)
            .map(|file| Artifact {
                location: self.artifact(file),
                roles: ["analysisTarget"],
            });
        Run {
            tool: Tool {
                driver: ToolComponent {
                    name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    short_description: Text {
                        text: env!("CARGO_PKG_DESCRIPTION"),
                    },
                    rules: rules.iter().map(|rule| rule::descriptor(rule)).collect(),
                    notifications: [GAP, NOT_EVALUATED, NOT_ASKED, EXPIRED].map(kind).into(),
                },
            },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications.collect(),
            }],
            original_uri_base_ids: BTreeMap::from([(
                ROOT,
                UriBase {
                    description: Message {
                        text: "The folder that backlint was started in".to_owned(),
                    },
                },
            )]),
            artifacts: artifacts.collect(),
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }
    }

    fn result<'a>(
        &self,
        entry: &Entry<'a>,
        indices: &Indices<'_>,
        suppressing: bool,
    ) -> Result<'a> {
        let Entry {
            finding,
            standing,
            report,
            ..
        } = *entry;
        let rule = entry.rule();
        let remediation = entry.steps();
        let mut text = entry.message();
        if !remediation.is_empty() {
            text = format!("{text}\nWhat to do: {}", remediation.join("; "));
        }
        let places = Places::of(finding, report);
        let first = places.first.clone().unwrap_or_else(|| named_for(entry));
        let also = places.also.iter().zip(&finding.also);
        let also = also.map(|(spot, about)| self.location(Some(spot), Some(about), None));
        let words = match finding.about.setting {
            Some(_) => "The line that sets it",
            None => "The line that asks for it",
        };
        let cause = places.cause.as_ref();
        let cause = cause.map(|spot| self.location(Some(spot), None, Some(words)));
        Result {
            rule_id: &rule.id,
            rule_index: indices.get(rule.id.as_str()).copied(),
            level: rule::level(rule.severity),
            message: message(&text),
            locations: [self.location(Some(&first), Some(&finding.about), None)],
            related_locations: cause.into_iter().chain(also).collect(),
            partial_fingerprints: Fingerprints {
                v1: &finding.fingerprint,
            },
            suppressions: suppressing.then(|| match standing {
                Standing::Waived(waiver) => vec![self.suppression(waiver)],
                Standing::Fails | Standing::Told | Standing::Known => Vec::new(),
            }),
            baseline_state: report.gated.baseline.as_ref().map(|_| {
                match report.gated.is_known(finding) {
                    true => "unchanged",
                    false => "new",
                }
            }),
            properties: ResultProperties {
                severity: rule.severity.name(),
                confidence: finding.confidence.name(),
                subject: entry.subject(),
                evidence: Evidence(&finding.evidence),
                remediation,
            },
        }
    }

    fn suppression(&self, waiver: &Waiver) -> Suppression {
        let spot = Spot::of_waiver(waiver);
        let text = |text: &Option<String>| text.as_deref().map(|text| clean(text).into_owned());
        Suppression {
            kind: "external",
            status: "accepted",
            justification: clean(&waiver.reason).into_owned(),
            location: self.location(Some(&spot), None, None),
            properties: SuppressionProperties {
                owner: text(&waiver.owner),
                expires: text(&waiver.expires),
            },
        }
    }

    fn notifications(&self, report: &Report<'_>, indices: &Indices<'_>) -> Vec<Notification> {
        let whole = report.fixture().map(|file| Spot::at(file, 1));
        let notification = |kind, rule: Option<&str>, level, text: &str| {
            let associated = rule.and_then(|id| Some(reference(id, *indices.get(id)?)));
            self.notification(kind, associated, level, &clean(text), whole.as_ref())
        };
        let judgement = &report.gated.judgement;
        let gaps = super::gaps::together(report.gaps());
        let gaps = gaps
            .iter()
            .map(|gap| notification(GAP, None, "warning", gap));
        let skipped = judgement.not_evaluated.iter().map(|skipped| {
            let place = skipped.netns.as_deref().map(|name| format!(" in {name}"));
            let rule = &skipped.rule;
            let text = format!(
                "{} {}{}{}: {}",
                rule.id,
                rule.name,
                entry::subjects(skipped),
                place.unwrap_or_default(),
                entry::missing(skipped)
            );
            notification(NOT_EVALUATED, Some(&rule.id), "warning", &text)
        });
        let not_asked = judgement.not_asked.iter().map(|rule| {
            let why = why_not_asked(rule, report.facts);
            let text = format!("{} {}: {why}", rule.id, rule.name);
            notification(NOT_ASKED, Some(&rule.id), "note", &text)
        });
        gaps.chain(skipped).chain(not_asked).collect()
    }

    /// Waivers that are over, each at its place.
    fn expired(&self, report: &Report<'_>) -> Vec<Notification> {
        let level = match self.gate.fail_on {
            Some(_) => "error",
            None => "warning",
        };
        let all = report.gated.expired.iter().map(|expired| {
            let (at, text) = (Spot::of_waiver(&expired.waiver), entry::expired(expired));
            self.notification(EXPIRED, None, level, &text, Some(&at))
        });
        all.collect()
    }

    fn notification(
        &self,
        (index, id, _): (usize, &str, &str),
        associated_rule: Option<Reference>,
        level: &'static str,
        text: &str,
        at: Option<&Spot>,
    ) -> Notification {
        let at = at.into_iter();
        Notification {
            descriptor: reference(id, index),
            associated_rule,
            level,
            message: message(text),
            locations: at
                .map(|spot| self.location(Some(spot), None, None))
                .collect(),
        }
    }

    fn location(
        &self,
        spot: Option<&Spot>,
        about: Option<&About>,
        words: Option<&str>,
    ) -> Location {
        Location {
            physical_location: spot.map(|spot| PhysicalLocation {
                artifact_location: self.artifact(&spot.file),
                region: Region {
                    start_line: spot.line,
                    start_column: spot.column,
                },
            }),
            logical_locations: about.into_iter().map(logical).collect(),
            message: words.map(message),
        }
    }

    fn artifact(&self, file: &str) -> ArtifactLocation {
        let (uri, relative) = self.base.uri(file);
        ArtifactLocation {
            uri,
            uri_base_id: relative.then_some(ROOT),
        }
    }
}

fn reference(id: &str, index: usize) -> Reference {
    Reference {
        id: id.to_owned(),
        index,
    }
}

/// The place of a finding that stands in no file.
fn named_for(entry: &Entry<'_>) -> Spot {
    Spot::at(format!("backlint/{}", entry.subject()), 1)
}

fn logical(about: &About) -> LogicalLocation {
    let kind = match about {
        About {
            setting: Some(_), ..
        } => "sysctl",
        About {
            listener: Some(_), ..
        } => "listener",
        About { netns: Some(_), .. } => "network namespace",
        _ => "host",
    };
    LogicalLocation {
        fully_qualified_name: clean(&entry::subject(about)).into_owned(),
        kind,
    }
}

fn kind((_, id, text): (usize, &'static str, &'static str)) -> NotificationKind {
    NotificationKind {
        id,
        short_description: Text { text },
    }
}

/// A text that has neither links (§3.11.6) nor placeholders (§3.11.5): a blank stands where one would
/// begin. The standard has escapes for both, which not all viewers know.
fn message(text: &str) -> Message {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let begins = (before == ']' && c == '(') || (before == '{' && c.is_ascii_digit());
        if begins {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    Message { text: out }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn no_message_has_links_or_placeholders() {
        assert_eq!(
            message("[x](http://evil) {0}").text,
            "[x] (http://evil) { 0}"
        );
        assert_eq!(message("[::]:443 \\u{1b}").text, "[::]:443 \\u{ 1b}");
    }
}
