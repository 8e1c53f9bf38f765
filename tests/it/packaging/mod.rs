//! What `packaging/` hands out: the static binary, the image, the Debian package, manual pages and
//! completions. Each is used as its users do.

mod completions;
pub(crate) mod generate;
mod manual;
