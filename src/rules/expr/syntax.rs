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

/// Why a text cannot be a sysctl's key, as a remedy.
pub(in crate::rules) fn sysctl_fault(key: &str) -> Option<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "_-./:@+".contains(c);
    let parts_fit = key.split('.').all(|part| !part.is_empty());
    if !key.contains('.') || !parts_fit || !key.chars().all(valid) {
        return Some("keys are dotted, such as `net.core.somaxconn`".to_owned());
    }
    sysctls::slip(key).map(|known| format!("did you mean `{known}`?"))
}
