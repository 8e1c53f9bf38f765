//! Findings of both sides, by fingerprint. Siblings of SO_REUSEPORT have one fingerprint: as many as both
//! sides have are the same, the rest came or went.

use std::collections::{BTreeMap, BTreeSet};

use super::{Seen, Side};

/// A finding of both sides that is not quite the same.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedFinding<'a> {
    /// As it was.
    pub old: &'a Seen,
    /// As it is.
    pub new: &'a Seen,
    /// What changed, a line each.
    pub changes: Vec<Change<'a>>,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// `severity`, `confidence`, `message`, or the name of a piece of evidence.
    pub what: &'a str,
    /// What was. `None`: it was not known.
    pub old: Option<&'a str>,
    /// What is. `None`: it is not known.
    pub new: Option<&'a str>,
}

/// The findings of two sides, sorted by what became of them.
#[derive(Debug, Default)]
pub(super) struct Compared<'a> {
    pub(super) appeared: Vec<&'a Seen>,
    pub(super) fixed: Vec<&'a Seen>,
    pub(super) unknown: Vec<&'a Seen>,
    pub(super) changed: Vec<ChangedFinding<'a>>,
}

pub(super) fn compare<'a>(old: &'a Side, new: &'a Side) -> Compared<'a> {
    let mut known: BTreeMap<&str, Vec<(usize, &Seen)>> = BTreeMap::new();
    for (n, finding) in old.findings.iter().enumerate().rev() {
        let same = known.entry(&finding.fingerprint).or_default();
        same.push((n, finding));
    }
    let mut pairs: Vec<(&Seen, &Seen)> = Vec::new();
    let mut appeared: Vec<&Seen> = Vec::new();
    for finding in &new.findings {
        let same = known.get_mut(finding.fingerprint.as_str());
        match same.and_then(Vec::pop) {
            None => appeared.push(finding),
            Some((_, old)) => pairs.push((old, finding)),
        }
    }
    // In the order of the side that had them.
    let mut gone: Vec<(usize, &Seen)> = known.into_values().flatten().collect();
    gone.sort_unstable_by_key(|(n, _)| *n);
    let mut gone: Vec<&Seen> = gone.into_iter().map(|(_, finding)| finding).collect();
    pairs.extend(nameless(old, &mut gone, new, &mut appeared));
    let changed = pairs.into_iter().filter_map(|(old, new)| {
        let changes = changes(old, new);
        (!changes.is_empty()).then_some(ChangedFinding { old, new, changes })
    });
    let mut changed: Vec<ChangedFinding<'_>> = changed.collect();
    // Something was not read that was read before, so whatever is gone may be there all the same.
    let blinder = !new.gaps.is_subset(&old.gaps);
    let (mut unknown, mut fixed): (Vec<&Seen>, Vec<&Seen>) = gone
        .into_iter()
        .partition(|it| blinder || is_unseen(it, new));
    for all in [&mut appeared, &mut fixed, &mut unknown] {
        all.sort_by_key(|it| std::cmp::Reverse((it.severity, it.confidence)));
    }
    changed.sort_by_key(|it| std::cmp::Reverse((it.new.severity, it.new.confidence)));
    Compared {
        appeared,
        fixed,
        unknown,
        changed,
    }
}

/// Whether a finding that the new side does not have may be there all the same: its rule did not see all
/// subjects.
fn is_unseen(finding: &Seen, new: &Side) -> bool {
    new.blind.iter().any(|blind| {
        let there = |netns: &String| finding.netns.is_empty() || finding.netns.contains(netns);
        blind.rule == finding.rule && blind.netns.as_ref().is_none_or(there)
    })
}

/// What two findings have in common where the service of one is not known: rule, stable names of the
/// namespaces, protocol and address.
type Nameless<'a> = (&'a str, BTreeSet<&'a str>, &'a (String, String));

fn nameless_key<'a>(finding: &'a Seen, side: &'a Side) -> Option<Nameless<'a>> {
    let stable = |name: &'a String| {
        let place = side.namespaces.iter().find(|place| place.name == *name);
        place.map_or(name.as_str(), |place| place.stable_name.as_str())
    };
    let listener = finding.listener.as_ref()?;
    Some((
        &finding.rule,
        finding.netns.iter().map(stable).collect(),
        listener,
    ))
}

/// Takes the pairs out of both lists in which one side does not know the service, as a run without root
/// does not; it is part of the fingerprint.
fn nameless<'a>(
    old: &'a Side,
    gone: &mut Vec<&'a Seen>,
    new: &'a Side,
    appeared: &mut Vec<&'a Seen>,
) -> Vec<(&'a Seen, &'a Seen)> {
    let mut by_key: BTreeMap<Nameless<'a>, Vec<&'a Seen>> = BTreeMap::new();
    for finding in gone.iter().copied() {
        if let Some(key) = nameless_key(finding, old) {
            by_key.entry(key).or_default().push(finding);
        }
    }
    let mut pairs: Vec<(&Seen, &Seen)> = Vec::new();
    appeared.retain(|finding| {
        let candidates = nameless_key(finding, new).and_then(|key| by_key.get_mut(&key));
        let Some(candidates) = candidates else {
            return true;
        };
        let fits = |it: &&Seen| it.service.is_none() != finding.service.is_none();
        match candidates.iter().position(fits) {
            Some(at) => {
                pairs.push((candidates.remove(at), *finding));
                false
            }
            None => true,
        }
    });
    let paired: BTreeSet<*const Seen> = pairs
        .iter()
        .map(|(old, _)| std::ptr::from_ref(*old))
        .collect();
    gone.retain(|it| !paired.contains(&std::ptr::from_ref(*it)));
    pairs
}

fn changes<'a>(old: &'a Seen, new: &'a Seen) -> Vec<Change<'a>> {
    let always = [
        ("severity", old.severity.name(), new.severity.name()),
        ("confidence", old.confidence.name(), new.confidence.name()),
        ("message", &old.message, &new.message),
    ];
    let mut changes: Vec<Change<'a>> = always
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| Change {
            what,
            old: Some(old),
            new: Some(new),
        })
        .collect();
    let mut names: Vec<&str> = old
        .evidence
        .keys()
        .chain(new.evidence.keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    let evidence = names.into_iter().map(|what| Change {
        what,
        old: old.evidence.get(what).map(String::as_str),
        new: new.evidence.get(what).map(String::as_str),
    });
    changes.extend(evidence.filter(|it| it.old != it.new));
    changes
}
