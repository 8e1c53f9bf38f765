//! What people accepted, a line each, and what of that is over.

use std::collections::HashMap;
use std::io;

use super::Page;
use crate::gate::Waiver;
use crate::report::style::count;
use crate::snapshot::HOST_NETNS;

/// Lines of each kind that are told; the rest is counted.
const SHOWN: usize = 20;

impl Page<'_> {
    pub(super) fn expired(&mut self) -> io::Result<()> {
        let expired = &self.report.gated.expired;
        let lines = expired.iter().map(|expired| {
            let waiver = expired.waiver.as_ref();
            let needed = count(expired.findings, "finding");
            let (file, line) = &waiver.place;
            let asked = asked(waiver.owner.as_deref());
            format!(
                "{file}:{line}: {} {} {}, {needed}; renew it{asked}, or fix what it hid: {}",
                waiver.rule,
                waiver.subject,
                ended(waiver),
                waiver.reason
            )
        });
        self.list("Waivers that are over: they fail the run", lines.collect())
    }

    pub(super) fn waived(&mut self) -> io::Result<()> {
        let several = self.report.facts.namespaces.len() > 1;
        let mut lines: Vec<(String, usize)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for waived in &self.report.gated.waived {
            let (finding, waiver) = (&waived.finding, waived.waiver.as_ref());
            let places: Vec<&str> = finding
                .abouts()
                .filter_map(|about| about.netns.as_deref())
                .collect();
            let place = match several && !places.is_empty() && places != [HOST_NETNS] {
                true => format!("{}: ", super::some(&places)),
                false => String::new(),
            };
            let (file, line) = &waiver.place;
            let mut terms: Vec<String> = waiver.owner.iter().cloned().collect();
            terms.extend(waiver.expires.as_ref().map(|day| format!("until {day}")));
            terms.push(format!("{file}:{line}"));
            let words = format!(
                "{} {place}{}: {} ({})",
                finding.rule.id,
                finding.message,
                waiver.reason,
                terms.join(", ")
            );
            let at = *known.entry(words.clone()).or_insert(lines.len());
            match lines.get_mut(at) {
                Some((_, times)) => *times += 1,
                None => lines.push((words, 1)),
            }
        }
        let lines = lines.into_iter().map(|(words, times)| match times {
            1 => words,
            times => format!("{words} ×{times}"),
        });
        self.list("Waived", lines.collect())
    }

    fn list(&mut self, title: &str, lines: Vec<String>) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.look.strong(title))?;
        for line in lines.iter().take(SHOWN) {
            self.item(line)?;
        }
        match lines.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => self.item(&format!("and {more} more: --format json has all")),
        }
    }

    /// What of the findings is no news, for the line of summary.
    pub(super) fn accepted(&self) -> String {
        let gated = &self.report.gated;
        let mut words = String::new();
        if gated.baseline.is_some() {
            let known = gated.known();
            let new = self.report.findings().len() - known;
            words.push_str(&format!(", {new} new, {known} known"));
        }
        if !gated.waived.is_empty() {
            words.push_str(&format!(", {} waived", gated.waived.len()));
        }
        if !gated.expired.is_empty() {
            let number = count(gated.expired.len(), "expired waiver");
            words.push_str(&format!(", {number}"));
        }
        words
    }
}

fn ended(waiver: &Waiver) -> String {
    let day = waiver.expires.as_deref().unwrap_or_default();
    format!("ended on {day}")
}

fn asked(owner: Option<&str>) -> String {
    owner.map_or(String::new(), |owner| format!(" with {owner}"))
}
