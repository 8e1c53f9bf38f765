//! Markdown, rendered by GitHub's own renderer (cmark-gfm).

use super::{HOSTILE, Repository, understood};

#[test]
fn the_page_says_the_findings_and_nothing_that_a_host_chose_is_markup() {
    let repository = Repository::new();
    repository.judge(&["-f", "markdown=out.md"]).ended(1);
    let page = understood("markdown", &repository.path("out.md"));
    let known = [
        "code", "details", "h3", "li", "p", "summary", "table", "tbody", "td", "th", "thead", "tr",
        "ul",
    ];
    for element in page["elements"].as_array().unwrap() {
        assert!(known.contains(&element.as_str().unwrap()), "<{element}>");
    }
    assert_eq!(page["links"].as_array().unwrap().len(), 0, "{page}");
    let cells: Vec<&str> = page["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert!(
        cells.contains(&format!("host: {HOSTILE}").as_str()),
        "{cells:#?}"
    );
    assert_eq!(cells.len() % 4, 0, "no cell was split");
    let text = page["text"].as_str().unwrap();
    assert!(text.contains("set net.core.somaxconn = 511"), "{text}");
    assert!(
        text.contains("Not evaluated, so not passed either"),
        "{text}"
    );
}

#[test]
fn thousands_of_findings_fit_into_a_comment() {
    let repository = Repository::new();
    let mut record = String::from(
        "schema: backlint/snapshot/v1\nnamespaces:\n  - sysctls: {net.core.somaxconn: 128}\n    listeners:\n",
    );
    for port in 1..3000 {
        record += &format!(
            "      - {{protocol: tcp, address: \"0.0.0.0:{port}\", accept_queue: {{max: 128}}, owners: [{{comm: nginx}}]}}\n"
        );
    }
    std::fs::write(repository.path("fix tures/web.yaml"), record).unwrap();
    let page = repository.judge(&["-f", "markdown"]).ended(1).out;
    assert!(page.len() < 65_536, "{}", page.len());
    assert!(page.contains("and 2899 more findings"), "{page}");
    // And each of thousands has its line, in a pass that takes no time.
    let lines = repository.judge(&["-f", "github"]).ended(1).out;
    assert!(
        lines.contains("web.yaml,line=3003,col=9,"),
        "the last listener's line"
    );
}

#[test]
fn all_reports_of_a_run_fit_into_one_comment() {
    let repository = Repository::new();
    let record = repository.path("fix tures/web.yaml");
    let names: Vec<String> = (0..60).map(|n| format!("fix tures/{n}.yaml")).collect();
    for name in &names {
        std::fs::copy(&record, repository.path(name)).unwrap();
    }
    let more: Vec<&str> = names.iter().flat_map(|name| ["--snapshot", name]).collect();
    let page = repository.judge(&[&more[..], &["-f", "markdown"]].concat());
    let page = page.ended(1).out;
    assert!(page.len() < 65_536, "{}", page.len());
    assert_eq!(page.matches("### ").count(), 61, "each has its verdict");
    assert!(
        page.contains(" more rules: `--format json` has all"),
        "{page}"
    );
}

#[test]
fn a_rule_is_told_once() {
    let repository = Repository::new();
    let page = repository.judge(&["-f", "markdown"]).ended(1).out;
    let titles: Vec<&str> = page
        .lines()
        .filter(|line| line.contains("<summary>BL"))
        .collect();
    let mut once = titles.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), titles.len(), "{titles:?}");
}
