//! `backlint rules test`.

use std::path::Path;
use std::sync::Arc;

use super::files::{self, Pair};
use super::named;
use crate::cases::{self, Cases, Tested};
use crate::cli::args::TestRules;
use crate::cli::input::Failure;
use crate::cli::{Run, input, output};
use crate::report::Outcome;
use crate::report::authoring::tested;
use crate::rules::{Rule, load};
use crate::services::Catalogue;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;

pub(super) fn run(arguments: &TestRules) -> Run {
    let pairs = files::pairs(&arguments.paths, true).map_err(Failure::Diagnostics)?;
    let catalogue = input::catalogue(&arguments.services.services)?;
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for pair in &pairs {
        match test(pair, &catalogue) {
            Ok(tested) => all.push(tested),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Diagnostics(faults));
    }
    all.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
    let outcome = match all.iter().all(Tested::passed) {
        true => Outcome::Clean,
        false => Outcome::Findings,
    };
    output::result(outcome, |out| tested::write(&all, output::look(), out))
}

/// Runs the cases of one rule.
fn test(pair: &Pair, catalogue: &Catalogue) -> Result<Tested, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut keep = |found: Vec<Diagnostic>| faults.extend(found);
    let rule = pair.rule.as_deref().map(rule);
    let rule = rule.and_then(|rule| rule.map_err(&mut keep).ok());
    let cases = pair.cases.as_deref().map(read_cases);
    let cases = cases.and_then(|cases| cases.map_err(&mut keep).ok());
    if !faults.is_empty() {
        return Err(faults);
    }
    match (rule, cases) {
        (Some(rule), None) => Ok(Tested {
            rule,
            file: None,
            ran: Vec::new(),
        }),
        (rule, Some((name, text, cases))) => {
            let document = Document::yaml(&name, &text);
            let rule = named::rule(rule, &cases, document).map_err(|fault| vec![fault])?;
            Ok(cases::test(&rule, &name, &cases, catalogue))
        }
        (None, None) => Err(faults),
    }
}

fn rule(path: &Path) -> Result<Arc<Rule>, Vec<Diagnostic>> {
    let (name, text) = files::read(path).map_err(|fault| vec![fault])?;
    load::load_one(&name, &text).map(Arc::new)
}

fn read_cases(path: &Path) -> Result<(String, String, Cases), Vec<Diagnostic>> {
    let (name, text) = files::read(path).map_err(|fault| vec![fault])?;
    let cases = cases::parse(&name, &text, files::fixture(path))?;
    Ok((name, text, cases))
}
