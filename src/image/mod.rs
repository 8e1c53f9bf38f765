//! A container image as it lies on disk: an archive of `podman save` or `docker save`, an OCI layout, or a
//! folder that is a root file system. It is read where it is: nothing of it runs, is unpacked, or leads outside.
//!
//! Follows the OCI image specification (image-spec: layout, manifest, config, layer) and Docker's
//! `manifest.json`. Holds no opinion: what the image would listen on is worked out from [`Tree`] by others.

pub mod config;
pub mod tree;

mod error;
mod folder;
mod platform;

use std::path::Path;

pub use config::{Config, Exposed};
pub use error::ImageError;
pub use platform::{NoPlatform, Platform};
pub use tree::{Tree, Unread};

use crate::collect::files::Root;
use crate::snapshot::Gap;
use error::shown;
use folder::Folder;

/// An image that was opened.
#[derive(Debug)]
pub struct Image {
    name: String,
    config: Option<Config>,
    files: Folder,
}

/// Opens an image: docker-save or OCI archive (tar), OCI layout folder, or root file system folder. Reads
/// how it is started, and no layers yet. `platform`: which one of several; `None`: the one of this machine, if there
/// are several.
///
/// # Errors
///
/// [`ImageError`].
pub fn open(path: &Path, _platform: Option<&Platform>) -> Result<Image, ImageError> {
    let root = Root::open(path).map_err(|error| ImageError::Unreadable {
        path: shown(path),
        why: error.to_string(),
    })?;
    let files = Folder::new(root).ok_or_else(|| ImageError::NoImage {
        path: shown(path),
        why: "the folder has neither index.json nor directories such as etc and usr".to_owned(),
    })?;
    Ok(Image {
        name: shown(path),
        config: None,
        files,
    })
}

impl Image {
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
        Ok(question(&self.files))
    }

    /// What could not be understood on the way (an entry that was left out, a file too large): for the record.
    pub fn gaps(&self) -> Vec<Gap> {
        Vec::new()
    }
}
