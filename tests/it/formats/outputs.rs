//! `-f FORMAT=FILE`, as often as wanted.

use super::{NGINX, RECORD, Repository};
use crate::support::program::{backlint, finish, finish_with};

#[test]
fn the_table_is_printed_and_files_are_written_though_findings_fail() {
    let repository = Repository::new();
    let table = repository.judge(&[]).ended(1).out;
    let both = ["-f", "sarif=out.sarif", "-f", "junit=out.xml"];
    let run = repository.judge(&both).ended(1);
    assert_eq!(run.out, table);
    assert_eq!(repository.json("out.sarif")["version"], "2.1.0");
    assert!(repository.read("out.xml").starts_with("<?xml "));
}

#[test]
fn a_file_has_what_standard_output_would_have() {
    let repository = Repository::new();
    for format in [
        "json", "sarif", "junit", "github", "gitlab", "markdown", "tap", "table",
    ] {
        let printed = repository.judge(&["--format", format]).ended(1).out;
        let file = format!("{format}=out");
        repository.judge(&["-f", &file, "-f", "json"]).ended(1);
        assert!(!printed.is_empty());
        assert_eq!(repository.read("out"), printed, "{format}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_is_written() {
    let repository = Repository::new();
    for (arguments, words) in [
        (
            ["-f", "json", "-f", "tap"],
            "json and tap cannot both go to standard output: give one a file, such as -f tap=FILE",
        ),
        (
            ["-f", "json=x", "-f", "tap=x"],
            "json and tap cannot both go to x: give each a file of its own",
        ),
        (["-f", "sarif=x", "-f", "jnuit=y"], "did you mean `junit`?"),
        (
            ["-f", "json=x", "-f", "tap="],
            "there is no file behind `tap=`",
        ),
    ] {
        let run = repository.judge(&arguments).ended(2);
        assert_eq!(run.out, "");
        assert!(run.err.contains(words), "{}", run.err);
        assert!(!repository.path("x").exists());
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_nothing_is_printed() {
    let repository = Repository::new();
    let run = repository
        .judge(&["-f", "sarif=no/such/folder.sarif"])
        .ended(2);
    assert_eq!(run.out, "");
    assert_eq!(
        run.err,
        "backlint: no/such/folder.sarif cannot be written: no such file or directory\n"
    );
}

#[test]
fn every_format_that_points_names_the_same_line() {
    let repository = Repository::new();
    let text = |format: &str| repository.judge(&["-f", format]).ended(1).out;
    let file = "fix tures/web.yaml";
    for (format, place) in [
        ("github", format!("file={file},line={NGINX},col=9,")),
        ("tap", format!("at: \"{file}:{NGINX}\"")),
        ("junit", format!("file=\"{file}\" line=\"{NGINX}\"")),
        ("gitlab", format!("\"begin\": {NGINX}\n")),
        ("sarif", format!("\"startLine\": {NGINX},\n")),
    ] {
        assert!(text(format).contains(&place), "{format}: {place}");
    }
}

#[test]
fn a_json_fixture_and_one_under_an_assumption_have_their_lines_too() {
    let repository = Repository::new();
    let json = "{\"schema\": \"backlint/snapshot/v1\", \"namespaces\": [{\n\t\"sysctls\": {\"net.core.somaxconn\": 128},\n\t\"listeners\": [\n\t\t{\"protocol\": \"tcp\", \"address\": \"0.0.0.0:80\", \"accept_queue\": {\"max\": 128}, \"owners\": [{\"comm\": \"nginx\\u00e9\"}], \"requested\": {\"backlog\": 511, \"source\": \"config\"}}]}]}\n";
    std::fs::write(repository.path("web.json"), json).unwrap();
    let mut command = backlint();
    command
        .args(["audit", "--snapshot", "./web.json", "-f", "github"])
        .current_dir(repository.path(""));
    let out = finish(&mut command).ended(1).out;
    assert!(
        out.starts_with("::error file=web.json,line=4,col=3,"),
        "{out}"
    );
    let assumed = ["--assume", "net.core.somaxconn=256", "-f", "github"];
    let out = repository.judge(&assumed).ended(1).out;
    assert!(out.contains(&format!("line={NGINX},")), "{out}");
}

#[test]
fn nobody_points_into_standard_input() {
    let mut command = backlint();
    command.args(["audit", "--snapshot", "-", "-f", "github"]);
    let out = finish_with(&mut command, RECORD.as_bytes()).ended(1).out;
    assert!(out.starts_with("::error title=BL101 "), "{out}");
}
