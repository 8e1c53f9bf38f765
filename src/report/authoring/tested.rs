//! `backlint rules test` as a test runner shows it: a line for each rule, below it what differs in the
//! cases that failed, and a line of summary.

use std::io;

use anstyle::{AnsiColor, Style};

use crate::cases::{Difference, Tested};
use crate::report::style::{Look, count};
use crate::text::untrusted::clean;

/// Writes what the cases of these rules came to.
///
/// # Errors
/// What the writer says.
pub fn write(all: &[Tested], look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let width = |text: fn(&Tested) -> &str| {
        let lengths = all.iter().map(|tested| text(tested).chars().count());
        lengths.max().unwrap_or_default()
    };
    let ids = width(|tested| &tested.rule.id);
    let names = width(|tested| &tested.rule.name);
    for tested in all {
        let word = match tested.passed() {
            true => look.paint(color(AnsiColor::Green), "pass"),
            false => look.paint(color(AnsiColor::Red).bold(), "FAIL"),
        };
        let (id, name) = (&tested.rule.id, &tested.rule.name);
        let words = clean(&words(tested)).into_owned();
        writeln!(out, "{word}  {id:ids$}  {name:names$}  {words}")?;
        let file = tested.file.as_deref().unwrap_or_default();
        for ran in tested.failed() {
            let place = format!("{file}:{}", ran.line);
            let name = look.strong(&ran.name);
            writeln!(out, "      {}: {name}", look.paint(Style::new(), &place))?;
            for difference in &ran.differences {
                write_difference(difference, look, out)?;
            }
        }
    }
    let cases: usize = all.iter().map(|tested| tested.ran.len()).sum();
    let failed = all.iter().filter(|tested| !tested.passed()).count();
    let end = match failed {
        0 => "all pass".to_owned(),
        failed => format!("{} failed", count(failed, "rule")),
    };
    let rules = count(all.len(), "rule");
    writeln!(out, "\n{rules}, {}: {end}", count(cases, "case"))
}

fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}

/// How a rule did, in words.
fn words(tested: &Tested) -> String {
    let (all, failed) = (tested.ran.len(), tested.failed().count());
    let cases = match failed {
        0 => count(all, "case"),
        failed => format!("{failed} of {} failed", count(all, "case")),
    };
    match tested.lacks() {
        Some(what) if tested.file.is_none() => format!("{what}: {}", beside(&tested.rule.file)),
        Some(what) => format!("{cases}; {what}"),
        None => cases,
    }
}

/// What the cases file of a rule's file would be called.
fn beside(file: &str) -> String {
    let stem = file
        .strip_suffix(".yaml")
        .or_else(|| file.strip_suffix(".yml"));
    format!("write {}.cases.yaml", stem.unwrap_or(file))
}

/// What was expected and what was found, as a diff has them: lines of both stand once.
fn write_difference(
    difference: &Difference,
    look: Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Difference {
        field,
        expected,
        found,
    } = difference;
    writeln!(out, "        {field}:")?;
    let (before, after) = (expected.join("\n") + "\n", found.join("\n") + "\n");
    let diff = similar::TextDiff::from_lines(&before, &after);
    for change in diff.iter_all_changes() {
        let line = change.value().trim_end_matches('\n');
        let (sign, style, side) = match change.tag() {
            similar::ChangeTag::Delete => ("-", color(AnsiColor::Red), "expected"),
            similar::ChangeTag::Insert => ("+", color(AnsiColor::Green), "found"),
            similar::ChangeTag::Equal => (" ", Style::new(), "both"),
        };
        let line = match line {
            "" => "nothing",
            line => line,
        };
        writeln!(
            out,
            "          {sign} {side:8}  {}",
            look.paint(style, line)
        )?;
    }
    Ok(())
}
