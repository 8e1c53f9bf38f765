//! Faults of whole rule files: all of them are told, wherever a file was broken.

use proptest::prelude::*;

use super::*;

const WHOLE: &str = include_str!("../../../rules/accept-queue-overflowing.yaml");

#[test]
fn all_faults_of_a_rule_are_told_in_the_order_of_the_file() {
    let text = "id: acme\nname: X\ntitel: t\nseverity: hihg\nscope: listener\nkernel: 5.4\n\
        when: listener.prt == 1 && listener.protocol == \"udp\" && listener.drops / 0 > 1\n\
        message: \"{listener.lable} {listener.prt}\"\n\
        remediation:\n  - {sysctl: net.core.somaxcon, value: advice.somaxcon, when: listener.port}\n  - {relisten: all}\n  - {sysctl: net.core.somaxconn, value: -1}\n";
    let faults = load::load_one("x.yaml", text).unwrap_err();
    let said: Vec<String> = faults
        .iter()
        .map(|fault| {
            let (line, column) = fault.position().unwrap();
            format!("{line}:{column} {}", &text[fault.span.clone().unwrap()])
        })
        .collect();
    assert_eq!(
        said,
        [
            "1:1 id",
            "1:5 acme",
            "2:7 X",
            "3:1 titel",
            "4:11 hihg",
            "6:9 5.4",
            "7:7 listener.prt",
            "7:49 \"udp\"",
            "7:75 0",
            "8:12 listener.lable",
            "8:29 listener.prt",
            "10:14 net.core.somaxcon",
            "10:40 advice.somaxcon",
            "10:63 listener.port",
            "11:16 all",
            "12:41 -1",
        ],
        "{faults:#?}"
    );
    // The field that is missing, and none that is only misspelt.
    assert!(faults[0].message.contains("`why` is missing"));
}

#[test]
fn a_scope_that_is_misspelt_hides_no_other_fault_and_makes_none() {
    let rule = RULE.replace("scope: listener", "scope: listner");
    let faults = load::load_one("x.yaml", &format!("{rule}when: listener.port == 1\n"));
    assert_eq!(faults.unwrap_err().len(), 1);
    let faults = load::load_one("x.yaml", &format!("{rule}when: listener.prt == 1\n"));
    assert_eq!(faults.unwrap_err().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_was_cut_out_or_put_in_is_told(
        at in 0..WHOLE.len(),
        length in 0_usize..30,
        inserted in "[a-zé0-9 \\n\\t:{}\\[\\]\"'!&*|>%#.=-]{0,12}",
    ) {
        let end = (at + length).min(WHOLE.len());
        let text = format!("{}{inserted}{}", &WHOLE[..at], &WHOLE[end..]);
        if let Err(faults) = load::load_one("x.yaml", &text) {
            prop_assert!(!faults.is_empty(), "{text}");
            for fault in faults {
                let span = fault.span.unwrap_or_default();
                prop_assert!(text.get(span).is_some(), "{}\n{text}", fault.message);
            }
        }
    }
}
