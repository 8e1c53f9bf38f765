//! The completions in the shells themselves: what TAB offers for a command, an option, and an option's value.

use std::fs;
use std::path::Path;

use crate::support::program::{Run, finish, scrubbed};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/completions");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/packaging");

/// A shell, and how it is asked what it offers at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

const ALL: [Shell; 3] = [Shell::Bash, Shell::Fish, Shell::Zsh];

impl Shell {
    fn file(self) -> &'static str {
        match self {
            Self::Bash => "backlint.bash",
            Self::Fish => "backlint.fish",
            Self::Zsh => "_backlint",
        }
    }

    /// What is offered, sorted, for a line that is typed in a folder.
    #[track_caller]
    fn offers(self, line: &str, folder: &Path) -> Vec<String> {
        let file = format!("{FOLDER}/{}", self.file());
        let home = tempfile::tempdir().unwrap();
        let mut shell = match self {
            Self::Bash => {
                let mut bash = scrubbed("bash");
                bash.arg("--norc").arg(format!("{SCRIPTS}/complete.bash"));
                bash.arg(file).args(line.split(' '));
                bash
            }
            Self::Fish => {
                let mut fish = scrubbed("fish");
                fish.arg("--no-config")
                    .arg(format!("{SCRIPTS}/complete.fish"));
                fish.args([&file, line]);
                fish
            }
            Self::Zsh => {
                let mut zsh = scrubbed("zsh");
                zsh.arg("-f").arg(format!("{SCRIPTS}/complete.zsh"));
                zsh.args([FOLDER, line]);
                zsh
            }
        };
        shell.env("HOME", home.path()).env("TERM", "dumb");
        let run: Run = finish(shell.current_dir(folder)).ended(0);
        let words = run.out.lines().map(str::trim).filter(|it| !it.is_empty());
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    }
}

#[test]
fn the_shells_find_no_fault_in_the_completions() {
    for (shell, option) in [("bash", "-n"), ("fish", "--no-execute"), ("zsh", "-n")] {
        let shells = ALL
            .iter()
            .find(|it| format!("{it:?}").to_lowercase() == shell);
        let file = format!("{FOLDER}/{}", shells.unwrap().file());
        let run = finish(scrubbed(shell).args([option, &file])).ended(0);
        assert_eq!(run.out + &run.err, "", "{shell}");
    }
}

#[test]
fn commands_options_and_values_are_offered() {
    let formats = [
        "github", "gitlab", "json", "junit", "markdown", "sarif", "table", "tap",
    ];
    let severities = ["critical", "high", "info", "low", "medium", "never"];
    let here = tempfile::tempdir().unwrap();
    for shell in ALL {
        for (line, wanted) in [
            ("backlint tra", &["trace"][..]),
            ("backlint explain que", &["queue"]),
            ("backlint rules che", &["check"]),
            ("backlint audit --snap", &["--snapshot"]),
            ("backlint trace --until", &["--until-listening"]),
            ("backlint audit --format ", &formats),
            ("backlint audit --format j", &["json", "junit"]),
            ("backlint --fail-on ", &severities),
            ("backlint diff --fail-on ", &severities),
            ("backlint patch --for sys", &["sysctl-conf", "systemd"]),
            ("backlint rules schema --for c", &["cases"]),
        ] {
            assert_eq!(shell.offers(line, here.path()), wanted, "{shell:?}: {line}");
        }
    }
}

#[test]
fn files_are_offered_where_one_is_taken() {
    let here = tempfile::tempdir().unwrap();
    for name in ["web.yaml", "web2.yaml", "other.yaml"] {
        fs::write(here.path().join(name), "").unwrap();
    }
    for shell in ALL {
        for option in ["audit --snapshot", "diff --config", "rules check"] {
            let offered = shell.offers(&format!("backlint {option} we"), here.path());
            assert_eq!(offered, ["web.yaml", "web2.yaml"], "{shell:?}: {option}");
        }
    }
}
