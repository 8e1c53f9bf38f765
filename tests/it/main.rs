//! Integration tests: backlint as a library and as a program, against the real things.

// A failed helper of a test is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod assumed;
mod authoring;
mod bad_input;
mod boot;
mod docs;
mod explain;
mod fixtures;
mod formats;
mod gallery;
mod gate;
mod generated;
mod hardening;
mod image;
mod layering;
mod live;
mod matrix;
mod mistakes;
mod packaging;
mod pages;
mod patch_edit;
mod patch_places;
mod procps_reads;
mod records;
mod rules;
mod schemas;
mod services;
mod support;
mod targets;
mod trace;
mod why;
