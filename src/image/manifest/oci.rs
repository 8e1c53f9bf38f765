//! The OCI image layout: `index.json`, indexes in it, manifests for platforms, and their configurations and layers,
//! each named by its digest. Docker's media types mean the same.
//!
//! Follows the image-spec (image-layout.md, image-index.md, manifest.md).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::docker::several;
use super::{
    Chosen, ImageError, Layer, Platform, Source, config, fits, is_digest, missing, parse,
    platform_of, verified,
};
use crate::image::config::Config;
use crate::image::layer::Fault;
use crate::image::source::damaged;

/// How deep indexes are in each other; two is usual.
const DEEPEST: usize = 4;
/// Entries of all indexes together.
const MOST_ENTRIES: usize = 1024;
/// Annotations with a name for people, the better first.
const NAMES: [&str; 2] = [
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];
/// The annotation of what is about another manifest and is no image.
const ABOUT: &str = "vnd.docker.reference.type";

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: Option<String>,
    digest: String,
    platform: Option<Machine>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Machine {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

/// An index or a manifest: which one, its fields say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// A manifest that may be the one.
#[derive(Debug)]
struct Candidate {
    name: Option<String>,
    digest: String,
    platform: Option<Platform>,
}

/// From `index.json`.
pub(super) fn from_index(
    source: &Source,
    text: &[u8],
    wanted: Option<&Platform>,
) -> Result<Chosen, ImageError> {
    let layout = Layout {
        source,
        folder: "blobs/",
    };
    let index: Document = parse(source, "index.json", text)?;
    let mut candidates = Vec::new();
    let mut left = MOST_ENTRIES;
    layout.candidates(&index, None, DEEPEST, &mut left, &mut candidates)?;
    let candidate = layout.select(&candidates, wanted)?;
    let manifest = layout.manifest(&candidate.digest)?;
    layout.read(&manifest, candidate.name.clone(), wanted)
}

/// Whether a text has the fields of a manifest, and is not somebody else's file of this name.
pub(super) fn is_manifest(text: &[u8]) -> bool {
    let document: Option<Document> = serde_json::from_slice(text).ok();
    document.is_some_and(|document| document.config.is_some() && document.layers.is_some())
}

/// From the manifest of a folder that has one image, its parts beside it.
pub(super) fn from_folder(
    source: &Source,
    text: &[u8],
    wanted: Option<&Platform>,
) -> Result<Chosen, ImageError> {
    let layout = Layout { source, folder: "" };
    let manifest = parse(source, "manifest.json", text)?;
    layout.read(&manifest, None, wanted)
}

/// Where parts are by their digests.
struct Layout<'a> {
    source: &'a Source,
    folder: &'static str,
}

impl Layout<'_> {
    fn path(&self, digest: &str) -> Result<String, ImageError> {
        let (algorithm, hex) = digest.split_once(':').unwrap_or_default();
        match self.folder {
            _ if !is_digest(digest) => {
                let why = Fault::Broken("it is no digest".to_owned());
                Err(damaged(&self.source.path, digest, why))
            }
            "" => Ok(hex.to_owned()),
            folder => Ok(format!("{folder}{algorithm}/{hex}")),
        }
    }

    fn manifest(&self, digest: &str) -> Result<Document, ImageError> {
        let path = self.path(digest)?;
        parse(self.source, &path, &verified(self.source, &path, digest)?)
    }

    /// Whether a part is there.
    fn has(&self, digest: &str) -> Result<bool, ImageError> {
        Ok(self.source.blob(&self.path(digest)?)?.is_some())
    }

    fn candidates(
        &self,
        index: &Document,
        name: Option<&String>,
        depth: usize,
        left: &mut usize,
        found: &mut Vec<Candidate>,
    ) -> Result<(), ImageError> {
        for descriptor in index.manifests.iter().flatten() {
            let fewer = left.checked_sub(1);
            *left = fewer.ok_or_else(|| {
                let why = Fault::TooLarge(format!("has more than {MOST_ENTRIES} entries"));
                damaged(&self.source.path, "index.json", why)
            })?;
            let own = names(descriptor);
            let name = own.as_ref().or(name);
            let platform = platform(descriptor);
            if is_about_another(descriptor, platform.as_ref()) {
                continue;
            }
            let kind = descriptor.media_type.as_deref().unwrap_or_default();
            let is_index = kind.contains("image.index") || kind.contains("manifest.list");
            if is_index && depth > 0 && self.has(&descriptor.digest)? {
                let inner = self.manifest(&descriptor.digest)?;
                self.candidates(&inner, name, depth - 1, left, found)?;
            } else {
                found.push(Candidate {
                    name: name.cloned(),
                    digest: descriptor.digest.clone(),
                    platform,
                });
            }
        }
        Ok(())
    }

    /// The one that is meant.
    fn select<'a>(
        &self,
        candidates: &'a [Candidate],
        wanted: Option<&Platform>,
    ) -> Result<&'a Candidate, ImageError> {
        let digests: BTreeSet<&str> = candidates.iter().map(|one| one.digest.as_str()).collect();
        if let (Some(only), 1) = (candidates.first(), digests.len()) {
            // Whether it is for the platform, its configuration tells.
            return Ok(only);
        }
        // An archive that lists all platforms of an image often has the parts of one alone.
        let mut there = Vec::new();
        for candidate in candidates {
            if self.has(&candidate.digest)? {
                there.push((candidate, self.platform(candidate)?));
            }
        }
        if let ([(only, _)], None) = (there.as_slice(), wanted) {
            return Ok(only);
        }
        let here = Platform::here();
        let asked = wanted.unwrap_or(&here);
        let distance = |known: &Option<Platform>| {
            // What tells no platform may be any.
            known
                .as_ref()
                .map_or(Some(u8::MAX), |known| known.distance(asked))
        };
        let best = there.iter().filter_map(|(_, known)| distance(known)).min();
        let best: BTreeMap<&str, &Candidate> = there
            .iter()
            .filter(|(_, known)| best.is_some() && distance(known) == best)
            .rev()
            .map(|(candidate, _)| (candidate.digest.as_str(), *candidate))
            .collect();
        let named = |one: &&Candidate| one.name.clone().unwrap_or_else(|| one.digest.clone());
        match best.len() {
            1 => Ok(best
                .into_values()
                .next()
                .ok_or_else(|| missing(self.source, "index.json"))?),
            0 if there.is_empty() => Err(several(self.source, std::iter::empty())),
            0 => {
                let all: BTreeSet<String> = there
                    .iter()
                    .filter_map(|(_, known)| Some(known.as_ref()?.to_string()))
                    .collect();
                Err(ImageError::NoPlatform {
                    path: self.source.path.clone(),
                    wanted: asked.to_string(),
                    there: all.into_iter().collect::<Vec<_>>().join(", "),
                })
            }
            _ => Err(several(self.source, best.values().map(named))),
        }
    }

    /// For which machine a manifest is, by its configuration if its descriptor does not tell.
    fn platform(&self, candidate: &Candidate) -> Result<Option<Platform>, ImageError> {
        if candidate.platform.is_some() {
            return Ok(candidate.platform.clone());
        }
        let manifest = self.manifest(&candidate.digest)?;
        Ok(platform_of(&self.config(&manifest)?))
    }

    fn config(&self, manifest: &Document) -> Result<Config, ImageError> {
        let Some(config) = &manifest.config else {
            let why = Fault::Broken("it has no configuration, as an image has".to_owned());
            return Err(damaged(&self.source.path, "the manifest", why));
        };
        let path = self.path(&config.digest)?;
        let text = verified(self.source, &path, &config.digest)?;
        let stored: config::Stored = parse(self.source, &path, &text)?;
        Ok(stored.into())
    }

    fn read(
        &self,
        manifest: &Document,
        name: Option<String>,
        wanted: Option<&Platform>,
    ) -> Result<Chosen, ImageError> {
        let config = self.config(manifest)?;
        fits(self.source, &config, wanted)?;
        let mut layers = Vec::new();
        for layer in manifest.layers.iter().flatten() {
            let name = self.path(&layer.digest)?;
            let kind = layer.media_type.as_deref().unwrap_or_default();
            let elsewhere = kind.contains("foreign") || kind.contains("nondistributable");
            let blob = self.source.blob(&name)?;
            if blob.is_none() && !elsewhere {
                return Err(missing(self.source, &name));
            }
            layers.push(Layer { name, blob });
        }
        Ok(Chosen {
            name,
            config,
            layers,
        })
    }
}

fn names(descriptor: &Descriptor) -> Option<String> {
    let annotations = descriptor.annotations.as_ref()?;
    let name = NAMES.iter().find_map(|name| annotations.get(*name));
    name.filter(|name| !name.is_empty()).cloned()
}

fn platform(descriptor: &Descriptor) -> Option<Platform> {
    let machine = descriptor.platform.clone()?;
    let (os, architecture) = (machine.os?, machine.architecture?);
    Some(Platform::new(
        &os,
        &architecture,
        machine.variant.as_deref(),
    ))
}

/// Attestations and signatures.
fn is_about_another(descriptor: &Descriptor, platform: Option<&Platform>) -> bool {
    let annotations = descriptor.annotations.as_ref();
    let about = annotations.is_some_and(|annotations| annotations.contains_key(ABOUT));
    about || platform.is_some_and(|platform| platform.os == "unknown")
}
