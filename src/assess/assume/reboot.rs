//! A machine that has just booted, and nothing else has changed.

use std::collections::BTreeSet;

use super::{SOMAXCONN, check, is_machines, parse};
use crate::assess::{Facts, SettingFacts, Settings};
use crate::snapshot::{Gap, Namespace, Snapshot, SysctlValue};
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
        let setting = settings.find(&key);
        match setting.and_then(|setting| after_boot(setting, facts)) {
            Some(value) => {
                namespace.sysctls.insert(key, value);
            }
            None if host && namespace.sysctls.contains_key(&key) => unknown.push(key),
            None => {}
        }
    }
    unknown
}

/// The value after the next boot, where it is known and the kernel takes it.
fn after_boot(setting: &SettingFacts, facts: &Facts<'_>) -> Option<SysctlValue> {
    let key = &setting.key;
    let values = [&setting.history.value, &setting.kernel_default];
    let values = values.into_iter().flatten().map(|text| parse(key, text));
    let taken =
        |value: &SysctlValue| check::refusal(key, &value.to_string(), facts.kernel).is_none();
    values.into_iter().find(taken)
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
