//! What is known of a namespace before anybody enters it: whether it is the host's, or the caller's,
//! and what it is called.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, readlinkat_raw, statat};
use rustix::io::Errno;

use super::scan::Scan;
use super::{Id, Netns, Way, mounts};
use crate::collect::Sources;
use crate::collect::proc_dir::inode;
use crate::snapshot::{HOST_NETNS, OWN_NETNS};

/// Names that mean something else than a name below /run/netns.
const RESERVED: [&str; 3] = [HOST_NETNS, OWN_NETNS, "all"];

/// Where ip-netns(8) mounts namespaces.
const NAMED: &str = "run/netns";

/// Inode of the first network namespace since Linux 6.17 (`NET_NS_INIT_INO`,
/// include/uapi/linux/nsfs.h); before, it was any number.
const FIRST_NETNS: u64 = 0xEFFF_FFF9;

/// The namespaces that have a meaning.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The calling thread's.
    pub(super) own: Option<Id>,
    /// That of the machine's PID 1.
    host: Option<Id>,
    /// Names below /run/netns.
    names: BTreeMap<Id, String>,
}

impl Known {
    pub(super) fn read(sources: &Sources) -> Self {
        let own = identity(&sources.proc.join("thread-self/ns/net")).ok();
        Self {
            own,
            host: host(&sources.proc, own),
            names: names(&sources.root.join(NAMED)),
        }
    }

    /// Where PID 1 may not be looked into, another process of its namespace tells which it is.
    pub(super) fn with_host(mut self, scan: &Scan, proc: &Path) -> Self {
        // PID 1 of a container's pid namespace is not the machine's.
        if in_first_pid_namespace(proc) != Some(false) {
            self.host = self.host.or_else(|| scan.host());
        }
        self
    }

    /// Gives a namespace its name.
    pub(super) fn named(&self, mut netns: Netns, proc: &Path) -> Netns {
        netns.named = netns.id.and_then(|id| self.names.get(&id)).cloned();
        if netns.id.is_some() && netns.id == self.host {
            HOST_NETNS.clone_into(&mut netns.name);
        } else if let Some(name) = &netns.named {
            netns.name = match RESERVED.contains(&name.as_str()) {
                true => format!("netns/{name}"),
                false => name.clone(),
            };
        } else if netns.own {
            OWN_NETNS.clone_into(&mut netns.name);
        } else {
            name_by_traces(&mut netns, proc);
        }
        netns
    }
}

/// A namespace that nobody named is called after what holds it.
fn name_by_traces(netns: &mut Netns, proc: &Path) {
    let comm = |pid: &str| {
        let comm = fs::read(proc.join(pid).join("comm")).unwrap_or_default();
        let comm = String::from_utf8_lossy(&comm).trim_end().to_owned();
        if comm.is_empty() {
            "?".to_owned()
        } else {
            comm
        }
    };
    let workload = match (netns.pids.first(), netns.ways.first()) {
        (Some(pid), _) => format!("process/{}", comm(&pid.to_string())),
        (None, Some(Way::Path(path))) => match holder(path, proc) {
            Some((kind, pid)) => format!("{kind}/{}", comm(&pid)),
            None => format!("mount{}", path.display()),
        },
        (None, Some(Way::Mount(_, path))) => format!("mount{}", path.display()),
        (None, None) => "unknown".to_owned(),
    };
    // Docker's names below /run/docker/netns, and those that others make up, change each time.
    if let (None, Some(Way::Path(path) | Way::Mount(_, path))) =
        (netns.pids.first(), netns.ways.first())
        && workload.starts_with("mount")
        && let (Some(folder), Some(name)) = (path.parent(), path.file_name())
        && (folder.ends_with("docker/netns") || mounts::is_made_up(&name.to_string_lossy()))
    {
        netns.name = workload;
        netns.workload = Some(format!("mount{}", folder.display()));
        return;
    }
    netns.name = match (netns.pids.first(), netns.inode()) {
        (Some(pid), _) => format!("{workload}/{pid}"),
        (None, Some(inode)) if !workload.starts_with("mount") => format!("{workload}/{inode}"),
        _ => workload.clone(),
    };
    netns.workload = (netns.name != workload).then_some(workload);
}

/// The process that holds a namespace by a thread or a descriptor, from the path of either.
fn holder(path: &Path, proc: &Path) -> Option<(&'static str, String)> {
    let mut parts = path
        .strip_prefix(proc)
        .ok()?
        .iter()
        .map(|part| part.to_string_lossy());
    let pid = parts.next()?.into_owned();
    match &*parts.next()? {
        "task" => Some(("thread", pid)),
        "fd" => Some(("descriptor", pid)),
        _ => None,
    }
}

/// What [`identity`] says, without the kernel making the file: a link below /proc names the inode, and
/// the device of namespaces is known.
pub(super) fn of_link(
    proc: BorrowedFd<'_>,
    pid: u32,
    kind: &str,
    device: Option<u64>,
) -> io::Result<Id> {
    let path = format!("{pid}/ns/{kind}");
    let mut target = [MaybeUninit::uninit(); 32];
    let inode = match readlinkat_raw(proc, path.as_str(), &mut target) {
        Ok((target, _)) => inode(target, format!("{kind}:[").as_bytes()),
        // A fake host has files.
        Err(Errno::INVAL) => None,
        Err(error) => return Err(error.into()),
    };
    if let (Some(inode), Some(device)) = (inode, device) {
        return Ok(Id { device, inode });
    }
    let file = statat(proc, path.as_str(), AtFlags::empty())?;
    Ok(Id {
        device: file.st_dev,
        inode: file.st_ino,
    })
}

/// Device and inode of a namespace's file.
pub(super) fn identity(path: &Path) -> io::Result<Id> {
    fs::metadata(path).map(|status| Id {
        device: status.dev(),
        inode: status.ino(),
    })
}

/// Whether the calling process lives in the first pid namespace (`PROC_PID_INIT_INO`,
/// include/linux/proc_ns.h). `None`: procfs does not tell.
pub(in crate::collect) fn in_first_pid_namespace(proc: &Path) -> Option<bool> {
    let link = fs::read_link(proc.join("self/ns/pid")).ok()?;
    Some(link.as_os_str() == "pid:[4026531836]")
}

fn host(proc: &Path, own: Option<Id>) -> Option<Id> {
    if own.is_some_and(|id| id.inode == FIRST_NETNS) {
        return own;
    }
    // PID 1 of a container's pid namespace lives in the container's network namespace.
    if in_first_pid_namespace(proc) == Some(false) {
        return None;
    }
    if let Ok(init) = identity(&super::of_process(proc, 1)) {
        return Some(init);
    }
    let init = netstat(proc, "1");
    own.filter(|_| init.is_some() && init == netstat(proc, "thread-self"))
}

/// What stands for the namespace of a process that may not be looked into.
///
/// NOTE: looking at another user's namespaces needs ptrace rights, but everybody may stat its
/// netstat, and procfs gives that file one inode a namespace.
pub(super) fn netstat(proc: &Path, process: &str) -> Option<Id> {
    identity(&proc.join(process).join("net/netstat")).ok()
}

/// Names below /run/netns, the first in alphabetical order for each namespace. Those that CNI plugins
/// and Podman make up say nothing.
fn names(directory: &Path) -> BTreeMap<Id, String> {
    let mut names: BTreeMap<Id, String> = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if let Ok(name) = entry.file_name().into_string()
            && !mounts::is_made_up(&name)
            && let Ok(id) = identity(&entry.path())
        {
            let known = names.entry(id).or_insert_with(|| name.clone());
            if name < *known {
                *known = name;
            }
        }
    }
    names
}
