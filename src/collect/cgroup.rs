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

use super::row::Row;
use super::sys;
use crate::cores;
use crate::snapshot::Owner;

/// Directories of the tree that a walk looks at.
const MOST_DIRECTORIES: usize = 20_000;
/// Where PID 1 lives under systemd.
const INIT: &str = "/init.scope";
/// Endings of the units that are control groups.
const UNITS: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Sets the control group and the unit of every listener, whose owners must be known by now.
pub(super) fn assign(proc: &Path, rows: &mut [&mut Row]) {
    let ids: BTreeSet<u64> = rows.iter().filter_map(|row| row.cgroup_id).collect();
    let mount = if ids.is_empty() {
        None
    } else {
        Mount::find(proc)
    };
    let by_id = mount.map(|mount| mount.resolve(ids)).unwrap_or_default();
    let made_in = |row: &Row| row.cgroup_id.and_then(|id| by_id.get(&id));
    // Where PID 1 is at the root too, nobody manages units, and the owners have no more to tell.
    let managed = of_process(proc, 1).is_none_or(|path| path != "/");
    let asked: BTreeSet<u32> = rows
        .iter()
        .filter(|row| made_in(row).is_none() || (managed && !tells(made_in(row))))
        .filter_map(|row| spokesman(&row.listener.owners))
        .collect();
    let asked: Vec<u32> = asked.into_iter().collect();
    let answers = cores::map(&asked, |pid| of_process(proc, *pid));
    let by_pid: BTreeMap<u32, Option<String>> = asked.into_iter().zip(answers).collect();
    for row in rows {
        let made_in = made_in(row);
        let listener = &mut row.listener;
        let owner = spokesman(&listener.owners).and_then(|pid| by_pid.get(&pid)?.as_ref());
        listener.cgroup = best(made_in, owner).cloned();
        listener.unit = listener.cgroup.as_deref().and_then(unit);
    }
}

/// Whether the group that a socket was made in says to whom it belongs.
fn tells(made_in: Option<&String>) -> bool {
    made_in.is_some_and(|path| path != "/" && path != INIT)
}

fn best<'a>(made_in: Option<&'a String>, owner: Option<&'a String>) -> Option<&'a String> {
    match owner {
        Some(path) if !tells(made_in) && (path != "/" || made_in.is_none()) => Some(path),
        _ => made_in,
    }
}

/// The owner whose group counts. Init opens sockets for its services, so any other owner says more
/// than init does.
fn spokesman(owners: &[Owner]) -> Option<u32> {
    owners
        .iter()
        .filter_map(|owner| owner.pid)
        .min_by_key(|pid| (*pid == 1, *pid))
}

fn of_process(proc: &Path, pid: u32) -> Option<String> {
    choose(&ProcessCGroups::from_file(proc.join(pid.to_string()).join("cgroup")).ok()?)
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
fn unit(path: &str) -> Option<String> {
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
pub(super) fn unescape(text: &str) -> String {
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
    use crate::snapshot::{Listener, Protocol};

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
        let owner = |pid| Owner {
            pid: Some(pid),
            ..Owner::default()
        };
        assert_eq!(spokesman(&[owner(1), owner(9), owner(10)]), Some(9));
        assert_eq!(spokesman(&[owner(1)]), Some(1));
        assert_eq!(spokesman(&[]), None);
        let of = |made_in: Option<&str>, owner: Option<&str>| {
            let (made_in, owner) = (made_in.map(str::to_owned), owner.map(str::to_owned));
            best(made_in.as_ref(), owner.as_ref())
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(of(Some(INIT), Some("/a.service")), "/a.service");
        assert_eq!(of(Some(INIT), Some("/")), INIT);
        assert_eq!(of(Some("/"), Some("/a.service")), "/a.service");
        assert_eq!(of(Some("/"), Some("/")), "/");
        assert_eq!(of(Some("/b.service"), Some("/a.service")), "/b.service");
        assert_eq!(of(None, Some("/")), "/");
        assert_eq!(of(None, None), "");
    }

    #[test]
    fn rows_without_an_id_ask_their_owner() {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir(proc.path().join("9")).unwrap();
        fs::write(proc.path().join("9/cgroup"), "0::/system.slice/x.service\n").unwrap();
        let mut listener = Listener::new(Protocol::Unix, "/x");
        listener.owners = vec![Owner {
            pid: Some(9),
            ..Owner::default()
        }];
        let mut rows = [Row {
            local: None,
            v6_only: false,
            cgroup_id: None,
            listener,
        }];
        let [row] = &mut rows;
        assign(proc.path(), &mut [row]);
        assert_eq!(
            rows[0].listener.cgroup.as_deref(),
            Some("/system.slice/x.service")
        );
        assert_eq!(rows[0].listener.unit.as_deref(), Some("x.service"));
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
