//! Container images, made by podman of this machine's own programs.

mod audit;
mod audit_errors;
mod audit_truth;
mod root;
