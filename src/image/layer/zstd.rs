//! A zstd stream of any number of frames, such as zstd:chunked writes: one a file, and some to be skipped.
//!
//! Follows RFC 8878. The decoder reads one frame; the sums at the ends of frames are compared here.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Fault;
use super::stream::{Allowance, pass_over};
use super::windows::{Large, SMALL, Windows};

/// The largest window: what zstd itself takes unless it is told otherwise (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`), and what
/// `zstd --ultra -22` and `zstd --long` write. One row of layers has such a window at a time.
const MOST_WINDOW: u64 = 1 << 27;

/// A decoder of frames with windows of so many bytes.
fn decoder(most: u64) -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(most);
    decoder
}

/// The bytes of a frame's header, some 18 at most, as they are read.
struct Recorded<R> {
    input: R,
    bytes: Vec<u8>,
}

impl<R> Recorded<R> {
    fn new(input: R) -> Self {
        let bytes = Vec::new();
        Self { input, bytes }
    }
}

impl<R: Read> Read for Recorded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        self.bytes.extend_from_slice(read);
        Ok(count)
    }
}

/// What a zstd stream holds.
pub(in crate::image) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    inside: bool,
    windows: Windows,
    large: Option<Large>,
}

impl<R: BufRead> Frames<R> {
    pub(in crate::image) fn new(input: R, allowance: &Allowance) -> Self {
        Self {
            input,
            decoder: decoder(SMALL),
            inside: false,
            windows: allowance.windows.clone(),
            large: None,
        }
    }

    /// Begins the next frame. `false`: there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            let mut header = Recorded::new(&mut self.input);
            match self.decoder.init(&mut header) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. })
                    if requested <= MOST_WINDOW =>
                {
                    let header = header.bytes;
                    self.large = Some(self.windows.large());
                    self.decoder = decoder(MOST_WINDOW);
                    let again = self.decoder.init(header.as_slice());
                    return again.map(|()| true).map_err(|error| self.fault(&error));
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => pass_over(&mut self.input, length.into())?,
                Err(error) => return Err(self.fault(&error)),
            }
        }
        Ok(false)
    }

    /// An error of the decoder: where the input is over, it was cut off.
    fn fault(&mut self, error: &FrameDecoderError) -> io::Error {
        match self.input.fill_buf() {
            Ok([]) => io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => io::Error::other(Fault::Broken(format!("zstd: {error}"))),
            Err(error) => error,
        }
    }

    fn end(&self) -> io::Result<()> {
        let told = self.decoder.get_checksum_from_data();
        if told.is_some() && told != self.decoder.get_calculated_checksum() {
            let why = Fault::broken("zstd: the checksum is another one");
            return Err(io::Error::other(why));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                if !self.begin()? {
                    return Ok(0);
                }
                self.inside = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.input, one) {
                    return Err(self.fault(&error));
                }
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.end()?;
            self.inside = false;
            if self.large.is_some() {
                // The window goes before the turn does.
                self.decoder = decoder(SMALL);
                self.large = None;
            }
        }
    }
}
