//! The formats for other programs, read by other programs: each output goes through a real consumer, for
//! a record whose names do harm where they are not escaped. A tool that is missing is a failed test;
//! tests/run installs them.

mod act;
mod gated;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod outputs;
mod packaging;
mod sarif;
mod tap;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{Run, backlint, finish, scrubbed};

/// The record of most tests, as a file of a repository has it.
const RECORD: &str = include_str!("web.yaml");

/// What must arrive of the address and the owner that are hostile, once control characters are visible.
const HOSTILE: &str = r"[a](1) {0} %0A on /run/<script>alert(1)</script>|`x`@me #1 \u{1b}[31m]]>\r\n::set-env name=a::b asked for 511 and got 128";

/// Lines of the record.
const NGINX: usize = 12;
const UNIX: usize = 17;
const REDIS: usize = 21;
const RECYCLE: usize = 28;

/// A folder with the record in it, in a folder whose name needs escaping.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fix tures")).unwrap();
        std::fs::write(folder.path().join("fix tures/web.yaml"), RECORD).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Judges the record with these arguments, from the root of the repository.
    fn judge(&self, arguments: &[&str]) -> Run {
        let mut command = backlint();
        command
            .args(["audit", "--snapshot", "fix tures/web.yaml"])
            .args(arguments)
            .current_dir(self.folder.path());
        finish(&mut command)
    }
}

/// A file of the repository of backlint itself.
fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A program that tests/run installs from PyPI.
fn validator(name: &str) -> Command {
    let program = own("target/validators/bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: tests/run makes it",
        program.display()
    );
    scrubbed(program)
}

/// What another's parser understood, by tests/it/formats/read.py.
fn understood(reader: &str, file: &Path) -> serde_json::Value {
    let script = own("tests/it/formats/read.py");
    let mut command = validator("python");
    finish(command.arg(script).arg(reader).arg(file))
        .ended(0)
        .json()
}
