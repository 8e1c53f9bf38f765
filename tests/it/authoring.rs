//! `backlint rules` as those use it who write rules: what `new` writes passes as it is, every fault is told
//! at once, failures of cases are told as a diff, and the examples of the authors' page work as they stand.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{Run, backlint, finish, run};

/// Runs `backlint rules` in a folder.
fn rules_in(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = backlint();
    command.arg("rules").args(arguments).current_dir(folder);
    finish(&mut command)
}

const NGINX: &str = "    snapshot:\n      namespaces:\n        - sysctls: {net.core.somaxconn: 128}\n          listeners:\n            - {protocol: tcp, address: \"0.0.0.0:443\", accept_queue: {max: 128}, owners: [{comm: nginx}]}\n";

#[test]
fn a_new_rule_of_every_scope_passes_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (n, scope) in ["listener", "netns", "setting", "host"].iter().enumerate() {
        let name = format!("our-{scope}");
        let said = rules_in(folder, &["new", &name, "--scope", scope, "--dir", "own"]).ended(0);
        for file in [".yaml", ".cases.yaml"] {
            assert!(
                said.out.contains(&format!("own/{name}{file}\n")),
                "{}",
                said.out
            );
        }
        let rule = fs::read_to_string(folder.join(format!("own/{name}.yaml"))).unwrap();
        assert!(rule.contains(&format!("\nid: ACME{}\n", 101 + n)), "{rule}");
        assert!(rule.starts_with("# yaml-language-server: $schema=rule.schema.json\n"));
    }
    let said = rules_in(folder, &["check", "own"]).ended(0);
    assert_eq!(said.out, "4 rules and 4 cases files: nothing is wrong\n");
    let said = rules_in(folder, &["test", "own"]).ended(0);
    assert!(
        said.out.ends_with("4 rules, 14 cases: all pass\n"),
        "{}",
        said.out
    );
    // The schemas beside them are the published ones.
    for file in ["rule.schema.json", "cases.schema.json"] {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/schema");
        let published = fs::read_to_string(published.join(file)).unwrap();
        let written = fs::read_to_string(folder.join("own").join(file)).unwrap();
        assert_eq!(written, published, "{file}");
    }
    // A rule is listed with where it is from.
    let list = rules_in(folder, &["list", "--rules", "own", "--format", "json"]).ended(0);
    let list = list.json();
    let own = list["rules"].as_array().unwrap();
    let own = own.iter().find(|rule| rule["id"] == "ACME101").unwrap();
    assert_eq!(own["file"], "own/our-listener.yaml");
    assert_eq!(own["scope"], "listener");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("x.cases.yaml"), "mine").unwrap();
    let said = rules_in(folder, &["new", "x"]).ended(2);
    assert_eq!(said.out, "");
    assert!(
        said.err.contains("x.cases.yaml is there already"),
        "{}",
        said.err
    );
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    fs::write(folder.join("rule.schema.json"), "mine too").unwrap();
    rules_in(folder, &["new", "y"]).ended(0);
    let kept = fs::read_to_string(folder.join("rule.schema.json")).unwrap();
    assert_eq!(kept, "mine too");
    for (arguments, why) in [
        (["new", "X", "--id", "A1"], "is not a rule's name"),
        (["new", "z", "--id", "a1"], "is not a rule's id"),
        (["new", "z", "--id", "BL101"], "backlint's own prefix"),
        (["new", "z", "--id", "BL901"], "backlint's own prefix"),
        (["new", "z", "--id", "ACME101"], "has the id `ACME101`"),
        (["new", "backlog-truncated", "--id", "A1"], "has the name"),
    ] {
        let said = rules_in(folder, &arguments).ended(2);
        assert!(said.err.contains(why), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn all_faults_of_all_files_are_told_at_once_as_text_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("a.yaml"),
        "id: A1\nname: a\ntitel: t\nseverity: hihg\nscope: listener\nwhen: listener.prt == 1 && listener.protocol == \"udp\"\nmessage: \"{listener.lable}\"\nwhy: w\n",
    )
    .unwrap();
    fs::write(
        folder.join("b.yaml"),
        "id: A1\nname: b\ntitle: t\nseverity: low\nscope: host\nwhen: \"true\"\nmessage: m\nwhy: w\n",
    )
    .unwrap();
    fs::write(folder.join("b.cases.yaml"), "rule: A1\ncase: []\n").unwrap();
    let said = rules_in(folder, &["check", "."]).ended(2);
    assert_eq!(said.out, "");
    let errors = said.err.lines().filter(|line| line.starts_with("error"));
    assert_eq!(errors.count(), 7, "{}", said.err);
    let said = rules_in(folder, &["check", "--format", "json", "."]).ended(2);
    assert_eq!(said.err, "");
    let json = said.json();
    assert_eq!(json["schema"], "backlint/diagnostics/v1");
    let places: Vec<(&str, u64, u64, u64)> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let number = |value: &Value| value.as_u64().unwrap();
            (
                one["file"].as_str().unwrap(),
                number(&one["line"]),
                number(&one["column"]),
                number(&one["end"]["column"]),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("./a.yaml", 3, 1, 6),
            ("./a.yaml", 4, 11, 15),
            ("./a.yaml", 6, 7, 19),
            ("./a.yaml", 6, 49, 54),
            ("./a.yaml", 7, 12, 26),
            ("./b.yaml", 1, 5, 7),
            ("./b.cases.yaml", 2, 1, 5),
        ]
    );
    // An audit tells them all too.
    let arguments = ["audit", "--rules", folder.to_str().unwrap()];
    let said = run(arguments).ended(2);
    assert_eq!(said.err.matches("error: ").count(), 6, "{}", said.err);
}

#[test]
fn nothing_wrong_is_an_empty_list_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    rules_in(folder.path(), &["new", "x"]).ended(0);
    let said = rules_in(folder.path(), &["check", "--format", "json", "."]).ended(0);
    assert_eq!(said.json()["diagnostics"], Value::Array(Vec::new()));
}

#[test]
fn a_case_that_fails_is_told_as_a_diff() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases = format!(
        "rule: backlog-truncated\ncases:\n  - name: nginx asked for more\n    expect: fires\n    count: 2\n    message: nginx asked for 512\n    confidence: certain\n    remediation: [{{sysctl: net.core.somaxconn, value: 512}}, {{relisten: listener}}]\n{NGINX}  - name: it fits\n    expect: silent\n{NGINX}"
    );
    fs::write(folder.join("x.cases.yaml"), cases).unwrap();
    let said = rules_in(folder, &["test", "x.cases.yaml"]).ended(1);
    assert_eq!(
        said.out,
        "FAIL  BL101  backlog-truncated  2 of 2 cases failed
      x.cases.yaml:3: nginx asked for more
        count:
          - expected  2
          + found     1
        message:
          - expected  nginx asked for 512
          + found     nginx on 0.0.0.0:443 asked for 511 by default and got 128
        confidence:
          - expected  certain
          + found     likely
        remediation:
          - expected  sysctl: net.core.somaxconn, value: 512
          + found     sysctl: net.core.somaxconn, value: 511
            both      relisten: listener
      x.cases.yaml:14: it fits
        expect:
          - expected  silent
          + found     fires
          + found       nginx on 0.0.0.0:443 asked for 511 by default and got 128

1 rule, 2 cases: 1 rule failed
"
    );
}

#[test]
fn a_rule_needs_cases_of_both_kinds_and_a_fixture_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    rules_in(folder, &["new", "x"]).ended(0);
    fs::remove_file(folder.join("x.cases.yaml")).unwrap();
    let said = rules_in(folder, &["test", "x.yaml"]).ended(1);
    assert!(
        said.out
            .contains("no cases file beside it: write x.cases.yaml\n"),
        "{}",
        said.out
    );
    fs::create_dir(folder.join("fixtures")).unwrap();
    fs::write(
        folder.join("fixtures/web.yaml"),
        "schema: backlint/snapshot/v1\nnamespaces: [{sysctls: {net.core.somaxconn: 128}, listeners: [{protocol: tcp, address: \"0.0.0.0:443\", accept_queue: {max: 128}}]}]\n",
    )
    .unwrap();
    let one = "rule: ACME101\ncases:\n  - {name: a, expect: fires, fixture: fixtures/web.yaml}\n";
    fs::write(folder.join("x.cases.yaml"), one).unwrap();
    let said = rules_in(folder, &["test", "."]).ended(1);
    assert!(
        said.out.contains("1 case; no case in which it is silent\n"),
        "{}",
        said.out
    );
    // A fault of the fixture is told in the fixture.
    fs::write(
        folder.join("fixtures/web.yaml"),
        "schema: backlint/snapshot/v1\nnamespaces: [{listners: []}]\n",
    )
    .unwrap();
    let said = rules_in(folder, &["test", "."]).ended(2);
    assert!(said.err.contains("fixtures/web.yaml:2:15"), "{}", said.err);
}

#[test]
fn why_a_rule_was_silent_is_told_where_a_reader_would_wonder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (rule, host, why) in [
        (
            "somaxconn-hidden",
            "host: {kernel: 6.12.0}, ",
            "silent (the rule is about Linux <6.4, and the record is of 6.12)",
        ),
        (
            "key-set-twice",
            "",
            "not-asked (it is about the persistent configuration, and the record has no `files`)",
        ),
        (
            "syncookies-disabled",
            "",
            "not-evaluated (missing: sysctl.net.ipv4.tcp_syncookies)",
        ),
    ] {
        let cases = format!(
            "rule: {rule}\ncases:\n  - {{name: a, expect: fires, snapshot: {{{host}namespaces: [{{name: host}}]}}}}\n"
        );
        fs::write(folder.join("x.cases.yaml"), cases).unwrap();
        let said = rules_in(folder, &["test", "x.cases.yaml"]).ended(1);
        assert!(said.out.contains(why), "{}", said.out);
    }
}

/// The fenced blocks of a Markdown text that name a file behind their language, with that name.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut parts = text.split("\n```yaml ");
    parts.next();
    for part in parts {
        let (name, rest) = part.split_once('\n').unwrap();
        let (body, _) = rest.split_once("\n```").unwrap();
        blocks.push((name.trim().to_owned(), format!("{body}\n")));
    }
    blocks
}

#[test]
fn the_examples_of_the_authors_page_work_as_they_stand() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/WRITING.md");
    let blocks = blocks(&fs::read_to_string(page).unwrap());
    let rules = blocks.iter().filter(|(name, _)| !name.contains(".cases."));
    let rules = rules.count();
    assert!(rules >= 3 && blocks.len() == 2 * rules, "{blocks:?}");
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in &blocks {
        fs::write(folder.path().join(name), body).unwrap();
    }
    let said = rules_in(folder.path(), &["check", "."]).ended(0);
    assert_eq!(
        said.out,
        format!("{rules} rules and {rules} cases files: nothing is wrong\n")
    );
    rules_in(folder.path(), &["test", "."]).ended(0);
}

#[test]
fn a_rule_without_a_page_is_explained_by_what_is_written_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    rules_in(folder, &["new", "web-queue", "--dir", "own"]).ended(0);
    let record = "schema: backlint/snapshot/v1\nnamespaces:\n  - sysctls: {net.core.somaxconn: 4096}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:443\", accept_queue: {max: 511}, owners: [{comm: nginx}]}\n";
    fs::write(folder.join("web.yaml"), record).unwrap();
    let run = |arguments: &[&str]| finish(backlint().args(arguments).current_dir(folder));
    let said = run(&[
        "audit",
        "--rules",
        "own",
        "--only",
        "ACME",
        "--snapshot",
        "web.yaml",
        "--format",
        "json",
    ])
    .ended(0);
    let said = said.json();
    let finding = &said["findings"][0];
    let command = "backlint explain ACME101 --rules own/web-queue.yaml";
    assert_eq!(finding["explain"], command, "{finding}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let said = run(&words).ended(0);
    for part in [
        "listener.accept_queue.max < 1024",
        "{listener.label} has an accept queue of",
        "service: listener, value: 1024",
        "relisten: listener",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = run(&["explain", "ACME101"]).ended(2);
    assert!(said.err.contains("--rules PATH"), "{}", said.err);
}

#[test]
fn cases_of_another_rule_are_a_fault_to_check_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    rules_in(folder, &["new", "x"]).ended(0);
    let cases = fs::read_to_string(folder.join("x.cases.yaml")).unwrap();
    fs::write(
        folder.join("x.cases.yaml"),
        cases.replace("ACME101", "ACME102"),
    )
    .unwrap();
    for arguments in [["check", "."], ["check", "x.cases.yaml"], ["test", "."]] {
        let said = rules_in(folder, &arguments).ended(2);
        let why = "`ACME102` is not the rule beside this file";
        assert!(said.err.contains(why), "{arguments:?}: {}", said.err);
    }
}
