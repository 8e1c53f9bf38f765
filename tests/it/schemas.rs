//! The published JSON Schemas take what backlint takes and refuse what they can see is wrong, by a
//! validator that is not ours.

use std::path::{Path, PathBuf};

use crate::support::program::{finish, scrubbed};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder with an ending and without another.
fn files(folder: &str, ending: &str, without: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(ending) && !(name.ends_with(without))
    });
    files.sort();
    files
}

/// What the validator says of files: a fault each, or none.
fn faults(schema: &str, files: &[PathBuf]) -> Vec<Option<String>> {
    let python = repository("target/validators/bin/python");
    assert!(
        python.exists(),
        "{} is missing: tests/run makes it",
        python.display()
    );
    let mut command = scrubbed(python);
    command
        .arg(repository("tests/schemas/check.py"))
        .arg(repository(schema))
        .args(files);
    let said = finish(&mut command).ended(0).json();
    let of = |path: &PathBuf| said[path.to_str().unwrap()].as_str().map(str::to_owned);
    files.iter().map(of).collect()
}

/// Insists that the schema takes all these files.
fn takes(schema: &str, files: &[PathBuf]) {
    for (file, fault) in files.iter().zip(faults(schema, files)) {
        assert_eq!(fault, None, "{}", file.display());
    }
}

/// Insists that the schema refuses all these mistakes.
fn refuses(schema: &str, folder: &str, ending: &str, names: &[&str]) {
    let path = |name: &&str| repository(&format!("tests/mistakes/{folder}/{name}{ending}"));
    let files: Vec<PathBuf> = names.iter().map(path).collect();
    for (file, fault) in files.iter().zip(faults(schema, &files)) {
        assert!(fault.is_some(), "{} is taken", file.display());
    }
}

#[test]
fn every_rule_satisfies_the_schema_of_rules() {
    let rules = files("rules", ".yaml", ".cases.yaml");
    assert!(rules.len() >= 29);
    takes("rules/schema/rule.schema.json", &rules);
    let skeletons = files("src/report/authoring/skeleton", ".yaml", ".cases.yaml");
    assert_eq!(skeletons.len(), 5, "four scopes and a head: {skeletons:?}");
}

#[test]
fn every_cases_file_satisfies_the_schema_of_cases() {
    let cases = files("rules", ".cases.yaml", "\0");
    assert!(cases.len() >= 29);
    takes("rules/schema/cases.schema.json", &cases);
}

#[test]
fn the_schema_of_rules_refuses_what_it_can_see() {
    let seen = [
        "misspelt-field",
        "missing-field",
        "unknown-severity",
        "unknown-scope",
        "id-in-small-letters",
        "name-in-capitals",
        "empty-title",
        "kernel-as-a-number",
        "kernel-without-a-sign",
        "remediation-without-a-value",
        "remediation-of-two-things",
        "remediation-with-true",
        "relisten-of-something-else",
        "reference-that-is-a-mapping",
        "empty",
    ];
    refuses("rules/schema/rule.schema.json", "rules", ".yaml", &seen);
}

#[test]
fn the_schema_of_cases_refuses_what_it_can_see() {
    let seen = [
        "misspelt-expectation",
        "missing-expectation",
        "misspelt-field",
        "missing-rule",
        "message-of-a-silent-case",
        "no-record",
        "two-records",
        "step-without-a-value",
        "count-of-nothing",
        "cases-that-are-no-list",
    ];
    let ending = ".cases.yaml";
    refuses("rules/schema/cases.schema.json", "cases", ending, &seen);
}
