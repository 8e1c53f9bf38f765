//! Listeners of both sides: the same if namespace, protocol, address and service are. Siblings of
//! SO_REUSEPORT share all of these, so they are paired by inode, and then by size.

use std::collections::{BTreeMap, BTreeSet};

use super::{Growth, Place, Queue};

/// What became of a listener.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerChange<'a> {
    /// Stable name of its namespace.
    pub netns: &'a str,
    /// As it was. `None`: it came.
    pub old: Option<&'a Queue>,
    /// As it is. `None`: it went.
    pub new: Option<&'a Queue>,
}

impl<'a> ListenerChange<'a> {
    fn of(netns: &'a str, (old, new): Pair<'a>) -> Self {
        Self { netns, old, new }
    }

    /// Namespace, protocol, address and service.
    fn name(&self) -> Option<Key<'a>> {
        let queue = self.new.or(self.old)?;
        let service = queue.service.as_deref();
        Some((self.netns, &queue.protocol, &queue.address, service))
    }

    /// How its drops went on, where both sides know them and they are not the same.
    pub fn drops(&self) -> Option<Growth> {
        let (old, new) = (self.old?.drops?, self.new?.drops?);
        (old != new).then(|| Growth::between(old.into(), new.into()))
    }
}

type ByName<'a> = BTreeMap<&'a str, Vec<&'a Place>>;
/// Namespace, protocol and address.
type Where<'a> = (&'a str, &'a str, &'a str);
type Pairs<'a> = Vec<Pair<'a>>;
type Key<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

pub(super) fn compare<'a>(were: &ByName<'a>, are: &ByName<'a>) -> Vec<ListenerChange<'a>> {
    let (mut old, mut new) = (by_key(were), by_key(are));
    let keys: BTreeSet<Key<'a>> = old.keys().chain(new.keys()).copied().collect();
    // By namespace, protocol and address; the service is known on one side alone.
    let mut left: BTreeMap<Where<'a>, Pairs<'a>> = BTreeMap::new();
    let mut changes = Vec::new();
    for (netns, protocol, address, service) in keys {
        let key = (netns, protocol, address, service);
        let old = old.remove(&key).unwrap_or_default();
        let new = new.remove(&key).unwrap_or_default();
        for pair in pair(old, new) {
            match pair {
                (Some(_), Some(_)) => changes.push(ListenerChange::of(netns, pair)),
                one => left
                    .entry((netns, protocol, address))
                    .or_default()
                    .push(one),
            }
        }
    }
    for ((netns, ..), alone) in left {
        let olds = || alone.iter().filter_map(|(old, _)| *old);
        let news = || alone.iter().filter_map(|(_, new)| *new);
        let known = |it: &&Queue| it.service.is_some();
        let unknown = |it: &&Queue| it.service.is_none();
        // Named before and nameless now, and the other way round.
        let lost = pair(
            olds().filter(known).collect(),
            news().filter(unknown).collect(),
        );
        let learned = pair(
            olds().filter(unknown).collect(),
            news().filter(known).collect(),
        );
        let pairs = lost.into_iter().chain(learned);
        changes.extend(pairs.map(|pair| ListenerChange::of(netns, pair)));
    }
    changes.retain(differs);
    changes.sort_by_key(ListenerChange::name);
    changes
}

fn by_key<'a>(all: &ByName<'a>) -> BTreeMap<Key<'a>, Vec<&'a Queue>> {
    let mut found: BTreeMap<Key<'a>, Vec<&'a Queue>> = BTreeMap::new();
    for (name, places) in all {
        for queue in places.iter().flat_map(|place| &place.listeners) {
            let key = (
                *name,
                &*queue.protocol,
                &*queue.address,
                queue.service.as_deref(),
            );
            found.entry(key).or_default().push(queue);
        }
    }
    found
}

/// Whether two listeners are the same.
type Way = fn(&Queue, &Queue) -> bool;
type Pair<'a> = (Option<&'a Queue>, Option<&'a Queue>);

/// Pairs listeners of one name: those of one inode, then those of one size, then the others by size.
fn pair<'a>(mut old: Vec<&'a Queue>, mut new: Vec<&'a Queue>) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    let same_inode: Way = |old, new| old.inode.is_some() && old.inode == new.inode;
    let same_size: Way = |old, new| old.max == new.max;
    for way in [same_inode, same_size] {
        new.retain(|new| match old.iter().position(|old| way(old, new)) {
            Some(at) => {
                pairs.push((Some(old.remove(at)), Some(new)));
                false
            }
            None => true,
        });
    }
    old.sort_by_key(|it| it.max);
    new.sort_by_key(|it| it.max);
    let (mut old, mut new) = (old.into_iter(), new.into_iter());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return pairs,
            pair => pairs.push(pair),
        }
    }
}

/// Whether anything is different that does not change by itself from moment to moment.
fn differs(change: &ListenerChange<'_>) -> bool {
    let (Some(old), Some(new)) = (change.old, change.new) else {
        return true;
    };
    old.max != new.max
        || old.requested != new.requested
        || old.limited_by != new.limited_by
        || change.drops().is_some()
}
