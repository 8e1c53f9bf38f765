//! `backlint/list/v1`: the listeners that were asked for, and what could not be seen.

use serde::Serialize;

use super::Gap;
use super::assumed::Assumed;
use super::image::Image;
use super::listener::Listener;
use crate::assess::Facts;

/// `backlint/list/v1`.
#[derive(Serialize)]
pub struct List<'a> {
    schema: &'static str,
    assumed: Option<Assumed<'a>>,
    image: Option<Image<'a>>,
    listeners: Chosen<'a>,
    gaps: Vec<Gap<'a>>,
}

impl<'a> List<'a> {
    /// The listeners that `keep` names by namespace and index.
    pub fn new(facts: &'a Facts<'a>, keep: &'a [(usize, usize)]) -> Self {
        Self {
            schema: "backlint/list/v1",
            assumed: facts.assumed.map(Assumed::new),
            image: facts.snapshot.image.as_ref().map(Image::new),
            listeners: Chosen { facts, keep },
            gaps: facts.snapshot.gaps.iter().map(Gap::new).collect(),
        }
    }
}

/// Chosen listeners, each put into its form while it is written.
struct Chosen<'a> {
    facts: &'a Facts<'a>,
    keep: &'a [(usize, usize)],
}

impl Serialize for Chosen<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.keep.iter().filter_map(|(netns, index)| {
            let netns = self.facts.namespaces.get(*netns)?;
            Some(Listener::new(netns, netns.listeners.get(*index)?))
        }))
    }
}
