//! A later reading of a layer, for what was asked for and was not kept. It ends with the last file that is wanted.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Fault;
use super::holes::Holes;
use super::keep::Kept;
use super::members::{Member, Members};
use super::scan::take;
use super::stream::Skim;
use crate::image::held::Held;

/// What is wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::image) enum Want {
    /// The lines of a database of packages.
    Database,
    /// These parts of it.
    Parts(Vec<Range<u64>>),
}

impl Want {
    /// How many bytes that may be.
    pub(in crate::image) fn bytes(&self) -> u64 {
        match self {
            Self::Database => 1 << 20,
            Self::Parts(parts) => parts.iter().fold(0, |sum, part| {
                sum.saturating_add(part.end.saturating_sub(part.start))
            }),
        }
    }
}

/// Reads what is wanted, by where the files stand.
pub(in crate::image) fn fetch(
    input: &mut dyn Skim,
    wanted: &BTreeMap<u64, Want>,
) -> Result<Vec<(u64, Held)>, Fault> {
    let mut members = Members::new(input);
    let mut member = Member::default();
    let mut found = Vec::new();
    while found.len() < wanted.len() && members.next(&mut member)? {
        let Some(want) = wanted.get(&member.at) else {
            continue;
        };
        let held = match want {
            _ if member.holes == Holes::Unclear => Held::Unclear,
            Want::Database => take(&mut members, &member, Kept::Database)?.unwrap_or_default(),
            Want::Parts(parts) => Held::of(members.ranges(&member, &apart(parts, member.size))?),
        };
        found.push((member.at, held));
    }
    Ok(found)
}

/// The same ranges in their order, within the file, none touching another.
fn apart(ranges: &[Range<u64>], size: u64) -> Vec<Range<u64>> {
    let mut sorted: Vec<Range<u64>> = ranges.to_vec();
    sorted.sort_by_key(|range| range.start);
    let mut apart: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        let range = range.start..range.end.min(size);
        match apart.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let ranges = [50..70, 0..10, 10..20, 60..65, 90..200, 300..400];
        assert_eq!(apart(&ranges, 100), [0..20, 50..70, 90..100]);
    }
}
