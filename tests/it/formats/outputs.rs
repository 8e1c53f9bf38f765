//! `-f FORMAT=FILE`, as often as wanted.

use super::Repository;

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
