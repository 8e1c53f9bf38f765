//! Plans for hand-written snapshots.

mod order;

use super::*;
use crate::rules::engine::judge;
use crate::rules::load;
use crate::snapshot::{Snapshot, file};

fn snapshot(body: &str) -> Snapshot {
    let text = format!("schema: backlint/snapshot/v1\n{body}");
    file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"))
}

fn plan(body: &str, rules: &[(String, String)]) -> Advice {
    let snapshot = snapshot(body);
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let rules = load::load(rules).unwrap_or_else(|faults| panic!("{}", faults[0]));
    advise(&judge(&rules, &facts).findings, &facts)
}

const TRUNCATED: &str = r#"
namespaces:
  - sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 128}, unit: nginx.service, owners: [{comm: nginx}]}
      - {protocol: tcp, address: "0.0.0.0:443", accept_queue: {max: 128}, unit: nginx.service, owners: [{comm: nginx}]}
      - {protocol: tcp, address: "127.0.0.1:11211", accept_queue: {max: 128}, owners: [{comm: memcached, pid: 7}]}
      - {protocol: tcp, address: "[::]:9090", accept_queue: {max: 128}, owners: [{comm: prometheus}]}
"#;

#[test]
fn one_value_serves_the_largest_finite_request_and_each_service_listens_again_once() {
    let advice = plan(TRUNCATED, &[]);
    let sysctls: Vec<_> = advice.sysctls().collect();
    assert_eq!(sysctls.len(), 1);
    assert_eq!(
        (sysctls[0].key.as_str(), sysctls[0].value.as_str()),
        ("net.core.somaxconn", "1024")
    );
    assert_eq!(sysctls[0].from.as_deref(), Some("128"));
    let memcached = "memcached on 127.0.0.1:11211 asked for 1024 by default and got 128";
    assert_eq!(
        sysctls[0].reasons[0], memcached,
        "the request that decides comes first"
    );
    assert_eq!(sysctls[0].reasons.len(), 3);
    let relistens: Vec<_> = advice.relistens().collect();
    assert_eq!(relistens.len(), 2);
    assert_eq!(
        relistens[0].command.as_deref(),
        Some("systemctl restart nginx.service")
    );
    assert_eq!(relistens[0].addresses, ["0.0.0.0:80", "0.0.0.0:443"]);
    assert_eq!(relistens[1].command, None, "a pid is no command");
    assert_eq!(relistens[1].words, "restart memcached (pid 7)");
    assert_eq!(relistens[1].verify, "backlint list --port 11211");
    assert!(
        matches!(advice.plan[0], Step::Sysctl(_)),
        "sysctls come first"
    );
}

#[test]
fn the_kernels_largest_somaxconn_is_respected() {
    let body = "host: {kernel: 3.10.0}\nnamespaces:\n  - sysctls: {net.core.somaxconn: 128}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, requested: {backlog: 100000, source: config}}\n";
    let advice = plan(body, &[]);
    assert_eq!(
        advice.sysctls().next().map(|step| step.value.as_str()),
        Some("65535")
    );
}

#[test]
fn a_socket_activated_service_restarts_its_socket() {
    let body = "namespaces:\n  - sysctls: {net.core.somaxconn: 8192}\n    listeners:\n      - {protocol: tcp, address: \"[::]:22\", accept_queue: {max: 300}, unit: ssh.service, owners: [{comm: systemd, pid: 1}, {comm: sshd, pid: 9}]}\n";
    let advice = plan(body, &[]);
    let commands: Vec<_> = advice.relistens().map(|step| step.words.as_str()).collect();
    assert_eq!(
        commands,
        ["stop sshd and restart the .socket unit behind it, which systemctl list-sockets names"]
    );
}

#[test]
fn rules_that_want_different_values_are_told() {
    let rule = |id: &str, name: &str, severity: &str, value: &str| {
        let text = format!(
            "id: {id}\nname: {name}\ntitle: t\nseverity: {severity}\nscope: netns\nwhen: sysctl[\"vm.swappiness\"] == 60\nmessage: m {id}\nwhy: w\nremediation:\n  - sysctl: vm.swappiness\n    value: {value}\n"
        );
        (format!("{name}.yaml"), text)
    };
    let body = "namespaces:\n  - sysctls: {vm.swappiness: 60}\n";
    let advice = plan(
        body,
        &[rule("X1", "x", "low", "10"), rule("X2", "y", "high", "1")],
    );
    let step = advice.sysctls().next().unwrap();
    assert_eq!(step.value, "1", "the worse finding decides");
    assert_eq!(
        advice.notes,
        ["X2 wants vm.swappiness = 1 and X1 wants 10: the plan has 1"]
    );
    let advice = plan(
        body,
        &[rule("X1", "x", "low", "100"), rule("X2", "y", "high", "80")],
    );
    assert_eq!(
        advice.sysctls().next().unwrap().value,
        "100",
        "the larger serves both"
    );
}

#[test]
fn where_somaxconn_and_the_service_are_both_the_limit_both_are_raised() {
    let body = "namespaces:\n  - sysctls: {net.core.somaxconn: 511}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {len: 512, max: 511}, owners: [{comm: nginx}]}\n";
    let advice = plan(body, &[]);
    assert_eq!(
        advice.sysctls().next().map(|step| step.value.as_str()),
        Some("2048")
    );
    let setting = advice.plan.iter().find_map(|step| match step {
        Step::Service(step) => Some(step.setting.as_str()),
        _ => None,
    });
    assert_eq!(
        setting,
        Some(
            "`listen ADDRESS backlog=2048;`, in one server block for each address and port; http, stream and mail alike"
        )
    );
}

#[test]
fn a_full_queue_at_the_cap_raises_the_cap_whoever_it_is() {
    for comm in ["kubelet", "acmed"] {
        let body = format!(
            "namespaces:\n  - sysctls: {{net.core.somaxconn: 50}}\n    listeners:\n      - {{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {{len: 51, max: 50}}, owners: [{{comm: {comm}}}]}}\n"
        );
        let advice = plan(&body, &[]);
        assert_eq!(
            advice.sysctls().next().map(|step| step.value.as_str()),
            Some("100"),
            "{comm}"
        );
    }
}

#[test]
fn a_lowered_cap_is_raised_once_to_what_the_services_ask() {
    let body = "namespaces:\n  - sysctls: {net.core.somaxconn: 50}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 200}, owners: [{comm: nginx}]}\n      - {protocol: tcp, address: \"0.0.0.0:81\", accept_queue: {max: 900}, owners: [{comm: acmed}]}\n";
    let advice = plan(body, &[]);
    let values: Vec<_> = advice.sysctls().map(|step| step.value.as_str()).collect();
    assert_eq!(values, ["900"]);
    assert!(
        advice.by_finding.iter().flatten().all(|step| match step {
            Step::Sysctl(step) => step.value == "900",
            _ => true,
        }),
        "a finding says what the plan says"
    );
}

#[test]
fn tcp_max_syn_backlog_is_left_alone_where_cookies_are_turned_on() {
    let body = "namespaces:\n  - sysctls: {net.ipv4.tcp_syncookies: 0, net.ipv4.tcp_max_syn_backlog: 128}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 511}, owners: [{comm: nginx}]}\n";
    let advice = plan(body, &[]);
    let keys: Vec<_> = advice.sysctls().map(|step| step.key.as_str()).collect();
    assert_eq!(keys, ["net.ipv4.tcp_syncookies"]);
    assert_eq!(advice.notes.len(), 1);
}

#[test]
fn a_service_that_paused_itself_is_not_told_to_grow() {
    let body = "namespaces:\n  - sysctls: {net.core.somaxconn: 4096}\n    counters: {TcpExt.ListenOverflows: 3}\n    listeners:\n      - {protocol: tcp, address: \"127.0.0.1:11211\", accept_queue: {len: 1, max: 0}, drops: 3, owners: [{comm: memcached}]}\n";
    let advice = plan(body, &[]);
    assert_eq!(advice.plan, []);
}

#[test]
fn no_value_is_larger_than_the_kernel_takes() {
    let body = "host: {kernel: 3.10.0}\nnamespaces:\n  - sysctls: {net.core.somaxconn: 65535}\n    listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {len: 65536, max: 65535}, owners: [{comm: kubelet}]}\n";
    let advice = plan(body, &[]);
    assert_eq!(
        advice.sysctls().next().map(|step| step.value.as_str()),
        Some("65535")
    );
}

#[test]
fn many_listeners_of_one_service_are_one_step() {
    use std::fmt::Write as _;
    let mut body =
        "namespaces:\n  - sysctls: {net.core.somaxconn: 128}\n    listeners:\n".to_owned();
    for n in 0..20_000 {
        writeln!(body, "    - {{protocol: unix, address: /run/{n}, accept_queue: {{max: 128}}, owners: [{{comm: nginx}}]}}").unwrap();
    }
    let advice = plan(&body, &[]);
    assert_eq!(
        advice
            .relistens()
            .map(|step| step.addresses.len())
            .collect::<Vec<_>>(),
        [20_000]
    );
}

const TWO_CONTAINERS: &str = r#"
host: {kernel: 6.1.0}
namespaces:
  - {name: host, sysctls: {net.core.somaxconn: 4096, net.core.netdev_max_backlog: 1000}}
  - name: docker/a
    containers: [{name: docker/a, runtime: docker}]
    sysctls: {net.core.somaxconn: 128}
    listeners: [{protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 128}, owners: [{comm: nginx}]}]
  - name: docker/b
    containers: [{name: docker/b, runtime: docker}]
    sysctls: {net.core.somaxconn: 128}
    listeners: [{protocol: tcp, address: "0.0.0.0:81", accept_queue: {max: 128}, owners: [{comm: nginx}]}]
"#;

#[test]
fn alike_containers_share_a_step() {
    let advice = plan(TWO_CONTAINERS, &[]);
    let steps: Vec<_> = advice.sysctls().collect();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    assert_eq!(
        (steps[0].home, &steps[0].at[..]),
        (Home::Docker, &[1, 2][..])
    );
    assert_eq!(steps[0].reasons.len(), 2);
    assert_eq!(advice.host_sysctls().count(), 0);
}

#[test]
fn what_the_machine_has_one_value_of_is_a_step_of_the_host() {
    let rule = |key: &str| {
        let text = format!(
            "id: ACME3\nname: more\ntitle: More\nseverity: low\nscope: netns\nwhen: 'true'\nmessage: wanted\nwhy: So.\nremediation:\n  - sysctl: {key}\n    value: 5000\n"
        );
        [("acme.yaml".to_owned(), text)]
    };
    let netdev = "net.core.netdev_max_backlog";
    let of = |advice: &Advice| -> Vec<(Home, Vec<usize>)> {
        let steps = advice.sysctls().filter(|step| step.value == "5000");
        steps.map(|step| (step.home, step.at.clone())).collect()
    };
    assert_eq!(
        of(&plan(TWO_CONTAINERS, &rule(netdev))),
        [(Home::Host, vec![0])]
    );
    // Without the host in the record there is nothing to set it in.
    let alone = TWO_CONTAINERS.replace("  - {name: host, ", "  - {name: x, named: x, ");
    let advice = plan(&alone, &rule("net.ipv4.tcp_mem"));
    assert_eq!(
        of(&advice),
        [(Home::Host, vec![0])],
        "the first stands for the machine"
    );
    assert_eq!(advice.notes.len(), 1, "{:?}", advice.notes);
    assert!(
        advice.notes[0].contains("the machine has one value"),
        "{:?}",
        advice.notes
    );
}

#[test]
fn who_is_not_made_anew_with_the_sysctl_has_a_step_of_its_own() {
    let of = |containers: &str, more: &str, inside: &str| -> Vec<(Option<String>, String)> {
        let advice = plan(
            &format!(
                "namespaces:\n  - {{name: host}}\n  - {{name: docker/a, {more} containers: [{containers}], sysctls: {{net.core.somaxconn: 128}}, listeners: [{{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {{max: 128}}, container: docker/{inside}, unit: x.service, owners: [{{comm: nginx}}]}}]}}\n"
            ),
            &[],
        );
        let steps = advice.relistens();
        steps
            .map(|step| (step.command.clone(), step.words.clone()))
            .collect()
    };
    let two = "{name: docker/a, runtime: docker}, {name: docker/b, runtime: docker}";
    assert_eq!(of(two, "", "a"), [], "it comes along");
    let words = "create container b anew after a, whose network it shares";
    assert_eq!(of(two, "", "b"), [(None, words.to_owned())]);
    let words = "restart nginx inside container a";
    assert_eq!(of(two, "nested: true,", "a"), [(None, words.to_owned())]);
    let nobody = of("", "nested: true,", "c");
    assert_eq!(nobody, [(None, "restart nginx".to_owned())]);
}

const RAISED_BY_HAND: &str = r#"
host: {kernel: 6.1.0}
namespaces:
  - sysctls: {net.core.somaxconn: 8192}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 8192}, requested: {backlog: 9000, source: trace}}
files: [{path: /etc/sysctl.conf, text: "vm.swapiness = 1"}]
boot: {loader: procps}
"#;

#[test]
fn what_changes_a_value_counts_more_than_what_keeps_it() {
    let advice = plan(RAISED_BY_HAND, &[]);
    let sysctls: Vec<_> = advice.sysctls().collect();
    assert_eq!(sysctls.len(), 1);
    assert_eq!(sysctls[0].value, "9000");
    assert_eq!(sysctls[0].reasons.len(), 2, "BL101's and BL501's");
    assert!(advice.notes.is_empty(), "{:?}", advice.notes);
    let keeping = plan(&RAISED_BY_HAND.replace("9000", "8192"), &[]);
    let kept: Vec<_> = keeping.sysctls().collect();
    assert_eq!(kept[0].value, "8192");
    assert!(kept[0].keeps());
}

/// A policy of 1024 for every listener, and what is proposed to a listener under it.
fn policy(value: &str, listener: &str) -> Vec<String> {
    let rule = format!(
        "id: ACME1\nname: policy\ntitle: t\nseverity: low\nscope: listener\nwhen: listener.accept_queue.max < 1024\nmessage: m\nwhy: w\nremediation: [{{service: listener{value}}}, {{relisten: listener}}]\n"
    );
    let body = format!(
        "namespaces:\n  - sysctls: {{net.core.somaxconn: 4096}}\n    listeners:\n      - {{protocol: tcp, address: \"0.0.0.0:443\", {listener}}}\n"
    );
    let snapshot = snapshot(&body);
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let rule = load::load_one("x.yaml", &rule).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let rules = crate::rules::RuleSet::new(vec![std::sync::Arc::new(rule)]);
    let advice = advise(&judge(&rules, &facts).findings, &facts);
    let words = advice.plan.iter().filter_map(|step| match step {
        Step::Service(step) => Some(format!("{:?} {}", step.number, step.why)),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_service_gets_the_backlog_that_a_rule_states() {
    let java = "accept_queue: {max: 100}, owners: [{comm: ours}]";
    assert_eq!(
        policy(", value: 1024", java),
        ["Some(1024) it has 100 now, and ACME1 wants 1024 at least"]
    );
    assert_eq!(policy("", java), ["Some(512) it has 100 now"]);
    assert_eq!(policy(", value: advice.backlog", java), policy("", java));
    let nginx = "accept_queue: {max: 511}, owners: [{comm: nginx}]";
    assert_eq!(
        policy(", value: 512 * 2", nginx),
        ["Some(1024) it asks for 511 now, and ACME1 wants 1024 at least"]
    );
}

#[test]
fn what_is_configured_and_waits_for_a_restart_is_not_made_larger() {
    let configured = "accept_queue: {max: 128}, owners: [{comm: nginx}], requested: {backlog: 4096, source: config}";
    assert_eq!(policy(", value: 1024", configured), [""; 0]);
    assert_eq!(policy("", configured), [""; 0]);
}
