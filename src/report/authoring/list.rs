//! `backlint rules list` as a table: the rules in force.

use std::io;

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Segment};
use tabled::settings::{Modify, Padding, Style};

use crate::report::style::{Look, count};
use crate::rules::RuleSet;
use crate::text::untrusted::clean;

const HEADER: [&str; 7] = ["ID", "NAME", "SEVERITY", "SCOPE", "KERNEL", "FINDS", "FROM"];

/// Where a rule of the binary is from, for people.
pub const BUILT_IN: &str = "built in";

/// Writes the rules, by id.
///
/// # Errors
/// What the writer says.
pub fn write(rules: &RuleSet, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut builder = Builder::default();
    builder.push_record(HEADER);
    for rule in rules.iter() {
        let kernel = rule.kernel.map(|kernel| kernel.to_string());
        let from = match rule.is_built_in() {
            true => BUILT_IN,
            false => &rule.file,
        };
        builder.push_record([
            rule.id.clone(),
            rule.name.clone(),
            rule.severity.to_string(),
            rule.scope.name().to_owned(),
            kernel.unwrap_or_else(|| "any".to_owned()),
            clean(&rule.title).into_owned(),
            clean(from).into_owned(),
        ]);
    }
    let mut table = builder.build();
    table
        .with(Style::empty())
        .with(Modify::new(Segment::all()).with(Padding::new(0, 2, 0, 0)))
        .with(Modify::new(Columns::last()).with(Padding::zero()));
    for (n, line) in table.to_string().lines().enumerate() {
        let line = line.trim_end();
        match n {
            0 => writeln!(out, "{}", look.strong(line))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    let all = count(rules.len(), "rule");
    writeln!(out, "\n{}", look.faint(&all))
}
