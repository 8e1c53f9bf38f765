//! What is different between two records of a host, or two reports about it: findings, listeners, sysctls,
//! counters, namespaces, the kernel. Two values in, one out: it judges nothing and reads no file.
//!
//! Things are the same if what stays is the same: a finding's fingerprint; a namespace's stable name; a
//! listener's namespace, protocol, address and service. A service that one side does not know, because it ran
//! without root, makes no other listener. What the new side could not see is no longer known, and not fixed. Numbers of processes, inodes and namespaces are
//! others after a restart, and no difference.

mod findings;
mod listeners;
mod report;
mod side;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::gate::Threshold;
pub use findings::{Change, ChangedFinding};
pub use listeners::ListenerChange;
pub use report::is_report;
pub use side::{Blind, Form, Place, Queue, Seen, Side};

/// What is different.
#[derive(Debug)]
pub struct Changes<'a> {
    /// What was.
    pub old: &'a Side,
    /// What is.
    pub new: &'a Side,
    /// Findings that were not there before, worst first.
    pub appeared: Vec<&'a Seen>,
    /// Findings that are no longer there, worst first.
    pub fixed: Vec<&'a Seen>,
    /// Findings that the new side does not have, and could not have seen all of, worst first: no longer known.
    pub unknown: Vec<&'a Seen>,
    /// Findings that are there in another way, worst first.
    pub changed: Vec<ChangedFinding<'a>>,
    /// Stable names of namespaces that were not there, with how many more there are.
    pub came: Vec<(&'a str, usize)>,
    /// Stable names of namespaces that are no longer there.
    pub went: Vec<(&'a str, usize)>,
    /// Listeners that came, went, or are in another way.
    pub listeners: Vec<ListenerChange<'a>>,
    /// Values at run time that are known of both.
    pub sysctls: Vec<SysctlChange<'a>>,
    /// Counters of both that have another value.
    pub counters: Vec<CounterChange<'a>>,
}

/// A sysctl with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlChange<'a> {
    /// Name of the namespace as it is now.
    pub netns: &'a str,
    /// Dotted key.
    pub key: &'a str,
    /// What was.
    pub old: &'a str,
    /// What is.
    pub new: &'a str,
}

/// A counter with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterChange<'a> {
    /// Name of the namespace as it is now.
    pub netns: &'a str,
    /// Name, such as `TcpExt.ListenOverflows`.
    pub name: &'a str,
    /// What was.
    pub old: u64,
    /// What is: less than what was where the host booted or the namespace was made again.
    pub new: u64,
}

/// How a counter went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By so many.
    By(u64),
    /// It began again at 0, so nobody knows.
    BeganAgain,
}

impl Growth {
    /// From one number to another.
    pub fn between(old: u64, new: u64) -> Self {
        new.checked_sub(old).map_or(Self::BeganAgain, Self::By)
    }
}

/// Compares two sides.
pub fn compare<'a>(old: &'a Side, new: &'a Side) -> Changes<'a> {
    let findings = findings::compare(old, new);
    let (were, are) = (by_name(old), by_name(new));
    let missing = |of: &BTreeMap<&'a str, Vec<&'a Place>>,
                   from: &BTreeMap<&'a str, Vec<&'a Place>>| {
        let names = of.iter().filter_map(|(name, all)| {
            let less = from.get(name).map_or(0, Vec::len);
            (all.len() > less).then(|| (*name, all.len() - less))
        });
        names.collect::<Vec<_>>()
    };
    let pairs = pairs(&were, &are);
    Changes {
        old,
        new,
        appeared: findings.appeared,
        fixed: findings.fixed,
        unknown: findings.unknown,
        changed: findings.changed,
        came: missing(&are, &were),
        went: missing(&were, &are),
        listeners: listeners::compare(&were, &are),
        sysctls: sysctls(&pairs),
        counters: counters(&pairs),
    }
}

/// The namespaces of a side by their stable names.
fn by_name(side: &Side) -> BTreeMap<&str, Vec<&Place>> {
    let mut all: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for place in &side.namespaces {
        all.entry(&place.stable_name).or_default().push(place);
    }
    all
}

/// The namespaces of both sides: of a workload's instances those of one name, and the others in their order.
fn pairs<'a>(
    were: &BTreeMap<&str, Vec<&'a Place>>,
    are: &BTreeMap<&str, Vec<&'a Place>>,
) -> Vec<(&'a Place, &'a Place)> {
    let mut pairs = Vec::new();
    for (name, old) in were {
        let Some(new) = are.get(name) else { continue };
        let names: BTreeSet<&str> = old.iter().map(|it| it.name.as_str()).collect();
        let (same, others): (Vec<&Place>, Vec<&Place>) = new
            .iter()
            .copied()
            .partition(|it| names.contains(it.name.as_str()));
        let kept: BTreeSet<&str> = same.iter().map(|it| it.name.as_str()).collect();
        let of_name = |name: &str| old.iter().copied().find(|it| it.name == name);
        pairs.extend(
            same.iter()
                .filter_map(|new| Some((of_name(&new.name)?, *new))),
        );
        let gone = old
            .iter()
            .copied()
            .filter(|it| !kept.contains(it.name.as_str()));
        pairs.extend(gone.zip(others));
    }
    pairs
}

fn sysctls<'a>(pairs: &[(&'a Place, &'a Place)]) -> Vec<SysctlChange<'a>> {
    let of_pair = |(old, new): &(&'a Place, &'a Place)| {
        let (old, new) = (*old, *new);
        new.sysctls.iter().filter_map(move |(key, value)| {
            let was = old.sysctls.get(key)?;
            (was != value).then_some(SysctlChange {
                netns: &new.name,
                key,
                old: was,
                new: value,
            })
        })
    };
    pairs.iter().flat_map(of_pair).collect()
}

fn counters<'a>(pairs: &[(&'a Place, &'a Place)]) -> Vec<CounterChange<'a>> {
    let of_pair = |(old, new): &(&'a Place, &'a Place)| {
        let (old, new) = (*old, *new);
        new.counters.iter().filter_map(move |(name, value)| {
            let was = *old.counters.get(name)?;
            (was != *value).then_some(CounterChange {
                netns: &new.name,
                name,
                old: was,
                new: *value,
            })
        })
    };
    pairs.iter().flat_map(of_pair).collect()
}

impl Changes<'_> {
    /// Whether both sides say the same.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.appeared, &self.fixed, &self.unknown];
        let findings = lists.iter().all(|list| list.is_empty()) && self.changed.is_empty();
        let places = self.came.is_empty() && self.went.is_empty() && self.listeners.is_empty();
        findings
            && places
            && self.sysctls.is_empty()
            && self.counters.is_empty()
            && self.kernel().is_none()
    }

    /// The kernels, where they are known and not the same.
    pub fn kernel(&self) -> Option<(&str, &str)> {
        differ(&self.old.kernel, &self.new.kernel)
    }

    /// The hosts, where their names are known and not the same: probably nobody meant to compare these.
    pub fn hosts(&self) -> Option<(&str, &str)> {
        differ(&self.old.host, &self.new.host)
    }

    /// Whether a finding is at least this bad and was not before: it is new, or was less sure.
    pub fn fails(&self, limit: Threshold) -> bool {
        let reached = |it: &Seen| limit.reached(it.severity, it.confidence);
        let worse = |it: &ChangedFinding<'_>| reached(it.new) && !reached(it.old);
        self.appeared.iter().any(|it| reached(it)) || self.changed.iter().any(worse)
    }

    /// What cannot be told, because one side does not say it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((old, new)) = self.hosts() {
            notes.push(format!("two hosts are compared: {old} and {new}"));
        }
        let reports: Vec<&str> = [self.old, self.new]
            .into_iter()
            .filter(|side| side.form == Form::Report)
            .map(|side| side.name.as_str())
            .collect();
        if !reports.is_empty() {
            notes.push(format!(
                "{} {}: counters are not compared, and of sysctls only those of the accept path",
                reports.join(" and "),
                if reports.len() == 1 {
                    "is a report"
                } else {
                    "are reports"
                },
            ));
        }
        if reports.len() == 1 {
            notes.push(
                "a report has the findings of its own day: rules that were added since make new ones".to_owned(),
            );
        }
        notes
    }
}

fn differ<'a>(old: &'a Option<String>, new: &'a Option<String>) -> Option<(&'a str, &'a str)> {
    let both = old.as_deref().zip(new.as_deref());
    both.filter(|(old, new)| old != new)
}
