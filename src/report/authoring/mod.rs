//! What people who write rules are shown: the rules in force, the cases that ran, the names and fields that
//! there are, and the files that a new rule begins with.

pub mod list;
pub mod names;
pub mod schema;
pub mod skeleton;
pub mod tested;
