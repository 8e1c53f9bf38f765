//! The diff of an edited sysctl file, applied by the programs that people apply it with.

// A failed helper of a test is a failed test.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use backlint::report::diff::unified;
use backlint::sysctl_conf::edit::{Change, edit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const PATHS: [&str; 9] = [
    "etc/sysctl.conf",
    "etc/sysctl.d/60-my tuning.conf",
    "sysctl.conf",
    "etc/größe.conf",
    "etc/größe mit raum.conf",
    "etc/a\"b\\c.conf",
    "etc/tab\tand\x07bell.conf",
    "etc/ends in a blank ",
    "etc/two  blanks",
];

const LINES: [&[u8]; 16] = [
    b"",
    b"  ",
    b"# a comment",
    b"-- a/etc/sysctl.conf",
    b"++ b/etc/sysctl.conf",
    b"@@ -1 +1 @@",
    b"\\ No newline at end of file",
    b"net.core.somaxconn = 128 # web",
    b"\t-net/core/somaxconn=128",
    b"net.ipv4.tcp_max_syn_backlog = 256",
    b"-net.core.somaxconn",
    b"net.ipv4.tcp_congestion_control = reno # old",
    b"caf\xe9 \xff\xfe \0 nul",
    b"mac\rline",
    b"; ends in a carriage return\r",
    b"diff --git a/x b/x",
];

#[derive(Debug, Clone)]
struct Case {
    path: &'static str,
    old: Option<Vec<u8>>,
    changes: Vec<Change>,
}

fn case() -> impl Strategy<Value = Case> {
    let line = prop_oneof![
        12 => select(&LINES[..]).prop_map(<[u8]>::to_vec),
        1 => Just(b"x".repeat(100_000)),
    ];
    let text = (vec(line, 0..14), any::<bool>(), any::<bool>()).prop_map(
        |(lines, carriage_returns, terminated)| {
            let eol: &[u8] = if carriage_returns { b"\r\n" } else { b"\n" };
            let mut text = lines.join(eol);
            if terminated && !lines.is_empty() {
                text.extend_from_slice(eol);
            }
            text
        },
    );
    let value = select(&["128", "4096", "65535"][..]);
    (
        select(&PATHS[..]),
        proptest::option::weighted(0.9, text),
        vec(value, 2),
        any::<bool>(),
    )
        .prop_map(|(path, old, values, with_text)| {
            let change = |key: &str, value: &str| Change {
                key: key.to_owned(),
                value: value.to_owned(),
                reasons: vec!["a service asks for it".to_owned()],
            };
            let mut changes = vec![
                change("net.core.somaxconn", values[0]),
                change("net.ipv4.tcp_max_syn_backlog", values[1]),
            ];
            if with_text {
                changes.push(change("net.ipv4.tcp_congestion_control", "bbr"));
            }
            Case { path, old, changes }
        })
}

/// Applies a diff to a fresh directory that holds the old file, and returns what is there then.
fn applied(program: &str, path: &str, old: Option<&[u8]>, diff: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(path);
    if let Some(old) = old {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, old).unwrap();
    }
    run(program, dir.path(), diff);
    let seen = fs::read(&file).unwrap();
    let leftovers: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|other| *other != file)
        .collect();
    assert!(leftovers.is_empty(), "{program} left {leftovers:?}");
    seen
}

fn run(program: &str, dir: &Path, diff: &[u8]) {
    let mut command = Command::new(program);
    match program {
        "patch" => command.args(["-p1", "-d"]).arg(dir),
        _ => command
            .args(["apply", "-"])
            .current_dir(dir)
            .env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE"),
    };
    let mut child = command
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs {program}: {error}"));
    // A program that gives up early closes the pipe; its status tells then.
    let _ = child.stdin.take().unwrap().write_all(diff);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr]
        .concat()
        .escape_ascii()
        .to_string();
    assert!(
        output.status.success(),
        "{program}: {said}\n{}",
        diff.escape_ascii()
    );
    for doubt in ["fuzz", "offset", "garbage", "Stripping"] {
        assert!(!said.contains(doubt), "{program}: {said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn patch_and_git_apply_make_the_edited_file(case in case()) {
        let old = case.old.as_deref();
        let new = edit(old, &case.changes).unwrap();
        let diff = unified(case.path, old, &new);
        prop_assert_eq!(diff.is_empty(), old == Some(&new[..]));
        if !diff.is_empty() {
            for program in ["patch", "git"] {
                let seen = applied(program, case.path, old, &diff);
                prop_assert!(seen == new, "{}: {}", program, diff.escape_ascii());
            }
        }
    }
}
