//! The kernel's tracing file system, wherever it is, and files in it. Where nobody has mounted it, it is
//! mounted for our own descriptors alone: no path leads there, and it is gone when they are closed.
//!
//! Follows Documentation/trace/ftrace.rst, fsmount(2) and kernel_lockdown(7).

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, fstatfs, openat};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use crate::trace::Fault;

/// `TRACEFS_MAGIC` of include/uapi/linux/magic.h.
const MAGIC: i64 = 0x7472_6163;

/// Bytes of a file that describes something.
const MOST: usize = 256 * 1024;

/// How to mount it, for those who have to.
const MOUNT: &str = "mount -t tracefs nodev /sys/kernel/tracing";

/// A directory of tracefs.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens the root.
    pub(super) fn root() -> Result<Self, Fault> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mut places = mounts.lines().filter_map(place);
        if let Some(root) = places.find_map(|place| at(Path::new(place))) {
            return Ok(Self(root));
        }
        // NOTE: not tried first: before Linux 6.11 it sets the options of what is mounted back to their
        // defaults (`mount_single`, fs/super.c).
        let error = match detached() {
            Ok(root) => return Ok(Self(root)),
            Err(error) => error,
        };
        // Older kernels mount it here themselves when somebody looks.
        if let Some(root) = at(Path::new("/sys/kernel/debug/tracing")) {
            return Ok(Self(root));
        }
        Err(Fault::Refused(format!(
            "the host cannot be traced: there is no tracefs: {}",
            match error {
                Errno::NODEV => "this kernel has none, it needs CONFIG_FTRACE".to_owned(),
                Errno::NOSYS => format!("mount it: {MOUNT}"),
                Errno::PERM | Errno::ACCESS => forbidden(),
                error => format!("it cannot be mounted: {}", io::Error::from(error)),
            }
        )))
    }

    /// A directory below.
    pub(super) fn folder(&self, path: &str) -> rustix::io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(&self.0, path, flags, Mode::empty()).map(Self)
    }

    /// Opens a file that is read without waiting.
    pub(super) fn stream(&self, path: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        openat(&self.0, path, flags, Mode::empty())
    }

    /// The text of a file.
    pub(super) fn read(&self, path: &str) -> io::Result<String> {
        let file = self.stream(path)?;
        // NOTE: the kernel gives some of them to the first read(2) alone (`show_header`).
        let mut bytes = vec![0; MOST];
        let mut length = 0;
        while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
            match rustix::io::read(&file, room)? {
                0 => break,
                more => length += more,
            }
        }
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a setting.
    pub(super) fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.0, path, flags, Mode::empty())?);
        file.write_all(text.as_bytes())
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The mount point of a line of /proc/self/mounts, where it is one of tracefs. One with escapes in it is
/// nobody's for this.
fn place(line: &str) -> Option<&str> {
    let mut words = line.split(' ').skip(1);
    let place = words.next().filter(|place| !place.contains('\\'))?;
    (words.next()? == "tracefs").then_some(place)
}

fn at(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, path, flags, Mode::empty()).ok()?;
    #[allow(clippy::unnecessary_cast)] // its type differs between machines
    let kind = fstatfs(&root).ok()?.f_type as i64;
    (kind == MAGIC).then_some(root)
}

fn detached() -> rustix::io::Result<OwnedFd> {
    let context = fsopen("tracefs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOEXEC | MountAttrFlags::MOUNT_ATTR_NOSUID;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Why root may not, and what to do.
pub(super) fn forbidden() -> String {
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    match lockdown.contains("[confidentiality]") {
        true => "kernel lockdown forbids it in its mode confidentiality, see kernel_lockdown(7): trace the \
                 service's own command instead, `backlint trace -- COMMAND`"
            .to_owned(),
        false => "this container or sandbox forbids it: run backlint on the host itself, with all \
                  capabilities"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_of_tracefs_are_found() {
        let line = "tracefs /sys/kernel/tracing tracefs rw,nosuid 0 0";
        assert_eq!(place(line), Some("/sys/kernel/tracing"));
        assert_eq!(place("nodev /a\\040b tracefs rw 0 0"), None);
        assert_eq!(place("tracefs /mnt tmpfs rw 0 0"), None);
        assert_eq!(place(""), None);
    }
}
