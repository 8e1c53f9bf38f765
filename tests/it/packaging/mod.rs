//! What `packaging/` hands out: the static binary, the image, the Debian package, manual pages and
//! completions. Each is used as its users do.

mod build;
mod completions;
mod debian;
pub(crate) mod generate;
mod image;
mod manual;
mod static_binary;
