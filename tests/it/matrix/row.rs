//! What backlint said of one listener, beside the truth.

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{Asks, Entry, Expected, Place, Sure, at_home};
use super::truth::verdict;

/// A listener as the kernel and strace show it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) address: String,
    pub(super) max: u64,
    pub(super) asked: i64,
    pub(super) cap: u32,
}

/// A row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) address: String,
    /// Whether the entry names it.
    pub(super) expected: bool,
    pub(super) cap: u32,
    pub(super) asked: i64,
    pub(super) max: u64,
    pub(super) service: Option<String>,
    /// As the table shows it: a number, `all`, or `-`.
    pub(super) requested: String,
    /// Whether that is said to be a default.
    pub(super) by_default: bool,
    pub(super) place: Option<String>,
    pub(super) limited_by: Option<String>,
    pub(super) confidence: Option<String>,
    /// What is wrong with it.
    pub(super) wrong: Vec<String>,
}

/// Compares what backlint lists for a listener (`None`: nothing) with the truth.
pub(super) fn judge(entry: &Entry, seen: &Seen, listed: Option<&Value>) -> Row {
    let mut wrong = Vec::new();
    if listed.is_none() {
        wrong.push("it is not listed".to_owned());
    }
    let none = Value::Null;
    let listed = listed.unwrap_or(&none);
    let text = |key: &str| listed[key].as_str().map(str::to_owned);
    let requested = &listed["requested"];
    let mut expected = entry.expected.iter();
    let expected = expected.find(|expected| expected.fits(&seen.address));
    let row = Row {
        address: seen.address.clone(),
        expected: expected.is_some(),
        cap: seen.cap,
        asked: seen.asked,
        max: seen.max,
        service: text("service"),
        requested: match (requested.is_null(), requested["backlog"].as_i64()) {
            (true, _) => "-".to_owned(),
            (false, None) => "all".to_owned(),
            (false, Some(number)) => number.to_string(),
        },
        by_default: requested["source"] == "default",
        place: requested["where"].as_str().map(str::to_owned),
        limited_by: text("limited_by"),
        confidence: text("confidence"),
        wrong: Vec::new(),
    };
    wrong.extend(against_the_kernel(seen, listed));
    wrong.extend(against_the_truth(entry, seen, expected, &row));
    if let Some(expected) = expected {
        wrong.extend(against_the_entry(seen, expected, &row));
    }
    Row { wrong, ..row }
}

/// The queue itself.
fn against_the_kernel(seen: &Seen, listed: &Value) -> Option<String> {
    let max = &listed["accept_queue"]["max"];
    (!listed.is_null() && *max != seen.max)
        .then(|| format!("its maximum is {}, not {max}", seen.max))
}

/// Service, limit and request.
fn against_the_truth(
    entry: &Entry,
    seen: &Seen,
    expected: Option<&Expected>,
    row: &Row,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if row.service.as_deref() != Some(entry.name()) {
        wrong.push(format!("its service is {}", entry.name()));
    }
    let asks = expected.map_or(Asks::Something, |expected| expected.asks);
    let truth = verdict(asks, seen.asked, row.by_default, seen.cap);
    if Sure::from_name(row.confidence.as_deref()) >= Sure::Likely {
        if row.limited_by.as_deref() != Some(truth.limited_by) {
            wrong.push(format!("it is limited by {}", truth.limited_by));
        }
        let number = truth
            .requested
            .map_or_else(|| "all".to_owned(), |number| number.to_string());
        // `listen.backlog = -1` may be told as it stands there.
        let as_written = truth.requested.is_none() && row.requested == seen.asked.to_string();
        if row.requested != number && !as_written {
            wrong.push(format!("it requested {number}"));
        }
    }
    wrong
}

/// What the entry asks of backlint.
fn against_the_entry(seen: &Seen, expected: &Expected, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let believed = match expected.asks {
        Asks::For(number) => Some(number),
        Asks::Somaxconn => Some(i64::from(seen.cap)),
        Asks::Something => None,
    };
    if let Some(number) = believed.filter(|number| *number != seen.asked) {
        wrong.push(format!("the matrix believed that it asks for {number}"));
    }
    if Sure::from_name(row.confidence.as_deref()) < expected.least {
        wrong.push(format!("less sure than {}", expected.least.name()));
    }
    let place = match expected.place {
        Place::Line(file, text) => Some(line_of(file, text)),
        Place::CommandLine => Some("command line".to_owned()),
        Place::Anywhere => None,
    };
    if let Some(place) = place.filter(|place| row.place.as_ref() != Some(place)) {
        wrong.push(format!("it stands on {place}"));
    }
    wrong
}

/// `/run/matrix/nginx.conf:7`
fn line_of(file: &str, text: &str) -> String {
    let path = at_home(&format!("@/{file}"));
    let all = fs::read_to_string(&path).unwrap();
    let mut lines = all.lines();
    let line = lines.position(|line| line.contains(text));
    let line = line.unwrap_or_else(|| panic!("{path} has no {text:?}"));
    format!("{path}:{}", line + 1)
}
