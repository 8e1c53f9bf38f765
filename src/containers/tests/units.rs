//! Namespaces of systemd's services, what only looks like one, and the names that are left alone.

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

#[test]
fn names_are_unique_in_the_end() {
    let mut host = Fake::default();
    for pid in [10, 20, 30] {
        host.process(pid, 1, &format!("/system.slice/docker-{}.scope", id('b')));
    }
    let names = |snapshot: &Snapshot| -> Vec<(String, Option<String>)> {
        let namespaces = snapshot.namespaces.iter();
        namespaces
            .map(|netns| (netns.name.clone(), netns.workload.clone()))
            .collect()
    };
    host.file(
        &format!("/var/lib/docker/containers/{}/config.v2.json", id('b')),
        r#"{"Name":"/web","Config":{"Image":"web:1","Labels":null}}"#,
    );
    let snapshot = apart(&host);
    let plain = Some("docker/web".to_owned());
    assert_eq!(
        names(&snapshot),
        [
            ("docker/web".to_owned(), None),
            ("docker/web~20".to_owned(), plain.clone()),
            ("docker/web~30".to_owned(), plain),
        ]
    );
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
