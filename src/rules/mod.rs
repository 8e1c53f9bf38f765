//! Rules: YAML files with a CEL condition, loaded and typed before anything is judged, and the
//! engine that evaluates them. Knows no colour and no output format.

mod alike;
pub mod builtin;
pub mod engine;
pub mod expr;
pub mod fields;
pub mod finding;
pub mod load;
pub mod minimal;
pub mod pages;
pub mod template;
pub mod told;
pub mod vocabulary;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::kernel::sysctls;
use crate::kernel::version::{Requirement, Version};
use expr::{Expr, Name};
use template::Template;
use told::AsWritten;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// May matter some day.
    Low,
    /// Will hurt under load.
    Medium,
    /// Hurts under load, by a limit that nobody chose.
    High,
    /// Hurts now.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// The name used in every output and in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a rule is evaluated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Once.
    Host,
    /// Once for each network namespace.
    Netns,
    /// Once for each sysctl of the machine that a file sets or that the record has a value of.
    Setting,
    /// Once for each listener.
    Listener,
}

impl Scope {
    /// All of them, the widest first.
    pub const ALL: [Self; 4] = [Self::Host, Self::Netns, Self::Setting, Self::Listener];

    /// The name that rules and outputs use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Netns => "netns",
            Self::Setting => "setting",
            Self::Listener => "listener",
        }
    }

    /// What a rule of this scope is evaluated for, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Host => "once",
            Self::Netns => "once for each network namespace",
            Self::Setting => {
                "once for each sysctl of the machine that a file sets or that the record has a value of"
            }
            Self::Listener => "once for each listener",
        }
    }

    /// Whether a rule of this scope has the names of another: its own, and those of the wider ones. A
    /// sysctl of the machine is one of the host's own namespace, and has no listener.
    pub const fn has_names_of(self, other: Self) -> bool {
        match other {
            Self::Host => true,
            Self::Netns => !matches!(self, Self::Host),
            Self::Setting => matches!(self, Self::Setting),
            Self::Listener => matches!(self, Self::Listener),
        }
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Unique identifier, such as `BL101`.
    pub id: String,
    /// Unique name, such as `backlog-truncated`.
    pub name: String,
    /// One line that says what the rule finds.
    pub title: String,
    /// Severity of its findings.
    pub severity: Severity,
    /// What it is evaluated for.
    pub scope: Scope,
    /// Kernels that it is true for. A kernel that is not known is taken for a current one.
    pub kernel: Option<Requirement>,
    /// The condition.
    pub when: Expr,
    /// The finding in one sentence.
    pub message: Template,
    /// What its findings show as evidence, sorted by name.
    pub evidence: Vec<(Arc<str>, Name)>,
    /// What happens to users.
    pub why: String,
    /// What to do.
    pub remediation: Vec<Remedy>,
    /// What people try and what does not help.
    pub does_not_help: Vec<String>,
    /// Where it can be read up.
    pub references: Vec<String>,
    /// The file that it is written in, as the user named it.
    pub file: String,
    /// Its condition, message and steps as they are written.
    pub written: AsWritten,
}

/// One step of what a rule recommends.
#[derive(Debug)]
pub struct Remedy {
    /// Whether the step applies; absent: always.
    pub when: Option<Expr>,
    /// The step.
    pub step: RemedyStep,
}

/// What a step does.
#[derive(Debug)]
pub enum RemedyStep {
    /// Set a sysctl in the subject's namespace.
    Sysctl {
        /// Which.
        key: RemedyKey,
        /// The new value.
        value: RemedyValue,
    },
    /// Change the service's own setting: to this backlog at least, or to the one that `advise` derives.
    Service(Option<Expr>),
    /// Make the service call listen(2) again.
    Relisten,
    /// Change a file by hand, in words.
    Edit(Template),
}

/// Which sysctl a step sets.
#[derive(Debug)]
pub enum RemedyKey {
    /// This one, dotted.
    Named(String),
    /// The one that the rule is evaluated for.
    OfSubject,
}

/// Where a recommended value comes from.
#[derive(Debug)]
pub enum RemedyValue {
    /// An expression over the facts.
    Expr(Expr),
    /// A number that the `advise` stage derives.
    Advice(Advice),
}

/// Values that the `advise` stage derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Advice {
    /// The largest finite request in the namespace.
    Somaxconn,
    /// The backlog that is proposed to the finding's service.
    Backlog,
    /// The smallest value that lets the SYN queue be as long as the longest accept queue.
    MaxSynBacklog,
}

impl Advice {
    /// All of them, with the names that rules use.
    pub const ALL: [(&'static str, Self); 3] = [
        ("advice.backlog", Self::Backlog),
        ("advice.somaxconn", Self::Somaxconn),
        ("advice.max_syn_backlog", Self::MaxSynBacklog),
    ];

    /// What it is, for people who write rules.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Somaxconn => {
                "the largest finite backlog that a listener of the namespace asks for"
            }
            Self::Backlog => "the backlog that is proposed to the finding's service",
            Self::MaxSynBacklog => {
                "the smallest value that lets the SYN queue be as long as the longest accept queue"
            }
        }
    }
}

/// All rules that are in force, by id.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    known: usize,
}

impl RuleSet {
    /// The rules, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// A set of these rules, which have unique ids.
    pub fn new(mut rules: Vec<Arc<Rule>>) -> Self {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let known = rules.len();
        Self { rules, known }
    }

    /// Those that are wanted, by id. The set still says how many it was chosen from.
    #[must_use]
    pub fn chosen(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let rules = self.rules.iter().filter(|rule| wanted(&rule.id));
        Self {
            rules: rules.cloned().collect(),
            known: self.known,
        }
    }

    /// Number of rules that these were chosen from.
    pub fn known(&self) -> usize {
        self.known
    }

    /// Every sysctl that a record for these rules has: those of the accept path, and whatever a rule
    /// names.
    pub fn recorded_sysctls(&self) -> BTreeSet<String> {
        let keys = sysctls::recorded();
        let mut keys: BTreeSet<String> = keys.map(|sysctl| sysctl.key.to_owned()).collect();
        keys.extend(self.sysctls());
        keys
    }

    /// Whether a rule is about what the files of the machine set at the next boot.
    pub fn needs_settings(&self) -> bool {
        self.rules.iter().any(|rule| rule.needs_settings())
    }

    /// Every sysctl that an audit with these rules has to read: whatever a rule names in a
    /// condition, a message or a remediation.
    ///
    /// NOTE: opening one takes the kernel a look at the same file of every other network namespace
    /// (`proc_sys_compare`, fs/proc/proc_sysctl.c), so nothing is read that nobody asks for.
    pub fn sysctls(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for rule in &self.rules {
            keys.extend(rule.when.settings().map(str::to_owned));
            for name in rule.names() {
                match name {
                    Name::Sysctl(key) => _ = keys.insert(key.clone()),
                    Name::Fact(entry) => {
                        let sysctl = |path: &&str| path.strip_prefix("sysctl.").map(str::to_owned);
                        let from = entry.derived_from.iter().chain(entry.needs);
                        keys.extend(from.filter_map(sysctl));
                    }
                    Name::Counter(_) | Name::AfterBoot(_) => {}
                }
            }
            for remedy in &rule.remediation {
                if let RemedyStep::Sysctl {
                    key: RemedyKey::Named(key),
                    ..
                } = &remedy.step
                {
                    keys.insert(key.clone());
                }
            }
        }
        keys
    }
}

impl Rule {
    /// Whether it is one of those that the binary carries.
    pub fn is_built_in(&self) -> bool {
        self.file.starts_with(builtin::PLACE)
    }

    /// Whether the rule is true for a kernel. One that is not known is taken for the newest.
    pub fn applies_to(&self, kernel: Option<Version>) -> bool {
        let kernel = kernel.unwrap_or(Version::NEWEST);
        self.kernel.is_none_or(|needed| needed.holds(kernel))
    }

    /// Whether the rule is about what the files of the machine set at the next boot.
    pub fn needs_settings(&self) -> bool {
        self.scope == Scope::Setting || self.names().any(Name::is_of_settings)
    }

    /// Every name that any expression of the rule reads.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        let remedies = self.remediation.iter().flat_map(|remedy| {
            let (value, words) = match &remedy.step {
                RemedyStep::Sysctl {
                    value: RemedyValue::Expr(expr),
                    ..
                } => (Some(expr), None),
                RemedyStep::Service(Some(expr)) => (Some(expr), None),
                RemedyStep::Edit(words) => (None, Some(words)),
                _ => (None, None),
            };
            let exprs = remedy.when.iter().chain(value);
            let words = words.into_iter().flat_map(Template::names);
            exprs.flat_map(Expr::names).chain(words)
        });
        self.when
            .names()
            .chain(self.message.names())
            .chain(remedies)
    }

    /// Whether a finding is only as sure as the listener's verdict: the condition reads it.
    pub fn rests_on_verdict(&self) -> bool {
        self.when.names().any(|name| match name {
            Name::Fact(entry) => {
                entry.path == "listener.limited_by"
                    || entry.path == "listener.confidence"
                    || entry.path.starts_with("listener.requested.")
            }
            Name::Sysctl(_) | Name::Counter(_) | Name::AfterBoot(_) => false,
        })
    }
}

#[cfg(test)]
mod tests;
