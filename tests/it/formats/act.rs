//! A run of a workflow by `act`, which executes GitHub Actions without GitHub, on this machine and without
//! containers or network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Repository, validator};
use crate::support::program::{finish, scrubbed};

/// What a run did.
pub(super) struct Ran {
    pub(super) status: i32,
    /// What it logged, an object a line.
    log: Vec<Value>,
    home: tempfile::TempDir,
}

/// The folder that the program under test is in.
pub(super) fn bin() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_backlint")).parent().unwrap()
}

/// A program with backlint on its PATH and a home of its own.
pub(super) fn at_home(mut command: Command, home: &Path) -> Command {
    let path = format!("{}:/usr/bin:/bin", bin().display());
    command.env("PATH", path).env("HOME", home);
    command
}

/// Makes a folder a git repository with one commit of all that is in it.
pub(super) fn commit(folder: &Path) {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    for words in [
        &["init", "-q", "."][..],
        &["add", "-A"],
        &["commit", "-q", "--allow-empty", "-m", "all"],
    ] {
        let mut git = scrubbed("git");
        git.args(who).args(words).current_dir(folder);
        finish(git.env("HOME", "/nonexistent")).ended(0);
    }
}

/// Runs the steps of a job, in YAML, in a repository; `instead` are folders that stand for repositories of
/// others.
pub(super) fn run(repository: &Repository, steps: &str, instead: &[(&str, &Path)]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".config/act")).unwrap();
    fs::write(home.path().join(".config/act/actrc"), "").unwrap();
    let workflow = format!(
        "on: push\njobs:\n  judge:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n{steps}"
    );
    let folder = repository.path(".github/workflows");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("judge.yml"), workflow).unwrap();
    commit(&repository.path(""));
    let mut act = at_home(validator("act"), home.path());
    act.args(["push", "--json", "--action-offline-mode"])
        .args(["-P", "ubuntu-latest=-self-hosted"])
        .current_dir(repository.path(""));
    for (name, folder) in instead {
        act.arg("--local-repository")
            .arg(format!("{name}={}", folder.display()));
    }
    let run = finish(&mut act);
    let lines = run.out.lines().chain(run.err.lines());
    Ran {
        status: run.status,
        log: lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
        home,
    }
}

impl Ran {
    /// Every workflow command of these names that the runner understood: name, properties, message.
    pub(super) fn commands(&self, names: &[&str]) -> Vec<(String, Value, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = self.log.iter();
        let all = all.filter(|line| names.contains(&text(&line["command"]).as_str()));
        all.map(|line| {
            (
                text(&line["command"]),
                line["kvPairs"].clone(),
                text(&line["arg"]),
            )
        })
        .collect()
    }

    /// All that it said.
    pub(super) fn said(&self) -> String {
        let messages = self.log.iter().filter_map(|line| line["msg"].as_str());
        messages.collect::<Vec<_>>().join("\n")
    }

    /// A file that a step wrote.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        let cache = self.home.path().join(".cache/act");
        let workspaces = fs::read_dir(cache).ok()?.filter_map(Result::ok);
        let mut files = workspaces.map(|it| it.path().join("hostexecutor").join(name));
        files.find(|file| file.exists())
    }
}
