//! Rules about what the machine's files set.

use super::*;
use crate::rules::finding::{Remediation, SysctlTarget};

/// A rule of the scope `setting` with this condition and these further lines.
fn of_setting(when: &str, more: &str) -> Result<RuleSet, String> {
    let text = format!(
        "id: T1\nname: t\ntitle: t\nseverity: low\nscope: setting\nwhen: {when}\nmessage: \"{{setting.key}}\"\nwhy: w\n{more}"
    );
    let rule = load::load_one("t.yaml", &text).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        faults.join("\n")
    })?;
    Ok(RuleSet::new(vec![Arc::new(rule)]))
}

const FILES: &str = "namespaces: [{name: host, sysctls: {net.core.somaxconn: 4096}}]\nfiles: [{path: /etc/sysctl.conf, text: \"vm.swappiness = 1\"}]\nboot: {loader: procps}\n";

#[test]
fn a_rule_about_settings_is_evaluated_once_for_each() {
    let snapshot = snapshot(FILES);
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let judgement = judge(&of_setting("setting.lines >= 0", "").unwrap(), &facts);
    let messages: Vec<_> = judgement.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(messages, ["net.core.somaxconn", "vm.swappiness"]);
    assert_ne!(
        judgement.findings[0].fingerprint,
        judgement.findings[1].fingerprint
    );
    let place = |n: usize| judgement.findings[n].about.setting.as_ref()?.place.clone();
    assert_eq!(place(0), None);
    assert_eq!(place(1), Some(("/etc/sysctl.conf".to_owned(), 1)));
}

#[test]
fn what_nobody_looked_at_is_not_asked_about() {
    let catalogue = crate::services::Catalogue::builtin();
    let rules = of_setting("setting.lines > 0", "").unwrap();
    let alone = "namespaces: [{name: docker/web}]\nfiles: []\n";
    for text in ["namespaces: [{name: host}]\n", alone] {
        let snapshot = snapshot(text);
        let judgement = judge(&rules, &Facts::new(&snapshot, &catalogue));
        assert_eq!(judgement.not_asked.len(), 1, "{text}");
        assert!(judgement.not_evaluated.is_empty() && judgement.findings.is_empty());
    }
}

#[test]
fn a_setting_has_no_listener_and_a_listener_no_setting() {
    let fault = of_setting("listener.drops > 0", "").unwrap_err();
    assert!(
        fault.contains("a rule of this scope has no `listener.drops`"),
        "{fault}"
    );
    assert!(fault.contains("use `scope: listener`"), "{fault}");
    assert!(of_setting("netns.is_host && has(host.name)", "").is_ok());
    let fault = Expr::parse("setting.lines > 0", Scope::Listener).unwrap_err();
    assert_eq!(fault[0].help.as_deref(), Some("use `scope: setting`"));
}

#[test]
fn a_step_may_set_the_sysctl_of_the_subject_or_be_words() {
    let steps = "remediation: [{sysctl: setting.key, value: 5}, {edit: \"see {setting.key}\"}]";
    let rules = of_setting("setting.subtree == \"vm\"", steps).unwrap();
    let snapshot = snapshot(FILES);
    let catalogue = crate::services::Catalogue::builtin();
    let judgement = judge(&rules, &Facts::new(&snapshot, &catalogue));
    let sysctl = Remediation::Sysctl {
        key: "vm.swappiness".to_owned(),
        value: SysctlTarget::Value("5".to_owned()),
    };
    let words = Remediation::Edit("see vm.swappiness".to_owned());
    assert_eq!(judgement.findings[0].remediation, [sysctl, words]);
    let fault = of_setting("true", "remediation: [{edit: x, relisten: listener}]");
    assert!(fault.unwrap_err().contains("use `scope: listener`"));
}

#[test]
fn a_sysctl_that_a_condition_names_is_judged_where_no_file_sets_it() {
    let snapshot = snapshot(FILES);
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let judged = |when: &str| judge(&of_setting(when, "").unwrap(), &facts);
    // It was not read, so nothing passes in silence.
    let running = judged("setting.key == \"vm.max_map_count\" && int(setting.running) < 262144");
    assert!(running.findings.is_empty());
    assert_eq!(
        running.not_evaluated[0].missing.iter().collect::<Vec<_>>(),
        ["setting.running"]
    );
    let unset =
        judged("setting.key in [\"vm.max_map_count\", \"vm.swappiness\"] && !setting.persists");
    let keys: Vec<_> = unset.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(keys, ["vm.max_map_count"]);
    let silent = judged("setting.key == \"vm.max_map_count\" && setting.persists");
    assert!(silent.findings.is_empty() && silent.not_evaluated.is_empty());
}

#[test]
fn a_sysctl_that_a_condition_names_is_read() {
    let rules = of_setting("setting.key == \"vm.swappiness\" && setting.persists", "").unwrap();
    assert!(rules.sysctls().contains("vm.swappiness"));
    let others = of_setting("setting.key != \"vm.swappiness\"", "").unwrap();
    assert!(!others.sysctls().contains("vm.swappiness"));
    let slip = of_setting("setting.key == \"vm.swapiness\"", "").unwrap_err();
    assert!(slip.contains("did you mean `vm.swappiness`?"), "{slip}");
}
