//! What `patch --for` writes is read by those it is for: schemas, parsers and runtimes of each
//! ecosystem, for the records in tests/targets. A tool that is missing is a failed test; tests/run
//! installs them.

mod apply;
mod parsers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backlint::report::fix::Target;

use crate::support::program::{Run, backlint, finish, run, scrubbed};

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of the records.
fn records() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(repository("tests/targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

/// What backlint writes for a target of a record.
fn written(record: &str, target: &str) -> Run {
    let record = repository(&format!("tests/targets/{record}.yaml"));
    let arguments = ["patch", "--for", target, "--snapshot"];
    finish(backlint().args(arguments).arg(record))
}

/// The text for a target of a record, which there must be.
#[track_caller]
fn text(record: &str, target: &str) -> String {
    let run = written(record, target).ended(0);
    assert!(!run.out.is_empty(), "{record} {target}: {}", run.err);
    run.out
}

/// Every text that there is, by `RECORD.TARGET`, in a folder.
fn all_in(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for record in records() {
        for target in Target::ALL.map(Target::name) {
            let run = written(&record, target).ended(0);
            assert!(
                !run.out.is_empty() || run.err.contains("nothing to"),
                "{record} {target} says nothing"
            );
            if !run.out.is_empty() {
                let name = format!("{record}.{target}");
                fs::write(folder.join(&name), &run.out).unwrap();
                all.insert(name, run.out);
            }
        }
    }
    all
}

/// A tool, from the packages that tests/run installs.
fn tool(name: &str) -> Command {
    scrubbed(name)
}

#[test]
fn every_text_tells_its_reasons_and_how_to_apply_and_verify_it() {
    let folder = tempfile::tempdir().unwrap();
    let all = all_in(folder.path());
    assert!(all.len() >= 45, "{:?}", all.keys());
    for (name, text) in &all {
        assert!(text.starts_with("# backlint "), "{name}\n{text}");
        // Comments alone say why there is nothing that could be applied.
        if text.lines().all(|line| line.starts_with('#')) {
            assert!(text.contains("# note     left out: "), "{name}\n{text}");
            continue;
        }
        assert!(text.contains("\n# apply "), "{name}\n{text}");
        assert!(text.contains("\n# verify "), "{name}\n{text}");
        let comments: String = text.lines().filter(|line| line.starts_with('#')).collect();
        assert!(comments.contains(" asked for "), "{name}\n{text}");
        // Where only an allow-list changes, nobody listens anew.
        let lists_alone = name.ends_with(".bottlerocket") && !text.contains("[settings.kernel");
        assert!(
            lists_alone || comments.contains("# relisten "),
            "{name} names no service that must listen again\n{text}"
        );
    }
}

#[test]
fn what_a_host_chose_begins_no_line() {
    for target in Target::ALL.map(Target::name) {
        let text = written("hostile", target).ended(0).out;
        // In a sysctl file the reasons are comments too.
        let is_comment = |line: &&str| line.starts_with('#') || line.starts_with("+#");
        for line in text.lines().filter(|line| !is_comment(line)) {
            for word in [
                "pwned",
                "passwd",
                "shadow",
                "pipe",
                "User=",
                "evil",
                "privileged",
            ] {
                assert!(!line.contains(word), "{target}: {line}");
            }
        }
        let control = |c: char| c.is_control() && c != '\n' || c == '\u{2028}';
        assert!(!text.contains(control), "{target}\n{text}");
    }
}

#[test]
fn what_the_machine_has_one_value_of_stays_out_of_containers() {
    let rule = "id: ACME2\nname: packets-per-cpu\ntitle: More packets per CPU\nseverity: low\nscope: netns\nwhen: 'true'\nmessage: the platform team wants it\nwhy: It says so.\nremediation:\n  - sysctl: net.core.netdev_max_backlog\n    value: 5000\n";
    let rules = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(rules.path(), rule).unwrap();
    let patch = |target: &str| {
        let record = repository("tests/targets/docker.yaml");
        let mut command = backlint();
        command.args(["patch", "--for", target, "--rules"]);
        finish(command.arg(rules.path()).arg("--snapshot").arg(record)).ended(0)
    };
    for target in ["docker", "compose", "kubernetes", "podman", "quadlet"] {
        let text = patch(target).out;
        let body = text.lines().filter(|line| !line.starts_with('#'));
        assert!(body.clone().count() > 0, "{target}");
        for line in body {
            assert!(!line.contains("netdev_max_backlog"), "{target}: {line}");
        }
        let note = "net.core.netdev_max_backlog = 5000 is left out, the machine has one";
        assert!(text.contains(note), "{target}\n{text}");
    }
    let host = patch("drop-in").out;
    assert!(
        host.contains("+net.core.netdev_max_backlog = 5000"),
        "{host}"
    );
}

#[test]
fn forty_alike_pods_are_one_step_and_one_manifest() {
    let text = text("forty-pods", "kubernetes");
    assert_eq!(text.matches("kind: Deployment").count(), 1, "{text}");
    let record = repository("tests/targets/forty-pods.yaml");
    let mut command = backlint();
    let report = finish(command.args(["--format", "json", "--snapshot"]).arg(record)).json();
    let plan = report["plan"].as_array().unwrap();
    let sysctls: Vec<_> = plan
        .iter()
        .filter(|step| step["kind"] == "sysctl")
        .collect();
    assert_eq!(sysctls.len(), 1, "{plan:#?}");
    assert_eq!(sysctls[0]["for"], "kubernetes");
    assert_eq!(sysctls[0]["namespaces"].as_array().unwrap().len(), 40);
    let lines = sysctls[0]["apply"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let words = lines[0].as_str().unwrap();
    assert!(words.contains("pod template of shop/web"), "{words}");
}

#[test]
fn options_without_a_meaning_are_refused() {
    for (target, option, word) in [
        ("docker", "--file", "sysctl-conf"),
        ("kubernetes", "--root", "drop-in"),
        ("drop-in", "--file", "/etc/sysctl.d/99-backlint.conf"),
    ] {
        let refused = run(["patch", "--for", target, option, "/etc"]).ended(2);
        assert!(refused.out.is_empty());
        assert!(
            refused.err.contains(word) && refused.err.contains(option),
            "{}",
            refused.err
        );
    }
    assert!(
        run(["patch", "--for", "vms"])
            .ended(2)
            .err
            .contains("bottlerocket")
    );
}

#[test]
fn nothing_to_change_is_no_output() {
    let record = repository("fixtures/quiet-and-healthy.yaml");
    for target in Target::ALL.map(Target::name) {
        let mut command = backlint();
        command.args(["patch", "--for", target, "--snapshot"]);
        let run = finish(command.arg(&record)).ended(0);
        assert_eq!(run.out, "", "{target}");
        assert!(run.err.contains("nothing to"), "{target}: {}", run.err);
    }
}

#[test]
fn without_a_target_the_patch_is_the_one_of_sysctl_conf() {
    let record = repository("tests/targets/nginx.yaml");
    let plain = finish(backlint().args(["patch", "--snapshot"]).arg(record)).ended(0);
    assert_eq!(plain.out, text("nginx", "sysctl-conf"));
    assert!(plain.out.contains("+++ b/etc/sysctl.conf"));
}
