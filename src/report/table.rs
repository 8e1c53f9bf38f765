//! The report for people: worst first, what, why it hurts, what to do, what will not help.

use std::io;

use super::style::{Look, count, wrap};
use super::{Format, Report};
use crate::advise::Step;
use crate::assess::Confidence;
use crate::rules::finding::Finding;
use crate::rules::{Rule, Severity};
use crate::snapshot::Host;

/// Reports as text.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// How to write.
    pub look: Look,
}

/// Findings of one rule that are shown; the rest is counted.
const SHOWN: usize = 20;

impl Format for Table {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        for (n, report) in reports.iter().enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            Page {
                look: self.look,
                report,
                out,
            }
            .write()?;
        }
        Ok(())
    }
}

struct Page<'a> {
    look: Look,
    report: &'a Report<'a>,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn write(&mut self) -> io::Result<()> {
        self.head()?;
        let findings = &self.report.judgement.findings;
        let indexed: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
        for group in indexed
            .chunk_by(|(_, a), (_, b)| a.rule.id == b.rule.id && a.about.netns == b.about.netns)
        {
            self.findings(group)?;
        }
        self.plan()?;
        self.not_evaluated()?;
        self.gaps()?;
        self.summary()
    }

    fn head(&mut self) -> io::Result<()> {
        let host = &self.report.facts.snapshot.host;
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.report.source.map(str::to_owned));
        parts.extend(host_words(host));
        if !parts.is_empty() {
            writeln!(self.out, "{}", self.look.strong(&parts.join(", ")))?;
        }
        for netns in &self.report.facts.namespaces {
            let known = |key: &str| {
                netns
                    .namespace
                    .sysctls
                    .get(key)
                    .map_or("unknown".to_owned(), ToString::to_string)
            };
            let line = format!(
                "{}: somaxconn {}, tcp_syncookies {}, {}",
                netns.namespace.name,
                known("net.core.somaxconn"),
                known("net.ipv4.tcp_syncookies"),
                count(netns.listeners.len(), "listener"),
            );
            writeln!(self.out, "{}", self.look.faint(&line))?;
        }
        Ok(())
    }

    fn findings(&mut self, group: &[(usize, &Finding)]) -> io::Result<()> {
        let Some((_, first)) = group.first() else {
            return Ok(());
        };
        let rule = &first.rule;
        let look = self.look;
        writeln!(self.out)?;
        writeln!(
            self.out,
            "{}  {}  {}",
            look.severity(rule.severity),
            look.strong(&rule.title),
            look.faint(&format!("{} {}", rule.id, rule.name)),
        )?;
        for (message, times, confidence) in lines(group).into_iter().take(SHOWN) {
            let sure = match confidence {
                Confidence::Certain => String::new(),
                unsure => format!(" ({unsure})"),
            };
            let times = if times > 1 {
                format!(" ×{times}")
            } else {
                String::new()
            };
            for (n, line) in wrap(&format!("{message}{times}{sure}"), look.width - 6)
                .iter()
                .enumerate()
            {
                writeln!(
                    self.out,
                    "{}{}",
                    if n == 0 { "  - " } else { "    " },
                    look.paint(anstyle::Style::new(), line)
                )?;
            }
        }
        let more = lines(group).len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(
                self.out,
                "    {}",
                look.faint(&format!("and {more} more: --format json has all"))
            )?;
        }
        self.paragraph("why", &rule.why)?;
        self.remedies(group)?;
        self.does_not_help(rule)
    }

    /// What to do, each different step once.
    fn remedies(&mut self, group: &[(usize, &Finding)]) -> io::Result<()> {
        let mut said: Vec<String> = Vec::new();
        for (index, _) in group {
            for step in self
                .report
                .advice
                .by_finding
                .get(*index)
                .into_iter()
                .flatten()
            {
                let words = self.step_words(step);
                if !said.contains(&words) {
                    said.push(words);
                }
            }
        }
        let more = said.len().saturating_sub(SHOWN);
        for (n, words) in said.iter().take(SHOWN).enumerate() {
            self.paragraph(if n == 0 { "do" } else { "" }, words)?;
        }
        if more > 0 {
            self.paragraph("", &format!("and {more} more"))?;
        }
        Ok(())
    }

    fn step_words(&self, step: &Step) -> String {
        let first = self.report.facts.namespaces.first();
        match step {
            // The host's files reach the host's namespace and no other.
            Step::Sysctl(step) if first.is_some_and(|first| first.namespace.name == step.netns) => {
                format!("set {} = {} (backlint patch)", step.key, step.value)
            }
            Step::Sysctl(step) => {
                format!(
                    "set {} = {} in namespace {}",
                    step.key, step.value, step.netns
                )
            }
            Step::Service(step) => format!("{}: change {}; {}", step.who, step.setting, step.why),
            Step::Relisten(step) => format!("{}; {}", step.command, step.why),
        }
    }

    fn does_not_help(&mut self, rule: &Rule) -> io::Result<()> {
        for (n, words) in rule.does_not_help.iter().enumerate() {
            self.paragraph(if n == 0 { "won't help" } else { "" }, words)?;
        }
        Ok(())
    }

    /// A label and a text beside it.
    fn paragraph(&mut self, label: &str, text: &str) -> io::Result<()> {
        const INDENT: usize = 16;
        for (n, line) in wrap(text, self.look.width.saturating_sub(INDENT).max(20))
            .iter()
            .enumerate()
        {
            let label = if n == 0 {
                format!("{label:<10}")
            } else {
                " ".repeat(10)
            };
            let line = self.look.paint(anstyle::Style::new(), line);
            writeln!(self.out, "    {}  {line}", self.look.faint(&label))?;
        }
        Ok(())
    }

    fn plan(&mut self) -> io::Result<()> {
        let advice = &self.report.advice;
        for conflict in &advice.conflicts {
            writeln!(self.out)?;
            self.paragraph("conflict", conflict)?;
        }
        let sysctls = advice.host_sysctls(self.report.facts).count();
        if sysctls > 0 {
            writeln!(self.out)?;
            let from = self
                .report
                .source
                .map_or_else(String::new, |file| format!(" --snapshot {file}"));
            let line = format!(
                "Next: backlint patch{from} shows the change of {}; backlint patch{from} | sudo patch -p1 -d / applies it.",
                count(sysctls, "sysctl")
            );
            for line in wrap(&line, self.look.width) {
                writeln!(
                    self.out,
                    "{}",
                    self.look.paint(anstyle::Style::new(), &line)
                )?;
            }
        }
        Ok(())
    }

    fn not_evaluated(&mut self) -> io::Result<()> {
        for (n, skipped) in self.report.judgement.not_evaluated.iter().enumerate() {
            if n == 0 {
                writeln!(
                    self.out,
                    "\n{}",
                    self.look.strong("Not evaluated, so not passed either")
                )?;
            }
            let missing: Vec<&str> = skipped.missing.iter().map(String::as_str).collect();
            let why = match (&skipped.fault, missing.is_empty()) {
                (_, false) => format!("not known: {}", missing.join(", ")),
                (Some(fault), true) => fault.clone(),
                (None, true) => "no value".to_owned(),
            };
            let subjects = match skipped.rule.scope {
                crate::rules::Scope::Listener => {
                    format!(" for {}", count(skipped.subjects, "listener"))
                }
                _ => String::new(),
            };
            let line = format!("{} {}{subjects}: {why}", skipped.rule.id, skipped.rule.name);
            self.item(&line)?;
        }
        Ok(())
    }

    fn gaps(&mut self) -> io::Result<()> {
        for (n, gap) in self.report.gaps().iter().enumerate() {
            if n == 0 {
                writeln!(self.out, "\n{}", self.look.strong("Gaps"))?;
            }
            self.item(&format!(
                "{}: {}; unknown: {}",
                gap.what, gap.why, gap.blinds
            ))?;
        }
        Ok(())
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        for (n, line) in wrap(text, self.look.width.saturating_sub(4).max(20))
            .iter()
            .enumerate()
        {
            let mark = if n == 0 { "  - " } else { "    " };
            writeln!(
                self.out,
                "{mark}{}",
                self.look.paint(anstyle::Style::new(), line)
            )?;
        }
        Ok(())
    }

    fn summary(&mut self) -> io::Result<()> {
        let report = self.report;
        let findings = report.judgement.findings.len();
        let mut line = count(findings, "finding");
        let by_severity: Vec<String> = Severity::ALL
            .iter()
            .map(|severity| (report.count(*severity), severity))
            .filter(|(number, _)| *number > 0)
            .map(|(number, severity)| format!("{number} {severity}"))
            .collect();
        if findings > 0 {
            line.push_str(&format!(" ({})", by_severity.join(", ")));
        }
        line.push_str(&format!(
            ", {}, {}",
            count(report.listeners(), "listener"),
            count(report.rules, "rule"),
        ));
        let blind = [
            (
                report.judgement.not_evaluated.len(),
                "rule",
                " not evaluated",
            ),
            (report.gaps().len(), "gap", ""),
        ];
        for (number, noun, tail) in blind {
            if number > 0 {
                line.push_str(&format!(", {}{tail}", count(number, noun)));
            }
        }
        writeln!(self.out, "\n{}", self.look.strong(&line))
    }
}

/// Messages of a group with how often each stands: SO_REUSEPORT siblings have the same words.
fn lines<'a>(group: &[(usize, &'a Finding)]) -> Vec<(&'a str, usize, Confidence)> {
    let mut lines: Vec<(&str, usize, Confidence)> = Vec::new();
    for (_, finding) in group {
        match lines.last_mut() {
            Some((message, times, confidence))
                if *message == finding.message && *confidence == finding.confidence =>
            {
                *times += 1;
            }
            _ => lines.push((&finding.message, 1, finding.confidence)),
        }
    }
    lines
}

fn host_words(host: &Host) -> Vec<String> {
    let os = host.os.as_ref().map(|os| match &os.version {
        Some(version) => format!("{} {version}", os.id),
        None => os.id.clone(),
    });
    let kernel = host
        .kernel
        .as_ref()
        .map(|release| format!("Linux {release}"));
    [host.name.clone(), os, kernel]
        .into_iter()
        .flatten()
        .collect()
}
