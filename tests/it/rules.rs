//! Every rule against its cases, by the code behind `backlint rules test`: each case is judged by its rule
//! alone, and what the cases must be of is derived from the rule.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backlint::cases::{self, Act, Cases, Outcome};
use backlint::kernel::sysctls::{check_value, find};
use backlint::kernel::version::Version;
use backlint::rules::{RemedyKey, RemedyStep, Rule, builtin, load};
use backlint::services::Catalogue;

use crate::support::program::run;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// Each built-in rule with its cases.
fn rules() -> Vec<(Arc<Rule>, Cases)> {
    let read = |(name, text)| {
        let rule = load::load_one(name, text).unwrap_or_else(|faults| panic!("{}", faults[0]));
        let file = folder().join(name.replace(".yaml", ".cases.yaml"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let fixture = |path: &str| {
            let text = std::fs::read_to_string(folder().join(path));
            text.map(|text| (path.to_owned(), text))
                .map_err(|error| error.to_string())
        };
        let cases = cases::parse(&file.display().to_string(), &text, fixture)
            .unwrap_or_else(|faults| panic!("{}", faults[0]));
        assert_eq!(cases.rule, rule.id, "{}", file.display());
        (Arc::new(rule), cases)
    };
    let rules: Vec<_> = builtin::files().map(read).collect();
    assert!(rules.len() >= 29, "only {} rules were found", rules.len());
    rules
}

#[test]
fn every_rule_does_what_its_cases_say_and_fires_and_is_silent() {
    let folder = folder();
    let folder = folder.to_str().unwrap();
    let said = run(["rules", "test", folder]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    let last = said.out.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("{} rules, ", rules().len())),
        "{last}"
    );
    run(["rules", "check", "--alone", folder]).ended(0);
}

/// What a step of a rule does, as the advice tells it.
fn is_of(act: &Act, step: &RemedyStep) -> bool {
    match (act, step) {
        (Act::Sysctl { key, .. }, RemedyStep::Sysctl { key: wanted, .. }) => match wanted {
            RemedyKey::Named(wanted) => key == wanted,
            RemedyKey::OfSubject => true,
        },
        (Act::Service(_), RemedyStep::Service(_))
        | (Act::Relisten, RemedyStep::Relisten)
        | (Act::Edit(_), RemedyStep::Edit(_)) => true,
        _ => false,
    }
}

#[test]
fn every_step_of_a_remediation_is_taken_in_a_case_and_the_kernel_takes_its_value() {
    let catalogue = Catalogue::builtin();
    let mut missing = Vec::new();
    for (rule, cases) in rules() {
        let fires = cases.cases.iter();
        let fires = fires.filter(|case| case.expect == Outcome::Fires);
        let mut acts = Vec::new();
        for case in fires {
            let kernel = case.snapshot.host.kernel.as_deref();
            let kernel: Option<Version> = kernel.and_then(|kernel| kernel.parse().ok());
            for said in cases::found(&rule, &case.snapshot, &catalogue).findings {
                for act in said.acts {
                    if let Act::Sysctl { key, value } = &act {
                        let taken = check_value(key, value, kernel).map_err(|why| why.to_string());
                        assert_eq!(taken, Ok(()), "{}: {}: {act}", rule.id, case.name);
                        assert!(find(key).is_some(), "{}: {key}", rule.id);
                    }
                    acts.push(act);
                }
            }
        }
        for (n, remedy) in rule.remediation.iter().enumerate() {
            if !acts.iter().any(|act| is_of(act, &remedy.step)) {
                missing.push(format!("{} step {}", rule.id, n + 1));
            }
        }
        // What cannot be put right by a step is said not to help, or to be looked into.
        let told = !rule.remediation.is_empty() || !rule.does_not_help.is_empty();
        assert!(
            told,
            "{} has neither a remediation nor what does not help",
            rule.id
        );
    }
    assert!(missing.is_empty(), "no case takes these: {missing:#?}");
}

#[test]
fn a_case_of_each_rule_says_its_message_and_its_remediation() {
    let mut missing = Vec::new();
    for (rule, cases) in rules() {
        let has = |told: fn(&cases::Case) -> bool| cases.cases.iter().any(told);
        if !has(|case| case.message.is_some()) {
            missing.push(format!("{} message", rule.id));
        }
        if !rule.remediation.is_empty() && !has(|case| case.remediation.is_some()) {
            missing.push(format!("{} remediation", rule.id));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_condition_on_the_kernel_has_cases_on_both_sides() {
    for (rule, cases) in rules() {
        let Some(requirement) = rule.kernel else {
            continue;
        };
        let sides: Vec<bool> = cases
            .cases
            .iter()
            .filter_map(|case| case.snapshot.host.kernel.as_deref()?.parse().ok())
            .map(|version: Version| requirement.holds(version))
            .collect();
        for side in [true, false] {
            assert!(
                sides.contains(&side),
                "{} has no case on a kernel where {requirement} is {side}",
                rule.id
            );
        }
    }
}

#[test]
fn cases_files_belong_to_a_rule() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(stem) = builtin::stem_of_cases(&name) {
            assert!(
                folder().join(format!("{stem}.yaml")).exists(),
                "{name} has no rule"
            );
        }
    }
}

#[test]
fn the_built_in_rules_load_together() {
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    for rule in rules.iter() {
        assert!(rule.id.starts_with("BL"), "{}", rule.id);
        assert!(!rule.references.is_empty(), "{} has no reference", rule.id);
    }
}
