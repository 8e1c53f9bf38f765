//! What a trace of the host did not see: events that were lost, and calls that the kernel does not trace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::event::Place;
use super::fitting::{At, Fitting};
use crate::snapshot::{Gap, Namespace, Source};

/// Addresses that a gap names.
const SHOWN: usize = 3;

/// Events that the kernel or we could not keep.
pub(super) fn lost(lost: u64, forgotten: u64) -> Option<Gap> {
    let (count, why) = match (lost, forgotten) {
        (0, 0) => return None,
        (0, count) => (count, "more calls were made than are remembered"),
        (count, _) => (count, "calls were made faster than they could be read"),
    };
    let blinds = format!("what was asked for in {count} events of listen() or more");
    Some(Gap::new("trace", why, blinds))
}

/// What listens and was asked for by no call.
pub(super) fn uncalled(
    namespaces: &[Namespace],
    new: &[At],
    seen: &[(Option<String>, Place)],
) -> Option<Gap> {
    let mut places: BTreeSet<String> = BTreeSet::new();
    for (n, at) in new {
        let (namespace, listener) = (&namespaces[*n], &namespaces[*n].listeners[*at]);
        let of = match namespace.is_host() {
            true => String::new(),
            false => format!(" in {}", namespace.name),
        };
        let mut owners = listener.owners.iter();
        let by = owners.find_map(|owner| owner.comm.as_deref());
        let by = by.map_or(String::new(), |comm| format!(" of {comm}"));
        places.insert(format!("{}{by}{of}", listener.address));
    }
    let listed = Fitting::new(namespaces, new);
    for (comm, place) in seen.iter().filter(|(_, place)| !listed.has(place)) {
        let comm = comm.as_deref().unwrap_or("?");
        let name = place
            .address()
            .unwrap_or_else(|| "a port of the kernel's choice".to_owned());
        places.insert(format!("{name} of {comm}"));
    }
    let shown: Vec<&str> = places.iter().take(SHOWN).map(String::as_str).collect();
    let more = match places.len().checked_sub(SHOWN) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| {
        Gap::new(
            "trace",
            format!(
                "{}{more}: began to listen and no call of listen() was seen: made by a 32-bit program, by \
                 io_uring or by the kernel",
                shown.join(", ")
            ),
            "what was asked for there",
        )
    })
}

/// Listeners of 32-bit programs, whose calls this kernel does not trace (`arch_trace_is_compat_syscall`).
pub(super) fn narrow(namespaces: &[Namespace]) -> Option<Gap> {
    let listeners = namespaces.iter().flat_map(|netns| &netns.listeners);
    let unseen = listeners.filter(|it| {
        let source = it.requested.as_ref().map(|requested| requested.source);
        source != Some(Source::Trace)
    });
    let owners = unseen.flat_map(|listener| &listener.owners);
    let pids: BTreeMap<u32, Option<&str>> = owners
        .filter_map(|owner| Some((owner.pid?, owner.comm.as_deref())))
        .collect();
    let narrow = pids.into_iter().filter(|(pid, _)| is_narrow(*pid));
    let names: BTreeSet<&str> = narrow.map(|(_, comm)| comm.unwrap_or("?")).collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    (!shown.is_empty()).then(|| {
        let why = format!(
            "{} of 32-bit programs: their calls are not seen on this machine",
            shown.join(", ")
        );
        Gap::new("trace", why, "what they asked for meanwhile")
    })
}

/// Whether a process runs a 32-bit program (`ELFCLASS32`) on a 64-bit machine.
fn is_narrow(pid: u32) -> bool {
    let mut start = [0; 5];
    let program = File::open(Path::new("/proc").join(pid.to_string()).join("exe"));
    let read = program.and_then(|mut program| program.read_exact(&mut start));
    cfg!(target_pointer_width = "64") && read.is_ok() && start == *b"\x7fELF\x01"
}
