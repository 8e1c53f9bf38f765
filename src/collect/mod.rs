//! Looks at the live host and writes down what is there. Holds no opinion.
//!
//! First the network namespaces are found (`namespaces`), then each is read by a thread inside it
//! (`part`): its listeners, sysctls and counters. Who holds the listeners (`owners`) and their control
//! groups (`cgroup`) are searched once, for all namespaces together. Whatever cannot be read becomes a
//! [`Gap`]; only a host without any listener table is an error.

pub mod below;
pub mod boot;
pub mod exe;
pub mod files;
pub mod host;
pub mod namespaces;
pub mod one;
pub mod packages;
pub mod processes;

mod cgroup;

mod counters;
mod holders;
mod inet;
mod listeners;
mod look;
mod netlink;
mod owners;
mod part;
mod proc_dir;
mod proc_net;
mod protocols;
mod row;
mod sctp;
mod sockstat;
mod syn_queue;
mod sys;
mod sysctl;
mod unix;
mod vsock;

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use self::look::{Look, closed};
use self::namespaces::{Namespaces, Netns, Reach};
use self::netlink::Diag;
use self::part::{Begun, Part};
use self::row::Family;
use crate::snapshot::{Gap, Host, Listener, Namespace, SCHEMA, Snapshot};

/// Where the host is read from. Tests pass a fake tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Where procfs is, `/proc`.
    pub proc: PathBuf,
    /// Where sysfs is, `/sys`.
    pub sys: PathBuf,
    /// The root directory, `/`.
    pub root: PathBuf,
    /// Whether to ask sock_diag. `false` behaves as if the kernel refused it.
    pub netlink: bool,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
            root: PathBuf::from("/"),
            netlink: true,
        }
    }
}

/// What to read beyond the listeners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Dotted keys of sysctls, of any subtree.
    pub sysctls: BTreeSet<String>,
    /// Counters of /proc/net/netstat by name, such as `TcpExt.ListenOverflows`.
    pub counters: BTreeSet<String>,
    /// Processes that hold the listeners, with their control groups and units.
    pub owners: bool,
    /// Lengths of the SYN queues, for which the kernel walks all connections.
    pub syn_queues: bool,
    /// The persistent sysctl configuration.
    pub boot: boot::Depth,
}

/// Why nothing could be audited.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Neither sock_diag nor /proc has a table of listeners.
    #[error("no table of listeners could be read: {why}")]
    NoTable {
        /// What each way said.
        why: String,
    },
}

/// What was seen, and what the record does not keep of it.
#[derive(Debug)]
pub struct Seen {
    /// The record.
    pub snapshot: Snapshot,
    /// For each of its namespaces, in its order: pids of processes in it, ascending.
    pub members: Vec<Vec<u32>>,
    /// Processes that have the caller's mount namespace, ascending. `None`: nobody looked.
    pub sharing: Option<Vec<u32>>,
}

/// Looks at the network namespace of the calling thread.
///
/// # Errors
///
/// [`CollectError`] when no listener table at all could be read.
pub fn snapshot(sources: &Sources, wanted: &Wanted) -> Result<Snapshot, CollectError> {
    let own = Namespaces::find(sources, Reach::Own);
    Ok(look(sources, wanted, own)?.snapshot)
}

/// Looks at the network namespaces within reach; the calling thread's is read while the others are
/// searched.
///
/// # Errors
///
/// [`CollectError`] when no listener table at all could be read.
pub fn look_around(sources: &Sources, wanted: &Wanted, reach: Reach) -> Result<Seen, CollectError> {
    let (namespaces, own) = thread::scope(|scope| {
        let search = || Namespaces::find(sources, reach);
        let helper = thread::Builder::new().spawn_scoped(scope, search);
        let own = Begun::read(sources, wanted);
        let namespaces = match helper.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(namespaces)) => namespaces,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread was to be had.
            Err(_) => search(),
        };
        (namespaces, own)
    });
    look_at(sources, wanted, namespaces, Some(own))
}

/// Looks at these network namespaces.
///
/// # Errors
///
/// [`CollectError`] when no listener table at all could be read.
pub fn look(
    sources: &Sources,
    wanted: &Wanted,
    namespaces: Namespaces,
) -> Result<Seen, CollectError> {
    look_at(sources, wanted, namespaces, None)
}

/// Looks at namespaces, of which the calling thread's may have been read already.
fn look_at(
    sources: &Sources,
    wanted: &Wanted,
    namespaces: Namespaces,
    own: Option<Begun>,
) -> Result<Seen, CollectError> {
    let Namespaces {
        all,
        mut gaps,
        follow,
        sharing,
    } = namespaces;
    let mut look = Look {
        sources,
        wanted,
        read: Vec::new(),
        refused: Vec::new(),
    };
    let mut owners = look.read(&all, own, follow);
    if let Some(Ok(owners)) = owners.as_mut().filter(|_| follow) {
        look.follow(&all, owners);
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut found: Vec<Netns> = Vec::new();
    for (netns, part) in look.read {
        match part.blind.as_ref().filter(|_| !netns.is_own()) {
            Some(why) => look.refused.push(closed(&netns, why)),
            None => {
                found.push(netns);
                parts.push(part);
            }
        }
    }
    if let Some(why) = no_table(&parts, &look.refused) {
        return Err(CollectError::NoTable { why });
    }
    gaps.extend(look.refused);
    if let Some(owners) = owners {
        holders::keep(sources, &mut parts, owners, &mut gaps);
    }
    Ok(Seen {
        sharing,
        ..record(sources, wanted, found, parts, gaps)
    })
}

/// Why nothing could be read; `None`: at least one namespace was.
fn no_table(parts: &[Part], refused: &[Gap]) -> Option<String> {
    if parts.iter().any(|part| part.blind.is_none()) {
        return None;
    }
    let own = parts.iter().find_map(|part| part.blind.clone());
    let other = || {
        refused
            .first()
            .map(|gap| format!("{}: {}", gap.what, gap.why))
    };
    Some(
        own.or_else(other)
            .unwrap_or_else(|| "there is no namespace to look at".to_owned()),
    )
}

/// Puts the parts together, the host's first and the others by name.
fn record(
    sources: &Sources,
    wanted: &Wanted,
    found: Vec<Netns>,
    parts: Vec<Part>,
    mut gaps: Vec<Gap>,
) -> Seen {
    let several = found.len() > 1;
    let mut both: Vec<(Netns, Part)> = found.into_iter().zip(parts).collect();
    both.sort_by(|(a, _), (b, _)| a.order().cmp(&b.order()));
    let mut namespaces = Vec::with_capacity(both.len());
    let mut members = Vec::with_capacity(both.len());
    for (netns, part) in both {
        let mut listeners: Vec<Listener> = part.rows.into_iter().map(|row| row.listener).collect();
        listeners.sort_by_cached_key(|listener| {
            let (protocol, port, address, inode) = listener.sort_key();
            (protocol, port, address.to_owned(), inode)
        });
        let named = netns.record();
        gaps.extend(part.gaps.into_iter().map(|gap| Gap {
            netns: several.then(|| named.name.clone()),
            ..gap
        }));
        namespaces.push(Namespace {
            rootless: part
                .rootless
                .filter(|rootless| *rootless || !named.is_host()),
            pid: netns.pids.first().copied().filter(|_| !named.is_host()),
            sysctls: part.sysctls,
            counters: part.counters,
            listeners,
            ..named
        });
        members.push(netns.pids);
    }
    let (files, boot) = match wanted.boot {
        boot::Depth::Nothing => (None, None),
        depth => {
            let (files, boot) = boot::read(&sources.root, depth, Some(&sources.proc), &mut gaps);
            (Some(files), Some(boot))
        }
    };
    let snapshot = Snapshot {
        written_by: None,
        schema: SCHEMA.to_owned(),
        host: host::read(&sources.root),
        image: None,
        namespaces,
        files,
        boot,
        gaps,
    };
    Seen {
        snapshot,
        members,
        sharing: None,
    }
}

/// What sets these sysctls on the machine: its files, and the values in the caller's own network
/// namespace. No listeners.
pub fn machine(sources: &Sources, keys: &[String]) -> Snapshot {
    let mut gaps = Vec::new();
    let keys: BTreeSet<String> = keys.iter().cloned().collect();
    let own = Namespaces::find(sources, Reach::Own).all;
    let own = own.first().map(Netns::record);
    let mut own = own.unwrap_or_else(|| Namespace::new(crate::snapshot::OWN_NETNS));
    own.sysctls = sysctl::read(&sources.proc, &keys, &mut gaps);
    let host = host::read(&sources.root);
    configured(&sources.root, Some(&sources.proc), host, own, gaps)
}

/// What sets sysctls on the system that is installed below `root`, which does not run.
pub fn tree(root: &Path) -> Snapshot {
    let own = Namespace::new(crate::snapshot::HOST_NETNS);
    configured(root, None, host::installed(root), own, Vec::new())
}

fn configured(
    root: &Path,
    proc: Option<&Path>,
    host: Host,
    own: Namespace,
    mut gaps: Vec<Gap>,
) -> Snapshot {
    let (files, boot) = boot::read(root, boot::Depth::Everything, proc, &mut gaps);
    Snapshot {
        written_by: None,
        schema: SCHEMA.to_owned(),
        host,
        image: None,
        namespaces: vec![own],
        files: Some(files),
        boot: Some(boot),
        gaps,
    }
}

/// Reads further sysctls of the calling thread's network namespace into its record, if the record begins
/// with it. A key that is not there is recorded as absent; one that cannot be read is in neither list,
/// and no gap: some may be written only.
pub fn read_more(sources: &Sources, keys: &BTreeSet<String>, snapshot: &mut Snapshot) {
    let own = std::fs::metadata(sources.proc.join("thread-self/ns/net"));
    let own = own.ok().map(|file| file.ino());
    let Some(first) = snapshot.namespaces.first_mut() else {
        return;
    };
    if own.is_none() || first.id != own {
        return;
    }
    let known = |key: &&String| !first.sysctls.contains_key(*key);
    let keys: BTreeSet<String> = keys.iter().filter(known).cloned().collect();
    let mut unread = Vec::new();
    let values = sysctl::read(&sources.proc, &keys, &mut unread);
    let there =
        |key: &String| values.contains_key(key) || unread.iter().any(|gap: &Gap| gap.what == *key);
    // Where all of /proc/sys is hidden, nothing is known to be absent.
    if !first.sysctls.is_empty() {
        first.absent = keys.iter().filter(|key| !there(key)).cloned().collect();
    }
    first.sysctls.extend(values);
}

/// Reads the two tables of TCP as often as it is called, through one socket, and counts their rows:
/// the dump alone, for benches.
///
/// # Errors
///
/// Those of sock_diag, here and with each call.
#[doc(hidden)]
pub fn dumper() -> io::Result<impl FnMut() -> io::Result<usize>> {
    let mut diag = Diag::open()?;
    Ok(move || {
        let (four, _) = listeners::dump(&mut diag, Family::Inet)?;
        let (six, _) = listeners::dump(&mut diag, Family::Inet6)?;
        Ok(four.len() + six.len())
    })
}

#[cfg(test)]
mod tests;
