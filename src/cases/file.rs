//! Reads a cases file. All its faults are found, each with its place.

use super::fields::{CASE, CASES, STEP};
use super::{Act, Case, Cases, Outcome};
use crate::assess::{Confidence, check};
use crate::rules::Severity;
use crate::snapshot::{Snapshot, file, fragment};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::fields::{Faults, Fields, explained};
use crate::text::locate::Step;
use crate::text::tree::Node;

/// Reads a cases file; `fixture` opens the records that it names, and gives name and text, or why it
/// cannot.
///
/// # Errors
/// Every fault of the file, and the first of each fixture.
pub fn parse(
    name: &str,
    text: &str,
    fixture: impl Fn(&str) -> Result<(String, String), String>,
) -> Result<Cases, Vec<Diagnostic>> {
    let document = Document::yaml(name, text);
    let mut reader = Reader {
        faults: Faults::of(document),
        fixture,
    };
    let cases = match document.read::<Node>() {
        Ok(tree) => reader.cases(tree),
        Err(fault) => return Err(vec![explained(fault)]),
    };
    match (cases, reader.faults.is_empty()) {
        (Some(cases), true) => Ok(cases),
        _ => Err(reader.faults.finish()),
    }
}

struct Reader<'d, F> {
    faults: Faults<'d>,
    fixture: F,
}

impl<F: Fn(&str) -> Result<(String, String), String>> Reader<'_, F> {
    fn cases(&mut self, tree: Node) -> Option<Cases> {
        let mut fields = Fields::of(tree, &[], &CASES, &mut self.faults)?;
        let rule = fields.text("rule", &mut self.faults);
        let nodes = fields.list("cases", &mut self.faults);
        let mut cases: Vec<Case> = Vec::new();
        for (n, node) in nodes.into_iter().enumerate() {
            let path: [Step; 2] = ["cases".into(), n.into()];
            let Some(case) = self.case(node, &path) else {
                continue;
            };
            if let Some(first) = cases.iter().find(|first| first.name == case.name) {
                let message = format!("a second case is named `{}`", case.name);
                let help = format!("the first is in line {}: say how they differ", first.line);
                self.faults
                    .at(&[&path[..], &["name".into()]].concat(), message, help);
            }
            cases.push(case);
        }
        Some(Cases { rule: rule?, cases })
    }

    fn case(&mut self, node: Node, path: &[Step]) -> Option<Case> {
        let place = self.faults.document().place(path);
        let faults = &mut self.faults;
        let mut fields = Fields::of(node, path, &CASE, faults)?;
        let name = fields.text("name", faults);
        let outcomes = Outcome::ALL.map(|outcome| (outcome.name(), outcome));
        let expect = fields.word("expect", &outcomes, faults);
        for (field, of) in [
            ("count", Outcome::Fires),
            ("message", Outcome::Fires),
            ("severity", Outcome::Fires),
            ("confidence", Outcome::Fires),
            ("remediation", Outcome::Fires),
            ("missing", Outcome::NotEvaluated),
        ] {
            if fields.has(field) && expect.is_some_and(|expect| expect != of) {
                let message = format!("`{field}` goes with `expect: {}` alone", of.name());
                let help = format!("leave it out, or write `expect: {}`", of.name());
                faults.at(&fields.path(field), message, help);
            }
        }
        let count = fields.count("count", faults);
        if count == Some(0) {
            let message = "a case that fires has a finding at least";
            faults.at(&fields.path("count"), message, "write `expect: silent`");
        }
        let severities = Severity::ALL.map(|severity| (severity.name(), severity));
        let confidences = Confidence::ALL.map(|confidence| (confidence.name(), confidence));
        let message = fields.text("message", faults);
        let severity = fields.word("severity", &severities, faults);
        let confidence = fields.word("confidence", &confidences, faults);
        let steps = fields.has("remediation");
        let steps = steps.then(|| acts(&mut fields, faults));
        let missing = fields.has("missing");
        let missing = missing.then(|| fields.texts("missing", faults));
        let snapshot = self.record(&mut fields, path);
        Some(Case {
            name: name?,
            line: place.map_or(1, |(line, _)| line),
            expect: expect?,
            count,
            message,
            severity,
            confidence,
            remediation: steps,
            missing: missing.map(|mut names| {
                names.sort();
                names
            }),
            snapshot: snapshot?,
        })
    }

    /// The record of a case: in place, or a file of its own.
    fn record(&mut self, fields: &mut Fields, path: &[Step]) -> Option<Snapshot> {
        let (here, elsewhere) = (fields.has("snapshot"), fields.has("fixture"));
        if here == elsewhere {
            let (at, message) = match here {
                true => (
                    fields.path("fixture"),
                    "a case has one record, and here are two",
                ),
                false => (path.to_owned(), "the case has no record"),
            };
            let help =
                "give it `snapshot:` with the record in place, or `fixture:` with the path of one";
            self.faults.at(&at, message, help);
            return None;
        }
        let read = match elsewhere {
            true => {
                let at = fields.path("fixture");
                let given = fields.text("fixture", &mut self.faults)?;
                match (self.fixture)(&given) {
                    Ok((name, text)) => file::parse(&name, &text).and_then(|snapshot| {
                        check::names(&name, &text, &snapshot)?;
                        Ok(snapshot)
                    }),
                    Err(why) => {
                        let message = format!("`{given}` cannot be read: {why}");
                        let help = "the path is relative to the folder of this file";
                        self.faults.at(&at, message, help);
                        return None;
                    }
                }
            }
            false => {
                let at = fields.path("snapshot");
                fields.take("snapshot", &mut self.faults)?;
                let document = self.faults.document();
                fragment::parse(document, &at).and_then(|snapshot| {
                    check::names_at(document, &at, &snapshot)?;
                    Ok(snapshot)
                })
            }
        };
        match read {
            Ok(snapshot) => Some(snapshot),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }
}

/// The steps of an expected remediation.
fn acts(fields: &mut Fields, faults: &mut Faults<'_>) -> Vec<Act> {
    let at = fields.path("remediation");
    let nodes = fields.list("remediation", faults).into_iter().enumerate();
    let act = |(n, node): (usize, Node)| {
        let path = [at.as_slice(), &[n.into()]].concat();
        act(node, &path, faults)
    };
    nodes.filter_map(act).collect()
}

fn act(node: Node, path: &[Step], faults: &mut Faults<'_>) -> Option<Act> {
    let mut own = Faults::of(faults.document());
    let mut fields = Fields::of(node, path, &STEP, &mut own);
    let act = fields.as_mut().and_then(|fields| {
        let value = match fields.take("value", &mut own) {
            Some(Node::Number(number)) => Some(number.to_string()),
            Some(Node::Text(text)) => Some(text),
            Some(node) => {
                let message = format!("`value` is {}, and a number is needed", node.kind());
                own.at(&fields.path("value"), message, "write it like `value: 511`");
                None
            }
            None => None,
        };
        let listener = [("listener", ())];
        let sysctl = fields.text("sysctl", &mut own);
        let edit = fields.text("edit", &mut own);
        let service = fields.word("service", &listener, &mut own);
        let relisten = fields.word("relisten", &listener, &mut own);
        match (sysctl, value, edit, service, relisten) {
            (Some(key), Some(value), None, None, None) => Some(Act::Sysctl { key, value }),
            (None, None, Some(words), None, None) => Some(Act::Edit(words)),
            (None, value, None, Some(()), None) => Some(Act::Service(value)),
            (None, None, None, None, Some(())) => Some(Act::Relisten),
            (Some(_), None, None, None, None) if own.is_empty() => {
                let help = "add `value:` with what the sysctl gets";
                own.at(
                    &fields.path("sysctl"),
                    "this step sets a sysctl to no value",
                    help,
                );
                None
            }
            _ => None,
        }
    });
    if act.is_none() && own.is_empty() {
        let help = "`sysctl:` with `value:`, or `edit:` with words, or `service: listener`, with `value:` or without, or `relisten: listener`";
        own.at(path, "a step is one thing to do", help);
    }
    own.finish()
        .into_iter()
        .for_each(|fault| faults.push(fault));
    act
}
