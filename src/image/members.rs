//! The table of an archive of an image: which part is where in it. Nothing but small texts is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use super::layer::Fault;
use super::layer::decode::{MAGIC, Packing};
use super::layer::holes::Holes;
use super::layer::members::{Kind, Member, Members};
use super::layer::stream::{Section, Skim};
use super::oddities::inside;
use super::source::{Blob, MOST_TEXT, Place, head};

/// Members that an archive of an image may have.
const MOST_MEMBERS: usize = 1 << 16;
/// Bytes of all texts of an archive that is packed.
const MOST_TEXTS: usize = 16 << 20;
/// Links from one part to another that are followed; `docker save` has written one.
const MOST_LINKS: usize = 8;

/// The parts of an archive.
#[derive(Debug, Default)]
pub(super) struct Table {
    members: BTreeMap<Vec<u8>, Entry>,
    /// Texts of an archive that is packed, by where they are.
    texts: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug)]
enum Entry {
    Blob(Blob),
    /// The part that is meant.
    Link(Vec<u8>),
}

impl Table {
    /// A part by its name.
    pub(super) fn blob(&self, name: &str) -> Option<&Blob> {
        let mut name = inside(name.as_bytes()).ok()?;
        for _ in 0..=MOST_LINKS {
            match self.members.get(&name)? {
                Entry::Blob(blob) => return Some(blob),
                Entry::Link(other) => name.clone_from(other),
            }
        }
        None
    }

    /// The text at a place of an archive that is packed.
    pub(super) fn text(&self, at: u64) -> Option<&[u8]> {
        self.texts.get(&at).map(Vec::as_slice)
    }

    fn add(
        &mut self,
        member: &Member,
        blob: impl FnOnce() -> Result<Blob, Fault>,
    ) -> Result<(), Fault> {
        let Ok(name) = inside(&member.path) else {
            return Ok(());
        };
        let entry = match member.kind {
            Kind::File if member.holes == Holes::None => Entry::Blob(blob()?),
            Kind::Hardlink => match inside(&member.link) {
                Ok(other) => Entry::Link(other),
                Err(_) => return Ok(()),
            },
            Kind::Symlink => {
                let folder = name.rsplitn(2, |byte| *byte == b'/').nth(1);
                let way = [folder.unwrap_or_default(), b"/", &member.link].concat();
                match inside(&way) {
                    Ok(other) => Entry::Link(other),
                    Err(_) => return Ok(()),
                }
            }
            _ => return Ok(()),
        };
        self.members.insert(name, entry);
        match self.members.len() {
            0..=MOST_MEMBERS => Ok(()),
            _ => Err(Fault::TooLarge(format!(
                "has more than {MOST_MEMBERS} members"
            ))),
        }
    }
}

/// The table of a file that is a tar archive.
pub(super) fn seek(file: &Arc<File>, size: u64) -> Result<Table, Fault> {
    let mut members = Members::new(Section::new(Arc::clone(file), 0, size).skimmed());
    let mut member = Member::default();
    let mut table = Table::default();
    while members.next(&mut member)? {
        table.add(&member, || {
            Ok(Blob {
                place: Place::File(Arc::clone(file), member.at),
                size: member.size,
                packing: Packing::of(&head(file, member.at, member.size)?),
            })
        })?;
    }
    Ok(table)
}

/// The table of a packed archive, from what comes out of it.
pub(super) fn stream(input: Box<dyn Skim + '_>) -> Result<Table, Fault> {
    let mut members = Members::new(input);
    let mut member = Member::default();
    let mut table = Table::default();
    let mut left = MOST_TEXTS;
    while members.next(&mut member)? {
        let mut start = Vec::new();
        let room = member.size <= MOST_TEXT.min(left as u64);
        if member.kind == Kind::File && member.holes == Holes::None {
            members.content(|content| {
                (&mut *content).take(MAGIC as u64).read_to_end(&mut start)?;
                if room && matches!(start.trim_ascii_start(), [b'{' | b'[', ..]) {
                    content.read_to_end(&mut start)?;
                }
                Ok(())
            })?;
        }
        let packing = Packing::of(&start);
        let is_text = start.len() as u64 == member.size && packing == Packing::Plain;
        if is_text && !start.is_empty() {
            left = left.saturating_sub(start.len());
            table.texts.insert(member.at, start);
        }
        table.add(&member, || {
            Ok(Blob {
                place: Place::Packed(member.at),
                size: member.size,
                packing,
            })
        })?;
    }
    members.finish()?;
    Ok(table)
}
