//! Records as a product: their schema, older ones, what `--redact` and `--minimal` make of them, and what
//! `backlint diff` says of two.

mod canaries;
mod diff;
mod earlier;
mod fixtures;
mod full;
mod generated;
mod minimal;
mod redact;
mod schema;
