//! Which configuration file is in force, and whether it may be.
//!
//! Looked for as Cargo and ruff do: in the current directory and then in each one above it, up to the root
//! of the file system; the first one counts alone. backlint often runs as root, and from wherever root is,
//! so a file that was not named has to be root's own, or for another user root's or theirs, and writable by
//! nobody else: in /tmp/x, anybody may have written /tmp/backlint.toml. Not even who became root by sudo is
//! believed: sudoers may let them run backlint and nothing else. What such a file may say is in `confine`.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli::input::{self, words};
use crate::cli::open;
use crate::text::diagnostic::Diagnostic;

/// Names, in the order in which they are told. Two of them in one directory are a fault.
const NAMES: [&str; 4] = [
    "backlint.toml",
    ".backlint.toml",
    "backlint.yaml",
    ".backlint.yaml",
];

/// Bytes that a configuration may have.
pub(super) const LONGEST: u64 = 1 << 20;

/// Permission to write for the group and for everybody.
const OTHERS_WRITE: u32 = 0o022;

/// Path and text of the first configuration from the current directory upwards.
pub(super) fn upwards() -> Result<Option<(PathBuf, String)>, Diagnostic> {
    // Beside the user a name is enough; above, the whole path tells where it is.
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().skip(1).map(Path::to_owned);
    for directory in std::iter::once(PathBuf::new()).chain(above) {
        let paths = NAMES.map(|name| directory.join(name));
        let mut there = Vec::new();
        for path in paths {
            if is_there(&path)? {
                there.push(path);
            }
        }
        match there.as_slice() {
            [] => {}
            [path] => return read(path).map(|text| Some((path.clone(), text))),
            [first, second, ..] => {
                let (first, second) = (first.display(), second.display());
                let fault = format!("there is a second configuration here: {first}");
                let help = "keep one of them, or name it with --config";
                return Err(Diagnostic::whole_file(second.to_string(), fault).with_help(help));
            }
        }
    }
    Ok(None)
}

/// Whether there is such a file. What this user may not search holds no settings for them.
fn is_there(path: &Path) -> Result<bool, Diagnostic> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory => Ok(false),
            _ => Err(unreadable(path, &error)),
        },
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("cannot be read: {}", words(error));
    Diagnostic::whole_file(path.display().to_string(), message)
        .with_help("it was found from the current directory upwards; --no-config does without it")
}

/// Reads a file that was found, if it may be trusted. What is looked at is what was opened, and the link
/// that led there.
fn read(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let failed = |error: io::Error| unreadable(path, &error);
    let link = fs::symlink_metadata(path).map_err(failed)?;
    let (file, known) = open::regular(path).map_err(failed)?;
    let me = rustix::process::geteuid().as_raw();
    let strange = [&link, &known]
        .into_iter()
        .find(|file| file.uid() != 0 && file.uid() != me);
    let fault = if let Some(file) = strange {
        let uid = file.uid();
        Some(format!(
            "belongs to another user (uid {uid}), so it is not taken by itself"
        ))
    } else if known.mode() & OTHERS_WRITE != 0 {
        Some("may be written by its group or by everybody, so it is not taken by itself".to_owned())
    } else {
        None
    };
    if let Some(fault) = fault {
        let help = format!("--config {name} takes it all the same, --no-config does without it");
        return Err(Diagnostic::whole_file(name, fault).with_help(help));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    input::text_of(&name, bytes, LONGEST)
}
