//! A report as test cases, for JUnit and TAP, which know tests that pass and fail and nothing between.
//!
//! Each finding is a case, named for its rule and subject. One that fails the run is a failure; one that
//! is told and does not fail it has passed, with its text beside it, so that the number of failures and the exit
//! status agree. Waived findings and those that the baseline has were not looked at anew: skipped, or in
//! TAP's words to be done. A rule that could not be evaluated is skipped, for it did not pass, and with
//! `--strict` it is an error, as each gap is. A waiver that is over and still needed is a failure, for it fails
//! the run too. A rule that found nothing is one case that passed; one for each of its subjects would be all listeners
//! times all rules.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::entry::{self, Entry, Standing, entries};
use super::gaps::together;
use crate::gate::{Expired, Gate};
use crate::rules::Rule;
use crate::rules::engine::why_not_asked;
use crate::text::untrusted::clean;

/// One test case.
pub(super) struct Case<'a> {
    /// `None`: it is about a gap, or a waiver.
    pub(super) rule: Option<&'a Rule>,
    /// Unique in its report, and the same in the next run.
    pub(super) name: String,
    pub(super) outcome: Outcome<'a>,
}

/// What became of a test case.
pub(super) enum Outcome<'a> {
    /// Nothing was found.
    Passed,
    /// Found, and it does not fail the run.
    Told(Entry<'a>),
    Failed(Entry<'a>),
    /// A waiver is over; where it stands and what that means.
    Expired(&'a Expired, String),
    /// Found, and accepted or known; why.
    Accepted(Entry<'a>, String),
    /// Not evaluated; why.
    Skipped(String),
    /// Not evaluated or not read, and this fails the run; why.
    Blind(String),
}

/// The cases of a report: findings worst first, then what was not evaluated, then what passed.
pub(super) fn cases<'a>(report: &'a Report<'a>, gate: Gate) -> Vec<Case<'a>> {
    let mut cases: Vec<Case<'a>> = entries(report, gate).map(found).collect();
    cases.extend(expired(report, gate));
    let judgement = &report.gated.judgement;
    cases.extend(judgement.not_evaluated.iter().map(|skipped| {
        let place = skipped.netns.as_deref().map(|name| format!(": {name}"));
        let subjects = entry::subjects(skipped);
        Case {
            rule: Some(&skipped.rule),
            name: named(&skipped.rule, &place.unwrap_or_default()),
            outcome: match (
                gate.strict,
                format!("{}{subjects}", entry::missing(skipped)),
            ) {
                (true, why) => Outcome::Blind(clean(&why).into_owned()),
                (false, why) => skip(&why),
            },
        }
    }));
    cases.extend(judgement.not_asked.iter().map(|rule| Case {
        rule: Some(rule),
        name: named(rule, ""),
        outcome: skip(why_not_asked(rule, report.facts)),
    }));
    if gate.strict {
        cases.extend(together(report.gaps()).iter().map(|gap| Case {
            rule: None,
            name: clean(&format!("gap: {gap}")).into_owned(),
            outcome: Outcome::Blind(clean(gap).into_owned()),
        }));
    }
    let told = cases.iter().filter_map(|case| case.rule);
    let told: BTreeSet<&str> = told.map(|rule| rule.id.as_str()).collect();
    let quiet = report
        .rules
        .iter()
        .filter(|rule| !told.contains(rule.id.as_str()));
    let quiet: Vec<Case<'a>> = quiet
        .map(|rule| Case {
            rule: Some(rule),
            name: named(rule, ""),
            outcome: match (rule.applies_to(report.facts.kernel), report.facts.kernel) {
                (true, _) => Outcome::Passed,
                (false, Some(_)) => skip("the rule is not about this kernel"),
                (false, None) => {
                    skip("the rule is not about the newest kernel, and this one is not known")
                }
            },
        })
        .collect();
    cases.extend(quiet);
    number(&mut cases);
    cases
}

/// Waivers that are over, where they fail the run.
fn expired<'a>(report: &'a Report<'a>, gate: Gate) -> impl Iterator<Item = Case<'a>> {
    let all = report.gated.expired.iter();
    all.filter(move |_| gate.fail_on.is_some()).map(|expired| {
        let waiver = &expired.waiver;
        let name = format!("expired waiver: {} {}", waiver.rule, waiver.subject);
        Case {
            rule: None,
            name: clean(&name).into_owned(),
            outcome: Outcome::Expired(expired, entry::expired(expired)),
        }
    })
}

fn found(entry: Entry<'_>) -> Case<'_> {
    Case {
        rule: Some(entry.rule()),
        name: named(entry.rule(), &format!(": {}", entry.subject())),
        outcome: match entry.standing {
            Standing::Fails => Outcome::Failed(entry),
            Standing::Told => Outcome::Told(entry),
            Standing::Known => Outcome::Accepted(entry, "known by the baseline".to_owned()),
            Standing::Waived(waiver) => {
                let until = waiver.expires.as_ref().map(|day| format!(" until {day}"));
                let until = until.unwrap_or_default();
                let reason = format!("waived{until}: {}", waiver.reason);
                Outcome::Accepted(entry, clean(&reason).into_owned())
            }
        },
    }
}

fn skip<'a>(why: &str) -> Outcome<'a> {
    Outcome::Skipped(clean(why).into_owned())
}

fn named(rule: &Rule, behind: &str) -> String {
    clean(&format!("{} {}{behind}", rule.id, rule.name)).into_owned()
}

/// Siblings (SO_REUSEPORT) have one name, and readers take cases of one name for one case.
fn number(cases: &mut [Case<'_>]) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases {
        let times = times.entry(case.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            case.name = format!("{}, {times}", case.name);
        }
    }
}
