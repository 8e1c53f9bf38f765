//! backlint finds the `listen()` backlogs that Linux silently truncated, says which limit holds
//! each accept queue back, and hands over the change that takes effect.
//!
//! The modules are the stages of one pipeline, and imports point one way (ARCHITECTURE.md draws
//! it, `tests/it/layering.rs` enforces it):
//!
//! `{cores, text} ← snapshot ← {collect, containers, kernel, services, sysctl_conf} ← {image, trace} ← assess ← rules ← gate ← compare ← advise ← cases ← report ← cli`

mod cores;
pub mod text;

pub mod snapshot;

pub mod collect;
pub mod containers;
pub mod kernel;
pub mod services;
pub mod sysctl_conf;

pub mod image;

pub mod trace;

pub mod assess;

pub mod rules;

pub mod gate;

pub mod compare;

pub mod advise;

pub mod cases;

pub mod report;

pub mod cli;
