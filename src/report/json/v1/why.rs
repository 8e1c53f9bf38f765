//! `backlint/why/v1`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Gap;
use crate::assess::why;
use crate::snapshot;
use crate::sysctl_conf::boot::{Assigned, Status};

/// What sets a sysctl, in version 1.
#[derive(Serialize)]
pub struct Why<'a> {
    schema: &'static str,
    key: &'a str,
    running: Option<&'a str>,
    kernel_default: Option<&'a str>,
    missing: Option<&'a str>,
    loader: Option<&'static str>,
    loader_known_by: &'a str,
    assignments: Vec<Assignment<'a>>,
    after_boot: BTreeMap<&'static str, Option<&'a str>>,
    notes: &'a [String],
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Assignment<'a> {
    file: &'a str,
    line: usize,
    key: &'a str,
    value: Option<&'a str>,
    status: &'static str,
    reason: &'a str,
}

impl<'a> Why<'a> {
    /// The answer in version 1.
    pub fn new(why: &'a why::Why, gaps: &'a [snapshot::Gap]) -> Self {
        let after = why.after_boot();
        Self {
            schema: "backlint/why/v1",
            key: &why.key,
            running: why.running.as_deref(),
            kernel_default: why.kernel_default.as_deref(),
            missing: why.missing.as_deref(),
            loader: why.runs.loader.map(snapshot::Loader::name),
            loader_known_by: &why.runs.how,
            assignments: why
                .history
                .assignments
                .iter()
                .map(Assignment::new)
                .collect(),
            after_boot: after
                .map(|(loader, value)| (loader.name(), value))
                .collect(),
            notes: &why.notes,
            gaps: gaps.iter().map(Gap::new).collect(),
        }
    }
}

impl<'a> Assignment<'a> {
    fn new(assigned: &'a Assigned) -> Self {
        Self {
            file: &assigned.file,
            line: assigned.line,
            key: &assigned.key,
            value: assigned.value.as_deref(),
            // What the kernel refuses has no effect either: version 1 knows no fifth status.
            status: match assigned.status {
                Status::Refused => Status::Dead.name(),
                status => status.name(),
            },
            reason: &assigned.reason,
        }
    }
}
