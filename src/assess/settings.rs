//! The machine's sysctls between now and the next boot: for each key that a persistent file sets or
//! that the record has a value of, what runs, what the next boot sets, and what the kernel itself
//! would have. `lines` sorts the lines that set it, `words` says it in words.

mod lines;
pub mod words;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::kernel::syn_queue;
use crate::kernel::sysctls::{self, Existence, ValueFault};
use crate::kernel::version::Version;
use crate::snapshot::{Boot, Loader, Namespace, OWN_NETNS, Snapshot};
use crate::sysctl_conf::boot::{History, Kernel, Persistent, Status};
pub use lines::DeadFile;

/// The key whose default depends on memory, while it can be told that somebody set it.
const MAX_SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";

/// The persistent configuration, and every key that it or the record knows.
#[derive(Debug)]
pub struct Settings<'a> {
    /// What is configured.
    pub persistent: Persistent<'a>,
    /// One entry a key, by key.
    pub all: Vec<SettingFacts>,
    kernel: Option<Version>,
    host: Option<&'a Namespace>,
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
    /// Whether this kernel has it, by its version; whatever has a value exists.
    pub existence: Existence,
    /// Whether it was looked for and is not there, though nothing else says that it cannot be.
    pub absent: bool,
    /// What is wrong with a value that a line sets, with the line.
    pub fault: Option<String>,
    /// Why nobody means the value that counts, with its line.
    pub questionable: Option<String>,
    /// What else sets it, a sentence each; looked for only where the value does not last.
    pub elsewhere: Vec<String>,
}

impl SettingFacts {
    /// The value after the next boot, as far as it is known: what a line sets, else the kernel's own.
    pub fn after_boot(&self) -> Option<&str> {
        let set = self.history.value.as_deref();
        set.or(self.kernel_default.as_deref())
    }

    /// Whether the running value is the one after the next boot. `None`: one of them is not known, or
    /// the kernel makes something else of it.
    pub fn lasts(&self) -> Option<bool> {
        let running = self.running.as_deref()?;
        if self.fault.is_some() {
            return None;
        }
        match self.after_boot() {
            Some(after) => Some(same(&self.key, running, after)),
            None if self.key == MAX_SYN_BACKLOG => {
                let chosen = syn_queue::may_be_default(running.parse().ok()?);
                (!chosen).then_some(false)
            }
            None => None,
        }
    }

    /// Whether the running value is a number, and larger than the one after the next boot.
    pub fn is_raised(&self) -> bool {
        let number = |text: Option<&str>| sysctls::written(&self.key, text?);
        let running = number(self.running.as_deref());
        match self.after_boot() {
            Some(after) => running
                .zip(number(Some(after)))
                .is_some_and(|(now, then)| now > then),
            // No default of a kernel is larger than those of `may_be_default`.
            None => self.key == MAX_SYN_BACKLOG && running > Some(4096),
        }
    }
}

/// Whether two values of a key are the same to the kernel.
pub fn same(key: &str, one: &str, other: &str) -> bool {
    sysctls::kept(key, one) == sysctls::kept(key, other)
}

/// The kernel of a record, for the stage that works out the next boot.
#[derive(Debug, Clone, Copy)]
pub struct Catalogued(pub Option<Version>);

impl Kernel for Catalogued {
    /// A wrong number of fields is refused nowhere: the kernel takes those that there are.
    fn refusal(&self, key: &str, value: &str) -> Option<String> {
        match sysctls::check_value(key, value, self.0) {
            Ok(()) | Err(ValueFault::Fields { .. }) => None,
            Err(fault) => Some(fault.to_string()),
        }
    }

    fn lacks(&self, key: &str) -> Option<String> {
        sysctls::existence(key, self.0).words()
    }

    fn ends(&self, key: &str, value: &str) -> bool {
        // The last takes longest for a key that nobody knows.
        self.refusal(key, value).is_some()
            && !sysctls::is_of_device(key)
            && self.lacks(key).is_none()
    }

    fn default(&self, key: &str) -> Option<String> {
        match self.0 {
            Some(kernel) => sysctls::default_value(key, Some(kernel)),
            None => sysctls::steady_default(key),
        }
    }
}

/// The kernel of a record for one key, of which more is known than the version tells: what runs
/// exists.
pub(super) struct OfKey {
    key: String,
    catalogued: Catalogued,
    pub(super) existence: Existence,
    default: Option<String>,
}

impl OfKey {
    pub(super) fn new(key: &str, runs: bool, kernel: Option<Version>) -> Self {
        Self {
            key: key.to_owned(),
            catalogued: Catalogued(kernel),
            existence: match runs {
                true => Existence::Exists,
                false => sysctls::existence(key, kernel),
            },
            default: Catalogued(kernel).default(key),
        }
    }
}

impl Kernel for OfKey {
    fn refusal(&self, key: &str, value: &str) -> Option<String> {
        self.catalogued.refusal(key, value)
    }

    fn lacks(&self, key: &str) -> Option<String> {
        match key == self.key {
            true => self.existence.words(),
            false => self.catalogued.lacks(key),
        }
    }

    fn ends(&self, key: &str, value: &str) -> bool {
        self.catalogued.ends(key, value)
    }

    fn default(&self, key: &str) -> Option<String> {
        match key == self.key {
            true => self.default.clone(),
            false => self.catalogued.default(key),
        }
    }
}

/// Whether every record of a host has the value of a key: those that decide the accept path.
pub fn is_recorded(key: &str) -> bool {
    static RECORDED: LazyLock<BTreeSet<&str>> =
        LazyLock::new(|| sysctls::recorded().map(|sysctl| sysctl.key).collect());
    RECORDED.contains(key)
}

/// Keys of files that are compared with their values at run time, at most: few machines have more, and each
/// takes a system call or three.
const MOST_KEYS: usize = 200;

/// The keys that the files of a record set, as many as are worth reading, and how many more there are.
pub fn keys(snapshot: &Snapshot) -> (BTreeSet<String>, usize) {
    let keys = Persistent::of(snapshot).map(|persistent| persistent.keys());
    let keys = keys.unwrap_or_default();
    let more = keys.len().saturating_sub(MOST_KEYS);
    (keys.into_iter().take(MOST_KEYS).collect(), more)
}

/// Whether some value at run time that rules are about is not the one after the next boot, as far as
/// the files tell: one of the network, or of a line of the administrator.
pub fn some_does_not_last(snapshot: &Snapshot) -> bool {
    let matters = |it: &SettingFacts| it.key.starts_with("net.") || it.read().next().is_some();
    let settings = all(snapshot, version(snapshot));
    settings.is_some_and(|(_, all)| {
        all.iter()
            .any(|it| it.lasts() == Some(false) && matters(it))
    })
}

fn version(snapshot: &Snapshot) -> Option<Version> {
    snapshot.host.kernel.as_deref()?.parse().ok()
}

/// What is configured, and an entry for each key.
fn all(
    snapshot: &Snapshot,
    kernel: Option<Version>,
) -> Option<(Persistent<'_>, Vec<SettingFacts>)> {
    // The machine's own files are about the machine's own namespace. Where the record is about others
    // alone, so are its rules.
    let host = snapshot.namespaces.first();
    let own = |netns: &Namespace| netns.is_host() || netns.name == OWN_NETNS;
    if snapshot.image.is_none() && host.is_some_and(|netns| !own(netns)) {
        return None;
    }
    let persistent = Persistent::of(snapshot)?;
    let host = booted(snapshot, &persistent);
    let boot = snapshot.boot.as_ref();
    let mut keys: BTreeSet<String> = persistent.keys();
    keys.extend(host.iter().flat_map(|host| host.sysctls.keys().cloned()));
    let all = keys
        .into_iter()
        .map(|key| setting(key, &persistent, host, kernel, boot))
        .collect();
    Some((persistent, all))
}

/// The machine's own namespace. No boot makes one that somebody made by hand, whatever is written in
/// the files.
fn booted<'a>(snapshot: &'a Snapshot, persistent: &Persistent<'_>) -> Option<&'a Namespace> {
    let host = snapshot.namespaces.first();
    host.filter(|netns| netns.is_host() || persistent.runs().in_container)
}

impl<'a> Settings<'a> {
    /// What a record tells. `None`: nobody looked at the files.
    pub(super) fn of(snapshot: &'a Snapshot, kernel: Option<Version>) -> Option<Self> {
        let (persistent, all) = all(snapshot, kernel)?;
        let host = booted(snapshot, &persistent);
        Some(Self {
            persistent,
            all,
            kernel,
            host,
        })
    }

    /// The same for a record whose values do not run.
    pub(super) fn without_running(mut self) -> Self {
        for setting in &mut self.all {
            setting.running = None;
        }
        self
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = &SettingFacts> {
        self.all.iter()
    }

    /// One of them.
    pub fn find(&self, key: &str) -> Option<&SettingFacts> {
        let at = self.all.binary_search_by(|it| it.key.as_str().cmp(key));
        self.all.get(at.ok()?)
    }

    /// One that neither a file nor the record has, for a rule that asks for it by name. `None`: it is
    /// one of those that there are.
    pub fn beyond(&self, key: &str) -> Option<SettingFacts> {
        let strange = self.find(key).is_none();
        strange.then(|| {
            setting(
                key.to_owned(),
                &self.persistent,
                self.host,
                self.kernel,
                None,
            )
        })
    }

    /// The value of any key after the next boot, as far as it is known.
    pub fn after_boot(&self, key: &str) -> Option<String> {
        match self.find(key) {
            Some(setting) => setting.after_boot().map(str::to_owned),
            None => Catalogued(self.kernel).default(key),
        }
    }

    /// What `sysctl --system` of procps would set.
    pub fn with_procps(&self, setting: &SettingFacts) -> Option<String> {
        let kernel = OfKey::new(&setting.key, setting.running.is_some(), self.kernel);
        let history = self
            .persistent
            .history_with(Loader::Procps, &setting.key, &kernel);
        history.value
    }

    /// Whether procps is installed beside another loader and would set another value, though every
    /// line is read by both.
    pub fn procps_differs(&self, setting: &SettingFacts) -> bool {
        let runs = self.persistent.runs();
        let other = runs.loader.is_some_and(|own| own != Loader::Procps);
        if !other || !runs.has_procps || setting.read().next().is_none() {
            return false;
        }
        let value = setting.history.value.as_deref();
        let differs = |theirs: &str| value.is_none_or(|own| !same(&setting.key, own, theirs));
        setting.dead().next().is_none() && self.with_procps(setting).is_some_and(|it| differs(&it))
    }
}

fn setting(
    key: String,
    persistent: &Persistent<'_>,
    host: Option<&Namespace>,
    kernel: Option<Version>,
    boot: Option<&Boot>,
) -> SettingFacts {
    let running = host.and_then(|host| host.sysctls.get(&key));
    let of_key = OfKey::new(&key, running.is_some(), kernel);
    let mut facts = SettingFacts {
        history: persistent.history(&key, &of_key),
        running: running.map(ToString::to_string),
        existence: of_key.existence,
        kernel_default: of_key.default,
        // An interface comes and goes, and the keys of it with it.
        absent: host.is_some_and(|host| host.absent.contains(&key))
            && sysctls::find(&key).is_none_or(|sysctl| !sysctl.key.contains('*')),
        fault: None,
        questionable: None,
        elsewhere: Vec::new(),
        key,
    };
    if facts.existence.words().is_none() {
        facts.fault = fault(&facts, kernel);
        facts.questionable = questionable(&facts);
    }
    if facts.lasts() == Some(false) {
        facts.elsewhere = persistent.notes(&facts.key, boot);
    }
    facts
}

/// What is wrong with the value that counts, or would if the kernel took it.
fn fault(facts: &SettingFacts, kernel: Option<Version>) -> Option<String> {
    let lines = facts.history.assignments.iter().rev();
    let mut lines = lines.filter(|line| matches!(line.status, Status::Wins | Status::Refused));
    lines.find_map(|line| {
        let value = line.value.as_deref()?;
        let fault = sysctls::check_value(&facts.key, value, kernel).err()?;
        Some(format!("{}: {fault}", words::line(line)))
    })
}

fn questionable(facts: &SettingFacts) -> Option<String> {
    let line = facts.history.winner()?;
    let why = sysctls::questionable(&facts.key, line.value.as_deref()?)?;
    Some(format!("{}: {why}", words::line(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_the_kernel_reads_them() {
        let cap = "net.core.somaxconn";
        assert!(same(
            "net.ipv4.tcp_rmem",
            "4096 131072 6291456",
            "4096\t131072  6291456"
        ));
        assert!(!same("net.ipv4.tcp_rmem", "1 2 3", "1 2"));
        for other in ["128 # web", "128 ; web", "0x80", "0200", "128 1"] {
            assert!(same(cap, "128", other), "{other}");
        }
        assert!(!same(cap, "128", "129"));
        assert!(!same(cap, "10", "010"));
        assert!(!same("net.ipv4.tcp_congestion_control", "reno", "cubic"));
        assert!(same("kernel.our_own", "5", "0x5"));
    }
}
