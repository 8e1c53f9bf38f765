//! Fake hosts.
