//! The first reading of a layer: its journal, and what is kept of it.

use std::ops::Range;

use super::Fault;
use super::journal::Journal;
use super::keep::{HEAD, Keep, Kept, TAIL};
use super::members::{Kind, Member, Members};
use super::stream::Skim;
use crate::collect::packages;
use crate::image::held::Held;
use crate::image::oddities::{Oddities, inside};

/// What a layer has.
#[derive(Debug, Default)]
pub(in crate::image) struct Scanned {
    pub(in crate::image) journal: Journal,
    /// Contents that were kept, by where they stand.
    pub(in crate::image) held: Vec<(u64, Held)>,
    pub(in crate::image) oddities: Oddities,
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
        scanned.journal.push(&path, &member);
        if let Some(held) = take(&mut members, &member, keep.of(&path, &member))? {
            scanned.held.push((member.at, held));
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
            let lines = members.content(|text| Ok(packages::abridged(text)))?;
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
