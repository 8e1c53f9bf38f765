//! Markdown for a comment of a pull request or `$GITHUB_STEP_SUMMARY`: a table of the findings, and below
//! it why and what to do, folded.
//!
//! What a host chose stands in `<code>`, where neither GitHub nor GitLab looks for mentions and
//! references, and every character that Markdown or HTML would see is an entity. A comment
//! may have 65,536 characters, so findings are counted from some number on.

use std::io;

use super::entry::{self, Entry, Standing, entries};
use super::gaps::together;
use super::{Format, Outcome, Report, assumed, style};
use crate::gate::{Expired, Gate};
use crate::rules::Severity;
use crate::text::untrusted::clean;

/// Findings that the table has; the rest is counted.
const ROWS: usize = 100;
/// Rules that are told in full.
const RULES: usize = 25;
/// Steps, gaps and other items of one list.
const ITEMS: usize = 10;

/// Reports as Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Markdown {
    /// What decides the exit status.
    pub gate: Gate,
}

impl Format for Markdown {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        for (n, report) in reports.iter().enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            let all: Vec<Entry<'_>> = entries(report, self.gate).collect();
            let (waived, open): (Vec<Entry<'_>>, Vec<Entry<'_>>) = all
                .into_iter()
                .partition(|entry| matches!(entry.standing, Standing::Waived(_)));
            head(report, self.gate, &open, out)?;
            table(&open, out)?;
            rules(&open, out)?;
            let over: Vec<String> = report.gated.expired.iter().map(over).collect();
            list("Waivers that are over", &over, out)?;
            let waived: Vec<String> = waived.iter().map(accepted).collect();
            list("Waived", &waived, out)?;
            list("Not evaluated, so not passed either", &skipped(report), out)?;
            let gaps: Vec<String> = together(report.gaps())
                .iter()
                .map(|gap| code(gap))
                .collect();
            list("Gaps", &gaps, out)?;
        }
        Ok(())
    }
}

fn head(
    report: &Report<'_>,
    gate: Gate,
    open: &[Entry<'_>],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let source = report.source.map(|file| format!(": {}", code(file)));
    let fails = |entry: &&Entry<'_>| matches!(entry.standing, Standing::Fails);
    let failing = open.iter().filter(fails).count();
    let mark = match report.outcome(gate) {
        Outcome::Clean => "✅",
        Outcome::Gaps => "⚠️",
        Outcome::Findings | Outcome::Unusable => "❌",
    };
    let source = source.unwrap_or_default();
    writeln!(out, "### {mark} backlint{source}\n")?;
    if let Some(line) = assumed::line(report.facts) {
        writeln!(out, "{}\n", code(&line))?;
    }
    let counts = Severity::ALL.map(|severity| (report.count(severity), severity));
    let counts = counts.iter().filter(|(number, _)| *number > 0);
    let counts: Vec<String> = counts
        .map(|(n, severity)| format!("{n} {severity}"))
        .collect();
    let found = match counts.is_empty() {
        true => style::count(open.len(), "finding"),
        false => format!(
            "{} ({})",
            style::count(open.len(), "finding"),
            counts.join(", ")
        ),
    };
    let listeners = style::count(report.listeners(), "listener");
    writeln!(
        out,
        "{found}, {failing} failing; {listeners}, {}.",
        style::count(report.rules.len(), "rule")
    )
}

fn table(open: &[Entry<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| | Severity | Rule | Finding |\n| --- | --- | --- | --- |"
    )?;
    for entry in open.iter().take(ROWS) {
        let mark = match entry.standing {
            Standing::Fails => "❌",
            Standing::Known => "known",
            Standing::Told | Standing::Waived(_) => "",
        };
        let rule = entry.rule();
        let (id, name) = (plain(&rule.id), plain(&rule.name));
        let place = entry.finding.about.netns.as_deref();
        let several = entry.report.facts.namespaces.len() > 1;
        let place = place
            .filter(|_| several)
            .map(|name| format!("{}: ", code(name)));
        let place = place.unwrap_or_default();
        let message = code(&entry.message());
        writeln!(
            out,
            "| {mark} | {} | {id} {name} | {place}{message} |",
            rule.severity
        )?;
    }
    more(open.len(), ROWS, "findings", out)
}

/// Why and what to do, once for each rule.
fn rules(open: &[Entry<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    let same = |a: &Entry<'_>, b: &Entry<'_>| a.rule().id == b.rule().id;
    for group in open.chunk_by(same).take(RULES) {
        let Some(first) = group.first() else { continue };
        let rule = first.rule();
        let title = format!("{} {}", plain(&rule.id), plain(&rule.title));
        writeln!(out, "\n<details><summary>{title}</summary>\n")?;
        writeln!(out, "{}\n", plain(&rule.why))?;
        let mut steps: Vec<String> = Vec::new();
        for step in group.iter().take(ROWS).flat_map(Entry::steps) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        for step in steps.iter().take(ITEMS) {
            writeln!(out, "- {}", code(step))?;
        }
        more(steps.len(), ITEMS, "steps", out)?;
        for words in &rule.does_not_help {
            writeln!(out, "- What does not help: {}", plain(words))?;
        }
        writeln!(
            out,
            "- `backlint explain {}`\n\n</details>",
            plain(&rule.id)
        )?;
    }
    Ok(())
}

fn over(expired: &Expired) -> String {
    let (file, line) = &expired.waiver.place;
    let words = code(&entry::expired(expired));
    format!("{}: {words}", code(&format!("{file}:{line}")))
}

fn accepted(entry: &Entry<'_>) -> String {
    let Standing::Waived(waiver) = entry.standing else {
        return String::new();
    };
    let until = waiver
        .expires
        .as_ref()
        .map(|day| format!(" until {}", plain(day)));
    let until = until.unwrap_or_default();
    let message = code(&entry.message());
    let reason = plain(&waiver.reason);
    format!("{} {message}{until}: {reason}", plain(&entry.rule().id))
}

fn skipped(report: &Report<'_>) -> Vec<String> {
    let all = report.gated.judgement.not_evaluated.iter();
    let words = all.map(|skipped| {
        let rule = &skipped.rule;
        let place = skipped
            .netns
            .as_deref()
            .map(|name| format!(" in {}", code(name)));
        let subjects = entry::subjects(skipped);
        let why = code(&entry::missing(skipped));
        let (id, name) = (plain(&rule.id), plain(&rule.name));
        format!("{id} {name}{subjects}{}: {why}", place.unwrap_or_default())
    });
    words.collect()
}

fn list(title: &str, items: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n<details><summary>{title}: {}</summary>\n",
        items.len()
    )?;
    for item in items.iter().take(ITEMS) {
        writeln!(out, "- {item}")?;
    }
    more(items.len(), ITEMS, "", out)?;
    writeln!(out, "\n</details>")
}

fn more(all: usize, shown: usize, what: &str, out: &mut dyn io::Write) -> io::Result<()> {
    if all <= shown {
        return Ok(());
    }
    let words = format!("and {} more {what}", all - shown);
    writeln!(out, "\n{}: `--format json` has all", words.trim_end())
}

/// A text that a host chose, in which nothing means anything.
fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// A text in one line, in which no character is Markdown's or HTML's.
pub(super) fn plain(text: &str) -> String {
    let text = clean(text.trim());
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let means = matches!(
            c,
            '&' | '<'
                | '>'
                | '"'
                | '\''
                | '\\'
                | '`'
                | '*'
                | '_'
                | '~'
                | '['
                | ']'
                | '#'
                | '!'
                | '|'
                | '{'
                | '}'
                | '@'
                | '$'
                | '^'
        );
        if means {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    // Bare addresses are links too (GFM's autolinks).
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn no_character_means_anything() {
        assert_eq!(plain("<b>@me|`x`\n"), "&#60;b&#62;&#64;me&#124;&#96;x&#96;");
        assert_eq!(plain("http://www.x"), "http&#58;//www&#46;x");
        assert_eq!(plain("a\nb"), "a&#92;nb");
        assert_eq!(plain("nginx on 0.0.0.0:443"), "nginx on 0.0.0.0:443");
    }
}
