//! JUnit XML, for Jenkins, GitLab and others that show tests: a suite for each source, and the cases of
//! `cases`. A waived or known finding is skipped with the reason. It has no times, so that equal
//! results are equal files.

use std::io;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::cases::{Case, Outcome, cases};
use super::entry::Entry;
use super::location::{Base, Places, Spot};
use super::{Format, Report};
use crate::gate::Gate;
use crate::snapshot::HOST_NETNS;
use crate::text::untrusted::clean;

/// Reports as JUnit XML.
#[derive(Debug, Clone)]
pub struct Junit {
    /// What decides the exit status.
    pub gate: Gate,
    /// What paths are relative to.
    pub base: Base,
}

impl Format for Junit {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let mut document = Document::new(env!("CARGO_PKG_NAME"));
        document.add_test_suites(reports.iter().map(|report| self.suite(report)));
        document.serialize(out).map_err(io::Error::other)
    }
}

impl Junit {
    fn suite(&self, report: &Report<'_>) -> TestSuite {
        let name = match report.source {
            Some(file) => self.base.path(file),
            None => HOST_NETNS.to_owned(),
        };
        let mut suite = TestSuite::new(clean(&name));
        let cases = cases(report, self.gate);
        suite.add_test_cases(cases.iter().map(|case| self.case(case)));
        let gaps = super::gaps::together(report.gaps());
        if !gaps.is_empty() {
            let lines = gaps.iter().map(|gap| format!("gap: {}\n", clean(gap)));
            suite.set_system_err(lines.collect::<String>());
        }
        suite
    }

    fn case(&self, case: &Case<'_>) -> TestCase {
        let mut status = match &case.outcome {
            Outcome::Passed | Outcome::Told(_) => TestCaseStatus::success(),
            Outcome::Failed(_) | Outcome::Expired(..) => {
                TestCaseStatus::non_success(NonSuccessKind::Failure)
            }
            Outcome::Accepted(..) | Outcome::Skipped(_) => TestCaseStatus::skipped(),
            Outcome::Blind(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        match &case.outcome {
            Outcome::Failed(entry) => {
                status.set_type(entry.rule().severity.name());
                status.set_message(entry.message());
                status.set_description(text(entry));
            }
            Outcome::Expired(_, why) => {
                status.set_type("expired");
                status.set_message(why.as_str());
            }
            Outcome::Accepted(_, why) | Outcome::Skipped(why) | Outcome::Blind(why) => {
                status.set_message(why.as_str());
            }
            Outcome::Passed | Outcome::Told(_) => {}
        }
        let mut written = TestCase::new(case.name.as_str(), status);
        let class = match (case.rule, &case.outcome) {
            (Some(rule), _) => &rule.name,
            (None, Outcome::Expired(..)) => "waivers",
            (None, _) => "gaps",
        };
        written.set_classname(format!("backlint.{class}"));
        if let Outcome::Told(entry) | Outcome::Accepted(entry, _) = &case.outcome {
            written.set_system_out(text(entry));
        }
        let spot = match &case.outcome {
            Outcome::Told(entry) | Outcome::Accepted(entry, _) | Outcome::Failed(entry) => {
                Places::of(entry.finding, entry.report).first
            }
            Outcome::Expired(expired, _) => Some(Spot::of_waiver(&expired.waiver)),
            Outcome::Passed | Outcome::Skipped(_) | Outcome::Blind(_) => None,
        };
        if let Some(spot) = spot {
            let file = clean(&self.base.path(&spot.file)).into_owned();
            written.extra.insert("file".into(), file.into());
            written
                .extra
                .insert("line".into(), spot.line.to_string().into());
        }
        written
    }
}

fn text(entry: &Entry<'_>) -> String {
    format!("{}\n{}\n", entry.message(), entry.details().join("\n"))
}
