//! The JSON Schema of records, held against the parser by a validator of other people's: what one takes
//! the other takes, as far as a schema can say it.

use std::path::Path;

use backlint::snapshot::{file, schema};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;

use super::{fixtures, full, generated};
use crate::support::program::run;

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&schema::text().unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{error}"))
}

/// What the validator has against a text. `None`: nothing.
fn fault(validator: &Validator, text: &str) -> Option<String> {
    let value: Value = match serde_yaml::from_str(text) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let mut errors = validator.iter_errors(&value);
    errors
        .next()
        .map(|error| format!("{}: {error}", error.instance_path))
}

#[test]
fn every_record_that_is_kept_is_valid() {
    let validator = validator();
    let folders = ["fixtures", "first-rules", "containers", "boot"];
    for folder in folders {
        let folder = match folder {
            "fixtures" => folder.to_owned(),
            state => format!("tests/snapshots-of-earlier/{state}"),
        };
        for (name, text) in fixtures::texts(&folder) {
            assert_eq!(fault(&validator, &text), None, "{folder}/{name}");
        }
    }
    assert_eq!(fault(&validator, full::TEXT), None);
}

#[test]
fn every_record_that_is_written_is_valid() {
    let validator = validator();
    let config = ProptestConfig {
        cases: 64,
        ..ProptestConfig::default()
    };
    proptest!(config, |(snapshot in generated::record())| {
        assert_eq!(fault(&validator, &file::to_yaml(&snapshot).unwrap()), None);
        assert_eq!(fault(&validator, &file::to_json(&snapshot).unwrap()), None);
    });
}

/// Faults that no schema can say: they take a look at two places, at the bytes, or at the kernel's
/// catalogue.
const BEYOND: [&str; 6] = [
    "two-namespaces-of-one-name.yaml",
    "sysctl-twice.yaml",
    "misspelt-sysctl.yaml",
    "misspelt-counter.yaml",
    "text-for-a-number.yaml",
    "ipv6-without-brackets.yaml",
];

#[test]
fn the_schema_refuses_the_mistakes_that_the_parser_refuses() {
    let validator = validator();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes/snapshots");
    let mut refused = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".stderr") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let fault = fault(&validator, &text);
        if !BEYOND.contains(&name) {
            assert!(fault.is_some(), "{name}: the schema takes it");
            refused += 1;
        }
    }
    assert!(refused >= 18, "{refused}");
}

#[test]
fn the_schema_is_printed() {
    let run = run(["snapshot", "--schema"]).ended(0);
    assert_eq!(run.out, schema::text().unwrap());
}
