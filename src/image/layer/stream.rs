//! Bytes that can be read in order and skipped: a part of a file, where skipping is seeking, or what comes
//! out of a decoder, where it is reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Fault;
use super::windows::Windows;

/// Bytes that are read at once from a file in which most is skipped.
const SMALL: usize = 16 * 1024;
/// Bytes that come out of a decoder at once.
const LARGE: usize = 128 * 1024;
/// Bytes that may come out of an image, however small it is packed.
pub(in crate::image) const LEAST_UNPACKED: u64 = 16 << 30;
/// As many times more bytes may come out of an image than it has itself; text becomes 5 to 20 times larger.
const MOST_TIMES: u64 = 64;

/// Bytes in order, of which some are passed over.
pub(in crate::image) trait Skim: BufRead {
    /// Passes over bytes.
    ///
    /// # Errors
    /// Those of reading; `UnexpectedEof` where there are fewer.
    fn skip(&mut self, count: u64) -> io::Result<()>;
}

impl<S: Skim + ?Sized> Skim for &mut S {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        (**self).skip(count)
    }
}

impl<S: Skim + ?Sized> Skim for Box<S> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        (**self).skip(count)
    }
}

/// A part of a file, read without moving a shared offset: several threads do it.
#[derive(Debug)]
pub(in crate::image) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Section {
    /// This part of a file, buffered.
    pub(in crate::image) fn new(file: Arc<File>, at: u64, size: u64) -> Self {
        let end = at.saturating_add(size);
        Self { file, at, end }
    }

    /// With a buffer for skipping.
    pub(in crate::image) fn skimmed(self) -> BufReader<Self> {
        BufReader::with_capacity(SMALL, self)
    }

    /// With a buffer for reading all of it.
    pub(in crate::image) fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(LARGE, self)
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        // A file that is shorter than the archive in it says is no end, but a cut.
        match count {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

impl Skim for BufReader<Section> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let held = self.buffer().len();
        match usize::try_from(count) {
            Ok(count) if count <= held => self.consume(count),
            _ => {
                self.consume(held);
                let section = self.get_mut();
                let at = section.at.checked_add(count - held as u64);
                let inside = at.filter(|at| *at <= section.end);
                section.at = inside.ok_or(io::ErrorKind::UnexpectedEof)?;
            }
        }
        Ok(())
    }
}

/// What the decoders of one image may take: how many bytes may still come out of them, however often it is read, and
/// whose turn it is to have a large window.
#[derive(Debug, Clone)]
pub(in crate::image) struct Allowance {
    bytes: Arc<AtomicU64>,
    pub(super) windows: Windows,
}

impl Allowance {
    /// For an image of so many bytes. `least`: what any image has.
    pub(in crate::image) fn new(size: u64, least: u64) -> Self {
        let most = size.saturating_mul(MOST_TIMES).max(least);
        Self {
            bytes: Arc::new(AtomicU64::new(most)),
            windows: Windows::default(),
        }
    }

    fn take(&self, count: u64) -> io::Result<()> {
        let left = |left: u64| left.checked_sub(count);
        let taken = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        taken.map(drop).map_err(|_| {
            let why = "becomes larger than any image when it is unpacked: it was made to exhaust who reads it";
            io::Error::other(Fault::TooLarge(why.to_owned()))
        })
    }
}

/// What comes out of a decoder, as much of it as is allowed.
#[derive(Debug)]
pub(in crate::image) struct Unpacked<D>(BufReader<Counted<D>>);

#[derive(Debug)]
struct Counted<D> {
    decoder: D,
    allowance: Allowance,
}

impl<D: Read> Unpacked<D> {
    pub(in crate::image) fn new(decoder: D, allowance: &Allowance) -> Self {
        let allowance = allowance.clone();
        let counted = Counted { decoder, allowance };
        Self(BufReader::with_capacity(LARGE, counted))
    }
}

impl<D: Read> Read for Counted<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.allowance.take(count as u64)?;
        Ok(count)
    }
}

impl<D: Read> Read for Unpacked<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<D: Read> BufRead for Unpacked<D> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl<D: Read> Skim for Unpacked<D> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        pass_over(&mut self.0, count)
    }
}

/// Reads bytes and forgets them.
pub(super) fn pass_over(input: &mut impl BufRead, mut count: u64) -> io::Result<()> {
    while count > 0 {
        let held = input.fill_buf()?.len();
        if held == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let now = usize::try_from(count).map_or(held, |count| count.min(held));
        input.consume(now);
        count -= now as u64;
    }
    Ok(())
}

/// The next bytes of a stream, as a stream.
pub(in crate::image) struct Part<'a> {
    input: &'a mut dyn Skim,
    left: u64,
}

impl<'a> Part<'a> {
    pub(in crate::image) fn new(input: &'a mut dyn Skim, size: u64) -> Self {
        Self { input, left: size }
    }

    /// Bytes that were not read.
    pub(in crate::image) fn left(&self) -> u64 {
        self.left
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = self.fill_buf()?;
        let count = held.len().min(buffer.len());
        let (Some(to), Some(from)) = (buffer.get_mut(..count), held.get(..count)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Part<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let held = self.input.fill_buf()?;
        if held.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = usize::try_from(self.left).map_or(held.len(), |left| left.min(held.len()));
        Ok(held.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        self.input.consume(count);
    }
}

impl Skim for Part<'_> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let left = self.left.checked_sub(count);
        self.left = left.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.input.skip(count)
    }
}

/// Bytes in memory.
impl Skim for &[u8] {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let rest = usize::try_from(count)
            .ok()
            .and_then(|count| self.get(count..));
        *self = rest.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(())
    }
}
