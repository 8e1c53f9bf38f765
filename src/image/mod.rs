//! A container image as it lies on disk: an archive of `podman save` or `docker save`, an OCI layout, or a
//! folder that is a root file system. It is read where it is: nothing of it runs, is unpacked, or leads outside.
//!
//! Follows the OCI image specification (image-spec: layout, manifest, config, layer) and Docker's
//! `manifest.json`. Holds no opinion: what the image would listen on is worked out from [`Tree`] by others.

pub mod config;
pub mod tree;

mod error;
mod folder;
mod held;
mod index;
mod layer;
mod layers;
mod manifest;
mod members;
mod oddities;
mod platform;
mod source;
mod view;

use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};

pub use config::{Config, Exposed};
pub use error::ImageError;
pub use platform::{NoPlatform, Platform};
pub use tree::{Tree, Unread};

use crate::collect::files::Root;
use crate::snapshot::Gap;
use crate::text::untrusted::clean;
use error::shown;
use folder::Folder;
use layer::stream::LEAST_UNPACKED;
use layers::Layers;
use manifest::Chosen;
use source::Source;

/// An image that was opened.
#[derive(Debug)]
pub struct Image {
    name: String,
    config: Option<Config>,
    files: Files,
}

#[derive(Debug)]
enum Files {
    Folder(Folder),
    Layers(Box<Layers>),
}

/// Opens an image: docker-save or OCI archive (tar), OCI layout folder, or root file system folder. Reads
/// how it is started, and no layers yet. `platform`: which one of several; `None`: the one of this machine, if there
/// are several. `-` is standard input, which has to be a file.
///
/// # Errors
///
/// [`ImageError`].
pub fn open(path: &Path, platform: Option<&Platform>) -> Result<Image, ImageError> {
    open_within(path, platform, LEAST_UNPACKED)
}

/// The same, where so many bytes may come out of any image, however small it is.
fn open_within(path: &Path, platform: Option<&Platform>, least: u64) -> Result<Image, ImageError> {
    let failed = |error: std::io::Error| ImageError::Unreadable {
        path: shown(path),
        why: error.to_string(),
    };
    let path = match path.as_os_str() == "-" {
        true => Path::new("/dev/stdin"),
        false => path,
    };
    // Looked at before it is opened: a pipe without a writer would be waited for.
    let status = rustix::fs::stat(path).map_err(|error| failed(error.into()))?;
    let source = match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => Source::folder(path, Root::open(path).map_err(failed)?, least),
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let file = rustix::fs::open(path, flags, Mode::empty());
            let file = file.map_err(|error| failed(error.into()))?;
            Source::archive(path, file.into(), least)?
        }
        _ => return Err(ImageError::NotSeekable { path: shown(path) }),
    };
    match manifest::choose(&source, platform)? {
        Some(chosen) => Ok(Image::of(path, source, chosen)),
        None if source.is_folder() => Image::of_root(path),
        None => Err(ImageError::NoImage {
            path: shown(path),
            why: "the archive has neither index.json nor manifest.json".to_owned(),
        }),
    }
}

impl Image {
    fn of(path: &Path, source: Source, chosen: Chosen) -> Self {
        let name = chosen.name.map(|name| clean(&name).into_owned());
        let files = Layers::new(source, chosen.layers, Some(&chosen.config));
        Self {
            name: name.unwrap_or_else(|| shown(path)),
            config: Some(chosen.config),
            files: Files::Layers(Box::new(files)),
        }
    }

    fn of_root(path: &Path) -> Result<Self, ImageError> {
        let root = Root::open(path).map_err(|error| ImageError::Unreadable {
            path: shown(path),
            why: error.to_string(),
        })?;
        let files = Folder::new(root).ok_or_else(|| ImageError::NoImage {
            path: shown(path),
            why: "the folder has neither index.json nor directories such as etc and usr".to_owned(),
        })?;
        Ok(Self {
            name: shown(path),
            config: None,
            files: Files::Folder(files),
        })
    }

    /// Its name for people: a tag, or the path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is started. A folder that is a root file system has no configuration: `None`.
    pub fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// Asks its files. What the question needed and was not kept ([`Unread::NotHeld`]) is fetched, and the question
    /// asked again, until nothing is left to fetch (bounded).
    ///
    /// # Errors
    ///
    /// [`ImageError`], of layers that are damaged.
    pub fn ask<T>(&mut self, mut question: impl FnMut(&dyn Tree) -> T) -> Result<T, ImageError> {
        match &mut self.files {
            Files::Folder(folder) => Ok(question(folder)),
            Files::Layers(layers) => layers.ask(&mut question),
        }
    }

    /// What could not be understood on the way (an entry that was left out, a file too large): for the record. Of an
    /// image in layers it is known once it was asked.
    pub fn gaps(&self) -> Vec<Gap> {
        match &self.files {
            Files::Folder(_) => Vec::new(),
            Files::Layers(layers) => layers.gaps(),
        }
    }
}

#[cfg(test)]
mod tests;
