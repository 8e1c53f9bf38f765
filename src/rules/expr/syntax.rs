//! What is wrong with a text before its names are looked up: it is no expression, or no sysctl's key.

use cel::ParseErrors;

use super::Fault;
use crate::kernel::sysctls;

/// The parser's first complaint, in the words of somebody who did not write the grammar.
pub(super) fn syntax_fault(source: &str, errors: &ParseErrors) -> Fault {
    let length = source.chars().count();
    let Some(error) = errors.errors.first() else {
        return Fault::new(0..length, "this is not an expression");
    };
    let line = usize::try_from(error.pos.0).unwrap_or(1).max(1);
    let column = usize::try_from(error.pos.1).unwrap_or(1).max(1);
    let before: usize = source
        .split_inclusive('\n')
        .take(line - 1)
        .map(|line| line.chars().count())
        .sum();
    let at = (before + column - 1).min(length);
    let message = match error.msg.trim_start_matches("Syntax error: ") {
        message if message.contains("input '<EOF>'") => "the expression ends too early".to_owned(),
        message => message.replace("<EOF>", "the end"),
    };
    let fault = Fault::new(at..(at + 1).min(length).max(at), message);
    if error.msg.contains("has() macro") {
        return of_has(source, fault);
    }
    if let Some(word) = word_for_sign(source, at) {
        let length = word.chars().count();
        let start = if source_at(source, at).starts_with(&word) {
            at
        } else {
            at.saturating_sub(length + 1)
        };
        let message = format!("`{word}` is written `{}`", sign(&word));
        return Fault::new(start..start + length, message).with_help(SIGNS);
    }
    if source.chars().nth(at) == Some('=') {
        return Fault {
            message: "a single `=` compares nothing".to_owned(),
            ..fault
        }
        .with_help("equality is written `==`");
    }
    fault.with_help(
        "names, numbers, \"texts\", and between them == != < <= > >= + - * / % && || ! in ?:",
    )
}

/// How the three are written that other languages have words for.
pub(super) const SIGNS: &str = "and is `&&`, or is `||`, not is `!`";

/// The sign for one of these words.
pub(super) fn sign(word: &str) -> &'static str {
    match word {
        "and" => "&&",
        "or" => "||",
        _ => "!",
    }
}

fn source_at(source: &str, at: usize) -> String {
    source.chars().skip(at).collect()
}

/// The word at a place, or the one before it, where an expression has a sign for it.
fn word_for_sign(source: &str, at: usize) -> Option<String> {
    let letter = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let here: String = source.chars().skip(at).take_while(letter).collect();
    let before: String = source.chars().take(at).collect();
    let before = before.split_whitespace().next_back().unwrap_or_default();
    match (here.to_lowercase().as_str(), before) {
        ("and" | "or", _) => Some(here),
        (_, "not") => Some("not".to_owned()),
        _ => None,
    }
}

/// `has()` was asked for something that is no name.
fn of_has(source: &str, fault: Fault) -> Fault {
    let keyed = ["sysctl", "after_boot", "counters"];
    let keyed = keyed
        .into_iter()
        .find(|root| source.contains(&format!("has({root}[")));
    let start = source
        .find("has(")
        .map(|byte| source[..byte].chars().count());
    let range = start.map_or(fault.range, |start| start..start + 3);
    let help = match keyed {
        Some(root) => format!("whether a key was read is `\"KEY\" in {root}`"),
        None => "ask for the name, then compare: `has(listener.unit) && listener.unit == \"x\"`"
            .to_owned(),
    };
    Fault::new(range, "`has()` takes a name and nothing else").with_help(help)
}

/// Why a text cannot be a sysctl's key, as a remedy.
pub(in crate::rules) fn sysctl_fault(key: &str) -> Option<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "_-./:@+".contains(c);
    let parts_fit = key.split('.').all(|part| !part.is_empty());
    if !key.contains('.') || !parts_fit || !key.chars().all(valid) {
        return Some("keys are dotted, such as `net.core.somaxconn`".to_owned());
    }
    sysctls::misspelt(key).map(|known| format!("did you mean `{known}`?"))
}
