//! `backlint diff`.

use std::path::Path;

use super::args::{Diff, DiffFormat};
use super::config::Config;
use super::gate::Terms;
use super::input::Failure;
use super::{Run, input, output};
use crate::assess::Facts;
use crate::compare::{Side, compare, is_report};
use crate::report::json::{self, v1};
use crate::report::{Outcome, changes};
use crate::rules::engine::judge;
use crate::services::Catalogue;

pub(super) fn run(arguments: &Diff) -> Run {
    if [&arguments.old, &arguments.new]
        .iter()
        .all(|path| *path == Path::new("-"))
    {
        return Err(input::twice("give `-` for OLD or for NEW"));
    }
    let config = Config::read(&arguments.config)?;
    let terms = Terms::read(&config, &arguments.rules, &arguments.selection, None)?;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let old = side(&arguments.old, &terms, &catalogue)?;
    let new = side(&arguments.new, &terms, &catalogue)?;
    let found = compare(&old, &new);
    let limit = config.threshold(arguments.fail_on);
    let outcome = match limit.is_some_and(|limit| found.fails(limit)) {
        true => Outcome::Findings,
        false => Outcome::Clean,
    };
    output::result(outcome, |out| match arguments.format {
        DiffFormat::Table => changes::write(&found, output::look(), out),
        DiffFormat::Json => json::document(&v1::Diff::new(&found), out),
    })
}

/// What a file says: a report as it is, a record on these terms. What is waived is not in either.
fn side(path: &Path, terms: &Terms, catalogue: &Catalogue) -> Result<Side, Failure> {
    let (name, text) = input::document(path)?;
    if is_report(&name, &text) {
        let mut side = Side::of_report(&name, &text)?;
        side.findings
            .retain(|finding| terms.asks_for(&finding.rule));
        return Ok(side);
    }
    let snapshot = input::record(&name, &text)?;
    let facts = Facts::new(&snapshot, catalogue);
    let gated = terms.hold(judge(&terms.rules, &facts), &facts);
    Ok(Side::of_record(&name, &facts, &gated.judgement))
}
