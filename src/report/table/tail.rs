//! What could not be judged, what could not be read, and the line of summary.

use std::collections::BTreeMap;
use std::io;

use super::{Page, some};
use crate::report::entry::{missing, subjects};
use crate::report::gaps::together;
use crate::report::style::count;
use crate::rules::Severity;
use crate::rules::engine::{NotEvaluated, why_not_asked};

/// Gaps that are told; the rest is counted.
const SHOWN: usize = 20;

impl Page<'_> {
    pub(super) fn not_evaluated(&mut self) -> io::Result<()> {
        for (n, (skipped, places)) in self.skipped().iter().enumerate() {
            if n == 0 {
                let title = self.look.strong("Not evaluated, so not passed either");
                writeln!(self.out, "\n{title}")?;
            }
            let why = missing(skipped);
            let subjects = subjects(skipped);
            let place = match places.as_slice() {
                [] => String::new(),
                _ if self.report.facts.namespaces.len() == 1 => String::new(),
                places => format!(" of {}", some(places)),
            };
            let rule = &skipped.rule;
            self.item(&format!(
                "{} {}{subjects}{place}: {why}",
                rule.id, rule.name
            ))?;
        }
        Ok(())
    }

    /// Rules that could not be evaluated for the same reason, with all namespaces.
    fn skipped(&self) -> Vec<(NotEvaluated, Vec<String>)> {
        let mut found: Vec<(NotEvaluated, Vec<String>)> = Vec::new();
        for skipped in &self.report.gated.judgement.not_evaluated {
            let same = found.iter_mut().find(|(known, _)| {
                known.rule.id == skipped.rule.id
                    && known.missing == skipped.missing
                    && known.fault == skipped.fault
            });
            match same {
                Some((known, places)) => {
                    known.subjects += skipped.subjects;
                    places.extend(skipped.netns.clone());
                }
                None => found.push((skipped.clone(), skipped.netns.iter().cloned().collect())),
            }
        }
        found
    }

    pub(super) fn gaps(&mut self) -> io::Result<()> {
        let gaps = together(self.report.gaps());
        for (n, words) in gaps.iter().take(SHOWN).enumerate() {
            if n == 0 {
                writeln!(self.out, "\n{}", self.look.strong("Gaps"))?;
            }
            self.item(words)?;
        }
        if gaps.len() > SHOWN {
            self.item(&format!(
                "and {} more: --format json has all",
                gaps.len() - SHOWN
            ))?;
        }
        Ok(())
    }

    pub(super) fn summary(&mut self) -> io::Result<()> {
        let report = self.report;
        let findings = report.findings().len();
        let by_severity: Vec<String> = Severity::ALL
            .iter()
            .map(|severity| (report.count(*severity), severity))
            .filter(|(number, _)| *number > 0)
            .map(|(number, severity)| format!("{number} {severity}"))
            .collect();
        let mut line = count(findings, "finding");
        if findings > 0 {
            line.push_str(&format!(" ({})", by_severity.join(", ")));
        }
        line.push_str(&self.accepted());
        let listeners = count(report.listeners(), "listener");
        let rules = match (report.rules.len(), report.rules.known()) {
            (ran, known) if ran < known => format!("{ran} of {}", count(known, "rule")),
            (ran, _) => count(ran, "rule"),
        };
        line.push_str(&format!(", {listeners}, {rules}"));
        let not_evaluated = self.skipped().len();
        if not_evaluated > 0 {
            line.push_str(&format!(", {} not evaluated", count(not_evaluated, "rule")));
        }
        let mut not_asked: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in &report.gated.judgement.not_asked {
            *not_asked
                .entry(why_not_asked(rule, report.facts))
                .or_default() += 1;
        }
        for (why, number) in not_asked {
            let words = count(number, "rule");
            line.push_str(&format!(", {words} not asked: {why}"));
        }
        let gaps = together(report.gaps()).len();
        if gaps > 0 {
            line.push_str(&format!(", {}", count(gaps, "gap")));
        }
        writeln!(self.out, "\n{}", self.look.strong(&line))
    }
}
