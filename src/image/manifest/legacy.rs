//! Archives of Docker before 1.10: `repositories` names the uppermost layer, and each layer names the one below.
//!
//! Follows Docker's "image v1".

use std::collections::{BTreeMap, BTreeSet};

use super::docker::several;
use super::{
    Chosen, ImageError, Layer, MOST_LAYERS, Platform, Source, config, fits, missing, parse,
};
use crate::image::config::Config;

/// From `repositories`.
pub(super) fn from_repositories(
    source: &Source,
    text: &[u8],
    platform: Option<&Platform>,
) -> Result<Chosen, ImageError> {
    let repositories: BTreeMap<String, BTreeMap<String, String>> =
        parse(source, "repositories", text)?;
    let tags: Vec<(String, &String)> = repositories
        .iter()
        .flat_map(|(name, tags)| {
            tags.iter()
                .map(move |(tag, id)| (format!("{name}:{tag}"), id))
        })
        .collect();
    let ids: BTreeSet<&String> = tags.iter().map(|(_, id)| *id).collect();
    let (Some((name, top)), 1) = (tags.first(), ids.len()) else {
        return Err(several(source, tags.iter().map(|(name, _)| name.clone())));
    };
    let mut layers = Vec::new();
    let mut config = None;
    let mut next = Some((*top).clone());
    while let Some(id) = next.take() {
        let described = format!("{id}/json");
        let text = source.text(&described)?;
        let text = text.ok_or_else(|| missing(source, &described))?;
        let mut stored: config::Stored = parse(source, &described, &text)?;
        next = stored.parent.take().filter(|parent| !parent.is_empty());
        config.get_or_insert_with(|| Config::from(stored));
        let name = format!("{id}/layer.tar");
        let blob = source.blob(&name)?;
        let blob = Some(blob.ok_or_else(|| missing(source, &name))?);
        layers.push(Layer { name, blob });
        // Each its own parent, for one that was made by hand: more than any image has, and refused for that.
        if layers.len() > MOST_LAYERS {
            break;
        }
    }
    layers.reverse();
    let config = config.unwrap_or_default();
    fits(source, &config, platform)?;
    Ok(Chosen {
        name: Some(name.clone()),
        config,
        layers,
    })
}
