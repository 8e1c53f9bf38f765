//! `--only` and `--skip`.

use backlint::rules::load;

use super::{Home, ids, refused};

#[test]
fn rules_are_chosen_by_id_name_and_family_in_any_case() {
    let home = Home::new();
    let ran = |words: &str| {
        home.report("web.yaml", words)["summary"]["rules"]
            .as_u64()
            .unwrap()
    };
    let family = load::load(&[]).unwrap();
    let family = family
        .iter()
        .filter(|rule| rule.id.starts_with("BL1"))
        .count() as u64;
    for words in [
        "--only BL101",
        "--only bl101",
        "--only Backlog-Truncated",
        "--only BL101,bl101",
    ] {
        assert_eq!(ran(words), 1, "{words}");
    }
    for words in ["--only BL1", "--only bl1xx", "--only BL101 --only BL1"] {
        assert_eq!(ran(words), family, "{words}");
    }
    assert_eq!(ran("--only BL101,BL501"), 2);
    assert_eq!(ran("--only BL1 --skip backlog-truncated"), family - 1);
    let report = home.report("web.yaml", "--skip BL101");
    assert!(!ids(&report, "findings").contains(&"BL101"), "skip wins");
}

#[test]
fn the_summary_says_how_many_rules_ran() {
    let home = Home::new();
    let all = load::load(&[]).unwrap().len();
    let run = home.run("--snapshot web.yaml --only BL101").ended(1);
    assert!(run.out.contains(&format!(", 1 of {all} rules")), "{run:#?}");
    let report = home.report("web.yaml", "--only BL101");
    assert_eq!(report["summary"]["rules"], 1);
    assert_eq!(report["summary"]["rules_known"].as_u64(), Some(all as u64));
    let run = home.run("--snapshot web.yaml").ended(1);
    assert!(run.out.contains(&format!(", {all} rules")), "{run:#?}");
}

#[test]
fn a_family_of_ones_own_is_letters() {
    let home = Home::new();
    home.write(
        "acme.yaml",
        "id: ACME1\nname: a-rule\ntitle: t\nseverity: high\nscope: netns\nwhen: netns.listener_count > 0\nmessage: m\nwhy: w\n",
    );
    let report = home.report("web.yaml", "--rules acme.yaml --only acme");
    assert_eq!(ids(&report, "findings"), ["ACME1"]);
    refused(
        home.run("--snapshot web.yaml --only ACME"),
        &["--only", "ACME"],
    );
}

#[test]
fn what_is_no_rule_is_refused_with_the_nearest() {
    let home = Home::new();
    refused(
        home.run("--snapshot web.yaml --only backlog-trunkated"),
        &[
            "--only",
            "backlog-trunkated",
            "did you mean `backlog-truncated`?",
        ],
    );
    refused(
        home.run("--snapshot web.yaml --skip BL109x"),
        &["--skip", "BL109x"],
    );
    refused(home.run("--snapshot web.yaml --only \"\""), &["--only"]);
    refused(
        home.run("patch --snapshot web.yaml --skip B101"),
        &["did you mean `BL101`?"],
    );
}

#[test]
fn an_empty_choice_is_refused() {
    let home = Home::new();
    refused(
        home.run("--snapshot web.yaml --only BL1 --skip bl1xx"),
        &["no rule is left", "--skip"],
    );
    refused(
        home.run("--snapshot web.yaml --skip BL"),
        &["no rule is left"],
    );
}

#[test]
fn a_patch_has_the_steps_of_the_chosen_rules_alone() {
    let home = Home::new();
    let patch = "patch --snapshot web.yaml --root .";
    let run = home.run(patch).ended(0);
    assert!(run.out.contains("+net.core.somaxconn = 511"), "{run:#?}");
    let run = home.run(&format!("{patch} --skip BL101")).ended(0);
    assert_eq!(run.out, "", "{run:#?}");
}

#[test]
fn the_next_command_chooses_the_same_rules() {
    let home = Home::new();
    let run = home.run("--snapshot web.yaml --only BL101,BL103").ended(1);
    let next = "backlint patch --snapshot web.yaml --only BL101 --only BL103";
    let words: Vec<&str> = run.out.split_whitespace().collect();
    assert!(words.join(" ").contains(next), "{run:#?}");
}

#[test]
fn only_the_sysctls_of_chosen_rules_are_read() {
    let all = load::load(&[]).unwrap();
    let chosen = all.chosen(|id| id == "BL101").sysctls();
    assert!(chosen.contains("net.core.somaxconn"));
    assert!(chosen.len() < all.sysctls().len());
    assert!(!chosen.contains("net.ipv4.tcp_abort_on_overflow"));
}
