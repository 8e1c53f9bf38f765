//! Which rule a cases file is about: the one beside it, or a built-in one; and the fault where it names
//! another.

use std::sync::Arc;

use crate::cases::Cases;
use crate::rules::{Rule, load};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::nearest::nearest;

/// The rule of a cases file; `beside` is the one in the file of its name, where there is one.
pub(super) fn rule(
    beside: Option<Arc<Rule>>,
    cases: &Cases,
    document: Document<'_>,
) -> Result<Arc<Rule>, Diagnostic> {
    match beside {
        Some(rule) => of_file(rule, cases, document),
        None => built_in(cases, document),
    }
}

/// The rule beside a cases file, which must be the one that the file names.
fn of_file(
    rule: Arc<Rule>,
    cases: &Cases,
    document: Document<'_>,
) -> Result<Arc<Rule>, Diagnostic> {
    if cases.rule == rule.id || cases.rule == rule.name {
        return Ok(rule);
    }
    let message = format!("`{}` is not the rule beside this file", cases.rule);
    let help = format!(
        "that is {}, in {}: write `rule: {}`",
        rule.id, rule.file, rule.id
    );
    Err(document.at(&["rule".into()], message).with_help(help))
}

/// The built-in rule that a cases file names.
fn built_in(cases: &Cases, document: Document<'_>) -> Result<Arc<Rule>, Diagnostic> {
    let rules = load::load(&[]).unwrap_or_default();
    let wanted = &cases.rule;
    if let Some(rule) = rules
        .iter()
        .find(|rule| rule.id == *wanted || rule.name == *wanted)
    {
        return Ok(Arc::clone(rule));
    }
    let names = rules.iter().flat_map(|rule| [&*rule.id, &*rule.name]);
    let help = match nearest(wanted, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "NAME.cases.yaml stands beside NAME.yaml, or has the id of a built-in rule".to_owned()
        }
    };
    let message = format!("there is no rule `{wanted}` beside this file, and none is built in");
    Err(document.at(&["rule".into()], message).with_help(help))
}
