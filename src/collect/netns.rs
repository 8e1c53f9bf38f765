//! Which network namespace the calling thread is in, and what it is called.
//!
//! Follows namespaces(7) and ip-netns(8). Names are stable across restarts, inode numbers are not.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Sources;
use crate::snapshot::HOST_NETNS;

/// Name of a namespace that nobody named.
const UNNAMED: &str = "self";

/// A network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Netns {
    /// `host` when the machine's PID 1 lives in it too, else its name below /run/netns, else `self`.
    pub(super) name: String,
    /// Inode in nsfs.
    pub(super) id: Option<u64>,
}

/// Identifies the calling thread's namespace.
pub(super) fn current(sources: &Sources) -> Netns {
    let this = identity(&sources.proc.join("thread-self/ns/net")).ok();
    let name = if is_host(&sources.proc, this) {
        HOST_NETNS.to_owned()
    } else {
        this.and_then(|this| given_name(&sources.root.join("run/netns"), this))
            .unwrap_or_else(|| UNNAMED.to_owned())
    };
    Netns {
        name,
        id: this.map(|(_, inode)| inode),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|status| (status.dev(), status.ino()))
}

/// Inode of the first network namespace since Linux 6.17 (`NET_NS_INIT_INO`,
/// include/uapi/linux/nsfs.h); before, it was any number.
const FIRST_NETNS: u64 = 0xEFFF_FFF9;

/// Whether the calling process lives in the first pid namespace (`PROC_PID_INIT_INO`,
/// include/linux/proc_ns.h). `None`: procfs does not tell.
pub(super) fn in_first_pid_namespace(proc: &Path) -> Option<bool> {
    let link = fs::read_link(proc.join("self/ns/pid")).ok()?;
    Some(link.as_os_str() == "pid:[4026531836]")
}

fn is_host(proc: &Path, this: Option<(u64, u64)>) -> bool {
    if this.is_some_and(|(_, inode)| inode == FIRST_NETNS) {
        return true;
    }
    // PID 1 of a container's pid namespace lives in the container's network namespace.
    if in_first_pid_namespace(proc) == Some(false) {
        return false;
    }
    match (identity(&proc.join("1/ns/net")), this) {
        (Ok(init), Some(this)) => init == this,
        // NOTE: looking at another user's namespaces needs ptrace rights, but everybody may stat
        // its netstat, and procfs gives that file one inode a namespace.
        _ => {
            let netstat = |process: &str| identity(&proc.join(process).join("net/netstat")).ok();
            let init = netstat("1");
            init.is_some() && init == netstat("thread-self")
        }
    }
}

/// The first name, in alphabetical order, that is bound to the namespace.
fn given_name(directory: &Path, this: (u64, u64)) -> Option<String> {
    let entries = fs::read_dir(directory).ok()?;
    entries
        .filter_map(Result::ok)
        .filter(|entry| identity(&entry.path()).is_ok_and(|found| found == this))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fake host; namespaces are files, and a hard link is a second name of one.
    fn fake(init: &str) -> (tempfile::TempDir, Sources) {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for directory in ["proc/thread-self/ns", "proc/1/ns", "run/netns"] {
            fs::create_dir_all(at(directory)).unwrap();
        }
        fs::write(at("proc/thread-self/ns/net"), "").unwrap();
        fs::write(at("run/netns/other"), "").unwrap();
        let init_path = at("proc/1/ns/net");
        match init {
            "same" => fs::hard_link(at("proc/thread-self/ns/net"), init_path).unwrap(),
            "other" => fs::write(init_path, "").unwrap(),
            _ => {}
        }
        let sources = Sources {
            proc: at("proc"),
            root: root.path().to_owned(),
            ..Sources::default()
        };
        (root, sources)
    }

    #[test]
    fn the_namespace_of_init_is_the_host() {
        let (_root, sources) = fake("same");
        let netns = current(&sources);
        assert_eq!(netns.name, HOST_NETNS);
        assert!(netns.id.is_some());
    }

    #[test]
    fn another_has_its_given_name_or_none() {
        let (root, sources) = fake("other");
        assert_eq!(current(&sources).name, UNNAMED);
        for name in ["web", "blue"] {
            let this = root.path().join("proc/thread-self/ns/net");
            fs::hard_link(this, root.path().join("run/netns").join(name)).unwrap();
        }
        assert_eq!(current(&sources).name, "blue");
    }

    #[test]
    fn without_rights_the_inode_of_netstat_decides() {
        let (root, sources) = fake("unreadable");
        assert_eq!(current(&sources).name, UNNAMED);
        for process in ["1", "thread-self"] {
            fs::create_dir(root.path().join("proc").join(process).join("net")).unwrap();
        }
        let netstat = |process| root.path().join("proc").join(process).join("net/netstat");
        fs::write(netstat("1"), "").unwrap();
        assert_eq!(current(&sources).name, UNNAMED);
        fs::hard_link(netstat("1"), netstat("thread-self")).unwrap();
        assert_eq!(current(&sources).name, HOST_NETNS);
    }
}
