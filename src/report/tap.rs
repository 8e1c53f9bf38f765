//! The Test Anything Protocol: the cases of `cases`, a line each, with diagnostics in YAML.
//!
//! The version line says 13, because that is what installed harnesses take (Debian 12's prove refuses
//! 14), and all that is written means the same in TAP 14, which was made compatible. What is not
//! evaluated is `# SKIP`, and what is waived or known is `# TODO`: it fails and is not held against
//! the run. Scalars of the diagnostics are in JSON's notation, which YAML shares.

use std::io;

use super::cases::{Case, Outcome, cases};
use super::entry::Entry;
use super::location::{Base, Places};
use super::{Format, Report};
use crate::gate::Gate;
use crate::text::untrusted::clean;

/// Reports as TAP.
#[derive(Debug, Clone)]
pub struct Tap {
    /// What decides the exit status.
    pub gate: Gate,
    /// What paths are relative to.
    pub base: Base,
}

impl Format for Tap {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let all: Vec<(&Report<'_>, Vec<Case<'_>>)> = reports
            .iter()
            .map(|report| (report, cases(report, self.gate)))
            .collect();
        let points: usize = all.iter().map(|(_, cases)| cases.len()).sum();
        writeln!(out, "TAP version 13\n1..{points}")?;
        let mut number = 0;
        for (report, cases) in &all {
            for gap in super::gaps::together(report.gaps()) {
                writeln!(out, "# gap: {}", clean(&gap))?;
            }
            let source = report.source.filter(|_| all.len() > 1);
            let source = source.map(|file| format!("{}: ", clean(&self.base.path(file))));
            for case in cases {
                number += 1;
                let name = format!("{}{}", source.as_deref().unwrap_or_default(), case.name);
                self.point(case, number, &name, out)?;
            }
        }
        Ok(())
    }
}

impl Tap {
    fn point(
        &self,
        case: &Case<'_>,
        number: usize,
        name: &str,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let (ok, directive) = match &case.outcome {
            Outcome::Passed | Outcome::Told(_) => ("ok", String::new()),
            Outcome::Failed(_) | Outcome::Expired(..) | Outcome::Blind(_) => {
                ("not ok", String::new())
            }
            Outcome::Accepted(_, why) => ("not ok", format!(" # TODO {}", escaped(why))),
            Outcome::Skipped(why) => ("ok", format!(" # SKIP {}", escaped(why))),
        };
        writeln!(out, "{ok} {number} - {}{directive}", escaped(name))?;
        match &case.outcome {
            Outcome::Told(entry) | Outcome::Failed(entry) | Outcome::Accepted(entry, _) => {
                self.diagnostics(entry, out)
            }
            Outcome::Expired(expired, why) => {
                let (file, line) = &expired.waiver.place;
                let at = clean(&format!("{}:{line}", self.base.path(file))).into_owned();
                let (why, at) = (quoted(why), quoted(&at));
                writeln!(out, "  ---\n  message: {why}\n  at: {at}\n  ...")
            }
            Outcome::Blind(why) => {
                writeln!(out, "  ---\n  message: {}\n  ...", quoted(why))
            }
            Outcome::Passed | Outcome::Skipped(_) => Ok(()),
        }
    }

    fn diagnostics(&self, entry: &Entry<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let rule = entry.rule();
        writeln!(out, "  ---")?;
        let mut line = |key: &str, value: &str| writeln!(out, "  {key}: {}", quoted(value));
        line("message", &entry.message())?;
        line("severity", rule.severity.name())?;
        line("confidence", entry.finding.confidence.name())?;
        if let Some(spot) = Places::of(entry.finding, entry.report).first {
            let place = format!("{}:{}", self.base.path(&spot.file), spot.line);
            line("at", &clean(&place))?;
        }
        line("why", rule.why.trim())?;
        line("fingerprint", &entry.finding.fingerprint)?;
        line("explain", &rule.explain())?;
        let steps = entry.steps();
        if !steps.is_empty() {
            writeln!(out, "  do:")?;
        }
        for step in steps {
            writeln!(out, "    - {}", quoted(&step))?;
        }
        writeln!(out, "  ...")
    }
}

/// A description in which no directive begins.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

/// A scalar of YAML in double quotes, in one line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
