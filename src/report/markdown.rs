//! Markdown for a comment of a pull request or `$GITHUB_STEP_SUMMARY`: a table of the findings, and below
//! it why and what to do, folded.
//!
//! What a host chose stands in `<code>`, where neither GitHub nor GitLab looks for mentions and
//! references, and every character that Markdown or HTML would see is an entity. A comment
//! may have 65,536 characters, and a run writes fewer: findings, rules and items of lists are counted from some
//! number on, and where the page of all reports is full the rest of them is one line each.

use std::collections::BTreeMap;
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

/// Bytes of a page before it ends; heads and counts come on top.
const LONGEST: usize = 60_000;

/// Reports as Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Markdown {
    /// What decides the exit status.
    pub gate: Gate,
}

impl Format for Markdown {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let mut pages = Vec::new();
        for report in reports {
            let all = entries(report, self.gate);
            let (waived, open): (Vec<Entry<'_>>, Vec<Entry<'_>>) =
                all.partition(|entry| matches!(entry.standing, Standing::Waived(_)));
            let mut text = Vec::new();
            head(report, self.gate, &open, &mut text)?;
            pages.push((report, waived, open, text));
        }
        // Every head has its place before anything else has.
        let heads: usize = pages.iter().map(|(.., text)| text.len()).sum();
        let mut left = LONGEST.saturating_sub(heads);
        let mut written = 0;
        for (n, (report, waived, open, text)) in pages.iter().enumerate() {
            written += text.len();
            if written > LONGEST {
                return more(pages.len(), n, "reports", out);
            }
            if n > 0 {
                writeln!(out)?;
            }
            out.write_all(text)?;
            let over: Vec<String> = report.gated.expired.iter().map(over).collect();
            let waived: Vec<String> = waived.iter().map(accepted).collect();
            let gaps = together(report.gaps());
            let gaps: Vec<String> = gaps.iter().map(|gap| code(gap)).collect();
            let blind = "Not evaluated, so not passed either";
            // What decides comes first, for the space may end.
            let mut page = Pages {
                left,
                out: &mut *out,
            };
            page.part(|out| list("Waivers that are over", &over, out))?;
            page.table(open)?;
            page.rules(open)?;
            page.part(|out| list("Waived", &waived, out))?;
            page.part(|out| list(blind, &skipped(report), out))?;
            page.part(|out| list("Gaps", &gaps, out))?;
            left = page.left;
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

/// Space for parts of a page, which all reports of a run share.
struct Pages<'a> {
    /// Bytes that may follow, which are no fewer than characters.
    left: usize,
    out: &'a mut dyn io::Write,
}

type Write<'a> = &'a mut dyn io::Write;

impl Pages<'_> {
    /// Writes a part, whether there is space or not.
    fn always(&mut self, write: impl FnOnce(Write<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut text = Vec::new();
        write(&mut text)?;
        self.left = self.left.saturating_sub(text.len());
        self.out.write_all(&text)
    }

    /// Writes a part as a whole, or not. Whether it did.
    fn part(&mut self, write: impl FnOnce(Write<'_>) -> io::Result<()>) -> io::Result<bool> {
        let mut text = Vec::new();
        write(&mut text)?;
        let fits = text.len() <= self.left;
        if fits {
            self.left -= text.len();
            self.out.write_all(&text)?;
        }
        Ok(fits)
    }

    fn table(&mut self, open: &[Entry<'_>]) -> io::Result<()> {
        let head = "\n| | Severity | Rule | Finding |\n| --- | --- | --- | --- |";
        if open.is_empty() || !self.part(|out| writeln!(out, "{head}"))? {
            return Ok(());
        }
        let mut shown = 0;
        for entry in open.iter().take(ROWS) {
            if !self.part(|out| writeln!(out, "{}", row(entry)))? {
                break;
            }
            shown += 1;
        }
        self.always(|out| more(open.len(), shown, "findings", out))
    }

    /// Why and what to do, once for each rule, in the order of their worst finding.
    fn rules(&mut self, open: &[Entry<'_>]) -> io::Result<()> {
        let mut groups: Vec<Vec<&Entry<'_>>> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in open {
            let n = *known.entry(&entry.rule().id).or_insert(groups.len());
            match groups.get_mut(n) {
                Some(group) => group.push(entry),
                None => groups.push(vec![entry]),
            }
        }
        let mut shown = 0;
        for group in groups.iter().take(RULES) {
            if !self.part(|out| rule(group, out))? {
                break;
            }
            shown += 1;
        }
        self.always(|out| more(groups.len(), shown, "rules", out))
    }
}

fn row(entry: &Entry<'_>) -> String {
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
    format!(
        "| {mark} | {} | {id} {name} | {place}{message} |",
        rule.severity
    )
}

fn rule(group: &[&Entry<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    let Some(first) = group.first() else {
        return Ok(());
    };
    let rule = first.rule();
    let title = format!("{} {}", plain(&rule.id), plain(&rule.title));
    writeln!(out, "\n<details><summary>{title}</summary>\n")?;
    writeln!(out, "{}\n", plain(&rule.why))?;
    let mut steps: Vec<String> = Vec::new();
    for step in group.iter().take(ROWS).flat_map(|entry| entry.steps()) {
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
    writeln!(out, "- {}\n\n</details>", code(&rule.explain()))
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
