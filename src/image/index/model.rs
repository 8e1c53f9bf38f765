//! Random layers, compared with a naive model: each layer is unpacked by itself, as into a directory of its own,
//! and then laid over the ones below, path by path.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Index;
use crate::image::layer::journal::Journal;
use crate::image::layer::members::{Kind, Member};
use crate::image::oddities::Oddities;

type Files = BTreeMap<String, Kind>;

/// What an entry of a layer does.
#[derive(Debug, Clone)]
enum Entry {
    Put(String, Kind),
    Remove(String),
    Opaque(String),
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[abc]", 1..4).prop_map(|names| names.join("/"))
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![Just(Kind::File), Just(Kind::Directory), Just(Kind::Other)];
    prop_oneof![
        6 => (path(), kind).prop_map(|(path, kind)| Entry::Put(path, kind)),
        2 => path().prop_map(Entry::Remove),
        1 => path().prop_map(Entry::Opaque),
    ]
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Makes the directories that a path is in, in place of anything else.
fn parents(files: &mut Files, path: &str) {
    for (at, _) in path.match_indices('/') {
        let directory = &path[..at];
        if files.get(directory) != Some(&Kind::Directory) {
            files.insert(directory.to_owned(), Kind::Directory);
        }
    }
}

/// One layer on the files below it.
fn lay(lower: &Files, layer: &[Entry]) -> Files {
    // What the layer has itself, and what it hides.
    let (mut own, mut removed, mut opaque) = (Files::new(), Vec::new(), Vec::new());
    // A file in a directory's place hides what is below for good, also if a directory follows.
    let mut hidden = Vec::new();
    for entry in layer {
        match entry {
            Entry::Put(path, kind) => {
                for (at, _) in path.match_indices('/') {
                    let above = &path[..at];
                    let file = |kind: &Kind| *kind != Kind::Directory;
                    if own
                        .get(above)
                        .or(lower_kind(lower, &removed, &opaque, &hidden, above))
                        .is_some_and(file)
                    {
                        hidden.push(above.to_owned());
                    }
                }
                parents(&mut own, path);
                if *kind != Kind::Directory
                    || own.get(path).is_some_and(|kind| *kind != Kind::Directory)
                {
                    own.retain(|other, _| !is_below(other, path));
                    hidden.push(path.clone());
                }
                own.insert(path.clone(), *kind);
            }
            Entry::Remove(path) => {
                parents(&mut own, path);
                removed.push(path.clone());
            }
            Entry::Opaque(path) => {
                parents(&mut own, &format!("{path}/x"));
                if own.get(path) == Some(&Kind::Directory) {
                    opaque.push(path.clone());
                }
            }
        }
    }
    let mut all = seen_below(lower, &own, &removed, &[opaque, hidden].concat());
    all.extend(own);
    all
}

/// What a layer leaves of the files below it.
fn seen_below(lower: &Files, own: &Files, removed: &[String], over: &[String]) -> Files {
    let seen = |path: &str| {
        let gone = removed
            .iter()
            .any(|gone| gone == path || is_below(path, gone));
        let covered = over.iter().any(|over| is_below(path, over));
        let above = path.match_indices('/').any(|(at, _)| {
            own.get(&path[..at])
                .is_some_and(|kind| *kind != Kind::Directory)
        });
        !gone && !covered && !above
    };
    let lower = lower.iter().filter(|(path, _)| seen(path));
    lower.map(|(path, kind)| (path.clone(), *kind)).collect()
}

fn lower_kind<'a>(
    lower: &'a Files,
    removed: &[String],
    opaque: &[String],
    hidden: &[String],
    path: &str,
) -> Option<&'a Kind> {
    let gone = removed
        .iter()
        .any(|gone| gone == path || is_below(path, gone));
    let covered = opaque.iter().chain(hidden).any(|over| is_below(path, over));
    lower.get(path).filter(|_| !gone && !covered)
}

fn journal(layer: &[Entry]) -> Journal {
    let mut journal = Journal::default();
    for entry in layer {
        let (path, kind) = match entry {
            Entry::Put(path, kind) => (path.clone(), *kind),
            Entry::Opaque(path) => (format!("{path}/.wh..wh..opq"), Kind::File),
            Entry::Remove(path) => {
                let (folder, name) = path
                    .rsplit_once('/')
                    .map_or(("", path.as_str()), |parts| parts);
                let slash = if folder.is_empty() { "" } else { "/" };
                (format!("{folder}{slash}.wh.{name}"), Kind::File)
            }
        };
        journal.push(
            path.as_bytes(),
            &Member {
                kind,
                ..Member::default()
            },
        );
    }
    journal
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn layers_lie_on_each_other_as_in_the_model(
        layers in proptest::collection::vec(proptest::collection::vec(entry(), 0..10), 1..5),
    ) {
        let mut index = Index::new();
        let mut model = Files::new();
        for (number, layer) in layers.iter().enumerate() {
            let mut oddities = Oddities::default();
            index.apply(number as u16, &journal(layer), &mut oddities).unwrap();
            model = lay(&model, layer);
            let all: Files = index
                .all()
                .into_iter()
                .map(|(path, (kind, _))| (String::from_utf8(path[1..].to_vec()).unwrap(), kind))
                .collect();
            prop_assert_eq!(&all, &model, "after layer {}", number);
        }
    }
}
