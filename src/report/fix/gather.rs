//! What is written once for several namespaces: the replicas of a workload have one template, so it
//! gets all that any of them needs.

use std::collections::BTreeMap;

use super::text::Text;
use super::{Fix, Origin, Place};
use crate::advise::{SysctlStep, maker};
use crate::text::name::some;

/// Names that are left out for one reason; the rest is counted.
const NAMES: usize = 3;

/// Places by what is written for them, and what there is to say about them.
pub(super) struct Gathered<'a, K> {
    pub(super) by_key: BTreeMap<K, Place<'a>>,
    notes: Vec<String>,
    /// Why something is left out, and what.
    left_out: Vec<(String, Vec<String>)>,
}

/// What is left out, and why.
pub(super) type LeftOut = (String, String);

impl<'a, K: Ord> Gathered<'a, K> {
    pub(super) const fn new() -> Self {
        Self {
            by_key: BTreeMap::new(),
            notes: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// All places of a fix by a key; `Err` has why one is left out.
    pub(super) fn of(fix: &Fix<'a>, key: impl Fn(&Place<'a>) -> Result<K, LeftOut>) -> Self {
        let mut gathered = Self::new();
        for place in &fix.places {
            let key = match place.netns.nested {
                true => Err((place.netns.name.clone(), maker::inside(place.netns))),
                false => key(place),
            };
            match key {
                Ok(key) => gathered.add(key, place),
                Err(left_out) => gathered.leave_out(left_out),
            }
        }
        gathered
    }

    /// Adds what a place needs to what is written for its key: all keys, and the larger of two numbers
    /// that are raised.
    pub(super) fn add(&mut self, key: K, place: &Place<'a>) {
        let known = self.by_key.entry(key).or_insert_with(|| Place {
            netns: place.netns,
            set: Vec::new(),
        });
        for step in &place.set {
            let Some(other) = known.set.iter_mut().find(|other| other.key == step.key) else {
                known.set.push(step);
                continue;
            };
            if other.value == step.value {
                continue;
            }
            let name = known.netns.stable_name();
            let about = format!("one setting for all of {name}: {} = ", step.key);
            let note = match (other.raised(), step.raised()) {
                (Some(has), Some(wants)) => {
                    if wants > has {
                        *other = step;
                    }
                    format!(
                        "{about}{}, which is the most that one of them needs",
                        other.value
                    )
                }
                _ => format!(
                    "{about}{}, although {} wants {}",
                    other.value, place.netns.name, step.value
                ),
            };
            // The last word on a key counts.
            self.notes.retain(|known| !known.starts_with(&about));
            self.notes.push(note);
        }
        known.set.sort_by(|one, other| one.key.cmp(&other.key));
    }

    /// Says that something is not written, and why.
    pub(super) fn leave_out(&mut self, (name, why): LeftOut) {
        match self.left_out.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => self.left_out.push((why, vec![name])),
        }
    }

    /// The comments that a text begins with. `None`: there is nothing to write, and nothing that was
    /// left out.
    pub(super) fn head(&self, fix: &Fix<'_>) -> Option<Text> {
        let none = self.by_key.is_empty() && self.left_out.is_empty();
        if none && fix.odd.is_empty() && fix.machine.is_empty() {
            return None;
        }
        let mut text = Text::head(fix);
        for (why, names) in &self.left_out {
            let names = some(names, NAMES);
            text.comment("note", &format!("left out: {names}; {why}"));
        }
        for note in &self.notes {
            text.comment("note", note);
        }
        Some(text)
    }

    /// The first of them, and a step of it.
    pub(super) fn first(&self) -> Option<(&K, &Place<'a>, &'a SysctlStep)> {
        let (key, place) = self.by_key.first_key_value()?;
        Some((key, place, place.set.first()?))
    }
}

/// The user whose runtime made a place, where that is not root.
pub(super) fn user(fix: &Fix<'_>, place: &Place<'_>) -> Option<u32> {
    let fitting = fix.origin == Origin::Fitting;
    let first = maker::first(place.netns).filter(|_| fitting);
    first.and_then(|first| first.user)
}
