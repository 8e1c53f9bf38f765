//! Looks at the live host and writes down what is there. Holds no opinion.
//!
//! The order is that of cost: the listener tables first (`listeners`), then who holds them
//! (`owners`), their control groups (`cgroup`), and the sysctls and counters of the namespace.
//! Whatever cannot be read becomes a [`Gap`]; only a host without any listener table is an error.
//! One call looks at one network namespace: that of the calling thread.

pub mod files;
pub mod host;
pub mod packages;
pub mod processes;

mod cgroup;

mod counters;
mod exe;
mod inet;
mod listeners;
mod netlink;
mod netns;
mod owners;
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

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::thread;

use self::listeners::{Tables, Way};
use self::netlink::Diag;
use self::owners::Owners;
use self::row::{Family, Requests, Row};
use crate::snapshot::{Gap, Listener, Namespace, SCHEMA, Snapshot};

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
    /// Texts of the persistent sysctl configuration.
    pub files: bool,
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

/// Looks at the network namespace of the calling thread.
///
/// # Errors
///
/// [`CollectError`] when no listener table at all could be read.
pub fn snapshot(sources: &Sources, wanted: &Wanted) -> Result<Snapshot, CollectError> {
    let mut tables = listeners::read(sources);
    let read = |way: &Way| matches!(way, Way::Diag | Way::Proc);
    if !tables.ways.values().any(read) {
        return Err(no_table(&tables));
    }
    let (answers, owners) = look(sources, wanted, &mut tables);
    let mut gaps = std::mem::take(&mut tables.gaps);
    if wanted.syn_queues {
        syn_queues(&mut tables, answers, &mut gaps);
    }
    if let Some(owners) = owners {
        keep_owners(sources, &mut tables.rows, owners, &mut gaps);
    }
    let netns = netns::current(sources);
    let mut listeners: Vec<Listener> = tables.rows.into_iter().map(|row| row.listener).collect();
    listeners.sort_by_cached_key(|listener| {
        let (protocol, port, address, inode) = listener.sort_key();
        (protocol, port, address.to_owned(), inode)
    });
    let namespace = Namespace {
        id: netns.id,
        sysctls: sysctl::read(&sources.proc, &wanted.sysctls, &mut gaps),
        counters: counters::read(&sources.proc, &wanted.counters, &mut gaps),
        listeners,
        ..Namespace::new(netns.name)
    };
    Ok(Snapshot {
        schema: SCHEMA.to_owned(),
        host: host::read(&sources.root),
        namespaces: vec![namespace],
        files: wanted
            .files
            .then(|| files::sysctl_files(&sources.root, &mut gaps)),
        gaps,
    })
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

fn no_table(tables: &Tables) -> CollectError {
    let whys: BTreeSet<&str> = tables
        .ways
        .values()
        .map(|way| match way {
            Way::Unread(why) => why,
            _ => "the kernel has none",
        })
        .collect();
    CollectError::NoTable {
        why: whys.into_iter().collect::<Vec<_>>().join("; "),
    }
}

/// The requests of one family, or why they could not be read.
type Answer = (Family, io::Result<Requests>);

/// Reads the SYN queues and searches the owners, side by side where the walk of all connections
/// takes long.
fn look(
    sources: &Sources,
    wanted: &Wanted,
    tables: &mut Tables,
) -> (Vec<Answer>, Option<io::Result<Owners>>) {
    let families: Vec<Family> = [Family::Inet, Family::Inet6]
        .into_iter()
        .filter(|family| wanted.syn_queues && tables.ways.get(family) == Some(&Way::Diag))
        .collect();
    let inodes: BTreeSet<u64> = tables
        .rows
        .iter()
        .filter_map(|row| row.listener.inode)
        .collect();
    let search = || wanted.owners.then(|| owners::find(&sources.proc, &inodes));
    if families.is_empty() || !tables.sockets.many() {
        let answers = requests(tables.diag.as_mut(), &families);
        return (answers, search());
    }
    thread::scope(|scope| {
        let run = || requests(Diag::open().ok().as_mut(), &families);
        let helper = thread::Builder::new().spawn_scoped(scope, run);
        let owners = search();
        let answers = match helper.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(answers)) => answers,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread was to be had.
            Err(_) => run(),
        };
        (answers, owners)
    })
}

/// Reads the requests of these families: of both in one walk of all connections, where the kernel
/// can do that.
fn requests(diag: Option<&mut Diag>, families: &[Family]) -> Vec<Answer> {
    let refused = || io::Error::from_raw_os_error(libc::EPROTONOSUPPORT);
    let Some(diag) = diag else {
        return families
            .iter()
            .map(|family| (*family, Err(refused())))
            .collect();
    };
    if families.len() > 1
        && let Ok(mut all) = syn_queue::read_all(diag)
    {
        // The rows name their families.
        return families
            .iter()
            .map(|family| (*family, Ok(std::mem::take(&mut all))))
            .collect();
    }
    families
        .iter()
        .map(|family| (*family, syn_queue::read(diag, *family)))
        .collect()
}

fn syn_queues(tables: &mut Tables, answers: Vec<Answer>, gaps: &mut Vec<Gap>) {
    let mut known: BTreeMap<Family, bool> = tables
        .ways
        .iter()
        .map(|(family, way)| (*family, *way == Way::Proc))
        .collect();
    let mut requests = std::mem::take(&mut tables.requests);
    for (family, answer) in answers {
        known.insert(family, answer.is_ok());
        match answer {
            Ok(found) => requests.extend(found),
            Err(error) => gaps.push(Gap::new(
                format!("sock_diag ({}, SYN_RECV)", family.file()),
                error.to_string(),
                format!("the SYN queue of every listener of {}", family.file()),
            )),
        }
    }
    let known = |family: Family| known.get(&family).copied().unwrap_or_default();
    gaps.extend(syn_queue::attribute(&mut tables.rows, &requests, known));
}

fn keep_owners(
    sources: &Sources,
    rows: &mut [Row],
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
    for Row { listener, .. } in rows.iter_mut() {
        listener.owners = listener
            .inode
            .map_or_else(Vec::new, |inode| owners.take(inode));
        let missing = listener.owners.is_empty();
        listener.owners_complete = owners.complete && !(missing && unseen.is_some());
        unowned += u32::from(missing);
    }
    cgroup::assign(&sources.proc, rows);
    if unowned > 0
        && let Some(why) = unseen
    {
        let listeners = if unowned == 1 {
            "listener"
        } else {
            "listeners"
        };
        gaps.push(Gap::new(
            "owners",
            format!("the processes of {unowned} {listeners} were not found: {why}"),
            "which programs these listeners belong to",
        ));
    }
}

/// Why there may be processes that were not looked into. `None`: all were, so a listener that no
/// process holds is the kernel's own.
fn unseen(sources: &Sources, denied: bool) -> Option<&'static str> {
    let outside = netns::in_first_pid_namespace(&sources.proc) == Some(false);
    match denied {
        true if !rustix::process::geteuid().is_root() => Some("run as root"),
        true => Some("some processes refuse even root"),
        false if outside => {
            Some("processes outside of this pid namespace are not seen; run on the host")
        }
        false => None,
    }
}

#[cfg(test)]
mod tests;
