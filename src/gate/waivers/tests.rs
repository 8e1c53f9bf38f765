//! Waivers by the day, and what becomes of findings that several namespaces share.

use jiff::civil::{Date, date};

use super::*;
use crate::gate::{Gated, Terms};
use crate::rules::engine::judge;
use crate::rules::load;
use crate::services::Catalogue;
use crate::snapshot::file as snapshot;

const PODS: &str = "schema: backlint/snapshot/v1
namespaces:
  - {name: host}
  - {name: web-1, workload: web, sysctls: {net.core.somaxconn: 128}, listeners: [&web {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, requested: {backlog: 511, source: config}}]}
  - {name: web-2, workload: web, sysctls: {net.core.somaxconn: 128}, listeners: [*web]}
  - {name: web-3, workload: web, sysctls: {net.core.somaxconn: 128}, listeners: [*web]}
";

const JANUARY: Date = date(2027, 1, 31);

/// The namespaces of the findings of BL101 that are left, and of those that are waived, and how many
/// waivers are over.
fn outcome(entries: &str, today: Date) -> (Vec<Vec<String>>, Vec<Vec<String>>, usize) {
    let seen = snapshot::parse("f.yaml", PODS).unwrap();
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&seen, &catalogue);
    let rules = load::load(&[]).unwrap().chosen(|id| id == "BL101");
    let text = format!("waivers: [{entries}]");
    let waivers = Waivers::load(&[("w.yaml".to_owned(), text)], &rules).unwrap();
    let terms = Terms {
        waivers: &waivers,
        baseline: None,
        today,
    };
    let gated = Gated::new(judge(&rules, &facts), &facts, terms);
    let names = |finding: &Finding| {
        let names = finding.abouts().filter_map(|about| about.netns.clone());
        names.collect::<Vec<_>>()
    };
    let left = gated.judgement.findings.iter().map(names).collect();
    let waived = gated.waived.iter().map(|waived| names(&waived.finding));
    (left, waived.collect(), gated.expired.len())
}

#[test]
fn a_waiver_holds_on_its_last_day_and_not_after_it() {
    let entry = "{rule: BL101, subject: {netns: web}, reason: r, expires: 2027-01-31}";
    let (left, waived, expired) = outcome(entry, JANUARY);
    assert_eq!((left.len(), waived.len(), expired), (0, 1, 0));
    let (left, waived, expired) = outcome(entry, date(2027, 2, 1));
    assert_eq!((left.len(), waived.len(), expired), (1, 0, 1));
}

#[test]
fn a_shared_finding_is_taken_apart() {
    let one = "{rule: BL101, subject: {netns: web-2}, reason: r}";
    let (left, waived, _) = outcome(one, JANUARY);
    assert_eq!(left, [["web-1", "web-3"]]);
    assert_eq!(waived, [["web-2"]]);
    let both = format!("{one}, {{rule: BL1, subject: {{netns: web-?}}, reason: s}}");
    let (left, waived, _) = outcome(&both, JANUARY);
    assert!(left.is_empty());
    assert_eq!(waived, [vec!["web-1", "web-3"], vec!["web-2"]]);
}

#[test]
fn a_waiver_that_is_over_for_one_of_several_keeps_that_one_in_force() {
    let entries = "{rule: BL101, subject: {netns: web-1}, reason: r, expires: 2020-02-29},
                   {rule: BL101, subject: {netns: web-2}, reason: r}";
    let (left, waived, expired) = outcome(entries, JANUARY);
    assert_eq!(left, [["web-1", "web-3"]]);
    assert_eq!(waived, [["web-2"]]);
    assert_eq!(expired, 1);
}

#[test]
fn days_are_those_of_the_calendar_in_one_notation() {
    let rules = load::load(&[]).unwrap();
    let fits = |day: &str| {
        let text = format!(
            "waivers: [{{rule: BL101, subject: {{netns: a}}, reason: r, expires: \"{day}\"}}]"
        );
        Waivers::load(&[("w.yaml".to_owned(), text)], &rules).is_ok()
    };
    assert!(fits("2028-02-29"));
    for day in [
        "2027-02-29",
        "2027-02-30",
        "2027-13-01",
        "2027-00-10",
        "20270131",
        "2027-1-31",
        "31.01.2027",
        "2027-01-31T00:00",
        "2027-01-31 ",
        "+002027-01-31",
        "tomorrow",
        "",
    ] {
        assert!(!fits(day), "{day}");
    }
}
