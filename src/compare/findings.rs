//! Findings of both sides, by fingerprint. Siblings of SO_REUSEPORT have one fingerprint: as many as both
//! sides have are the same, the rest came or went.

use std::collections::BTreeMap;

use super::Seen;

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

type Compared<'a> = (Vec<&'a Seen>, Vec<&'a Seen>, Vec<ChangedFinding<'a>>);

pub(super) fn compare<'a>(old: &'a [Seen], new: &'a [Seen]) -> Compared<'a> {
    let mut known: BTreeMap<&str, Vec<(usize, &Seen)>> = BTreeMap::new();
    for (n, finding) in old.iter().enumerate().rev() {
        let same = known.entry(&finding.fingerprint).or_default();
        same.push((n, finding));
    }
    let mut appeared = Vec::new();
    let mut changed = Vec::new();
    for finding in new {
        match known
            .get_mut(finding.fingerprint.as_str())
            .and_then(Vec::pop)
        {
            None => appeared.push(finding),
            Some((_, old)) => {
                let changes = changes(old, finding);
                if !changes.is_empty() {
                    changed.push(ChangedFinding {
                        old,
                        new: finding,
                        changes,
                    });
                }
            }
        }
    }
    // In the order of the side that had them.
    let mut fixed: Vec<(usize, &Seen)> = known.into_values().flatten().collect();
    fixed.sort_unstable_by_key(|(n, _)| *n);
    let mut fixed: Vec<&Seen> = fixed.into_iter().map(|(_, finding)| finding).collect();
    for all in [&mut appeared, &mut fixed] {
        all.sort_by_key(|it| std::cmp::Reverse((it.severity, it.confidence)));
    }
    changed.sort_by_key(|it| std::cmp::Reverse((it.new.severity, it.new.confidence)));
    (appeared, fixed, changed)
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
