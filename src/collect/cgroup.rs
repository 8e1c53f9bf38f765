//! The control group and the systemd unit of a listener.
//!
//! The kernel knows in which cgroup2 group a socket was made (`INET_DIAG_CGROUP_ID`); that is the
//! best answer, because it does not depend on which of several owners is asked. The id is the
//! inode of the group's directory (fs/kernfs), which open_by_handle_at(2) opens, or for users
//! without that right a walk of the tree finds. Where there is no id (before Linux 5.8, unix
//! sockets) or it says nothing (the root, or init that opened the socket for a service), the group
//! of the owner counts: cgroups(7), /proc/PID/cgroup.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use procfs::process::MountInfo;
use procfs::{FromRead, ProcessCGroups};
use rustix::fs::{FileType, Mode, OFlags, RawDir, openat};

use super::sys;
use crate::snapshot::Owner;

/// Directories of the tree that a walk looks at.
const MOST_DIRECTORIES: usize = 20_000;
/// Where PID 1 lives under systemd.
const INIT: &str = "/init.scope";
/// Endings of the units that are control groups.
const UNITS: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Finds control groups, each once.
pub(super) struct Cgroups<'a> {
    proc: &'a Path,
    by_id: BTreeMap<u64, String>,
    by_pid: BTreeMap<u32, Option<String>>,
}

impl<'a> Cgroups<'a> {
    /// Prepares to answer for these ids.
    pub(super) fn new(proc: &'a Path, ids: BTreeSet<u64>) -> Self {
        let mount = if ids.is_empty() {
            None
        } else {
            Mount::find(proc)
        };
        Self {
            proc,
            by_id: mount.map(|mount| mount.resolve(ids)).unwrap_or_default(),
            by_pid: BTreeMap::new(),
        }
    }

    /// The control group of a listener, from the root of its hierarchy.
    pub(super) fn of(&mut self, id: Option<u64>, owners: &[Owner]) -> Option<String> {
        let made_in = id.and_then(|id| self.by_id.get(&id).cloned());
        if made_in
            .as_deref()
            .is_some_and(|path| path != "/" && path != INIT)
        {
            return made_in;
        }
        // Init opens sockets for its services: another owner says more than init itself.
        let mut pids: Vec<u32> = owners.iter().filter_map(|owner| owner.pid).collect();
        pids.sort_by_key(|pid| (*pid == 1, *pid));
        let owner = pids.first().and_then(|pid| self.of_process(*pid));
        match (&made_in, owner) {
            (Some(_), Some(path)) if path == "/" => made_in,
            (_, Some(path)) => Some(path),
            (_, None) => made_in,
        }
    }

    fn of_process(&mut self, pid: u32) -> Option<String> {
        let read = || {
            let path = self.proc.join(pid.to_string()).join("cgroup");
            Some(choose(&ProcessCGroups::from_file(path).ok()?))
        };
        self.by_pid.entry(pid).or_insert_with(|| read()?).clone()
    }
}

/// The path that tells most: that of cgroup2, unless it is the root and systemd's own hierarchy of
/// version 1 knows better (a host with both).
fn choose(groups: &ProcessCGroups) -> Option<String> {
    let path = |wanted: &dyn Fn(&procfs::ProcessCGroup) -> bool| {
        groups
            .0
            .iter()
            .find(|group| wanted(group))
            .map(|group| group.pathname.clone())
    };
    let unified = path(&|group| group.hierarchy == 0);
    let named = path(&|group| group.controllers.iter().any(|name| name == "name=systemd"));
    match unified {
        Some(path) if path != "/" => Some(path),
        other => named.or(other),
    }
}

/// The systemd unit that a control group belongs to: the innermost, so a user's service rather
/// than the `user@1000.service` around it. Escapes stay as they are.
pub(super) fn unit(path: &str) -> Option<String> {
    let mut parts = path.rsplit('/');
    parts
        .find(|part| UNITS.iter().any(|ending| part.ends_with(ending)))
        .map(str::to_owned)
}

/// A mounted cgroup2 tree.
struct Mount {
    directory: OwnedFd,
    point: PathBuf,
    /// The group that is mounted there, from the root of the reader's cgroup namespace.
    root: String,
}

impl Mount {
    fn find(proc: &Path) -> Option<Self> {
        let text = std::fs::read(proc.join("thread-self/mountinfo")).ok()?;
        let text = String::from_utf8_lossy(&text);
        let mounts = text
            .lines()
            .filter(|line| line.contains(" - cgroup2 "))
            .filter_map(|line| MountInfo::from_line(line).ok());
        // The whole tree before a part of it.
        let mount = mounts.min_by_key(|mount| mount.root.len())?;
        let point = PathBuf::from(unescape(mount.mount_point.to_str()?));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(&point, flags, Mode::empty()).ok()?;
        Some(Self {
            directory,
            point,
            root: mount.root,
        })
    }

    fn resolve(&self, mut ids: BTreeSet<u64>) -> BTreeMap<u64, String> {
        let mut found = BTreeMap::new();
        let mut walk = BTreeSet::new();
        while let Some(id) = ids.pop_first() {
            match sys::open_kernfs_id(self.directory.as_fd(), id) {
                Ok(group) => {
                    found.extend(self.path_of(&group).map(|path| (id, path)));
                }
                // The group is gone; so is every process that was in it.
                Err(error) if error.raw_os_error() == Some(libc::ESTALE) => {}
                Err(_) => {
                    walk.insert(id);
                }
            }
        }
        if !walk.is_empty() {
            self.walk(walk, &mut found);
        }
        found
    }

    fn path_of(&self, group: &OwnedFd) -> Option<String> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", group.as_raw_fd())).ok()?;
        // A group outside of what is mounted here has no path below the mount point.
        let inside = path.strip_prefix(&self.point).ok()?.to_str()?;
        (!inside.ends_with(" (deleted)")).then(|| self.absolute(inside))
    }

    fn absolute(&self, inside: &str) -> String {
        let root = self.root.trim_end_matches('/');
        match inside {
            "" if root.is_empty() => "/".to_owned(),
            "" => root.to_owned(),
            inside => format!("{root}/{inside}"),
        }
    }

    /// Looks for directories by their inode, level by level.
    fn walk(&self, mut wanted: BTreeSet<u64>, found: &mut BTreeMap<u64, String>) {
        if let Ok(status) = rustix::fs::fstat(&self.directory)
            && wanted.remove(&status.st_ino)
        {
            found.insert(status.st_ino, self.absolute(""));
        }
        let mut level = vec![String::new()];
        let mut seen = 0;
        while !level.is_empty() && !wanted.is_empty() && seen < MOST_DIRECTORIES {
            let mut next = Vec::new();
            for parent in level {
                seen += 1;
                if seen > MOST_DIRECTORIES || wanted.is_empty() {
                    break;
                }
                for (inode, name) in self.children(&parent) {
                    let path = match parent.as_str() {
                        "" => name,
                        parent => format!("{parent}/{name}"),
                    };
                    if wanted.remove(&inode) {
                        found.insert(inode, self.absolute(&path));
                    }
                    next.push(path);
                }
            }
            level = next;
        }
    }

    fn children(&self, path: &str) -> Vec<(u64, String)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = if path.is_empty() { "." } else { path };
        let Ok(directory) = openat(&self.directory, path, flags, Mode::empty()) else {
            return Vec::new();
        };
        let mut children = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 8 * 1024];
        let mut entries = RawDir::new(&directory, &mut buffer);
        while let Some(Ok(entry)) = entries.next() {
            if entry.file_type() == FileType::Directory
                && let Ok(name) = entry.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                children.push((entry.ino(), name.to_owned()));
            }
        }
        children
    }
}

/// Undoes the octal escapes of mountinfo: blank, tab, newline and backslash.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

/// Opens the tree at a directory of the caller's choice.
#[cfg(test)]
fn mount_at(point: &Path, root: &str) -> Mount {
    Mount {
        directory: std::fs::File::open(point).unwrap().into(),
        point: point.to_owned(),
        root: root.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn groups(text: &str) -> Option<String> {
        choose(&ProcessCGroups::from_read(text.as_bytes()).unwrap())
    }

    #[test]
    fn cgroup2_is_preferred_unless_it_is_the_root() {
        assert_eq!(
            groups("0::/system.slice/a.service\n").as_deref(),
            Some("/system.slice/a.service")
        );
        let hybrid = "4:cpu:/x\n1:name=systemd:/system.slice/b.service\n0::/\n";
        assert_eq!(groups(hybrid).as_deref(), Some("/system.slice/b.service"));
        assert_eq!(groups("0::/../other\n").as_deref(), Some("/../other"));
        assert_eq!(groups("0::/\n").as_deref(), Some("/"));
        assert_eq!(groups("4:cpu:/x\n"), None);
    }

    #[test]
    fn the_innermost_unit_counts() {
        let unit = |path| unit(path);
        assert_eq!(
            unit("/system.slice/nginx.service").as_deref(),
            Some("nginx.service")
        );
        assert_eq!(
            unit("/user.slice/user-1.slice/user@1.service/app.slice/a\\x2db.service/sub")
                .as_deref(),
            Some("a\\x2db.service")
        );
        assert_eq!(unit("/user.slice"), None);
    }

    #[test]
    fn init_gives_way_to_another_owner() {
        let proc = tempfile::tempdir().unwrap();
        for (pid, group) in [
            (1, "/init.scope"),
            (9, "/system.slice/x.service"),
            (10, "/"),
        ] {
            let directory = proc.path().join(pid.to_string());
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("cgroup"), format!("0::{group}\n")).unwrap();
        }
        let owner = |pid| Owner {
            pid: Some(pid),
            ..Owner::default()
        };
        let mut cgroups = Cgroups::new(proc.path(), BTreeSet::new());
        cgroups.by_id = BTreeMap::from([
            (1, "/".to_owned()),
            (2, INIT.to_owned()),
            (3, "/a.slice".to_owned()),
        ]);
        let mut of = |id, owners: &[Owner]| cgroups.of(id, owners);
        assert_eq!(
            of(Some(2), &[owner(1), owner(9)]).as_deref(),
            Some("/system.slice/x.service")
        );
        assert_eq!(of(Some(2), &[owner(1)]).as_deref(), Some(INIT));
        assert_eq!(of(Some(2), &[owner(10)]).as_deref(), Some(INIT));
        assert_eq!(
            of(Some(1), &[owner(9)]).as_deref(),
            Some("/system.slice/x.service")
        );
        assert_eq!(of(Some(3), &[owner(9)]).as_deref(), Some("/a.slice"));
        assert_eq!(of(None, &[owner(10)]).as_deref(), Some("/"));
        assert_eq!(of(None, &[owner(77)]), None);
    }

    #[test]
    fn a_walk_finds_groups_by_inode() {
        let tree = tempfile::tempdir().unwrap();
        let deep = tree.path().join("system.slice/a.service");
        fs::create_dir_all(&deep).unwrap();
        fs::write(tree.path().join("system.slice/file"), "").unwrap();
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let wanted = BTreeSet::from([inode(&deep), inode(tree.path()), u64::MAX]);
        let mut found = BTreeMap::new();
        mount_at(tree.path(), "/").walk(wanted.clone(), &mut found);
        assert_eq!(
            found.get(&inode(&deep)).map(String::as_str),
            Some("/system.slice/a.service")
        );
        assert_eq!(
            found.get(&inode(tree.path())).map(String::as_str),
            Some("/")
        );
        assert_eq!(found.len(), 2);
        found.clear();
        mount_at(tree.path(), "/..").walk(wanted, &mut found);
        assert_eq!(
            found.get(&inode(&deep)).map(String::as_str),
            Some("/../system.slice/a.service")
        );
    }

    #[test]
    fn mount_points_are_unescaped() {
        assert_eq!(unescape("/a\\040b\\134c"), "/a b\\c");
    }
}
