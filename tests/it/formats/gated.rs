//! What a gate left out: waived findings and those that a baseline has, in each format.

use backlint::advise::advise;
use backlint::assess::Facts;
use backlint::gate::{Baseline, Gate, Gated, Terms, Waivers};
use backlint::report::location::Base;
use backlint::report::{Format, Report};
use backlint::report::{github, gitlab, junit, markdown, sarif, tap};
use backlint::rules::engine::judge;
use backlint::rules::load;
use backlint::services::Catalogue;
use backlint::snapshot::file;
use backlint::text::positions::Positions;

use jiff::civil::date;

use super::RECORD;

/// Accepts what is found of the unix socket; the entry begins on the third line.
const WAIVERS: &str = r#"waivers:
  # The socket of a tool that is run by hand.
  - rule: BL101
    subject: {protocol: unix}
    reason: "nobody\nconnects # there"
    owner: web
    expires: 2031-01-31
"#;

/// What is written of the record where the first finding is known and the second waived.
fn written(format: impl Fn(Gate, Base) -> Box<dyn Format>) -> String {
    written_of(Some("web.yaml"), format)
}

/// The same, of a file or of a host.
fn written_of(source: Option<&str>, format: impl Fn(Gate, Base) -> Box<dyn Format>) -> String {
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let catalogue = Catalogue::builtin();
    let snapshot = file::parse("web.yaml", RECORD).unwrap();
    let facts = Facts::new(&snapshot, &catalogue);
    let judgement = judge(&rules, &facts);
    let baseline = Baseline::of(judgement.findings.first(), &facts);
    let file = ("waivers.yaml".to_owned(), WAIVERS.to_owned());
    let waivers = Waivers::load(&[file], &rules).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let terms = Terms {
        waivers: &waivers,
        baseline: Some(&baseline),
        today: date(2026, 11, 28),
    };
    let gated = Gated::new(judgement, &facts, terms);
    let report = Report {
        source,
        again: String::new(),
        advice: advise(&gated.judgement.findings, &facts),
        facts: &facts,
        gated,
        rules: &rules,
        positions: source.map(|_| Positions::of(RECORD)),
    };
    let gate = Gate {
        fail_on: Some("high".parse().unwrap()),
        strict: false,
    };
    let mut out = Vec::new();
    let format = format(gate, Base::new("/repo"));
    format.write(&[report], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn sarif_has_them_suppressed_and_unchanged() {
    let text = written(|gate, base| Box::new(sarif::Sarif { gate, base }));
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let (waived, open) = results.split_last().unwrap();
    assert_eq!(open[0]["baselineState"], "unchanged");
    assert_eq!(open[1]["baselineState"], "new");
    for result in open {
        assert_eq!(result["suppressions"].as_array().unwrap().len(), 0);
    }
    let suppression = &waived["suppressions"][0];
    assert_eq!(suppression["kind"], "external");
    assert_eq!(suppression["justification"], "nobody\\nconnects # there");
    assert_eq!(suppression["properties"]["expires"], "2031-01-31");
    let place = &suppression["location"]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "waivers.yaml");
    assert_eq!(place["region"]["startLine"], 3);
}

#[test]
fn junit_skips_them() {
    let text = written(|gate, base| Box::new(junit::Junit { gate, base }));
    assert!(
        text.contains("<skipped message=\"known by the baseline\"/>"),
        "{text}"
    );
    assert!(
        text.contains("<skipped message=\"waived until 2031-01-31: nobody\\nconnects # there\"/>"),
        "{text}"
    );
}

#[test]
fn tap_has_them_to_be_done() {
    let text = written(|gate, base| Box::new(tap::Tap { gate, base }));
    let todo: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" # TODO "))
        .collect();
    assert_eq!(todo.len(), 2, "{text}");
    assert!(todo[0].starts_with("not ok 1 - BL101 "), "{}", todo[0]);
    assert!(
        todo[0].ends_with(" # TODO known by the baseline"),
        "{}",
        todo[0]
    );
    assert!(
        todo[1].ends_with("nobody\\\\nconnects \\# there"),
        "{}",
        todo[1]
    );
}

#[test]
fn annotations_leave_the_waived_out_and_note_the_known() {
    let text = written(|gate, base| Box::new(github::GitHub { gate, base }));
    assert!(
        text.starts_with("::notice file=web.yaml,line=12,"),
        "{text}"
    );
    assert!(!text.contains("<script>"), "{text}");
    let text = written(|gate, base| Box::new(gitlab::GitLab { gate, base }));
    assert!(
        text.contains("0.0.0.0:443") && !text.contains("/script"),
        "{text}"
    );
}

#[test]
fn the_page_tells_reason_and_end_of_a_waiver() {
    let text = written(|gate, _| Box::new(markdown::Markdown { gate }));
    assert!(
        text.contains("| known | high | BL101 backlog-truncated |"),
        "{text}"
    );
    assert!(
        text.contains("until 2031-01-31: nobody&#92;nconnects &#35; there"),
        "{text}"
    );
}

#[test]
fn on_a_host_the_configuration_line_comes_first() {
    let text = written_of(None, |gate, base| Box::new(sarif::Sarif { gate, base }));
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "file:///etc/nginx/nginx.conf"
    );
    assert_eq!(place["region"]["startLine"], 12);
    let setting = results.iter().find(|it| it["ruleId"] == "BL506").unwrap();
    let place = &setting["locations"][0]["physicalLocation"];
    let uri = &place["artifactLocation"]["uri"];
    assert_eq!(uri, "file:///etc/sysctl.d/60-web.conf");
    assert_eq!(place["region"]["startLine"], 4);
    // What no file asks for has a place in none, and GitHub wants one all the same.
    let redis = results.iter().find(|it| {
        let text = it["message"]["text"].as_str().unwrap();
        text.starts_with("docker/web: redis")
    });
    let location = &redis.unwrap()["locations"][0];
    let place = &location["physicalLocation"]["artifactLocation"];
    assert_eq!(
        place["uri"],
        "backlint/docker/web%3A%20tcp%200.0.0.0%3A80%20%28redis%29"
    );
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string(), "{result}");
        assert!(place["region"]["startLine"].is_u64(), "{result}");
    }
    let name = &location["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(name, "docker/web: tcp 0.0.0.0:80 (redis)");
}

/// The record, judged by a waiver that is over, as `format` writes it.
fn with_expired(format: &str, fail_on: &str) -> crate::support::program::Run {
    let repository = super::Repository::new();
    let over = WAIVERS.replace("2031-01-31", "2024-01-31");
    std::fs::write(repository.path("waivers.yaml"), over).unwrap();
    let only = ["--only", "BL101", "--waivers", "waivers.yaml"];
    repository.judge(&[&only[..], &["-f", format, "--fail-on", fail_on]].concat())
}

#[test]
fn a_waiver_that_is_over_fails_wherever_the_exit_status_says_so() {
    // No finding is critical: the waiver alone fails.
    let junit = with_expired("junit", "critical").ended(1).out;
    assert!(junit.contains("failures=\"1\""), "{junit}");
    assert!(
        junit.contains("classname=\"backlint.waivers\" file=\"waivers.yaml\" line=\"3\""),
        "{junit}"
    );
    let tap = with_expired("tap", "critical").ended(1).out;
    let failed = |line: &&str| line.starts_with("not ok") && !line.contains("# TODO");
    assert_eq!(tap.lines().filter(failed).count(), 1, "{tap}");
    assert!(tap.contains("waivers.yaml:3"), "{tap}");
    let github = with_expired("github", "critical").ended(1).out;
    assert!(
        github.contains("::error file=waivers.yaml,line=3,title=Expired waiver::"),
        "{github}"
    );
    let log = with_expired("sarif", "critical").ended(1).json();
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let error = told.iter().find(|it| it["level"] == "error").unwrap();
    assert_eq!(error["descriptor"]["id"], "expired-waiver");
    let place = &error["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "waivers.yaml");
    let page = with_expired("markdown", "critical").ended(1).out;
    assert!(page.contains("Waivers that are over: 1"), "{page}");
    // Where nothing fails, this does not either.
    let junit = with_expired("junit", "never").ended(0).out;
    assert!(junit.contains("failures=\"0\""), "{junit}");
    let github = with_expired("github", "never").ended(0).out;
    assert!(
        github.contains("::warning file=waivers.yaml,line=3"),
        "{github}"
    );
}
