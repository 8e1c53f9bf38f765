//! Namespaces of systemd's services, what only looks like one, and the names that are left alone.

use std::sync::atomic::Ordering;

use super::fake::Fake;
use super::{HOST, collected, identify, told};
use crate::snapshot::Snapshot;

/// What is found of processes that each have a namespace of their own.
fn apart(host: &Fake) -> Snapshot {
    let processes: Vec<_> = host
        .processes
        .keys()
        .map(|pid| (*pid, "redis".to_owned(), u64::from(*pid)))
        .collect();
    let (mut snapshot, members) = collected(&processes);
    identify(&mut snapshot, &members, host);
    snapshot
}

fn id(digit: char) -> String {
    std::iter::repeat_n(digit, 64).collect()
}

#[test]
fn a_service_with_a_private_network_gives_its_name() {
    let mut host = Fake::default();
    host.process(10, 1, "/system.slice/redis.service");
    host.process(
        20,
        1,
        "/system.slice/system-web.slice/web@a\\x2db.service/worker",
    );
    host.process(30, 1, "/custom.slice/x.service");
    assert_eq!(
        told(&apart(&host)),
        "10 redis.service (-) redis.service []\n\
         20 web@a\\x2db.service (-) web@a\\x2db.service []\n\
         30 x.service (-) x.service []\n"
    );
}

#[test]
fn only_what_root_named_is_a_unit() {
    let mut host = Fake::default();
    // A user's service, and groups that a service or a session has made itself.
    host.process(
        10,
        1,
        "/user.slice/user-1000.slice/user@1000.service/app.slice/sshd.service",
    );
    host.process(
        20,
        1,
        "/user.slice/user-1000.slice/session-1.scope/sshd.service",
    );
    host.process(30, 1, "/machine/sshd.service");
    host.process(40, 1, "/../sshd.service");
    host.process(50, 1, "/system.slice/$(reboot).service");
    // Not the main process: something that cron runs made itself a namespace.
    host.process(60, 59, "/system.slice/cron.service");
    host.process(70, 1, "/");
    let snapshot = apart(&host);
    for netns in &snapshot.namespaces {
        assert_eq!(netns.unit, None);
        assert!(netns.name.starts_with("process/redis/"), "{}", netns.name);
    }
}

#[test]
fn a_namespace_of_several_units_belongs_to_none() {
    let mut host = Fake::default();
    host.process(10, 1, "/system.slice/a.service");
    host.process(11, 1, "/system.slice/b.service");
    let processes = [(10, "a".to_owned(), 7), (11, "b".to_owned(), 7)];
    let (mut snapshot, members) = collected(&processes);
    snapshot.namespaces[0].name = "vpn".to_owned();
    identify(&mut snapshot, &members, &host);
    assert_eq!(told(&snapshot), "7 vpn (process/a) - []\n");
}

#[test]
fn the_hosts_and_the_own_namespace_keep_their_names() {
    let mut host = Fake::default();
    let group = format!("/docker/{}", id('a'));
    host.process(10, 1, &group);
    host.process(11, 1, "/system.slice/x.service");
    host.process(20, 1, &group);
    let processes = [(20, 8), (10, HOST), (11, HOST)];
    let processes = processes.map(|(pid, netns)| (pid, "redis".to_owned(), netns));
    let (mut snapshot, members) = collected(&processes);
    snapshot.namespaces[0].name = "self".to_owned();
    identify(&mut snapshot, &members, &host);
    assert_eq!(
        told(&snapshot),
        "8 self (process/redis) - [docker/aaaaaaaaaaaa]\n  20: docker/aaaaaaaaaaaa\n\
         1840 host (-) - [docker/aaaaaaaaaaaa]\n  10: docker/aaaaaaaaaaaa\n"
    );
}

/// A StatefulSet's pod that ends while the next one of its name begins.
#[test]
fn names_are_unique_in_the_end() {
    let mut host = Fake::default();
    for (pid, digit) in [(10, 'a'), (20, 'b')] {
        let uid = format!("0f3f1a52-9c1f-4a7e-8d57-3f2b1d6a9c1{digit}");
        host.process(pid, 1, &format!("/kubepods/pod{uid}/{}", id(digit)));
        host.file(&format!("/var/log/pods/shop_web-0_{uid}/web/0.log"), "");
    }
    let snapshot = apart(&host);
    let names: Vec<_> = snapshot
        .namespaces
        .iter()
        .map(|netns| (netns.name.as_str(), netns.stable_name()))
        .collect();
    assert_eq!(
        names,
        [
            ("pod/shop/web-0", "pod/shop/web"),
            ("pod/shop/web-0~20", "pod/shop/web"),
        ]
    );
    let last = &snapshot.namespaces[1].containers[0];
    assert_eq!(last.name, "pod/shop/web-0/web~bbbbbbbbbbbb");
    assert_eq!(last.own_name(), "shop/web-0/web");
    assert_eq!(snapshot.namespaces[0].containers[0].handle, None);
}

/// `ExecStart=ip netns exec blue redis-server`: a setting in the unit would reach the host's
/// namespace. dnsmasq in OpenStack's namespaces is no main process, and has no parent left.
#[test]
fn a_name_of_ip_netns_wins_over_a_unit() {
    let mut host = Fake::default();
    host.process(10, 1, "/system.slice/cache.service");
    host.process(20, 1, "/system.slice/neutron-dhcp-agent.service");
    host.process(30, 1, &format!("/docker/{}", id('a')));
    let processes = [10, 20, 30].map(|pid| (pid, "redis".to_owned(), u64::from(pid)));
    let (mut snapshot, members) = collected(&processes);
    for (netns, name) in snapshot
        .namespaces
        .iter_mut()
        .zip(["blue", "qdhcp-1", "web"])
    {
        netns.name = name.to_owned();
        netns.named = Some(name.to_owned());
        netns.workload = None;
    }
    identify(&mut snapshot, &members, &host);
    assert_eq!(
        told(&snapshot),
        "10 blue (-) - []\n20 qdhcp-1 (-) - []\n\
         30 docker/aaaaaaaaaaaa (-) - [docker/aaaaaaaaaaaa]\n  30: docker/aaaaaaaaaaaa\n"
    );
}

/// One look tells that they are in no container.
#[test]
fn nothing_is_asked_of_who_shares_the_mounts() {
    let mut host = Fake::default();
    host.process(10, 1, &format!("/docker/{}", id('a')));
    let (snapshot, _) = collected(&[(10, "redis".to_owned(), HOST)]);
    for members in [vec![10], Vec::new()] {
        for shares in [true, false] {
            host.sharing = [10].into_iter().filter(|_| shares).collect();
            let before = host.asked.load(Ordering::Relaxed);
            let mut snapshot = snapshot.clone();
            identify(&mut snapshot, std::slice::from_ref(&members), &host);
            let asked = host.asked.load(Ordering::Relaxed) - before;
            assert_eq!(asked == 0, shares, "{asked}");
            let found = snapshot.namespaces[0].listeners[0].container.as_deref();
            assert_eq!(found, (!shares).then_some("docker/aaaaaaaaaaaa"));
        }
    }
}

#[test]
fn a_listener_without_owners_is_found_by_its_recorded_group() {
    let host = Fake::default();
    let (mut snapshot, _) = collected(&[(10, "a".to_owned(), HOST)]);
    let listener = &mut snapshot.namespaces[0].listeners[0];
    listener.owners.clear();
    listener.cgroup = Some(format!("/machine.slice/libpod-{}.scope/container", id('c')));
    identify(&mut snapshot, &[Vec::new()], &host);
    let listener = &snapshot.namespaces[0].listeners[0];
    assert_eq!(listener.container.as_deref(), Some("podman/cccccccccccc"));
}

#[test]
fn an_environment_tells_where_nothing_else_does() {
    let mut host = Fake::default();
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    host.process(10, 1, "/").environment =
        vec![variable("container", "lxc"), variable("HOSTNAME", "box")];
    host.process(20, 1, "/").environment = vec![
        variable("container", "podman"),
        variable("HOSTNAME", "0123456789ab"),
    ];
    host.process(30, 1, "/").environment = vec![variable("container", "my own")];
    assert_eq!(
        told(&apart(&host)),
        "10 lxc/box (-) - [lxc/box]\n  10: lxc/box\n\
         20 podman/0123456789ab (process/redis) - [podman/0123456789ab]\n  20: podman/0123456789ab\n\
         30 process/redis/30 (process/redis) - []\n"
    );
}

#[test]
fn a_listener_that_was_passed_into_a_container_does_not_move_it() {
    let mut host = Fake::default();
    host.process(10, 1, "/init.scope");
    host.process(20, 1, &format!("/docker/{}", id('d')));
    let processes = [(10, HOST), (20, 8)];
    let processes = processes.map(|(pid, netns)| (pid, "redis".to_owned(), netns));
    let (mut snapshot, members) = collected(&processes);
    snapshot.namespaces[1].listeners[0].owners[0].pid = Some(20);
    identify(&mut snapshot, &members, &host);
    let host = &snapshot.namespaces[1];
    assert_eq!(host.containers, []);
    let container = host.listeners[0].container.as_deref();
    assert_eq!(container, Some("docker/dddddddddddd"));
}
