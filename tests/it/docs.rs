//! The examples in the documentation work.

use std::path::Path;

use backlint::assess::Facts;
use backlint::rules::engine::judge;
use backlint::rules::load;
use backlint::services::Catalogue;
use backlint::snapshot::file;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The YAML blocks of README.md that contain a text.
fn block(with: &str) -> String {
    let text = readme();
    let blocks = text
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let found: Vec<&str> = blocks.filter(|block| block.contains(with)).collect();
    assert_eq!(found.len(), 1, "one block with {with}");
    found[0].to_owned()
}

#[test]
fn the_fixture_in_the_readme_is_judged() {
    let snapshot = file::parse("README.md", &block("schema: backlint")).unwrap();
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let catalogue = Catalogue::builtin();
    let judgement = judge(&rules, &Facts::new(&snapshot, &catalogue));
    assert_eq!(judgement.findings[0].rule.id, "BL101");
}

#[test]
fn the_rule_in_the_readme_loads_and_its_sysctl_is_read() {
    let rules = load::load(&[("README.md".to_owned(), block("id: ACME1"))])
        .unwrap_or_else(|faults| panic!("{}", faults[0]));
    assert!(rules.sysctls().contains("vm.swappiness"));
}
