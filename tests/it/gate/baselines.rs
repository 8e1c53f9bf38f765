//! Baselines: known findings are shown and fail nothing, new ones fail.

use serde_json::json;

use super::{Home, ONE_MORE, PODS, TRUNCATED, ids, refused};

impl Home {
    /// A folder with a baseline of web.yaml in known.yaml, and one more finding in more.yaml.
    fn with_baseline() -> Self {
        let home = Self::new();
        home.write("more.yaml", &format!("{TRUNCATED}{ONE_MORE}"));
        home.run("--snapshot web.yaml --write-baseline known.yaml")
            .ended(0);
        home
    }
}

#[test]
fn a_run_that_writes_a_baseline_is_judged_by_it() {
    let home = Home::new();
    let run = home
        .run("--snapshot web.yaml --only BL101 --write-baseline known.yaml")
        .ended(0);
    assert!(
        run.out.contains("2 findings (2 high), 0 new, 2 known"),
        "{run:#?}"
    );
    assert_eq!(
        run.err,
        "backlint: known.yaml: 2 known findings, 2 of them new, 0 taken out\n"
    );
    let text = home.read("known.yaml");
    assert!(text.contains("schema: backlint/baseline/v1\n"), "{text}");
    assert!(
        text.contains("subject: host tcp 0.0.0.0:80 nginx\n"),
        "{text}"
    );
}

#[test]
fn known_findings_are_marked_and_only_new_ones_fail() {
    let home = Home::with_baseline();
    let run = home
        .run("--snapshot web.yaml --baseline known.yaml")
        .ended(0);
    assert!(run.out.contains("(known)"), "{run:#?}");
    assert_eq!(run.err, "");
    let run = home
        .run("--snapshot more.yaml --baseline known.yaml")
        .ended(1);
    assert!(run.out.contains(" 1 new, "), "{run:#?}");
    let report = home.report("more.yaml", "--baseline known.yaml --only BL101");
    assert_eq!(report["summary"]["known"], 2);
    let known = report["findings"].as_array().unwrap().iter();
    let known: Vec<bool> = known.map(|it| it["known"].as_bool().unwrap()).collect();
    assert_eq!(known.iter().filter(|known| **known).count(), 2, "{known:?}");
    assert_eq!(home.report("web.yaml", "")["findings"][0]["known"], false);
}

#[test]
fn the_file_is_the_same_each_time_and_has_no_date() {
    let home = Home::with_baseline();
    let first = home.read("known.yaml");
    home.run("--snapshot web.yaml --write-baseline known.yaml")
        .ended(0);
    assert_eq!(home.read("known.yaml"), first);
    home.run("--snapshot web.yaml --write-baseline known.json")
        .ended(0);
    home.run("--snapshot web.yaml --baseline known.json")
        .ended(0);
    assert!(
        home.read("known.json")
            .starts_with("{\n  \"schema\": \"backlint/baseline/v1\"")
    );
}

#[test]
fn entries_that_are_gone_are_told_and_fail_nothing() {
    let home = Home::with_baseline();
    home.run("--snapshot more.yaml --write-baseline known.yaml")
        .ended(0);
    let run = home
        .run("--snapshot web.yaml --baseline known.yaml --strict --only BL101")
        .ended(0);
    assert_eq!(
        run.err,
        "backlint: 1 of 3 in the baseline are gone: --write-baseline known.yaml takes them out\n"
    );
    let run = home
        .run("--snapshot web.yaml --baseline known.yaml --only BL102")
        .ended(0);
    assert_eq!(run.err, "", "rules that did not run found nothing");
}

#[test]
fn a_baseline_that_is_written_anew_keeps_what_was_not_seen() {
    let home = Home::with_baseline();
    let before = home.read("known.yaml");
    let again = "--baseline known.yaml --write-baseline known.yaml";
    home.run(&format!("--snapshot web.yaml --only BL401 {again}"))
        .ended(0);
    assert_eq!(home.read("known.yaml"), before);
    let run = home.run(&format!("--snapshot more.yaml {again}")).ended(0);
    assert!(run.err.contains(" 1 of them new, 0 taken out"), "{run:#?}");
    let run = home.run(&format!("--snapshot web.yaml {again}")).ended(0);
    assert!(run.err.contains(" 0 of them new, 1 taken out"), "{run:#?}");
    assert_eq!(home.read("known.yaml"), before);
}

#[test]
fn one_baseline_serves_all_records_of_a_run() {
    let home = Home::new();
    home.write("pods.yaml", PODS);
    let both = "--snapshot web.yaml --snapshot pods.yaml --only BL101";
    home.run(&format!("{both} --write-baseline known.yaml"))
        .ended(0);
    assert_eq!(home.read("known.yaml").matches("rule: BL101").count(), 4);
    let run = home.run(&format!("{both} --baseline known.yaml")).ended(0);
    assert_eq!(run.err, "");
    home.run("--snapshot pods.yaml --only BL101 --baseline known.yaml")
        .ended(0);
}

#[test]
fn what_is_waived_is_not_in_the_baseline() {
    let home = Home::new();
    home.write(
        "w.yaml",
        "waivers: [{rule: BL101, subject: {address: \"0.0.0.0:80\"}, reason: legacy}]\n",
    );
    let judge = "--snapshot web.yaml --only BL101 --waivers w.yaml";
    home.run(&format!("{judge} --write-baseline known.yaml"))
        .ended(0);
    let text = home.read("known.yaml");
    assert!(
        !text.contains("0.0.0.0:80") && text.contains("[::]:443"),
        "{text}"
    );
    let report = home.report(
        "web.yaml",
        "--only BL101 --waivers w.yaml --baseline known.yaml",
    );
    assert_eq!(ids(&report, "waived").len(), 1);
    assert_eq!(report["summary"]["known"], 1);
}

#[test]
fn the_plan_still_has_what_is_known() {
    let home = Home::with_baseline();
    let report = home.report("web.yaml", "--baseline known.yaml");
    assert_ne!(report["plan"], json!([]));
}

#[test]
fn a_baseline_that_cannot_be_read_is_refused_with_a_remedy() {
    let home = Home::new();
    for name in ["none.yaml", "."] {
        let run = home.run(&format!("--snapshot web.yaml --baseline {name}"));
        refused(run, &[name, "--write-baseline"]);
    }
    home.write("known.yaml", "schema: backlint/baseline/v1\nfindings: []\n");
    home.run("--snapshot web.yaml --baseline known.yaml")
        .ended(1);
}

#[test]
fn a_baseline_that_cannot_be_written_is_refused() {
    let home = Home::new();
    refused(
        home.run("--snapshot web.yaml --write-baseline none/known.yaml"),
        &["known.yaml", "cannot be written"],
    );
    refused(
        home.run("--snapshot web.yaml --write-baseline /dev/full"),
        &["/dev/full"],
    );
    let left = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 1, "nothing is left behind");
}

#[test]
fn names_that_a_host_chose_stay_one_line_of_text() {
    let home = Home::new();
    let evil = r#"/run/\u001b[2J\n- rule: BL1 \u202e"x".sock"#.replace('"', "\\\"");
    let record = ONE_MORE.replace("/run/grün *.sock", &evil);
    home.write("evil.yaml", &format!("{TRUNCATED}{record}"));
    let judge = "--snapshot evil.yaml --only BL101";
    home.run(&format!("{judge} --write-baseline known.yaml"))
        .ended(0);
    home.run(&format!("{judge} --baseline known.yaml")).ended(0);
    let entries = home.run(&format!("{judge} --print-waivers")).ended(0).out;
    home.write("w.yaml", &entries.replace("reason: \"\"", "reason: evil"));
    let run = home.run(&format!("{judge} --waivers w.yaml")).ended(0);
    assert!(run.out.contains("3 waived"), "{run:#?}");
    for text in [home.read("known.yaml"), entries, run.out] {
        let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(text.chars().all(harmless), "{text}");
        assert!(!text.contains("\n- rule: BL1 "), "{text}");
    }
}

#[test]
fn a_known_finding_that_got_surer_or_more_severe_is_new() {
    let home = Home::new();
    let likely = TRUNCATED.replace(
        "\n         requested: {backlog: 511, source: config},",
        "\n        ",
    );
    assert_ne!(likely, TRUNCATED);
    home.write("likely.yaml", &likely);
    home.run("--snapshot likely.yaml --only BL101 --write-baseline known.yaml")
        .ended(0);
    assert!(home.read("known.yaml").contains("severity: high\n"));
    assert!(home.read("known.yaml").contains("confidence: likely\n"));
    let known = "--only BL101 --baseline known.yaml";
    home.run(&format!("--snapshot likely.yaml {known}"))
        .ended(0);
    home.run(&format!("--snapshot web.yaml {known}")).ended(1);
    let milder = home
        .read("known.yaml")
        .replace("severity: high", "severity: medium");
    home.write("known.yaml", &milder);
    home.run(&format!("--snapshot likely.yaml {known}"))
        .ended(1);
    // As earlier versions wrote it, an entry is about whatever it became.
    let lines = milder.lines().filter(|line| {
        let line = line.trim();
        !line.starts_with("severity:") && !line.starts_with("confidence:")
    });
    home.write("known.yaml", &lines.collect::<Vec<_>>().join("\n"));
    home.run(&format!("--snapshot web.yaml {known}")).ended(0);
    home.write(
        "known.yaml",
        &milder.replace("confidence: likely", "confidence: sure"),
    );
    refused(
        home.run(&format!("--snapshot web.yaml {known}")),
        &["known.yaml", "`sure` is not a confidence"],
    );
}

#[test]
fn where_several_hosts_are_judged_each_has_its_own_known_findings() {
    let home = Home::new();
    let of = |name: &str, text: &str| {
        text.replace(
            "namespaces:\n",
            &format!("host: {{name: {name}}}\nnamespaces:\n"),
        )
    };
    let sound = TRUNCATED
        .replace("max: 128", "max: 511")
        .replace("somaxconn: 128", "somaxconn: 4096");
    home.write("a.yaml", &of("a", TRUNCATED));
    home.write("b.yaml", &of("b", &sound));
    let both = "--snapshot a.yaml --snapshot b.yaml --only BL101";
    home.run(&format!("{both} --write-baseline known.yaml"))
        .ended(0);
    assert_eq!(home.read("known.yaml").matches("host: a\n").count(), 2);
    home.run(&format!("{both} --baseline known.yaml")).ended(0);
    home.write("b.yaml", &of("b", TRUNCATED));
    home.run(&format!("{both} --baseline known.yaml")).ended(1);
}
