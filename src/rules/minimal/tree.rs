//! A record as a tree: its lists, and its fields by kind.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::text::locate::Step;

/// A way to a node.
pub(super) type Place = Vec<Step>;

/// Nodes of a tree.
pub(super) fn size(tree: &Json) -> usize {
    1 + match tree {
        Json::Array(all) => all.iter().map(size).sum(),
        Json::Object(all) => all.values().map(size).sum(),
        _ => 0_usize,
    }
}

/// Places of one kind: the keys that lead to them.
type Kinds<T> = BTreeMap<Vec<String>, Vec<T>>;

/// All lists by kind, with their lengths.
pub(super) fn lists(tree: &Json) -> Kinds<(Place, usize)> {
    let mut kinds: Kinds<(Place, usize)> = BTreeMap::new();
    walk(tree, &mut Vec::new(), &mut |place, node| {
        if let Json::Array(all) = node {
            kinds
                .entry(kind(place))
                .or_default()
                .push((place.to_vec(), all.len()));
        }
    });
    kinds
}

/// The elements of all lists that these keys lead to.
pub(super) fn elements(tree: &Json, keys: &[&str]) -> Vec<Place> {
    let key: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let lists = lists(tree).remove(&key).unwrap_or_default();
    let of_list = |(place, len): (Place, usize)| {
        (0..len).map(move |n| [place.as_slice(), &[Step::Index(n)]].concat())
    };
    lists.into_iter().flat_map(of_list).collect()
}

/// The keys of a place.
fn kind(place: &[Step]) -> Vec<String> {
    let keys = place.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Index(_) | Step::Name(..) => None,
    });
    keys.collect()
}

/// All fields by kind.
pub(super) fn fields(tree: &Json) -> Kinds<Place> {
    let mut kinds: Kinds<Place> = BTreeMap::new();
    walk(tree, &mut Vec::new(), &mut |place, _| {
        if let Some(Step::Key(_)) = place.last() {
            kinds.entry(kind(place)).or_default().push(place.to_vec());
        }
    });
    kinds
}

fn walk(node: &Json, place: &mut Place, seen: &mut dyn FnMut(&[Step], &Json)) {
    seen(place, node);
    let mut below = |step: Step, node: &Json| {
        place.push(step);
        walk(node, place, seen);
        place.pop();
    };
    match node {
        Json::Array(all) => {
            for (n, node) in all.iter().enumerate() {
                below(Step::Index(n), node);
            }
        }
        Json::Object(all) => {
            for (key, node) in all {
                below(Step::Key(key.clone()), node);
            }
        }
        _ => {}
    }
}

/// Takes a node out of a tree; places behind it in the same list move up.
pub(super) fn remove(tree: &mut Json, place: &[Step]) {
    let Some((last, way)) = place.split_last() else {
        return;
    };
    let mut node = tree;
    for step in way {
        let next = match (step, node) {
            (Step::Key(key), Json::Object(all)) => all.get_mut(key),
            (Step::Index(n), Json::Array(all)) => all.get_mut(*n),
            _ => None,
        };
        let Some(next) = next else { return };
        node = next;
    }
    match (last, node) {
        (Step::Key(key), Json::Object(all)) => {
            all.remove(key);
        }
        (Step::Index(n), Json::Array(all)) if *n < all.len() => {
            all.remove(*n);
        }
        _ => {}
    }
}
