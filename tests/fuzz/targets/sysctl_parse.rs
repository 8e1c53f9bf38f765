//! Any bytes as a sysctl file. Nothing panics, and what is read has the shape that its types
//! promise: a line says at most one thing, whatever stands around it, and every value is a part of
//! its line.
#![no_main]

use backlint::sysctl_conf::{
    Assignment, Entry, assignments, entries, faults, is_glob, normalise_key,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let seen: Vec<Entry> = entries(text).collect();
    assert!(seen.is_sorted_by(|a, b| number(a) < number(b)), "{seen:?}");

    let mut rest = seen.as_slice();
    for (index, line) in lines.iter().enumerate() {
        let here = rest.first().filter(|entry| number(entry) == index + 1);
        let alone: Vec<Entry> = entries(line).collect();
        match here {
            None => assert!(alone.is_empty() && says_nothing(line), "{alone:?}"),
            Some(entry) => {
                check(entry, line);
                assert_eq!(alone, [moved(entry.clone(), 1)]);
                rest = &rest[1..];
            }
        }
    }
    assert!(rest.is_empty(), "lines that do not exist: {rest:?}");

    let split = assignments(text).len() + faults(text).len();
    let exclusions = seen.iter().filter(|e| matches!(e, Entry::Exclusion(_)));
    assert_eq!(split + exclusions.count(), seen.len());
    if let Ok(key) = std::str::from_utf8(text) {
        normalised_once(key);
    }
});

fn number(entry: &Entry) -> usize {
    match entry {
        Entry::Assignment(assignment) => assignment.line,
        Entry::Exclusion(exclusion) => exclusion.line,
        Entry::Fault(fault) => fault.line,
    }
}

fn moved(mut entry: Entry, to: usize) -> Entry {
    match &mut entry {
        Entry::Assignment(assignment) => assignment.line = to,
        Entry::Exclusion(exclusion) => exclusion.line = to,
        Entry::Fault(fault) => fault.line = to,
    }
    entry
}

fn check(entry: &Entry, line: &[u8]) {
    match entry {
        Entry::Assignment(assignment) => check_assignment(assignment, line),
        Entry::Exclusion(exclusion) => check_key(&exclusion.key),
        Entry::Fault(fault) => assert_eq!(fault.text, without_terminator(line)),
    }
}

fn check_assignment(assignment: &Assignment, line: &[u8]) {
    check_key(&assignment.key);
    let Assignment { value, setting, .. } = *assignment;
    let comment = assignment.comment.unwrap_or_default();
    let (inside, part) = (line.as_ptr_range(), value.as_ptr_range());
    assert!(inside.start <= part.start && part.end <= inside.end);
    assert!(line.contains(&b'=') && !value.contains(&b'\n'));
    assert!(no_blank_ends(value) && no_blank_ends(setting) && no_blank_ends(comment));
    assert!(value.starts_with(setting) && value.ends_with(comment));
    let gap = &value[setting.len()..value.len() - comment.len()];
    assert!(gap.iter().all(|byte| is_blank(*byte)), "{assignment:?}");
    assert_eq!(assignment.comment.is_none(), comment.is_empty());
    assert!(comment.is_empty() || matches!(comment[0], b'#' | b';'));
}

fn check_key(key: &str) {
    assert!(!key.is_empty());
    assert_eq!(normalise_key(key), key);
    normalised_once(key);
}

fn normalised_once(key: &str) {
    let once = normalise_key(key);
    assert_eq!(normalise_key(&once), once);
    assert_eq!(is_glob(&once), is_glob(key));
}

/// Whether a line is blank or a comment.
fn says_nothing(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !is_blank(**byte));
    first.is_none_or(|byte| matches!(byte, b'#' | b';'))
}

fn no_blank_ends(part: &[u8]) -> bool {
    let blank = |end: Option<&u8>| end.is_some_and(|byte| is_blank(*byte));
    !blank(part.first()) && !blank(part.last())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn without_terminator(line: &[u8]) -> &[u8] {
    let Some(line) = line.strip_suffix(b"\n") else {
        return line;
    };
    line.strip_suffix(b"\r").unwrap_or(line)
}
