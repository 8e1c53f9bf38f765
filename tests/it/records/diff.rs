//! `backlint diff` from the command line: records, reports, both, and what it refuses.

use std::path::Path;

use crate::support::program::{Run, backlint, finish, finish_with, run};

fn fixture(name: &str) -> String {
    format!("{}/fixtures/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// A fixture with one text in the place of another.
fn changed(home: &Path, name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let path = home.join("changed.yaml");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn diff(arguments: &[&str]) -> Run {
    run([&["diff"], arguments].concat())
}

#[test]
fn a_record_differs_from_itself_in_nothing() {
    let file = fixture("three-containers");
    let run = diff(&[&file, &file]).ended(0);
    assert!(run.out.contains("Nothing changed"), "{}", run.out);
    let json = diff(&[&file, &file, "--format", "json"]).ended(0).json();
    assert_eq!(json["schema"], "backlint/diff/v1");
    assert_eq!(json["findings"]["new"], serde_json::json!([]));
}

#[test]
fn new_findings_fail_and_old_ones_do_not() {
    let home = tempfile::tempdir().unwrap();
    let bad = fixture("debian11-nginx-128");
    let good = changed(
        home.path(),
        "debian11-nginx-128",
        "net.core.somaxconn: 128",
        "net.core.somaxconn: 4096",
    );
    let new = diff(&[&good, &bad]).ended(1);
    assert!(new.out.contains("2 new findings (2 high)"), "{}", new.out);
    assert!(
        new.out.contains("~ host: net.core.somaxconn 4096 -> 128"),
        "{}",
        new.out
    );
    diff(&[&good, &bad, "--fail-on", "critical"]).ended(0);
    diff(&[&good, &bad, "--fail-on", "high:certain"]).ended(0);
    diff(&[&good, &bad, "--fail-on", "never"]).ended(0);
    let json = diff(&[&bad, &good, "--fail-on", "high", "--format", "json"]).json();
    assert_eq!(json["findings"]["fixed"][0]["rule"], "BL101");
    assert_eq!(json["sysctls"][0]["new"], "4096");
}

#[test]
fn growth_and_a_boot_are_told() {
    let home = tempfile::tempdir().unwrap();
    let old = fixture("node-511-drops");
    let more = changed(home.path(), "node-511-drops", "drops: 1911", "drops: 2000");
    let grown = diff(&[&old, &more]).ended(0);
    assert!(grown.out.contains("drops +89"), "{}", grown.out);
    assert!(
        grown.out.contains("listener.drops 1911 -> 2000 (+89)"),
        "{}",
        grown.out
    );
    let booted = changed(
        home.path(),
        "node-511-drops",
        "ListenOverflows: 1870",
        "ListenOverflows: 4",
    );
    let booted = diff(&[&old, &booted]).ended(0);
    let words = "TcpExt.ListenOverflows began again, 4 now and 1870 before";
    assert!(booted.out.contains(words), "{}", booted.out);
}

#[test]
fn reports_are_compared_with_records_and_with_each_other() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("report.json");
    let report = run([
        "audit",
        "--format",
        "json",
        "--snapshot",
        &fixture("debian11-nginx-128"),
    ])
    .ended(1);
    std::fs::write(&path, &report.out).unwrap();
    let path = path.to_str().unwrap();
    assert!(diff(&[path, path]).ended(0).out.contains("Nothing changed"));
    let against = diff(&[path, &fixture("debian11-nginx-128")]).ended(0);
    assert!(
        against.out.contains("0 new findings, 0 fixed, 0 changed"),
        "{}",
        against.out
    );
    assert!(
        against
            .out
            .contains("is a report: counters are not compared"),
        "{}",
        against.out
    );
    let mut command = backlint();
    command.args(["diff", "-", &fixture("quiet-and-healthy")]);
    let run = finish_with(&mut command, report.out.as_bytes()).ended(0);
    assert!(run.out.contains("2 fixed"), "{}", run.out);
    assert!(
        run.out.contains("two hosts are compared: web1 and ok"),
        "{}",
        run.out
    );
}

#[test]
fn what_cannot_be_compared_is_refused_with_one_message() {
    let home = tempfile::tempdir().unwrap();
    let file = fixture("minimal");
    let several = home.path().join("several.json");
    let both = run([
        "audit",
        "--format",
        "json",
        "--snapshot",
        &file,
        "--snapshot",
        &file,
    ]);
    std::fs::write(&several, both.out).unwrap();
    let several = several.to_str().unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["-", "-"], "only once"),
        (&[several, &file], "these are several reports"),
        (&[&file, "/nowhere.yaml"], "cannot be read"),
        (&[&file], "required"),
        (&[&file, &file, "--fail-on", "hgih"], "did you mean `high`?"),
    ];
    for (arguments, words) in cases {
        let mut command = backlint();
        command.arg("diff").args(arguments);
        let run = finish(&mut command).ended(2);
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn settings_and_waivers_count_as_they_do_for_audit() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    let bad = fixture("debian11-nginx-128");
    let good = changed(
        home.path(),
        "debian11-nginx-128",
        "net.core.somaxconn: 128",
        "net.core.somaxconn: 4096",
    );
    let here = |more: &[&str]| {
        let mut command = backlint();
        command.args(["diff", &good, &bad]).args(more);
        finish(command.current_dir(home.path()))
    };
    here(&[]).ended(1);
    write("backlint.toml", "skip = [\"BL1\"]\n");
    here(&[]).ended(0);
    here(&["--no-config"]).ended(1);
    here(&["--only", "BL101"]).ended(1);
    here(&["--no-config", "--skip", "BL1"]).ended(0);
    write("backlint.toml", "fail-on = \"critical\"\n");
    here(&[]).ended(0);
    here(&["--fail-on", "high"]).ended(1);
    write(
        "w.yaml",
        "waivers: [{rule: BL, subject: {netns: host}, reason: legacy}]\n",
    );
    write("backlint.toml", "waivers = [\"w.yaml\"]\n");
    let waived = here(&[]).ended(0);
    assert!(waived.out.contains("0 new findings"), "{}", waived.out);
    write("backlint.toml", "only = [\"BL999\"]\n");
    let refused = here(&[]).ended(2);
    assert!(refused.err.contains("backlint.toml:1:9"), "{}", refused.err);
}
