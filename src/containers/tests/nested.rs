//! Namespaces that something inside of a container has made, and those that several share.

use super::fake::Fake;
use super::{HOST, collected, identify, told};
use crate::snapshot::{Namespace, Snapshot};

fn id(digit: char) -> String {
    std::iter::repeat_n(digit, 64).collect()
}

/// What is found of processes: pid, name and network namespace.
fn found(host: &Fake, processes: &[(u32, &str, u64)]) -> Snapshot {
    let processes: Vec<_> = processes
        .iter()
        .map(|(pid, comm, netns)| (*pid, (*comm).to_owned(), *netns))
        .collect();
    let (mut snapshot, members) = collected(&processes);
    identify(&mut snapshot, &members, host);
    snapshot
}

fn named(host: &mut Fake, digit: char, name: &str) {
    let path = format!("/var/lib/docker/containers/{}/config.v2.json", id(digit));
    host.file(&path, format!(r#"{{"Name":"/{name}"}}"#));
}

/// A node of kind: its kubelet, and the pause container and the program of a pod on it.
fn kind() -> Fake {
    let mut host = Fake::default();
    named(&mut host, 'a', "kind-worker");
    let node = format!("/docker/{}", id('a'));
    let pod = "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod0f3f1a52_9c1f_4a7e_8d57_3f2b1d6a9c11.slice";
    host.process(100, 90, &node).netns = 7;
    host.process(110, 100, &format!("{node}/kubelet.slice/kubelet.service"));
    let shim = format!("{node}/system.slice/containerd.service");
    host.process(120, 100, &shim).netns = 7;
    for (pid, digit, started) in [(130, 'b', 4), (125, 'c', 5)] {
        let group = format!("{node}/{pod}/cri-containerd-{}.scope", id(digit));
        host.process(pid, 120, &group).started = started;
    }
    host.process(90, 1, "/system.slice/containerd.service");
    host
}

#[test]
fn a_pod_on_a_node_in_a_container_is_not_the_nodes() {
    let host = kind();
    let all = [
        (100, "systemd", 7),
        (110, "kubelet", 7),
        (125, "redis", 8),
        (130, "pause", 8),
    ];
    let snapshot = found(&host, &all);
    assert_eq!(
        told(&snapshot),
        "7 docker/kind-worker (-) - [docker/kind-worker]\n  100: docker/kind-worker\n  110: docker/kind-worker\n\
         8 docker/kind-worker/bbbbbbbbbbbb (docker/kind-worker/process/redis) - [docker/kind-worker]\n  125: docker/kind-worker\n  130: docker/kind-worker\n"
    );
    let nested: Vec<bool> = snapshot.namespaces.iter().map(|it| it.nested).collect();
    assert_eq!(nested, [false, true]);
}

/// As with `--netns`: nothing of the node itself is in the record.
#[test]
fn a_nodes_own_namespace_is_found_where_the_record_lacks_it() {
    let mut host = kind();
    let pod = [(125, "redis", 8), (130, "pause", 8)];
    let netns = &found(&host, &pod).namespaces[0];
    assert_eq!(netns.name, "docker/kind-worker/bbbbbbbbbbbb");
    assert!(netns.nested);
    // With the node's network, as kube-proxy.
    for pid in [100, 125, 130] {
        host.processes.get_mut(&pid).unwrap().netns = 7;
    }
    let netns = &found(&host, &[(125, "redis", 7), (130, "pause", 7)]).namespaces[0];
    assert_eq!(netns.name, "docker/kind-worker");
    assert!(!netns.nested);
}

#[test]
fn a_namespace_that_a_process_of_a_container_made_is_not_its_containers() {
    let mut host = Fake::default();
    named(&mut host, 'a', "web");
    // The first process has the highest pid: pids begin again at 300.
    for (pid, started) in [(300, 9), (301, 8), (4000, 2)] {
        host.process(pid, 1, &format!("/docker/{}", id('a')))
            .started = started;
    }
    let snapshot = found(&host, &[(300, "x", 7), (301, "y", 8), (4000, "nginx", 9)]);
    let of = |netns: &Namespace| (netns.name.clone(), netns.nested);
    let names: Vec<_> = snapshot.namespaces.iter().map(of).collect();
    assert_eq!(
        names,
        [
            ("docker/web/process/x/300".to_owned(), true),
            ("docker/web/process/y/301".to_owned(), true),
            ("docker/web".to_owned(), false),
        ]
    );
    let workload = snapshot.namespaces[0].workload.as_deref();
    assert_eq!(workload, Some("docker/web/process/x"));
}

/// OpenStack in containers: the agent has the host's network, and makes `qdhcp-…`.
#[test]
fn a_nested_namespace_keeps_its_name_for_ip_netns() {
    let mut host = Fake::default();
    named(&mut host, 'a', "agent");
    for pid in [10, 20] {
        host.process(pid, 1, &format!("/docker/{}", id('a')));
    }
    let processes = [
        (10, "agent".to_owned(), HOST),
        (20, "dnsmasq".to_owned(), 8),
    ];
    let (mut snapshot, members) = collected(&processes);
    let netns = &mut snapshot.namespaces[0];
    netns.name = "qdhcp-1".to_owned();
    netns.named = Some(netns.name.clone());
    netns.workload = None;
    identify(&mut snapshot, &members, &host);
    assert_eq!(snapshot.namespaces[0].name, "qdhcp-1");
    assert!(snapshot.namespaces[0].nested);
    assert!(!snapshot.namespaces[1].nested);
}

/// `--network container:web`: neither the alphabet nor the pids tell.
#[test]
fn the_container_that_a_namespace_was_made_for_comes_first() {
    let mut host = Fake::default();
    for (digit, name) in [('a', "adapter"), ('b', "helper"), ('c', "web")] {
        named(&mut host, digit, name);
    }
    for (pid, digit, started) in [
        (10, 'b', 300),
        (11, 'a', 200),
        (12, 'c', 900),
        (900, 'c', 100),
    ] {
        host.process(pid, 1, &format!("/docker/{}", id(digit)))
            .started = started;
    }
    let netns = |n| [10, 11, 12, 900].map(|pid| (pid, "redis", n));
    let snapshot = found(&host, &netns(7));
    let names = |snapshot: &Snapshot| -> Vec<String> {
        let containers = snapshot.namespaces[0].containers.iter();
        containers.map(|one| one.name.clone()).collect()
    };
    assert_eq!(snapshot.namespaces[0].name, "docker/web");
    assert_eq!(
        names(&snapshot),
        ["docker/web", "docker/adapter", "docker/helper"]
    );
    // The host's was made for none.
    let snapshot = found(&host, &netns(HOST));
    assert_eq!(
        names(&snapshot),
        ["docker/adapter", "docker/helper", "docker/web"]
    );
}
