//! Opens the files that a user names: regular files, and the pipes of a shell's `<(…)`. A named pipe would
//! be waited for, perhaps for ever, and merely opening a device may do something.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Folders of what this process has open already, as shells name it.
const OPEN_ALREADY: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// Opens a file to read it: a regular one, one that this process has open already, or /dev/null.
///
/// # Errors
/// What the operating system says, or which kind of file it is instead.
pub(super) fn to_read(path: &Path) -> io::Result<File> {
    match is_open_already(path) {
        true => File::open(path),
        false => regular(path).map(|(file, _)| file),
    }
}

/// Opens a regular file, or /dev/null, with what is known of it.
///
/// # Errors
/// What the operating system says, or which kind of file it is instead.
pub(super) fn regular(path: &Path) -> io::Result<(File, Metadata)> {
    refuse(&fs::metadata(path)?)?;
    // It may be another one by now.
    let waits_not = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(waits_not)
        .open(path)?;
    let known = file.metadata()?;
    refuse(&known)?;
    Ok((file, known))
}

/// `/dev/stdin`, `/dev/fd/63`. By name: what such a path leads to may well be a pipe.
fn is_open_already(path: &Path) -> bool {
    let digits = |name: &OsStr| name.as_bytes().iter().all(u8::is_ascii_digit);
    let below = || {
        path.parent()
            .is_some_and(|it| OPEN_ALREADY.iter().any(|of| it == Path::new(of)))
    };
    path == Path::new("/dev/stdin") || (path.file_name().is_some_and(digits) && below())
}

fn refuse(known: &Metadata) -> io::Result<()> {
    let kind = known.file_type();
    let what = match () {
        () if kind.is_file() || is_null(known) => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(io::Error::other(format!(
        "it is {what}, not a regular file"
    )))
}

/// Whether it is /dev/null, wherever that is: nothing at all, which people give where a file has to be.
fn is_null(known: &Metadata) -> bool {
    known.file_type().is_char_device() && known.rdev() == rustix::fs::makedev(1, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_opened_may_be_a_pipe() {
        for path in ["/dev/stdin", "/dev/fd/0", "/dev/fd/63", "/proc/self/fd/5"] {
            assert!(is_open_already(Path::new(path)), "{path}");
        }
        for path in [
            "/dev/fd",
            "/dev/fd/../x",
            "/dev/fd/1/2",
            "/dev/fd/x",
            "dev/fd/1",
            "/proc/1/fd/5",
        ] {
            assert!(!is_open_already(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_device_is_refused_and_dev_null_is_empty() {
        let fault = to_read(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(fault, "it is a device, not a regular file");
        assert_eq!(
            to_read(Path::new("/dev/null"))
                .unwrap()
                .metadata()
                .unwrap()
                .len(),
            0
        );
    }
}
