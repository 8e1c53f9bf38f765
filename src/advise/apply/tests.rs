//! The line of each home, and of many that are alike.

use super::*;
use crate::services::Catalogue;
use crate::snapshot::{Snapshot, file};

fn snapshot(namespaces: &str) -> Snapshot {
    let text = format!("schema: backlint/snapshot/v1\nnamespaces:\n{namespaces}");
    file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"))
}

fn line(namespace: &str) -> String {
    lines(&format!("  - {namespace}\n"), 1)
}

fn lines(namespaces: &str, count: usize) -> String {
    both(namespaces, count).0
}

/// The one line, and all.
fn both(namespaces: &str, count: usize) -> (String, Vec<String>) {
    let record = snapshot(&format!("  - name: host\n{namespaces}"));
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&record, &catalogue);
    let step = SysctlStep {
        netns: String::new(),
        at: (1..=count).collect(),
        home: Home::of(&record.namespaces[1]),
        reached: false,
        key: "net.core.somaxconn".to_owned(),
        value: "511".to_owned(),
        from: None,
        reasons: Vec::new(),
    };
    (words(&step, &facts), all(&step, &facts))
}

#[test]
fn each_home_has_its_own_words() {
    let set = "net.core.somaxconn=511";
    let docker = "{name: docker/web, containers: [{name: docker/web, runtime: docker}]}";
    assert_eq!(
        line(docker),
        format!("recreate container web with: docker run --sysctl {set} …")
    );
    let incus = "{name: incus/c1, containers: [{name: incus/c1, runtime: incus}]}";
    assert_eq!(
        line(incus),
        format!("incus config set c1 linux.sysctl.{set} && incus restart c1")
    );
    let lxc = "{name: lxc/c1, containers: [{name: lxc/c1, runtime: lxc}]}";
    assert!(line(lxc).starts_with("lxc.sysctl.net.core.somaxconn = 511 in"));
    let unit = "{name: app.service, unit: app.service}";
    assert!(line(unit).starts_with("ExecStartPre=+/sbin/sysctl -w net.core.somaxconn=511 under"));
    assert!(
        line("{name: blue, named: blue}").starts_with("ip netns exec blue sysctl -w"),
        "{}",
        line("{name: blue, named: blue}")
    );
    let compose = "{name: docker/shop-web-1, containers: [{name: docker/shop-web-1, runtime: docker, compose: {project: shop, service: web}}]}";
    assert!(line(compose).contains("service web of project shop"));
    let quadlet = "{name: podman/q, containers: [{name: podman/q, runtime: podman, unit: q.service, quadlet: true}]}";
    assert!(line(quadlet).contains("Quadlet file of q.service"));
    let odd = "{name: docker/odd, containers: [{name: docker/odd, runtime: containerd}], pid: 7, listeners: [{protocol: tcp, address: \"0.0.0.0:80\", owners: [{pid: 9, comm: x}]}]}";
    // Who holds the listener may be in another namespace; the process that was seen in it is not.
    assert!(line(odd).starts_with("nsenter -t 7 -n sysctl -w"));
}

#[test]
fn many_that_are_alike_are_counted() {
    let pods: String = (1..=40)
        .map(|n| format!("  - {{name: docker/web-{n}, containers: [{{name: docker/web-{n}, runtime: docker}}]}}\n"))
        .collect();
    assert_eq!(
        lines(&pods, 40),
        "recreate container web-1 with: docker run --sysctl net.core.somaxconn=511 …; the same for web-2, web-3 and 37 more"
    );
    let pods: String = (1..=40)
        .map(|n| format!("  - {{name: pod/shop/web-{n}, workload: pod/shop/web, containers: [{{name: pod/shop/web-{n}/web, runtime: containerd, pod: {{name: web-{n}}}}}]}}\n"))
        .collect();
    assert!(lines(&pods, 40).starts_with("in the pod template of shop/web, under"));
}

#[test]
fn a_name_is_one_word_of_a_shell() {
    let named = line("{name: a, named: \"x; touch y\"}");
    assert!(
        named.starts_with("ip netns exec 'x; touch y' sysctl"),
        "{named}"
    );
}

#[test]
fn one_command_is_an_example_and_all_are_for_machines() {
    let guests: String = (1..=40)
        .map(|n| {
            format!(
                "  - {{name: incus/c{n}, containers: [{{name: incus/c{n}, runtime: incus}}]}}\n"
            )
        })
        .collect();
    let (line, all) = both(&guests, 40);
    let (command, rest) = line.split_once("; ").unwrap();
    let set = "linux.sysctl.net.core.somaxconn=511";
    assert_eq!(
        command,
        format!("incus config set c1 {set} && incus restart c1")
    );
    assert_eq!(rest, "the same for c2, c3 and 37 more");
    assert_eq!(all.len(), 40);
    assert_eq!(
        all[39],
        format!("incus config set c40 {set} && incus restart c40")
    );
}

#[test]
fn a_podman_container_of_a_unit_is_no_quadlets() {
    let of = |more: &str| {
        line(&format!(
            "{{name: podman/q, containers: [{{name: podman/q, runtime: podman, {more}}}]}}"
        ))
    };
    let by_hand = of("unit: my.service");
    assert!(
        by_hand.starts_with("in the `podman run` line of my.service: --sysctl net.core.somax"),
        "{by_hand}"
    );
    assert!(by_hand.contains("that unit undoes"), "{by_hand}");
    let rootless = of("unit: my.service, user: 1000");
    assert!(
        rootless.contains("as user 1000: systemctl --user daemon-reload"),
        "{rootless}"
    );
}

#[test]
fn a_users_container_is_that_users_to_make() {
    let of = |runtime: &str, more: &str| {
        line(&format!(
            "{{name: {runtime}/q, containers: [{{name: {runtime}/q, runtime: {runtime}, user: 1000{more}}}]}}"
        ))
    };
    for runtime in ["podman", "docker"] {
        let line = of(runtime, "");
        let begin = format!("recreate container q, as user 1000: {runtime} run --sysctl");
        assert!(line.starts_with(&begin), "{line}");
    }
    let quadlet = of("podman", ", unit: q.service, quadlet: true");
    assert!(
        quadlet.contains("as user 1000: systemctl --user"),
        "{quadlet}"
    );
    let compose = of("docker", ", compose: {project: p, service: s}");
    assert!(
        compose.contains("then as user 1000: docker compose up -d"),
        "{compose}"
    );
}

#[test]
fn a_nested_namespace_is_left_to_what_makes_it() {
    let nested = line(
        "{name: docker/kind-worker/7, nested: true, containers: [{name: docker/kind-worker, runtime: docker}], listeners: [{protocol: tcp, address: \"0.0.0.0:80\", owners: [{pid: 7, comm: x}]}]}",
    );
    assert!(
        nested.contains("inside container kind-worker: whatever makes the namespace there"),
        "{nested}"
    );
    assert!(!nested.contains("docker run"), "{nested}");
}

#[test]
fn who_shares_a_network_is_made_anew_after_the_one_that_made_it() {
    let shared = line(
        "{name: docker/a, containers: [{name: docker/a, runtime: docker}, {name: docker/b~0123456789ab, handle: b, runtime: docker}]}",
    );
    assert!(shared.starts_with("recreate container a with:"), "{shared}");
    assert!(
        shared.ends_with("; then create anew what shares its network: b"),
        "{shared}"
    );
    let pod = line(
        "{name: podman/0123456789ab-infra, containers: [{name: podman/0123456789ab-infra, runtime: podman}, {name: podman/b, runtime: podman}]}",
    );
    assert!(pod.contains("podman pod create --sysctl"), "{pod}");
    assert!(pod.ends_with("shares its network: b"), "{pod}");
}

#[test]
fn a_workload_is_the_one_of_the_manifest() {
    for (pod, name) in [
        ("backup-29986456-x7k2p", "backup"),
        ("csi-rbdplgn-x7k2p", "csi-rbdplgn"),
    ] {
        let line = line(&format!(
            "{{name: pod/shop/{pod}, containers: [{{name: pod/shop/{pod}/c, runtime: containerd, pod: {{namespace: shop, name: {pod}}}}}]}}"
        ));
        let begin = format!("in the pod template of shop/{name}, under");
        assert!(line.starts_with(&begin), "{line}");
    }
}
