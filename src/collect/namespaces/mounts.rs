//! Namespaces whose file is mounted somewhere: /run/netns, /run/docker/netns, those of CNI plugins,
//! and below /run/user, of rootless containers.
//!
//! Follows proc_pid_mountinfo(5): such a mount has the file system type `nsfs` and the namespace, as
//! in `net:[4026532200]`, for its root.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::makedev;

use super::Id;

/// What stands in each line of such a mount.
const MARK: &[u8] = b" - nsfs ";

/// The mounted network namespaces of a process's mount namespace, with their mount points.
pub(super) fn of_process(proc: &Path, process: &str) -> Vec<(Id, PathBuf)> {
    let Ok(text) = fs::read(proc.join(process).join("mountinfo")) else {
        return Vec::new();
    };
    let lines = text.split(|byte| *byte == b'\n');
    let marked = lines.filter(|line| line.windows(MARK.len()).any(|part| part == MARK));
    marked
        .filter_map(|line| mount(std::str::from_utf8(line).ok()?))
        .collect()
}

/// Reads `36 35 0:4 net:[4026532200] /run/netns/web rw shared:5 - nsfs nsfs rw`.
fn mount(line: &str) -> Option<(Id, PathBuf)> {
    let mut fields = line.split(' ');
    let (major, minor) = fields.nth(2)?.split_once(':')?;
    let inode = fields.next()?.strip_prefix("net:[")?.strip_suffix(']')?;
    let id = Id {
        device: makedev(major.parse().ok()?, minor.parse().ok()?),
        inode: inode.parse().ok()?,
    };
    let point = crate::collect::cgroup::unescape(fields.next()?);
    Some((id, PathBuf::from(point)))
}

/// Whether a name below /run/netns is one that a program made up for a single container: those of
/// CNI plugins (containernetworking/plugins, pkg/ns: `cni-` and a UUID) and of Podman (`netns-` and a
/// UUID).
pub(super) fn is_made_up(name: &str) -> bool {
    let uuid = |rest: &str| {
        let digits = rest.bytes().filter(u8::is_ascii_hexdigit).count();
        digits == 32
            && rest
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    ["cni-", "netns-"]
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix))
        .any(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_network_namespaces_are_read_and_others_are_not() {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir(proc.path().join("7")).unwrap();
        let text = "22 28 0:21 / /proc rw - proc proc rw\n\
            36 35 0:4 net:[4026532200] /run/netns/a\\040b rw shared:5 - nsfs nsfs rw\n\
            37 35 0:4 mnt:[4026532201] /run/x rw - nsfs nsfs rw\n\
            38 35 0:4 net:[x] /run/y rw - nsfs nsfs rw\n\
            39 - nsfs \n";
        fs::write(proc.path().join("7/mountinfo"), text).unwrap();
        let id = Id {
            device: makedev(0, 4),
            inode: 4_026_532_200,
        };
        assert_eq!(
            of_process(proc.path(), "7"),
            [(id, PathBuf::from("/run/netns/a b"))]
        );
        assert_eq!(of_process(proc.path(), "8"), []);
    }

    #[test]
    fn names_that_programs_make_up_are_told_from_those_of_people() {
        assert!(is_made_up("cni-1de0a1b2-6b7c-4f4e-9d1c-0a1b2c3d4e5f"));
        assert!(is_made_up("netns-1de0a1b2-6b7c-4f4e-9d1c-0a1b2c3d4e5f"));
        for name in [
            "blue",
            "cni-test",
            "netns-",
            "1de0a1b2-6b7c-4f4e-9d1c-0a1b2c3d4e5f",
        ] {
            assert!(!is_made_up(name), "{name}");
        }
    }
}
