//! The fixtures and the judgement of records, for the tests of this folder.

use std::path::{Path, PathBuf};

use backlint::assess::Facts;
use backlint::rules::engine::judge;
use backlint::rules::finding::Finding;
use backlint::rules::{RuleSet, load};
use backlint::services::Catalogue;
use backlint::snapshot::{Snapshot, file};

/// Name and text of each record of a folder.
pub(super) fn texts(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let records = paths.into_iter().filter_map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_record = name.ends_with(".yaml") && !name.ends_with(".expected.yaml");
        is_record.then(|| (name, std::fs::read_to_string(&path).unwrap()))
    });
    records.collect()
}

/// All fixtures.
pub(super) fn all() -> Vec<(String, Snapshot)> {
    let records = texts("fixtures").into_iter().map(|(name, text)| {
        let snapshot = file::parse(&name, &text).unwrap_or_else(|fault| panic!("{fault}"));
        (name, snapshot)
    });
    let records: Vec<_> = records.collect();
    assert!(records.len() > 20, "only {} fixtures", records.len());
    records
}

pub(super) struct Judge {
    pub(super) rules: RuleSet,
    pub(super) catalogue: Catalogue,
}

impl Judge {
    pub(super) fn new() -> Self {
        Self {
            rules: load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0])),
            catalogue: Catalogue::builtin(),
        }
    }

    pub(super) fn findings(&self, snapshot: &Snapshot) -> Vec<Finding> {
        judge(&self.rules, &Facts::new(snapshot, &self.catalogue)).findings
    }

    /// What is found and how sure, and what could not be evaluated, without a word of anybody's.
    pub(super) fn gist(&self, snapshot: &Snapshot) -> Vec<String> {
        let judgement = judge(&self.rules, &Facts::new(snapshot, &self.catalogue));
        let found = judgement.findings.iter().map(|it| {
            format!(
                "{} {} {} in {}",
                it.rule.id,
                it.rule.severity,
                it.confidence,
                it.abouts().count()
            )
        });
        let skipped = judgement.not_evaluated.iter();
        let skipped = skipped.map(|it| format!("no {} for {}", it.rule.id, it.subjects));
        let mut gist: Vec<String> = found.chain(skipped).collect();
        // Settings are in the order of their keys, and a device's name is a part of one.
        gist.sort();
        gist
    }
}
