//! The order of a plan. A step waits for what must be in force when it is taken: sysctls of its
//! namespace and the service's own setting come before the service listens again. Of steps that do not
//! wait for each other the one of the worst finding comes first, and advice in words comes last: it
//! mends nothing by itself. What to do is decided elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{EditStep, Step, SysctlStep};
use crate::assess::Facts;
use crate::rules::Severity;
use crate::rules::finding::Finding;

/// How bad the worst finding is that waits for a step; the worst comes first.
type Rank = Reverse<Severity>;

/// Of a step that nothing is known to wait for.
const LEAST: Rank = Reverse(Severity::Info);

/// The sysctl that listen(2) reads, so that what is decided about it comes before.
const READ_BY_LISTEN: &str = "net.core.somaxconn";

/// What a step may wait for, in the order that takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Sysctl,
    Service,
    Relisten,
    Words,
}

/// The worst finding of each step.
#[derive(Debug, Default)]
struct Worst<'a> {
    /// By name of the namespace and address: changing a service, and listening again.
    listeners: BTreeMap<(&'a str, &'a str), Rank>,
    /// By name of the namespace: whatever listens again there.
    namespaces: BTreeMap<&'a str, Rank>,
    sysctls: BTreeMap<(usize, &'a str), Rank>,
    edits: BTreeMap<&'a str, Rank>,
}

/// Puts the steps of a plan in order. `own`: for each finding its own steps.
pub(super) fn order(
    plan: Vec<Step>,
    findings: &[Finding],
    own: &[Vec<Step>],
    facts: &Facts<'_>,
) -> Vec<Step> {
    let ranks = ranks(&plan, findings, own, facts);
    let mut ranked: Vec<_> = ranks.into_iter().zip(plan).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, step)| step).collect()
}

/// Where each step stands: words behind what mends, then worst first, then in the order that takes
/// effect.
fn ranks<'a>(
    plan: &'a [Step],
    findings: &[Finding],
    own: &'a [Vec<Step>],
    facts: &Facts<'_>,
) -> Vec<(bool, Rank, Stage)> {
    let mut worst = Worst::of(findings, own);
    worst.listen_together(plan);
    let reached = plan.iter().filter_map(|step| match step {
        Step::Sysctl(step) if step.reached => Some(worst.of_sysctl(step, facts)),
        _ => None,
    });
    // One change of the machine's files has them all.
    let reached = reached.min().unwrap_or(LEAST);
    plan.iter()
        .map(|step| match step {
            Step::Sysctl(step) if step.reached => (false, reached, Stage::Sysctl),
            Step::Sysctl(step) => (false, worst.of_sysctl(step, facts), Stage::Sysctl),
            Step::Service(step) => {
                let rank = worst.of_listeners(&step.netns, &step.addresses);
                (false, rank.unwrap_or(LEAST), Stage::Service)
            }
            Step::Relisten(step) => {
                let rank = worst.of_listeners(&step.netns, &step.addresses);
                (false, rank.unwrap_or(LEAST), Stage::Relisten)
            }
            Step::Edit(step) => worst.of_edit(step, facts),
        })
        .collect()
}

/// Remembers the worse of two.
fn note<K: Ord>(map: &mut BTreeMap<K, Rank>, key: K, rank: Rank) {
    map.entry(key)
        .and_modify(|known| *known = rank.min(*known))
        .or_insert(rank);
}

impl<'a> Worst<'a> {
    fn of(findings: &[Finding], own: &'a [Vec<Step>]) -> Self {
        let mut worst = Self::default();
        for (finding, steps) in findings.iter().zip(own) {
            let rank = Reverse(finding.rule.severity);
            for step in steps {
                worst.add(step, rank);
            }
        }
        worst
    }

    fn add(&mut self, step: &'a Step, rank: Rank) {
        let (netns, addresses) = match step {
            Step::Edit(step) => return note(&mut self.edits, &step.words, rank),
            Step::Sysctl(step) => {
                for at in &step.at {
                    note(&mut self.sysctls, (*at, step.key.as_str()), rank);
                }
                return;
            }
            Step::Service(step) => (&step.netns, &step.addresses),
            Step::Relisten(step) => (&step.netns, &step.addresses),
        };
        note(&mut self.namespaces, netns, rank);
        for address in addresses {
            note(&mut self.listeners, (netns, address), rank);
        }
    }

    /// What listens again in one step waits for the settings of all its listeners.
    fn listen_together(&mut self, plan: &'a [Step]) {
        for step in plan {
            let Step::Relisten(step) = step else { continue };
            if let Some(rank) = self.of_listeners(&step.netns, &step.addresses) {
                for address in &step.addresses {
                    note(&mut self.listeners, (&step.netns, address), rank);
                }
            }
        }
    }

    fn of_listeners(&self, netns: &str, addresses: &[String]) -> Option<Rank> {
        let keys = addresses.iter().map(|address| (netns, address.as_str()));
        keys.filter_map(|key| self.listeners.get(&key).copied())
            .min()
    }

    fn of_sysctl(&self, step: &SysctlStep, facts: &Facts<'_>) -> Rank {
        let ranks = step.at.iter().flat_map(|at| {
            let own = self.sysctls.get(&(*at, step.key.as_str()));
            own.into_iter().chain(self.of_namespace(*at, facts))
        });
        ranks.min().copied().unwrap_or(LEAST)
    }

    fn of_namespace(&self, index: usize, facts: &Facts<'_>) -> Option<&Rank> {
        let netns = facts.namespaces.get(index)?.namespace;
        self.namespaces.get(netns.name.as_str())
    }

    /// Words come last, unless they decide what listen() will read and no other step does.
    fn of_edit(&self, step: &EditStep, facts: &Facts<'_>) -> (bool, Rank, Stage) {
        let own = self.edits.get(step.words.as_str());
        let first = step.note.is_none() && step.key.as_deref() == Some(READ_BY_LISTEN);
        let waits = own.into_iter().chain(self.of_namespace(0, facts));
        match first {
            true => (false, waits.min().copied().unwrap_or(LEAST), Stage::Sysctl),
            false => (true, own.copied().unwrap_or(LEAST), Stage::Words),
        }
    }
}

/// Says with an edit of the machine's files which of their sysctls the plan sets itself, so that
/// nobody undoes it.
pub(super) fn tell_what_is_set(edits: &mut [EditStep], sysctls: &[SysctlStep], facts: &Facts<'_>) {
    let dead: BTreeSet<&str> = facts
        .settings
        .iter()
        .flat_map(|settings| settings.dead_files())
        .flat_map(|file| file.lines)
        .map(|line| line.key.as_str())
        .collect();
    for edit in edits.iter_mut().filter(|edit| edit.of_files) {
        let meant = |step: &&SysctlStep| {
            step.reached
                && match &edit.key {
                    Some(key) => *key == step.key,
                    None => dead.contains(step.key.as_str()),
                }
        };
        let set = sysctls.iter().filter(meant);
        let set: Vec<String> = set
            .map(|step| format!("{} = {}", step.key, step.value))
            .collect();
        if !set.is_empty() {
            edit.note = Some(format!(
                "the steps before set {}, so leave that as it is then",
                set.join(", ")
            ));
        }
    }
}
