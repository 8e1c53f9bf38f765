//! What a rule means: its id and name, its condition on the kernel, its expressions and messages, its
//! steps. Each part is looked at by itself, whatever is wrong with the others.

use super::written::{Scalar, Written, WrittenRemedy};
use crate::kernel::sysctls::{self, ValueFault, check_value};
use crate::kernel::version::Requirement;
use crate::rules::expr::{Expr, Fault, sysctl_fault};
use crate::rules::template::Template;
use crate::rules::told::AsWritten;
use crate::rules::vocabulary::Type;
use crate::rules::{Advice, Remedy, RemedyKey, RemedyStep, RemedyValue, Rule, Scope, finding};
use crate::text::fields::Faults;
use crate::text::locate::Step;
use crate::text::nearest::nearest;

/// The steps that a remediation may have.
const STEPS: &str = "`sysctl:` with `value:`, or `edit:` with words, or `service: listener`, with `value:` or without, or `relisten: listener`";

pub(super) struct Meaning<'f, 'd> {
    faults: &'f mut Faults<'d>,
}

impl<'f, 'd> Meaning<'f, 'd> {
    pub(super) fn of(faults: &'f mut Faults<'d>) -> Self {
        Self { faults }
    }

    /// The rule. `None` only where there is a fault; there may be one as well where there is a rule.
    pub(super) fn rule(&mut self, written: Written, file: &str) -> Option<Rule> {
        self.identity(&written);
        let kernel = written.kernel.as_deref().map(|text| self.kernel(text));
        let scope = written.scope;
        let when = written.when.as_deref();
        let when = when.map(|text| self.expr(&["when".into()], text, scope, Some(Type::Bool)));
        let message = written.message.as_deref();
        let message = message.map(|text| self.template(&["message".into()], text, scope));
        let steps = written.remediation.iter().enumerate();
        let remediation = steps
            .map(|(n, remedy)| self.remedy(n, remedy, scope))
            .collect::<Vec<_>>();
        let (when, message) = (when??, message??);
        let as_written = AsWritten {
            when: written.when.unwrap_or_default(),
            message: written.message.unwrap_or_default(),
            steps: written
                .remediation
                .iter()
                .map(WrittenRemedy::line)
                .collect(),
        };
        Some(Rule {
            written: as_written,
            id: written.id?,
            name: written.name?,
            title: written.title?,
            severity: written.severity?,
            scope: scope?,
            kernel: match kernel {
                Some(kernel) => Some(kernel?),
                None => None,
            },
            evidence: finding::evidence_names(&when, &message),
            when,
            message,
            why: written.why?.trim().to_owned(),
            remediation: remediation.into_iter().collect::<Option<_>>()?,
            does_not_help: written.does_not_help,
            references: written.references,
            file: file.to_owned(),
        })
    }

    fn identity(&mut self, written: &Written) {
        if let Some(id) = &written.id
            && !is_id(id)
        {
            let message = format!("`{id}` is not a rule's id");
            let help = "capital letters of your own and a number, such as `ACME101`";
            self.faults.at(&["id".into()], message, help);
        }
        if let Some(name) = &written.name
            && !is_name(name)
        {
            let message = format!("`{name}` is not a rule's name");
            let help = "small letters, digits and hyphens, such as `backlog-truncated`";
            self.faults.at(&["name".into()], message, help);
        }
        for (key, text) in [
            ("title", &written.title),
            ("message", &written.message),
            ("why", &written.why),
        ] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                let message = format!("`{key}` is empty");
                self.faults
                    .at(&[key.into()], message, "say it in a sentence");
            }
        }
    }

    fn kernel(&mut self, text: &str) -> Option<Requirement> {
        let read = text.parse::<Requirement>();
        if read.is_err() {
            let message = format!("`{text}` is not a condition on the kernel's version");
            let help = "one of >=, >, <= and <, then major.minor, such as `\">=4.10\"`";
            self.faults.at(&["kernel".into()], message, help);
        }
        read.ok()
    }

    fn remedy(&mut self, n: usize, raw: &WrittenRemedy, scope: Option<Scope>) -> Option<Remedy> {
        let path = |key: &str| [Step::from("remediation"), n.into(), key.into()];
        let when = raw.when.as_deref();
        let when = when.map(|text| self.expr(&path("when"), text, scope, Some(Type::Bool)));
        for (key, value) in [("service", &raw.service), ("relisten", &raw.relisten)] {
            let Some(value) = value else { continue };
            if value != "listener" {
                let message = format!("`{key}: {value}` is not known");
                let help = format!("write `{key}: listener`");
                self.faults.at(&path(key), message, help);
            } else if scope.is_some_and(|scope| scope != Scope::Listener) {
                let message = format!("a rule of this scope has no listener for `{key}`");
                self.faults.at(&path(key), message, "use `scope: listener`");
            }
        }
        let key = raw.sysctl.as_deref();
        let key = key.map(|key| self.key(&path("sysctl"), key, scope));
        let value = raw.value.as_ref();
        if let (None, Some(_)) = (&raw.sysctl, &raw.service) {
            let backlog = value.map(|value| self.backlog(&path("value"), value, scope));
            return self.service(n, raw, when, backlog);
        }
        let value =
            value.map(|value| self.value(&path("value"), raw.sysctl.as_deref(), value, scope));
        let words = raw.edit.as_deref();
        let words = words.map(|words| self.template(&path("edit"), words, scope));
        let step = match (key, value, words, &raw.service, &raw.relisten) {
            (Some(key), Some(value), None, None, None) => RemedyStep::Sysctl {
                key: key?,
                value: value?,
            },
            (None, None, Some(words), None, None) => RemedyStep::Edit(words?),
            (None, None, None, None, Some(_)) => RemedyStep::Relisten,
            _ if raw.faulty => return None,
            (Some(_), None, None, None, None) => {
                let help = "add `value:` with a number, an expression or one of advice.*";
                let message = "this step sets a sysctl to no value";
                self.faults.at(&path("sysctl"), message, help);
                return None;
            }
            _ => {
                let message = "a step is one thing to do";
                self.faults.at(&path("")[..2], message, STEPS);
                return None;
            }
        };
        let when = match when {
            Some(when) => Some(when?),
            None => None,
        };
        Some(Remedy { when, step })
    }

    /// A step that changes the service's own backlog, of which the value may be left out.
    fn service(
        &mut self,
        n: usize,
        raw: &WrittenRemedy,
        when: Option<Option<Expr>>,
        backlog: Option<Option<Option<Expr>>>,
    ) -> Option<Remedy> {
        if raw.edit.is_some() || raw.relisten.is_some() {
            let path = [Step::from("remediation"), n.into()];
            self.faults.at(&path, "a step is one thing to do", STEPS);
            return None;
        }
        let least = match backlog {
            Some(backlog) => backlog?,
            None => None,
        };
        let when = match when {
            Some(when) => Some(when?),
            None => None,
        };
        let step = RemedyStep::Service(least);
        Some(Remedy { when, step })
    }

    /// The backlog that a service is to have. The inner `None`: the one that `advise` derives.
    fn backlog(
        &mut self,
        path: &[Step],
        raw: &Scalar,
        scope: Option<Scope>,
    ) -> Option<Option<Expr>> {
        let help = "a whole number such as `value: 1024`, an expression, or `advice.backlog`";
        let text = raw.text();
        let name = text.trim();
        if name == "advice.backlog" {
            return Some(None);
        }
        if name.starts_with("advice.") {
            let message = format!("`{name}` is not a service's backlog");
            self.faults.at(path, message, help);
            return None;
        }
        let number = name.parse::<i64>().ok();
        if number.is_some_and(|number| !(1..=i64::from(i32::MAX)).contains(&number)) {
            let message = format!("{name} is no backlog that a program can have");
            self.faults
                .at(path, message, "a number from 1 to 2147483647");
            return None;
        }
        let expr = self.expr(path, &text, scope, None)?;
        if matches!(expr.kind(), Type::Bool | Type::Text) {
            let message = format!("a backlog is a number, and this is {}", expr.kind());
            self.faults.at(path, message, help);
            return None;
        }
        Some(Some(expr))
    }

    fn key(&mut self, path: &[Step], key: &str, scope: Option<Scope>) -> Option<RemedyKey> {
        if key == "setting.key" {
            if matches!(scope, Some(Scope::Setting) | None) {
                return Some(RemedyKey::OfSubject);
            }
            let message = "a rule of this scope has no `setting.key`";
            self.faults.at(path, message, "use `scope: setting`");
            return None;
        }
        if let Some(help) = sysctl_fault(key) {
            let message = format!("`{key}` is not a sysctl");
            self.faults.at(path, message, help);
            return None;
        }
        Some(RemedyKey::Named(key.to_owned()))
    }

    fn value(
        &mut self,
        path: &[Step],
        key: Option<&str>,
        raw: &Scalar,
        scope: Option<Scope>,
    ) -> Option<RemedyValue> {
        let text = raw.text();
        if let Some((_, advice)) = Advice::ALL.iter().find(|(name, _)| *name == text.trim()) {
            return Some(RemedyValue::Advice(*advice));
        }
        if text.contains("advice.") {
            let names = Advice::ALL.map(|(name, _)| name);
            let message = format!("`{text}` is not known");
            let help = match nearest(text.trim(), names) {
                Some(near) => format!("did you mean `{near}`? It stands alone"),
                None => format!("known, and standing alone: {}", names.join(", ")),
            };
            self.faults.at(path, message, help);
            return None;
        }
        if text.trim().parse::<i64>().is_ok()
            && let Some(key) = key
            && let Err(fault @ (ValueFault::OutOfRange { .. } | ValueFault::ReadOnly)) =
                check_value(key, text.trim(), None)
        {
            let message = format!("the kernel refuses {} for {key}: {fault}", text.trim());
            let help = match sysctls::range(key, None) {
                Some(range) => format!("a number from {} to {}", range.start(), range.end()),
                None => "write a value that it takes".to_owned(),
            };
            self.faults.at(path, message, help);
            return None;
        }
        let expr = self.expr(path, &text, scope, None)?;
        if expr.kind() == Type::Bool {
            let message = "a sysctl's value is a number or a text, and this is true or false";
            let help = "write 1 for on and 0 for off, or `CONDITION ? 1 : 0`";
            self.faults.at(path, message, help);
            return None;
        }
        Some(RemedyValue::Expr(expr))
    }

    /// A message or the words of an edit.
    fn template(&mut self, path: &[Step], text: &str, scope: Option<Scope>) -> Option<Template> {
        let parsed = in_scope(scope, |scope| Template::parse(text, scope));
        self.keep(path, text, parsed)
    }

    fn expr(
        &mut self,
        path: &[Step],
        text: &str,
        scope: Option<Scope>,
        wanted: Option<Type>,
    ) -> Option<Expr> {
        if text.is_empty() && self.is_tag(path) {
            let message = "YAML takes a text that begins with `!` for a tag";
            let help = "put the whole expression in quotes, such as `\"!has(listener.unit)\"`";
            self.faults.at(path, message, help);
            return None;
        }
        let parsed = in_scope(scope, |scope| Expr::parse(text, scope));
        let expr = self.keep(path, text, parsed)?;
        let kind = expr.kind();
        match wanted {
            Some(wanted) if kind != wanted => {
                let fault = Fault {
                    range: 0..text.trim_end().chars().count(),
                    message: format!("a condition is {wanted}, and this is {kind}"),
                    help: Some("compare it with something, such as `> 0`".to_owned()),
                };
                self.keep(path, text, Err(vec![fault]))
            }
            _ => Some(expr),
        }
    }

    /// Whether a tag stands at a place, of which YAML's parser tells nothing.
    fn is_tag(&self, path: &[Step]) -> bool {
        let here = self.faults.document().at(path, "");
        let span = here.span.unwrap_or_default();
        here.text[span].starts_with('!')
    }

    /// What was parsed, or its faults: the place in the expression becomes a place in the file.
    fn keep<T>(&mut self, path: &[Step], text: &str, parsed: Result<T, Vec<Fault>>) -> Option<T> {
        let faults = match parsed {
            Ok(parsed) => return Some(parsed),
            Err(faults) => faults,
        };
        for Fault {
            range,
            message,
            help,
        } in faults
        {
            let document = self.faults.document();
            let mut fault = document.inside(path, text, range, message);
            fault.help = help;
            self.faults.push(fault);
        }
        None
    }
}

/// Parses for a scope. Where a rule has none that is known, what any scope would take is no fault.
fn in_scope<T>(
    scope: Option<Scope>,
    parse: impl Fn(Scope) -> Result<T, Vec<Fault>>,
) -> Result<T, Vec<Fault>> {
    match scope {
        Some(scope) => parse(scope),
        None => parse(Scope::Setting).or_else(|_| parse(Scope::Listener)),
    }
}

/// Whether a text can be a rule's id.
pub fn is_id(id: &str) -> bool {
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).count();
    let letters = &id[..id.len() - digits];
    let fits = |c: char| c.is_ascii_uppercase() || "-_".contains(c);
    digits > 0 && letters.starts_with(|c: char| c.is_ascii_uppercase()) && letters.chars().all(fits)
}

/// Whether an id has the prefix of the built-in rules.
pub fn is_reserved(id: &str) -> bool {
    let number = id.strip_prefix("BL");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text can be a rule's name.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}
