//! A company's own rule, about a sysctl of another subtree, works wherever built-in rules do.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::netns::in_netns;
use crate::support::program::{findings, finish_with, run};

/// ACME1: vm.swappiness is at least `least`, and should be `value`.
fn rule(scope: &str, least: u32, value: u32) -> String {
    format!(
        "id: ACME1\nname: swap-late\ntitle: This host swaps early\nseverity: medium\n\
         scope: {scope}\nwhen: sysctl[\"vm.swappiness\"] >= {least}\n\
         message: \"vm.swappiness is {{sysctl[\\\"vm.swappiness\\\"]}}\"\nwhy: Our databases stall.\n\
         remediation:\n  - sysctl: vm.swappiness\n    value: {value}\n"
    )
}

fn write(home: &Path, name: &str, text: &str) -> String {
    let path = home.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The value of the machine, and another one. It is read, and never set.
fn swappiness() -> (u32, u32) {
    let now = fs::read_to_string("/proc/sys/vm/swappiness")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    (now, if now == 7 { 8 } else { 7 })
}

fn only<'a>(report: &'a Value, rule: &str) -> &'a Value {
    let found = findings(report, rule);
    assert_eq!(found.len(), 1, "{report:#}");
    found[0]
}

#[test]
fn a_rule_about_vm_swappiness_works_live_recorded_and_in_the_patch() {
    in_netns(|_| {
        for scope in ["netns", "host"] {
            let (now, wanted) = swappiness();
            let home = tempfile::tempdir().unwrap();
            let rules = write(home.path(), "acme.yaml", &rule(scope, 0, wanted));
            let audit = ["audit", "--format", "json", "--rules", &rules];
            let live = run(audit).ended(0).json();
            let finding = only(&live, "ACME1");
            assert_eq!(finding["message"], format!("vm.swappiness is {now}"));
            assert_eq!(finding["evidence"]["sysctl.vm.swappiness"], now);
            assert_eq!(finding["remediation"][0]["value"], wanted.to_string());
            run(audit.iter().chain(&["--fail-on", "medium"])).ended(1);

            let file = home.path().join("seen.yaml");
            let file = file.to_str().unwrap();
            run(["snapshot", "--rules", &rules, "-o", file]).ended(0);
            let recorded = run(audit.iter().chain(&["--snapshot", file]))
                .ended(0)
                .json();
            assert_eq!(recorded["findings"], live["findings"], "{scope}");

            let tree = tempfile::tempdir().unwrap();
            let root = tree.path().to_str().unwrap();
            let patch = run(["patch", "--rules", &rules, "--root", root]).ended(0);
            let mut command = Command::new("patch");
            let recorded = [
                "patch",
                "--rules",
                &rules,
                "--root",
                root,
                "--snapshot",
                file,
            ];
            assert_eq!(run(recorded).ended(0).out, patch.out, "{scope}");
            finish_with(command.args(["-p1", "-d", root]), patch.out.as_bytes()).ended(0);
            let text = fs::read_to_string(tree.path().join("etc/sysctl.conf")).unwrap();
            assert!(
                text.contains(&format!("vm.swappiness = {wanted}\n")),
                "{text}"
            );
        }
    });
}

#[test]
fn a_rule_that_holds_is_silent_and_needs_no_patch() {
    in_netns(|_| {
        let home = tempfile::tempdir().unwrap();
        let rules = write(home.path(), "acme.yaml", &rule("netns", 1_000_000, 7));
        let report = run(["audit", "--format", "json", "--rules", &rules])
            .ended(0)
            .json();
        assert_eq!(findings(&report, "ACME1").len(), 0, "{report:#}");
        let root = home.path().to_str().unwrap();
        assert_eq!(
            run(["patch", "--rules", &rules, "--root", root])
                .ended(0)
                .out,
            ""
        );
    });
}

#[test]
fn a_rule_about_what_a_snapshot_lacks_is_not_evaluated() {
    let home = tempfile::tempdir().unwrap();
    let rules = write(home.path(), "acme.yaml", &rule("netns", 0, 7));
    let fixture = "schema: backlint/snapshot/v1\nnamespaces: [{}]\n";
    let file = write(home.path(), "short.yaml", fixture);
    let audit = [
        "audit",
        "--format",
        "json",
        "--rules",
        &rules,
        "--snapshot",
        &file,
    ];
    let report = run(audit).ended(0).json();
    assert_eq!(findings(&report, "ACME1").len(), 0, "{report:#}");
    let skipped = report["not_evaluated"].as_array().unwrap();
    let acme = skipped
        .iter()
        .find(|skipped| skipped["rule"] == "ACME1")
        .unwrap();
    assert!(
        acme["missing"].to_string().contains("vm.swappiness"),
        "{acme:#}"
    );
    run(audit.iter().chain(&["--strict"])).ended(3);
}

#[test]
fn a_rule_about_a_sysctl_that_no_kernel_has_is_not_evaluated() {
    in_netns(|_| {
        let home = tempfile::tempdir().unwrap();
        let text = rule("netns", 0, 7).replace("vm.swappiness", "vm.no_such_thing");
        let rules = write(home.path(), "acme.yaml", &text);
        let audit = ["audit", "--format", "json", "--rules", &rules];
        let report = run(audit).ended(0).json();
        assert_eq!(findings(&report, "ACME1").len(), 0, "{report:#}");
        let skipped = report["not_evaluated"].to_string();
        assert!(skipped.contains("vm.no_such_thing"), "{skipped}");
        run(audit.iter().chain(&["--strict"])).ended(3);
    });
}

#[test]
fn rules_of_a_folder_and_of_several_options_add_up() {
    in_netns(|_| {
        let (now, _) = swappiness();
        let (home, more) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(home.path(), "one.yaml", &rule("netns", 0, 7));
        let two = rule("host", 0, 7)
            .replace("ACME1", "ACME2")
            .replace("swap-late", "swap-later");
        write(home.path(), "two.yml", &two);
        write(home.path(), "README.md", "not a rule");
        let three = rule("host", 0, 7)
            .replace("ACME1", "ACME3")
            .replace("swap-late", "swap-last");
        let three = write(more.path(), "three.yaml", &three);
        let folder = home.path().to_str().unwrap();
        let audit = [
            "audit", "--format", "json", "--rules", folder, "--rules", &three,
        ];
        let report = run(audit).ended(0).json();
        for id in ["ACME1", "ACME2", "ACME3"] {
            assert_eq!(only(&report, id)["evidence"]["sysctl.vm.swappiness"], now);
        }
        let table = run(["--rules", folder]).ended(0);
        assert!(
            table.out.contains("ACME1") && table.out.contains("ACME2"),
            "{}",
            table.out
        );
    });
}
