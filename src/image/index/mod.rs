//! All layers on each other: which file is at which path, and where its content stands. A tree of small nodes,
//! because an image has hundreds of thousands of long paths.
//!
//! Follows the image-spec (layer.md, "Changesets"): a whiteout is about lower layers alone, wherever it stands in
//! its own. A layer is put on as overlayfs does it: a link of a lower layer in the place of a directory is replaced and not
//! followed, one of the same layer is followed, as the tools do that unpack each layer in a directory of its own.
//!
//! Nothing is ever taken out. Each entry has a number, in their order; a node remembers the last one at or below it, and
//! from which one on what is below it counts. So a whiteout, an opaque directory and a file in the place of a directory are
//! one number each, however much they hide.

mod apply;
mod resolve;

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::layer::Fault;
use super::layer::keep::MOST_ENTRIES;
use super::layer::members::Kind;

/// Names of all paths that may be walked through while the index is made, those of links too; a hostile image has paths
/// of two thousand names each. The largest images that people make have a tenth.
const MOST_STEPS: u64 = 50_000_000;
/// Paths that the tree may have: as many as entries, though each may bring two thousand directories.
const MOST_NODES: usize = MOST_ENTRIES;
/// The root of the image.
pub(super) const ROOT: u32 = 0;
/// No node.
const NONE: u32 = u32::MAX;

/// Where the content of a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    /// Which layer, from the lowest.
    pub(super) layer: u16,
    /// Where in it.
    pub(super) at: u64,
}

/// A path of the image.
#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    /// Where its name begins, among all names.
    name: u32,
    /// The last node that was put below it, and the one before this one.
    child: u32,
    sibling: u32,
    /// The number of the last entry at or below it.
    touched: u32,
    /// What is below it counts from this entry on.
    from: u32,
    /// Bytes of the file. Of a link: of where it leads.
    size: u64,
    /// Where the content stands. Of a link: where it leads, among all names.
    at: u64,
    layer: u16,
    mode: u16,
    length: u8,
    /// `None`: it was removed.
    kind: Option<Kind>,
    /// Whether it is an entry of the layer that is put on, and not one that lies below.
    set: u32,
}

/// The tree.
#[derive(Debug)]
pub(super) struct Index {
    nodes: Vec<Node>,
    names: Vec<u8>,
    children: HashTable<u32>,
    hasher: RandomState,
    /// The number of the entry that is added.
    sequence: u32,
    /// The number of the first entry of this layer.
    begun: u32,
    steps: u64,
}

/// What is at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: u32,
    pub(super) kind: Kind,
    pub(super) mode: u16,
    pub(super) size: u64,
    pub(super) content: Content,
}

impl Index {
    /// Of no layers.
    pub(super) fn new() -> Self {
        let mut index = Self {
            nodes: Vec::new(),
            names: Vec::new(),
            children: HashTable::new(),
            hasher: RandomState::new(),
            sequence: 0,
            begun: 0,
            steps: 0,
        };
        index.nodes.push(Node {
            parent: ROOT,
            name: 0,
            child: NONE,
            sibling: NONE,
            touched: 0,
            from: 0,
            size: 0,
            at: 0,
            layer: 0,
            mode: 0o755,
            length: 0,
            kind: Some(Kind::Directory),
            set: 0,
        });
        index
    }

    fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(id).ok()?)
    }

    fn node_mut(&mut self, id: u32) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id).ok()?)
    }

    fn name(&self, node: &Node) -> &[u8] {
        let start = node.name as usize;
        let end = start + usize::from(node.length);
        self.names.get(start..end).unwrap_or_default()
    }

    /// Where a link leads.
    fn link(&self, node: &Node) -> &[u8] {
        let start = usize::try_from(node.at).unwrap_or(usize::MAX);
        let length = usize::try_from(node.size).unwrap_or(usize::MAX);
        let range = start..start.saturating_add(length);
        self.names.get(range).unwrap_or_default()
    }

    /// The node of a name in a directory, whether it counts or not.
    fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one((parent, name));
        let same = |id: &u32| {
            let node = self.node(*id);
            node.is_some_and(|node| node.parent == parent && self.name(node) == name)
        };
        self.children.find(hash, same).copied()
    }

    /// The same, made if there is none.
    fn child_or_new(&mut self, parent: u32, name: &[u8]) -> Result<u32, Fault> {
        if let Some(id) = self.child(parent, name) {
            return Ok(id);
        }
        if self.nodes.len() > MOST_NODES {
            return Err(too_many());
        }
        let id = u32::try_from(self.nodes.len()).map_err(|_| too_many())?;
        let start = self.keep(name)?;
        let length = u8::try_from(name.len()).map_err(|_| too_many())?;
        let sibling = self.node(parent).map_or(NONE, |parent| parent.child);
        self.nodes.push(Node {
            parent,
            name: start,
            child: NONE,
            sibling,
            touched: 0,
            from: 0,
            size: 0,
            at: 0,
            layer: 0,
            mode: 0,
            length,
            kind: None,
            set: 0,
        });
        if let Some(parent) = self.node_mut(parent) {
            parent.child = id;
        }
        let Self {
            nodes,
            names,
            children,
            hasher,
            ..
        } = self;
        let hash = hasher.hash_one((parent, name));
        children.insert_unique(hash, id, |id| {
            let node = nodes.get(*id as usize);
            node.map_or(0, |node| {
                let start = node.name as usize;
                let name = names.get(start..start + usize::from(node.length));
                hasher.hash_one((node.parent, name.unwrap_or_default()))
            })
        });
        Ok(id)
    }

    /// Keeps a name or a link: where it begins.
    fn keep(&mut self, bytes: &[u8]) -> Result<u32, Fault> {
        let full = |_| Fault::TooLarge("has names of more than 4 GiB".to_owned());
        let start = u32::try_from(self.names.len()).map_err(full)?;
        self.names.extend_from_slice(bytes);
        Ok(start)
    }

    /// Counts steps.
    fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        self.steps += steps;
        match self.steps {
            0..=MOST_STEPS => Ok(()),
            _ => Err(too_long()),
        }
    }

    /// Whether a node counts where what is below its parents counts from `floor` on.
    fn counts(node: &Node, floor: u32) -> bool {
        node.kind.is_some() && node.touched >= floor
    }

    /// The child that counts, and from where on what is below it does.
    fn alive(&self, parent: u32, floor: u32, name: &[u8]) -> Option<(u32, u32)> {
        let id = self.child(parent, name)?;
        let node = self.node(id).filter(|node| Self::counts(node, floor))?;
        Some((id, floor.max(node.from)))
    }

    /// What is at a path, links followed inside the image.
    pub(super) fn find(&self, path: &[u8]) -> Option<Found> {
        let (id, _) = self.resolve(path, true)?;
        let node = self.node(id)?;
        let (layer, at) = (node.layer, node.at);
        Some(Found {
            id,
            kind: node.kind?,
            mode: node.mode,
            size: node.size,
            content: Content { layer, at },
        })
    }

    /// Whether a path is a link, wherever it leads.
    pub(super) fn is_link(&self, path: &[u8]) -> bool {
        let found = self.resolve(path, false);
        let node = found.and_then(|(id, _)| self.node(id));
        node.is_some_and(|node| node.kind == Some(Kind::Symlink))
    }

    /// The names in a directory, sorted. `None`: it is not there. `Some(None)`: it is no directory.
    pub(super) fn list(&self, path: &[u8]) -> Option<Option<Vec<&[u8]>>> {
        let (id, floor) = self.resolve(path, true)?;
        let directory = self.node(id)?;
        if directory.kind != Some(Kind::Directory) {
            return Some(None);
        }
        let mut names: Vec<&[u8]> = self
            .children_of(directory)
            .filter(|(_, node)| Self::counts(node, floor))
            .map(|(_, node)| self.name(node))
            .collect();
        names.sort_unstable();
        Some(Some(names))
    }

    fn children_of(&self, directory: &Node) -> impl Iterator<Item = (u32, &Node)> {
        let mut next = directory.child;
        std::iter::from_fn(move || {
            let node = self.node(next)?;
            let id = std::mem::replace(&mut next, node.sibling);
            Some((id, node))
        })
    }

    /// The path of a node, with a slash in front.
    pub(super) fn path(&self, id: u32) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = id;
        while let Some(node) = self.node(at).filter(|_| at != ROOT) {
            names.push(self.name(node));
            at = node.parent;
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        path
    }

    /// Every path that is there, sorted by name in each directory: what it is, and where a link leads.
    #[cfg(test)]
    pub(super) fn all(&self) -> std::collections::BTreeMap<Vec<u8>, (Kind, Vec<u8>)> {
        let mut all = std::collections::BTreeMap::new();
        let mut todo = vec![(ROOT, 0)];
        while let Some((id, floor)) = todo.pop() {
            let directory = self.node(id).unwrap();
            let floor = floor.max(directory.from);
            for (id, node) in self.children_of(directory) {
                if Self::counts(node, floor) {
                    let kind = node.kind.unwrap();
                    let link = match kind {
                        Kind::Symlink => self.link(node).to_vec(),
                        _ => Vec::new(),
                    };
                    all.insert(self.path(id), (kind, link));
                    if kind == Kind::Directory {
                        todo.push((id, floor));
                    }
                }
            }
        }
        all
    }
}

fn too_many() -> Fault {
    Fault::TooLarge("has more entries than an image can have".to_owned())
}

fn too_long() -> Fault {
    Fault::TooLarge("has longer paths than images have".to_owned())
}

#[cfg(test)]
mod cost;
#[cfg(test)]
mod model;
