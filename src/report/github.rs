//! Workflow commands of GitHub Actions: a line each, which the runner turns into an annotation at a line
//! of a file ("Workflow commands for GitHub Actions", GitHub's documentation; the escaping is that of
//! `@actions/core`, packages/core/src/command.ts). Findings come worst first, because GitHub shows ten
//! errors, ten warnings and ten notices of a step. Waived findings are left out, and one that the
//! baseline has is a notice. The last line is no command and goes to the log.

use std::io;

use super::entry::{self, Entry, Standing, entries};
use super::gaps::together;
use super::location::{Base, Places, Spot};
use super::{Format, Report, style};
use crate::gate::Gate;
use crate::rules::Severity;
use crate::text::untrusted::clean;

/// Reports as workflow commands.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// What decides the exit status.
    pub gate: Gate,
    /// What paths are relative to.
    pub base: Base,
}

impl Format for GitHub {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let mut told = 0;
        for report in reports {
            for entry in entries(report, self.gate) {
                if let Some(command) = self.finding(&entry) {
                    writeln!(out, "{command}")?;
                    told += 1;
                }
            }
            for expired in &report.gated.expired {
                let level = match self.gate.fail_on {
                    Some(_) => "error",
                    None => "warning",
                };
                let (at, text) = (Spot::of_waiver(&expired.waiver), entry::expired(expired));
                writeln!(
                    out,
                    "{}",
                    self.command(level, Some(&at), "Expired waiver", &text)
                )?;
            }
            for command in self.blind(report) {
                writeln!(out, "{command}")?;
            }
        }
        writeln!(out, "backlint: {}", style::count(told, "finding"))
    }
}

impl GitHub {
    /// What could not be read, each by itself, and what could not be evaluated, together: a short record
    /// leaves many rules without their facts.
    fn blind(&self, report: &Report<'_>) -> Vec<String> {
        let at = report.fixture().map(|file| Spot::at(file, 1));
        let level = |mild| if self.gate.strict { "error" } else { mild };
        let gaps = together(report.gaps());
        let gaps = gaps.iter();
        let mut commands: Vec<String> = gaps
            .map(|gap| self.command(level("warning"), at.as_ref(), "gap", gap))
            .collect();
        let skipped = &report.gated.judgement.not_evaluated;
        let lines = skipped.iter().map(|skipped| {
            let rule = &skipped.rule;
            let place = skipped.netns.as_deref().map(|name| format!(" in {name}"));
            let place = place.unwrap_or_default();
            let words = entry::missing(skipped);
            clean(&format!("{} {}{place}: {words}", rule.id, rule.name)).into_owned()
        });
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            let title = "Not evaluated, so not passed either";
            commands.push(self.command(level("notice"), at.as_ref(), title, &lines.join("\n")));
        }
        commands
    }

    fn finding(&self, entry: &Entry<'_>) -> Option<String> {
        let rule = entry.rule();
        let level = match (entry.standing, rule.severity) {
            (Standing::Waived(_), _) => return None,
            (Standing::Known, _) => "notice",
            (_, Severity::Critical | Severity::High) => "error",
            (_, Severity::Medium) => "warning",
            (_, Severity::Low | Severity::Info) => "notice",
        };
        let places = Places::of(entry.finding, entry.report);
        let mut text = entry.message();
        for step in entry.steps() {
            text.push_str("\nWhat to do: ");
            text.push_str(&step);
        }
        let title = format!("{} {}", rule.id, rule.title);
        Some(self.command(level, places.first.as_ref(), &title, &text))
    }

    fn command(&self, level: &str, at: Option<&Spot>, title: &str, text: &str) -> String {
        let mut properties = Vec::new();
        if let Some(spot) = at {
            properties.push(format!("file={}", property(&self.base.path(&spot.file))));
            properties.push(format!("line={}", spot.line));
            properties.extend(spot.column.map(|column| format!("col={column}")));
        }
        properties.push(format!("title={}", property(&clean(title))));
        // Each line by itself: their ends are ours.
        let lines: Vec<_> = text.lines().map(clean).collect();
        format!(
            "::{level} {}::{}",
            properties.join(","),
            data(&lines.join("\n"))
        )
    }
}

/// A message: what would end the line is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: what would end it is escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
