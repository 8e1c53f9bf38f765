//! From YAML text to rules. All faults of all files are found; with any fault no rule is in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::expr::{Expr, Fault, sysctl_fault};
use super::template::Template;
use super::vocabulary::Type;
use super::{
    Advice, Remedy, RemedyKey, RemedyStep, RemedyValue, Rule, RuleSet, Scope, Severity, builtin,
    finding,
};
use crate::cores;
use crate::kernel::version::Requirement;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;
use crate::text::nearest::nearest;

/// Rules from which on it is worth to start a thread.
const WORTH_A_THREAD: usize = 8;

/// A rule file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    name: String,
    title: String,
    severity: Severity,
    scope: Scope,
    kernel: Option<String>,
    when: String,
    message: String,
    why: String,
    #[serde(default)]
    remediation: Vec<RawRemedy>,
    #[serde(default)]
    does_not_help: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRemedy {
    sysctl: Option<String>,
    value: Option<Scalar>,
    service: Option<String>,
    relisten: Option<String>,
    edit: Option<String>,
    when: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an expression or a whole number")]
enum Scalar {
    Number(i64),
    Text(String),
}

/// The built-in rules and those of the user's files, given as name and text.
///
/// # Errors
/// Every fault of every file.
pub fn load(files: &[(String, String)]) -> Result<RuleSet, Vec<Diagnostic>> {
    let builtin = builtin::files().map(|(name, text)| (format!("built-in rules/{name}"), text));
    let given = files.iter();
    let given = given.map(|(name, text)| (name.clone(), text.as_str()));
    let all: Vec<(String, &str)> = builtin.chain(given).collect();
    // A rule takes some 60 µs, most of it to read the YAML.
    let read = cores::map_from(WORTH_A_THREAD, &all, |(file, text)| load_one(file, text));
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for ((file, text), rule) in all.iter().zip(read) {
        let source = SourceFile(Document::yaml(file, text));
        match rule {
            Err(fault) => faults.push(fault),
            Ok(rule) => {
                for (key, value) in [("id", &rule.id), ("name", &rule.name)] {
                    if let Some(first) = seen.insert(format!("{key} {value}"), file.clone()) {
                        let message = format!("a second rule has the {key} `{value}`");
                        let help = format!("the first is in {first}");
                        faults.push(source.at(&[key.into()], message).with_help(help));
                        break;
                    }
                }
                rules.push(Arc::new(rule));
            }
        }
    }
    if faults.is_empty() {
        Ok(RuleSet::new(rules))
    } else {
        Err(faults)
    }
}

/// Loads one rule by itself, for tests of that rule.
///
/// # Errors
/// Its first fault.
pub fn load_one(file: &str, text: &str) -> Result<Rule, Diagnostic> {
    SourceFile(Document::yaml(file, text)).rule()
}

#[derive(Clone, Copy)]
struct SourceFile<'a>(Document<'a>);

impl SourceFile<'_> {
    fn rule(&self) -> Result<Rule, Diagnostic> {
        let raw: RawRule = self.0.read()?;
        self.identity(&raw)?;
        let kernel = match &raw.kernel {
            None => None,
            Some(text) => Some(text.parse::<Requirement>().map_err(|()| {
                let message = format!("`{text}` is not a condition on the kernel's version");
                self.at(&["kernel".into()], message)
                    .with_help("write it like `\">=4.10\"`")
            })?),
        };
        let when = self.expr(&["when".into()], &raw.when, raw.scope, Type::Bool)?;
        let message = Template::parse(&raw.message, raw.scope)
            .map_err(|fault| self.inside(&["message".into()], &raw.message, fault))?;
        let remediation = raw
            .remediation
            .iter()
            .enumerate()
            .map(|(n, remedy)| self.remedy(n, remedy, raw.scope))
            .collect::<Result<_, _>>()?;
        Ok(Rule {
            id: raw.id,
            name: raw.name,
            title: raw.title,
            severity: raw.severity,
            scope: raw.scope,
            kernel,
            evidence: finding::evidence_names(&when, &message),
            when,
            message,
            why: raw.why.trim().to_owned(),
            remediation,
            does_not_help: raw.does_not_help,
            references: raw.references,
        })
    }

    fn identity(&self, raw: &RawRule) -> Result<(), Diagnostic> {
        let digits = raw.id.bytes().rev().take_while(u8::is_ascii_digit).count();
        let letters = &raw.id[..raw.id.len() - digits];
        let prefix_fits = letters.starts_with(|c: char| c.is_ascii_uppercase())
            && letters
                .chars()
                .all(|c| c.is_ascii_uppercase() || "-_".contains(c));
        if digits == 0 || !prefix_fits {
            let message = format!("`{}` is not a rule's id", raw.id);
            let help = "capital letters of your own and a number, such as `ACME101`";
            return Err(self.at(&["id".into()], message).with_help(help));
        }
        let name_fits = raw.name.starts_with(|c: char| c.is_ascii_lowercase())
            && raw
                .name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !name_fits {
            let message = format!("`{}` is not a rule's name", raw.name);
            let help = "small letters, digits and hyphens, such as `backlog-truncated`";
            return Err(self.at(&["name".into()], message).with_help(help));
        }
        for (key, text) in [
            ("title", &raw.title),
            ("message", &raw.message),
            ("why", &raw.why),
        ] {
            if text.trim().is_empty() {
                let message = format!("`{key}` is empty");
                return Err(self
                    .at(&[key.into()], message)
                    .with_help("say it in a sentence"));
            }
        }
        Ok(())
    }

    fn remedy(&self, n: usize, raw: &RawRemedy, scope: Scope) -> Result<Remedy, Diagnostic> {
        let path = |key: &str| [Step::from("remediation"), n.into(), key.into()];
        let when = match &raw.when {
            Some(text) => Some(self.expr(&path("when"), text, scope, Type::Bool)?),
            None => None,
        };
        for (key, value) in [("service", &raw.service), ("relisten", &raw.relisten)] {
            let Some(value) = value else { continue };
            if value != "listener" {
                let message = format!("`{key}: {value}` is not known");
                return Err(self
                    .at(&path(key), message)
                    .with_help(format!("write `{key}: listener`")));
            }
            if scope != Scope::Listener {
                let message = format!("a rule of this scope has no listener for `{key}`");
                return Err(self
                    .at(&path(key), message)
                    .with_help("use `scope: listener`"));
            }
        }
        let (service, relisten) = (raw.service.is_some(), raw.relisten.is_some());
        let step = match (&raw.sysctl, &raw.value, &raw.edit, service, relisten) {
            (Some(key), Some(value), None, false, false) => RemedyStep::Sysctl {
                key: self.key(&path("sysctl"), key, scope)?,
                value: self.value(&path("value"), value, scope)?,
            },
            (None, None, Some(words), false, false) => {
                let parsed = Template::parse(words, scope);
                RemedyStep::Edit(parsed.map_err(|fault| self.inside(&path("edit"), words, fault))?)
            }
            (None, None, None, true, false) => RemedyStep::Service,
            (None, None, None, false, true) => RemedyStep::Relisten,
            _ => {
                let message = "a remediation is one step";
                let help = "`sysctl:` with `value:`, or `edit:` with words, or `service: listener`, or `relisten: listener`";
                return Err(self.at(&path("")[..2], message.to_owned()).with_help(help));
            }
        };
        Ok(Remedy { when, step })
    }

    fn key(&self, path: &[Step], key: &str, scope: Scope) -> Result<RemedyKey, Diagnostic> {
        if key == "setting.key" {
            if scope == Scope::Setting {
                return Ok(RemedyKey::OfSubject);
            }
            let message = "a rule of this scope has no `setting.key`".to_owned();
            return Err(self.at(path, message).with_help("use `scope: setting`"));
        }
        if let Some(help) = sysctl_fault(key) {
            let message = format!("`{key}` is not a sysctl");
            return Err(self.at(path, message).with_help(help));
        }
        Ok(RemedyKey::Named(key.to_owned()))
    }

    fn value(&self, path: &[Step], raw: &Scalar, scope: Scope) -> Result<RemedyValue, Diagnostic> {
        let text = match raw {
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text.clone(),
        };
        if let Some((_, advice)) = Advice::ALL.iter().find(|(name, _)| *name == text.trim()) {
            return Ok(RemedyValue::Advice(*advice));
        }
        if text.contains("advice.") {
            let names = Advice::ALL.map(|(name, _)| name);
            let message = format!("`{text}` is not known");
            let help = match nearest(text.trim(), names) {
                Some(near) => format!("did you mean `{near}`? It stands alone"),
                None => format!("known, and standing alone: {}", names.join(", ")),
            };
            return Err(self.at(path, message).with_help(help));
        }
        let expr = Expr::parse(&text, scope).map_err(|fault| self.inside(path, &text, fault))?;
        if expr.kind() == Type::Bool {
            let message = "a sysctl's value is a number or a text, and this is true or false";
            return Err(self.at(path, message.to_owned()));
        }
        Ok(RemedyValue::Expr(expr))
    }

    fn expr(
        &self,
        path: &[Step],
        text: &str,
        scope: Scope,
        wanted: Type,
    ) -> Result<Expr, Diagnostic> {
        let expr = Expr::parse(text, scope).map_err(|fault| self.inside(path, text, fault))?;
        if expr.kind() != wanted {
            let all = 0..text.trim_end().chars().count();
            let message = format!("a condition is {wanted}, and this is {}", expr.kind());
            let fault = Fault {
                range: all,
                message,
                help: Some("compare it with something".to_owned()),
            };
            return Err(self.inside(path, text, fault));
        }
        Ok(expr)
    }

    fn at(&self, path: &[Step], message: String) -> Diagnostic {
        self.0.at(path, message)
    }

    /// A fault inside a scalar: the place in the expression becomes a place in the file.
    fn inside(&self, path: &[Step], scalar: &str, fault: Fault) -> Diagnostic {
        let mut diagnostic = self.0.inside(path, scalar, fault.range, fault.message);
        diagnostic.help = fault.help;
        diagnostic
    }
}
