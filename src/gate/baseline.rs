//! A baseline: the findings that were there when somebody began to look. They are shown and fail no run;
//! new ones do, and so do known ones that got worse: surer or more severe than recorded. The file has their
//! fingerprints and, for whoever reads its diff, rule and subject. A fingerprint is the same on all hosts, so an
//! entry has its host where a run judged several sources. Entries without severity, confidence or host, as
//! earlier files have them, are about any.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::subject::Subject;
use crate::assess::{Confidence, Facts};
use crate::rules::Severity;
use crate::rules::finding::Finding;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::{Document, Unwritable, to_yaml};
use crate::text::schema;

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

/// Fingerprint and, where it is about one alone, host.
type Key = (String, Option<String>);

/// A recorded set of findings, by fingerprint and host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Arc<BTreeMap<Key, Entry>>,
}

/// What stands beside a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    rule: String,
    name: String,
    subject: String,
    /// What it was when it was recorded. `None`: anything.
    worst: Option<Badness>,
}

/// How severe and how sure a finding was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Badness {
    severity: Severity,
    confidence: Confidence,
}

impl Badness {
    fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.rule.severity,
            confidence: finding.confidence,
        }
    }

    /// As severe and sure as the worse of both, each by itself.
    fn or(self, other: Self) -> Self {
        Self {
            severity: self.severity.max(other.severity),
            confidence: self.confidence.max(other.confidence),
        }
    }

    fn covers(self, other: Self) -> bool {
        self.or(other) == self
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "by_name"
    )]
    severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<String>,
    fingerprint: String,
}

/// The fault of a file that is no baseline, or one of a newer backlint.
fn of_another_schema(document: Document<'_>, schema: &str, again: &str) -> Diagnostic {
    let message = format!("`{schema}` is not the schema of a baseline");
    let fault = document.at(&["schema".into()], message);
    fault.with_help(match schema::version(schema, ANY_VERSION) {
        Some(_) => format!("it needs a newer backlint: this one reads {SCHEMA}"),
        None => format!("a baseline begins with `schema: {SCHEMA}`; {again}"),
    })
}

impl Baseline {
    /// A baseline of these findings of one report, which hold on any host.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>, facts: &Facts<'_>) -> Self {
        let mut entries = BTreeMap::new();
        for finding in findings {
            let entry = Entry {
                rule: finding.rule.id.clone(),
                name: finding.rule.name.clone(),
                subject: Subject::new(&finding.about, facts).words(),
                worst: Some(Badness::of(finding)),
            };
            add(&mut entries, (finding.fingerprint.clone(), None), entry);
        }
        Self {
            entries: Arc::new(entries),
        }
    }

    /// The same, of one host alone.
    #[must_use]
    pub fn on(self, host: Option<&str>) -> Self {
        let entries = Arc::unwrap_or_clone(self.entries).into_iter();
        let entries = entries.map(|((print, _), entry)| ((print, host.map(str::to_owned)), entry));
        Self {
            entries: Arc::new(entries.collect()),
        }
    }

    /// This one and another one in one.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        let mut entries = Arc::unwrap_or_clone(self.entries);
        for (key, entry) in other.entries.iter() {
            add(&mut entries, key.clone(), entry.clone());
        }
        Self {
            entries: Arc::new(entries),
        }
    }

    /// The entries of some rules.
    #[must_use]
    pub fn of_rules(&self, wanted: impl Fn(&str) -> bool) -> Self {
        self.those(|_, entry| wanted(&entry.rule))
    }

    /// The entries that another one does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.those(|(print, host), _| other.fitting(print, host.as_deref()).next().is_none())
    }

    fn those(&self, wanted: impl Fn(&Key, &Entry) -> bool) -> Self {
        let kept = self
            .entries
            .iter()
            .filter(|(key, entry)| wanted(key, entry));
        let kept = kept.map(|(key, entry)| (key.clone(), entry.clone()));
        Self {
            entries: Arc::new(kept.collect()),
        }
    }

    /// The entries of a fingerprint that may be about a host.
    fn fitting<'a>(
        &'a self,
        print: &'a str,
        host: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Entry> {
        // Of one fingerprint, the one of any host is the first.
        let from = (print.to_owned(), None);
        let of_print = self
            .entries
            .range(from..)
            .take_while(move |((known, _), _)| known == print);
        let fits = move |known: Option<&str>| known.is_none() || host.is_none() || known == host;
        of_print
            .filter(move |((_, known), _)| fits(known.as_deref()))
            .map(|(_, entry)| entry)
    }

    /// Whether the finding was there on this host when the baseline was written, and was no less severe and
    /// sure.
    pub fn knows(&self, finding: &Finding, host: Option<&str>) -> bool {
        let now = Badness::of(finding);
        let mut fitting = self.fitting(&finding.fingerprint, host);
        fitting.any(|entry| entry.worst.is_none_or(|worst| worst.covers(now)))
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
        let file = match document.read::<File>() {
            Ok(file) if file.schema == SCHEMA => file,
            read => {
                // The fields of another file, or of another version, are no faults.
                let head: Head = document.read().map_err(with_remedy)?;
                if head.schema != SCHEMA {
                    return Err(of_another_schema(document, &head.schema, again));
                }
                read.map_err(with_remedy)?
            }
        };
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
            let confidence = known.confidence.map(|word| {
                let named = Confidence::ALL.into_iter().find(|it| it.name() == word);
                named.ok_or_else(|| {
                    let path = ["findings".into(), n.into(), "confidence".into()];
                    let fault = document.at(&path, format!("`{word}` is not a confidence"));
                    fault.with_help("certain, likely or possible")
                })
            });
            let confidence = confidence.transpose()?;
            let entry = Entry {
                rule: known.rule,
                name: known.name,
                subject: known.subject,
                worst: known.severity.map(|severity| Badness {
                    severity,
                    confidence: confidence.unwrap_or(Confidence::Certain),
                }),
            };
            // The same one twice is what a merge of two branches leaves.
            add(&mut entries, (fingerprint, known.host), entry);
        }
        Ok(Self {
            entries: Arc::new(entries),
        })
    }

    fn file(&self) -> File {
        let mut sorted: Vec<(&Entry, &Key)> = self
            .entries
            .iter()
            .map(|(key, entry)| (entry, key))
            .collect();
        sorted.sort();
        let known = |(entry, (fingerprint, host)): (&Entry, &Key)| Known {
            rule: entry.rule.clone(),
            name: entry.name.clone(),
            subject: entry.subject.clone(),
            host: host.clone(),
            severity: entry.worst.map(|worst| worst.severity),
            confidence: entry.worst.map(|worst| worst.confidence.name().to_owned()),
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

/// Adds an entry. One that is there already is as bad as the worse of both from then on.
fn add(entries: &mut BTreeMap<Key, Entry>, key: Key, mut entry: Entry) {
    if let Some(known) = entries.get(&key) {
        entry.worst = known
            .worst
            .zip(entry.worst)
            .map(|(one, other)| one.or(other));
    }
    entries.insert(key, entry);
}

fn by_name<S: Serializer>(severity: &Option<Severity>, to: S) -> Result<S::Ok, S::Error> {
    severity.map(Severity::name).serialize(to)
}
