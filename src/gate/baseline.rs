//! A baseline: the findings that were there when somebody began to look. They are shown and fail no run;
//! new ones do. The file has their fingerprints and, for whoever reads its diff, rule and subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::subject::Subject;
use crate::assess::Facts;
use crate::rules::finding::Finding;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::{Document, Unwritable, to_yaml};

/// The schema of the file.
const SCHEMA: &str = "backlint/baseline/v1";

/// What the schema of each version begins with.
const ANY_VERSION: &str = "backlint/baseline/v";

/// What the file begins with, for people. The rest is sorted, has no date and no number that changes by
/// itself, so that two of them differ by findings alone.
const HEAD: &str = "# Findings that were known when this was written: they are shown and fail no run.\n\
                    # backlint audit --write-baseline writes it anew.\n";

/// Digits of a fingerprint.
const DIGITS: usize = 32;

/// A recorded set of findings, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Arc<BTreeMap<String, Entry>>,
}

/// What stands beside a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    rule: String,
    name: String,
    subject: String,
}

/// What says which file it is.
#[derive(Deserialize)]
#[serde(expecting = "a baseline")]
struct Head {
    schema: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    findings: Vec<Known>,
}

#[derive(Deserialize, Serialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an entry with rule, subject and fingerprint"
)]
struct Known {
    rule: String,
    #[serde(default)]
    name: String,
    subject: String,
    fingerprint: String,
}

impl Baseline {
    /// A baseline of these findings of one report.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>, facts: &Facts<'_>) -> Self {
        let entry = |finding: &'a Finding| {
            let entry = Entry {
                rule: finding.rule.id.clone(),
                name: finding.rule.name.clone(),
                subject: Subject::new(&finding.about, facts).words(),
            };
            (finding.fingerprint.clone(), entry)
        };
        let entries = findings.into_iter().map(entry).collect();
        Self {
            entries: Arc::new(entries),
        }
    }

    /// This one and another one in one.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        let mut entries = Arc::unwrap_or_clone(self.entries);
        let more = other.entries.iter();
        entries.extend(more.map(|(fingerprint, entry)| (fingerprint.clone(), entry.clone())));
        Self {
            entries: Arc::new(entries),
        }
    }

    /// The entries of some rules.
    #[must_use]
    pub fn of_rules(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.entries.iter().filter(|(_, entry)| wanted(&entry.rule));
        let kept = kept.map(|(fingerprint, entry)| (fingerprint.clone(), entry.clone()));
        Self {
            entries: Arc::new(kept.collect()),
        }
    }

    /// The entries that another one does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let kept = self.entries.iter();
        let kept = kept.filter(|(fingerprint, _)| !other.entries.contains_key(*fingerprint));
        let kept = kept.map(|(fingerprint, entry)| (fingerprint.clone(), entry.clone()));
        Self {
            entries: Arc::new(kept.collect()),
        }
    }

    /// Whether the finding was there when the baseline was written.
    pub fn knows(&self, finding: &Finding) -> bool {
        self.entries.contains_key(&finding.fingerprint)
    }

    /// Number of findings.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads a file, YAML or JSON.
    ///
    /// # Errors
    /// One diagnostic.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let document = Document::new(name, text);
        let again = "`backlint audit --write-baseline FILE` writes one";
        let with_remedy = |fault: Diagnostic| match &fault.help {
            Some(_) => fault,
            None => fault.with_help(again),
        };
        // First: the fields of another file, or of another version, are no faults.
        let head: Head = document.read().map_err(with_remedy)?;
        if head.schema != SCHEMA {
            let message = format!("`{}` is not the schema of a baseline", head.schema);
            let fault = document.at(&["schema".into()], message);
            return Err(fault.with_help(match head.schema.starts_with(ANY_VERSION) {
                true => format!("it needs a newer backlint: this one reads {SCHEMA}"),
                false => format!("a baseline begins with `schema: {SCHEMA}`; {again}"),
            }));
        }
        let file: File = document.read().map_err(with_remedy)?;
        let mut entries = BTreeMap::new();
        for (n, known) in file.findings.into_iter().enumerate() {
            let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            let fingerprint = known.fingerprint;
            if fingerprint.len() != DIGITS || !fingerprint.chars().all(digit) {
                let path = ["findings".into(), n.into(), "fingerprint".into()];
                let message = format!("`{fingerprint}` is not a fingerprint");
                let help = format!("{DIGITS} digits from 0 to f; {again}");
                return Err(document.at(&path, message).with_help(help));
            }
            // The same one twice is what a merge of two branches leaves.
            let entry = Entry {
                rule: known.rule,
                name: known.name,
                subject: known.subject,
            };
            entries.insert(fingerprint, entry);
        }
        Ok(Self {
            entries: Arc::new(entries),
        })
    }

    fn file(&self) -> File {
        let mut sorted: Vec<(&Entry, &String)> = self
            .entries
            .iter()
            .map(|(print, entry)| (entry, print))
            .collect();
        sorted.sort();
        let known = |(entry, fingerprint): (&Entry, &String)| Known {
            rule: entry.rule.clone(),
            name: entry.name.clone(),
            subject: entry.subject.clone(),
            fingerprint: fingerprint.clone(),
        };
        File {
            schema: SCHEMA.to_owned(),
            findings: sorted.into_iter().map(known).collect(),
        }
    }

    /// The file as YAML, by rule and subject.
    ///
    /// # Errors
    /// Only what the serializer itself reports.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        Ok(format!("{HEAD}{}", to_yaml(&self.file())?))
    }

    /// The file as JSON, by rule and subject.
    ///
    /// # Errors
    /// Only what the serializer itself reports.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&self.file()).map(|text| text + "\n")
    }
}
