//! A container image in version 1: what was looked at in place of something that runs.

use serde::Serialize;

use crate::snapshot;

#[derive(Serialize)]
pub(super) struct Image<'a> {
    name: Option<&'a str>,
    platform: Option<&'a str>,
    entrypoint: &'a [String],
    command: &'a [String],
    exposed: &'a [String],
    boots: bool,
}

impl<'a> Image<'a> {
    pub(super) fn new(image: &'a snapshot::Image) -> Self {
        Self {
            name: image.name.as_deref(),
            platform: image.platform.as_deref(),
            entrypoint: &image.entrypoint,
            command: &image.command,
            exposed: &image.exposed,
            boots: image.boots,
        }
    }
}
