//! `backlint rules check`.

use super::files::{self, Pair};
use super::named;
use crate::cases::{self, Cases};
use crate::cli::args::{CheckFormat, CheckRules};
use crate::cli::input::Failure;
use crate::cli::{Run, output};
use crate::report::Outcome;
use crate::report::json::{document, v1};
use crate::report::style::count;
use crate::rules::load;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;

pub(super) fn run(arguments: &CheckRules) -> Run {
    let (read, faults) = match files::pairs(&arguments.files, false) {
        Ok(pairs) => look(&pairs, arguments.alone),
        Err(faults) => (String::new(), faults),
    };
    let outcome = match faults.is_empty() {
        true => Outcome::Clean,
        false => Outcome::Unusable,
    };
    match arguments.format {
        CheckFormat::Json => output::result(outcome, |out| {
            document(&v1::authoring::Diagnostics::new(&faults), out)
        }),
        CheckFormat::Text if faults.is_empty() => {
            output::result(outcome, |out| writeln!(out, "{read}: nothing is wrong"))
        }
        CheckFormat::Text => Err(Failure::Diagnostics(faults)),
    }
}

/// The fault of cases that name another rule than theirs. A rule that has faults of its own tells them.
fn of_another_rule(pair: &Pair, cases: &Cases, name: &str, text: &str) -> Option<Diagnostic> {
    let beside = match files::rule_of(pair) {
        Some(Ok(rule)) => Some(rule),
        Some(Err(())) => return None,
        None => None,
    };
    named::rule(beside, cases, Document::yaml(name, text)).err()
}

/// What was read, in words, and everything that is wrong with it.
fn look(pairs: &[Pair], alone: bool) -> (String, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    let mut of_cases = 0;
    let mut others = Vec::new();
    for pair in pairs {
        if let Some(path) = &pair.rule {
            match files::read(path) {
                Ok(file) => rules.push(file),
                Err(fault) => others.push(fault),
            }
        }
        let Some(path) = &pair.cases else { continue };
        of_cases += 1;
        match files::read(path) {
            Ok((name, text)) => match cases::parse(&name, &text, files::fixture(path)) {
                Ok(cases) => others.extend(of_another_rule(pair, &cases, &name, &text)),
                Err(faults) => others.extend(faults),
            },
            Err(fault) => others.push(fault),
        }
    }
    let loaded = match alone {
        true => load::load_alone(&rules),
        false => load::load(&rules),
    };
    faults.extend(loaded.err().unwrap_or_default());
    faults.extend(others);
    let read = match of_cases {
        0 => count(rules.len(), "rule"),
        cases => format!(
            "{} and {}",
            count(rules.len(), "rule"),
            count(cases, "cases file")
        ),
    };
    (read, faults)
}
