//! What the verdicts would be: a record as it would be if some sysctls had other values, or after the
//! next boot. A record in, a record out, so that every later stage works as on what was seen.
//!
//! A queue has the size that it got in listen(2) (`__sys_listen_socket`, net/socket.c), so another
//! somaxconn alone changes no queue. The question is what listeners get when they listen again, and that
//! is what an assumed somaxconn stands for in its namespace: the smaller of what is asked and what is
//! allowed, and not known where nobody knows what is asked.

mod check;
mod reboot;
mod relisten;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use crate::kernel::sysctls::{self, Existence, Scope};
use crate::kernel::version::Version;
use crate::services::Catalogue;
use crate::snapshot::{Namespace, Snapshot, SysctlValue};

pub use check::Fault;

/// The sysctl that decides what a queue gets.
pub const SOMAXCONN: &str = "net.core.somaxconn";

/// A value that a sysctl is taken to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// Name of the namespace, or of its workload. `None`: every one that was looked at.
    pub netns: Option<String>,
    /// Dotted.
    pub key: String,
    /// As it would be written to /proc/sys.
    pub value: String,
}

impl Assumption {
    fn is_about(&self, namespace: &Namespace) -> bool {
        let names = [namespace.name.as_str(), namespace.stable_name()];
        let name = self.netns.as_deref();
        name.is_none_or(|name| names.contains(&name))
    }
}

/// Everything that is taken for granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Whether the machine has booted, and nothing else has changed.
    pub after_reboot: bool,
    /// The values, which hold after that.
    pub sysctls: Vec<Assumption>,
}

/// What a record was made of.
#[derive(Debug, Clone, Copy)]
pub struct Assumed<'a> {
    /// What was taken for granted.
    pub what: &'a Assumptions,
    /// The record of what was seen.
    pub seen: &'a Snapshot,
}

impl Assumptions {
    /// Whether nothing is assumed.
    pub fn is_empty(&self) -> bool {
        !self.after_reboot && self.sysctls.is_empty()
    }

    /// Whether listeners listen again somewhere.
    pub fn listen_again(&self) -> bool {
        self.after_reboot || self.sysctls.iter().any(|it| it.key == SOMAXCONN)
    }

    /// Whether all of them can be assumed of these records; `judged` are keys that a rule reads.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self, seen: &[&Snapshot], judged: &BTreeSet<String>) -> Result<(), Fault> {
        check::all(self, seen, judged)
    }

    /// The record as it would be.
    pub fn apply(&self, seen: &Snapshot, catalogue: &Catalogue) -> Snapshot {
        let facts = Facts::new(seen, catalogue);
        let mut snapshot = seen.clone();
        if self.after_reboot {
            reboot::sysctls(&mut snapshot, &facts);
            reboot::begin_anew(&mut snapshot);
        }
        let settled = self.set(&mut snapshot, facts.kernel);
        for (index, netns) in facts.namespaces.iter().enumerate() {
            if self.after_reboot || settled.contains(&index) {
                relisten::all(&mut snapshot, index, netns, self.after_reboot);
            }
        }
        snapshot
    }

    /// Sets the values. Returns the namespaces in which somaxconn was set.
    fn set(&self, snapshot: &mut Snapshot, kernel: Option<Version>) -> BTreeSet<usize> {
        let mut somaxconn = BTreeSet::new();
        for (index, namespace) in snapshot.namespaces.iter_mut().enumerate() {
            for (key, value) in self.values(namespace, kernel) {
                if key == SOMAXCONN {
                    somaxconn.insert(index);
                }
                let value = parse(key, value);
                namespace.sysctls.insert(key.to_owned(), value);
            }
        }
        somaxconn
    }

    /// The values of a namespace by key. What is said of one namespace counts more than what is said of
    /// all.
    fn values<'a>(
        &'a self,
        namespace: &Namespace,
        kernel: Option<Version>,
    ) -> BTreeMap<&'a str, &'a str> {
        let about = self.sysctls.iter().filter(|it| {
            // The machine's value is everybody's.
            let machine = is_machines(&it.key, kernel);
            (machine || it.is_about(namespace)) && has(namespace, &it.key, kernel)
        });
        let (all, this): (Vec<_>, Vec<_>) = about.partition(|it| it.netns.is_none());
        let both = all.into_iter().chain(this);
        both.map(|it| (it.key.as_str(), it.value.as_str()))
            .collect()
    }
}

/// Gives the listeners of an image, of which nothing runs, the queues that they will get under the sysctls
/// of the record: what is asked, and what is allowed of it. Of those of which nobody knows what they ask
/// for, the maximum stays unknown.
pub fn predict(snapshot: &mut Snapshot, catalogue: &Catalogue) {
    let seen = snapshot.clone();
    let facts = Facts::new(&seen, catalogue);
    for (index, netns) in facts.namespaces.iter().enumerate() {
        relisten::first(snapshot, index, netns, facts.kernel);
    }
}

fn is_machines(key: &str, kernel: Option<Version>) -> bool {
    matches!(sysctls::scope(key, kernel), Some(Scope::Machine { .. }))
}

/// Whether a kernel has a sysctl, as far as its version tells.
fn exists(key: &str, kernel: Option<Version>) -> bool {
    use Existence::{Exists, Misspelt, Unknown};
    let found = sysctls::existence(key, kernel);
    matches!(found, Exists | Unknown | Misspelt { .. })
}

/// Whether a namespace has a sysctl, be it the machine's value.
fn has(namespace: &Namespace, key: &str, kernel: Option<Version>) -> bool {
    let shown = match sysctls::scope(key, kernel) {
        Some(Scope::Namespace) => true,
        Some(Scope::Machine { shown }) => shown || namespace.is_host(),
        None => namespace.is_host(),
    };
    namespace.sysctls.contains_key(key) || shown && exists(key, kernel)
}

/// A value as a record has it once it was written.
fn parse(key: &str, value: &str) -> SysctlValue {
    match sysctls::written(key, value) {
        Some(number) => SysctlValue::Int(number),
        None => SysctlValue::parse(value),
    }
}
