//! Text that people read or wrote: what comes from the host and cannot be trusted, and the faults
//! that are found in files of the user's. Knows nothing of listeners.

pub mod diagnostic;
pub mod document;
pub mod fields;
pub mod hex;
pub mod locate;
pub mod name;
pub mod nearest;
pub mod positions;
pub mod schema;
pub mod shell;
pub mod tree;
pub mod untrusted;
