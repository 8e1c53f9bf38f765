//! The names that conditions and messages may use: each with its type, its scope, its meaning, and
//! where its value comes from. A name that is not here does not exist, and a rule that uses it is
//! refused when it is loaded.

mod beside;
mod entries;
mod settings;
pub mod values;
mod words;

use std::borrow::Cow;
use std::fmt;

use super::Scope;
use crate::assess::{Facts, ListenerFacts, NetnsFacts, SettingFacts};
use crate::snapshot::SysctlValue;

/// The type of a name or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// Known only when evaluated: the value of a sysctl that backlint does not know.
    Any,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "a number",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Any => "any value",
        })
    }
}

/// A value that a name has for one subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// True or false.
    Bool(bool),
}

impl Value<'_> {
    /// The same, owning its text.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Int(value) => Value::Int(value),
            Self::Bool(value) => Value::Bool(value),
            Self::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
        }
    }

    /// The same, lending its text.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(value) => Value::Text(Cow::Borrowed(value)),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
        }
    }
}

impl<'a> From<&'a SysctlValue> for Value<'a> {
    fn from(value: &'a SysctlValue) -> Self {
        match value {
            SysctlValue::Int(value) => Self::Int(*value),
            SysctlValue::Text(value) => Self::Text(Cow::Borrowed(value)),
        }
    }
}

impl From<SysctlValue> for Value<'_> {
    fn from(value: SysctlValue) -> Self {
        match value {
            SysctlValue::Int(value) => Self::Int(value),
            SysctlValue::Text(value) => Self::Text(Cow::Owned(value)),
        }
    }
}

/// What a rule is evaluated for: the host, one namespace, or one listener or one sysctl in it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// All facts.
    pub facts: &'a Facts<'a>,
    /// The namespace; for a rule about the host, the host's own.
    pub netns: &'a NetnsFacts<'a>,
    /// The listener, for a rule about listeners.
    pub listener: Option<&'a ListenerFacts<'a>>,
    /// The sysctl, for a rule about those of the machine.
    pub setting: Option<&'a SettingFacts>,
}

type Get = for<'a> fn(Subject<'a>) -> Option<Value<'a>>;

/// An entry that is computed from no other.
const fn entry(
    path: &'static str,
    scope: Scope,
    kind: Type,
    meaning: &'static str,
    get: Get,
) -> Entry {
    Entry {
        path,
        scope,
        kind,
        meaning,
        derived_from: &[],
        needs: &[],
        get,
    }
}

/// One name of the vocabulary.
pub struct Entry {
    /// Dotted name.
    pub path: &'static str,
    /// The widest scope that has it.
    pub scope: Scope,
    /// Its type.
    pub kind: Type,
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// Names that this one was computed from: they are evidence wherever it is.
    pub derived_from: &'static [&'static str],
    /// Those of them without which it has no value.
    pub needs: &'static [&'static str],
    get: Get,
}

impl Entry {
    /// Whether it is about what the files of the machine set at the next boot.
    pub fn is_of_settings(&self) -> bool {
        self.scope == Scope::Setting || self.path.starts_with("host.boot.")
    }

    /// The value for a subject; `None` when it was not read.
    pub fn get<'a>(&self, subject: Subject<'a>) -> Option<Value<'a>> {
        (self.get)(subject)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

/// Every name, in the order of the reference.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let all = entries::ENTRIES.iter().chain(&beside::ENTRIES);
    all.chain(&settings::ENTRIES)
}

/// The entry of a dotted name.
pub fn find(path: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.path == path)
}

/// The entries below a group such as `listener.accept_queue`.
pub fn below(group: &str) -> impl Iterator<Item = &'static Entry> {
    entries().filter(move |entry| {
        entry
            .path
            .strip_prefix(group)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}
