//! The members of a tar archive in their order, each with where its content stands; contents are passed over
//! unless they are asked for.
//!
//! Follows tar(5): ustar, GNU long names and sparse files, PAX. Headers are those of the crate `tar`; its reader is
//! not used, because it keeps headers of any length, stops at values with line feeds and takes sparse files of PAX for
//! plain ones.

use std::io::BufRead;
use std::ops::Range;

use tar::{EntryType, GnuExtSparseHeader, GnuSparseHeader, Header};

use super::Fault;
use super::holes::{Holes, Segments};
use super::pax::{Pax, number};
use super::stream::{Part, Skim};

/// Bytes of a block, of which a tar archive consists.
pub(in crate::image) const BLOCK: u64 = 512;
/// Bytes of a long name or of PAX records; Go's reader, which container tools use, takes as many.
const MOST_RECORDS: u64 = 1 << 20;
/// Numbers in a map of holes, in front of a content.
const MOST_NUMBERS: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::image) enum Kind {
    #[default]
    File,
    Directory,
    Symlink,
    /// Another name of a file.
    Hardlink,
    /// A device or a FIFO.
    Other,
}

/// A member.
#[derive(Debug, Default)]
pub(in crate::image) struct Member {
    /// Its name as it is written.
    pub(in crate::image) path: Vec<u8>,
    /// What a link leads to.
    pub(in crate::image) link: Vec<u8>,
    pub(in crate::image) kind: Kind,
    pub(in crate::image) mode: u16,
    /// Bytes of the file, holes included; it is only what the header says.
    pub(in crate::image) size: u64,
    /// Where its content begins in the archive: no other member has this number.
    pub(in crate::image) at: u64,
    pub(in crate::image) holes: Holes,
}

/// The members of an archive.
pub(in crate::image) struct Members<S> {
    input: S,
    /// How many bytes were read or passed over.
    at: u64,
    /// Bytes of content of this member that were not read.
    content: u64,
    /// Bytes that fill its last block.
    padding: u64,
}

impl<S: Skim> Members<S> {
    pub(in crate::image) fn new(input: S) -> Self {
        Self {
            input,
            at: 0,
            content: 0,
            padding: 0,
        }
    }

    /// The next member, in the place of this one. `false`: there is none.
    pub(in crate::image) fn next(&mut self, member: &mut Member) -> Result<bool, Fault> {
        let mut pax = Pax::default();
        let (mut name, mut link) = (None, None);
        loop {
            self.finish_member()?;
            let Some(header) = self.header()? else {
                return Ok(false);
            };
            let kind = header.entry_type();
            match kind {
                EntryType::XHeader => pax.read(&self.records(&header)?)?,
                EntryType::GNULongName => name = Some(text(self.records(&header)?)),
                EntryType::GNULongLink => link = Some(text(self.records(&header)?)),
                // What it says is of times and owners; tools for containers ignore it too.
                EntryType::XGlobalHeader => self.begin(number_of(header.entry_size())?)?,
                _ => {
                    member.path.clear();
                    member.link.clear();
                    let named = pax.name.take().or(pax.path.take()).or(name.take());
                    match named {
                        Some(path) => member.path = path,
                        None => member.path.extend_from_slice(&header.path_bytes()),
                    }
                    match pax.link.take().or(link.take()) {
                        Some(link) => member.link = link,
                        None => member
                            .link
                            .extend_from_slice(&header.link_name_bytes().unwrap_or_default()),
                    }
                    self.describe(member, &header, &mut pax)?;
                    return Ok(true);
                }
            }
        }
    }

    fn describe(
        &mut self,
        member: &mut Member,
        header: &Header,
        pax: &mut Pax,
    ) -> Result<(), Fault> {
        let kind = header.entry_type();
        member.kind = match kind {
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink,
            EntryType::Link => Kind::Hardlink,
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Other,
            // As the first tar wrote directories.
            EntryType::Regular if member.path.ends_with(b"/") => Kind::Directory,
            // POSIX: what is not known is a file.
            _ => Kind::File,
        };
        member.mode = (header.mode().unwrap_or(0) & 0o7777) as u16;
        let told = match pax.size {
            Some(size) => size,
            None => number_of(header.entry_size())?,
        };
        // Tools disagree on sizes of what has no content; those for containers take none.
        let stored = if member.kind == Kind::File { told } else { 0 };
        self.begin(stored)?;
        member.holes = Holes::None;
        member.size = stored;
        if kind == EntryType::GNUSparse {
            member.holes = self.gnu_holes(header)?;
            member.size = number_of(header.size())?;
        } else if pax.map_in_front {
            member.holes = self.map_in_front()?;
            member.size = pax.real_size.unwrap_or(stored);
        } else if let Some(holes) = pax.holes() {
            member.holes = holes;
            member.size = pax.real_size.unwrap_or(stored);
        }
        member.at = self.at;
        Ok(())
    }

    /// Passes over what is left of this member.
    fn finish_member(&mut self) -> Result<(), Fault> {
        let left = self.content + self.padding;
        self.input.skip(left)?;
        self.at += left;
        (self.content, self.padding) = (0, 0);
        Ok(())
    }

    /// The next header. `None`: the archive is over, by a block of zeros or without one.
    fn header(&mut self) -> Result<Option<Header>, Fault> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) if self.at == 0 => return Err(Fault::NoArchive),
                Ok(0) => return Err(Fault::Cut),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.at += BLOCK;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if !sums_up(header.as_bytes(), header.cksum().ok()) {
            return Err(match self.at {
                BLOCK => Fault::NoArchive,
                _ => Fault::broken("a header of its tar archive is damaged"),
            });
        }
        Ok(Some(header))
    }

    /// A content of so many bytes begins.
    fn begin(&mut self, size: u64) -> Result<(), Fault> {
        self.content = size;
        self.padding = size.wrapping_neg() % BLOCK;
        let end = self.at.checked_add(size);
        let end = end.and_then(|end| end.checked_add(self.padding));
        end.map(drop)
            .ok_or_else(|| Fault::broken("a size in its tar archive is no size"))
    }

    /// Bytes of the content, which are then read.
    fn take(&mut self, into: &mut [u8]) -> Result<(), Fault> {
        let count = into.len() as u64;
        self.content = self.content.checked_sub(count).ok_or(Fault::Cut)?;
        self.input.read_exact(into)?;
        self.at += count;
        Ok(())
    }

    /// All of a long name, or of PAX records.
    fn records(&mut self, header: &Header) -> Result<Vec<u8>, Fault> {
        let size = number_of(header.entry_size())?;
        if size > MOST_RECORDS {
            return Err(Fault::broken(
                "a header of its tar archive is longer than 1 MiB",
            ));
        }
        self.begin(size)?;
        let mut records = vec![0; usize::try_from(size).map_err(|_| Fault::Cut)?];
        self.take(&mut records)?;
        Ok(records)
    }

    fn gnu_holes(&mut self, header: &Header) -> Result<Holes, Fault> {
        let mut segments = Segments::default();
        let Some(gnu) = header.as_gnu() else {
            return Ok(Holes::Unclear);
        };
        let mut add = |places: &[GnuSparseHeader]| -> Result<(), Fault> {
            for place in places.iter().filter(|place| !place.is_empty()) {
                segments.push(number_of(place.offset())?, number_of(place.length())?);
            }
            Ok(())
        };
        add(&gnu.sparse)?;
        let mut more = gnu.is_extended();
        while more {
            // These blocks are no part of the size.
            let mut block = GnuExtSparseHeader::new();
            self.input.read_exact(block.as_mut_bytes())?;
            self.at += BLOCK;
            add(&block.sparse)?;
            more = block.is_extended();
        }
        Ok(segments.finish())
    }

    /// The map of PAX's version 1.0: decimal numbers in lines, in whole blocks.
    fn map_in_front(&mut self) -> Result<Holes, Fault> {
        let mut segments = Segments::default();
        let mut block = [0; BLOCK as usize];
        let mut rest: &[u8] = &[];
        let mut digits = Vec::new();
        let (mut left, mut at) = (None, None);
        while left != Some(0) {
            let Some((byte, after)) = rest.split_first() else {
                self.take(&mut block)?;
                rest = &block;
                continue;
            };
            let byte = *byte;
            rest = after;
            if byte != b'\n' {
                digits.push(byte);
                if digits.len() > 20 {
                    return Err(Fault::broken("a map of holes is malformed"));
                }
                continue;
            }
            let value = number(&digits)?;
            digits.clear();
            match (left, at.take()) {
                (None, _) if value > MOST_NUMBERS => return Ok(Holes::Unclear),
                (None, _) => left = Some(value),
                (Some(_), None) => at = Some(value),
                (Some(count), Some(at)) => {
                    segments.push(at, value);
                    left = Some(count - 1);
                }
            }
            // `rest` borrows the block, which is read anew only when `rest` is empty.
        }
        Ok(segments.finish())
    }

    /// These parts of the file (ascending, apart, within its size), with zeros where it has holes.
    pub(in crate::image) fn ranges(
        &mut self,
        member: &Member,
        wanted: &[Range<u64>],
    ) -> Result<Vec<(u64, Vec<u8>)>, Fault> {
        let mut parts = Vec::with_capacity(wanted.len());
        for range in wanted {
            let length = usize::try_from(range.end.saturating_sub(range.start));
            parts.push((range.start, vec![0; length.map_err(|_| Fault::Cut)?]));
        }
        for piece in member.holes.pieces(member.size, wanted)? {
            let target = parts.get_mut(piece.range);
            let Some(target) = target.and_then(|(_, bytes)| bytes.get_mut(piece.to)) else {
                continue;
            };
            let place = member.at.checked_add(piece.from);
            let ahead = place
                .and_then(|place| place.checked_sub(self.at))
                .ok_or(Fault::Cut)?;
            self.content = self.content.checked_sub(ahead).ok_or(Fault::Cut)?;
            self.input.skip(ahead)?;
            self.at += ahead;
            self.take(target)?;
        }
        Ok(parts)
    }

    /// Lets the content of a file without holes be read from its start.
    pub(in crate::image) fn content<T>(
        &mut self,
        read: impl FnOnce(&mut dyn BufRead) -> std::io::Result<T>,
    ) -> Result<T, Fault> {
        let size = self.content;
        let mut part = Part::new(&mut self.input, size);
        let result = read(&mut part)?;
        let left = part.left();
        self.at += size - left;
        self.content = left;
        Ok(result)
    }

    /// Reads what follows the archive, so that a decoder sees the sums at the end.
    pub(in crate::image) fn finish(mut self) -> Result<(), Fault> {
        loop {
            let held = self.input.fill_buf()?.len();
            if held == 0 {
                return Ok(());
            }
            self.input.consume(held);
        }
    }
}

/// A GNU long name ends with a NUL.
fn text(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    bytes
}

fn number_of(field: std::io::Result<u64>) -> Result<u64, Fault> {
    field.map_err(|_| Fault::broken("a number in its tar archive is malformed"))
}

/// Whether the bytes of a header give its sum, for which its field counts as spaces. Some old tools added signed
/// bytes.
fn sums_up(block: &[u8; BLOCK as usize], told: Option<u32>) -> bool {
    const FIELD: Range<usize> = 148..156;
    let bytes = block
        .iter()
        .enumerate()
        .map(|(index, byte)| match FIELD.contains(&index) {
            true => b' ',
            false => *byte,
        });
    let (unsigned, signed) = bytes.fold((0u32, 0i32), |(unsigned, signed), byte| {
        (
            unsigned + u32::from(byte),
            signed + i32::from(byte.cast_signed()),
        )
    });
    told.is_some_and(|told| told == unsigned || i64::from(told) == i64::from(signed))
}
