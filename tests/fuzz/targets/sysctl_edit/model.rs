//! What an edit must do, as plainly as it can be said: which changes are refused, and that each
//! key has its value afterwards. What else may have changed is `walk`'s question.

use std::collections::BTreeMap;

use backlint::sysctl_conf::edit::{Change, EditError};
use backlint::sysctl_conf::{Entry, normalise_key};

use crate::line::{Line, gives, lines, words};
use crate::walk::Walk;

/// The reason why a change is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Key,
    Value,
    Conflict,
}

impl From<&EditError> for Refusal {
    fn from(error: &EditError) -> Self {
        match error {
            EditError::Key(_) => Self::Key,
            EditError::Value { .. } => Self::Value,
            EditError::Conflict { .. } => Self::Conflict,
        }
    }
}

/// Why the first change that cannot be made is refused.
pub(crate) fn refusal(changes: &[Change]) -> Option<Refusal> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for change in changes {
        let key = normalise_key(change.key.trim());
        let value = change.value.trim();
        if !is_key(&key) {
            return Some(Refusal::Key);
        }
        if value.chars().any(|c| c != '\t' && c.is_control()) {
            return Some(Refusal::Value);
        }
        let first = known.entry(key).or_insert(value);
        if words(first.as_bytes()) != words(value.as_bytes()) {
            return Some(Refusal::Conflict);
        }
    }
    None
}

/// Whether a line can begin with this key, given as backlint spells it.
fn is_key(key: &str) -> bool {
    let odd = |c: char| c == '=' || c.is_whitespace() || c.is_control();
    // A `/` is a dot of a name, so `/` twice between two separators is the parent folder.
    let (separator, parent) = if key.starts_with('/') {
        ('/', "..")
    } else {
        ('.', "//")
    };
    !key.is_empty()
        && !key.starts_with(['#', ';', '-'])
        && !key.contains(odd)
        && key.split(separator).all(|component| component != parent)
}

/// What a text says last about a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// The value that is wanted, at this line.
    Settled(usize),
    /// Another value, at this line.
    Assigned(usize),
    Excluded(usize),
    Nothing,
}

fn last(text: &[Line], key: &str, value: &str) -> Last {
    for (at, line) in text.iter().enumerate().rev() {
        match &line.entry {
            Some(Entry::Assignment(found)) if found.key == key && gives(found, value) => {
                return Last::Settled(at);
            }
            Some(Entry::Assignment(found)) if found.key == key => return Last::Assigned(at),
            Some(Entry::Exclusion(found)) if found.key == key => return Last::Excluded(at),
            _ => {}
        }
    }
    Last::Nothing
}

/// A key, the value that it shall have, whether a reason was given, and what the old text says.
pub(crate) struct Wanted<'a> {
    pub(crate) key: String,
    pub(crate) value: &'a str,
    pub(crate) has_reason: bool,
    pub(crate) before: Last,
}

/// Compares the new text with the old one. Only for changes that are not refused.
pub(crate) fn check(old: &[u8], new: &[u8], changes: &[Change]) {
    let (old, new) = (lines(old), lines(new));
    let wanted = wanted(&old, changes);
    for want in &wanted {
        let Last::Settled(at) = last(&new, &want.key, want.value) else {
            panic!("{} is not {:?}", want.key, want.value);
        };
        if want.has_reason && !matches!(want.before, Last::Settled(_)) {
            assert!(at > 0 && new[at - 1].is_mark, "{} has no reason", want.key);
        }
    }
    Walk::new(&old, &new, &wanted).run();
}

fn wanted<'a>(old: &[Line], changes: &'a [Change]) -> Vec<Wanted<'a>> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for change in changes {
        let key = normalise_key(change.key.trim());
        let value = change.value.trim();
        let has_reason = change.reasons.iter().any(|text| !text.trim().is_empty());
        match wanted.iter_mut().find(|known| known.key == key) {
            Some(known) => known.has_reason |= has_reason,
            None => wanted.push(Wanted {
                before: last(old, &key, value),
                key,
                value,
                has_reason,
            }),
        }
    }
    wanted
}
