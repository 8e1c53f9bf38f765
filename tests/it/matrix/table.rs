//! The matrix as a table in Markdown. Listeners that differ in their address alone share a row.

use std::fmt::Write as _;

use super::entry::Entry;
use super::row::Row;

const HEAD: [&str; 12] = [
    "server",
    "configuration",
    "listener",
    "cap",
    "true request",
    "max",
    "requested",
    "where",
    "limited by",
    "confidence",
    "service",
    "verdict",
];

/// The head of the table.
pub(super) fn head() -> String {
    let rule = HEAD.map(|_| "---");
    format!("| {} |\n| {} |\n", HEAD.join(" | "), rule.join(" | "))
}

/// The rows of one cell, or why there are none.
pub(super) fn rows(entry: &Entry, cap: u32, rows: &Result<Vec<Row>, String>) -> String {
    let rows = match rows {
        Ok(rows) => rows,
        Err(why) => {
            let why = why.replace('\n', " / ").replace('|', "\\|");
            let (service, configuration) = (entry.service, entry.configuration);
            return format!(
                "| {service} | {configuration} | | {cap} | | | | | | | | **FAILED**: {why} |\n"
            );
        }
    };
    let mut alike: Vec<(Row, Vec<&Row>)> = Vec::new();
    for row in rows {
        let mut key = row.clone();
        key.address.clear();
        if !row.expected {
            key.place = None;
        }
        match alike.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rows)) => rows.push(row),
            None => alike.push((key, vec![row])),
        }
    }
    alike.iter().map(|(_, rows)| line(entry, rows)).collect()
}

/// A row of the table for rows that are alike; the first stands for all.
fn line(entry: &Entry, rows: &[&Row]) -> String {
    let Some((row, rest)) = rows.split_first() else {
        return String::new();
    };
    let listener = match rest.len() {
        0 => row.address.clone(),
        more => format!("{} and {more} more", row.address),
    };
    let verdict = match row.wrong.as_slice() {
        [] => "ok".to_owned(),
        wrong => format!("**WRONG**: {}", wrong.join("; ")),
    };
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let cells = [
        entry.service.to_owned(),
        entry.configuration.to_owned(),
        listener,
        row.cap.to_string(),
        row.asked.to_string(),
        row.max.to_string(),
        row.requested.clone(),
        text(&row.place),
        text(&row.limited_by),
        text(&row.confidence),
        text(&row.service),
        verdict,
    ];
    let mut out = String::from("|");
    for cell in cells {
        write!(out, " {} |", cell.replace('|', "\\|")).unwrap();
    }
    out + "\n"
}
