//! JUnit XML, read by junitparser.

use super::{HOSTILE, NGINX, Repository, understood};

#[test]
fn failures_are_the_findings_that_fail_the_run() {
    let repository = Repository::new();
    repository.judge(&["-f", "junit=out.xml"]).ended(1);
    let document = understood("junit", &repository.path("out.xml"));
    let report = repository.judge(&["-f", "json"]).json();
    let failing = report["findings"].as_array().unwrap().iter();
    let failing =
        failing.filter(|it| ["high", "critical"].contains(&it["severity"].as_str().unwrap()));
    assert_eq!(document["failures"], failing.count());
    let suite = &document["suites"][0];
    assert_eq!(suite["name"], "fix tures/web.yaml");
    let first = &suite["cases"][0];
    assert_eq!(
        first["name"],
        "BL101 backlog-truncated: tcp 0.0.0.0:443 (nginx)"
    );
    assert_eq!(first["classname"], "backlint.backlog-truncated");
    assert_eq!(first["line"], NGINX.to_string());
    assert_eq!(first["result"][0]["kind"], "Failure");
    let text = first["result"][0]["text"].as_str().unwrap();
    assert!(text.contains("\ndo: set net.core.somaxconn = "), "{text}");
    assert_eq!(suite["cases"][1]["result"][0]["message"], HOSTILE);
}

#[test]
fn what_does_not_fail_passes_and_what_was_not_evaluated_is_skipped() {
    let repository = Repository::new();
    let arguments = ["--fail-on", "never", "-f", "junit=out.xml"];
    repository.judge(&arguments).ended(0);
    let document = understood("junit", &repository.path("out.xml"));
    assert_eq!(document["failures"], 0);
    let cases = document["suites"][0]["cases"].as_array().unwrap();
    assert_eq!(cases[0]["result"].as_array().unwrap().len(), 0);
    assert!(cases[0]["out"].as_str().unwrap().contains("severity: high"));
    let skipped = cases
        .iter()
        .find(|it| it["name"] == "BL301 abort-on-overflow-enabled: docker/web");
    let skipped = &skipped.unwrap()["result"][0];
    assert_eq!(skipped["kind"], "Skipped");
    assert_eq!(
        skipped["message"],
        "not known: sysctl.net.ipv4.tcp_abort_on_overflow"
    );
    assert_eq!(document["errors"], 0);
    let mut names: Vec<_> = cases
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "names are unique");
}

#[test]
fn with_strict_what_was_not_evaluated_or_read_is_an_error() {
    let repository = Repository::new();
    let gap = "gaps: [{what: sock_diag, why: refused, blinds: queues}]\n";
    let record = super::RECORD.to_owned() + gap;
    std::fs::write(repository.path("fix tures/web.yaml"), record).unwrap();
    let arguments = [
        "--strict",
        "--fail-on",
        "never",
        "-f",
        "junit=out.xml",
        "-f",
        "tap=out.tap",
    ];
    repository.judge(&arguments).ended(3);
    let document = understood("junit", &repository.path("out.xml"));
    assert_eq!(document["failures"], 0);
    let cases = document["suites"][0]["cases"].as_array().unwrap();
    let errors = cases.iter().filter(|it| it["result"][0]["kind"] == "Error");
    assert_eq!(document["errors"], errors.clone().count());
    let mut names = errors.map(|it| it["name"].as_str().unwrap());
    assert!(names.any(|name| name == "gap: sock_diag: refused; unknown: queues"));
    let tap = repository.read("out.tap");
    assert!(
        tap.contains(" - gap: sock_diag: refused; unknown: queues\n  ---\n"),
        "{tap}"
    );
}
