//! The files of an image for the stages that read some: those of services, of scripts and of sysctl.d.

use std::path::{Path, PathBuf};

use crate::collect::below::Below;
use crate::collect::files::FileError;
use crate::collect::packages;
use crate::image::Tree;
use crate::services::start::Root;

/// The files of an image.
#[derive(Clone, Copy)]
pub(super) struct Files<'a>(pub(super) &'a dyn Tree);

impl Files<'_> {
    /// The bytes of a file that can be read.
    pub(super) fn bytes_of(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.read(path.to_str()?).ok().flatten()
    }
}

/// Bytes of a file that are looked at to tell a text from a program.
const BEGINNING: usize = 4096;

impl Root for Files<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let bytes = self.0.read(path).ok().flatten()?;
        let beginning = bytes.get(..BEGINNING.min(bytes.len()))?;
        let is_text = !beginning.contains(&0);
        is_text.then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, path: &str) -> Vec<String> {
        self.0.list(path).ok().flatten().unwrap_or_default()
    }

    fn real(&self, path: &str) -> Option<String> {
        self.0.real(path)
    }

    fn is_program(&self, path: &str) -> bool {
        self.0.is_program(path)
    }
}

impl Below for Files<'_> {
    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        let text = path.to_str().unwrap_or_default();
        self.0
            .read(text)
            .map_err(|why| FileError::because(why.to_string()))
    }

    fn entries(&self, path: &Path) -> Result<Option<Vec<PathBuf>>, FileError> {
        let text = path.to_str().unwrap_or_default();
        let names = self
            .0
            .list(text)
            .map_err(|why| FileError::because(why.to_string()))?;
        Ok(names.map(|names| names.into_iter().map(PathBuf::from).collect()))
    }

    /// Where it leads: what the link itself says is not told, and no later stage needs it of an image.
    fn link(&self, path: &Path) -> Option<PathBuf> {
        let parent = path.parent()?.to_str()?;
        let own = Path::new(&self.0.real(parent)?).join(path.file_name()?);
        self.leads(path).filter(|real| *real != own)
    }

    fn leads(&self, path: &Path) -> Option<PathBuf> {
        self.0.real(path.to_str()?).map(PathBuf::from)
    }

    fn same_directory(&self, one: &Path, other: &Path) -> bool {
        let one = self.leads(one);
        one.is_some() && one == self.leads(other)
    }

    fn package(&self, name: &str) -> Option<String> {
        packages::databases().find_map(|path| {
            let text = self.0.read(path).ok().flatten()?;
            packages::in_database(path, text.as_slice(), name)
        })
    }
}
