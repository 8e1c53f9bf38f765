//! The configuration file: where it is found, what wins, and whom it is taken from.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::{Home, ids, refused};
use crate::support::program::{as_nobody, backlint, finish};

const ACME: &str = "id: ACME1\nname: a-rule\ntitle: t\nseverity: low\nscope: netns\nwhen: netns.listener_count > 0\nmessage: m\nwhy: w\n";

/// Whether the tests may give a file to somebody else.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

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

#[test]
fn no_file_of_the_users_may_be_a_pipe_without_a_writer() {
    let home = Home::new();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let path = home.path().join("pipe.yaml");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for words in [
        "--snapshot pipe.yaml",
        "--snapshot web.yaml --rules pipe.yaml",
        "--snapshot web.yaml --services pipe.yaml",
        "--snapshot web.yaml --waivers pipe.yaml",
        "--snapshot web.yaml --baseline pipe.yaml",
        "--snapshot web.yaml --config pipe.yaml",
        "diff web.yaml pipe.yaml",
        "rules check pipe.yaml",
    ] {
        refused(
            home.run(words),
            &["pipe.yaml", "a named pipe, not a regular file"],
        );
    }
}

#[test]
fn what_a_shell_opened_is_read_whatever_it_is() {
    let home = Home::new();
    let program = backlint();
    let program = program.get_program().to_str().unwrap();
    let line = format!(
        "{program} --snapshot <(cat web.yaml) --fail-on never && cat web.yaml | {program} --snapshot /dev/stdin --fail-on never"
    );
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &line]).current_dir(home.path());
    let run = finish(&mut bash).ended(0);
    let whole = home.run("--snapshot web.yaml --fail-on never").ended(0).out;
    assert_eq!(
        run.out.matches("listeners, ").count(),
        2 * whole.matches("listeners, ").count()
    );
    assert!(whole.contains("listeners, "), "{whole}");
}

#[test]
fn a_configuration_that_was_found_writes_no_file() {
    let home = Home::new();
    home.write(
        "backlint.toml",
        "format = [\"table\",\n  \"json=victim\"]\n",
    );
    home.write("victim", "precious");
    refused(
        home.run("--snapshot web.yaml"),
        &[
            "backlint.toml:2:3",
            "writes no files",
            "-f json=victim",
            "--config backlint.toml",
        ],
    );
    assert_eq!(home.read("victim"), "precious");
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(1);
    assert_ne!(home.read("victim"), "precious");
}

#[test]
fn a_configuration_that_was_found_reads_nothing_outside_of_its_folder() {
    let home = Home::new();
    let secret = "root:$6$precious:1::::::\n";
    home.write("secret.yaml", secret);
    home.write("conf/acme.yaml", ACME);
    fs::create_dir(home.path().join("conf/links")).unwrap();
    symlink(
        home.path().join("secret.yaml"),
        home.path().join("conf/links/a.yaml"),
    )
    .unwrap();
    symlink(
        home.path().join("secret.yaml"),
        home.path().join("conf/acme.md"),
    )
    .unwrap();
    let absolute = home.path().join("secret.yaml").display().to_string();
    let paths = [
        "../secret.yaml",
        &absolute,
        "links",
        "links/a.yaml",
        "links/../../secret.yaml",
        "acme.yaml",
    ];
    for (n, path) in paths.into_iter().enumerate() {
        for key in ["rules", "services", "waivers", "baseline"] {
            let value = format!("\"{path}\"");
            let value = if key == "baseline" {
                value
            } else {
                format!("[{value}]")
            };
            home.write("conf/backlint.toml", &format!("{key} = {value}\n"));
            let run = home.run_in("conf", "--snapshot ../web.yaml");
            assert!(!run.err.contains("precious"), "{run:#?}");
            refused(
                run,
                &["backlint.toml:1:", "leads out of the folder", "--config"],
            );
            let named = home.run_in("conf", "--snapshot ../web.yaml --config backlint.toml");
            assert!(!named.err.contains("leads out"), "{n} {named:#?}");
        }
    }
    fs::remove_file(home.path().join("conf/acme.md")).unwrap();
    home.write("conf/backlint.toml", "rules = [\"./acme.yaml\"]\n");
    home.run_in("conf", "--snapshot ../web.yaml").ended(1);
    fs::create_dir(home.path().join("conf/deep")).unwrap();
    home.run_in("conf/deep", "--snapshot ../../web.yaml")
        .ended(1);
}

#[test]
fn a_file_that_others_may_write_is_not_taken_by_itself() {
    let home = Home::new();
    home.write("backlint.toml", "fail-on = \"never\"\n");
    let path = home.path().join("backlint.toml");
    for mode in [0o666, 0o664, 0o646] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refused(
            home.run("--snapshot web.yaml"),
            &["by its group or by everybody", "--config backlint.toml"],
        );
    }
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(0);
    home.run("--snapshot web.yaml --no-config").ended(1);
}

#[test]
fn a_file_of_another_user_is_not_taken_by_itself() {
    if !is_root() {
        eprintln!("not tested: only root may give a file away");
        return;
    }
    let home = Home::new();
    home.write("backlint.toml", "fail-on = \"never\"\n");
    home.write("roots.toml", "fail-on = \"never\"\n");
    let path = home.path().join("backlint.toml");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(&path, Some(1234), None).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["another user (uid 1234)", "--config"],
    );
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(0);
    let sudo = |uid: &str| {
        let mut command = backlint();
        command
            .args(["--snapshot", "web.yaml"])
            .env("SUDO_UID", uid);
        finish(command.current_dir(home.path()))
    };
    refused(sudo("1234"), &["another user (uid 1234)", "--config"]);
    let nobody = || {
        let mut command = as_nobody();
        command
            .args(["--snapshot", "web.yaml"])
            .env("SUDO_UID", "1234");
        finish(command.current_dir(home.path()))
    };
    refused(nobody(), &["another user (uid 1234)"]);
    chown(&path, Some(65534), None).unwrap();
    nobody().ended(0);
    chown(&path, Some(0), None).unwrap();
    nobody().ended(0);
    // A link of somebody else's to a file of root's is somebody else's choice.
    fs::remove_file(&path).unwrap();
    symlink("roots.toml", &path).unwrap();
    home.run("--snapshot web.yaml").ended(0);
    std::os::unix::fs::lchown(&path, Some(1234), None).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["another user (uid 1234)"],
    );
}
