//! One cell of the matrix: one server, one configuration, one somaxconn, in network, process and
//! mount namespaces of its own. All that it starts ends with it, and all that it writes is in
//! memory and gone then too.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Expected, words};
use super::row::{Row, Seen, judge};
use super::{HOME, servers, truth};
use crate::support::netns::{Netns, again_inside, in_netns};
use crate::support::program::{finish, listeners, scrubbed};
use crate::support::sandbox::die_with_parent;
use crate::support::{ss, wait};

/// What a cell is to do.
const CELL: &str = "BACKLINT_TEST_CELL";

/// How long a cell may take, with what must be prepared for its server.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a server may need until it listens.
const START: Duration = Duration::from_secs(20);

/// How long nothing may change until the server counts as started.
const QUIET: Duration = Duration::from_millis(150);

/// Where the programs of a cell put what they name after their pid, which other cells have too.
const TEMPORARY: &str = "/run/tmp";

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    entry: usize,
    cap: u32,
    answer: PathBuf,
}

/// Runs a cell in its namespaces. `Err`: why it has no rows.
pub(super) fn run(entry: usize, cap: u32) -> Result<Vec<Row>, String> {
    let directory = tempfile::tempdir().unwrap();
    let (answer, log) = (
        directory.path().join("rows.json"),
        directory.path().join("log"),
    );
    let order = Order {
        entry,
        cap,
        answer: answer.clone(),
    };
    let out = fs::File::create(&log).unwrap();
    let namespaces = ["--pid", "--mount", "--fork", "--kill-child", "--mount-proc"];
    let mut command = again_inside("matrix::cell::cell_process", &namespaces);
    command
        .env(CELL, serde_json::to_string(&order).unwrap())
        .env("RUST_BACKTRACE", "0")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out);
    let mut child = die_with_parent(&mut command, Signal::KILL).spawn().unwrap();
    let ended = wait::end_of(&mut child, PATIENCE);
    let _ = child.kill();
    let _ = child.wait();
    match fs::read(&answer) {
        Ok(rows) if ended.is_some_and(|status| status.success()) => {
            Ok(serde_json::from_slice(&rows).unwrap())
        }
        _ if ended.is_none() => Err(format!("not done after {PATIENCE:?}")),
        _ => Err(complaint(&fs::read_to_string(&log).unwrap_or_default())),
    }
}

/// What the panic said that ended a cell, without what surrounds it.
fn complaint(log: &str) -> String {
    let panic = log.split_once(" panicked at ").and_then(|(_, rest)| {
        let (_, message) = rest.split_once('\n')?;
        message.split("\nnote: run with").next()
    });
    panic.unwrap_or(log).trim().to_owned()
}

/// Not a test: what [`run`] starts.
#[test]
fn cell_process() {
    let Ok(order) = env::var(CELL) else { return };
    in_netns(|netns| {
        let order: Order = serde_json::from_str(&order).unwrap();
        let entry = servers::all().swap_remove(order.entry);
        let rows = inside(netns, &entry, order.cap);
        fs::write(&order.answer, serde_json::to_vec(&rows).unwrap()).unwrap();
    });
}

fn inside(netns: &Netns, entry: &Entry, cap: u32) -> Vec<Row> {
    netns.set_somaxconn(cap);
    make_home();
    for (path, text) in &entry.files {
        let path = Path::new(HOME).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for command in &entry.prepare {
        let words = words(command);
        let (program, arguments) = words.split_first().unwrap();
        finish(
            scrubbed(find(program, entry))
                .args(arguments)
                .current_dir(HOME),
        )
        .ended(0);
    }
    let mut server = Started::new(entry);
    let (asked, seen) = server.wait_until_up(entry);
    let listed = listeners();
    let mut rows: Vec<Row> = seen
        .into_iter()
        .map(|(inode, row)| {
            let found = listed.iter().find(|listener| listener["inode"] == inode);
            let seen = Seen {
                address: row.address,
                max: row.max,
                asked: asked[&inode],
                cap,
            };
            judge(entry, &seen, found)
        })
        .collect();
    // As the entry names them, the others behind.
    rows.sort_by_cached_key(|row| {
        let fits = |expected: &Expected| expected.fits(&row.address);
        let place = entry.expected.iter().position(fits);
        (place.unwrap_or(usize::MAX), row.address.clone())
    });
    rows
}

/// An empty /run in memory, which nobody else sees, with [`HOME`] in it.
fn make_home() {
    let mount = ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"];
    finish(scrubbed("mount").args(mount)).ended(0);
    fs::create_dir(HOME).unwrap();
    fs::create_dir(TEMPORARY).unwrap();
    fs::set_permissions(TEMPORARY, Permissions::from_mode(0o1777)).unwrap();
}

/// Where a program is. Its absence fails the cell: nothing is skipped.
fn find(program: &str, entry: &Entry) -> PathBuf {
    if program.starts_with('/') {
        let message = format!(
            "{program} is missing: install the package {}",
            entry.package
        );
        assert!(Path::new(program).exists(), "{message}");
        return program.into();
    }
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let mut places = folders.iter().map(|folder| Path::new(folder).join(program));
    places.find(|path| path.exists()).unwrap_or_else(|| {
        panic!(
            "{program} is missing: install the package {}",
            entry.package
        )
    })
}

/// A server below strace(1), which writes down every listen(2) of its processes.
struct Started {
    strace: Child,
    trace: PathBuf,
    log: PathBuf,
}

impl Started {
    fn new(entry: &Entry) -> Self {
        let home = Path::new(HOME);
        // Not below HOME, whose owner some servers are strict about.
        let (trace, log) = (PathBuf::from("/run/trace"), PathBuf::from("/run/log"));
        let out = fs::File::create(&log).unwrap();
        let (program, arguments) = entry.start.split_first().unwrap();
        let mut command: Command = scrubbed("strace");
        command
            .args(["-f", "--seccomp-bpf", "-y", "-qq"])
            .args(["-e", "trace=listen", "-e", "signal=none", "-o"])
            .arg(&trace)
            .arg("--")
            .arg(find(program, entry))
            .args(arguments)
            .env("TMPDIR", TEMPORARY)
            .envs(entry.environment.iter().cloned())
            .current_dir(home)
            // Kept open: the end of its input is for some programs their own.
            .stdin(Stdio::piped())
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        let strace = command
            .spawn()
            .unwrap_or_else(|error| panic!("strace (package strace): {error}"));
        Self { strace, trace, log }
    }

    /// Waits until all expected listeners are there and nothing changes any more. Returns what
    /// every socket asked for, and the listeners.
    fn wait_until_up(&mut self, entry: &Entry) -> (BTreeMap<u64, i64>, BTreeMap<u64, ss::Row>) {
        let mut last = None;
        let up = wait::within(START, || {
            if let Some(status) = self.strace.try_wait().unwrap() {
                panic!("{} ended, {status}: {}", entry.service, self.said());
            }
            let trace = fs::read_to_string(&self.trace).unwrap_or_default();
            let now = (truth::asked(&trace), ss::listeners());
            let all_there = entry
                .expected
                .iter()
                .all(|expected| now.1.values().any(|row| expected.fits(&row.address)));
            let all_seen = now.1.keys().all(|inode| now.0.contains_key(inode));
            if !all_there || !all_seen || last.as_ref() != Some(&now) {
                last = Some(now);
                thread::sleep(QUIET);
                return None;
            }
            last.take()
        });
        up.unwrap_or_else(|| {
            let there: Vec<String> = ss::listeners()
                .into_values()
                .map(|row| row.address)
                .collect();
            panic!(
                "after {START:?} {} does not listen as expected, but at {there:?}: {}",
                entry.service,
                self.said()
            )
        })
    }

    fn said(&self) -> String {
        tail(&self.log, 20)
    }
}

/// The last lines of a file.
fn tail(path: &Path, lines: usize) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
