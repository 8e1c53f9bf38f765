//! The order of plans, and the words of their steps.

use super::*;

#[test]
fn words_come_behind_what_mends_and_name_their_subject() {
    let advice = plan(RAISED_BY_HAND, &[]);
    assert!(
        matches!(advice.plan[0], Step::Sysctl(_)),
        "{:?}",
        advice.plan
    );
    let Some(Step::Edit(step)) = advice.plan.last() else {
        panic!("{:?}", advice.plan);
    };
    assert!(step.words.contains("vm.swapiness"), "{}", step.words);
    assert_eq!(step.reasons.len(), 1);
    let hung = "namespaces:\n  - sysctls: {net.core.somaxconn: 4096}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 4096}, owners: [{comm: acmed}]}\n";
    let rule = "id: ACME1\nname: words\ntitle: t\nseverity: high\nscope: listener\nwhen: 'true'\nmessage: m\nwhy: w\nremediation:\n  - edit: think\n";
    let advice = plan(hung, &[("words.yaml".to_owned(), rule.to_owned())]);
    let said = advice.plan.iter().filter_map(|step| match step {
        Step::Edit(step) if step.words == "think" => Some(step.sentence()),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["acmed on 0.0.0.0:80: think"]);
}

#[test]
fn what_the_plan_sets_is_not_to_be_undone_by_words() {
    let body = r#"
host: {kernel: 6.12.0}
namespaces:
  - sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 128}, requested: {backlog: 9000, source: trace}}
files: [{path: /etc/sysctl.conf, text: "net.core.somaxconn = 4096"}]
boot: {loader: systemd-sysctl}
"#;
    let advice = plan(body, &[]);
    assert!(
        matches!(advice.plan[0], Step::Sysctl(_)),
        "{:?}",
        advice.plan
    );
    let edits = advice.plan.iter().filter_map(|step| match step {
        Step::Edit(step) => Some(step.sentence()),
        _ => None,
    });
    let edits: Vec<String> = edits.collect();
    assert!(!edits.is_empty(), "{:?}", advice.plan);
    let words = "the steps before set net.core.somaxconn = 9000, so leave that as it is then";
    assert!(edits.iter().all(|edit| edit.ends_with(words)), "{edits:?}");
}

#[test]
fn of_independent_steps_the_worst_finding_comes_first_and_each_waits_for_its_settings() {
    let body = TWO_CONTAINERS
        .replace("docker/b, runtime: docker", "docker/b, runtime: podman")
        .replace(
            "{max: 128}, owners: [{comm: nginx}]}]\n  - name: docker/b",
            "{max: 128}, owners: [{comm: acmed}]}]\n  - name: docker/b",
        );
    let rule = |id: &str, name: &str, severity: &str, port: u16, somaxconn: i64| {
        let text = format!(
            "id: {id}\nname: {name}\ntitle: t\nseverity: {severity}\nscope: listener\nwhen: listener.port == {port}\nmessage: m\nwhy: w\nremediation:\n  - sysctl: net.core.somaxconn\n    value: {somaxconn}\n  - service: listener\n"
        );
        (format!("{name}.yaml"), text)
    };
    let rules = [
        rule("X1", "x", "medium", 80, 5000),
        rule("X2", "y", "critical", 81, 6000),
    ];
    let advice = plan(&body, &rules);
    let values: Vec<&str> = advice.sysctls().map(|step| step.value.as_str()).collect();
    assert_eq!(values, ["6000", "5000"]);
    let places: Vec<&str> = advice
        .plan
        .iter()
        .filter_map(|step| match step {
            Step::Sysctl(step) => Some(step.netns.as_str()),
            Step::Service(step) => Some(step.netns.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(places, ["docker/b", "docker/b", "docker/a", "docker/a"]);
}

#[test]
fn a_socket_unit_is_named_where_the_record_has_it() {
    let command = |listener: &str| -> Option<String> {
        let body = format!(
            "namespaces:\n  - sysctls: {{net.core.somaxconn: 4096}}\n    listeners:\n      - {{protocol: tcp, address: \"[::]:631\", accept_queue: {{max: 4096}}, {listener}, requested: {{backlog: 20000, source: config, where: \"/etc/systemd/system/cups.socket.d/x.conf:5\"}}}}\n"
        );
        let advice = plan(&body, &[]);
        advice
            .relistens()
            .next()
            .and_then(|step| step.command.clone())
    };
    assert_eq!(
        command("unit: cups.socket, owners: [{pid: 1, comm: systemd}]").as_deref(),
        Some("systemctl restart cups.socket")
    );
    assert_eq!(
        command("unit: cups.service, owners: [{pid: 1, comm: systemd}, {pid: 7, comm: gunicorn}]")
            .as_deref(),
        Some("systemctl stop cups.service && systemctl restart cups.socket"),
        "systemd refuses to start a socket while its service runs"
    );
    let unseen = "unit: cups.socket, owners: [{pid: 1, comm: systemd}, {pid: 7, comm: acmed}]";
    assert_eq!(command(unseen), None, "what has to stop is not known");
}

#[test]
fn a_service_without_a_setting_is_not_told_to_change_one() {
    let step = |setting: &str| ServiceStep {
        netns: String::new(),
        who: String::new(),
        setting: setting.to_owned(),
        number: None,
        addresses: Vec::new(),
        why: String::new(),
        verify: String::new(),
    };
    assert_eq!(
        step("`backlog = 8`, in x").change(),
        "set `backlog = 8`, in x"
    );
    assert_eq!(step("the backlog").change(), "change the backlog");
    let words = "its backlog has no setting of its own: compiled in";
    assert_eq!(step("none: compiled in").change(), words);
}
