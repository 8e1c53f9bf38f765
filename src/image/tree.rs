//! The files of an image as the program in it sees them: all layers on each other, without what upper ones
//! removed. Links are followed inside the image alone.

use crate::collect::exe::Shown;

/// The root file system of an image. Paths are absolute inside it.
pub trait Tree: Sync {
    /// The bytes of a regular file of 1 MiB at most; of a database of packages, however long, the lines that
    /// [`in_database`](crate::collect::packages::in_database) looks at. `Ok(None)`: it does not exist.
    ///
    /// # Errors
    /// What is there and cannot be had, see [`Unread`].
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unread>;

    /// The names in a directory, sorted. `Ok(None)`: it does not exist.
    ///
    /// # Errors
    /// What is there and is no directory.
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, Unread>;

    /// Where a path leads once links are followed. `None`: nowhere.
    fn real(&self, path: &str) -> Option<String>;

    /// Whether a path leads to a regular file that somebody may execute.
    fn is_program(&self, path: &str) -> bool;

    /// What an executable shows of how it was made. `Ok(None)`: it does not exist.
    ///
    /// # Errors
    /// What is there and cannot be had, see [`Unread`].
    fn shown(&self, path: &str) -> Result<Option<Shown>, Unread>;
}

/// Why a file of an image is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is in the image, and was not kept when the image was read: it is fetched before the question is
    /// asked again.
    #[error("it was not read yet")]
    NotHeld,
    /// Any other reason, in words.
    #[error("{0}")]
    Because(String),
}
