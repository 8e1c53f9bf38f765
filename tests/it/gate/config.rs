//! The configuration file: where it is found, and what wins.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Home, ids, refused};

pub(super) const ACME: &str = "id: ACME1\nname: a-rule\ntitle: t\nseverity: low\nscope: netns\nwhen: netns.listener_count > 0\nmessage: m\nwhy: w\n";

impl Home {
    /// What `--show-config` says of a key, from a folder of this one.
    fn shown(&self, folder: &str, words: &str, key: &str) -> Vec<String> {
        let run = self
            .run_in(folder, &format!("--show-config {words}"))
            .ended(0);
        assert_eq!(run.err, "");
        let lines = run
            .out
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines
            .filter_map(|line| line.strip_prefix(&format!("{key} ")).map(str::to_owned))
            .collect()
    }
}

#[test]
fn each_name_is_found_and_both_languages_are_read() {
    for (name, text) in [
        ("backlint.toml", "fail-on = \"never\"\n"),
        (".backlint.toml", "# é\nfail-on = 'never'\n"),
        ("backlint.yaml", "fail-on: never\n"),
        (".backlint.yaml", "{\"fail-on\": \"never\"}\n"),
    ] {
        let home = Home::new();
        home.run("--snapshot web.yaml").ended(1);
        home.write(name, text);
        home.run("--snapshot web.yaml").ended(0);
        home.run("audit --snapshot web.yaml --no-config").ended(1);
        home.run("--snapshot web.yaml --fail-on high").ended(1);
    }
}

#[test]
fn it_is_looked_for_upwards_and_the_nearest_counts_alone() {
    let home = Home::new();
    home.write("backlint.toml", "strict = true\nskip = [\"BL3\"]\n");
    home.write("a/b/.git/HEAD", "");
    let path = home.path().join("backlint.toml").display().to_string();
    assert_eq!(
        home.shown("a/b", "", "config"),
        [format!("{path} found upwards from here")]
    );
    assert_eq!(home.shown("a/b", "", "strict"), [format!("true {path}:1")]);
    home.write("a/.backlint.yaml", "skip: [BL4]\n");
    assert_eq!(home.shown("a/b", "", "strict"), ["false default"]);
    assert_eq!(
        home.shown(".", "", "config"),
        ["backlint.toml found upwards from here"]
    );
}

#[test]
fn two_in_one_folder_are_refused() {
    let home = Home::new();
    home.write("backlint.toml", "");
    home.write(".backlint.yaml", "");
    refused(
        home.run("--snapshot web.yaml"),
        &["backlint.toml", ".backlint.yaml", "--config"],
    );
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(1);
}

#[test]
fn what_is_in_force_is_shown_with_its_origin() {
    let home = Home::new();
    home.write(
        "backlint.toml",
        "fail-on = \"medium:likely\"\nonly = [\n  \"BL1\",\n  \"BL501\",\n]\nrules = [\"policy/\"]\nbaseline = \"known.yaml\"\n",
    );
    let run = home
        .run("--show-config --format json --rules more.yaml")
        .ended(0);
    assert_eq!(
        run.out,
        "config    backlint.toml  found upwards from here\n\
         fail-on   medium:likely  backlint.toml:1\n\
         strict    false          default\n\
         format    json           --format\n\
         only      BL1            backlint.toml:3\n\
         only      BL501          backlint.toml:4\n\
         skip      none           default\n\
         rules     policy/        backlint.toml:6\n\
         rules     more.yaml      --rules\n\
         services  built in       default\n\
         waivers   none           default\n\
         baseline  known.yaml     backlint.toml:7\n"
    );
}

#[test]
fn the_command_line_wins_and_lists_add_up() {
    let home = Home::new();
    home.write(
        "backlint.yaml",
        "fail-on: low\nstrict: true\nformat: json\nonly: [BL1]\nskip: [BL102]\nwaivers: [w.yaml]\nbaseline: b.yaml\n",
    );
    let shown = |words: &str, key: &str| home.shown(".", words, key);
    assert_eq!(shown("--fail-on high", "fail-on"), ["high --fail-on"]);
    assert_eq!(shown("--strict=false", "strict"), ["false --strict"]);
    assert_eq!(shown("--format table", "format"), ["table --format"]);
    assert_eq!(shown("--skip BL103", "only"), ["BL1 backlint.yaml:4"]);
    assert_eq!(
        shown("--skip BL103", "skip"),
        ["BL102 backlint.yaml:5", "BL103 --skip"]
    );
    assert_eq!(shown("--only BL102", "only"), ["BL102 --only"]);
    assert_eq!(
        shown("--only BL102", "skip"),
        ["none default"],
        "it asks for something else"
    );
    assert_eq!(
        shown("--waivers x.yaml", "waivers"),
        ["w.yaml backlint.yaml:6", "x.yaml --waivers"]
    );
    assert_eq!(
        shown("--baseline x.yaml", "baseline"),
        ["x.yaml --baseline"]
    );
}

#[test]
fn every_key_does_what_its_option_does() {
    let home = Home::new();
    home.write("conf/acme.yaml", ACME);
    home.write(
        "conf/w.yaml",
        "waivers: [{rule: BL101, subject: {netns: host}, reason: legacy}]\n",
    );
    home.write(
        "conf/backlint.toml",
        "format = \"json\"\nonly = [\"BL101\", \"acme\"]\nrules = [\"acme.yaml\"]\nwaivers = [\"w.yaml\"]\nstrict = true\n",
    );
    let report = home
        .run("--snapshot web.yaml --config conf/backlint.toml")
        .ended(0)
        .json();
    assert_eq!(
        ids(&report, "findings"),
        ["ACME1"],
        "paths are relative to the file"
    );
    assert_eq!(ids(&report, "waived"), ["BL101", "BL101"]);
    assert_eq!(report["waived"][0]["waiver"]["file"], "conf/w.yaml");
    home.write("backlint.toml", "strict = true\nfail-on = \"never\"\n");
    home.run("--snapshot web.yaml").ended(3);
    home.run("--snapshot web.yaml --strict=false").ended(0);
    home.write("backlint.toml", "baseline = \"known.yaml\"\n");
    home.run("--snapshot web.yaml --write-baseline known.yaml")
        .ended(0);
    home.run("--snapshot web.yaml").ended(0);
}

#[test]
fn rules_and_services_count_for_the_other_commands_too() {
    let home = Home::new();
    let service = "name: acmed\nfamily: our services\nrecognise: [{name: acmed}]\ndefault:\n  - {class: configurable, backlog: 100, verified: source, source: acmed src/server.c}\nsetting: {example: \"listen.backlog = {}\", place: in /etc/acmed.conf}\napplies: {setting: restart, sysctl: restart}\n";
    home.write("acmed.yaml", service);
    home.run("explain acmed").ended(2);
    home.write(
        "backlint.yaml",
        "services: [acmed.yaml]\nwaivers: [w.yaml]\n",
    );
    let page = home.run("explain acmed").ended(0);
    assert!(page.out.contains("acmed"), "{page:#?}");
    home.run("list --snapshot web.yaml").ended(0);
    home.write(
        "w.yaml",
        "waivers: [{rule: BL101, subject: {netns: host}, reason: legacy}]\n",
    );
    let patch = home
        .run("patch --snapshot web.yaml --root . --only BL101")
        .ended(0);
    assert_eq!(patch.out, "", "what is waived is in no patch: {patch:#?}");
    home.write("backlint.yaml", "services: [none.yaml]\n");
    for command in [
        "explain acmed",
        "list --snapshot web.yaml",
        "patch --snapshot web.yaml",
    ] {
        refused(home.run(command), &["none.yaml"]);
    }
}

#[test]
fn faults_are_told_at_their_place() {
    let home = Home::new();
    home.write("backlint.toml", "only = [\"BL1\",\n  \"BL999\"]\n");
    refused(
        home.run("--snapshot web.yaml"),
        &["backlint.toml:2:3", "BL999"],
    );
    home.run("list --snapshot web.yaml").ended(0);
    home.write("backlint.toml", "strict = 1\n");
    refused(
        home.run("list --snapshot web.yaml"),
        &["backlint.toml:1:10", "strict = true"],
    );
    refused(home.run("--show-config"), &["backlint.toml:1:10"]);
    home.run("--snapshot web.yaml --no-config").ended(1);
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused() {
    let home = Home::new();
    refused(
        home.run("--snapshot web.yaml --config none.toml"),
        &["none.toml", "no such file"],
    );
    refused(
        home.run("--snapshot web.yaml --config ."),
        &["is a directory"],
    );
    refused(home.run("--config a.toml --no-config"), &[]);
    fs::create_dir(home.path().join("backlint.toml")).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["a directory, not a regular file", "--no-config"],
    );
    fs::remove_dir(home.path().join("backlint.toml")).unwrap();
    symlink("nowhere", home.path().join("backlint.toml")).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["backlint.toml", "no such file"],
    );
}

#[test]
fn a_pipe_is_not_waited_for() {
    let home = Home::new();
    let path = home.path().join("backlint.toml");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["a named pipe, not a regular file"],
    );
}
