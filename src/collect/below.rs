//! A tree of files as those see it who read the persistent configuration below a root: a directory of this
//! machine, or the layers of an image.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{FileError, Root};
use super::packages;

/// Files below a root, which no path leads out of.
pub trait Below {
    /// The bytes of a regular file. `None`: it does not exist.
    ///
    /// # Errors
    /// [`FileError`].
    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError>;
    /// The names in a directory, sorted. `None`: it does not exist.
    ///
    /// # Errors
    /// [`FileError`].
    fn entries(&self, path: &Path) -> Result<Option<Vec<PathBuf>>, FileError>;
    /// What a symbolic link says, or where it leads, if its own text is not known. `None`: it is none.
    fn link(&self, path: &Path) -> Option<PathBuf>;
    /// Where a path leads after all symbolic links. `None`: nothing is there.
    fn leads(&self, path: &Path) -> Option<PathBuf>;
    /// Whether two paths lead to one directory.
    fn same_directory(&self, one: &Path, other: &Path) -> bool;
    /// The version of a package that is installed there.
    fn package(&self, name: &str) -> Option<String>;
}

impl FileError {
    /// Any other reason, in words.
    pub fn because(why: impl Into<String>) -> Self {
        Self::Io(io::Error::other(why.into()))
    }
}

impl Below for Root {
    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.read(path)?.map(|content| content.bytes))
    }

    fn entries(&self, path: &Path) -> Result<Option<Vec<PathBuf>>, FileError> {
        Ok(self.list(path)?.map(|(names, _)| names))
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        Self::link(self, path)
    }

    fn leads(&self, path: &Path) -> Option<PathBuf> {
        Self::leads(self, path)
    }

    fn same_directory(&self, one: &Path, other: &Path) -> bool {
        let one = self.directory(one);
        one.is_some() && one == self.directory(other)
    }

    fn package(&self, name: &str) -> Option<String> {
        packages::version(self, name)
    }
}
