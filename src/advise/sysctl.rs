//! Values for sysctls, derived from what the namespace's listeners ask for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Home, backlog};
use crate::assess::{Facts, ListenerFacts};
use crate::kernel::sysctls::Scope;
use crate::kernel::{syn_queue, sysctls};
use crate::rules::Advice;
use crate::rules::finding::{About, Finding, SysctlTarget};
use crate::snapshot::OWN_NETNS;
use crate::text::shell;

/// Set a sysctl in one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlStep {
    /// Name of the namespace, the first of several.
    pub netns: String,
    /// The namespaces that need it, by index in the facts: several that are alike and have one home.
    pub at: Vec<usize>,
    /// What sets it so that it lasts.
    pub home: Home,
    /// Whether a plain `sysctl` and the machine's own files reach it: the host's namespace, and the one
    /// that backlint ran in. The others have files of their own, or none.
    pub reached: bool,
    /// Dotted key.
    pub key: String,
    /// New value.
    pub value: String,
    /// Runtime value, where it was read.
    pub from: Option<String>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

impl SysctlStep {
    /// The new value, where it is a number and larger than the one at run time.
    pub fn raised(&self) -> Option<i64> {
        let value = self.value.parse().ok()?;
        let from: i64 = self.from.as_ref()?.parse().ok()?;
        (value > from).then_some(value)
    }

    /// Whether it is the value at run time, which is only to be kept.
    pub fn keeps(&self) -> bool {
        self.from.as_deref() == Some(&self.value)
    }

    /// The command that shows whether the value is in force.
    pub fn verify(&self) -> String {
        match self.reached {
            true => format!("sysctl {}", self.key),
            false => {
                // A short search may miss what no process is in.
                let hidden = |kind: &&str| self.netns.starts_with(*kind);
                let deep = ["thread/", "descriptor/"].iter().any(hidden);
                let deep = if deep { " --deep" } else { "" };
                format!("backlint list --netns {}{deep}", shell::word(&self.netns))
            }
        }
    }
}

/// The step that a finding's remediation comes to. `Err`: none, with what there is to say about it.
pub(super) fn resolve(
    finding: &Finding,
    about: &About,
    (key, target): (&str, &SysctlTarget),
    facts: &Facts<'_>,
) -> Result<SysctlStep, Option<String>> {
    let value = match target {
        SysctlTarget::Value(value) => value.clone(),
        SysctlTarget::Advice(advice) => derive(*advice, about, facts).ok_or(None)?.to_string(),
    };
    let value = match value.parse() {
        Ok(number) => within_reach(key, number, facts).to_string(),
        Err(_) => value,
    };
    let (index, home) = place(about.netns_index, key, facts).ok_or_else(|| {
        format!("{key} = {value} is left out of the plan: the machine has one value, which is set on the host and not in a container")
    })?;
    let netns = facts.namespaces.get(index).ok_or(None)?.namespace;
    Ok(SysctlStep {
        netns: netns.name.clone(),
        at: vec![index],
        home,
        reached: netns.is_host() || (index == 0 && netns.name == OWN_NETNS),
        key: key.to_owned(),
        value,
        from: netns.sysctls.get(key).map(ToString::to_string),
        reasons: vec![finding.message.clone()],
    })
}

/// The namespace where a key is set that a finding about another may want, and what sets it there:
/// what the machine has one value of is set on the host. `None`: the record has nothing of the host.
fn place(index: usize, key: &str, facts: &Facts<'_>) -> Option<(usize, Home)> {
    let here = facts.namespaces.get(index)?.namespace;
    let Some(Scope::Machine { shown }) = sysctls::scope(key, facts.kernel) else {
        let home = match facts.snapshot.image {
            Some(_) => Home::Image,
            None => Home::of(here),
        };
        return Some((index, home));
    };
    let mut namespaces = facts.namespaces.iter();
    // A file that no container has was read here, so this is the machine's own namespace.
    let proven = !shown && here.sysctls.contains_key(key);
    let at = match namespaces.position(|netns| netns.namespace.is_host()) {
        _ if proven => index,
        Some(host) => host,
        // The namespace that is looked at first stands for the machine.
        None if index == 0 && facts.snapshot.image.is_none() => index,
        None => return None,
    };
    Some((at, Home::Host))
}

/// What the kernel takes of a number: more would be refused when the file is loaded.
fn within_reach(key: &str, number: i64, facts: &Facts<'_>) -> i64 {
    if key == "net.core.somaxconn" {
        return number.min(sysctls::somaxconn_largest(facts.kernel));
    }
    match sysctls::range(key, facts.kernel) {
        Some(range) => number.min(*range.end()),
        None => number,
    }
}

/// The derived values. Never a round number that nobody asked for.
fn derive(advice: Advice, about: &About, facts: &Facts<'_>) -> Option<i64> {
    let netns = about.netns_in(facts)?;
    let somaxconn = netns.namespace.sysctl_int("net.core.somaxconn");
    match advice {
        Advice::Somaxconn => Some(netns.wanted_somaxconn?.max(somaxconn.unwrap_or(0))),
        Advice::Backlog => backlog::proposal(about.listener_in(facts)?, somaxconn),
        Advice::MaxSynBacklog => {
            let longest = netns.listeners.get(netns.longest?)?;
            let max = longest.listener.accept_queue.max?;
            Some(syn_queue::max_syn_backlog_for(i64::from(max)))
        }
    }
}

/// The changes of a plan: one a namespace and key.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_key: BTreeMap<(usize, String), Change>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Change {
    step: SysctlStep,
    /// The rule that decided the value.
    rule: String,
    /// Reasons with their weight: what the listener asked for, so that the request that the value
    /// was derived from is named first.
    reasons: Vec<(i64, String)>,
}

/// Reasons that a change keeps; the rest is counted.
const REASONS: usize = 3;

impl Change {
    /// The step with its most important reasons.
    fn finish(self) -> SysctlStep {
        let Self {
            mut step,
            mut reasons,
            ..
        } = self;
        reasons.sort_by_key(|(weight, _)| Reverse(*weight));
        // SO_REUSEPORT siblings have the same words.
        let mut said = BTreeSet::new();
        reasons.retain(|(_, reason)| said.insert(reason.clone()));
        let more = reasons.len().saturating_sub(REASONS);
        step.reasons = reasons
            .into_iter()
            .take(REASONS)
            .map(|(_, reason)| reason)
            .collect();
        if more > 0 {
            step.reasons.push(format!("and {more} more"));
        }
        step
    }
}

/// Puts the same change of several containers that are alike into one, at the place of the first.
/// The namespace that is looked at first, and the host's, stay by themselves.
fn merge(changes: Vec<Change>) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::with_capacity(changes.len());
    let mut known: BTreeMap<(Home, String, String, Option<String>), usize> = BTreeMap::new();
    for mut change in changes {
        let step = &change.step;
        if step.reached || step.home == Home::Host {
            merged.push(change);
            continue;
        }
        let alike = (
            step.home,
            step.key.clone(),
            step.value.clone(),
            step.from.clone(),
        );
        let index = *known.entry(alike).or_insert(merged.len());
        match merged.get_mut(index) {
            Some(first) => {
                first.step.at.append(&mut change.step.at);
                first.reasons.append(&mut change.reasons);
            }
            None => merged.push(change),
        }
    }
    merged
}

impl Changes {
    /// Adds a step of a finding; findings come worst first, so on a conflict the first decides,
    /// but of two raised numbers the larger serves both.
    pub(super) fn add(
        &mut self,
        step: SysctlStep,
        finding: &Finding,
        about: &About,
        facts: &Facts<'_>,
    ) {
        let at = step.at.first().copied().unwrap_or_default();
        let key = (at, step.key.clone());
        let change = self.by_key.entry(key).or_insert_with(|| Change {
            step: step.clone(),
            rule: finding.rule.id.clone(),
            reasons: Vec::new(),
        });
        let known = &mut change.step;
        if known.value != step.value {
            match (known.raised(), step.raised()) {
                (Some(a), Some(b)) => known.value = a.max(b).to_string(),
                // What changes the value counts more than what keeps it.
                _ if known.keeps() => {
                    known.value.clone_from(&step.value);
                    change.rule.clone_from(&finding.rule.id);
                }
                _ if step.keeps() => {}
                _ => {
                    let note = format!(
                        "{} wants {} = {} and {} wants {}: the plan has {}",
                        change.rule,
                        known.key,
                        known.value,
                        finding.rule.id,
                        step.value,
                        known.value
                    );
                    if !self.notes.contains(&note) {
                        self.notes.push(note);
                    }
                }
            }
        }
        let listener = about.listener_in(facts);
        let weight = listener
            .and_then(ListenerFacts::finite_request)
            .unwrap_or(0);
        change
            .reasons
            .extend(step.reasons.into_iter().map(|reason| (weight, reason)));
    }

    /// Adds something that is worth knowing about the plan, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The changes in order of namespace and key, and what is worth knowing about them.
    pub(super) fn finish(mut self) -> (Vec<SysctlStep>, Vec<String>) {
        self.leave_out_what_cookies_make_moot();
        let steps = merge(self.by_key.into_values().collect());
        let steps = steps.into_iter().map(Change::finish);
        (steps.collect(), self.notes)
    }

    /// tcp_max_syn_backlog does nothing while SYN cookies are on, so a plan that turns them on does
    /// not raise it.
    fn leave_out_what_cookies_make_moot(&mut self) {
        const MOOT: &str = "net.ipv4.tcp_max_syn_backlog";
        let cookies = |((_, key), change): (&(usize, String), &Change)| {
            key == "net.ipv4.tcp_syncookies" && change.step.value != "0"
        };
        let namespaces: Vec<usize> = self
            .by_key
            .iter()
            .filter(|entry| cookies(*entry))
            .map(|((netns, _), _)| *netns)
            .collect();
        for netns in namespaces {
            if let Some(change) = self.by_key.remove(&(netns, MOOT.to_owned())) {
                let value = change.step.value;
                self.notes.push(format!(
                    "{MOOT} = {value} is left out of the plan: it does nothing once SYN cookies are on"
                ));
            }
        }
    }
}
