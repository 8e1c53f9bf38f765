//! The scenarios of `fixtures/`, each against the expected findings that stand next to it.
//! `UPDATE_GENERATED=1` writes these instead; read what changed then, for nobody else does.

use std::path::{Path, PathBuf};

use backlint::assess::Facts;
use backlint::rules::engine::judge;
use backlint::rules::finding::Finding;
use backlint::rules::load;
use backlint::services::Catalogue;
use backlint::snapshot::file;

#[derive(serde::Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Expected {
    findings: Vec<String>,
    not_evaluated: Vec<String>,
}

impl Expected {
    /// The file for a fixture of this name.
    fn text(&self, name: &str) -> String {
        let list = |lines: &[String]| match lines {
            [] => " []\n".to_owned(),
            lines => {
                let lines = lines.iter().map(|line| format!("  - {line:?}\n"));
                format!("\n{}", lines.collect::<String>())
            }
        };
        format!(
            "# What `backlint --snapshot fixtures/{name}` finds: rule, confidence, listener or sysctl.\nfindings:{}not_evaluated:{}",
            list(&self.findings),
            list(&self.not_evaluated)
        )
    }
}

pub(crate) fn words(finding: &Finding) -> String {
    let mut words = format!("{} {}", finding.rule.id, finding.confidence);
    if let Some(listener) = &finding.about.listener {
        words.push_str(&format!(" {} {}", listener.protocol, listener.address));
    }
    if let Some(setting) = &finding.about.setting {
        words.push_str(&format!(" {}", setting.key));
    }
    words
}

#[test]
fn every_fixture_has_exactly_its_expected_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let mut scenarios = 0;
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".yaml") || name.ends_with(".expected.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let snapshot = file::parse(name, &text).unwrap_or_else(|fault| panic!("{fault}"));
        let catalogue = Catalogue::builtin();
        let judgement = judge(&rules, &Facts::new(&snapshot, &catalogue));
        let found = Expected {
            findings: judgement.findings.iter().map(words).collect(),
            not_evaluated: judgement
                .not_evaluated
                .iter()
                .map(|skipped| skipped.rule.id.clone())
                .collect(),
        };
        let expected = folder.join(name.replace(".yaml", ".expected.yaml"));
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&expected, found.text(name)).unwrap();
        }
        let expected = std::fs::read_to_string(&expected)
            .unwrap_or_else(|error| panic!("{}: {error}", expected.display()));
        let expected: Expected = serde_yaml::from_str(&expected).unwrap();
        assert_eq!(found, expected, "{name}");
        scenarios += 1;
    }
    assert!(scenarios >= 30, "only {scenarios} scenarios");
}
