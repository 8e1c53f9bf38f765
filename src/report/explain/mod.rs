//! `backlint explain`: pages for people, from texts that the binary carries. No host is read.

pub mod index;
pub mod kinds;
pub mod library;
pub mod markdown;
pub mod page;
pub mod queue;
