//! Messages of rules: text with `{expression}` in it; `{{` is a brace.

use super::Scope;
use super::expr::{Expr, Fault, Name};
use super::vocabulary::Subject;

/// A message with its expressions typed.
#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Expr(Expr),
}

impl Template {
    /// Parses a message.
    ///
    /// # Errors
    /// Every fault with its place in the message, in characters.
    pub fn parse(source: &str, scope: Scope) -> Result<Self, Vec<Fault>> {
        let chars: Vec<char> = source.chars().collect();
        let mut faults = Vec::new();
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while at < chars.len() {
            match (chars[at], chars.get(at + 1)) {
                ('{', Some('{')) | ('}', Some('}')) => {
                    text.push(chars[at]);
                    at += 2;
                }
                ('{', _) => {
                    let Some(length) = chars[at + 1..].iter().position(|c| *c == '}') else {
                        faults.push(fault(
                            at,
                            "this brace is not closed",
                            "close it with `}`; a brace itself is `{{`",
                        ));
                        break;
                    };
                    let source: String = chars[at + 1..at + 1 + length].iter().collect();
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    match expression(&source, at, scope) {
                        Ok(expr) => parts.push(Part::Expr(expr)),
                        Err(inside) => faults.extend(inside),
                    }
                    at += length + 2;
                }
                ('}', _) => {
                    faults.push(fault(
                        at,
                        "this brace was not opened",
                        "a brace itself is `}}`",
                    ));
                    at += 1;
                }
                (c, _) => {
                    text.push(c);
                    at += 1;
                }
            }
        }
        parts.push(Part::Text(text));
        match faults.is_empty() {
            true => Ok(Self { parts }),
            false => Err(faults),
        }
    }

    /// The names that the message reads.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.parts.iter().flat_map(|part| {
            match part {
                Part::Text(_) => None,
                Part::Expr(expr) => Some(expr.names()),
            }
            .into_iter()
            .flatten()
        })
    }

    /// The message for a subject; what was not read is `unknown`.
    pub fn render(&self, subject: Subject<'_>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expr(expr) => match expr.evaluate(subject) {
                    Ok(value) => out.push_str(&value.to_string()),
                    Err(_) => out.push_str("unknown"),
                },
            }
        }
        out
    }
}

/// A fault of the character at a place of the message.
fn fault(at: usize, message: &str, help: &str) -> Fault {
    Fault {
        range: at..at + 1,
        message: message.to_owned(),
        help: Some(help.to_owned()),
    }
}

/// The expression in the braces that open at a place; its faults are those of the message.
fn expression(source: &str, at: usize, scope: Scope) -> Result<Expr, Vec<Fault>> {
    let faults = match Expr::parse(source, scope) {
        Ok(expr) => return Ok(expr),
        // The brace that closes is another's.
        Err(_) if source.contains('{') => {
            let message = "this brace is not closed before the next one";
            let help = "close it with `}`; a brace itself is `{{`";
            return Err(vec![fault(at, message, help)]);
        }
        Err(faults) => faults,
    };
    let moved = faults.into_iter().map(|mut fault| {
        fault.range = fault.range.start + at + 1..fault.range.end + at + 1;
        fault
    });
    Err(moved.collect())
}
