//! `backlint trace --host`.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::anyhow;

use super::Watched;
use crate::cli::args::Trace;
use crate::cli::input::{self, Failure};
use crate::cli::{netns, output};
use crate::collect::boot::Depth;
use crate::collect::{Sources, Wanted};
use crate::rules::RuleSet;
use crate::services::Catalogue;
use crate::snapshot::{Listener, Snapshot};
use crate::text::untrusted::clean;
use crate::trace::Call;
use crate::trace::host;

/// Listeners that a note names.
const SHOWN: usize = 5;

/// Watches all processes, and looks at the host in the end.
pub(super) fn watched(
    arguments: &Trace,
    rules: &RuleSet,
    catalogue: &Catalogue,
) -> Result<Watched, Failure> {
    let trace = host::Trace::begin().map_err(|fault| anyhow!("{fault}"))?;
    for name in trace.swept() {
        output::note(&format!(
            "removed the tracefs instance {name}: an earlier trace was killed together with its guard"
        ));
    }
    let time = arguments
        .time
        .map_or(String::new(), |time| format!(" for {}", words(time)));
    output::note(&format!(
        "watching the calls of listen() of all processes{time}; Ctrl-C ends it"
    ));
    let wanted = wanted(rules, arguments);
    let sources = Sources::default();
    let mut names = Names::default();
    let end = (arguments.time, arguments.until_listening.as_slice());
    let traced = trace.run(end, &wanted, |call| names.tell(call, &sources));
    let traced = traced.map_err(|fault| anyhow!("{fault}"))?;
    let snapshot = input::complete(&sources, &wanted, traced.seen, catalogue);
    let gone = place(&snapshot, traced.gone);
    Ok(Watched {
        snapshot,
        gone,
        calls: traced.calls,
        untold: 0,
        cut: false,
        missing: traced.missing,
        ended: None,
    })
}

/// What is read in the end: what an audit reads and, where it is kept, what a snapshot has.
fn wanted(rules: &RuleSet, arguments: &Trace) -> Wanted {
    let mut wanted = Wanted {
        syn_queues: true,
        ..input::wanted(rules)
    };
    if arguments.output.is_some() {
        wanted.sysctls.extend(rules.recorded_sysctls());
        wanted.boot = Depth::Everything;
    }
    arguments.judging.assume.wanted(wanted)
}

/// What listens no more, by the place of its namespace in the record; what can be told of it is.
fn place(snapshot: &Snapshot, gone: Vec<host::Gone>) -> Vec<(usize, Listener)> {
    let mut places: Vec<String> = gone
        .iter()
        .map(|it| {
            let mut owners = it.listener.owners.iter();
            let comm = owners
                .find_map(|owner| owner.comm.as_deref())
                .unwrap_or("?");
            format!("{} of {comm}", it.listener.address)
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    if !places.is_empty() {
        let shown = places
            .iter()
            .take(SHOWN)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        let more = match places.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        output::note(&format!(
            "these listened meanwhile, do no more, and are not in the record: {shown}{more}"
        ));
    }
    let namespaces = snapshot.namespaces.iter().enumerate();
    let known: BTreeMap<u64, usize> = namespaces
        .filter_map(|(at, it)| Some((it.id?, at)))
        .collect();
    gone.into_iter()
        .filter_map(|it| Some((*known.get(&it.netns?)?, it.listener)))
        .collect()
}

/// The names of network namespaces, by inode.
#[derive(Default)]
struct Names(BTreeMap<u64, String>);

impl Names {
    /// One line a call. Nothing can be done if standard error is closed.
    fn tell(&mut self, call: &Call, sources: &Sources) {
        let socket = call.socket.as_ref().filter(|socket| socket.elsewhere);
        let place = match socket {
            None => String::new(),
            Some(socket) => format!(", in {}", self.of(socket.netns, sources)),
        };
        let line = format!("listen: {call}{place}");
        let _ = writeln!(io::stderr(), "{}", clean(&line));
    }

    fn of(&mut self, netns: Option<u64>, sources: &Sources) -> String {
        let Some(inode) = netns else {
            return "another network namespace".to_owned();
        };
        if !self.0.contains_key(&inode) {
            // New ones come together, as containers do.
            self.0.extend(netns::names(sources));
        }
        let name = self.0.entry(inode);
        name.or_insert_with(|| format!("network namespace {inode}"))
            .clone()
    }
}

fn words(time: Duration) -> String {
    match time.as_millis() % 1000 {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}
