//! Images without running them: what is read of their files, and what is said of them.

mod audit;
mod audit_errors;
mod audit_truth;
mod read;
mod root;
