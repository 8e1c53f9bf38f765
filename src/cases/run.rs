//! Judges the cases of a rule by that rule alone, and tells what differs from what they expect.

use std::sync::Arc;

use super::{Act, Case, Cases, Outcome};
use crate::advise::{Step, advise};
use crate::assess::{Confidence, Facts};
use crate::rules::engine::{Judgement, judge, why_not_asked};
use crate::rules::{Rule, RuleSet, Severity};
use crate::services::Catalogue;
use crate::snapshot::Snapshot;

/// What the cases of one rule came to.
#[derive(Debug)]
pub struct Tested {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The cases file; `None` where there is none.
    pub file: Option<String>,
    /// Its cases, in the order of the file.
    pub ran: Vec<Ran>,
}

/// One case that ran.
#[derive(Debug)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// The line of the file that it begins at.
    pub line: usize,
    /// What was expected of the rule.
    pub expect: Outcome,
    /// What differs; nothing: the case passed.
    pub differences: Vec<Difference>,
}

/// Something that a case expects and that is otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field of the case.
    pub field: &'static str,
    /// What was expected, a line each.
    pub expected: Vec<String>,
    /// What was found, a line each.
    pub found: Vec<String>,
}

impl Tested {
    /// What is missing of the cases themselves, in words.
    pub fn lacks(&self) -> Option<&'static str> {
        if self.file.is_none() {
            return Some("no cases file beside it");
        }
        let has = |outcome| self.ran.iter().any(|ran| ran.expect == outcome);
        match (has(Outcome::Fires), has(Outcome::Silent)) {
            (true, true) => None,
            (true, false) => Some("no case in which it is silent"),
            (false, true) => Some("no case in which it fires"),
            (false, false) => Some("no case in which it fires, and none in which it is silent"),
        }
    }

    /// Cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Ran> {
        let failed = |ran: &&Ran| !ran.differences.is_empty();
        self.ran.iter().filter(failed)
    }

    /// Whether all is as expected.
    pub fn passed(&self) -> bool {
        self.lacks().is_none() && self.failed().next().is_none()
    }
}

/// What a rule said about a record.
#[derive(Debug)]
pub struct Found {
    /// What it did.
    pub outcome: Outcome,
    /// Why, where it did not fire and that is not plain.
    pub why: Option<String>,
    /// The names that were missing, sorted.
    pub missing: Vec<String>,
    /// The findings, in the order of a report.
    pub findings: Vec<Said>,
}

/// A finding, as far as cases tell it.
#[derive(Debug)]
pub struct Said {
    /// Its sentence.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is to be done.
    pub acts: Vec<Act>,
}

/// Runs the cases of a rule.
pub fn test(rule: &Arc<Rule>, file: &str, cases: &Cases, catalogue: &Catalogue) -> Tested {
    let ran = cases.cases.iter().map(|case| Ran {
        name: case.name.clone(),
        line: case.line,
        expect: case.expect,
        differences: differences(case, &found(rule, &case.snapshot, catalogue)),
    });
    Tested {
        rule: Arc::clone(rule),
        file: Some(file.to_owned()),
        ran: ran.collect(),
    }
}

/// Judges a record by one rule, and takes the advice on what it finds.
pub fn found(rule: &Arc<Rule>, snapshot: &Snapshot, catalogue: &Catalogue) -> Found {
    let alone = RuleSet::new(vec![Arc::clone(rule)]);
    let facts = Facts::new(snapshot, catalogue);
    let judgement = judge(&alone, &facts);
    let advice = advise(&judgement.findings, &facts);
    let (outcome, why) = outcome(rule, &judgement, &facts);
    let said = judgement.findings.iter().zip(&advice.by_finding);
    let findings = said.map(|(finding, steps)| Said {
        message: finding.message.clone(),
        severity: finding.rule.severity,
        confidence: finding.confidence,
        acts: steps.iter().map(act).collect(),
    });
    let mut missing: Vec<String> = judgement
        .not_evaluated
        .iter()
        .flat_map(|skipped| skipped.missing.iter().cloned())
        .collect();
    missing.sort();
    missing.dedup();
    Found {
        outcome,
        why,
        missing,
        findings: findings.collect(),
    }
}

fn act(step: &Step) -> Act {
    match step {
        Step::Edit(step) => Act::Edit(step.words.clone()),
        Step::Sysctl(step) => Act::Sysctl {
            key: step.key.clone(),
            value: step.value.clone(),
        },
        Step::Service(step) => Act::Service(step.number.map(|number| number.to_string())),
        Step::Relisten(_) => Act::Relisten,
    }
}

/// What the rule did, and why it found nothing where a reader would wonder.
fn outcome(rule: &Rule, judgement: &Judgement, facts: &Facts<'_>) -> (Outcome, Option<String>) {
    if !judgement.findings.is_empty() {
        return (Outcome::Fires, None);
    }
    if !judgement.not_asked.is_empty() {
        let why = match why_not_asked(rule, facts) {
            why if rule.needs_settings() => {
                format!("it is about the persistent configuration, and {why}")
            }
            why => format!("it is about what runs, and {why}"),
        };
        return (Outcome::NotAsked, Some(why));
    }
    if let Some(skipped) = judgement.not_evaluated.first() {
        let missing: Vec<&str> = skipped.missing.iter().map(String::as_str).collect();
        let why = match &skipped.fault {
            Some(fault) => fault.clone(),
            None => format!("missing: {}", missing.join(", ")),
        };
        return (Outcome::NotEvaluated, Some(why));
    }
    let why = rule.kernel.filter(|_| !rule.applies_to(facts.kernel));
    let why = why.map(|requirement| {
        let kernel = match facts.kernel {
            Some(kernel) => format!("is of {kernel}"),
            None => "has no kernel, which counts as the newest".to_owned(),
        };
        format!("the rule is about Linux {requirement}, and the record {kernel}")
    });
    (Outcome::Silent, why)
}

/// The steps that were found, without the backlogs that the expected ones leave open.
fn as_told(found: &[Act], expected: &[Act]) -> Vec<Act> {
    let told = |(n, act): (usize, &Act)| match (act, expected.get(n)) {
        (Act::Service(_), Some(Act::Service(None))) => Act::Service(None),
        (act, _) => act.clone(),
    };
    found.iter().enumerate().map(told).collect()
}

fn differences(case: &Case, found: &Found) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut compare = |field, expected: Vec<String>, found: Vec<String>| {
        if expected != found {
            all.push(Difference {
                field,
                expected,
                found,
            });
        }
    };
    if case.expect != found.outcome {
        let name = found.outcome.name();
        let messages = found.findings.iter();
        let messages = messages.map(|said| format!("  {}", said.message));
        let first = match &found.why {
            Some(why) => format!("{name} ({why})"),
            None => name.to_owned(),
        };
        let lines = std::iter::once(first).chain(messages).collect();
        compare("expect", vec![case.expect.name().to_owned()], lines);
        return all;
    }
    if let Some(count) = case.count {
        let found = found.findings.len();
        compare("count", vec![count.to_string()], vec![found.to_string()]);
    }
    let mut about = found.findings.first();
    if let Some(message) = &case.message {
        let said = found.findings.iter().find(|said| said.message == *message);
        match said {
            Some(said) => about = Some(said),
            None => {
                let said = found.findings.iter().map(|said| said.message.clone());
                compare("message", vec![message.clone()], said.collect());
            }
        }
    }
    if let Some(about) = about {
        if let Some(severity) = case.severity {
            let found = about.severity.to_string();
            compare("severity", vec![severity.to_string()], vec![found]);
        }
        if let Some(confidence) = case.confidence {
            let found = about.confidence.to_string();
            compare("confidence", vec![confidence.to_string()], vec![found]);
        }
        if let Some(acts) = &case.remediation {
            let lines = |acts: &[Act]| acts.iter().map(ToString::to_string).collect();
            compare(
                "remediation",
                lines(acts),
                lines(&as_told(&about.acts, acts)),
            );
        }
    }
    if let Some(missing) = &case.missing {
        compare("missing", missing.clone(), found.missing.clone());
    }
    all
}
