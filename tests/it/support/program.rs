//! Running backlint, and other programs, with a clean environment and an end.

use std::ffi::OsStr;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::wait;

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a run ended and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status; -1 for a signal.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Run {
    /// Insists on an exit status.
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The program under test, without whatever the environment of the tests would change.
pub(crate) fn backlint() -> Command {
    scrubbed(env!("CARGO_BIN_EXE_backlint"))
}

/// backlint as a user who may not read everything: root reads files of mode 0.
pub(crate) fn as_nobody() -> Command {
    if !rustix::process::geteuid().is_root() {
        return backlint();
    }
    let mut command = scrubbed("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(env!("CARGO_BIN_EXE_backlint"));
    command
}

/// A program that gets nothing but a search path from the environment.
pub(crate) fn scrubbed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let kept = std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE");
    command
        .env_clear()
        .envs(kept.collect::<Vec<_>>())
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Runs backlint with these arguments; inside a namespace of its own, a test looks at that alone.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    let mut command = backlint();
    command.args(arguments);
    let elsewhere = ["--snapshot", "--netns"].map(OsStr::new);
    if super::netns::is_inside() && !command.get_args().any(|word| elsewhere.contains(&word)) {
        command.args(HERE);
    }
    finish(&mut command)
}

/// The option that looks at the namespace of the test alone.
pub(crate) const HERE: [&str; 2] = ["--netns", "self"];

/// The listeners of this namespace, as `list` says.
pub(crate) fn listeners() -> Vec<Value> {
    let list = run(["list", "--format", "json"]).ended(0).json();
    assert_eq!(list["schema"], "backlint/list/v1");
    list["listeners"].as_array().expect("an array").clone()
}

/// The report about this namespace, whatever the exit status.
pub(crate) fn audit() -> Value {
    run(["audit", "--format", "json"]).json()
}

/// The findings of one rule in a report.
pub(crate) fn findings<'a>(report: &'a Value, rule: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().expect("an array");
    all.iter()
        .filter(|finding| finding["rule"] == rule)
        .collect()
}

/// The listener of an inode.
#[track_caller]
pub(crate) fn by_inode(listeners: &[Value], inode: u64) -> &Value {
    let mut found = listeners
        .iter()
        .filter(|listener| listener["inode"] == inode);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no inode {inode} in {listeners:#?}"));
    assert!(
        found.next().is_none(),
        "inode {inode} is listed twice in {listeners:#?}"
    );
    first
}

/// Runs a program to its end, with nothing on standard input.
pub(crate) fn finish(command: &mut Command) -> Run {
    finish_with(command, b"")
}

/// Runs a program to its end, with these bytes on standard input.
pub(crate) fn finish_with(command: &mut Command, input: &[u8]) -> Run {
    let mut stdin = tempfile::tempfile().unwrap();
    stdin.write_all(input).unwrap();
    stdin.rewind().unwrap();
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut child = command
        .stdin(stdin)
        .stdout(out.try_clone().unwrap())
        .stderr(err.try_clone().unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let ended = wait::end_of(&mut child, PATIENCE);
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = |file: &mut std::fs::File| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap_or_else(|error| panic!("not UTF-8: {error}"))
    };
    let (out, err) = (text(&mut out), text(&mut err));
    let status = ended.unwrap_or_else(|| panic!("{command:?} did not end\n{out}\n{err}"));
    Run {
        status: status.code().unwrap_or(-1),
        out,
        err,
    }
}

/// Runs a program with standard output in the given place and returns status and standard error.
pub(crate) fn finish_into(command: &mut Command, stdout: Stdio) -> (i32, String) {
    let mut err = tempfile::tempfile().unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(err.try_clone().unwrap())
        .spawn()
        .unwrap();
    let ended = wait::end_of(&mut child, PATIENCE);
    let _ = child.kill();
    let _ = child.wait();
    let mut text = String::new();
    err.rewind().unwrap();
    err.read_to_string(&mut text).unwrap();
    (ended.and_then(|status| status.code()).unwrap_or(-1), text)
}

/// An output without the lines that may differ between two looks at one host: how much of the other
/// processes of the whole machine could be seen.
pub(crate) fn steady(out: &str) -> String {
    let differs = |line: &&str| line.contains("owners_complete") || line.starts_with("# relisten");
    out.lines()
        .filter(|line| !differs(line))
        .collect::<Vec<_>>()
        .join("\n")
}
