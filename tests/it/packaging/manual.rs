//! The manual pages as readers of manuals take them, and whether each says what a page has to.

use std::fs;
use std::path::{Path, PathBuf};

use super::generate;
use crate::support::program::{finish, scrubbed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/man")
}

fn files() -> Vec<PathBuf> {
    let files = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn man_and_mandoc_read_every_page_without_a_warning() {
    let files = files();
    assert!(files.len() > 10, "{files:?}");
    for file in &files {
        let mut man = scrubbed("man");
        man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"]);
        let run = finish(man.arg(file)).ended(0);
        assert_eq!(run.err, "", "{}", file.display());
    }
    // Long lines are a matter of style; that there is no date is meant.
    let run = finish(
        scrubbed("mandoc")
            .args(["-Tlint", "-Wwarning"])
            .args(&files),
    );
    let said = run.out + &run.err;
    let warnings: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("missing date"))
        .collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
}

#[test]
fn every_page_has_the_sections_that_a_reader_looks_for() {
    for (name, page) in generate::pages() {
        let mut headings = page.lines().filter_map(|line| line.strip_prefix(".SH "));
        let headings: Vec<&str> = headings.by_ref().map(|it| it.trim_matches('"')).collect();
        // A command that only has others below it ends as they do.
        let group = page.contains(" <COMMAND>\n") && !page.contains("\n.br\n");
        let wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"];
        let more: &[&str] = if group {
            &[]
        } else {
            &["EXIT STATUS", "EXAMPLES"]
        };
        for heading in wanted.iter().chain(more) {
            assert!(
                headings.contains(heading),
                "{name} has no {heading}: {headings:?}"
            );
        }
    }
}

/// Where a page names another of ours, there is one.
#[test]
fn pages_refer_to_pages_that_exist() {
    let pages = generate::pages();
    for (name, page) in &pages {
        let words = page.split(|c: char| c.is_whitespace() || c == ',');
        let ours = words.filter(|word| word.ends_with("(1)") && word.contains("backlint"));
        for word in ours {
            let word = word
                .replace("\\fB", "")
                .replace("\\fR", "")
                .replace('\\', "");
            let file = format!("{}.1", word.trim_end_matches("(1)"));
            assert!(
                pages.iter().any(|(name, _)| *name == file),
                "{name}: {word}"
            );
        }
    }
    assert!(
        pages
            .iter()
            .any(|(_, page)| page.contains("backlint\\-rules\\-new"))
    );
}

/// What a reader sees of one page: options, values, exit status, files, examples.
#[test]
fn a_page_reads_as_one() {
    let mut man = scrubbed("man");
    man.env("MANWIDTH", "100")
        .args(["-E", "UTF-8", "-l", "-Tutf8"]);
    let run = finish(man.arg(folder().join("backlint-trace.1"))).ended(0);
    // Overstriking marks what is bold.
    let mut text = String::new();
    let mut letters = run.out.chars().peekable();
    while let Some(letter) = letters.next() {
        if letters.next_if_eq(&'\u{8}').is_none() {
            text.push(letter);
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "SYNOPSIS backlint trace [OPTIONS] -- <COMMAND>... backlint trace --host [OPTIONS] DESCRIPTION",
        "DESCRIPTION Run a command, record each listen()",
        "--sysctl <KEY=VALUE> Give a sysctl this value",
        "EXIT STATUS That of the audit: 0 no finding at or above --fail-on (default high) 1 such a",
        "3 with --strict: gaps With --command-status the command's",
        "FILES backlint.toml, .backlint.toml",
        "EXAMPLES backlint trace -- nginx -g 'daemon off;' until nginx ends, or Ctrl-C",
        "SEE ALSO backlint(1), listen(2), seccomp(2), strace(1)",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}
