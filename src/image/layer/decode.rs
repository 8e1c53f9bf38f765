//! How bytes are packed, known by how they begin: media types and names of files are often wrong.

use flate2::bufread::MultiGzDecoder;

use super::stream::{Allowance, Skim, Unpacked};
use super::zstd::Frames;

/// Bytes that tell.
pub(in crate::image) const MAGIC: usize = 6;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::image) enum Packing {
    /// Not at all, or it is no format that is known.
    Plain,
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames.
    Zstd,
    /// One that container tools write too, but is not read here: its name.
    Other(&'static str),
}

impl Packing {
    /// By the first bytes.
    pub(in crate::image) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::Other("is packed with xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Other("is packed with bzip2"),
            [4, 0x22, 0x4d, 0x18, ..] => Self::Other("is packed with lz4"),
            _ => Self::Plain,
        }
    }

    /// Unpacks a stream.
    pub(in crate::image) fn decode<'a, S: Skim + 'a>(
        self,
        input: S,
        allowance: &Allowance,
    ) -> Box<dyn Skim + 'a> {
        match self {
            Self::Gzip => Box::new(Unpacked::new(MultiGzDecoder::new(input), allowance)),
            Self::Zstd => Box::new(Unpacked::new(Frames::new(input, allowance), allowance)),
            Self::Plain | Self::Other(_) => Box::new(input),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_known_by_the_first_bytes() {
        assert_eq!(Packing::of(b"\x1f\x8b\x08\0\0\0"), Packing::Gzip);
        assert_eq!(Packing::of(b"\x28\xb5\x2f\xfd\0\0"), Packing::Zstd);
        assert_eq!(Packing::of(b"\x50\x2a\x4d\x18\0\0"), Packing::Zstd);
        assert!(matches!(Packing::of(b"\xfd7zXZ\0"), Packing::Other(_)));
        assert!(matches!(Packing::of(b"BZh91A"), Packing::Other(_)));
        for plain in [b"etc/ho".as_slice(), b"", b"\x1f", b"BZhome"] {
            assert_eq!(Packing::of(plain), Packing::Plain);
        }
    }
}
