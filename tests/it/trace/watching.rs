//! A trace of the host while it is on: what it says, how it ends, and its record.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::folder;
use crate::support::processes::send;
use crate::support::program::backlint;
use crate::support::wait;

/// One test removes what another would have to find: it waits until nobody traces.
pub(super) static TRACING: RwLock<()> = RwLock::new(());

/// A trace of the host that is on.
pub(super) struct Watching {
    pub(super) tracer: Child,
    err: BufReader<ChildStderr>,
    folder: TempDir,
    _tracing: Tracing,
}

/// Whether other traces may run meanwhile.
enum Tracing {
    Shared(#[allow(dead_code)] RwLockReadGuard<'static, ()>),
    Alone(#[allow(dead_code)] RwLockWriteGuard<'static, ()>),
}

impl Watching {
    pub(super) fn start(options: &[&str]) -> Self {
        Self::by(backlint(), options)
    }

    pub(super) fn by(program: Command, options: &[&str]) -> Self {
        let tracing = TRACING.read();
        let tracing = tracing.unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::begin(program, options, Tracing::Shared(tracing))
    }

    /// While no other test traces the host: every trace sees the calls of all.
    pub(super) fn alone() -> Self {
        let tracing = TRACING.write();
        let tracing = tracing.unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::begin(backlint(), &[], Tracing::Alone(tracing))
    }

    fn begin(mut program: Command, options: &[&str], tracing: Tracing) -> Self {
        let folder = folder();
        program
            .args(["trace", "--no-config", "--fail-on", "never", "--host", "-o"])
            .arg(folder.path().join("record.json"))
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut tracer = program.spawn().unwrap();
        let mut err = BufReader::new(tracer.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("watching the calls") {
            assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
        }
        Self {
            tracer,
            err,
            folder,
            _tracing: tracing,
        }
    }

    /// Waits for a line that has this in it.
    pub(super) fn line(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.err.read_line(&mut line).unwrap() > 0, "no {part}");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ends it with a signal; its exit status, what else it said, and its record.
    pub(super) fn end(mut self, signal: Signal) -> (i32, String, Value) {
        send(self.tracer.id(), signal);
        self.ended()
    }

    pub(super) fn ended(&mut self) -> (i32, String, Value) {
        // First what it says: it waits for whoever reads.
        let mut said = String::new();
        self.err.read_to_string(&mut said).unwrap();
        let status = wait::end_of(&mut self.tracer, Duration::from_secs(20));
        let record = fs::read_to_string(self.folder.path().join("record.json"));
        let record = record.map(|text| serde_json::from_str(&text).unwrap());
        let code = status.expect("backlint ends").code().unwrap_or(-1);
        (code, said, record.unwrap_or(Value::Null))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}
