//! What packaging/ hands to pipelines: valid in the eyes of those who publish the schemas, and each run.

use std::fs;
use std::path::Path;

use super::act::{self, at_home, commit};
use super::{Repository, own, understood, validator};
use crate::support::program::{Run, finish, scrubbed};

/// Insists that check-jsonschema, which carries these schemas, accepts a file.
#[track_caller]
fn accepted(schema: &str, more: &[&str], file: &str) {
    let mut command = validator("check-jsonschema");
    command.args(["--builtin-schema", schema]).args(more);
    let run = finish(command.arg(own(file)));
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

/// A repository with the action in it, and what stands for GitHub's upload.
fn with_action() -> (Repository, tempfile::TempDir) {
    let repository = Repository::new();
    copy(
        &own("packaging/github-action/action.yml"),
        &repository.path("action/action.yml"),
    );
    let upload = tempfile::tempdir().unwrap();
    let action = "name: upload\ninputs: {sarif_file: {required: true}, category: {required: true}}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      env: {FILE: '${{ inputs.sarif_file }}', CATEGORY: '${{ inputs.category }}'}\n      run: cp \"$FILE\" \"uploaded-$CATEGORY\"\n";
    fs::create_dir(upload.path().join("upload-sarif")).unwrap();
    fs::write(upload.path().join("upload-sarif/action.yml"), action).unwrap();
    commit(upload.path());
    (repository, upload)
}

fn action(inputs: &str) -> (act::Ran, Repository) {
    let (repository, upload) = with_action();
    let steps = format!("      - uses: ./action\n        with:\n{inputs}");
    let instead = [("github/codeql-action@v4", upload.path())];
    let ran = act::run(&repository, &steps, &instead);
    (ran, repository)
}

#[test]
fn the_action_annotates_uploads_and_fails() {
    accepted(
        "vendor.github-actions",
        &[],
        "packaging/github-action/action.yml",
    );
    let (ran, repository) = action("          snapshot: |\n            fix tures/*.yaml\n");
    assert_eq!(ran.status, 1, "{}", ran.said());
    assert!(!ran.commands(&["error"]).is_empty(), "{}", ran.said());
    let uploaded = fs::read_to_string(ran.file("uploaded-backlint").unwrap()).unwrap();
    repository.judge(&["-f", "sarif=out.sarif"]).ended(1);
    assert_eq!(uploaded, repository.read("out.sarif"));
    assert!(
        ran.said().contains("<details><summary>BL101 "),
        "the summary"
    );
}

#[test]
fn the_action_takes_its_inputs() {
    let version = env!("CARGO_PKG_VERSION");
    let (ran, _) = action(&format!(
        "          snapshot: fix tures/web.yaml\n          fail-on: never\n          version: {version}\n          upload-sarif: false\n"
    ));
    assert_eq!(ran.status, 0, "{}", ran.said());
    assert!(ran.said().contains("Main Judge the snapshots"));
    assert!(!ran.said().contains("Main Upload"), "{}", ran.said());
}

/// Runs the first step of the action with bash, as the runner does, with these inputs.
fn judging(repository: &Repository, inputs: &[(&str, &str)]) -> Run {
    let text = fs::read_to_string(own("packaging/github-action/action.yml")).unwrap();
    let document = backlint::text::document::Document::yaml("action.yml", &text);
    let document: serde_json::Value = document.read().unwrap();
    let step = &document["runs"]["steps"][0];
    let mut bash = at_home(scrubbed("bash"), Path::new("/nonexistent"));
    for (name, value) in step["env"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let input = value
            .strip_prefix("${{ inputs.")
            .unwrap()
            .trim_end_matches(" }}");
        let default = document["inputs"][input]["default"].as_str();
        let given = inputs.iter().find(|(name, _)| *name == input);
        bash.env(
            name,
            given.map_or(default.unwrap_or_default(), |(_, value)| value),
        );
    }
    for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        bash.env(file, repository.path(file));
    }
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c"])
        .arg(step["run"].as_str().unwrap())
        .current_dir(repository.path(""));
    finish(&mut bash)
}

#[test]
fn an_action_that_cannot_judge_says_why_and_has_no_result() {
    let repository = Repository::new();
    let record = ("snapshot", "fix tures/web.yaml");
    for (inputs, words) in [
        (vec![("snapshot", "no*.yaml")], "No file is named"),
        (vec![record, ("version", "99.0.0")], "asks for 99.0.0"),
        (
            vec![record, ("backlint", "./no")],
            "The program is not there",
        ),
        (
            vec![record, ("fail-on", "$(id)")],
            "`$(id)` is not a severity",
        ),
        (vec![record, ("rules", "no;such\nrules")], "no;such"),
    ] {
        let run = judging(&repository, &inputs).ended(2);
        assert!((run.out + &run.err).contains(words), "{inputs:?}");
        assert!(!repository.path("GITHUB_OUTPUT").exists());
    }
    judging(&repository, &[record]).ended(0);
    let output = repository.read("GITHUB_OUTPUT");
    assert_eq!(output, "sarif-file=backlint.sarif\nstatus=1\n");
}

#[test]
fn a_strict_verdict_of_the_action_is_shown_too() {
    let repository = Repository::new();
    let strict = "strict = true\nfail-on = \"never\"\n";
    fs::write(repository.path("strict.toml"), strict).unwrap();
    let record = ("snapshot", "fix tures/web.yaml");
    let given = [record, ("config", "strict.toml"), ("fail-on", "never")];
    judging(&repository, &given).ended(0);
    let output = repository.read("GITHUB_OUTPUT");
    assert_eq!(output, "sarif-file=backlint.sarif\nstatus=3\n");
    assert!(repository.read("GITHUB_STEP_SUMMARY").contains("backlint"));
    // The one that is found counts, unless there shall be none.
    fs::write(repository.path("backlint.toml"), strict).unwrap();
    fs::remove_file(repository.path("GITHUB_OUTPUT")).unwrap();
    let given = [record, ("no-config", "true"), ("fail-on", "never")];
    judging(&repository, &given).ended(0);
    assert!(repository.read("GITHUB_OUTPUT").ends_with("status=0\n"));
}

/// Runs the script of the GitLab job with sh, as GitLab's runner does, with these variables.
fn gitlab(repository: &Repository, variables: &[(&str, &str)]) -> Run {
    let text = fs::read_to_string(own("packaging/gitlab-ci.yml")).unwrap();
    let document = backlint::text::document::Document::yaml("gitlab-ci.yml", &text);
    let document: serde_json::Value = document.read().unwrap();
    let job = &document[".backlint"];
    let mut shell = at_home(scrubbed("sh"), Path::new("/nonexistent"));
    for (name, value) in job["variables"].as_object().unwrap() {
        shell.env(name, value.as_str().unwrap());
    }
    let lines = job["script"].as_array().unwrap().iter();
    let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
    shell
        .envs(variables.iter().copied())
        .args(["-e", "-c", &lines.join("\n")])
        .current_dir(repository.path(""));
    finish(&mut shell)
}

#[test]
fn the_gitlab_job_writes_both_reports_and_fails() {
    let transform = ["--data-transform", "gitlab-ci"];
    accepted("vendor.gitlab-ci", &transform, "packaging/gitlab-ci.yml");
    let repository = Repository::new();
    copy(
        &repository.path("fix tures/web.yaml"),
        &repository.path("fixtures/web.yaml"),
    );
    let run = gitlab(&repository, &[]).ended(1);
    assert!(run.out.contains("backlog-truncated"), "{}", run.out);
    let quality = repository.json("gl-code-quality-report.json");
    assert_eq!(quality[0]["location"]["path"], "fixtures/web.yaml");
    let tests = understood("junit", &repository.path("backlint.xml"));
    assert_eq!(tests["suites"][0]["name"], "fixtures/web.yaml");
    gitlab(&repository, &[("BACKLINT_OPTIONS", "--fail-on never")]).ended(0);
    gitlab(&repository, &[("BACKLINT_SNAPSHOTS", "no*.yaml")]).ended(2);
}

#[test]
fn the_gitlab_job_judges_snapshots_alone_and_never_its_runner() {
    let repository = Repository::new();
    copy(
        &repository.path("fix tures/web.yaml"),
        &repository.path("fixtures/web.yaml"),
    );
    fs::write(repository.path("fixtures/web.expected.yaml"), EXPECTED).unwrap();
    let run = gitlab(&repository, &[]).ended(1);
    assert!(run.out.contains("backlog-truncated"), "{}", run.out);
    fs::write(repository.path("backlint.toml"), "fail-on = \"never\"\n").unwrap();
    gitlab(&repository, &[]).ended(0);
    for nothing in ["", " ", "fixtures/*.expected.yaml"] {
        let run = gitlab(&repository, &[("BACKLINT_SNAPSHOTS", nothing)]).ended(2);
        assert!(run.err.contains("names no snapshot"), "{}", run.err);
    }
}

/// What is expected of a snapshot, which is none.
const EXPECTED: &str = "findings: []\n";

/// Runs a hook of this repository's in another, as `pre-commit try-repo` does.
fn hook(repository: &Repository, id: &str, file: &str) -> Run {
    let hooks = tempfile::tempdir().unwrap();
    copy(
        &own(".pre-commit-hooks.yaml"),
        &hooks.path().join(".pre-commit-hooks.yaml"),
    );
    commit(hooks.path());
    commit(&repository.path(""));
    let home = tempfile::tempdir().unwrap();
    let mut command = at_home(validator("pre-commit"), home.path());
    command.arg("try-repo").arg(hooks.path());
    command.args([id, "--verbose", "--files", file]);
    finish(command.current_dir(repository.path("")))
}

#[test]
fn the_snapshots_hook_judges_what_is_committed() {
    let mut validate = validator("pre-commit");
    validate.arg("validate-manifest");
    let run = finish(validate.arg(own(".pre-commit-hooks.yaml"))).ended(0);
    assert_eq!(run.out + &run.err, "");
    let repository = Repository::new();
    copy(
        &repository.path("fix tures/web.yaml"),
        &repository.path("fixtures/web.yaml"),
    );
    fs::write(
        repository.path("fixtures/quiet.yaml"),
        "schema: backlint/snapshot/v1\nnamespaces: [{listeners: []}]\n",
    )
    .unwrap();
    let run = hook(&repository, "backlint-snapshots", "fixtures/web.yaml").ended(1);
    assert!(
        run.out.contains("nginx on 0.0.0.0:443 asked for"),
        "{}",
        run.out
    );
    let run = hook(&repository, "backlint-snapshots", "fixtures/quiet.yaml").ended(0);
    assert!(run.out.contains("Passed"), "{}", run.out);
}

#[test]
fn the_snapshots_hook_leaves_out_what_is_expected_of_a_snapshot() {
    let repository = Repository::new();
    fs::create_dir_all(repository.path("fixtures")).unwrap();
    let file = "fixtures/web.expected.yaml";
    fs::write(repository.path(file), EXPECTED).unwrap();
    let run = hook(&repository, "backlint-snapshots", file).ended(0);
    assert!(run.out.contains("Skipped"), "{}", run.out);
}

#[test]
fn the_rules_hook_tells_what_is_wrong_in_a_rule() {
    let repository = Repository::new();
    fs::create_dir_all(repository.path("rules")).unwrap();
    fs::write(repository.path("rules/x.yaml"), "id: X1\nname: x\n").unwrap();
    let run = hook(&repository, "backlint-rules", "rules/x.yaml").ended(1);
    assert!(run.out.contains("rules/x.yaml"), "{}", run.out);
    let rule = "id: X1\nname: x\ntitle: t\nseverity: low\nscope: netns\nwhen: 'false'\nmessage: m\nwhy: w\n";
    fs::write(repository.path("rules/x.yaml"), rule).unwrap();
    let run = hook(&repository, "backlint-rules", "rules/x.yaml").ended(0);
    assert!(run.out.contains("Passed"), "{}", run.out);
}
