//! Gives the listeners of all namespaces their owners, control groups and units.

use std::collections::BTreeSet;
use std::io;

use super::namespaces::in_first_pid_namespace;
use super::owners::Owners;
use super::part::Part;
use super::row::Row;
use super::{Sources, cgroup};
use crate::snapshot::Gap;

/// Inodes of the listeners of these parts.
pub(super) fn inodes<'a>(parts: impl Iterator<Item = &'a Part>) -> BTreeSet<u64> {
    parts.flat_map(Part::inodes).collect()
}

/// Writes the owners that were found into the rows.
pub(super) fn keep(
    sources: &Sources,
    parts: &mut [Part],
    owners: io::Result<Owners>,
    gaps: &mut Vec<Gap>,
) {
    let mut owners = owners.unwrap_or_else(|error| {
        let proc = sources.proc.to_string_lossy();
        gaps.push(Gap::new(
            proc,
            error.to_string(),
            "the owners of every listener",
        ));
        Owners::default()
    });
    let unseen = unseen(sources, owners.denied);
    let mut unowned = 0;
    let mut rows: Vec<&mut Row> = parts.iter_mut().flat_map(|part| &mut part.rows).collect();
    for Row { listener, .. } in rows.iter_mut().map(|row| &mut **row) {
        listener.owners = listener
            .inode
            .map_or_else(Vec::new, |inode| owners.take(inode));
        let missing = listener.owners.is_empty();
        listener.owners_complete = owners.complete && !(missing && unseen.is_some());
        unowned += u32::from(missing);
    }
    cgroup::assign(&sources.proc, &mut rows);
    if unowned > 0
        && let Some(why) = unseen
    {
        let listeners = if unowned == 1 {
            "listener"
        } else {
            "listeners"
        };
        let outside = in_first_pid_namespace(&sources.proc) == Some(false);
        let others = match outside {
            true => ", and the network namespaces of what is not seen",
            false => "",
        };
        gaps.push(Gap::new(
            "owners",
            format!("the processes of {unowned} {listeners} were not found: {why}"),
            format!("which programs these listeners belong to{others}"),
        ));
    }
}

/// Why there may be processes that were not looked into. `None`: all were, so a listener that no
/// process holds is the kernel's own.
fn unseen(sources: &Sources, denied: bool) -> Option<&'static str> {
    let outside = in_first_pid_namespace(&sources.proc) == Some(false);
    match denied {
        true if !rustix::process::geteuid().is_root() => Some("run as root"),
        true => Some("some processes refuse even root"),
        false if outside => {
            Some("processes outside of this pid namespace are not seen; run on the host")
        }
        false => None,
    }
}
