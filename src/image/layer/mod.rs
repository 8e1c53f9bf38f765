//! One layer: a tar archive, plain, gzip or zstd, read from its start to its end and never unpacked to disk.
//!
//! Follows the image-spec (layer.md), tar(5) with its GNU and PAX extensions, RFC 1952 and RFC 8878. What a
//! layer says of itself is untrusted: sizes are believed only as far as bytes follow.

pub(super) mod decode;
pub(super) mod fetch;
pub(super) mod holes;
pub(super) mod journal;
pub(super) mod keep;
pub(super) mod members;
mod pax;
pub(super) mod scan;
pub(super) mod stream;
mod windows;
pub(super) mod zstd;

use std::io;

/// What a layer, or the archive around it, has that makes it unreadable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Fewer bytes than it says.
    #[error("it is cut off")]
    Cut,
    /// What stands first in it, or all of it, is no block of an archive.
    #[error("it is no tar archive")]
    NoArchive,
    /// It does not follow its format.
    #[error("{0}")]
    Broken(String),
    /// More than any layer has.
    #[error("{0}")]
    TooLarge(String),
}

impl Fault {
    pub(in crate::image) fn broken(why: &str) -> Self {
        Self::Broken(why.to_owned())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if let Some(fault) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Self>())
        {
            return fault.clone();
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Broken(error.to_string()),
        }
    }
}
