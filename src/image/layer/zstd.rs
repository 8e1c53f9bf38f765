//! A zstd stream of any number of frames, such as zstd:chunked writes: one a file, and some to be skipped.
//!
//! Follows RFC 8878. The decoder reads one frame; the sums at the ends of frames are compared here.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Fault;
use super::stream::pass_over;

/// The largest window: what zstd itself takes unless it is told otherwise (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`).
const MOST_WINDOW: u64 = 1 << 27;

/// What a zstd stream holds.
pub(in crate::image) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    pub(in crate::image) fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MOST_WINDOW);
        Self {
            input,
            decoder,
            inside: false,
        }
    }

    /// Begins the next frame. `false`: there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => return Ok(true),
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
        }
    }
}
