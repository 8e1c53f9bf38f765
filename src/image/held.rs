//! Contents of files that are held in memory: whole, in parts, or the lines that matter.

use std::ops::Range;
use std::sync::Mutex;

use object::read::ReadRef;

/// What is held of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Parts of it: offset and bytes, ascending, apart.
    Parts(Vec<(u64, Vec<u8>)>),
    /// The lines of a database of packages that are ever looked for.
    Abridged(Vec<u8>),
    /// It has more holes than are followed.
    Unclear,
}

impl Default for Held {
    fn default() -> Self {
        Self::Parts(Vec::new())
    }
}

impl Held {
    /// Of parts that were read.
    pub(super) fn of(mut parts: Vec<(u64, Vec<u8>)>) -> Self {
        parts.retain(|(_, bytes)| !bytes.is_empty());
        Self::Parts(parts)
    }

    /// Bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Parts(parts) => parts.iter().map(|(_, bytes)| bytes.len()).sum(),
            Self::Abridged(bytes) => bytes.len(),
            Self::Unclear => 0,
        }
    }

    /// Adds what was fetched later.
    pub(super) fn add(&mut self, more: Self) {
        match (self, more) {
            (Self::Parts(parts), Self::Parts(more)) => {
                // A part that is inside of a new one goes.
                let end = |(at, bytes): &(u64, Vec<u8>)| at + bytes.len() as u64;
                parts.retain(|old| {
                    !more
                        .iter()
                        .any(|new| new.0 <= old.0 && end(old) <= end(new))
                });
                parts.extend(more);
                parts.sort();
            }
            (held, more) => *held = more,
        }
    }

    /// These bytes, if all of them are held.
    pub(super) fn part(&self, range: Range<u64>) -> Option<&[u8]> {
        let Self::Parts(parts) = self else {
            return None;
        };
        parts.iter().find_map(|(at, bytes)| {
            let from = usize::try_from(range.start.checked_sub(*at)?).ok()?;
            let to = usize::try_from(range.end.checked_sub(*at)?).ok()?;
            bytes.get(from..to)
        })
    }
}

/// Bytes that a reader of executables may ask for at once: it asks for tables of 64 KiB at most.
const MOST_AT_ONCE: u64 = 256 * 1024;
/// What is fetched around of what was asked for, since the next question is often about its neighbour.
const AROUND: u64 = 4096;

/// A file of which parts are held, as the crate `object` reads it. What it asks for and is not held is noted.
#[derive(Debug)]
pub(super) struct Sparse<'a> {
    held: Option<&'a Held>,
    size: u64,
    missing: Mutex<Vec<Range<u64>>>,
}

impl<'a> Sparse<'a> {
    pub(super) fn new(held: Option<&'a Held>, size: u64) -> Self {
        Self {
            held,
            size,
            missing: Mutex::default(),
        }
    }

    /// What was asked for and is not held.
    pub(super) fn missing(self) -> Vec<Range<u64>> {
        self.missing.into_inner().unwrap_or_default()
    }

    fn get(&self, range: Range<u64>) -> Result<&'a [u8], ()> {
        let length = range.end.checked_sub(range.start).ok_or(())?;
        if range.end > self.size || length > MOST_AT_ONCE {
            return Err(());
        }
        if let Some(part) = self.held.and_then(|held| held.part(range.clone())) {
            return Ok(part);
        }
        let start = range.start.saturating_sub(AROUND);
        let end = range.end.saturating_add(AROUND).min(self.size);
        if let Ok(mut missing) = self.missing.lock() {
            missing.push(start..end);
        }
        Err(())
    }
}

impl<'data> ReadRef<'data> for &Sparse<'data> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.size)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'data [u8], ()> {
        if size == 0 {
            return Ok(&[]);
        }
        self.get(offset..offset.checked_add(size).ok_or(())?)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'data [u8], ()> {
        let end = range
            .end
            .min(range.start.saturating_add(AROUND))
            .min(self.size);
        let bytes = self.get(range.start..end)?;
        let end = bytes.iter().position(|byte| *byte == delimiter).ok_or(())?;
        bytes.get(..end).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::exe::detect;

    /// Fetches what is missing until nothing is, as an image does.
    fn rounds(file: &[u8], mut held: Held) -> (usize, crate::collect::exe::Shown) {
        for round in 1..10 {
            let sparse = Sparse::new(Some(&held), file.len() as u64);
            let shown = detect(&sparse);
            let missing = sparse.missing();
            if missing.is_empty() {
                return (round, shown);
            }
            for range in missing {
                let bytes = file[range.start as usize..range.end as usize].to_vec();
                held.add(Held::of(vec![(range.start, bytes)]));
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn an_executable_shows_the_same_in_parts() {
        let file = std::fs::read("/proc/self/exe").unwrap();
        let (rounds, shown) = rounds(&file, Held::default());
        assert_eq!(shown, detect(file.as_slice()));
        assert_eq!(shown.runtime, Some(crate::snapshot::Runtime::Rust));
        assert!(rounds <= 6, "{rounds}");
    }

    #[test]
    fn parts_are_found_where_they_stand() {
        let mut held = Held::of(vec![(10, vec![1, 2, 3])]);
        assert_eq!(held.part(11..13), Some([2, 3].as_slice()));
        assert_eq!(held.part(9..11), None);
        assert_eq!(held.part(12..14), None);
        held.add(Held::of(vec![(8, vec![0; 10])]));
        assert_eq!(held.bytes(), 10);
        assert_eq!(held.part(9..11), Some([0, 0].as_slice()));
    }
}
