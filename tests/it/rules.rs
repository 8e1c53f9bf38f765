//! Every rule against its cases file: each case is judged by its rule alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backlint::assess::Facts;
use backlint::rules::engine::{Judgement, judge};
use backlint::rules::{RuleSet, builtin, load};
use backlint::services::Catalogue;
use backlint::snapshot::{SCHEMA, file};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    rule: String,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    expect: Expect,
    message: Option<String>,
    snapshot: serde_yaml::Mapping,
}

#[derive(serde::Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    Fires,
    Silent,
    NotEvaluated,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn outcome(judgement: &Judgement) -> Expect {
    match (
        judgement.findings.is_empty(),
        judgement.not_evaluated.is_empty(),
    ) {
        (false, _) => Expect::Fires,
        (true, true) => Expect::Silent,
        (true, false) => Expect::NotEvaluated,
    }
}

#[test]
fn every_rule_does_what_its_cases_say() {
    let mut rules = 0;
    for (name, text) in builtin::files() {
        let rule = load::load_one(name, text).unwrap_or_else(|fault| panic!("{fault}"));
        let cases_file = folder().join(name.replace(".yaml", ".cases.yaml"));
        let cases = std::fs::read_to_string(&cases_file)
            .unwrap_or_else(|error| panic!("{}: {error}", cases_file.display()));
        let cases: Cases = serde_yaml::from_str(&cases)
            .unwrap_or_else(|error| panic!("{}: {error}", cases_file.display()));
        assert_eq!(cases.rule, rule.id, "{}", cases_file.display());
        let rules_alone = RuleSet::new(vec![Arc::new(rule)]);
        for case in &cases.cases {
            let mut snapshot = case.snapshot.clone();
            snapshot.insert("schema".into(), SCHEMA.into());
            let text = serde_yaml::to_string(&snapshot).unwrap();
            let snapshot = file::parse(&case.name, &text).unwrap_or_else(|fault| panic!("{fault}"));
            let catalogue = Catalogue::builtin();
            let judgement = judge(&rules_alone, &Facts::new(&snapshot, &catalogue));
            assert_eq!(outcome(&judgement), case.expect, "{name}: {}", case.name);
            if let Some(message) = &case.message {
                assert_eq!(
                    judgement.findings[0].message, *message,
                    "{name}: {}",
                    case.name
                );
            }
        }
        for needed in [Expect::Fires, Expect::Silent] {
            let has = cases.cases.iter().any(|case| case.expect == needed);
            assert!(has, "{name} has no case that is {needed:?}");
        }
        rules += 1;
    }
    assert!(rules >= 12, "only {rules} rules were found");
}

#[test]
fn cases_files_belong_to_a_rule() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(stem) = name.strip_suffix(".cases.yaml") {
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
