//! Cases files: what is read, where their faults are, and what differs when a case fails.

use std::sync::Arc;

use super::*;
use crate::rules::{Rule, load};
use crate::services::Catalogue;

const RULE: &str = "id: ACME1\nname: x\ntitle: t\nseverity: low\nscope: listener\n\
    when: listener.limited_by == 'somaxconn'\nmessage: \"{listener.label} got {listener.accept_queue.max}\"\nwhy: w\n\
    remediation: [{sysctl: net.core.somaxconn, value: advice.somaxconn}, {relisten: listener}]\n";

fn rule() -> Arc<Rule> {
    Arc::new(load::load_one("x.yaml", RULE).unwrap_or_else(|faults| panic!("{}", faults[0])))
}

/// A case of nginx, that asks for 511, under somaxconn.
fn case(somaxconn: u32, fields: &str) -> String {
    format!(
        "  - name: a cap of {somaxconn}\n{fields}    snapshot:\n      namespaces:\n        - sysctls: {{net.core.somaxconn: {somaxconn}}}\n          listeners:\n            - {{protocol: tcp, address: \"0.0.0.0:443\", accept_queue: {{max: {}}}, owners: [{{comm: nginx}}]}}\n",
        somaxconn.min(511)
    )
}

fn read(text: &str) -> Result<Cases, Vec<String>> {
    let nothing = |_: &str| Err("no such file".to_owned());
    let said = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect();
    parse("x.cases.yaml", text, nothing).map_err(said)
}

fn tested(cases: &[String]) -> Tested {
    let text = format!("rule: ACME1\ncases:\n{}", cases.concat());
    let cases = read(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
    test(&rule(), "x.cases.yaml", &cases, &Catalogue::builtin())
}

#[test]
fn what_advice_comes_to_is_compared() {
    let expected = "    expect: fires\n    count: 1\n    confidence: likely\n    severity: low\n    message: nginx on 0.0.0.0:443 got 128\n    remediation: [{sysctl: net.core.somaxconn, value: 511}, {relisten: listener}]\n";
    let tested = tested(&[case(128, expected), case(4096, "    expect: silent\n")]);
    assert!(tested.passed(), "{tested:?}");
}

#[test]
fn what_differs_is_told_field_by_field() {
    let expected = "    expect: fires\n    count: 2\n    message: nginx got 128\n    remediation: [{sysctl: net.core.somaxconn, value: 512}, {relisten: listener}]\n";
    let tested = tested(&[case(128, expected), case(4096, "    expect: fires\n")]);
    let fields = |n: usize| {
        let differences = tested.ran[n].differences.iter();
        differences.map(|one| one.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(0), ["count", "message", "remediation"]);
    assert_eq!(
        tested.ran[0].differences[2].found,
        [
            "sysctl: net.core.somaxconn, value: 511",
            "relisten: listener"
        ]
    );
    assert_eq!(fields(1), ["expect"]);
    assert_eq!(tested.lacks(), Some("no case in which it is silent"));
}

#[test]
fn all_faults_of_a_file_are_told_in_its_order() {
    let text = "rule: ACME1\ncases:\n  - name: a\n    expect: fire\n    snapshot: {namespaces: [{sysctls: {net.core.somaxcon: 1}}]}\n  - expect: silent\n    mesage: x\n    fixture: web.yaml\n  - name: c\n    expect: silent\n    message: m\n    snapshot: {namespaces: [{listners: []}]}\n";
    let faults = read(text).unwrap_err();
    let places: Vec<&str> = faults
        .iter()
        .map(|fault| fault.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "x.cases.yaml:4:13:",
            "x.cases.yaml:5:40:",
            "x.cases.yaml:6:5:",
            "x.cases.yaml:7:5:",
            "x.cases.yaml:8:14:",
            "x.cases.yaml:11:14:",
            "x.cases.yaml:12:30:",
        ],
        "{faults:#?}"
    );
}
