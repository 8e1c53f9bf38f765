//! The smallest record of its kind that gives the same findings: what a person would keep as a fixture.
//!
//! Nothing here knows what a rule reads. Parts of the record are left out, and it is judged again: if
//! anything of the findings changed, the part stays. So it holds for rules of the user's own and for
//! fields that are added later. A record has few kinds of parts and many of each (ten thousand
//! listeners have one field `inode` each), so a kind is tried at once, and one by one only where few are
//! left. What is tried, and how often, depends on the record alone and never on time.

mod tree;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::RuleSet;
use super::engine::judge;
use super::finding::Finding;
use crate::assess::Facts;
use crate::services::Catalogue;
use crate::snapshot::Snapshot;
use crate::text::locate::Step;
use tree::Place;

/// Rounds over the whole record: what one round leaves out may make more needless.
const ROUNDS: usize = 3;
/// Elements of a list, or fields of one kind, that are tried one by one; of more, parts of the list are.
const FEW: usize = 48;

/// Nodes that all judgements together read, about: a large record is judged less often.
const NODES: usize = 20_000_000;
/// What a finding costs, in nodes that are read: its message, its evidence and its fingerprint.
const FINDING: usize = 100;
/// Judgements at least: one for each kind of part that a listener has.
const LEAST: usize = 24;
/// Judgements at most.
const MOST: usize = 4096;

/// How often a record of this many nodes may be judged that gives this many findings.
fn bound(size: usize, findings: usize) -> usize {
    (NODES / (size + findings * FINDING).max(1)).clamp(LEAST, MOST)
}

/// Fields that are tried before all others: another one tells the same, and is the same tomorrow.
const FIRST: [&str; 8] = [
    "pid",
    "inode",
    "fd",
    "id",
    "uid",
    "cgroup",
    "exe",
    "owners_complete",
];

/// Whether all that must stay of a finding is the same in two.
fn same(one: &Finding, other: &Finding) -> bool {
    one.rule.id == other.rule.id
        && one.fingerprint == other.fingerprint
        && one.confidence == other.confidence
        && one.message == other.message
        && one.evidence == other.evidence
        && one.remediation == other.remediation
        && one.also.len() == other.also.len()
}

/// A record from which all was taken that no finding rests on.
#[derive(Debug)]
pub struct Minimal {
    /// The record.
    pub snapshot: Snapshot,
    /// How often a record was judged to find it, which is what it costs.
    pub judgements: usize,
}

/// The smallest record that still gives the same findings. One that gives none keeps its first
/// namespace, and nothing of it.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn minimal(
    snapshot: &Snapshot,
    rules: &RuleSet,
    catalogue: &Catalogue,
) -> Result<Minimal, serde_json::Error> {
    let facts = Facts::new(snapshot, catalogue);
    let findings = judge(rules, &facts).findings;
    let record = serde_json::to_value(snapshot)?;
    let most = bound(tree::size(&record), findings.len());
    let mut search = Search {
        rules,
        catalogue,
        wanted: &findings,
        left: most,
        record,
    };
    search.others_at_once();
    for _ in 0..ROUNDS {
        let before = tree::size(&search.record);
        search.fields();
        search.lists();
        if tree::size(&search.record) == before {
            break;
        }
    }
    Ok(Minimal {
        judgements: most - search.left,
        snapshot: serde_json::from_value(search.record)?,
    })
}

struct Search<'a> {
    rules: &'a RuleSet,
    catalogue: &'a Catalogue,
    /// The findings that have to stay.
    wanted: &'a [Finding],
    record: Json,
    /// Judgements that may still be made.
    left: usize,
}

impl Search<'_> {
    /// Whether a record is one, and gives the same findings.
    fn holds(&mut self, record: &Json) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        // By reference: a copy of ten thousand listeners is not needed to read them.
        let Ok(snapshot) = <Snapshot as serde::Deserialize>::deserialize(record) else {
            return false;
        };
        // Two without a name would have the same one.
        let names: BTreeSet<&str> = snapshot
            .namespaces
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        if names.is_empty() || names.len() < snapshot.namespaces.len() {
            return false;
        }
        let facts = Facts::new(&snapshot, self.catalogue);
        let found = judge(self.rules, &facts).findings;
        found.len() == self.wanted.len()
            && found
                .iter()
                .zip(self.wanted)
                .all(|(found, wanted)| same(found, wanted))
    }

    /// Leaves the places out if the findings stay.
    fn without(&mut self, places: &[Place]) -> bool {
        if places.is_empty() {
            return false;
        }
        let mut record = self.record.clone();
        for place in places.iter().rev() {
            tree::remove(&mut record, place);
        }
        let holds = self.holds(&record);
        if holds {
            self.record = record;
        }
        holds
    }

    /// Leaves out all namespaces and listeners without a finding: mostly that is all there is to do for
    /// a large record.
    fn others_at_once(&mut self) {
        let mut listeners = BTreeSet::new();
        let mut namespaces = BTreeSet::new();
        for about in self.wanted.iter().flat_map(Finding::abouts) {
            namespaces.insert(about.netns_index);
            if let Some(listener) = &about.listener {
                listeners.insert((about.netns_index, listener.index));
            }
        }
        let elements = |list: &[&str]| tree::elements(&self.record, list).into_iter();
        let index = |place: &Place, at: usize| match place.get(at) {
            Some(Step::Index(n)) => *n,
            _ => usize::MAX,
        };
        let quiet: Vec<Place> = elements(&["namespaces", "listeners"])
            .filter(|place| !listeners.contains(&(index(place, 1), index(place, 3))))
            .collect();
        let idle: Vec<Place> = elements(&["namespaces"])
            .filter(|place| !namespaces.contains(&index(place, 1)))
            .collect();
        self.without(&quiet);
        self.without(&idle);
    }

    /// Leaves out elements of lists: of each list where there are few of its kind, else of all at once
    /// whatever is not the first.
    fn lists(&mut self) {
        let mut tried = BTreeSet::new();
        loop {
            let kinds = tree::lists(&self.record).into_iter();
            let next = kinds
                .filter(|(kind, _)| !tried.contains(kind))
                .min_by_key(|(kind, _)| kind.len());
            let Some((kind, lists)) = next else { return };
            tried.insert(kind);
            if lists.len() <= FEW {
                for (list, len) in lists {
                    self.elements(&list, len);
                }
                continue;
            }
            let others = lists.iter().flat_map(|(list, len)| {
                (1..*len).map(|n| [list.as_slice(), &[Step::Index(n)]].concat())
            });
            let others: Vec<Place> = others.collect();
            self.without(&others);
        }
    }

    /// Leaves out elements of one list: parts of it that become smaller, from its end.
    fn elements(&mut self, list: &Place, len: usize) {
        let smallest = len.div_ceil(FEW).max(1);
        let mut len = len;
        let mut part = len;
        while part >= smallest && len > 0 {
            let mut end = len;
            while end > 0 {
                let start = end.saturating_sub(part);
                let element = |n| [list.as_slice(), &[Step::Index(n)]].concat();
                let places: Vec<Place> = (start..end).map(element).collect();
                if self.without(&places) {
                    len -= places.len();
                }
                end = start;
            }
            part = match part {
                0 | 1 => 0,
                more => more.div_ceil(2).min(more - 1),
            };
        }
    }

    /// Leaves out fields: all of one kind at once, else one by one where they are few.
    fn fields(&mut self) {
        let mut tried = BTreeSet::new();
        loop {
            let kinds = tree::fields(&self.record).into_iter();
            let untried = kinds.filter(|(kind, _)| !tried.contains(kind));
            // Where judgements are few, those kinds count of which there are many.
            let next = untried.min_by_key(|(kind, places)| {
                let first = FIRST
                    .iter()
                    .position(|it| kind.last().is_some_and(|key| key == it));
                (first.unwrap_or(FIRST.len()), places.len() <= FEW)
            });
            let Some((kind, places)) = next else { return };
            tried.insert(kind);
            if !self.without(&places) && (2..=FEW).contains(&places.len()) {
                for place in places.iter().rev() {
                    self.without(std::slice::from_ref(place));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_judged_the_less_often_the_more_a_judgement_costs() {
        assert_eq!(bound(300, 2), MOST);
        assert_eq!(bound(20_000, 0), 1000);
        assert_eq!(bound(20_000, 1_000), 166);
        assert_eq!(bound(200_000, 10_000), LEAST);
        assert_eq!(bound(0, 0), MOST);
    }
}
