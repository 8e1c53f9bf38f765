//! Everything that the commands write: results to standard output, the rest to standard error.

use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;

use clap::builder::StyledStr;

use super::input::{Failure, words};
use crate::report::style::{Look, WIDTH};
use crate::report::{Outcome, diagnostics};
use crate::text::shell;
use crate::text::untrusted::clean;

/// Writes a result to standard output. A pipe that the reader closed ends quietly, with the outcome
/// that the result has.
pub(super) fn result(
    outcome: Outcome,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Outcome, Failure> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(outcome),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(outcome),
        Err(error) => {
            Err(anyhow::anyhow!("standard output cannot be written: {}", words(&error)).into())
        }
    }
}

/// Writes the help text.
pub(super) fn help(text: &StyledStr) -> Result<Outcome, Failure> {
    result(Outcome::Clean, |out| {
        if look().color {
            write!(out, "{}", text.ansi())
        } else {
            write!(out, "{text}")
        }
    })
}

/// How to write to standard output.
pub(super) fn look() -> Look {
    look_of(&io::stdout())
}

fn look_of<S: io::IsTerminal + rustix::fd::AsFd>(stream: &S) -> Look {
    let terminal = stream.is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let columns = rustix::termios::tcgetwinsize(stream)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0);
    // A file is written for any reader; a terminal as wide as it is, within what reads well.
    let width = columns
        .filter(|_| terminal)
        .map_or(WIDTH, |columns| columns.clamp(40, 120));
    Look {
        color: terminal && !plain,
        width,
    }
}

/// A note on standard error. Nothing can be done if that is closed too.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "backlint: {}", clean(text));
}

/// Says why a command could not do its work.
pub(super) fn complain(failure: &Failure) {
    match failure {
        Failure::Diagnostics(faults) => {
            let look = look_of(&io::stderr());
            for fault in faults {
                let _ = io::stderr().write_all(diagnostics::render(fault, look).as_bytes());
            }
        }
        Failure::Other(error) => note(&without_numbers(&format!("{error:#}"))),
    }
}

/// An option with its path as a shell takes it, with a blank in front.
pub(super) fn argument(option: &str, path: &std::path::Path) -> String {
    format!(" {option} {}", shell::word(&path.display().to_string()))
}

/// Takes ` (os error 2)` out of a message: the words before it say the same.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    out
}

/// Whether the name of a file to write asks for JSON.
pub(super) fn is_json(path: &std::path::Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Whether a file can be made there, before the work that it is for.
pub(super) fn may_write(path: &std::path::Path) -> Result<(), Failure> {
    use std::fs;
    let attempt = || match fs::symlink_metadata(path) {
        Ok(known) if known.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(known) if !known.is_file() => Ok(()),
        _ => {
            let beside = beside(path);
            fs::File::create_new(&beside).and_then(|_| fs::remove_file(&beside))
        }
    };
    attempt().map_err(|error| not_written(path, &error))
}

/// The name under which a file is written before it takes another one's place.
fn beside(path: &std::path::Path) -> std::path::PathBuf {
    let mut beside = path.to_owned().into_os_string();
    beside.push(format!(".{}.tmp", std::process::id()));
    beside.into()
}

fn not_written(path: &std::path::Path, error: &io::Error) -> Failure {
    Failure::Other(
        anyhow::anyhow!("{}", words(error))
            .context(format!("{} cannot be written", path.display())),
    )
}

/// Writes a file whole or not at all: to a new file beside it, which then takes its name, mode and
/// owner. A link or what is not a regular file is written through, so that the kernel's protection
/// of links in shared folders holds (proc_sys_fs(5), `protected_symlinks`).
pub(super) fn file(path: &std::path::Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    use std::fs;
    let text = text.as_ref();
    let attempt = || -> io::Result<()> {
        let known = fs::symlink_metadata(path).ok();
        if known.as_ref().is_some_and(|known| !known.is_file()) {
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).open(path)?;
            return file.write_all(text);
        }
        let beside = beside(path);
        let written = fs::File::create_new(&beside).and_then(|mut file| {
            if let Some(known) = &known {
                file.set_permissions(known.permissions())?;
                std::os::unix::fs::fchown(&file, Some(known.uid()), Some(known.gid()))?;
            }
            file.write_all(text)?;
            file.sync_all()?;
            fs::rename(&beside, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    };
    attempt().map_err(|error| not_written(path, &error))
}
