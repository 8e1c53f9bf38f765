//! Options of `backlint rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Rules, Services};
use crate::rules::Scope;

/// `backlint rules` and what follows.
#[derive(Debug, Args)]
#[command(after_help = STEPS)]
pub(in crate::cli) struct Author {
    #[command(subcommand)]
    pub(in crate::cli) command: AuthorCommand,
}

const STEPS: &str = "A rule in five steps:
  backlint rules new web-queue --id ACME101 --dir rules  begin: a rule and its cases
  $EDITOR rules/web-queue.yaml                           say what it finds
  backlint rules check rules                             what is wrong with it
  backlint rules test rules                              whether its cases pass
  sudo backlint --rules rules                            judge this host by it too";

/// The commands for people who write rules.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuthorCommand {
    /// List the rules in force
    #[command(after_help = LIST)]
    List(ListRules),
    /// Say everything that is wrong with rules and cases files
    #[command(after_help = CHECK)]
    Check(CheckRules),
    /// Run the cases of rules
    #[command(after_help = TEST)]
    Test(TestRules),
    /// Print the JSON Schema of rules or of cases, or all fields and names as Markdown
    #[command(after_help = SCHEMA)]
    Schema(SchemaOf),
    /// Write a rule to begin with, and its cases
    #[command(after_help = NEW)]
    New(NewRule),
}

const LIST: &str =
    "Exit status: 0 the list was written; 2 bad usage, or a rule that cannot be understood.

Examples:
  backlint rules list
  backlint rules list --rules rules --format json";

const CHECK: &str = "Exit status: 0 nothing is wrong; 2 something is.

Examples:
  backlint rules check rules
  backlint rules check rules/web-queue.yaml rules/web-queue.cases.yaml
  backlint rules check --format json rules    for editors and CI: file, line, column, message, help";

const TEST: &str = "A rule needs a case in which it fires and one in which it is silent, in NAME.cases.yaml beside \
NAME.yaml.

Exit status: 0 all pass; 1 a case failed, or a rule lacks cases; 2 a file cannot be understood.

Examples:
  backlint rules test rules
  backlint rules test rules/web-queue.yaml";

const SCHEMA: &str = "Exit status: 0 it was written; 2 bad usage.

Examples:
  backlint rules schema > rule.schema.json
  backlint rules schema --for cases > cases.schema.json
  backlint rules schema --format markdown | less";

const NEW: &str = "Exit status: 0 the rule was written; 2 bad usage, or one of its files is there already.

Examples:
  backlint rules new web-queue --id ACME101
  backlint rules new swap-policy --scope host --dir rules

Written are NAME.yaml, NAME.cases.yaml, and the JSON Schemas that an editor completes and documents them
by (with its YAML language server), unless they are there.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ListRules {
    #[command(flatten)]
    pub(in crate::cli) rules: Rules,
    /// How to write the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: RulesFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RulesFormat {
    /// Columns for people
    Table,
    /// JSON, schema backlint/rules/v1
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckRules {
    /// Rule files, cases files, or folders of them
    #[arg(value_name = "FILE", required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Leave the built-in rules aside: their ids and names are free then
    #[arg(long)]
    pub(in crate::cli) alone: bool,
    /// How to write what is wrong
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: CheckFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CheckFormat {
    /// Text for people, on standard error
    Text,
    /// JSON, schema backlint/diagnostics/v1, on standard output
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TestRules {
    /// Rule files, cases files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaOf {
    /// What to describe
    #[arg(long = "for", value_name = "FILE", default_value = "rule")]
    pub(in crate::cli) kind: SchemaKind,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub(in crate::cli) format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaKind {
    /// A rule
    Rule,
    /// A cases file
    Cases,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaFormat {
    /// JSON Schema, draft 2020-12
    Json,
    /// A table of all fields, and for rules of all names that expressions may use
    Markdown,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NewRule {
    /// Name of the rule: small letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
    /// Its id: capital letters of your own and a number [default: the first free one from ACME101 on]
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
    /// What it is evaluated for
    #[arg(long, value_name = "SCOPE", default_value = "listener")]
    pub(in crate::cli) scope: ScopeName,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
}

/// A scope as `--scope` names it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct ScopeName(pub(in crate::cli) Scope);

impl ValueEnum for ScopeName {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMES: [ScopeName; 4] = [
            ScopeName(Scope::Listener),
            ScopeName(Scope::Netns),
            ScopeName(Scope::Setting),
            ScopeName(Scope::Host),
        ];
        &NAMES
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()).help(self.0.meaning()))
    }
}
