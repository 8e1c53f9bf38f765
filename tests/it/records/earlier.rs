//! Records of earlier states of the format still load, and still give what they gave. Rules that were
//! added since may find more in them.

use std::collections::BTreeSet;
use std::path::Path;

use backlint::snapshot::file;

use super::fixtures::{Judge, texts};
use crate::fixtures::words;

const FOLDER: &str = "tests/snapshots-of-earlier";

#[derive(serde::Deserialize)]
struct Expected {
    findings: BTreeSet<String>,
}

#[test]
fn records_of_earlier_states_load_and_give_what_they_gave() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let judge = Judge::new();
    let mut records = 0;
    for state in std::fs::read_dir(root.join(FOLDER)).unwrap() {
        let state = state.unwrap();
        if !state.path().is_dir() {
            continue;
        }
        let folder = format!("{FOLDER}/{}", state.file_name().to_str().unwrap());
        for (name, text) in texts(&folder) {
            let snapshot =
                file::parse(&name, &text).unwrap_or_else(|fault| panic!("{folder}: {fault}"));
            let found: BTreeSet<String> = judge.findings(&snapshot).iter().map(words).collect();
            let expected = root
                .join(&folder)
                .join(name.replace(".yaml", ".expected.yaml"));
            let expected = std::fs::read_to_string(expected).unwrap();
            let expected: Expected = serde_yaml::from_str(&expected).unwrap();
            let lost: Vec<&String> = expected.findings.difference(&found).collect();
            assert!(
                lost.is_empty(),
                "{folder}/{name} lost {lost:?} of {found:?}"
            );
            records += 1;
        }
    }
    assert!(records >= 15, "only {records} records");
}
