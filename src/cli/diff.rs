//! `backlint diff`.

use std::path::Path;

use super::args::{Diff, DiffFormat};
use super::input::Failure;
use super::{Run, input, output};
use crate::assess::Facts;
use crate::compare::{Side, compare, is_report};
use crate::report::json::{self, v1};
use crate::report::{Outcome, changes};
use crate::rules::RuleSet;
use crate::rules::engine::judge;
use crate::services::Catalogue;

pub(super) fn run(arguments: &Diff) -> Run {
    if [&arguments.old, &arguments.new]
        .iter()
        .all(|path| *path == Path::new("-"))
    {
        return Err(input::twice("give `-` for OLD or for NEW"));
    }
    let rules = input::rules(&arguments.rules.rules)?;
    let catalogue = input::catalogue(&arguments.services.services)?;
    let old = side(&arguments.old, &rules, &catalogue)?;
    let new = side(&arguments.new, &rules, &catalogue)?;
    let found = compare(&old, &new);
    let fails = arguments.fail_on().is_some_and(|limit| found.fails(limit));
    let outcome = match fails {
        true => Outcome::Findings,
        false => Outcome::Clean,
    };
    output::result(outcome, |out| match arguments.format {
        DiffFormat::Table => changes::write(&found, output::look(), out),
        DiffFormat::Json => json::document(&v1::Diff::new(&found), out),
    })
}

/// What a file says: a report as it is, a record by these rules.
fn side(path: &Path, rules: &RuleSet, catalogue: &Catalogue) -> Result<Side, Failure> {
    let (name, text) = input::document(path)?;
    if is_report(&name, &text) {
        return Ok(Side::of_report(&name, &text)?);
    }
    let snapshot = input::record(&name, &text)?;
    let facts = Facts::new(&snapshot, catalogue);
    Ok(Side::of_record(&name, &facts, &judge(rules, &facts)))
}
