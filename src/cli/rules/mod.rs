//! `backlint rules`: the commands for people who write rules.

mod check;
mod files;
mod named;
mod new;
mod test;

use super::args::{AuthorCommand, ListRules, RulesFormat, SchemaFormat, SchemaKind, SchemaOf};
use super::{Run, input, output};
use crate::report::Outcome;
use crate::report::authoring::{list, names, schema};
use crate::report::json::{document, v1};

pub(super) fn run(command: &AuthorCommand) -> Run {
    match command {
        AuthorCommand::List(arguments) => list_rules(arguments),
        AuthorCommand::Check(arguments) => check::run(arguments),
        AuthorCommand::Test(arguments) => test::run(arguments),
        AuthorCommand::Schema(arguments) => describe(arguments),
        AuthorCommand::New(arguments) => new::run(arguments),
    }
}

fn list_rules(arguments: &ListRules) -> Run {
    let rules = input::rules(&arguments.rules.rules)?;
    output::result(Outcome::Clean, |out| match arguments.format {
        RulesFormat::Table => list::write(&rules, output::look(), out),
        RulesFormat::Json => document(&v1::authoring::Rules::new(&rules), out),
    })
}

fn describe(arguments: &SchemaOf) -> Run {
    let text = match (arguments.kind, arguments.format) {
        (SchemaKind::Rule, SchemaFormat::Json) => schema::to_text(&schema::of_rules()),
        (SchemaKind::Cases, SchemaFormat::Json) => schema::to_text(&schema::of_cases()),
        (SchemaKind::Rule, SchemaFormat::Markdown) => names::of_rules(),
        (SchemaKind::Cases, SchemaFormat::Markdown) => names::of_cases(),
    };
    output::result(Outcome::Clean, |out| out.write_all(text.as_bytes()))
}
