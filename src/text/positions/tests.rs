//! The index says what the walk to each value says, for every value of every fixture.

use std::path::Path;

use super::Positions;
use crate::text::document::Document;
use crate::text::locate::Step;

fn path(steps: &[&str]) -> Vec<Step> {
    let step = |step: &&str| {
        step.parse::<usize>()
            .map_or_else(|_| (*step).into(), Step::Index)
    };
    steps.iter().map(step).collect()
}

/// The paths of all values.
fn paths(value: &serde_json::Value, here: &[Step], found: &mut Vec<Vec<Step>>) {
    found.push(here.to_vec());
    let mut below = |step: Step, value| paths(value, &[here, &[step]].concat(), found);
    match value {
        serde_json::Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                below(n.into(), item);
            }
        }
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                below(key.as_str().into(), value);
            }
        }
        _ => {}
    }
}

#[test]
fn every_value_of_every_fixture_stands_where_the_walk_finds_it() {
    let mut values = 0;
    for folder in ["fixtures", "tests/targets"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let document = Document::yaml("f", &text);
            let mut all = Vec::new();
            paths(&document.read().unwrap(), &[], &mut all);
            let positions = Positions::of(&text);
            for path in all.iter().take(400) {
                let wanted = document.place(path);
                // A block of text begins behind its key, and its first line stands below.
                let block = wanted.and_then(|(line, column)| {
                    let behind = text.lines().nth(line - 1)?.get(column - 1..)?;
                    behind.starts_with('|').then_some(line + 1)
                });
                if let Some(line) = block {
                    assert_eq!(positions.line(path, 1), Some((line, 1)));
                    continue;
                }
                assert_eq!(positions.place(path), wanted, "{} {path:?}", file.display());
                values += 1;
            }
        }
    }
    assert!(values > 500, "{values}");
}

#[test]
fn a_line_of_a_block_of_text_is_a_line_of_the_file() {
    let text =
        "files:\n  - path: /etc/sysctl.conf\n    text: |  # as found\n\n      a = 1\n      b = 2\n";
    let positions = Positions::of(text);
    let steps = path(&["files", "0", "text"]);
    assert_eq!(positions.line(&steps, 1), Some((4, 1)));
    assert_eq!(positions.line(&steps, 3), Some((6, 1)));
}

#[test]
fn a_quoted_text_is_one_line_of_the_file() {
    let text = "files:\n  - {path: /x, text: \"a = 1\\nb = 2\\n\"}\n";
    let positions = Positions::of(text);
    assert_eq!(
        positions.line(&path(&["files", "0", "text"]), 2),
        Some((2, 22))
    );
}

#[test]
fn json_counts_characters_and_takes_every_escape() {
    let text = "{\"é\": [1,\n \t{\"\\ud83d\\ude00\": \"x\"}], \"a\\u0062\":\r\n  2}\n";
    let positions = Positions::of(text);
    assert_eq!(positions.place(&path(&["é", "0"])), Some((1, 8)));
    assert_eq!(positions.place(&path(&["é", "1", "😀"])), Some((2, 20)));
    assert_eq!(positions.place(&path(&["ab"])), Some((3, 3)));
}

#[test]
fn what_is_not_there_has_the_place_of_what_it_is_not_in() {
    let positions = Positions::of("a:\n  - {b: 1}\n");
    assert_eq!(positions.place(&path(&["a", "0", "c", "d"])), Some((2, 5)));
    assert_eq!(positions.place(&path(&["a", "7"])), Some((2, 3)));
    assert_eq!(Positions::of("").place(&[]), None);
}

#[test]
fn an_alias_stands_where_its_anchor_does() {
    let positions = Positions::of("a: &x {b: 1}\nc: *x\nd: 2\n");
    assert_eq!(positions.place(&path(&["c", "b"])), Some((1, 11)));
    assert_eq!(positions.place(&path(&["d"])), Some((3, 4)));
}

proptest::proptest! {
    #[test]
    fn every_place_is_one_of_the_text(text in "[a-c:{}\\[\\],&*|>'\"#\\- \n\t\r\\\\0-9é]{0,80}") {
        let lines = text.split('\n').count();
        // A carriage return alone ends a line of YAML too.
        let lines = lines + text.matches('\r').count();
        let positions = Positions::of(&text);
        let all = positions.nodes.iter();
        for (line, column) in all.map(|node| node.place) {
            assert!(line >= 1 && line <= lines + 1 && column >= 1, "{text:?} {line}:{column}");
        }
        positions.place(&path(&["a", "0", "b"]));
        positions.line(&path(&["0"]), 3);
    }

    #[test]
    fn any_text_has_an_index(text in ".{0,60}") {
        Positions::of(&text);
        Positions::of(&format!("{{\"{text}\": [{text}, \"{text}\"]}}"));
    }
}
