//! `backlint why`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::input::{Failure, words};
use super::{Run, input, output};
use crate::assess::why;
use crate::collect::{self, Sources};
use crate::kernel::sysctls::{self, Existence};
use crate::report::json::document;
use crate::report::json::v1;
use crate::report::{Outcome, gaps, why as table};
use crate::snapshot::Snapshot;
use crate::sysctl_conf::{is_glob, normalise_key};

/// Directory that the kernel shows sysctls in.
const PROC_SYS: &str = "/proc/sys/";

#[derive(Debug, Args)]
pub(super) struct Why {
    /// Sysctls, such as net.core.somaxconn, in any spelling
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// Look at the files below this directory, such as a mounted image, instead of this host's
    #[arg(long, value_name = "DIR", conflicts_with = "snapshot")]
    root: Option<PathBuf>,
    /// Look at the files that this snapshot recorded; `-` is standard input
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// How to write the answer
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

/// What stands below the options.
pub(super) const EXAMPLES: &str = "\
Exit status: 0 the answer was written, also that no file sets it; 2 bad usage, a name that no \
sysctl has, or a file that cannot be understood.

Examples:
  backlint why net.core.somaxconn                    which line sets it, and the value after the next boot
  backlint why net/core/somaxconn vm.swappiness      several, in any spelling
  backlint why net.core.somaxconn --root /mnt        on another system's disk
  backlint why net.core.somaxconn --snapshot web.yaml
                                                     on a recorded host";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Table,
    /// JSON, schema backlint/why/v1; a list for several keys
    Json,
}

pub(super) fn run(arguments: &Why) -> Run {
    let keys: Vec<String> = arguments.keys.iter().map(|key| spelled(key)).collect();
    if let Some((key, _)) = arguments
        .keys
        .iter()
        .zip(&keys)
        .find(|(_, key)| is_no_key(key))
    {
        let remedy = "give the name of one sysctl, such as net.core.somaxconn";
        return Err(anyhow!("`{key}` is not the name of a sysctl; {remedy}").into());
    }
    let snapshot = look(arguments, &keys)?;
    let mut all = Vec::with_capacity(keys.len());
    for key in &keys {
        let why = why::Why::of(&snapshot, key).ok_or_else(|| {
            anyhow!("the snapshot has no `files`: record one with `backlint snapshot`")
        })?;
        let live = arguments.root.is_none() && arguments.snapshot.is_none();
        let unread = snapshot.gaps.iter().any(|gap| gap.what == *key);
        known(&why, live && !unread)?;
        all.push(why);
    }
    for gap in gaps::together(&snapshot.gaps) {
        output::note(&format!("gap: {gap}"));
    }
    output::result(Outcome::Clean, |out| match arguments.format {
        Format::Table => all.iter().enumerate().try_for_each(|(n, why)| {
            if n > 0 {
                writeln!(out)?;
            }
            table::write(why, output::look(), out)
        }),
        Format::Json => {
            let all: Vec<_> = all
                .iter()
                .map(|why| v1::Why::new(why, &snapshot.gaps))
                .collect();
            match all.as_slice() {
                [why] => document(why, out),
                all => document(&all, out),
            }
        }
    })
}

/// A key as backlint spells it, also from a path below /proc/sys.
fn spelled(key: &str) -> String {
    normalise_key(key.trim().strip_prefix(PROC_SYS).unwrap_or(key.trim()))
}

fn is_no_key(key: &str) -> bool {
    let climbs = key.starts_with('/');
    climbs
        || key.is_empty()
        || is_glob(key)
        || key.contains(['=', '\0'])
        || key.contains(char::is_whitespace)
}

fn look(arguments: &Why, keys: &[String]) -> Result<Snapshot, Failure> {
    if let Some(path) = &arguments.snapshot {
        return Ok(input::snapshot(path)?.1);
    }
    match &arguments.root {
        None => Ok(collect::machine(&Sources::default(), keys)),
        Some(root) => {
            let unreadable = |error: &std::io::Error| {
                anyhow!(
                    "--root {}: {}; give a directory",
                    root.display(),
                    words(error)
                )
            };
            let folder = std::fs::metadata(root).map_err(|error| unreadable(&error))?;
            if !folder.is_dir() {
                return Err(anyhow!("--root {}: it is not a directory", root.display()).into());
            }
            Ok(collect::tree(Path::new(root)))
        }
    }
}

/// Refuses a key that nothing knows: neither the kernel, nor a file, nor the catalogue. `asked`: whether
/// the kernel was asked.
fn known(why: &why::Why, asked: bool) -> Result<(), Failure> {
    let mentioned = !why.history.assignments.is_empty();
    if why.running.is_some() || mentioned || why.meaning.is_some() {
        return Ok(());
    }
    match sysctls::existence(&why.key, None) {
        Existence::Misspelt { nearest } => {
            let key = &why.key;
            Err(anyhow!("no sysctl is called `{key}`; did you mean `{nearest}`?").into())
        }
        _ if asked => {
            let key = &why.key;
            Err(anyhow!("this kernel has no sysctl `{key}`, and no file sets it").into())
        }
        _ => Ok(()),
    }
}
