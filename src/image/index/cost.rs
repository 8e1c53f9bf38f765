//! What making an index and asking it may cost.

use super::resolve::MOST_WALK;
use super::{Fault, Index, MOST_STEPS, ROOT};
use crate::image::layer::journal::Journal;
use crate::image::layer::members::{Kind, Member};
use crate::image::oddities::Oddities;

/// A link that leads through a directory and back a thousand times, and then to the next one.
fn links(count: usize) -> Journal {
    let mut journal = Journal::default();
    let mut push = |path: &str, kind: Kind, link: String| {
        let member = Member {
            kind,
            link: link.into_bytes(),
            ..Member::default()
        };
        journal.push(path.as_bytes(), &member);
    };
    push("a", Kind::Directory, String::new());
    for n in 0..count {
        let way = "a/../".repeat(500);
        push(&format!("l{n}"), Kind::Symlink, format!("{way}l{}", n + 1));
    }
    push(&format!("l{count}"), Kind::File, String::new());
    push("h", Kind::Hardlink, format!("l0/../l{count}"));
    push("i", Kind::File, String::new());
    journal
}

#[test]
fn a_path_takes_so_many_steps_and_no_more() {
    for (count, found) in [(7, true), (9, false)] {
        let mut index = Index::new();
        let applied = index.apply(0, &links(count), &mut Oddities::default());
        applied.unwrap();
        assert_eq!(index.find(b"/l0").is_some(), found, "{count}");
        let mut steps = 0;
        index.walk(b"/l0", true, &mut steps);
        assert!(steps < MOST_WALK + 200, "{steps}");
    }
}

#[test]
fn the_ways_of_links_count_while_the_index_is_made() {
    // The hard link is tried twice, because its target may come later.
    let made = |left: u64| {
        let mut index = Index::new();
        index.steps = MOST_STEPS - left;
        let applied = index.apply(0, &links(4), &mut Oddities::default());
        applied.map(|()| index.steps - (MOST_STEPS - left))
    };
    let steps = made(1_000_000).unwrap();
    assert!((8000..9000).contains(&steps), "{steps}");
    made(steps).unwrap();
    assert!(matches!(made(steps - 1), Err(Fault::TooLarge(_))));
}

#[test]
fn a_tree_has_no_more_nodes_than_an_image_has_entries() {
    let mut index = Index::new();
    let node = index.nodes[0];
    index.nodes.resize(super::MOST_NODES, node);
    index.child_or_new(ROOT, b"a").unwrap();
    assert!(matches!(
        index.child_or_new(ROOT, b"b"),
        Err(Fault::TooLarge(_))
    ));
    index.child_or_new(ROOT, b"a").unwrap();
}
