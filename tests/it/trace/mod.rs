//! `backlint trace` on real programs: what it records against what strace(1) sees in the same run, how it
//! ends, and what is left when parts of it are killed.

mod calls;
mod container;
mod ends;
mod host;
mod host_kills;
mod isolated;
mod kills;
mod merge;
mod programs;
mod transparent;
mod watching;

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use super::support::program::{Run, as_nobody, backlint, finish};

/// Who runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum User {
    /// Whoever runs the tests: root, where all tests are to run.
    Own,
    Nobody,
}

impl User {
    const BOTH: [Self; 2] = [Self::Own, Self::Nobody];

    fn backlint(self) -> Command {
        match self {
            Self::Own => backlint(),
            Self::Nobody => as_nobody(),
        }
    }
}

/// A folder that everybody may write to.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// listener.c, static, and readable by everybody: built once for all runs of the tests that have the same.
fn listener() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/trace/listener.c");
        let mut content = DefaultHasher::new();
        fs::read(&source).unwrap().hash(&mut content);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join(format!("listener-{:016x}", content.finish()));
        if program.exists() {
            return program;
        }
        let unfinished = tempfile::tempdir_in(folder).unwrap();
        let built = unfinished.path().join("listener");
        let mut cc = Command::new("cc");
        cc.args(["-static", "-O1", "-Wall", "-Werror", "-pthread", "-o"]);
        finish(cc.arg(&built).arg(source)).ended(0);
        fs::set_permissions(&built, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(built, &program).unwrap();
        program
    })
}

/// somaxconn of this namespace: a trace of a command without one of its own gets no more.
fn cap() -> u32 {
    let text = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    text.trim().parse().unwrap()
}

/// A finished trace.
struct Traced {
    run: Run,
    snapshot: Value,
}

impl Traced {
    /// The lines about calls, without the beginning that all have.
    fn calls(&self) -> Vec<&str> {
        let lines = self.run.err.lines();
        lines
            .filter_map(|line| line.strip_prefix("listen: "))
            .collect()
    }

    /// All listeners of the record.
    fn listeners(&self) -> Vec<&Value> {
        let namespaces = self.snapshot["namespaces"].as_array().unwrap();
        namespaces
            .iter()
            .filter_map(|netns| netns["listeners"].as_array())
            .flatten()
            .collect()
    }

    /// The requests of the record, sorted.
    fn requests(&self) -> Vec<i64> {
        let listeners = self.listeners().into_iter();
        let mut all: Vec<i64> = listeners
            .map(|it| it["requested"]["backlog"].as_i64().expect("a request"))
            .collect();
        all.sort_unstable();
        all
    }
}

/// Traces a command with these options.
fn trace<'a>(
    user: User,
    options: impl IntoIterator<Item = &'a str>,
    command: impl IntoIterator<Item = &'a str>,
) -> Traced {
    let folder = folder();
    let record = folder.path().join("record.json");
    let mut program = user.backlint();
    program
        .args(["trace", "--no-config", "--fail-on", "never", "-o"])
        .arg(&record)
        .args(options)
        .arg("--")
        .args(command)
        .current_dir(folder.path());
    let run = finish(&mut program);
    let text = fs::read_to_string(&record).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    Traced {
        run,
        snapshot: serde_json::from_str(&text).unwrap(),
    }
}

/// The command that runs a mode of listener.c.
fn mode(words: &str) -> Vec<&str> {
    let program = listener().to_str().unwrap();
    std::iter::once(program).chain(words.split(' ')).collect()
}
