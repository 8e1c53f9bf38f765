//! A folder that is a root file system: an unpacked image, a chroot, another host's disk. Files are read
//! where they are, through [`Root`], so that no link leads out of it.

use std::io::BufReader;
use std::path::Path;

use object::read::ReadCache;

use super::tree::{Tree, Unread};
use crate::collect::exe::{Shown, detect};
use crate::collect::files::{FileError, Root};
use crate::collect::packages;

/// What the first level of a root file system has, of which one is enough.
const FIRST_LEVEL: [&str; 12] = [
    "bin", "boot", "dev", "etc", "home", "lib", "opt", "proc", "run", "sbin", "usr", "var",
];
/// Bits of a file's mode that let somebody execute it.
pub(super) const EXECUTABLE: u32 = 0o111;

/// The files below a folder.
#[derive(Debug)]
pub(super) struct Folder(Root);

impl Folder {
    /// This folder, if it looks like a root file system.
    pub(super) fn new(root: Root) -> Option<Self> {
        is_root(&root).then_some(Self(root))
    }
}

/// Whether a folder looks like a root file system.
pub(super) fn is_root(root: &Root) -> bool {
    let known = |name: &str| root.leads(Path::new(name)).is_some();
    FIRST_LEVEL.iter().any(|name| known(name))
}

impl Tree for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unread> {
        let real = self.real(path).unwrap_or_default();
        if packages::databases().any(|known| known == real) {
            let file = self.0.file(Path::new(path)).map_err(|error| why(&error))?;
            return Ok(file.map(|(file, _)| packages::abridged(&mut BufReader::new(file))));
        }
        let content = self.0.read(Path::new(path)).map_err(|error| why(&error))?;
        Ok(content.map(|content| content.bytes))
    }

    fn list(&self, path: &str) -> Result<Option<Vec<String>>, Unread> {
        let names = self.0.list(Path::new(path)).map_err(|error| why(&error))?;
        let text = |name: std::path::PathBuf| name.to_str().map(str::to_owned);
        Ok(names.map(|(names, _)| names.into_iter().filter_map(text).collect()))
    }

    fn real(&self, path: &str) -> Option<String> {
        let real = self.0.leads(Path::new(path))?;
        real.to_str().map(str::to_owned)
    }

    fn is_program(&self, path: &str) -> bool {
        let file = self.0.file(Path::new(path));
        matches!(file, Ok(Some((_, status))) if status.st_mode & EXECUTABLE != 0)
    }

    fn shown(&self, path: &str) -> Result<Option<Shown>, Unread> {
        let file = self.0.file(Path::new(path)).map_err(|error| why(&error))?;
        Ok(file.map(|(file, _)| detect(&ReadCache::new(file))))
    }
}

fn why(error: &FileError) -> Unread {
    Unread::Because(error.to_string())
}
