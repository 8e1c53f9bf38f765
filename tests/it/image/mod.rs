//! Images without running them.

mod read;
