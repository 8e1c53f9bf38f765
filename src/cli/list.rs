//! `backlint list`.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::args::{List, ListFormat, Sort};
use super::assume::Judged;
use super::config::Config;
use super::input::Failure;
use super::{Run, image, input, output};
use crate::assess::{Facts, ListenerFacts};
use crate::collect::Wanted;
use crate::report::{Outcome, gaps, json, list, place};
use crate::services;
use crate::snapshot::{Listener, Snapshot, address};

pub(super) fn run(arguments: &List) -> Run {
    arguments.source.fits().map_err(anyhow::Error::msg)?;
    let config = Config::read(&arguments.config)?;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let snapshots: Vec<(String, Snapshot)> = if arguments.source.image.image.is_some() {
        let keys = place::sysctls().map(str::to_owned).collect();
        let snapshot = image::record(&arguments.source.image, &keys, &catalogue)?;
        vec![(String::new(), snapshot)]
    } else if arguments.source.snapshot.is_empty() {
        let sysctls = place::sysctls().map(str::to_owned).collect();
        let wanted = arguments.assume.wanted(Wanted {
            sysctls,
            owners: true,
            syn_queues: true,
            ..Wanted::default()
        });
        let snapshot = input::host(&arguments.source.place, &wanted, &catalogue)?;
        vec![(String::new(), snapshot)]
    } else {
        input::snapshots(&arguments.source.snapshot)?
    };
    if arguments.format == ListFormat::Json && snapshots.len() > 1 {
        let why = "JSON lists one source: give one --snapshot at a time";
        return Err(Failure::Other(anyhow::anyhow!(why)));
    }
    let seen = snapshots.iter().map(|(_, snapshot)| snapshot).collect();
    let assumptions = arguments.assume.assumptions();
    let judged = Judged::new(seen, &assumptions, &BTreeSet::new(), &catalogue)?;
    let all: Vec<Facts<'_>> = judged.facts(&catalogue).collect();
    output::result(Outcome::Clean, |out| {
        for (n, ((name, _), facts)) in snapshots.iter().zip(&all).enumerate() {
            if snapshots.len() > 1 {
                let gap = if n > 0 { "\n" } else { "" };
                writeln!(out, "{gap}{}", output::look().strong(name))?;
            }
            let keep = rows(facts, arguments);
            match arguments.format {
                ListFormat::Table => list::write(facts, &keep, output::look(), out)?,
                ListFormat::Json => json::list(facts, &keep, out)?,
            }
        }
        Ok(())
    })?;
    if arguments.format == ListFormat::Table {
        let gaps = all.iter().map(|facts| &facts.snapshot.gaps);
        for gap in gaps.flat_map(|gaps| gaps::together(gaps)) {
            output::note(&format!("gap: {gap}"));
        }
    }
    Ok(Outcome::Clean)
}

/// Which listeners to show, by namespace and index, in order.
fn rows(facts: &Facts<'_>, arguments: &List) -> Vec<(usize, usize)> {
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for (index, netns) in facts.namespaces.iter().enumerate() {
        let mut kept: Vec<usize> = (0..netns.listeners.len())
            .filter(|n| keeps(&netns.listeners[*n], arguments))
            .collect();
        // The key reads the port from text: once for each, not for each comparison.
        kept.sort_by_cached_key(|n| netns.listeners[*n].listener.sort_key());
        rows.extend(kept.into_iter().map(|n| (index, n)));
    }
    let of = |row: &(usize, usize)| &facts.namespaces[row.0].listeners[row.1];
    match arguments.sort {
        Sort::Address => {}
        Sort::Len => rows.sort_by_key(|row| Reverse(of(row).listener.accept_queue.len)),
        Sort::Max => rows.sort_by_key(|row| {
            let max = of(row).listener.accept_queue.max;
            (max.is_none(), max)
        }),
        Sort::Fill => rows.sort_by_key(|row| Reverse(fill(of(row)))),
        Sort::Syn => rows.sort_by_key(|row| Reverse(of(row).listener.syn_queue.len)),
        Sort::Drops => rows.sort_by_key(|row| Reverse(of(row).listener.drops)),
        Sort::Process => rows.sort_by_cached_key(|row| {
            let owner = services::speaker(&of(row).listener.owners);
            let comm = owner.and_then(|owner| owner.comm.clone());
            (comm.is_none(), comm)
        }),
    }
    rows
}

/// How full the accept queue is, in parts of a million.
fn fill(facts: &ListenerFacts<'_>) -> Option<u64> {
    let len = u64::from(facts.listener.accept_queue.len?);
    Some(len * 1_000_000 / facts.capacity()?)
}

fn keeps(facts: &ListenerFacts<'_>, arguments: &List) -> bool {
    let listener = facts.listener;
    let any = |wanted: bool, found: bool| !wanted || found;
    let protocol = arguments
        .protocol
        .iter()
        .any(|name| name.0 == listener.protocol);
    let port = address::port(listener.protocol, &listener.address);
    any(!arguments.protocol.is_empty(), protocol)
        && any(
            !arguments.port.is_empty(),
            port.is_some_and(|port| arguments.port.contains(&port)),
        )
        && any(
            !arguments.process.is_empty(),
            arguments.process.iter().any(|name| held_by(facts, name)),
        )
}

/// Whether a listener's container has this name, with or without its runtime's before it.
fn is_in_container(listener: &Listener, name: &str) -> bool {
    let container = listener.container.as_deref();
    container.is_some_and(|known| {
        known == name || known.split_once('/').is_some_and(|(_, own)| own == name)
    })
}

fn held_by(facts: &ListenerFacts<'_>, name: &str) -> bool {
    let listener = facts.listener;
    let unit = listener.unit.as_deref();
    facts.service_name() == Some(name)
        || unit == Some(name)
        || is_in_container(listener, name)
        || unit.is_some_and(|unit| unit.strip_suffix(".service") == Some(name))
        || listener.owners.iter().any(|owner| {
            let exe = owner.exe.as_deref();
            owner.comm.as_deref() == Some(name)
                || exe == Some(name)
                || exe.is_some_and(|exe| exe.rsplit('/').next() == Some(name))
                || owner.pid.is_some_and(|pid| pid.to_string() == name)
        })
}
