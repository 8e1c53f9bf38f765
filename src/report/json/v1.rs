//! Version 1. The structures are written for people who read JSON: internal types never appear.

mod assumed;
pub mod authoring;
mod diff;
mod explain;
mod finding;
mod gate;
mod image;
mod list;
mod listener;
mod namespace;
mod plan;
mod queue;
mod why;

use serde::Serialize;

use self::assumed::Assumed;
pub use self::diff::Diff;
pub use self::explain::Explained;
pub(in crate::report) use self::finding::Evidence;
use self::finding::Findings;
use self::gate::{Expired, Waived};
use self::image::Image;
pub use self::list::List;
use self::listener::Listener;
use self::namespace::Namespace;
use self::plan::PlanStep;
pub use self::queue::Queue;
pub use self::why::Why;
use crate::assess::Facts;
use crate::rules::{Severity, engine};
use crate::{report, snapshot};

/// `backlint/report/v1`.
#[derive(Serialize)]
pub struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    source: Option<&'a str>,
    assumed: Option<Assumed<'a>>,
    image: Option<Image<'a>>,
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
            image: facts.snapshot.image.as_ref().map(Image::new),
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
