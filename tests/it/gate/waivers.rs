//! Waivers: what they fit, what they leave in force, and what becomes of them.

use serde_json::json;

use super::{Home, ONE_MORE, PODS, TRUNCATED, ids};

pub(super) fn waiver(subject: &str, more: &str) -> String {
    format!("  - rule: BL101\n    subject: {subject}\n    reason: a legacy address\n{more}")
}

pub(super) fn file(entries: &[String]) -> String {
    format!("waivers:\n{}", entries.concat())
}

impl Home {
    /// A folder with these waivers in w.yaml.
    pub(super) fn waiving(subjects: &[&str]) -> Self {
        let home = Self::new();
        let entries: Vec<String> = subjects.iter().map(|subject| waiver(subject, "")).collect();
        home.write("w.yaml", &file(&entries));
        home
    }

    /// How many findings of BL101 on a record are left and waived.
    fn left_and_waived(&self, record: &str) -> (usize, usize) {
        let report = self.report(record, "--waivers w.yaml --only BL101");
        let (left, waived) = (ids(&report, "findings"), ids(&report, "waived"));
        (left.len(), waived.len())
    }
}

#[test]
fn what_is_waived_does_not_fail_and_is_told() {
    let home = Home::waiving(&[
        "{address: \"0.0.0.0:80\"}",
        "{netns: host, address: \"*:443\"}",
    ]);
    let run = home
        .run("--snapshot web.yaml --waivers w.yaml --only BL101")
        .ended(0);
    assert_eq!(run.err, "");
    let line = "  - BL101 nginx on 0.0.0.0:80 asked for 511 (configured) and got 128: a legacy address (w.yaml:2)";
    let told = run.out.contains(line) || run.out.contains("a legacy address (w.yaml:2)");
    assert!(told && run.out.contains("\nWaived\n"), "{run:#?}");
    assert!(run.out.contains("0 findings, 2 waived,"), "{run:#?}");
    assert!(
        !run.out.contains("What to do"),
        "its steps are not in the plan: {run:#?}"
    );
}

#[test]
fn json_has_the_finding_and_its_waiver() {
    let home = Home::new();
    let terms = "    owner: team-web\n    expires: 9999-12-31\n";
    home.write(
        "w.yaml",
        &file(&[waiver("{address: \"0.0.0.0:80\"}", terms)]),
    );
    let report = home.report("web.yaml", "--waivers w.yaml --only BL101");
    assert_eq!(report["summary"]["waived"], 1);
    assert_eq!(report["summary"]["high"], 1);
    let waived = &report["waived"][0];
    assert_eq!(waived["rule"], "BL101");
    assert_eq!(waived["subject"]["address"], "0.0.0.0:80");
    assert_eq!(
        waived["waiver"],
        json!({"reason": "a legacy address", "owner": "team-web", "expires": "9999-12-31", "file": "w.yaml", "line": 2})
    );
    assert_eq!(report["findings"][0]["subject"]["address"], "[::]:443");
}

#[test]
fn the_ready_made_entries_fit_their_findings_and_no_other() {
    let home = Home::new();
    home.write("more.yaml", &format!("{TRUNCATED}{ONE_MORE}"));
    let run = home.run("--snapshot more.yaml --print-waivers").ended(0);
    assert!(
        run.out.contains("address: \"/run/gr\\u00fcn \\\\*.sock\""),
        "{run:#?}"
    );
    home.write("w.yaml", &run.out);
    let empty = home.run("--snapshot more.yaml --waivers w.yaml").ended(2);
    assert!(empty.err.contains("`reason` is empty"), "{empty:#?}");
    home.write("w.yaml", &run.out.replace("reason: \"\"", "reason: known"));
    let report = home.report("more.yaml", "--waivers w.yaml");
    assert_eq!(ids(&report, "findings"), [""; 0]);
    assert_eq!(
        home.run("--snapshot more.yaml --waivers w.yaml").err,
        "",
        "none is stale"
    );
    let other = format!("{TRUNCATED}{ONE_MORE}").replace("grün *", "grün x");
    home.write("other.yaml", &other);
    assert_eq!(
        home.left_and_waived("other.yaml"),
        (1, 2),
        "the star is one"
    );
}

#[test]
fn each_finding_in_json_says_what_would_waive_it() {
    let home = Home::new();
    let report = home.report("web.yaml", "--only BL101");
    assert_eq!(
        report["findings"][0]["waive"],
        json!({"rule": "BL101", "subject": {"netns": "host", "protocol": "tcp", "address": "0.0.0.0:80", "service": "nginx"}})
    );
    let mut entry = report["findings"][0]["waive"].clone();
    entry["reason"] = json!("pasted");
    home.write("w.json", &json!({"waivers": [entry]}).to_string());
    let waived = home.report("web.yaml", "--only BL101 --waivers w.json");
    assert_eq!(waived["waived"][0]["waiver"]["line"], 1);
    assert_eq!(ids(&waived, "findings").len(), 1);
}

#[test]
fn a_run_without_findings_has_no_entries() {
    let home = Home::new();
    let run = home
        .run("--snapshot web.yaml --only BL301 --print-waivers")
        .ended(0);
    assert!(run.out.ends_with("waivers: []\n"), "{run:#?}");
    home.write("w.yaml", &run.out);
    home.run("--snapshot web.yaml --only BL301 --waivers w.yaml")
        .ended(0);
}

#[test]
fn patterns_fit_whole_fields() {
    for (subject, waived) in [
        ("{address: \"0.0.0.0:8\"}", 0),
        ("{address: \"0.0.0.0:8?\"}", 1),
        ("{address: \"*\"}", 2),
        ("{netns: h*t, service: ng*}", 2),
        ("{service: apache}", 0),
        ("{protocol: unix, address: \"*\"}", 0),
        ("{address: \"[::]:*\"}", 1),
    ] {
        let home = Home::waiving(&[subject]);
        assert_eq!(
            home.left_and_waived("web.yaml"),
            (2 - waived, waived),
            "{subject}"
        );
    }
}

#[test]
fn a_service_that_is_not_known_fits_no_pattern() {
    let home = Home::waiving(&["{service: \"*\"}"]);
    home.write("more.yaml", &format!("{TRUNCATED}{ONE_MORE}"));
    assert_eq!(home.left_and_waived("more.yaml"), (1, 2));
}

#[test]
fn a_file_for_several_hosts_may_name_one() {
    let home = Home::waiving(&["{host: web*, netns: host}"]);
    let named = |name: &str| {
        TRUNCATED.replace(
            "namespaces:",
            &format!("host: {{name: {name}}}\nnamespaces:"),
        )
    };
    home.write("one.yaml", &named("web1"));
    home.write("other.yaml", &named("db1"));
    assert_eq!(home.left_and_waived("one.yaml"), (0, 2));
    assert_eq!(home.left_and_waived("other.yaml"), (2, 0));
    assert_eq!(
        home.left_and_waived("web.yaml"),
        (2, 0),
        "nobody knows its name"
    );
    let entries = home.run("--snapshot one.yaml --print-waivers").ended(0).out;
    assert!(!entries.contains("web1"), "{entries}");
}

#[test]
fn a_waiver_for_one_container_leaves_the_others_in_force() {
    let home = Home::waiving(&["{netns: web-1}"]);
    home.write("pods.yaml", PODS);
    let report = home.report("pods.yaml", "--waivers w.yaml --only BL101");
    let namespaces = |list: &str| {
        let list = report[list].as_array().unwrap().iter();
        let names = list.map(|finding| finding["subject"]["namespaces"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(namespaces("waived"), [json!(["web-1"])]);
    assert_eq!(
        namespaces("findings"),
        [json!(["web-2"]), json!(["docker/other"])]
    );
    let plan = report["plan"].to_string();
    assert!(plan.contains("web-2") && !plan.contains("web-1"), "{plan}");
}

#[test]
fn a_waiver_for_a_workload_is_about_all_its_instances() {
    let home = Home::waiving(&["{netns: pod/shop/web}"]);
    home.write("pods.yaml", PODS);
    let report = home.report("pods.yaml", "--waivers w.yaml --only BL101");
    assert_eq!(
        report["waived"][0]["subject"]["namespaces"],
        json!(["web-1", "web-2"])
    );
    assert_eq!(report["findings"][0]["subject"]["netns"], "docker/other");
    let ready = home
        .run("--snapshot pods.yaml --only BL101 --print-waivers")
        .ended(0);
    assert!(ready.out.contains("netns: pod/shop/web"), "{ready:#?}");
    assert!(
        !ready.out.contains("web-1"),
        "instances come and go: {ready:#?}"
    );
}

#[test]
fn an_expired_waiver_fails_even_for_a_small_finding() {
    let home = Home::new();
    home.write(
        "w.yaml",
        &file(&[waiver(
            "{netns: host}",
            "    expires: 2020-01-31\n    owner: team-web\n",
        )]),
    );
    let judge = "--snapshot web.yaml --waivers w.yaml --only BL101";
    let run = home.run(&format!("{judge} --fail-on critical")).ended(1);
    assert!(
        run.out.contains("Waivers that are over: they fail the run"),
        "{run:#?}"
    );
    for words in [
        "w.yaml:2",
        "2020-01-31",
        "team-web",
        "2 findings",
        "1 expired waiver",
    ] {
        assert!(run.out.contains(words), "no {words}: {run:#?}");
    }
    assert_eq!(run.err, "", "it is needed, so it is not stale");
    home.run(&format!("{judge} --fail-on never")).ended(0);
    let run = home.run(&format!("{judge} --format json")).ended(1);
    assert!(run.err.starts_with("backlint: w.yaml:2: "), "{run:#?}");
    let report = home.report("web.yaml", "--waivers w.yaml --only BL101");
    assert_eq!(
        ids(&report, "findings").len(),
        2,
        "the findings are in force again"
    );
    let over = &report["expired_waivers"][0];
    assert_eq!((&over["line"], &over["findings"]), (&json!(2), &json!(2)));
}

#[test]
fn an_expired_waiver_beside_one_that_holds_fails_nothing() {
    let home = Home::new();
    let old = waiver("{address: \"*\"}", "    expires: 2020-01-31\n");
    home.write("w.yaml", &file(&[old, waiver("{netns: host}", "")]));
    let run = home
        .run("--snapshot web.yaml --waivers w.yaml --only BL101")
        .ended(0);
    assert!(!run.out.contains("expired"), "{run:#?}");
}

#[test]
fn a_stale_waiver_warns_and_fails_nothing() {
    let home = Home::waiving(&["{address: \"*\"}", "{address: \"10.0.0.1:22\"}"]);
    let run = home
        .run("--snapshot web.yaml --waivers w.yaml --only BL101 --strict")
        .ended(0);
    assert_eq!(
        run.err,
        "backlint: w.yaml:5: this waiver fits no finding and can go: BL101 10.0.0.1:22\n"
    );
    // Its last day does not matter where it fits nothing.
    home.write(
        "w.yaml",
        &file(&[waiver("{address: x}", "    expires: 2020-01-31\n")]),
    );
    home.write(
        "quiet.yaml",
        "schema: backlint/snapshot/v1\nnamespaces: [{sysctls: {net.core.somaxconn: 1}}]\n",
    );
    let run = home
        .run("--snapshot quiet.yaml --waivers w.yaml --only BL101")
        .ended(0);
    assert!(run.err.contains("w.yaml:2"), "{run:#?}");
}

#[test]
fn nothing_is_called_stale_where_nobody_looked() {
    let home = Home::new();
    home.write("w.yaml", &file(&[waiver("{netns: nowhere}", "")]));
    let run = home
        .run("--snapshot web.yaml --waivers w.yaml --skip BL101 --fail-on never")
        .ended(0);
    assert_eq!(run.err, "", "its rule did not run");
    home.write(
        "blind.yaml",
        &TRUNCATED.replace("len: 0, max: 128", "len: 0"),
    );
    let run = home
        .run("--snapshot blind.yaml --waivers w.yaml --only BL101 --fail-on never")
        .ended(0);
    assert_eq!(run.err, "", "its rule could not be evaluated: {}", run.out);
    let gap =
        format!("{TRUNCATED}gaps: [{{what: namespaces, why: not root, blinds: containers}}]\n");
    home.write("partial.yaml", &gap);
    let run = home
        .run("--snapshot partial.yaml --waivers w.yaml --only BL101 --fail-on never")
        .ended(0);
    assert_eq!(run.err, "", "not all was looked at");
}

#[test]
fn of_several_records_one_finding_is_enough() {
    let home = Home::waiving(&["{netns: docker/other}"]);
    home.write("pods.yaml", PODS);
    let both = "--snapshot web.yaml --snapshot pods.yaml --waivers w.yaml --only BL101";
    let run = home.run(both).ended(1);
    assert_eq!(run.err, "");
}
