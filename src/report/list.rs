//! `backlint list` as a table.

use std::io;

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Segment};
use tabled::settings::{Alignment, Modify, Padding, Style};

use super::style::{Look, count, wrap};
use super::{assumed, place};
use crate::assess::{Confidence, Facts, LimitedBy, ListenerFacts, NetnsFacts};
use crate::services;
use crate::snapshot::{Listener, OWN_NETNS};
use crate::text::untrusted::clean;

/// Columns whose numbers are aligned to the right.
const NUMBERS: [usize; 6] = [2, 3, 4, 5, 6, 7];

const HEADER: [&str; 11] = [
    "PROTOCOL",
    "ADDRESS",
    "LEN",
    "MAX",
    "CAPACITY",
    "SYN",
    "DROPS",
    "ASKED",
    "LIMITED BY",
    "PROCESS",
    "UNIT OR CONTAINER",
];

/// Writes the listeners that `keep` names by namespace and index, in that order: the namespaces in the
/// order of their first listener there, then those that have none to show.
///
/// # Errors
/// What the writer says.
pub fn write(
    facts: &Facts<'_>,
    keep: &[(usize, usize)],
    look: Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let every: usize = facts
        .namespaces
        .iter()
        .map(|netns| netns.listeners.len())
        .sum();
    let filtered = keep.len() < every;
    if let Some(line) = assumed::line(facts) {
        for line in wrap(&clean(&line), look.width) {
            writeln!(out, "{}", look.strong(&line))?;
        }
    }
    let (mut left_out, mut told) = (0, false);
    for (index, rows) in blocks(facts, keep) {
        let Some(netns) = facts.namespaces.get(index) else {
            continue;
        };
        let counted = if rows.len() == netns.listeners.len() {
            count(rows.len(), "listener")
        } else {
            format!(
                "{} of {}",
                rows.len(),
                count(netns.listeners.len(), "listener")
            )
        };
        if rows.is_empty() && (filtered || !is_told(netns)) {
            left_out += 1;
            continue;
        }
        if told {
            writeln!(out)?;
        }
        told = true;
        let header = format!("{}, {counted}", place::line(facts, netns));
        writeln!(out, "{}", look.strong(&header))?;
        if rows.is_empty() {
            continue;
        }
        table(&rows, out)?;
    }
    if left_out > 0 {
        let gap = if told { "\n" } else { "" };
        let what = if filtered {
            "no such listener"
        } else {
            "no listener"
        };
        let line = format!("{} with {what}", count(left_out, "namespace"));
        writeln!(out, "{gap}{}", look.faint(&line))?;
    }
    Ok(())
}

/// The rows of each namespace, in the order of `keep`. Namespaces without any keep their place where
/// that is the order of the record, and follow otherwise.
fn blocks<'a>(
    facts: &'a Facts<'_>,
    keep: &[(usize, usize)],
) -> Vec<(usize, Vec<&'a ListenerFacts<'a>>)> {
    let mut by_netns: Vec<Vec<&ListenerFacts<'_>>> = vec![Vec::new(); facts.namespaces.len()];
    let mut order: Vec<usize> = Vec::new();
    for (index, n) in keep {
        let listener = facts
            .namespaces
            .get(*index)
            .and_then(|it| it.listeners.get(*n));
        if let (Some(rows), Some(listener)) = (by_netns.get_mut(*index), listener) {
            if rows.is_empty() {
                order.push(*index);
            }
            rows.push(listener);
        }
    }
    // In the order of the record a namespace that is told without any keeps its place.
    if order.is_sorted() {
        return by_netns.into_iter().enumerate().collect();
    }
    let empty = (0..by_netns.len()).filter(|index| !order.contains(index));
    let all: Vec<usize> = order.iter().copied().chain(empty).collect();
    all.into_iter()
        .map(|index| (index, std::mem::take(&mut by_netns[index])))
        .collect()
}

fn table(rows: &[&ListenerFacts<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    let mut builder = Builder::with_capacity(rows.len() + 1, HEADER.len());
    builder.push_record(HEADER);
    for listener in rows {
        builder.push_record(record(listener));
    }
    let mut table = builder.build();
    table.with(Style::empty());
    table.with(Modify::new(Segment::all()).with(Padding::new(0, 2, 0, 0)));
    for column in NUMBERS {
        table.modify(Columns::one(column), Alignment::right());
    }
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Whether a namespace gets a line even though nothing listens there: the host does, and one that
/// is alone.
fn is_told(netns: &NetnsFacts<'_>) -> bool {
    netns.namespace.is_host() || netns.namespace.name == OWN_NETNS
}

fn record(facts: &ListenerFacts<'_>) -> [String; 11] {
    let listener = facts.listener;
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |n| n.to_string());
    // What is only possible is marked.
    let doubt = match facts.confidence {
        Confidence::Possible => "?",
        Confidence::Likely | Confidence::Certain => "",
    };
    let asked = match &facts.requested {
        Some(requested) => {
            requested
                .backlog
                .map_or_else(|| "all".to_owned(), |n| n.to_string())
                + doubt
        }
        None => "-".to_owned(),
    };
    let limit = match facts.limited_by {
        Some(LimitedBy::Unknown) => LimitedBy::Unknown.name().to_owned(),
        Some(limit) => limit.name().to_owned() + doubt,
        None => "-".to_owned(),
    };
    [
        listener.protocol.name().to_owned(),
        clean(&listener.address).into_owned(),
        number(listener.accept_queue.len.map(u64::from)),
        number(listener.accept_queue.max.map(u64::from)),
        number(facts.capacity()),
        number(listener.syn_queue.len.map(u64::from)),
        number(listener.drops.map(u64::from)),
        asked,
        limit,
        process(facts),
        clean(belongs(listener)).into_owned(),
    ]
}

/// The container of a listener, else its unit: a container's unit only runs it.
fn belongs(listener: &Listener) -> &str {
    let container = listener.container.as_deref();
    container.or(listener.unit.as_deref()).unwrap_or("-")
}

/// `nginx(812) +3`: the process that serves the socket, and how many more are known to hold it.
fn process(facts: &ListenerFacts<'_>) -> String {
    let owners = &facts.listener.owners;
    let Some(owner) = services::speaker(owners) else {
        return "-".to_owned();
    };
    let comm = owner.comm.as_deref().unwrap_or("?");
    let mut out = clean(comm).into_owned();
    if let Some(pid) = owner.pid {
        out.push_str(&format!("({pid})"));
    }
    if owners.len() > 1 {
        out.push_str(&format!(" +{}", owners.len() - 1));
    }
    out
}
