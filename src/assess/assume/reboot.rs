//! A machine that has just booted, and nothing else has changed.

use std::collections::BTreeSet;

use super::{SOMAXCONN, exists, is_machines, parse};
use crate::assess::settings::Catalogued;
use crate::assess::{Facts, Settings};
use crate::snapshot::{Gap, Namespace, Snapshot, SysctlValue};
use crate::sysctl_conf::boot::Kernel as _;
use crate::text::name::some;

/// Keys that a gap names; the rest is counted.
const SHOWN: usize = 8;

/// Gives the machine's own sysctls the values of the next boot: what a persistent file sets, else what
/// the kernel starts with. What is not known keeps its value, with a gap. A container keeps its values:
/// what differs from the kernel's own was given to it by whatever makes it, which does so again.
pub(super) fn sysctls(snapshot: &mut Snapshot, facts: &Facts<'_>) {
    let mut gaps = Vec::new();
    if let Some(settings) = &facts.settings {
        for namespace in &mut snapshot.namespaces {
            let unknown = set(namespace, settings, facts);
            gaps.extend(unknown_values(&unknown));
        }
    }
    gaps.extend(snapshot.namespaces.iter().filter_map(made_by_hand));
    snapshot.gaps.extend(gaps);
}

/// Sets the sysctls of one namespace that the boot decides. Returns the keys that it leaves as they
/// are because nobody knows better.
fn set(namespace: &mut Namespace, settings: &Settings<'_>, facts: &Facts<'_>) -> Vec<String> {
    let host = namespace.is_host();
    let mut keys: BTreeSet<String> = namespace.sysctls.keys().cloned().collect();
    if host {
        keys.extend(settings.all.iter().map(|setting| setting.key.clone()));
        keys.insert(SOMAXCONN.to_owned());
    }
    let mut unknown = Vec::new();
    for key in keys {
        // Each namespace has its own of these, and the machine's files are about the machine's.
        if !host && !is_machines(&key, facts.kernel) {
            continue;
        }
        let recorded = namespace.sysctls.contains_key(&key);
        match after_boot(&key, settings, facts) {
            Some(value) if recorded || exists(&key, facts.kernel) => {
                namespace.sysctls.insert(key, value);
            }
            None if host && recorded => unknown.push(key),
            _ => {}
        }
    }
    unknown
}

/// The value after the next boot, where it is known.
fn after_boot(key: &str, settings: &Settings<'_>, facts: &Facts<'_>) -> Option<SysctlValue> {
    let kernel = Catalogued(facts.kernel);
    let value = match settings.find(key) {
        Some(setting) => setting.after_boot()?.to_owned(),
        None => {
            let set = settings.persistent.history(key, &kernel).value;
            set.or_else(|| kernel.default(key))?
        }
    };
    Some(parse(key, &value))
}

fn unknown_values(keys: &[String]) -> Option<Gap> {
    let (them, they) = match keys {
        [] => return None,
        [_] => ("it", "its value"),
        _ => ("them", "their values"),
    };
    Some(Gap::new(
        some(keys, SHOWN),
        format!("nothing is known to set {them}, nor what this kernel starts with"),
        format!("{they} after the next boot; what runs now is kept"),
    ))
}

/// A namespace that no container and no unit stands for is gone after a boot, unless something makes it
/// again, with values that nobody knows.
fn made_by_hand(namespace: &Namespace) -> Option<Gap> {
    let made = namespace.is_host() || !namespace.containers.is_empty() || namespace.unit.is_some();
    (!made).then(|| Gap {
        netns: Some(namespace.name.clone()),
        ..Gap::new(
            "network namespace",
            "a boot ends it, and whatever makes it again is not known",
            "its sysctls after the next boot; what runs now is kept",
        )
    })
}

/// Nothing waits and nothing was counted yet: after a boot these are 0, which is known and not merely
/// absent. What was not read stays so.
pub(super) fn begin_anew(snapshot: &mut Snapshot) {
    for namespace in &mut snapshot.namespaces {
        for count in namespace.counters.values_mut() {
            *count = 0;
        }
        for listener in &mut namespace.listeners {
            let none = |number: Option<u32>| number.map(|_| 0);
            listener.accept_queue.len = none(listener.accept_queue.len);
            listener.syn_queue.len = none(listener.syn_queue.len);
            listener.drops = none(listener.drops);
        }
    }
}
