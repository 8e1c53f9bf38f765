//! What could not be judged, what could not be read, and the line of summary.

use std::io;

use super::Page;
use crate::report::style::count;
use crate::rules::{Scope, Severity};

impl Page<'_> {
    pub(super) fn not_evaluated(&mut self) -> io::Result<()> {
        for (n, skipped) in self.report.judgement.not_evaluated.iter().enumerate() {
            if n == 0 {
                let title = self.look.strong("Not evaluated, so not passed either");
                writeln!(self.out, "\n{title}")?;
            }
            let missing: Vec<&str> = skipped.missing.iter().map(String::as_str).collect();
            let why = match (&skipped.fault, missing.is_empty()) {
                (_, false) => format!("not known: {}", missing.join(", ")),
                (Some(fault), true) => fault.clone(),
                (None, true) => "no value".to_owned(),
            };
            let subjects = match skipped.rule.scope {
                Scope::Listener => format!(" for {}", count(skipped.subjects, "listener")),
                Scope::Host | Scope::Netns => String::new(),
            };
            let place = match &skipped.netns {
                Some(netns) if self.report.facts.namespaces.len() > 1 => format!(" of {netns}"),
                _ => String::new(),
            };
            let rule = &skipped.rule;
            self.item(&format!(
                "{} {}{subjects}{place}: {why}",
                rule.id, rule.name
            ))?;
        }
        Ok(())
    }

    pub(super) fn gaps(&mut self) -> io::Result<()> {
        for (n, gap) in self.report.gaps().iter().enumerate() {
            if n == 0 {
                writeln!(self.out, "\n{}", self.look.strong("Gaps"))?;
            }
            self.item(&gap.to_string())?;
        }
        Ok(())
    }

    pub(super) fn summary(&mut self) -> io::Result<()> {
        let report = self.report;
        let findings = report.judgement.findings.len();
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
        let listeners = count(report.listeners(), "listener");
        line.push_str(&format!(", {listeners}, {}", count(report.rules, "rule")));
        let not_evaluated = report.judgement.not_evaluated.len();
        if not_evaluated > 0 {
            line.push_str(&format!(", {} not evaluated", count(not_evaluated, "rule")));
        }
        if !report.gaps().is_empty() {
            line.push_str(&format!(", {}", count(report.gaps().len(), "gap")));
        }
        writeln!(self.out, "\n{}", self.look.strong(&line))
    }
}
