//! Images made in memory, and what is read of them.

mod archives;
mod damage;
mod hostile;
mod layers;
mod programs;

use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::{Image, ImageError, Platform, Unread, open, open_within};

/// A tar archive that is being made, with names that no tool would write.
#[derive(Default)]
pub(in crate::image) struct Tar(pub(in crate::image) Vec<u8>);

impl Tar {
    pub(in crate::image) fn add(
        mut self,
        name: &[u8],
        kind: EntryType,
        link: &[u8],
        mode: u32,
        content: &[u8],
    ) -> Self {
        for (text, kind) in [(link, b'K'), (name, b'L')] {
            if text.len() > 100 {
                self = self.header(b"././@LongLink", EntryType::new(kind), b"", 0, text);
            }
        }
        self.header(name, kind, link, mode, content)
    }

    fn header(
        mut self,
        name: &[u8],
        kind: EntryType,
        link: &[u8],
        mode: u32,
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
        fields.linkname[..link.len().min(100)].copy_from_slice(&link[..link.len().min(100)]);
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(in crate::image) fn file(self, name: &str, content: &str) -> Self {
        self.add(
            name.as_bytes(),
            EntryType::Regular,
            b"",
            0o644,
            content.as_bytes(),
        )
    }

    pub(in crate::image) fn program(self, name: &str, content: &[u8]) -> Self {
        self.add(name.as_bytes(), EntryType::Regular, b"", 0o755, content)
    }

    pub(in crate::image) fn directory(self, name: &str) -> Self {
        self.add(name.as_bytes(), EntryType::Directory, b"", 0o755, b"")
    }

    pub(in crate::image) fn symlink(self, name: &str, to: &str) -> Self {
        self.add(
            name.as_bytes(),
            EntryType::Symlink,
            to.as_bytes(),
            0o777,
            b"",
        )
    }

    pub(in crate::image) fn hard_link(self, name: &str, to: &str) -> Self {
        self.add(name.as_bytes(), EntryType::Link, to.as_bytes(), 0o644, b"")
    }

    pub(in crate::image) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

pub(in crate::image) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::image) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(in crate::image) fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A configuration for this machine.
pub(in crate::image) fn config(words: &[&str]) -> String {
    let platform = Platform::here();
    serde_json::json!({
        "os": platform.os, "architecture": platform.architecture,
        "config": {"Cmd": words},
    })
    .to_string()
}

/// An archive as `docker save` writes it.
pub(in crate::image) fn docker(layers: &[Vec<u8>], config: &str) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len())
        .map(|n| format!("{n}/layer.tar"))
        .collect();
    let name = format!("{}.json", digest(config.as_bytes()));
    let manifest =
        serde_json::json!([{"Config": name, "RepoTags": ["shop/web:1"], "Layers": names}]);
    let mut archive = Tar::default().file(&name, config);
    for (name, layer) in names.iter().zip(layers) {
        archive = archive.add(name.as_bytes(), EntryType::Regular, b"", 0o644, layer);
    }
    archive.file("manifest.json", &manifest.to_string()).end()
}

/// A file with these bytes, in a folder that is removed with the first value.
pub(in crate::image) fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// An image of these layers.
pub(in crate::image) fn image(layers: &[Vec<u8>]) -> Image {
    let (_folder, path) = file(&docker(layers, &config(&["/bin/app"])));
    // The file is open: that its name goes is no matter.
    open(&path, None).unwrap()
}

/// Why an archive of these bytes is refused, when it is opened or read.
#[track_caller]
pub(in crate::image) fn refused(bytes: &[u8]) -> ImageError {
    refused_within(bytes, super::LEAST_UNPACKED)
}

/// The same where so many bytes may come out of any image.
#[track_caller]
pub(in crate::image) fn refused_within(bytes: &[u8], least: u64) -> ImageError {
    let (_folder, path) = file(bytes);
    let asked =
        open_within(&path, None, least).and_then(|mut image| image.ask(|tree| tree.real("/")));
    let error = asked.unwrap_err();
    assert!(error.to_string().contains("image.tar"), "{error}");
    error
}

/// A file's text.
#[track_caller]
pub(in crate::image) fn read(image: &mut Image, path: &str) -> Option<String> {
    let bytes = image.ask(|tree| tree.read(path)).unwrap().unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Why a file is not to be had.
#[track_caller]
pub(in crate::image) fn unread(image: &mut Image, path: &str) -> Unread {
    image.ask(|tree| tree.read(path)).unwrap().unwrap_err()
}

/// The names in a directory.
#[track_caller]
pub(in crate::image) fn list(image: &mut Image, path: &str) -> Vec<String> {
    let names = image.ask(|tree| tree.list(path)).unwrap().unwrap();
    names.unwrap()
}

/// Where a path leads.
pub(in crate::image) fn real(image: &mut Image, path: &str) -> Option<String> {
    image.ask(|tree| tree.real(path)).unwrap()
}
