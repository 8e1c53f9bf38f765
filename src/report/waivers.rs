//! A waivers file for everything that is in force: an entry for each finding, with a reason that has to
//! be filled in before backlint takes it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use super::fix::text::quoted;
use super::{Format, Report};
use crate::gate::waivers::Ready;
use crate::text::untrusted::clean;

/// The findings of all reports as a waivers file in YAML.
#[derive(Debug, Clone, Copy)]
pub struct Entries;

impl Format for Entries {
    fn write(&self, reports: &[Report<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(
            out,
            "# Accept what follows: keep an entry, and say why in its reason; an empty reason is refused.\n\
             # `owner` and `expires`, the last day that it holds on, may follow it."
        )?;
        let findings = reports.iter().flat_map(|report| {
            let findings = report.findings().iter();
            findings.map(move |finding| (finding, Ready::new(finding, report.facts)))
        });
        // SO_REUSEPORT siblings share an entry, and so do hosts that are alike.
        let mut told = BTreeSet::new();
        for (finding, ready) in findings {
            if told.contains(&ready) {
                continue;
            }
            if told.is_empty() {
                writeln!(out, "waivers:")?;
            }
            let fields: Vec<String> = ready
                .subject
                .iter()
                .map(|(field, pattern)| format!("{}: {}", field.name(), scalar(pattern)))
                .collect();
            writeln!(
                out,
                "  # {}: {}\n  - rule: {}\n    subject: {{{}}}\n    reason: \"\"",
                finding.rule.severity,
                clean(&finding.message),
                finding.rule.id,
                fields.join(", ")
            )?;
            told.insert(ready);
        }
        if told.is_empty() {
            writeln!(out, "waivers: []")?;
        }
        Ok(())
    }
}

/// A scalar of a flow mapping: a plain word for itself, anything else between quotes.
fn scalar(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    let word = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain);
    // Words that YAML, old or new, reads as something else than text.
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    match word && !other.contains(&text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(quoted(text)),
    }
}
