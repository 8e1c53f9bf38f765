//! The page about the fixtures, made of their own comments and of what is found in them: a title in the
//! first line of each, and what the scenario is in the lines below it.

use std::fmt::Write as _;
use std::path::Path;

use backlint::assess::Facts;
use backlint::rules::engine::{Judgement, judge};
use backlint::rules::{RuleSet, load};
use backlint::services::Catalogue;
use backlint::snapshot::file;

const INTRODUCTION: &str = "# Fixtures

Records of hosts as people keep them: each is one scenario, judged by `cargo test` against the findings that
stand beside it (`NAME.expected.yaml`). This page is generated from them. To add one, keep what you saw
without what is private, give it a title and two or three lines in a comment on top, and let the test
write what it finds:

```sh
sudo backlint snapshot --minimal --redact -o fixtures/NAME.yaml
UPDATE_GENERATED=1 cargo test --test it -- fixtures generated
```

";

/// Title and description of a fixture.
fn comment(text: &str) -> (String, String) {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    let mut lines = lines.map(str::trim);
    let title = lines.next().unwrap_or_default().to_owned();
    (title, lines.collect::<Vec<_>>().join(" "))
}

/// What is found, a line each; SO_REUSEPORT siblings and pods of one workload say the same.
fn findings(judgement: &Judgement) -> String {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for finding in &judgement.findings {
        let sure = match finding.confidence.name() {
            "certain" => String::new(),
            unsure => format!(" ({unsure})"),
        };
        let rule = &finding.rule;
        let line = format!("- {} {}: {}{sure}", rule.severity, rule.id, finding.message);
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, times)) => *times += 1,
            None => lines.push((line, 1)),
        }
    }
    let mut out = String::new();
    for (line, times) in lines {
        let times = if times > 1 {
            format!(" ×{times}")
        } else {
            String::new()
        };
        writeln!(out, "{line}{times}").unwrap();
    }
    if out.is_empty() {
        out.push_str("- no finding\n");
    }
    let skipped: Vec<&str> = judgement
        .not_evaluated
        .iter()
        .map(|it| it.rule.id.as_str())
        .collect();
    if !skipped.is_empty() {
        writeln!(out, "- not evaluated: {}", skipped.join(", ")).unwrap();
    }
    out
}

/// The page.
pub(crate) fn page() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml") && !name.ends_with(".expected.yaml"))
        .collect();
    names.sort();
    let rules: RuleSet = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let catalogue = Catalogue::builtin();
    let mut page = INTRODUCTION.to_owned();
    for name in &names {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let snapshot = file::parse(name, &text).unwrap_or_else(|fault| panic!("{fault}"));
        let judgement = judge(&rules, &Facts::new(&snapshot, &catalogue));
        let (title, description) = comment(&text);
        assert!(
            !title.is_empty() && title.len() <= 80,
            "{name} has no title: {title:?}"
        );
        assert!(!description.is_empty(), "{name} has no description");
        write!(
            page,
            "## {title}\n\n{description}\n\n`backlint --snapshot fixtures/{name}`\n\n{}\n",
            findings(&judgement)
        )
        .unwrap();
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}
