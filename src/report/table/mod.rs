//! The report for people: worst first, what, why it hurts, what to do, what will not help; then all
//! steps once in their order, what is not known, and one line of summary.

mod gate;
mod places;
mod plan;
mod tail;

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::steps::words;
use super::style::{Look, wrap};
use super::{Format, Report, assumed};
use crate::assess::Confidence;
use crate::rules::finding::Finding;
use crate::snapshot::{HOST_NETNS, Host};
use crate::text::untrusted::clean;
pub(super) use plan::some;

/// Reports as text.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// How to write.
    pub look: Look,
}

/// Findings of one rule that are shown; the rest is counted.
const SHOWN: usize = 20;

/// Columns of the labels `why` and `do` with what stands around them.
const LABEL: usize = 16;

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

/// A message of several findings that differ by their places alone.
struct Line<'a> {
    message: &'a str,
    confidence: Confidence,
    /// Whether the baseline has them.
    known: bool,
    /// Names of namespaces, each as often as the message stands there.
    places: Vec<&'a str>,
    /// Whether the places are told.
    told: bool,
    times: usize,
}

impl<'a> Line<'a> {
    fn new(finding: &'a Finding, known: bool, told: bool) -> Self {
        Self {
            message: &finding.message,
            confidence: finding.confidence,
            known,
            places: Vec::new(),
            told,
            times: 0,
        }
    }

    /// `docker/web: nginx on 0.0.0.0:80 asked for 511 and got 128 ×2 (likely)`.
    fn words(&self) -> String {
        let mut distinct = self.places.clone();
        distinct.dedup();
        let place = match self.told && !distinct.is_empty() {
            true => format!("{}: ", some(&distinct)),
            false => String::new(),
        };
        let siblings = if self.told {
            self.times / distinct.len().max(1)
        } else {
            self.times
        };
        let times = if siblings > 1 {
            format!(" ×{siblings}")
        } else {
            String::new()
        };
        let marks = match (self.confidence, self.known) {
            (Confidence::Certain, false) => String::new(),
            (Confidence::Certain, true) => " (known)".to_owned(),
            (unsure, false) => format!(" ({unsure})"),
            (unsure, true) => format!(" ({unsure}, known)"),
        };
        format!("{place}{}{times}{marks}", self.message)
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
        let findings = self.report.findings();
        let indexed: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
        let one_block = |a: &Finding, b: &Finding| a.rule.id == b.rule.id;
        for group in indexed.chunk_by(|(_, a), (_, b)| one_block(a, b)) {
            self.findings(group)?;
        }
        self.plan()?;
        self.expired()?;
        self.waived()?;
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
        if let Some(line) = assumed::line(self.report.facts) {
            for line in wrap(&clean(&line), self.look.width) {
                writeln!(self.out, "{}", self.look.strong(&line))?;
            }
        }
        self.namespaces()
    }

    fn findings(&mut self, group: &[(usize, &Finding)]) -> io::Result<()> {
        let Some((_, first)) = group.first() else {
            return Ok(());
        };
        let rule = &first.rule;
        writeln!(
            self.out,
            "\n{}  {}  {}",
            self.look.severity(rule.severity),
            self.look.strong(&rule.title),
            self.look.faint(&format!("{} {}", rule.id, rule.name)),
        )?;
        let lines = self.lines(group);
        for line in lines.iter().take(SHOWN) {
            self.item(line)?;
        }
        if lines.len() > SHOWN {
            let more = format!("and {} more: --format json has all", lines.len() - SHOWN);
            writeln!(self.out, "    {}", self.look.faint(&more))?;
        }
        self.paragraph("why", &rule.why)?;
        self.remedies(group)?;
        for (n, words) in rule.does_not_help.iter().enumerate() {
            self.paragraph(if n == 0 { "won't help" } else { "" }, words)?;
        }
        let page = rule.explain();
        let label = format!("{:<10}", "explain");
        writeln!(
            self.out,
            "    {}  {}",
            self.look.faint(&label),
            self.look.faint(&page)
        )
    }

    /// Messages of a group with where and how often each stands: SO_REUSEPORT siblings have the same
    /// words, and so have containers that are alike.
    fn lines<'f>(&self, group: &[(usize, &'f Finding)]) -> Vec<String> {
        let mut lines: Vec<Line<'f>> = Vec::new();
        let mut known: HashMap<(&str, Confidence, bool, bool), usize> = HashMap::new();
        for (_, finding) in group {
            let old = self.report.gated.is_known(finding);
            let places: Vec<&str> = finding
                .abouts()
                .filter_map(|about| about.netns.as_deref())
                .collect();
            // The host stands by itself.
            let told = self.report.facts.namespaces.len() > 1 && places != [HOST_NETNS];
            let at = *known
                .entry((&finding.message, finding.confidence, old, told))
                .or_insert(lines.len());
            if at == lines.len() {
                lines.push(Line::new(finding, old, told));
            }
            if let Some(line) = lines.get_mut(at) {
                line.times += places.len().max(1);
                line.places.extend(places);
            }
        }
        lines.iter().map(Line::words).collect()
    }

    /// What to do, each different step once; the plan at the end says how.
    fn remedies(&mut self, group: &[(usize, &Finding)]) -> io::Result<()> {
        let mut seen = BTreeSet::new();
        let mut said = Vec::new();
        for (index, _) in group {
            for step in self
                .report
                .advice
                .by_finding
                .get(*index)
                .into_iter()
                .flatten()
            {
                let words = words(step, self.report);
                if seen.insert(words.clone()) {
                    said.push(words);
                }
            }
        }
        for (n, words) in said.iter().take(SHOWN).enumerate() {
            self.paragraph(if n == 0 { "do" } else { "" }, words)?;
        }
        if said.len() > SHOWN {
            self.paragraph("", &format!("and {} more", said.len() - SHOWN))?;
        }
        Ok(())
    }

    /// A label and a text beside it.
    fn paragraph(&mut self, label: &str, text: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(LABEL).max(20);
        for (n, line) in wrap(&clean(text), width).iter().enumerate() {
            let label = format!("{:<10}", if n == 0 { label } else { "" });
            writeln!(self.out, "    {}  {line}", self.look.faint(&label))?;
        }
        Ok(())
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        self.marked("  - ", text)
    }

    fn numbered(&mut self, number: usize, text: &str) -> io::Result<()> {
        self.marked(&format!("{number:>3}. "), text)
    }

    fn marked(&mut self, mark: &str, text: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(mark.len()).max(20);
        for (n, line) in wrap(&clean(text), width).iter().enumerate() {
            let blank = " ".repeat(mark.len());
            writeln!(self.out, "{}{line}", if n == 0 { mark } else { &blank })?;
        }
        Ok(())
    }
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
