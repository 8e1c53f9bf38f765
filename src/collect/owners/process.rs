//! What the record says of a process that holds a listener: its name and its executable.
//!
//! Follows proc_pid_comm(5), proc_pid_exe(5) and, for the parent, proc_pid_stat(5).

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Process {
    /// At most 15 bytes; those that are not UTF-8 are replaced.
    pub(super) comm: Option<String>,
    /// Path of the executable as the kernel writes it, so with ` (deleted)` where it is.
    pub(super) exe: Option<String>,
    /// Device and inode of the executable.
    pub(super) file: Option<(u64, u64)>,
}

/// Reads a process; `None` when it is gone. What this user may not read is unknown.
pub(super) fn read(proc: &Path, pid: u32) -> Option<Process> {
    let directory = proc.join(pid.to_string());
    let comm = match read_short(&directory.join("comm")) {
        Ok(bytes) => {
            let name = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            Some(String::from_utf8_lossy(name).into_owned())
        }
        Err(error) if gone(&error) => return None,
        Err(_) => None,
    };
    let link = directory.join("exe");
    let exe = fs::read_link(&link).ok().map(|path| {
        let bytes = path.into_os_string().into_vec();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let file = exe.as_ref().and_then(|_| fs::metadata(&link).ok());
    Some(Process {
        comm,
        exe,
        file: file.map(|file| (file.dev(), file.ino())),
    })
}

/// The parent of a process.
pub(super) fn parent(proc: &Path, pid: u32) -> Option<u32> {
    let stat = read_short(&proc.join(pid.to_string()).join("stat")).ok()?;
    parse_parent(&stat)
}

/// The fourth field, counted from behind the name, which may hold anything.
fn parse_parent(stat: &[u8]) -> Option<u32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

fn read_short(path: &Path) -> io::Result<Vec<u8>> {
    let mut buffer = [0; 512];
    let length = File::open(path)?.read(&mut buffer)?;
    Ok(buffer.get(..length).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parse_parent(b"7 (a) S 3) R 42 1 1"), Some(42));
        assert_eq!(parse_parent(b"7 (a"), None);
        assert_eq!(parse_parent(b"7 (a) R"), None);
    }

    #[test]
    fn this_process_is_read() {
        let proc = Path::new("/proc");
        let this = read(proc, std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(this.exe.as_deref(), exe.to_str());
        assert!(this.comm.is_some() && this.file.is_some());
        assert_eq!(
            parent(proc, std::process::id()),
            Some(std::os::unix::process::parent_id())
        );
        assert_eq!(read(proc, 4_194_305), None);
    }
}
