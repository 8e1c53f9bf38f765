//! The rule reference as Markdown: `rules/README.md`, generated and compared in a test.

use std::fmt::Write as _;

use crate::kernel::{counters, sysctls};
use crate::rules::vocabulary::ENTRIES;
use crate::rules::{Advice, Rule, RuleSet, Scope};

/// The page of all rules and all names that rules may use.
pub fn markdown(rules: &RuleSet) -> String {
    let mut out = String::from(
        "<!-- Generated from the rule files: UPDATE_GENERATED=1 cargo test --test it generated -->\n\
         # Rules\n\n\
         One YAML file a rule, and beside it `NAME.cases.yaml` with the cases that it is tested \
         by.\n\n| id | name | severity | finds |\n| --- | --- | --- | --- |\n",
    );
    for rule in rules.iter() {
        let Rule {
            id,
            name,
            title,
            severity,
            ..
        } = &**rule;
        let anchor = format!("{}-{name}", id.to_lowercase());
        let _ = writeln!(out, "| [{id}](#{anchor}) | {name} | {severity} | {title} |");
    }
    for rule in rules.iter() {
        section(rule, &mut out);
    }
    names(&mut out);
    out
}

fn section(rule: &Rule, out: &mut String) {
    let Rule {
        id,
        name,
        title,
        severity,
        why,
        ..
    } = rule;
    let _ = writeln!(
        out,
        "\n## {id} {name}\n\n{title}. Severity {severity}.\n\n{why}"
    );
    if !rule.does_not_help.is_empty() {
        let _ = writeln!(out, "\nWhat does not help:\n");
        for words in &rule.does_not_help {
            let _ = writeln!(out, "- {words}");
        }
    }
    if !rule.references.is_empty() {
        let _ = writeln!(out, "\nReferences: `{}`", rule.references.join("`, `"));
    }
}

fn names(out: &mut String) {
    out.push_str(
        "\n## Names in conditions and messages\n\n\
         Conditions are CEL. A rule of a scope has the names of its own scope and of the wider \
         ones. A fact that was not read is absent: a condition that needs it is *not evaluated*, \
         unless the other side of `&&` or `||` decides; `has(listener.unit)` asks whether it is \
         there.\n\n| name | scope | type | meaning |\n| --- | --- | --- | --- |\n",
    );
    for entry in &ENTRIES {
        let scope = match entry.scope {
            Scope::Host => "host",
            Scope::Netns => "netns",
            Scope::Listener => "listener",
        };
        let _ = writeln!(
            out,
            "| `{}` | {scope} | {} | {} |",
            entry.path, entry.kind, entry.meaning
        );
    }
    out.push_str(
        "\n`sysctl[\"KEY\"]` is the runtime value of any sysctl in the namespace; every key that a \
         rule names is read. Those of the accept path are always read:\n\n\
         | sysctl | decides |\n| --- | --- |\n",
    );
    for sysctl in sysctls::recorded() {
        let _ = writeln!(out, "| `{}` | {} |", sysctl.key, sysctl.meaning);
    }
    out.push_str(
        "\n`counters[\"NAME\"]` counts packets since the namespace was made:\n\n\
         | counter | one more is |\n| --- | --- |\n",
    );
    for counter in &counters::COUNTERS {
        let _ = writeln!(out, "| `{}` | {} |", counter.name, counter.meaning);
    }
    let advice = Advice::ALL
        .map(|(name, _)| format!("`{name}`"))
        .join(" and ");
    let _ = writeln!(
        out,
        "\nThe `value:` of a remediation is an expression, or {advice} alone, which are derived \
         from what the listeners ask for."
    );
}
