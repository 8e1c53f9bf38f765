//! Puts a layer on those below it.

use super::{Fault, Index, Kind, Node, ROOT, too_long, too_many};
use crate::image::layer::journal::Journal;
use crate::image::layer::members::Member;
use crate::image::oddities::{MOST_PATH, Oddities, Oddity};

/// How the name of a whiteout begins.
const WHITEOUT: &[u8] = b".wh.";
/// The name that makes a directory opaque.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// How names begin that are for AUFS itself.
const AUFS: &[u8] = b".wh..wh.";
/// Links of a layer that are followed for the place of one entry.
const MOST_LINKS: usize = 40;
/// Hard links that may stand before their target, which no tool writes.
const MOST_EARLY: usize = 1024;
/// Bytes of a path with the links in it followed.
const DEEPEST: usize = 2 * MOST_PATH;

impl Index {
    /// Puts a layer on, the lowest first.
    pub(in crate::image) fn apply(
        &mut self,
        layer: u16,
        journal: &Journal,
        oddities: &mut Oddities,
    ) -> Result<(), Fault> {
        self.begun = self.sequence + 1;
        // Hard links whose target comes later.
        let mut early = Vec::new();
        journal.replay(|member| {
            self.sequence = self.sequence.checked_add(1).ok_or_else(too_many)?;
            match self.add(layer, member)? {
                None => {}
                Some(Oddity::LinkToNothing) if early.len() < MOST_EARLY => {
                    early.push((member.path.clone(), member.link.clone()));
                }
                Some(oddity) => oddities.add(oddity, &member.path),
            }
            Ok(())
        })?;
        for (path, link) in early {
            self.sequence = self.sequence.checked_add(1).ok_or_else(too_many)?;
            if !self.hard_link(&path, &link)? {
                oddities.add(Oddity::LinkToNothing, &path);
            }
        }
        Ok(())
    }

    fn add(&mut self, layer: u16, member: &Member) -> Result<Option<Oddity>, Fault> {
        let (parents, name) = split(&member.path);
        if parents
            .split(|byte| *byte == b'/')
            .any(|part| part.starts_with(AUFS))
        {
            return Ok(None);
        }
        if name == OPAQUE {
            let (directory, _) = self.place(parents)?;
            let begun = self.begun;
            if let Some(node) = self.node_mut(directory) {
                node.from = node.from.max(begun);
            }
            return Ok(None);
        }
        if name.starts_with(AUFS) {
            return Ok(None);
        }
        if let Some(removed) = name.strip_prefix(WHITEOUT) {
            if matches!(removed, b"" | b"." | b"..") {
                return Ok(Some(Oddity::Whiteout));
            }
            let (directory, _) = self.place(parents)?;
            self.remove(directory, removed);
            return Ok(None);
        }
        if member.kind == Kind::Hardlink {
            let linked = self.hard_link(&member.path, &member.link)?;
            return Ok((!linked).then_some(Oddity::LinkToNothing));
        }
        if name.is_empty() {
            // The root itself; anything but a directory in its place is nonsense that no tool unpacks.
            return Ok(None);
        }
        let (size, at) = match member.kind {
            Kind::Symlink => (member.link.len() as u64, self.keep(&member.link)?.into()),
            _ => (member.size, member.at),
        };
        let (directory, floor) = self.place(parents)?;
        let id = self.child_or_new(directory, name)?;
        let sequence = self.sequence;
        if let Some(node) = self.node_mut(id) {
            let stays = Self::counts(node, floor)
                && (node.kind, member.kind) == (Some(Kind::Directory), Kind::Directory);
            if !stays {
                node.from = sequence;
            }
            node.kind = Some(member.kind);
            (node.touched, node.set) = (sequence, sequence);
            (node.size, node.at) = (size, at);
            (node.layer, node.mode) = (layer, member.mode);
        }
        Ok(None)
    }

    /// Gives a file another name. `false`: it is not there.
    fn hard_link(&mut self, path: &[u8], link: &[u8]) -> Result<bool, Fault> {
        let (parents, name) = split(path);
        let target = self.follow(link, false)?;
        let target = target.and_then(|(id, _)| self.node(id)).copied();
        let Some(target) = target.filter(|node| node.kind != Some(Kind::Directory)) else {
            return Ok(false);
        };
        if name.is_empty() {
            return Ok(false);
        }
        let (directory, _) = self.place(parents)?;
        let id = self.child_or_new(directory, name)?;
        let sequence = self.sequence;
        if let Some(node) = self.node_mut(id) {
            *node = Node {
                parent: node.parent,
                name: node.name,
                child: node.child,
                sibling: node.sibling,
                length: node.length,
                touched: sequence,
                set: sequence,
                from: sequence,
                ..target
            };
        }
        Ok(true)
    }

    /// Hides what lower layers have of this name, and leaves what this layer has.
    fn remove(&mut self, directory: u32, name: &[u8]) {
        let begun = self.begun;
        let id = self.child(directory, name);
        if let Some(node) = id.and_then(|id| self.node_mut(id)) {
            node.from = node.from.max(begun);
            if node.touched < begun {
                node.kind = None;
            }
        }
    }

    /// The directory at a path, made where there is none, and from which entry on what is in it counts.
    fn place(&mut self, path: &[u8]) -> Result<(u32, u32), Fault> {
        let mut path = path.to_vec();
        for _ in 0..=MOST_LINKS {
            match self.descend(&path)? {
                Place::Here(id, floor) => return Ok((id, floor)),
                Place::Elsewhere(other) => path = other,
            }
        }
        Err(Fault::broken("its links lead round in a circle"))
    }

    fn descend(&mut self, path: &[u8]) -> Result<Place, Fault> {
        let sequence = self.sequence;
        let (mut here, mut floor) = (ROOT, self.node(ROOT).map_or(0, |root| root.from));
        let slashes = path.iter().take_while(|byte| **byte == b'/').count();
        let path = path.get(slashes..).unwrap_or_default();
        let mut end = 0;
        for name in path
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
        {
            self.spend(1)?;
            end += name.len() + 1;
            let id = self.child_or_new(here, name)?;
            let begun = self.begun;
            let Some(node) = self.node(id).copied() else {
                return Err(too_many());
            };
            let counts = Self::counts(&node, floor);
            if counts && node.kind == Some(Kind::Symlink) && node.set >= begun {
                let way = path.get(..end - 1).unwrap_or_default();
                if let Some(directory) = self.directory(way)? {
                    let rest = path.get(end..).unwrap_or_default();
                    let path = [&directory, b"/".as_slice(), rest].concat();
                    // Links may put a directory deeper than any path is long, and from there deeper still.
                    return match path.len() {
                        0..=DEEPEST => Ok(Place::Elsewhere(path)),
                        _ => Err(too_long()),
                    };
                }
            }
            let stays = counts && node.kind == Some(Kind::Directory);
            if let Some(node) = self.node_mut(id) {
                if !stays {
                    node.kind = Some(Kind::Directory);
                    node.mode = 0o755;
                    (node.from, node.set) = (sequence, sequence);
                }
                node.touched = sequence;
                floor = floor.max(node.from);
            }
            here = id;
        }
        Ok(Place::Here(here, floor))
    }

    /// The path of the directory that a link leads to.
    fn directory(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.follow(path, true)?;
        let found = found.and_then(|(id, _)| Some((id, self.node(id)?)));
        let is_directory = |node: &Node| node.kind == Some(Kind::Directory);
        Ok(found
            .filter(|(_, node)| is_directory(node))
            .map(|(id, _)| self.path(id)))
    }
}

/// Where the directory of an entry is.
enum Place {
    Here(u32, u32),
    /// A link leads to this path.
    Elsewhere(Vec<u8>),
}

/// The directory of a path, and the name in it.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (
            path.get(..at).unwrap_or_default(),
            path.get(at + 1..).unwrap_or_default(),
        ),
        None => (&[], path),
    }
}
