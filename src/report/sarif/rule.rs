//! A rule as SARIF describes it: its texts, its page, its default level.

use std::fmt::Write as _;

use super::model::{Configuration, Help, Rule, RuleProperties, Text};
use crate::rules::{self, Severity, pages};

/// §3.27.10: SARIF has three levels.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

pub(super) fn descriptor(rule: &rules::Rule) -> Rule<'_> {
    Rule {
        id: &rule.id,
        name: pascal(&rule.name),
        short_description: Text { text: &rule.title },
        full_description: Text {
            text: rule.why.trim(),
        },
        help: Help {
            text: text(rule),
            markdown: markdown(rule),
        },
        default_configuration: Configuration {
            level: level(rule.severity),
        },
        properties: RuleProperties {
            tags: tags(&rule.id),
            severity: rule.severity.name(),
            problem_severity: match level(rule.severity) {
                "note" => "recommendation",
                level => level,
            },
        },
    }
}

/// `BacklogTruncated` of `backlog-truncated`: §3.49.7 wants a name that is an identifier.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// The families of the built-in rules.
fn tags(id: &str) -> Vec<&'static str> {
    let family = match id
        .strip_prefix("BL")
        .and_then(|digits| digits.chars().next())
    {
        Some('1') => Some("accept queue"),
        Some('2') => Some("SYN queue"),
        Some('3') => Some("counters"),
        Some('4') => Some("namespaces"),
        Some('5') => Some("persistent configuration"),
        Some('6') => Some("services"),
        _ => None,
    };
    ["networking", "reliability"]
        .into_iter()
        .chain(family)
        .collect()
}

fn text(rule: &rules::Rule) -> String {
    let mut text = rule.why.trim().to_owned();
    for words in &rule.does_not_help {
        let _ = write!(text, "\nWon't help: {words}");
    }
    let _ = write!(text, "\nMore: {}", rule.explain());
    text
}

/// Why, what does not help and where it can be read up; then the rule's page.
fn markdown(rule: &rules::Rule) -> String {
    let mut text = format!("{}\n", rule.why.trim());
    let list = |title: &str, items: &[String], text: &mut String| {
        if !items.is_empty() {
            let _ = write!(text, "\n**{title}**\n\n");
        }
        for item in items {
            let _ = writeln!(text, "- {item}");
        }
    };
    list("What does not help", &rule.does_not_help, &mut text);
    if let Some(page) = pages::rule(&rule.name) {
        let _ = write!(text, "\n{}\n", page.trim());
    }
    list("Sources", &rule.references, &mut text);
    let _ = writeln!(text, "\nOffline: `{}`", rule.explain());
    text
}

#[cfg(test)]
mod tests {
    use super::pascal;

    #[test]
    fn a_name_becomes_an_identifier() {
        assert_eq!(pascal("backlog-truncated"), "BacklogTruncated");
        assert_eq!(pascal("mtu"), "Mtu");
    }
}
