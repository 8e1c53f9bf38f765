//! Whatever is wrong with the input, there is one clear message on standard error, nothing on
//! standard output, and the documented exit status.

use std::fs;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;

use crate::support::netns::in_netns;
use crate::support::program::{backlint, finish, finish_into, finish_with, run};

const TRUNCATED: &str = "schema: backlint/snapshot/v1
namespaces:
  - sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {len: 0, max: 128},
         requested: {backlog: 511, source: config}}
";

const RULE: &str = "id: ACME1
name: a-rule
title: A rule
severity: low
scope: netns
when: sysctl[\"net.core.somaxconn\"] > 0
message: \"it is so\"
why: because
";

/// Insists on one message that says all of `words`, and on nothing else.
#[track_caller]
pub(crate) fn refused(arguments: &[&str], input: &[u8], words: &[&str]) {
    let run = finish_with(backlint().args(arguments), input).ended(2);
    assert_eq!(run.out, "", "{arguments:?}");
    let starts = |line: &&str| line.starts_with("error") || line.starts_with("backlint:");
    assert_eq!(
        run.err.lines().filter(starts).count(),
        1,
        "{arguments:?}: {}",
        run.err
    );
    for word in words {
        assert!(
            run.err.contains(word),
            "{arguments:?}: no {word:?} in {}",
            run.err
        );
    }
    for noise in ["panicked", "os error", "Error {", "\u{1b}["] {
        assert!(!run.err.contains(noise), "{arguments:?}: {}", run.err);
    }
}

fn write(home: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = home.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn bad_usage_is_named() {
    refused(&["--no-such-option"], b"", &["--no-such-option"]);
    refused(&["adit"], b"", &["adit"]);
    refused(&["audit", "extra"], b"", &["extra"]);
    refused(&["--format", "xml"], b"", &["xml", "table", "json"]);
    refused(&["--fail-on", "terrible"], b"", &["terrible", "never"]);
    refused(&["--snapshot"], b"", &["--snapshot"]);
    refused(&["--snapshot", "a", "--netns", "self"], b"", &["--netns"]);
    refused(&["list", "--port", "http"], b"", &["http"]);
    refused(&["list", "--port", "65536"], b"", &["65536"]);
    refused(&["list", "--protocol", "udp"], b"", &["udp"]);
    refused(&["list", "--sort", "size"], b"", &["size"]);
    refused(&["--strict", "list"], b"", &["list"]);
    refused(
        &["patch", "--snapshot", "a", "--snapshot", "b"],
        b"",
        &["--snapshot"],
    );
    refused(&["snapshot", "--format", "toml"], b"", &["toml"]);
}

#[test]
fn snapshots_that_cannot_be_understood_are_named_with_their_place() {
    let schema = "schema: backlint/snapshot/v1\n";
    let listener =
        |fields: &str| format!("{schema}namespaces:\n  - listeners:\n      - {{{fields}}}\n");
    let cases: [(String, &[&str]); 16] = [
        (String::new(), &[]),
        ("hello".to_owned(), &[]),
        ("a: [".to_owned(), &[":"]),
        ("{\"schema\": ".to_owned(), &[":1:"]),
        ("namespaces: [{}]\n".to_owned(), &["schema"]),
        (
            "schema: backlint/snapshot/v9\nnamespaces: [{}]\n".to_owned(),
            &["v9", ":1:"],
        ),
        (format!("{schema}namespaces: []\n"), &["namespace"]),
        (
            format!("{schema}namespaces: [{{}}, {{}}]\n"),
            &["host", ":2:"],
        ),
        (
            format!("{schema}nmespaces: [{{}}]\n"),
            &["nmespaces", "did you mean"],
        ),
        (
            listener("protocol: tcp, address: eighty"),
            &["eighty", ":4:"],
        ),
        (
            listener("protocol: udp, address: \"0.0.0.0:80\""),
            &["udp", ":4:"],
        ),
        (listener("protocol: tcp"), &["address"]),
        (
            listener("protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: -1}"),
            &["-1"],
        ),
        (
            listener("protocol: tcp, address: \"0.0.0.0:80\", drops: 4294967296"),
            &["4294967296"],
        ),
        (
            format!("{schema}namespaces: [{{counters: {{a: many}}}}]\n"),
            &["many"],
        ),
        (
            format!("{schema}namespaces: [{{sysctls: {{a: [1]}}}}]\n"),
            &[":2:"],
        ),
    ];
    let home = tempfile::tempdir().unwrap();
    for (n, (text, words)) in cases.iter().enumerate() {
        let name = format!("case{n}.yaml");
        let file = write(home.path(), &name, text);
        let words: Vec<&str> = words.iter().copied().chain([name.as_str()]).collect();
        refused(&["--snapshot", &file], b"", &words);
        refused(&["list", "--snapshot", &file], b"", &words);
        refused(&["patch", "--snapshot", &file], b"", &words);
        refused(&["--snapshot", "-"], text.as_bytes(), &["<stdin>"]);
    }
}

#[test]
fn snapshots_that_cannot_be_read_are_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let missing = format!("{folder}/missing.yaml");
    refused(
        &["--snapshot", &missing],
        b"",
        &["missing.yaml", "no such file"],
    );
    refused(&["--snapshot", folder], b"", &[folder, "is a directory"]);
    refused(&["--snapshot", "/proc/self/mem"], b"", &["/proc/self/mem"]);
    let latin = write(home.path(), "latin.yaml", b"schema: x\nname: caf\xe9\n");
    refused(
        &["--snapshot", &latin],
        b"",
        &["latin.yaml", "line 2", "UTF-8"],
    );
    refused(&["--snapshot", "-"], b"\xff\xfe", &["<stdin>", "UTF-8"]);
    // One bad file among good ones: nothing is judged.
    let good = write(home.path(), "good.yaml", TRUNCATED);
    refused(
        &["--snapshot", &good, "--snapshot", &missing],
        b"",
        &["missing.yaml"],
    );
    refused(
        &["patch", "--root", &missing, "--snapshot", &good],
        b"",
        &["missing.yaml"],
    );
}

#[test]
fn hostile_snapshots_end_soon() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, last) in ('b'..='z').zip('a'..) {
        let nine = vec![format!("*{last}"); 9].join(", ");
        bomb += &format!("{this}: &{this} [{nine}]\n");
    }
    refused(&["--snapshot", "-"], bomb.as_bytes(), &["<stdin>"]);
    for deep in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "- ".repeat(100_000),
    ] {
        refused(&["--snapshot", "-"], deep.as_bytes(), &["<stdin>"]);
    }
    refused(&["--snapshot", "-"], &vec![0; 1 << 20], &["<stdin>"]);
}

#[test]
fn rules_that_cannot_be_understood_are_named_with_their_place() {
    let change = |from: &str, to: &str| {
        assert!(RULE.contains(from));
        RULE.replace(from, to)
    };
    let condition = "sysctl[\"net.core.somaxconn\"] > 0";
    let cases: [(String, &[&str]); 18] = [
        (String::new(), &[]),
        ("- a\n- b\n".to_owned(), &[]),
        (change("why: because\n", ""), &["why"]),
        (
            change("message:", "mesage:"),
            &["mesage", "did you mean", ":7:"],
        ),
        (change("ACME1", "acme"), &["acme", ":1:"]),
        (change("ACME1", "BL101"), &["BL101"]),
        (change("a-rule", "A rule"), &["A rule", ":2:"]),
        (change("low", "awful"), &["awful", ":4:"]),
        (change("netns", "planet"), &["planet", ":5:"]),
        (
            change(condition, "netns.nme == \"x\""),
            &["netns.nme", "did you mean", ":6:"],
        ),
        (change(condition, "netns.name > 3"), &[":6:"]),
        (change(condition, "netns.listener_count"), &[":6:"]),
        (change(condition, "netns.name =="), &[":6:"]),
        (
            change(condition, "listener.drops > 0"),
            &["listener.drops", ":6:"],
        ),
        (
            change("it is so", "it is {netns.nme}"),
            &["netns.nme", ":7:"],
        ),
        (change("it is so", "it is {netns.name"), &[":7:"]),
        (
            format!("{RULE}remediation: [{{sysctl: ../../etc/passwd, value: 1}}]\n"),
            &["passwd", ":9:"],
        ),
        (
            format!("{RULE}remediation: [{{sysctl: net.core.somaxconn}}]\n"),
            &[":9:"],
        ),
    ];
    let home = tempfile::tempdir().unwrap();
    let good = write(home.path(), "good.yaml", TRUNCATED);
    for (n, (text, words)) in cases.iter().enumerate() {
        let name = format!("case{n}.yaml");
        let file = write(home.path(), &name, text);
        let words: Vec<&str> = words.iter().copied().chain([name.as_str()]).collect();
        refused(&["--snapshot", &good, "--rules", &file], b"", &words);
    }
}

#[test]
fn rules_that_cannot_be_read_are_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let missing = format!("{folder}/missing.yaml");
    refused(
        &["--rules", &missing],
        b"",
        &["missing.yaml", "no such file"],
    );
    refused(&["--rules", folder], b"", &[folder, "no rule"]);
    refused(&["--rules", "/proc/self/mem"], b"", &["/proc/self/mem"]);
    let rule = write(home.path(), "one.yaml", RULE);
    let twice = write(home.path(), "two.yaml", RULE.replace("a-rule", "another"));
    refused(
        &["--rules", &rule, "--rules", &twice],
        b"",
        &["ACME1", "one.yaml", "two.yaml"],
    );
    for command in ["snapshot", "patch"] {
        refused(&[command, "--rules", &missing], b"", &["missing.yaml"]);
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let home = tempfile::tempdir().unwrap();
    let good = write(home.path(), "good.yaml", TRUNCATED);
    let tree = home.path().to_str().unwrap();
    let runs: [&[&str]; 6] = [
        &["--snapshot", &good],
        &["audit", "--format", "json", "--snapshot", &good],
        &["list", "--snapshot", &good],
        &["list", "--format", "json", "--snapshot", &good],
        &["patch", "--root", tree, "--snapshot", &good],
        &["--help"],
    ];
    for arguments in runs {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (status, err) = finish_into(backlint().args(arguments), full.into());
        assert_eq!(status, 2, "{arguments:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{arguments:?}: {err}");
        assert!(
            err.contains("no space left on device"),
            "{arguments:?}: {err}"
        );
    }
}

#[test]
fn a_pipe_that_its_reader_closed_ends_quietly_with_the_outcome() {
    let home = tempfile::tempdir().unwrap();
    let good = write(home.path(), "good.yaml", TRUNCATED);
    let runs: [(&[&str], i32); 6] = [
        (&["--snapshot", &good], 1),
        (&["--snapshot", &good, "--fail-on", "never"], 0),
        (&["audit", "--format", "json", "--snapshot", &good], 1),
        (&["list", "--snapshot", &good], 0),
        (
            &[
                "patch",
                "--root",
                home.path().to_str().unwrap(),
                "--snapshot",
                &good,
            ],
            0,
        ),
        (&["--help"], 0),
    ];
    for (arguments, expected) in runs {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (status, err) = finish_into(backlint().args(arguments), Stdio::from(writer));
        assert_eq!((status, err.as_str()), (expected, ""), "{arguments:?}");
    }
}

#[test]
fn a_snapshot_that_cannot_be_written_leaves_nothing_behind() {
    // An empty namespace, so that an ordinary user has no gaps to read about.
    in_netns(|_| {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_str().unwrap();
        let nowhere = format!("{folder}/nowhere/seen.yaml");
        refused(
            &["snapshot", "--netns", "self", "-o", &nowhere],
            b"",
            &["seen.yaml"],
        );
        refused(
            &["snapshot", "--netns", "self", "-o", "/dev/full"],
            b"",
            &["/dev/full", "no space left on device"],
        );
        let here = ["snapshot", "--netns", "self", "-o", folder];
        refused(&here, b"", &[folder, "directory"]);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    });
}

#[test]
fn the_exit_status_follows_severity_gate_and_gaps() {
    let home = tempfile::tempdir().unwrap();
    let high = write(home.path(), "high.yaml", TRUNCATED);
    let status = |options: &[&str]| finish(backlint().args(options)).status;
    let judge = |options: &[&str]| status(&[&["--snapshot", &high], options].concat());
    assert_eq!(judge(&[]), 1);
    for (severity, expected) in [
        ("critical", 0),
        ("high", 1),
        ("medium", 1),
        ("low", 1),
        ("info", 1),
        ("never", 0),
    ] {
        assert_eq!(judge(&["--fail-on", severity]), expected, "{severity}");
    }
    // The fixture records no counters, so rules about them are not evaluated.
    assert_eq!(judge(&["--strict"]), 1, "a finding is worse than a gap");
    assert_eq!(judge(&["--strict", "--fail-on", "never"]), 3);
    assert_eq!(
        status(&["list", "--snapshot", &high]),
        0,
        "a list judges nothing"
    );
    for help in [&["--help"][..], &["--version"], &["list", "--help"]] {
        let run = run(help).ended(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{help:?}");
    }
}
