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
    let record = snapshot(&format!("  - name: host\n{namespaces}"));
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&record, &catalogue);
    let step = SysctlStep {
        netns: String::new(),
        at: (1..=count).collect(),
        home: Home::of(&record.namespaces[1]),
        first: false,
        key: "net.core.somaxconn".to_owned(),
        value: "511".to_owned(),
        from: None,
        reasons: Vec::new(),
    };
    words(&step, &facts)
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
    let quadlet =
        "{name: podman/q, containers: [{name: podman/q, runtime: podman, unit: q.service}]}";
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
    assert!(lines(&pods, 40).starts_with("recreate containers web-1, web-2 and 38 more with:"));
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
