//! The first reading of a layer: its journal, and what is kept of it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Fault;
use super::journal::Journal;
use super::keep::{HEAD, Keep, Kept, TAIL};
use super::members::{Kind, Member, Members};
use super::stream::Skim;
use crate::collect::packages;
use crate::image::held::Held;
use crate::image::oddities::{MOST_PATH, Oddities, Oddity, inside};

/// What a layer has.
#[derive(Debug, Default)]
pub(in crate::image) struct Scanned {
    pub(in crate::image) journal: Journal,
    /// Contents that were kept, by where they stand.
    pub(in crate::image) held: BTreeMap<u64, Held>,
    pub(in crate::image) oddities: Oddities,
    /// Where those of `held` stand that are databases, by their paths.
    databases: BTreeMap<Vec<u8>, u64>,
}

impl Scanned {
    /// Holds the lines of a database while there is room, in the place of an earlier one of that path.
    fn hold_database(&mut self, path: &[u8], at: u64, held: Held, keep: &Keep) {
        let earlier = self.databases.remove(path);
        if let Some(earlier) = earlier.and_then(|at| self.held.remove(&at)) {
            keep.give_back(earlier.bytes());
        }
        if keep.take(held.bytes() as u64) {
            self.databases.insert(path.to_vec(), at);
            self.held.insert(at, held);
        }
    }
}

/// Reads a layer that is a tar archive now. `to_the_end`: what follows the archive too, for the decoder's sums.
pub(in crate::image) fn scan(
    input: &mut dyn Skim,
    keep: &Keep,
    to_the_end: bool,
) -> Result<Scanned, Fault> {
    let mut members = Members::new(input);
    let mut member = Member::default();
    let mut scanned = Scanned::default();
    while members.next(&mut member)? {
        keep.count()?;
        let path = match inside(&member.path) {
            Ok(path) => path,
            Err(oddity) => {
                scanned.oddities.add(oddity, &member.path);
                continue;
            }
        };
        if member.kind == Kind::Hardlink {
            match inside(&member.link) {
                Ok(link) => member.link = link,
                Err(oddity) => {
                    scanned.oddities.add(oddity, &member.path);
                    continue;
                }
            }
        }
        if member.kind == Kind::Symlink
            && (member.link.len() > MOST_PATH || member.link.contains(&0))
        {
            scanned.oddities.add(Oddity::NoName, &member.path);
            continue;
        }
        keep.write(scanned.journal.push(&path, &member))?;
        let kept = keep.of(&path, &member);
        if let Some(held) = take(&mut members, &member, kept)? {
            match kept {
                Kept::Database => scanned.hold_database(&path, member.at, held, keep),
                _ => drop(scanned.held.insert(member.at, held)),
            }
        }
    }
    if to_the_end {
        members.finish()?;
    }
    Ok(scanned)
}

/// Reads what is kept of a member.
pub(super) fn take<S: Skim>(
    members: &mut Members<S>,
    member: &Member,
    kept: Kept,
) -> Result<Option<Held>, Fault> {
    let size = member.size;
    let whole = || std::iter::once(0..size).collect();
    let ranges: Vec<Range<u64>> = match kept {
        Kept::Nothing => return Ok(None),
        Kept::Database => {
            let mut lines = members.content(|text| Ok(packages::abridged(text)))?;
            lines.shrink_to_fit();
            return Ok(Some(Held::Abridged(lines)));
        }
        Kept::Whole => whole(),
        Kept::Ends if size <= HEAD + TAIL => whole(),
        Kept::Ends => vec![0..HEAD, size - TAIL..size],
    };
    if member.holes == super::holes::Holes::Unclear {
        return Ok(Some(Held::Unclear));
    }
    members
        .ranges(member, &ranges)
        .map(|parts| Some(Held::of(parts)))
}
