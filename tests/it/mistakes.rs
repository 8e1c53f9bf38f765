//! Mistakes that people make in their files, kept as files: `tests/mistakes/KIND/NAME.EXT`, and beside
//! each what backlint says, `NAME.stderr`. `UPDATE_GENERATED=1` writes these instead; read them then, for
//! each is one precise diagnostic with its place and a remedy.

use std::path::{Path, PathBuf};

use crate::support::program::{backlint, finish};

/// A kind of file, and the arguments that make backlint read one.
struct Kind {
    folder: &'static str,
    arguments: fn(&str) -> Vec<&str>,
    /// How many mistakes are kept at least.
    least: usize,
}

const KINDS: &[Kind] = &[
    Kind {
        folder: "snapshots",
        arguments: |file| vec!["audit", "--snapshot", file],
        least: 24,
    },
    Kind {
        folder: "waivers",
        arguments: |file| vec!["--snapshot", QUIET, "--waivers", file],
        least: 16,
    },
    Kind {
        folder: "baselines",
        arguments: |file| vec!["--snapshot", QUIET, "--baseline", file],
        least: 5,
    },
    Kind {
        folder: "config",
        arguments: |file| vec!["--snapshot", QUIET, "--config", file],
        least: 14,
    },
    Kind {
        folder: "rules",
        arguments: |file| vec!["rules", "check", file],
        least: 35,
    },
    Kind {
        folder: "cases",
        arguments: |file| vec!["rules", "test", file],
        least: 15,
    },
];

/// A record without a fault and without a finding.
const QUIET: &str = "fixtures/quiet-and-healthy.yaml";

fn mistakes(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/mistakes")
        .join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension != "stderr")
    });
    paths.sort();
    paths
}

fn is_one_precise_diagnostic(said: &str, file: &str) {
    let errors = said.lines().filter(|line| line.starts_with("error"));
    assert_eq!(errors.count(), 1, "{file}: not one diagnostic:\n{said}");
    let place = said.lines().find(|line| line.contains("--> "));
    let place = place.unwrap_or_else(|| panic!("{file}: no place:\n{said}"));
    assert!(place.contains(&format!("{file}:")), "{file}: {place}");
    assert!(said.contains("help: "), "{file}: no remedy:\n{said}");
}

#[test]
fn every_mistake_gets_one_precise_diagnostic() {
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    for kind in KINDS {
        let mistakes = mistakes(kind.folder);
        assert!(mistakes.len() >= kind.least, "{}", kind.folder);
        for path in mistakes {
            let name = path.file_name().unwrap().to_str().unwrap();
            let file = format!("tests/mistakes/{}/{name}", kind.folder);
            let mut command = backlint();
            command
                .args((kind.arguments)(&file))
                .current_dir(env!("CARGO_MANIFEST_DIR"));
            let run = finish(&mut command).ended(2);
            assert_eq!(run.out, "", "{file}");
            is_one_precise_diagnostic(&run.err, &file);
            let expected = path.with_extension("stderr");
            if update {
                std::fs::write(&expected, &run.err).unwrap();
            }
            let expected = std::fs::read_to_string(&expected).unwrap_or_default();
            assert_eq!(
                run.err, expected,
                "{file}: UPDATE_GENERATED=1 cargo test --test it mistakes"
            );
        }
    }
}
