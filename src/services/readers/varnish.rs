//! `listen_depth` of Varnish.

use super::{Context, Reading};

pub(super) fn read(_: &mut Context<'_>) -> Reading {
    Reading::default()
}
