//! What to do about a fault that a parser found in a record. Parsers say what they expected; a person wants
//! to know what to write.

use crate::text::diagnostic::Diagnostic;

/// Words of a parser's message, and what to do about them; the first that fits counts.
const REMEDIES: [(&str, &str); 11] = [
    (
        "missing field `address`",
        "every listener has `protocol:` and `address:`",
    ),
    (
        "missing field `protocol`",
        "every listener has `protocol:` and `address:`",
    ),
    (
        "missing field",
        "add it: everything that is not there counts as unknown, but this does not",
    ),
    (
        "expected a sequence",
        "write a list: each entry on a line of its own that begins with `- `",
    ),
    (
        "a whole number or a text",
        "write several numbers as one text, as `sysctl` prints them: \"4096 131072 6291456\"",
    ),
    (
        "invalid value: integer",
        "write a number of that range; what is not known is left out",
    ),
    (
        "expected a whole number",
        "write digits alone: 4096, not 4k; what is not known is left out",
    ),
    ("stands here twice", "keep one of the two"),
    (
        "EOF while parsing",
        "the file ends too early: write it again, or close what is open",
    ),
    (
        "cannot start any token",
        "YAML is indented by blanks, and not by tabs",
    ),
    (
        "tab character",
        "YAML is indented by blanks, and not by tabs",
    ),
];

/// The fault with a remedy, where it has none yet.
pub(super) fn add(mut fault: Diagnostic) -> Diagnostic {
    if let Some(place) = fault.message.strip_suffix(": a whole number or a text") {
        fault.message = format!("{place}: expected a whole number or a text as each value");
    }
    if fault.help.is_some() {
        return fault;
    }
    if let Some(number) = quoted_number(&fault.message) {
        let help = format!("write the number without quotes: {number}");
        return fault.with_help(help);
    }
    let known = REMEDIES
        .iter()
        .find(|(words, _)| fault.message.contains(words));
    let help = known.map_or(
        "`backlint snapshot --schema` prints what a record may have",
        |(_, help)| help,
    );
    fault.with_help(help)
}

/// The number that stands in quotes where one without is needed.
fn quoted_number(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("string \"")?;
    let (text, expected) = rest.split_once('"')?;
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (number && expected.contains("whole number")).then_some(text)
}
