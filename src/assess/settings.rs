//! The machine's sysctls between now and the next boot: for each key that a persistent file sets or
//! that the record has a value of, what runs, what the next boot sets, and what the kernel itself
//! would have.

use std::collections::BTreeSet;

use crate::kernel::sysctls::{self, Existence, ValueFault};
use crate::kernel::version::Version;
use crate::snapshot::{Namespace, Snapshot};
use crate::sysctl_conf::boot::{History, Kernel, Persistent};

/// The persistent configuration, and every key that it or the record knows.
#[derive(Debug)]
pub struct Settings<'a> {
    /// What is configured.
    pub persistent: Persistent<'a>,
    /// One entry a key, by key.
    pub all: Vec<SettingFacts>,
}

/// One sysctl of the machine.
#[derive(Debug, Clone)]
pub struct SettingFacts {
    /// Dotted.
    pub key: String,
    /// The lines that set it, and what they come to on this machine.
    pub history: History,
    /// The value at run time, in the host's own namespace.
    pub running: Option<String>,
    /// The value that the kernel starts with.
    pub kernel_default: Option<String>,
}

impl SettingFacts {
    /// The value after the next boot, as far as it is known: what a line sets, else the kernel's own.
    pub fn after_boot(&self) -> Option<&str> {
        let set = self.history.value.as_deref();
        set.or(self.kernel_default.as_deref())
    }

    /// Whether the running value is the one after the next boot. `None`: one of them is not known.
    pub fn lasts(&self) -> Option<bool> {
        Some(same(self.running.as_deref()?, self.after_boot()?))
    }
}

/// Whether two values are the same to the kernel: white space does not count, nor does what follows
/// a number.
pub fn same(one: &str, other: &str) -> bool {
    let number = |text: &str| {
        let word = text.split_whitespace().next()?;
        word.parse::<i64>().ok()
    };
    let words = one.split_whitespace().eq(other.split_whitespace());
    let single = |text: &str| {
        text.split_whitespace()
            .nth(1)
            .is_none_or(|it| it.starts_with('#'))
    };
    words || single(one) && single(other) && number(one).is_some() && number(one) == number(other)
}

/// The kernel of a record, for the stage that works out the next boot.
#[derive(Debug, Clone, Copy)]
pub struct Catalogued(pub Option<Version>);

impl Kernel for Catalogued {
    fn refusal(&self, key: &str, value: &str) -> Option<String> {
        match sysctls::existence(key, self.0) {
            Existence::Exists | Existence::Unknown => {}
            // It may be a module's own.
            Existence::Misspelt { .. } => {}
            missing => return missing.words(),
        }
        match sysctls::check_value(key, value, self.0) {
            // Some of the fields are kept all the same.
            Ok(()) | Err(ValueFault::Fields { .. }) => None,
            Err(fault) => Some(fault.to_string()),
        }
    }

    fn default(&self, key: &str) -> Option<String> {
        match self.0 {
            Some(kernel) => sysctls::default_value(key, Some(kernel)),
            None => sysctls::steady_default(key),
        }
    }
}

impl<'a> Settings<'a> {
    /// What a record tells. `None`: nobody looked at the files.
    pub(super) fn of(snapshot: &'a Snapshot, kernel: Option<Version>) -> Option<Self> {
        let persistent = Persistent::of(snapshot)?;
        // The machine's own files are about the machine's own namespace.
        let host = snapshot.namespaces.first();
        let mut keys: BTreeSet<String> = persistent.keys();
        keys.extend(host.iter().flat_map(|host| host.sysctls.keys().cloned()));
        let all = keys
            .into_iter()
            .map(|key| setting(key, &persistent, host, kernel))
            .collect();
        Some(Self { persistent, all })
    }

    /// One of them.
    pub fn find(&self, key: &str) -> Option<&SettingFacts> {
        self.all.iter().find(|setting| setting.key == key)
    }
}

fn setting(
    key: String,
    persistent: &Persistent<'_>,
    host: Option<&Namespace>,
    kernel: Option<Version>,
) -> SettingFacts {
    let kernel = Catalogued(kernel);
    let running = host.and_then(|host| host.sysctls.get(&key));
    SettingFacts {
        history: persistent.history(&key, &kernel),
        running: running.map(ToString::to_string),
        kernel_default: kernel.default(&key),
        key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_the_kernel_reads_them() {
        assert!(same("4096 131072 6291456", "4096\t131072  6291456"));
        assert!(same("128", "128 # web"));
        assert!(!same("128", "129"));
        assert!(!same("1 2 3", "1 2"));
        assert!(!same("reno", "cubic"));
    }
}
