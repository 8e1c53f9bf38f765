//! A container image as it lies on disk: an archive of `podman save` or `docker save`, an OCI layout, or a
//! folder that is a root file system. It is read where it is: nothing of it runs, is unpacked, or leads outside.
//!
//! Follows the OCI image specification (image-spec: layout, manifest, config, layer) and Docker's
//! `manifest.json`. Holds no opinion: what the image would listen on is worked out from [`Tree`] by others.

pub mod config;
pub mod tree;

pub use config::{Config, Exposed};
pub use tree::{Tree, Unread};
