//! The rule reference as Markdown: `rules/README.md`, generated and compared in a test.

use std::fmt::Write as _;

use crate::kernel::{counters, sysctls};
use crate::report::explain::kinds;
use crate::rules::vocabulary::entries;
use crate::rules::{Advice, Rule, RuleSet, pages};

/// The page of all rules and all names that rules may use.
pub fn markdown(rules: &RuleSet) -> String {
    let mut out = String::from(
        "<!-- Generated from the rule files and their pages: UPDATE_GENERATED=1 cargo test --test it \
         generated -->\n\
         # Rules\n\n\
         One YAML file a rule, beside it `NAME.cases.yaml` with the cases that it is tested by, and \
         `NAME.md`, the page that `backlint explain` shows together with the rule's own words.\n\n\
         | id | name | severity | finds |\n| --- | --- | --- | --- |\n",
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
    topics(&mut out);
    for rule in rules.iter() {
        section(rule, &mut out);
    }
    names(&mut out);
    out
}

/// Texts that are about no rule alone.
fn topics(out: &mut String) {
    out.push_str(
        "\nWhat no rule alone is about, and `backlint explain NAME` shows too:\n\n\
         | topic | |\n| --- | --- |\n",
    );
    for topic in pages::topics() {
        let (name, title) = (topic.name, topic.title);
        let _ = writeln!(out, "| [{name}](topics/{name}.md) | {title} |");
    }
}

fn section(rule: &Rule, out: &mut String) {
    let page = kinds::rule(rule, pages::rule(&rule.name));
    let (name, title, severity) = (&page.name, &page.title, rule.severity);
    let (judges, kernels) = (kinds::judged(rule.scope), kinds::kernels(rule));
    let _ = writeln!(
        out,
        "\n## {name}\n\n{title}. Severity {severity}; judges {judges}; kernels: {kernels}.\n"
    );
    out.push_str(&page.markdown(3));
}

fn names(out: &mut String) {
    out.push_str(
        "\n## Names in conditions and messages\n\n\
         Conditions are CEL. A rule of a scope has the names of its own scope and of the wider \
         ones. A fact that was not read is absent: a condition that needs it is *not evaluated*, \
         unless the other side of `&&` or `||` decides; `has(listener.unit)` asks whether it is \
         there. A rule of the scope `setting` is evaluated for each sysctl of the machine that a \
         file sets or that was recorded; it has the names of the host and of its namespace. It, and \
         any rule that reads `host.boot` or `after_boot`, is *not asked* of a record in which nobody \
         looked at the persistent configuration (no `files`), and that is no gap.\n\n| name | scope | type | meaning |\n| --- | --- | --- | --- |\n",
    );
    for entry in entries() {
        let (path, scope, kind) = (entry.path, entry.scope.name(), entry.kind);
        let _ = writeln!(out, "| `{path}` | {scope} | {kind} | {} |", entry.meaning);
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
        "\n`after_boot[\"KEY\"]` is the value of any sysctl of the machine after the next boot: what a \
         line of a file sets, or else the kernel's default where that is known.\n",
    );
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
         from what the listeners ask for. `sysctl: setting.key` is the sysctl that a rule of the \
         scope `setting` is evaluated for, and `edit:` is a step in words, for what is changed by \
         hand."
    );
}
