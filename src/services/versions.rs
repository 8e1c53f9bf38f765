//! Versions of programs and conditions on them, such as `>=5.6 <8.2`.

use version_compare::{Cmp, compare_to};

const OPERATORS: [(&str, Cmp); 5] = [
    (">=", Cmp::Ge),
    ("<=", Cmp::Le),
    (">", Cmp::Gt),
    ("<", Cmp::Lt),
    ("=", Cmp::Eq),
];

/// Whether a text is a condition: comparisons with versions, all of which must hold.
pub(super) fn is_condition(condition: &str) -> bool {
    let mut parts = condition.split_ascii_whitespace().peekable();
    parts.peek().is_some() && parts.all(|part| comparison(part).is_some())
}

/// Whether a version fulfils a condition; `None`: one of them is not understood.
pub(super) fn fits(version: &str, condition: &str) -> Option<bool> {
    let version = upstream(version)?;
    for part in condition.split_ascii_whitespace() {
        let (operator, wanted) = comparison(part)?;
        if !compare_to(version, wanted, operator).ok()? {
            return Some(false);
        }
    }
    Some(true)
}

fn comparison(part: &str) -> Option<(Cmp, &str)> {
    OPERATORS.iter().find_map(|(sign, operator)| {
        let version = part.strip_prefix(sign)?;
        version
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some((*operator, version))
    })
}

/// The upstream version in a distribution's: `8.2` of `2:8.2-1+deb12u1`.
fn upstream(version: &str) -> Option<&str> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let numbers = version[..end].trim_end_matches('.');
    (!numbers.is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(fits("8.10", ">=8.2"), Some(true));
        assert_eq!(fits("8.1.27-1+b1", ">=5.6 <8.2"), Some(true));
        assert_eq!(fits("2:1.4.69-1", ">=1.4.79"), Some(false));
        assert_eq!(fits("8.2", ">=8.2"), Some(true));
        assert_eq!(fits("unknown", ">=8.2"), None);
    }

    #[test]
    fn a_condition_is_known_by_its_signs() {
        assert!(is_condition(">=8.2") && is_condition(">=5.6 <8.2"));
        assert!(!is_condition("8.2") && !is_condition("") && !is_condition(">= 8"));
    }
}
