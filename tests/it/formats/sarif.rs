//! SARIF, read by `serde-sarif`, checked against the standard's own schema, and read by sarif-tools.

use std::path::PathBuf;

use serde_json::Value;
use serde_sarif::sarif::{Result, ResultLevel, Sarif};

use super::{HOSTILE, NGINX, RECYCLE, REDIS, Repository, UNIX, validator};
use crate::support::program::finish;

fn written() -> (Repository, Sarif) {
    let repository = Repository::new();
    repository.judge(&["-f", "sarif=out.sarif"]).ended(1);
    let log = serde_json::from_str(&repository.read("out.sarif")).unwrap();
    (repository, log)
}

/// URI and line of a result.
fn place(result: &Result) -> (String, i64) {
    let locations = result.locations.as_ref().unwrap();
    let physical = locations[0].physical_location.as_ref().unwrap();
    let artifact = physical.artifact_location.as_ref().unwrap();
    assert_eq!(artifact.uri_base_id.as_deref(), Some("SRCROOT"));
    let line = physical.region.as_ref().unwrap().start_line.unwrap();
    (artifact.uri.clone().unwrap(), line)
}

/// The schema that the crate carries: the standard's, from its repository.
fn schema() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Only what was fetched for this machine is there.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|it| it["name"] == "serde-sarif");
    let manifest = PathBuf::from(package.unwrap()["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src").join("schema.json")
}

#[test]
fn the_output_is_valid_against_the_schema_of_the_standard() {
    let (repository, _) = written();
    let mut command = validator("check-jsonschema");
    // A pattern of the schema is none by ECMAScript's rules.
    command
        .args(["--regex-variant", "python", "--schemafile"])
        .arg(schema());
    let run = finish(command.arg(repository.path("out.sarif")));
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
}

#[test]
fn results_point_at_the_lines_of_the_fixture() {
    let (_, log) = written();
    let results = log.runs[0].results.as_ref().unwrap();
    let of = |rule: &str| {
        let all = results.iter();
        let all = all.filter(move |it| it.rule_id.as_deref() == Some(rule));
        all.map(place).collect::<Vec<_>>()
    };
    let at = |line: usize| ("fix%20tures/web.yaml".to_owned(), line as i64);
    assert_eq!(of("BL101"), [at(NGINX), at(UNIX), at(REDIS)]);
    // A sysctl's line: the configuration's in the fixture, or the value that runs.
    assert_eq!(of("BL506"), [at(RECYCLE)]);
    assert_eq!(of("BL201"), [at(8)]);
}

#[test]
fn the_configuration_line_that_caused_it_is_related() {
    let (_, log) = written();
    let results = log.runs[0].results.as_ref().unwrap();
    let related = results[0].related_locations.as_ref().unwrap();
    let physical = related[0].physical_location.as_ref().unwrap();
    let artifact = physical.artifact_location.as_ref().unwrap();
    assert_eq!(
        artifact.uri.as_deref(),
        Some("file:///etc/nginx/nginx.conf")
    );
    assert_eq!(physical.region.as_ref().unwrap().start_line, Some(12));
}

#[test]
fn every_result_has_its_rule_level_and_fingerprint() {
    let (_, log) = written();
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    for result in run.results.as_ref().unwrap() {
        let rule = &rules[usize::try_from(result.rule_index.unwrap()).unwrap()];
        assert_eq!(Some(rule.id.as_str()), result.rule_id.as_deref());
        let prints = result.partial_fingerprints.as_ref().unwrap();
        assert_eq!(prints["backlintFingerprint/v1"].len(), 32);
        let severity = &result.properties.as_ref().unwrap().additional_properties["severity"];
        let level = match severity.as_str().unwrap() {
            "critical" | "high" => ResultLevel::Error,
            "medium" => ResultLevel::Warning,
            _ => ResultLevel::Note,
        };
        assert_eq!(result.level, Some(level));
    }
    let help = rules[0].help.as_ref().unwrap();
    assert!(
        help.markdown
            .as_ref()
            .unwrap()
            .contains("What does not help")
    );
    assert_eq!(rules[0].name.as_deref(), Some("BacklogTruncated"));
}

#[test]
fn what_was_not_evaluated_is_a_notification() {
    let (_, log) = written();
    let invocation = &log.runs[0].invocations.as_ref().unwrap()[0];
    assert!(invocation.execution_successful);
    let all = invocation.tool_execution_notifications.as_ref().unwrap();
    let skipped = all.iter().find(|it| {
        let descriptor = it.descriptor.as_ref().unwrap();
        descriptor.id.as_deref() == Some("not-evaluated")
    });
    let text = skipped.unwrap().message.text.as_ref().unwrap();
    assert!(text.contains("docker/web: not known: "), "{text}");
}

#[test]
fn no_text_of_a_host_is_a_link_or_a_placeholder() {
    let (_, log) = written();
    let results = log.runs[0].results.as_ref().unwrap();
    let text = results[1].message.text.as_ref().unwrap();
    let tame = HOSTILE
        .replace("](", "] (")
        .replace("{0", "{ 0")
        .replace("{1", "{ 1");
    assert!(text.starts_with(&tame), "{text}");
}

#[test]
fn a_sarif_tool_counts_the_same_findings() {
    let (repository, log) = written();
    let csv = repository.path("out.csv");
    let mut command = validator("sarif");
    command.args(["csv", "--output"]).arg(&csv);
    finish(command.arg(repository.path("out.sarif"))).ended(0);
    let table = std::fs::read_to_string(csv).unwrap();
    let results = log.runs[0].results.as_ref().unwrap();
    let rows = table.matches("\nbacklint,").count();
    assert_eq!(rows, results.len(), "{table}");
    let nginx = "backlint,error,BL101,\"nginx on 0.0.0.0:443 asked for 511 ";
    assert!(table.contains(nginx), "{table}");
    assert!(table.contains(&format!("web.yaml,{NGINX}")), "{table}");

    let mut command = validator("sarif");
    command.args(["summary"]).arg(repository.path("out.sarif"));
    let summary = finish(&mut command).ended(0).out;
    assert!(summary.contains("BL101"), "{summary}");
}

#[test]
fn several_sources_are_one_run() {
    let repository = Repository::new();
    std::fs::copy(
        repository.path("fix tures/web.yaml"),
        repository.path("two.yaml"),
    )
    .unwrap();
    let second = ["--snapshot", "./two.yaml", "-f", "sarif=out.sarif"];
    repository.judge(&second).ended(1);
    let log = repository.json("out.sarif");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let artifacts = log["runs"][0]["artifacts"].as_array().unwrap();
    let uris: Vec<_> = artifacts.iter().map(|it| &it["location"]["uri"]).collect();
    assert_eq!(uris, ["fix%20tures/web.yaml", "two.yaml"]);
}
