//! `--netns`: which network namespaces are looked at.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use anyhow::anyhow;

use super::args::Where;
use super::containers::Containers;
use super::input::Failure;
use crate::collect::Sources;
use crate::collect::namespaces::{Namespaces, Netns, Reach};
use crate::containers;
use crate::snapshot::{Container, Namespace, Snapshot};

/// The smallest inode that nsfs gives (`PROC_DYNAMIC_FIRST`, fs/proc/generic.c): no pid is as large.
const FIRST_INODE: u64 = 0xF000_0000 - 0x1000;

/// Digits of a container's id that stand for it, at least.
const SHORTEST_ID: usize = 6;

/// Names that an error lists.
const SHOWN: usize = 20;

/// What `--netns` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Every one.
    All,
    /// The one that backlint runs in.
    Own,
    /// The one that a process is in.
    Pid(u32),
    /// The one with this inode.
    Inode(u64),
    /// By name.
    Name(String),
}

impl FromStr for Chosen {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // `net:[4026532200]` is how the kernel writes it.
        let inner = text
            .strip_prefix("net:[")
            .and_then(|rest| rest.strip_suffix(']'));
        let number = inner.unwrap_or(text).parse::<u64>().ok();
        let pid = number
            .filter(|_| inner.is_none())
            .and_then(|n| u32::try_from(n).ok());
        Ok(match (text, number, pid) {
            ("all", ..) => Self::All,
            ("self", ..) => Self::Own,
            (_, _, Some(pid)) if u64::from(pid) < FIRST_INODE => Self::Pid(pid),
            (_, Some(inode), _) => Self::Inode(inode),
            _ => Self::Name(text.to_owned()),
        })
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Own => f.write_str("self"),
            Self::Pid(pid) => pid.fmt(f),
            Self::Inode(inode) => inode.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What a command is to look at.
pub(super) enum Choice {
    /// Everything within reach.
    Reach(Reach),
    /// These namespaces.
    These(Namespaces),
}

/// Finds the namespaces that a command is to look at.
pub(super) fn choose(sources: &Sources, arguments: &Where) -> Result<Choice, Failure> {
    let everywhere = if arguments.deep {
        Reach::Deep
    } else {
        Reach::All
    };
    let chosen = arguments.netns.as_slice();
    if chosen.is_empty() {
        let root = rustix::process::geteuid().is_root();
        let reach = if root || arguments.deep {
            everywhere
        } else {
            Reach::OwnAndCount
        };
        return Ok(Choice::Reach(reach));
    }
    if chosen.contains(&Chosen::All) {
        return Ok(Choice::Reach(everywhere));
    }
    if chosen.iter().all(|chosen| *chosen == Chosen::Own) {
        return Ok(Choice::Reach(Reach::Own));
    }
    let found = Namespaces::find(sources, everywhere);
    let names = |chosen: &Chosen| matches!(chosen, Chosen::Name(_));
    let records = match chosen.iter().any(names) {
        true => identified(sources, &found),
        false => found.all.iter().map(Netns::record).collect(),
    };
    let mut kept: Vec<Netns> = Vec::new();
    for chosen in chosen {
        let all = found.all.iter().zip(&records);
        let mut matching = all
            .filter(|(netns, record)| is(netns, record, &records, chosen, sources))
            .peekable();
        if matching.peek().is_none() {
            return Err(missing(chosen, &records).into());
        }
        for (netns, _) in matching {
            if !kept.contains(netns) {
                kept.push(netns.clone());
            }
        }
    }
    Ok(Choice::These(Namespaces {
        all: kept,
        gaps: Vec::new(),
        follow: false,
        sharing: found.sharing,
    }))
}

/// The namespaces with the names of their containers, in the same order.
fn identified(sources: &Sources, found: &Namespaces) -> Vec<Namespace> {
    let mut snapshot = Snapshot {
        namespaces: found.all.iter().map(Netns::record).collect(),
        ..Snapshot::default()
    };
    let members: Vec<Vec<u32>> = found
        .all
        .iter()
        .map(|netns| netns.pids().to_vec())
        .collect();
    containers::identify(
        &mut snapshot,
        &members,
        &Containers::new(sources, found.sharing.clone()),
    );
    let with = |netns: &Netns| {
        let mut records = snapshot.namespaces.iter();
        let known = records.find(|record| record.id == netns.inode());
        known.cloned().unwrap_or_else(|| netns.record())
    };
    found.all.iter().map(with).collect()
}

/// The names of all namespaces within reach, by inode.
pub(super) fn names(sources: &Sources) -> Vec<(u64, String)> {
    let records = identified(sources, &Namespaces::find(sources, Reach::All));
    let names = records.into_iter().filter_map(|it| Some((it.id?, it.name)));
    names.collect()
}

/// Whether somebody gave a namespace this number for a name.
fn is_named(records: &[Namespace], chosen: &Chosen) -> bool {
    let name = chosen.to_string();
    records
        .iter()
        .any(|record| record.named.as_ref() == Some(&name))
}

fn is(
    netns: &Netns,
    record: &Namespace,
    records: &[Namespace],
    chosen: &Chosen,
    sources: &Sources,
) -> bool {
    match chosen {
        Chosen::All => true,
        Chosen::Own => netns.is_own(),
        // A name of digits is a name: whoever gave it means that.
        Chosen::Inode(_) | Chosen::Pid(_) if is_named(records, chosen) => {
            netns.named() == Some(chosen.to_string().as_str())
        }
        Chosen::Inode(inode) => netns.inode() == Some(*inode),
        Chosen::Pid(pid) => netns.holds(sources, *pid),
        Chosen::Name(name) => {
            let of_container = |container: &Container| {
                let id = container.id.as_deref();
                container.name == *name
                    || container.own_name() == name
                    || name.len() >= SHORTEST_ID
                        && id.is_some_and(|id| id.starts_with(name.as_str()))
            };
            record.name == *name
                || record.workload.as_ref() == Some(name)
                || netns.named() == Some(name)
                // The host's namespace is not that of a container that shares it.
                || !record.is_host() && record.containers.iter().any(of_container)
        }
    }
}

fn missing(chosen: &Chosen, records: &[Namespace]) -> anyhow::Error {
    let mut names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    names.sort_unstable();
    let mut known = names.join(", ");
    if more > 0 {
        known.push_str(&format!(" and {more} more"));
    }
    match chosen {
        Chosen::Pid(pid) => anyhow!(
            "--netns {pid}: no such process, or its network namespace may not be looked at; run as root"
        ),
        Chosen::Inode(inode) => {
            anyhow!("--netns {inode}: no network namespace has this inode; there are: {known}")
        }
        Chosen::Name(name) => {
            let hidden = ["thread/", "descriptor/"]
                .iter()
                .any(|kind| name.starts_with(kind));
            let hint = match (hidden, rustix::process::geteuid().is_root()) {
                (true, _) => "; --deep searches further",
                (false, false) => "; root sees all",
                (false, true) => "",
            };
            anyhow!("--netns {name}: no network namespace has this name; there are: {known}{hint}")
        }
        Chosen::All | Chosen::Own => anyhow!("no network namespace was found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_pids_or_inodes_by_their_size() {
        let of = |text: &str| text.parse::<Chosen>();
        assert_eq!(of("all"), Ok(Chosen::All));
        assert_eq!(of("self"), Ok(Chosen::Own));
        assert_eq!(of("4711"), Ok(Chosen::Pid(4711)));
        assert_eq!(of("4026531840"), Ok(Chosen::Inode(4_026_531_840)));
        assert_eq!(of("net:[4026532200]"), Ok(Chosen::Inode(4_026_532_200)));
        assert_eq!(of("99999999999"), Ok(Chosen::Inode(99_999_999_999)));
        for name in ["web", "docker/web", "7a", "net:[x]", "-1"] {
            assert_eq!(of(name), Ok(Chosen::Name(name.to_owned())));
        }
    }
}
