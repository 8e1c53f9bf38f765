//! `backlint rules schema --format markdown`: every field of a rule, and every name that its expressions
//! may use, with scope, type, unit and meaning.

use std::fmt::Write as _;

use crate::cases::{CASE, CASES, STEP};
use crate::kernel::{counters, sysctls};
use crate::rules::Advice;
use crate::rules::fields::{REMEDY, RULE};
use crate::rules::vocabulary::{Type, entries, values};
use crate::text::fields::Field;

/// The fields of a rule and all names of its expressions.
pub fn of_rules() -> String {
    let mut out = "# Fields of a rule\n".to_owned();
    fields(&RULE, &mut out);
    out.push_str("\n## A step of `remediation`\n");
    fields(&REMEDY, &mut out);
    names(&mut out);
    keyed(&mut out);
    out.push_str(
        "\n# Values that are derived\n\nThe `value:` of a step may be one of these alone.\n\n\
         | name | value |\n| --- | --- |\n",
    );
    for (name, advice) in Advice::ALL {
        let _ = writeln!(out, "| `{name}` | {} |", advice.meaning());
    }
    out
}

/// The fields of a cases file.
pub fn of_cases() -> String {
    let mut out = "# Fields of a cases file\n".to_owned();
    fields(&CASES, &mut out);
    out.push_str("\n## A case\n");
    fields(&CASE, &mut out);
    out.push_str("\n## A step of an expected `remediation`\n");
    fields(&STEP, &mut out);
    out
}

fn fields(fields: &[Field], out: &mut String) {
    out.push_str("\n| field | needed | meaning | example |\n| --- | --- | --- | --- |\n");
    for field in fields {
        let needed = if field.required { "yes" } else { "no" };
        let (name, meaning, example) = (field.name, field.meaning, cell(field.example));
        let _ = writeln!(out, "| `{name}` | {needed} | {meaning} | `{example}` |");
    }
}

/// A text that may stand in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn names(out: &mut String) {
    out.push_str(
        "\n# Names in expressions\n\nA rule of a scope has the names of its own scope and of the wider ones: \
         `listener` has those of netns and host, `setting` has those of netns and host, `netns` has those of \
         host. A fact that was not read is absent, and `has(NAME)` asks for it.\n\n\
         | name | scope | type | unit | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for entry in entries() {
        let kind = match entry.kind {
            Type::Int => "number",
            Type::Text => "text",
            Type::Bool => "bool",
            Type::Any => "any",
        };
        let unit = values::unit(entry.path).filter(|_| entry.kind == Type::Int);
        let meaning = match values::of(entry.path) {
            Some(values) => format!("{}; one of `{}`", cell(entry.meaning), values.join("`, `")),
            None => cell(entry.meaning),
        };
        let (path, scope, unit) = (entry.path, entry.scope.name(), unit.unwrap_or("-"));
        let _ = writeln!(out, "| `{path}` | {scope} | {kind} | {unit} | {meaning} |");
    }
}

fn keyed(out: &mut String) {
    out.push_str(
        "\n# Names that are read by key\n\n\
         `sysctl[\"KEY\"]` is the value of any sysctl in the namespace, at run time; every key that a rule names is \
         read and recorded. `after_boot[\"KEY\"]` is the value of one of the machine after the next boot. \
         `\"KEY\" in sysctl` asks whether it was read. Those of the accept path:\n\n\
         | sysctl | type | meaning |\n| --- | --- | --- |\n",
    );
    for sysctl in sysctls::recorded() {
        let kind = match sysctl.kind {
            sysctls::Kind::Int => "number",
            sysctls::Kind::Text => "text",
        };
        let (key, meaning) = (sysctl.key, cell(sysctl.meaning));
        let _ = writeln!(out, "| `{key}` | {kind} | {meaning} |");
    }
    out.push_str(
        "\n`counters[\"NAME\"]` is a number of packets, since the namespace was made:\n\n\
         | counter | one more is |\n| --- | --- |\n",
    );
    for counter in &counters::COUNTERS {
        let _ = writeln!(out, "| `{}` | {} |", counter.name, cell(counter.meaning));
    }
}
