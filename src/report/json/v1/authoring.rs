//! What programs are told by the commands for people who write rules: diagnostics, and the rules in force.

use serde::Serialize;

use crate::rules::RuleSet;
use crate::text::diagnostic::Diagnostic;

/// Version of the list of diagnostics.
pub const DIAGNOSTICS: &str = "backlint/diagnostics/v1";
/// Version of the list of rules.
pub const RULES: &str = "backlint/rules/v1";

/// `backlint rules check --format json`.
#[derive(Debug, Serialize)]
pub struct Diagnostics<'a> {
    schema: &'static str,
    diagnostics: Vec<Fault<'a>>,
}

#[derive(Debug, Serialize)]
struct Fault<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    end: Option<Place>,
    message: &'a str,
    help: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Place {
    line: usize,
    column: usize,
}

impl<'a> Diagnostics<'a> {
    /// These faults. Lines and columns are counted from 1, columns in characters, and the end is behind
    /// the last one.
    pub fn new(faults: &'a [Diagnostic]) -> Self {
        let fault = |fault: &'a Diagnostic| {
            let start = fault.position();
            Fault {
                file: &fault.file,
                line: start.map(|(line, _)| line),
                column: start.map(|(_, column)| column),
                end: fault.end().map(|(line, column)| Place { line, column }),
                message: &fault.message,
                help: fault.help.as_deref(),
            }
        };
        Self {
            schema: DIAGNOSTICS,
            diagnostics: faults.iter().map(fault).collect(),
        }
    }
}

/// `backlint rules list --format json`.
#[derive(Debug, Serialize)]
pub struct Rules<'a> {
    schema: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Debug, Serialize)]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    severity: &'static str,
    scope: &'static str,
    kernel: Option<String>,
    title: &'a str,
    /// The file; `null` for a rule of the binary.
    file: Option<&'a str>,
}

impl<'a> Rules<'a> {
    /// The rules in force, by id.
    pub fn new(rules: &'a RuleSet) -> Self {
        let rules = rules.iter().map(|rule| Rule {
            id: &rule.id,
            name: &rule.name,
            severity: rule.severity.name(),
            scope: rule.scope.name(),
            kernel: rule.kernel.map(|kernel| kernel.to_string()),
            title: &rule.title,
            file: (!rule.is_built_in()).then_some(&*rule.file),
        });
        Self {
            schema: RULES,
            rules: rules.collect(),
        }
    }
}
