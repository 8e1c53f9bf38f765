//! CEL expressions of rules: parsed, typed against the vocabulary, and evaluated.
//!
//! The crate `cel` parses; it has no static types, so the typing is here, and so is the evaluation of what
//! was typed: a name
//! that does not exist, a comparison of different types or a function that is not offered is a
//! fault when the rule is loaded, never a rule that silently matches nothing.

mod eval;
mod extent;
#[cfg(test)]
mod oracle;
mod program;
mod syntax;
mod typing;

use std::ops::Range;

use cel::parser::PrattParser;

use super::Scope;
use super::vocabulary::{self, Entry, Subject, Type, Value};
use crate::kernel::sysctls;
use crate::snapshot::SysctlValue;
pub use eval::{Shared, Unevaluated};
use program::Node;
pub(super) use syntax::sysctl_fault;

/// Characters that an expression may have: it is walked recursively, and nobody reads a longer one.
pub(super) const LONGEST: usize = 1000;

/// A name that an expression reads.
#[derive(Debug, Clone)]
pub enum Name {
    /// A name of the vocabulary.
    Fact(&'static Entry),
    /// `sysctl["key"]`.
    Sysctl(String),
    /// `counters["name"]`.
    Counter(String),
    /// `after_boot["key"]`.
    AfterBoot(String),
}

impl Name {
    /// The name as evidence shows it.
    pub fn path(&self) -> String {
        match self {
            Self::Fact(entry) => entry.path.to_owned(),
            Self::Sysctl(key) => format!("sysctl.{key}"),
            Self::Counter(name) => format!("counters.{name}"),
            Self::AfterBoot(key) => format!("after_boot.{key}"),
        }
    }

    /// The name that stands in `derived_from` and `needs` of the vocabulary.
    pub fn of_path(path: &str) -> Option<Self> {
        match path.strip_prefix("sysctl.") {
            Some(key) => Some(Self::Sysctl(key.to_owned())),
            None => vocabulary::find(path).map(Self::Fact),
        }
    }

    /// The value for a subject; `None` when it was not read.
    pub fn get<'a>(&self, subject: Subject<'a>) -> Option<Value<'a>> {
        match self {
            Self::Fact(entry) => entry.get(subject),
            Self::Sysctl(key) => subject.netns.namespace.sysctls.get(key).map(Value::from),
            Self::Counter(name) => {
                let count = subject.netns.namespace.counters.get(name)?;
                Some(Value::Int(i64::try_from(*count).unwrap_or(i64::MAX)))
            }
            Self::AfterBoot(key) => {
                let value = subject.facts.settings.as_ref()?.after_boot(key)?;
                Some(SysctlValue::parse(&sysctls::kept(key, &value)).into())
            }
        }
    }

    /// Whether the value differs between the listeners of one namespace, or the sysctls of the machine.
    pub fn is_of_subject(&self) -> bool {
        matches!(self, Self::Fact(entry) if matches!(entry.scope, Scope::Listener | Scope::Setting))
    }

    /// Whether the value is one of what the files of the machine set at the next boot.
    pub fn is_of_settings(&self) -> bool {
        match self {
            Self::Fact(entry) => entry.is_of_settings(),
            Self::AfterBoot(_) => true,
            Self::Sysctl(_) | Self::Counter(_) => false,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path()
    }
}

/// A typed expression.
#[derive(Debug)]
pub struct Expr {
    program: Node,
    kind: Type,
    /// Names whose values are read, without repetition, in the order of the text.
    names: Vec<Name>,
    /// Sysctls that `setting.key` is compared with.
    settings: Vec<String>,
}

/// A fault in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Range of the offending text, in characters of the expression.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
}

impl Fault {
    fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: None,
        }
    }

    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Expr {
    /// Parses and types an expression for rules of `scope`.
    ///
    /// # Errors
    /// Its faults, with their places in `source`: of an expression that cannot be parsed the first one,
    /// and else one of each side of `&&` and `||`.
    pub fn parse(source: &str, scope: Scope) -> Result<Self, Vec<Fault>> {
        if source.trim().is_empty() {
            let fault = Fault::new(0..0, "the expression is empty");
            return Err(vec![
                fault.with_help("write a name, or a comparison of two"),
            ]);
        }
        if source.chars().count() > LONGEST {
            let message = format!("the expression is longer than {LONGEST} characters");
            let fault = Fault::new(LONGEST..LONGEST, message);
            return Err(vec![
                fault.with_help("make it several rules: one rule finds one thing"),
            ]);
        }
        // This parser is quick but forgets places; only when there is a fault to point at is the
        // text parsed again, by the one that keeps them.
        let parser = PrattParser::new().max_recursion_depth(64);
        let ast = parser
            .parse(source)
            .map_err(|errors| vec![syntax::syntax_fault(source, &errors)])?;
        match typing::check(&ast, None, scope) {
            Ok(typing::Typed {
                kind,
                names,
                settings,
            }) => match program::compile(&ast, &names) {
                Some(program) => Ok(Self {
                    program,
                    kind,
                    names,
                    settings,
                }),
                None => {
                    let all = 0..source.chars().count();
                    Err(vec![Fault::new(all, "this is not offered here")])
                }
            },
            Err(faults) => Err(place(source, scope).unwrap_or(faults)),
        }
    }

    /// Type of the value.
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// The names whose values the expression reads.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// The sysctls that `setting.key` is compared with, by `==` or `in`.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(String::as_str)
    }
}

/// The faults of an expression that has some, with their places, by the parser that keeps places. It
/// takes up to 70 KiB of stack for each level of nesting, so it gets a stack of its own.
fn place(source: &str, scope: Scope) -> Option<Vec<Fault>> {
    let run = || {
        let program = cel::Program::compile(source).ok()?;
        typing::check(program.expression(), Some(program.source_info()), scope).err()
    };
    std::thread::scope(|threads| {
        let builder = std::thread::Builder::new().stack_size(LONGEST * 128 * 1024);
        builder.spawn_scoped(threads, run).ok()?.join().ok()?
    })
}
