//! `backlint explain`: pages for people, from texts that the binary carries. No host is read.

pub mod queue;
