//! Which image of an archive is meant, how it is started, and which layers it has.
//!
//! What is in JSON is read as far as it is needed: fields that are not known are passed over, `null` is nothing.

mod config;
mod docker;
mod legacy;
mod oci;

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256, Sha512};

use super::config::Config;
use super::error::ImageError;
use super::layer::Fault;
use super::layer::decode::Packing;
use super::platform::Platform;
use super::source::{Blob, Source, damaged};
use crate::text::untrusted::clean;

/// Layers that an image may have; overlayfs takes 500, Docker 127.
const MOST_LAYERS: usize = 1024;

/// The image that is read.
#[derive(Debug)]
pub(super) struct Chosen {
    /// A tag. `None`: it has none.
    pub(super) name: Option<String>,
    pub(super) config: Config,
    /// The lowest first.
    pub(super) layers: Vec<Layer>,
}

/// A layer.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Its name in the archive.
    pub(super) name: String,
    /// `None`: it is kept elsewhere, because it may not be distributed.
    pub(super) blob: Option<Blob>,
}

/// Finds the image. `None`: nothing in the source describes one.
pub(super) fn choose(
    source: &Source,
    platform: Option<&Platform>,
) -> Result<Option<Chosen>, ImageError> {
    // Docker writes index.json beside manifest.json since 25; it knows platforms and digests.
    let chosen = if let Some(text) = about(source, "index.json")? {
        oci::from_index(source, &text, platform)?
    } else if let Some(text) = about(source, "manifest.json")? {
        docker::from_manifest(source, &text, platform)?
    } else if let Some(text) = about(source, "repositories")? {
        legacy::from_repositories(source, &text, platform)?
    } else {
        return Ok(None);
    };
    if chosen.layers.len() > MOST_LAYERS {
        let why = format!("has more than {MOST_LAYERS} layers");
        return Err(damaged(&source.path, "the image", Fault::TooLarge(why)));
    }
    let known = chosen
        .layers
        .iter()
        .filter_map(|layer| Some((layer, layer.blob.as_ref()?)));
    for (layer, blob) in known {
        if let Packing::Other(why) = blob.packing {
            return Err(ImageError::Unknown {
                path: source.path.clone(),
                part: clean(&layer.name).into_owned(),
                why: why.to_owned(),
            });
        }
    }
    Ok(Some(chosen))
}

/// A text of this name that describes an image. A root file system may have a file of that name too, as a web
/// application's, or a directory: there it has to look like one.
fn about(source: &Source, name: &str) -> Result<Option<Vec<u8>>, ImageError> {
    if !source.is_root() {
        return source.text(name);
    }
    let describes = match name {
        "index.json" => source.has("oci-layout") || source.has("blobs"),
        "manifest.json" => source
            .text(name)
            .is_ok_and(|text| text.is_some_and(|text| docker::is_manifest(&text))),
        _ => false,
    };
    match describes {
        true => source.text(name),
        false => Ok(None),
    }
}

/// Reads JSON.
fn parse<T: DeserializeOwned>(source: &Source, part: &str, text: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(text).map_err(|error| {
        // Without the parser's words on values, which may be anything.
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            serde_json::error::Category::Data => "it has not the fields that it should have",
            _ => "it is no JSON",
        };
        let why = format!("{what} (line {line}, column {column})");
        damaged(&source.path, part, Fault::Broken(why))
    })
}

/// Insists that an image is for the platform that was asked for.
fn fits(source: &Source, config: &Config, wanted: Option<&Platform>) -> Result<(), ImageError> {
    let (Some(wanted), Some(there)) = (wanted, platform_of(config)) else {
        return Ok(());
    };
    match there.distance(wanted) {
        Some(_) => Ok(()),
        None => Err(ImageError::NoPlatform {
            path: source.path.clone(),
            wanted: wanted.to_string(),
            there: there.to_string(),
        }),
    }
}

/// For which machine an image says that it is.
fn platform_of(config: &Config) -> Option<Platform> {
    let (os, architecture) = (config.os.as_deref()?, config.architecture.as_deref()?);
    let (architecture, variant) = match architecture.split_once('/') {
        Some((architecture, variant)) => (architecture, Some(variant)),
        None => (architecture, None),
    };
    Some(Platform::new(os, architecture, variant))
}

fn missing(source: &Source, part: &str) -> ImageError {
    damaged(
        &source.path,
        part,
        Fault::Broken("it is missing".to_owned()),
    )
}

/// The text of a part whose digest (`sha256:…`) is told: it is what was meant.
///
/// Layers are not compared with their digests: a sum over them takes as long as unpacking does, and whoever can
/// replace a layer can replace the manifest above it. Damage by accident is seen by gzip's and zstd's own sums.
fn verified(source: &Source, part: &str, digest: &str) -> Result<Vec<u8>, ImageError> {
    let text = source.text(part)?.ok_or_else(|| missing(source, part))?;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let (algorithm, told) = digest.split_once(':').unwrap_or_default();
    let same = match algorithm {
        "sha256" => hex(&Sha256::digest(&text)) == told,
        "sha512" => hex(&Sha512::digest(&text)) == told,
        // Registered for the future; what is not known is not refused.
        _ => true,
    };
    match same {
        true => Ok(text),
        false => {
            let why = Fault::Broken("it is not what its digest says".to_owned());
            Err(damaged(&source.path, part, why))
        }
    }
}

/// Whether text is such a digest, of which a path is made.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let name = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+._-".contains(&byte)
        };
        let words = !algorithm.is_empty() && algorithm.bytes().all(name);
        words
            && !algorithm.starts_with('.')
            && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
