//! Where the parts of an image are: in a tar archive, which may be packed itself, or in a folder. Parts are
//! found by name and read where they are.
//!
//! An archive's headers are read once, its contents passed over. Of one that is packed that is a whole reading; its
//! small texts are kept meanwhile, and its layers are read in a second one, all in the archive's order.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::error::{ImageError, shown};
use super::folder;
use super::layer::Fault;
use super::layer::decode::{MAGIC, Packing};
use super::layer::stream::{Allowance, Part, Section, Skim};
use super::members::{self, Table};
use crate::collect::files::{FileError, Root};

/// Bytes of a text that describes an image; registries take 4 MiB.
pub(super) const MOST_TEXT: u64 = 8 << 20;

/// A part of an image.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) place: Place,
    pub(super) size: u64,
    pub(super) packing: Packing,
}

/// Where a part is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In a file.
    File(Arc<File>, u64),
    /// In what comes out of the archive.
    Packed(u64),
}

/// The parts of an image.
#[derive(Debug)]
pub(super) struct Source {
    /// For messages.
    pub(super) path: String,
    /// What may come out of any image.
    least: u64,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    Archive {
        file: Arc<File>,
        size: u64,
        packing: Packing,
        table: Table,
        allowance: Allowance,
    },
    Folder(Root),
}

impl Source {
    /// A folder.
    pub(super) fn folder(path: &Path, root: Root, least: u64) -> Self {
        Self {
            path: shown(path),
            least,
            parts: Parts::Folder(root),
        }
    }

    /// An archive.
    pub(super) fn archive(path: &Path, file: File, least: u64) -> Result<Self, ImageError> {
        let path = shown(path);
        let failed = |error: std::io::Error| ImageError::Unreadable {
            path: path.clone(),
            why: error.to_string(),
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(ImageError::NotSeekable { path });
        }
        let size = metadata.len();
        if size == 0 {
            let why = "the file is empty".to_owned();
            return Err(ImageError::NoImage { path, why });
        }
        let packing = Packing::of(&head(&file, 0, size).map_err(failed)?);
        if let Packing::Other(why) = packing {
            let (part, why) = ("the archive".to_owned(), why.to_owned());
            return Err(ImageError::Unknown { path, part, why });
        }
        let file = Arc::new(file);
        let allowance = Allowance::new(size, least);
        let table = match packing {
            Packing::Plain => members::seek(&file, size),
            _ => {
                let section = Section::new(Arc::clone(&file), 0, size).buffered();
                members::stream(packing.decode(section, &allowance))
            }
        };
        let table = table.map_err(|fault| match fault {
            Fault::NoArchive => ImageError::NoImage {
                path: path.clone(),
                why: "the file is no tar archive".to_owned(),
            },
            fault => damaged(&path, "the archive", fault),
        })?;
        Ok(Self {
            path,
            least,
            parts: Parts::Archive {
                file,
                size,
                packing,
                table,
                allowance,
            },
        })
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.parts, Parts::Folder(_))
    }

    /// Whether it is a folder that looks like a root file system.
    pub(super) fn is_root(&self) -> bool {
        matches!(&self.parts, Parts::Folder(root) if folder::is_root(root))
    }

    /// Whether a folder has something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        matches!(&self.parts, Parts::Folder(root) if root.leads(Path::new(name)).is_some())
    }

    /// A part by its name. `None`: there is none.
    pub(super) fn blob(&self, name: &str) -> Result<Option<Blob>, ImageError> {
        let root = match &self.parts {
            Parts::Archive { table, .. } => return Ok(table.blob(name).cloned()),
            Parts::Folder(root) => root,
        };
        let failed = |why: String| damaged(&self.path, name, Fault::Broken(why));
        let file = match root.file(Path::new(name)) {
            Ok(Some((file, _))) => file,
            Ok(None) | Err(FileError::Dangling) => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        let size = file.metadata().map_err(|error| failed(error.to_string()))?;
        let size = size.len();
        let head = head(&file, 0, size).map_err(|error| failed(error.to_string()))?;
        Ok(Some(Blob {
            place: Place::File(Arc::new(file), 0),
            size,
            packing: Packing::of(&head),
        }))
    }

    /// All of a text by its name. `None`: there is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(blob) = self.blob(name)? else {
            return Ok(None);
        };
        let too_large = || {
            let why = format!("has more than {MOST_TEXT} bytes");
            damaged(&self.path, name, Fault::TooLarge(why))
        };
        if blob.size > MOST_TEXT {
            return Err(too_large());
        }
        match (&blob.place, &self.parts) {
            (Place::File(file, at), _) => {
                let mut bytes = vec![0; usize::try_from(blob.size).map_err(|_| too_large())?];
                let read = file.read_exact_at(&mut bytes, *at);
                read.map_err(|error| damaged(&self.path, name, error.into()))?;
                Ok(Some(bytes))
            }
            (Place::Packed(at), Parts::Archive { table, .. }) => match table.text(*at) {
                Some(text) => Ok(Some(text.to_vec())),
                None => Err(too_large()),
            },
            (Place::Packed(_), Parts::Folder(_)) => Ok(None),
        }
    }

    /// Divides parts (given by their place in `blobs`) into rows that are read side by side, each in its order.
    pub(super) fn rows(&self, blobs: &[(usize, &Blob)], most: usize) -> Vec<Vec<usize>> {
        let mut sorted = blobs.to_vec();
        if let Parts::Archive { packing, .. } = &self.parts
            && *packing != Packing::Plain
        {
            // One decoder can only go forward.
            let at = |blob: &Blob| match blob.place {
                Place::Packed(at) | Place::File(_, at) => at,
            };
            sorted.sort_by_key(|(_, blob)| at(blob));
            return vec![sorted.iter().map(|(index, _)| *index).collect()];
        }
        sorted.sort_by_key(|(index, blob)| (std::cmp::Reverse(blob.size), *index));
        let mut rows: Vec<(u64, Vec<usize>)> = vec![(0, Vec::new()); most.max(1)];
        for (index, blob) in sorted {
            if let Some(shortest) = rows.iter_mut().min_by_key(|(size, _)| *size) {
                shortest.0 = shortest.0.saturating_add(blob.size);
                shortest.1.push(index);
            }
        }
        let rows = rows.into_iter().map(|(_, row)| row);
        rows.filter(|row| !row.is_empty()).collect()
    }

    /// How much may come out of these parts: of an archive, what its table left.
    pub(super) fn allowance<'a>(&self, blobs: impl Iterator<Item = &'a Blob>) -> Allowance {
        match &self.parts {
            Parts::Archive { allowance, .. } => allowance.clone(),
            Parts::Folder(_) => {
                let sizes = blobs.map(|blob| blob.size);
                Allowance::new(sizes.fold(0, u64::saturating_add), self.least)
            }
        }
    }

    /// Reads a row of parts, each unpacked, and stops at the first that cannot be read.
    pub(super) fn each<'a>(
        &self,
        row: impl Iterator<Item = &'a Blob>,
        allowance: &Allowance,
        mut read: impl FnMut(&mut dyn Skim, Packing) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut outer = None;
        for blob in row {
            match &blob.place {
                Place::File(file, at) => {
                    let section = Section::new(Arc::clone(file), *at, blob.size);
                    let section = match blob.packing {
                        Packing::Plain => section.skimmed(),
                        _ => section.buffered(),
                    };
                    read(&mut *blob.packing.decode(section, allowance), blob.packing)?;
                }
                Place::Packed(at) => {
                    let Parts::Archive {
                        file,
                        size,
                        packing,
                        ..
                    } = &self.parts
                    else {
                        continue;
                    };
                    let (stream, here) = outer.get_or_insert_with(|| {
                        let section = Section::new(Arc::clone(file), 0, *size).buffered();
                        (packing.decode(section, allowance), 0)
                    });
                    // The same layer may be in an image twice.
                    if *at < *here {
                        let section = Section::new(Arc::clone(file), 0, *size).buffered();
                        (*stream, *here) = (packing.decode(section, allowance), 0);
                    }
                    stream.skip(*at - *here)?;
                    let mut part = Part::new(&mut **stream, blob.size);
                    read(
                        &mut *blob.packing.decode(&mut part, allowance),
                        blob.packing,
                    )?;
                    let left = part.left();
                    part.skip(left)?;
                    *here = *at + blob.size;
                }
            }
        }
        Ok(())
    }
}

/// The first bytes of a part of a file.
pub(super) fn head(file: &File, at: u64, size: u64) -> std::io::Result<Vec<u8>> {
    let mut head = [0; MAGIC];
    let most = usize::try_from(size).map_or(MAGIC, |size| size.min(MAGIC));
    let wanted = head.get_mut(..most).unwrap_or_default();
    let count = file.read_at(wanted, at)?;
    Ok(head.get(..count).unwrap_or_default().to_vec())
}

/// An error about a part of an image.
pub(super) fn damaged(path: &str, part: &str, fault: Fault) -> ImageError {
    let path = path.to_owned();
    let part = crate::text::untrusted::clean(part).into_owned();
    match fault {
        Fault::TooLarge(why) => ImageError::TooLarge { path, part, why },
        fault => ImageError::Damaged {
            path,
            part,
            why: fault.to_string(),
        },
    }
}
