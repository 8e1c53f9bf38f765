//! Reading files below a root without ever leaving it, whatever symlinks are there: the root may be
//! an unpacked container image or another host's disk, and its absolute links are meant inside it.
//!
//! Follows openat2(2), `RESOLVE_IN_ROOT`. Only regular files are opened for reading, so that a FIFO
//! or a device cannot hang or be disturbed. Where openat2 is missing (before Linux 5.6, or under a
//! seccomp policy), the host's own root is read plainly and any other without following links.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, Stat, openat, openat2, readlinkat};
use rustix::io::Errno;

use crate::snapshot::MOST_LINES;

/// Most bytes of a file.
const MOST: u64 = 1024 * 1024;

/// File systems whose files are no files: procfs, sysfs, tracefs, debugfs, both of control groups,
/// securityfs, bpf (include/uapi/linux/magic.h).
const NO_STORAGE: [i64; 8] = [
    0x9fa0,
    0x6265_6572,
    0x7472_6163,
    0x6462_6720,
    0x0027_e0eb,
    0x6367_7270,
    0x7363_6673,
    0xcafe_4a11,
];

/// Most names of a directory.
const MOST_NAMES: usize = 1 << 14;

/// Why a file below a root could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory, a device, a FIFO or a socket.
    #[error("it is not a regular file")]
    NotRegular,
    /// A symbolic link to nothing: patch(1) would refuse it.
    #[error("it is a symbolic link that leads nowhere")]
    Dangling,
    /// No directory that this program reads has so many.
    #[error("it has more than {MOST_NAMES} names")]
    TooMany,
    /// With the files read before.
    #[error("all files together have more than {MOST_LINES} lines")]
    TooManyLines,
    /// Nothing that this program reads is that long.
    #[error("it is longer than {MOST} bytes")]
    TooLong,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInRoot {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its path inside the root, begun with a slash, after all symlinks were followed.
    pub real_path: PathBuf,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// All of it.
    pub bytes: Vec<u8>,
    /// When it or its name was last changed, in milliseconds since 1970.
    pub changed: Option<u64>,
}

/// The names in a directory, and when they changed last, in milliseconds since 1970.
pub type Names = (Vec<PathBuf>, Option<u64>);

/// A directory that paths are taken from, and never lead out of.
#[derive(Debug)]
pub struct Root {
    base: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens a root; it stays the same directory whatever is mounted or renamed meanwhile.
    ///
    /// # Errors
    ///
    /// Those of open(2).
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            base: open_root(path)?,
            path: path.to_owned(),
        })
    }

    /// Reads a regular file, of 1 MiB at most; `path` is taken from the root, with or without its
    /// first slash. `None`: it does not exist.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn read(&self, path: &Path) -> Result<Option<Content>, FileError> {
        let Some((file, status)) = self.file(path)? else {
            return Ok(None);
        };
        let changed = changed(&status);
        Ok(Some(Content {
            bytes: content(&file)?,
            changed,
        }))
    }

    /// Opens a regular file for reading, as [`Root::read`] does.
    ///
    /// # Errors
    ///
    /// [`FileError`].
    pub fn file(&self, path: &Path) -> Result<Option<(File, Stat)>, FileError> {
        let (base, root) = (&self.base, &self.path);
        // Looked at before it is opened: opening a device or a pipe is an act by itself.
        let Some(found) = absent(open_below(base, root, path, OFlags::PATH))? else {
            return match open_below(base, root, path, OFlags::PATH | OFlags::NOFOLLOW) {
                Ok(_) => Err(FileError::Dangling),
                Err(_) => Ok(None),
            };
        };
        let status = rustix::fs::fstat(&found).map_err(io::Error::from)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(FileError::NotRegular);
        }
        // Reading some files of such a file system takes what they have from whoever waits for it.
        let system = rustix::fs::fstatfs(&found).map_err(io::Error::from)?.f_type;
        if NO_STORAGE.contains(&system) {
            return Err(FileError::NotRegular);
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Some(fd) = absent(open_below(base, root, path, flags))? else {
            return Ok(None);
        };
        let opened = rustix::fs::fstat(&fd).map_err(io::Error::from)?;
        if (opened.st_dev, opened.st_ino) != (status.st_dev, status.st_ino) {
            return Err(FileError::NotRegular);
        }
        Ok(Some((File::from(fd), opened)))
    }

    /// Where a path leads after all symbolic links, inside the root, whatever is there. `None`: nothing
    /// is there.
    pub fn leads(&self, path: &Path) -> Option<PathBuf> {
        let fd = open_below(&self.base, &self.path, path, OFlags::PATH).ok()?;
        real_path(&self.base, fd.as_fd())
    }

    /// The text of a symbolic link. `None`: it is none, or is not there.
    pub(super) fn link(&self, path: &Path) -> Option<PathBuf> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        let fd = open_below(&self.base, &self.path, path, flags).ok()?;
        let target = readlinkat(fd, "", Vec::new()).ok()?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(
            target.as_bytes(),
        )))
    }

    /// Device and inode of a directory, after all symbolic links. `None`: there is none.
    pub(super) fn directory(&self, path: &Path) -> Option<(u64, u64)> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let fd = open_below(&self.base, &self.path, path, flags).ok()?;
        let status = rustix::fs::fstat(&fd).ok()?;
        Some((status.st_dev, status.st_ino))
    }

    /// The names in a directory, sorted, without `.` and `..`, and when they changed last, in
    /// milliseconds since 1970. `None`: it does not exist.
    ///
    /// # Errors
    ///
    /// [`FileError`], ENOTDIR among them.
    pub fn list(&self, path: &Path) -> Result<Option<Names>, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let Some(fd) = absent(open_below(&self.base, &self.path, path, flags))? else {
            return Ok(None);
        };
        let changed = changed(&rustix::fs::fstat(&fd).map_err(io::Error::from)?);
        let mut names = Vec::new();
        for entry in Dir::new(fd).map_err(io::Error::from)? {
            if names.len() > MOST_NAMES {
                return Err(FileError::TooMany);
            }
            let entry = entry.map_err(io::Error::from)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(PathBuf::from(std::ffi::OsStr::from_bytes(name)));
            }
        }
        names.sort();
        Ok(Some((names, changed)))
    }
}

/// When a file's content or its name was last changed, in milliseconds since 1970.
fn changed(status: &Stat) -> Option<u64> {
    let content = (status.st_mtime, status.st_mtime_nsec);
    let (seconds, nanoseconds) = content.max((status.st_ctime, status.st_ctime_nsec));
    let seconds = u64::try_from(seconds).ok();
    seconds.map(|seconds| seconds * 1000 + nanoseconds / 1_000_000)
}

/// A whole file.
fn content(file: &File) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(FileError::TooLong);
    }
    Ok(bytes)
}

/// Reads one file below `root`, as [`Root::read`] does, and says where it really is.
///
/// # Errors
///
/// [`FileError`]; a dangling symlink among them.
pub fn read(root: &Path, path: &Path) -> Result<Option<FileInRoot>, FileError> {
    let root = Root::open(root)?;
    let Some((file, _)) = root.file(path)? else {
        return Ok(None);
    };
    let real_path =
        real_path(&root.base, file.as_fd()).unwrap_or_else(|| Path::new("/").join(path));
    let bytes = content(&file)?;
    Ok(Some(FileInRoot { bytes, real_path }))
}

/// The names in a directory below `root`, as [`Root::list`] gives them.
///
/// # Errors
///
/// [`FileError::Io`], ENOTDIR among them.
pub fn list_dir(root: &Path, path: &Path) -> Result<Option<Vec<PathBuf>>, FileError> {
    let listing = Root::open(root)?.list(path)?;
    Ok(listing.map(|(names, _)| names))
}

fn open_root(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(root, flags, Mode::empty())?)
}

fn absent(opened: Result<OwnedFd, Errno>) -> io::Result<Option<OwnedFd>> {
    match opened {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn open_below(base: &OwnedFd, root: &Path, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    // EAGAIN: something was renamed meanwhile, and the kernel could not be sure.
    for _ in 0..8 {
        match openat2(base, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            Err(Errno::NOSYS | Errno::PERM) => {
                return open_without_openat2(base, root, path, flags);
            }
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

fn open_without_openat2(
    base: &OwnedFd,
    root: &Path,
    path: &Path,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    if root == Path::new("/") {
        return rustix::fs::open(Path::new("/").join(path), flags, Mode::empty());
    }
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(Errno::LOOP),
        }
    }
    let Some((last, directories)) = names.split_last() else {
        return openat(base, ".", flags, Mode::empty());
    };
    let mut at = rustix::io::dup(base)?;
    for name in directories {
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        at = openat(at.as_fd(), *name, step, Mode::empty())?;
    }
    openat(at.as_fd(), *last, flags | OFlags::NOFOLLOW, Mode::empty())
}

/// The path of an open file inside the root; `None` where procfs does not tell.
fn real_path(base: &OwnedFd, file: BorrowedFd<'_>) -> Option<PathBuf> {
    let path = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).ok();
    let (file, base) = (path(file.as_raw_fd())?, path(base.as_raw_fd())?);
    let inside = file.strip_prefix(base).ok()?.to_owned();
    Some(Path::new("/").join(inside))
}

#[cfg(test)]
pub(super) mod tests;
