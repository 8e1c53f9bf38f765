//! GitLab's Code Quality report, beside the one that sarif-tools makes of our SARIF for GitLab.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{NGINX, Repository, validator};
use crate::support::program::finish;

fn places(report: &Value) -> BTreeSet<(String, i64)> {
    let all = report.as_array().unwrap().iter();
    all.map(|it| {
        let location = &it["location"];
        let path = location["path"].as_str().unwrap().replace("%20", " ");
        (path, location["lines"]["begin"].as_i64().unwrap())
    })
    .collect()
}

#[test]
fn another_tool_makes_the_same_report_of_the_sarif_file() {
    let repository = Repository::new();
    let both = ["-f", "gitlab=own.json", "-f", "sarif=out.sarif"];
    repository.judge(&both).ended(1);
    let mut command = validator("sarif");
    command.arg("codeclimate").arg("--output");
    command.arg(repository.path("other.json"));
    finish(command.arg(repository.path("out.sarif"))).ended(0);
    let (own, other) = (repository.json("own.json"), repository.json("other.json"));
    assert_eq!(places(&own), places(&other));
    let known = ["info", "minor", "major", "critical", "blocker"];
    for (own, other) in own
        .as_array()
        .unwrap()
        .iter()
        .zip(other.as_array().unwrap())
    {
        for (field, value) in other.as_object().unwrap() {
            let same = std::mem::discriminant(&own[field]) == std::mem::discriminant(value);
            assert!(same, "{field}: {own} {other}");
        }
        assert!(known.contains(&own["severity"].as_str().unwrap()));
    }
}

#[test]
fn fingerprints_are_unique_and_stay() {
    let repository = Repository::new();
    let text = repository.judge(&["-f", "gitlab"]).ended(1).out;
    assert_eq!(repository.judge(&["-f", "gitlab"]).out, text);
    let report: Value = serde_json::from_str(&text).unwrap();
    let all = report.as_array().unwrap();
    let prints: BTreeSet<&str> = all
        .iter()
        .map(|it| it["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), all.len());
    assert_eq!(all[0]["location"]["path"], "fix tures/web.yaml");
    assert_eq!(all[0]["location"]["lines"]["begin"], NGINX);
    let body = all[1]["content"]["body"].as_str().unwrap();
    assert!(!body.contains(['<', '`', '@', '[']), "{body}");
}
