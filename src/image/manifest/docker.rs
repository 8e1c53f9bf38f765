//! Docker's own `manifest.json`: a list of images with the names of their parts in the archive; and the
//! manifest of the same name that a folder of one image has (`podman save --format docker-dir`).
//!
//! Follows Docker's "image v1.2" and `dir:` of containers-transports(5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Chosen, ImageError, Layer, Platform, Source, config, fits, missing, oci, parse, verified,
};
use crate::image::config::Config;
use crate::text::untrusted::clean;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
    /// Layers that are not in the archive.
    layer_sources: Option<BTreeMap<String, Box<RawValue>>>,
}

/// Whether a text has the fields of such a manifest, and is not somebody else's file of this name.
pub(super) fn is_manifest(text: &[u8]) -> bool {
    match text.trim_ascii_start() {
        [b'{', ..] => oci::is_manifest(text),
        _ => serde_json::from_slice::<Vec<Image>>(text).is_ok_and(|images| !images.is_empty()),
    }
}

/// From `manifest.json`.
pub(super) fn from_manifest(
    source: &Source,
    text: &[u8],
    platform: Option<&Platform>,
) -> Result<Chosen, ImageError> {
    if text.trim_ascii_start().starts_with(b"{") {
        return oci::from_folder(source, text, platform);
    }
    let images: Vec<Image> = parse(source, "manifest.json", text)?;
    let [image] = images.as_slice() else {
        return Err(several(source, images.iter().map(name)));
    };
    let digest = digest_of(&image.config);
    let stored = verified(source, &image.config, &digest.unwrap_or_default())?;
    let stored: config::Stored = parse(source, &image.config, &stored)?;
    let config = Config::from(stored);
    fits(source, &config, platform)?;
    let sources = image.layer_sources.as_ref();
    let elsewhere = sources.is_some_and(|sources| !sources.is_empty());
    let mut layers = Vec::new();
    for name in image.layers.iter().flatten() {
        let blob = source.blob(name)?;
        if blob.is_none() && !elsewhere {
            return Err(missing(source, name));
        }
        layers.push(Layer {
            name: name.clone(),
            blob,
        });
    }
    Ok(Chosen {
        name: image.repo_tags.iter().flatten().next().cloned(),
        config,
        layers,
    })
}

fn name(image: &Image) -> String {
    let tag = image.repo_tags.iter().flatten().next();
    tag.unwrap_or(&image.config).clone()
}

/// The digest that the name of a configuration is made of: `HEX.json`, `blobs/sha256/HEX`.
fn digest_of(name: &str) -> Option<String> {
    let last = name.rsplit('/').next()?;
    let hex = last.strip_suffix(".json").unwrap_or(last);
    let is_sum = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sum.then(|| format!("sha256:{}", hex.to_ascii_lowercase()))
}

/// None, or more than one, where one is meant.
pub(super) fn several(source: &Source, names: impl Iterator<Item = String>) -> ImageError {
    let names: Vec<String> = names.map(|name| clean(&name).into_owned()).collect();
    let path = source.path.clone();
    match names.as_slice() {
        [] => ImageError::NoImage {
            path,
            why: "the list of its images is empty".to_owned(),
        },
        names => {
            let more = names.len().saturating_sub(8);
            let mut images = names
                .get(..8.min(names.len()))
                .unwrap_or_default()
                .join(", ");
            if more > 0 {
                images.push_str(&format!(" and {more} more"));
            }
            ImageError::Several { path, images }
        }
    }
}
