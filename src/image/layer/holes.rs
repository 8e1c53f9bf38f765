//! Where the content of a sparse file stands, and how a part of it is put together. A file of 10 GB with three
//! bytes in it costs three bytes.

use std::ops::Range;

use super::Fault;

/// Segments of content that are kept of a file: configuration and heads of programs have few.
const MOST: usize = 4096;

/// Where a file has content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::image) enum Holes {
    /// Everywhere.
    #[default]
    None,
    /// In these places, ascending: offset and length.
    Between(Vec<(u64, u64)>),
    /// In more places than are kept, or in ones that overlap: the content is not to be had.
    Unclear,
}

/// Places of content while they are read.
#[derive(Debug, Default)]
pub(super) struct Segments {
    places: Vec<(u64, u64)>,
    unclear: bool,
}

impl Segments {
    pub(super) fn push(&mut self, at: u64, length: u64) {
        let end = self.places.last().map_or(0, |(at, length)| at + length);
        // Empty ones say where the file ends.
        if at < end || at.checked_add(length).is_none() || self.places.len() >= MOST {
            self.unclear = true;
        } else if length > 0 {
            self.places.push((at, length));
        }
    }

    pub(super) fn finish(self) -> Holes {
        match self.unclear {
            true => Holes::Unclear,
            false => Holes::Between(self.places),
        }
    }
}

/// A piece of stored content that belongs into a wanted range.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which of the ranges.
    pub(super) range: usize,
    /// Where in it.
    pub(super) to: Range<usize>,
    /// Where it stands in what is stored.
    pub(super) from: u64,
}

impl Holes {
    /// What has to be read for these ranges (ascending, apart) of a file, ascending in what is stored.
    pub(super) fn pieces(&self, size: u64, ranges: &[Range<u64>]) -> Result<Vec<Piece>, Fault> {
        let whole = [(0, size)];
        let places = match self {
            Self::None => whole.as_slice(),
            Self::Between(places) => places,
            Self::Unclear => return Err(Fault::broken("its holes are too many")),
        };
        let mut pieces = Vec::new();
        let (mut stored, mut range) = (0, 0);
        for (at, length) in places {
            while let Some(wanted) = ranges
                .get(range)
                .filter(|wanted| wanted.start < at + length)
            {
                let (start, end) = (wanted.start.max(*at), wanted.end.min(at + length));
                if start < end {
                    let inside = |place: u64| usize::try_from(place - wanted.start);
                    let (Ok(from), Ok(to)) = (inside(start), inside(end)) else {
                        return Err(Fault::broken("a range is too long"));
                    };
                    pieces.push(Piece {
                        range,
                        to: from..to,
                        from: stored + (start - at),
                    });
                }
                if wanted.end > at + length {
                    break;
                }
                range += 1;
            }
            stored += length;
        }
        Ok(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_put_together_from_what_lies_between_holes() {
        let holes = Holes::Between(vec![(10, 5), (100, 50)]);
        let pieces = holes.pieces(1000, &[0..12, 14..110, 140..1000]).unwrap();
        let piece = |range, to: Range<usize>, from| Piece { range, to, from };
        let expected = [
            piece(0, 10..12, 0),
            piece(1, 0..1, 4),
            piece(1, 86..96, 5),
            piece(2, 0..10, 45),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(
            Holes::None.pieces(9, &[2..5, 9..9]).unwrap(),
            [piece(0, 0..3, 2)]
        );
    }

    #[test]
    fn places_that_overlap_or_are_too_many_are_unclear() {
        let finish = |places: &[(u64, u64)]| {
            let mut segments = Segments::default();
            for (at, length) in places {
                segments.push(*at, *length);
            }
            segments.finish()
        };
        assert_eq!(finish(&[(5, 5), (9, 1)]), Holes::Unclear);
        assert_eq!(finish(&[(u64::MAX, 2)]), Holes::Unclear);
        assert_eq!(finish(&[(5, 5), (10, 0)]), Holes::Between(vec![(5, 5)]));
        let many: Vec<(u64, u64)> = (0..5000).map(|n| (n * 2, 1)).collect();
        assert_eq!(finish(&many), Holes::Unclear);
    }
}
