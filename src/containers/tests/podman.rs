//! Podman's users, units and stores.

use super::fake::Fake;
use super::{collected, identify};
use crate::snapshot::{Container, Snapshot};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn id(digit: char) -> String {
    std::iter::repeat_n(digit, 64).collect()
}

/// A container below its conmon: the container's group, the monitor's, and the monitor's user.
fn run(host: &mut Fake, pid: u32, id: &str, groups: [&str; 2], user: u32, name: &str) {
    let storage = match user {
        0 => "/var/lib/containers/storage".to_owned(),
        _ => format!("/home/u{user}/.local/share/containers/storage"),
    };
    let bundle = format!("{storage}/overlay-containers/{id}/userdata");
    host.process(pid, pid + 1, groups[0]);
    let conmon = host.process(pid + 1, 1, groups[1]);
    conmon.arguments = ["conmon", "-c", id, "-n", name, "-b", &bundle]
        .map(str::to_owned)
        .into();
    conmon.user = user;
}

/// What is found of processes that each have a namespace of their own.
fn found(host: &Fake, pids: &[u32]) -> Snapshot {
    let processes: Vec<_> = pids
        .iter()
        .map(|pid| (*pid, "redis".to_owned(), u64::from(*pid)))
        .collect();
    let (mut snapshot, members) = collected(&processes);
    identify(&mut snapshot, &members, host);
    snapshot
}

fn only(host: &Fake) -> Container {
    found(host, &[10]).namespaces[0].containers[0].clone()
}

#[test]
fn users_have_their_own_containers_of_a_name() {
    let mut host = Fake::default();
    let libpod = |id: &str| format!("libpod-{id}.scope/container");
    let root = format!("/machine.slice/{}", libpod(&id('c')));
    run(
        &mut host,
        10,
        &id('c'),
        [&root, "/machine.slice/x.scope"],
        0,
        "web",
    );
    for (pid, user, digit) in [(20, 1000, 'a'), (30, 1001, 'b')] {
        let above = format!("/user.slice/user-{user}.slice/user@{user}.service/user.slice");
        let group = format!("{above}/{}", libpod(&id(digit)));
        run(&mut host, pid, &id(digit), [&group, &above], user, "web");
    }
    let snapshot = found(&host, &[10, 20, 30]);
    let told: Vec<_> = snapshot
        .namespaces
        .iter()
        .map(|netns| {
            let one = &netns.containers[0];
            assert_eq!(netns.name, one.name);
            assert_eq!(netns.stable_name(), one.name);
            (
                one.name.as_str(),
                one.user,
                one.handle.as_deref(),
                one.own_name(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("podman/web", None, None, "web"),
            ("podman/web~1000", Some(1000), Some("web"), "web"),
            ("podman/web~1001", Some(1001), Some("web"), "web"),
        ]
    );
}

/// Without groups the monitor tells; sudo leaves root's in the caller's slice.
#[test]
fn the_monitors_user_counts() {
    let mut host = Fake::default();
    let session = "/user.slice/user-1000.slice/session-1.scope";
    for (group, user, expected) in [
        ("/", 0, None),
        ("/", 1000, Some(1000)),
        (session, 0, None),
        (session, 1000, Some(1000)),
    ] {
        run(&mut host, 10, ID, [group, group], user, "web");
        assert_eq!(only(&host).user, expected, "{group} {user}");
    }
}

#[test]
fn only_a_unit_that_quadlet_made_is_quadlets() {
    let made =
        "[Unit]\nSourcePath=/etc/containers/systemd/web.container\n[X-Container]\nImage=web\n";
    let pod = "[Unit]\nSourcePath=/etc/containers/systemd/web.pod\n[X-Pod]\n";
    let plain = "[Service]\nExecStart=podman run web\n# [X-Container]\n";
    for (file, text, expected) in [
        ("/run/systemd/generator/web.service", made, true),
        ("/run/systemd/generator/web.service", pod, false),
        ("/run/systemd/generator/web.service", plain, false),
        ("/etc/systemd/system/web.service", made, false),
    ] {
        let mut host = Fake::default();
        let group = format!("/system.slice/web.service/libpod-payload-{ID}");
        run(
            &mut host,
            10,
            ID,
            [&group, "/system.slice/web.service"],
            0,
            "web",
        );
        host.file(file, text);
        let container = only(&host);
        assert_eq!(container.unit.as_deref(), Some("web.service"));
        assert_eq!(container.quadlet, expected, "{file} {text}");
    }
    let mut host = Fake::default();
    let group = format!("/system.slice/system-web.slice/web@a.service/libpod-payload-{ID}");
    run(&mut host, 10, ID, [&group, "/"], 0, "web");
    host.file("/run/systemd/generator/web@.service", made);
    assert!(only(&host).quadlet);
}

#[test]
fn a_users_unit_counts_if_quadlet_made_it() {
    let made = "[X-Container]\nImage=web\n[Unit]\nSourcePath=/home/u/web.container\n";
    let above = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service";
    let mut host = Fake::default();
    let group = format!("{above}/libpod-payload-{ID}");
    run(&mut host, 10, ID, [&group, above], 1000, "web");
    // That of the system has the same name.
    host.file("/run/systemd/generator/web.service", made);
    let container = only(&host);
    assert_eq!((container.unit, container.quadlet), (None, false));
    host.file("/run/user/1000/systemd/generator/web.service", made);
    let container = only(&host);
    assert_eq!(container.unit.as_deref(), Some("web.service"));
    assert_eq!((container.quadlet, container.user), (true, Some(1000)));
}

const STORE: &str = "/var/lib/containers/storage/overlay-containers/containers.json";

#[test]
fn one_odd_entry_of_a_store_loses_no_other() {
    let mut host = Fake::default();
    host.process(10, 1, &format!("/machine.slice/libpod-{ID}.scope"));
    host.file(
        STORE,
        format!(r#"[{{"names":["x"]}},7,{{"id":"{ID}","names":["web"]}}]"#),
    );
    let snapshot = found(&host, &[10]);
    assert_eq!(snapshot.namespaces[0].name, "podman/web");
    assert_eq!(snapshot.gaps, []);
}

#[test]
fn a_store_that_is_not_understood_is_a_gap() {
    let mut host = Fake::default();
    let pids = [10, 20];
    for (pid, id) in pids.iter().zip([id('a'), id('b')]) {
        host.process(*pid, 1, &format!("/machine.slice/libpod-{id}.scope"));
    }
    assert_eq!(found(&host, &pids).gaps, []);
    host.file(STORE, r#"[{"id":"secret""#);
    let gaps = found(&host, &pids).gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        gaps[0].to_string(),
        format!(
            "{STORE}: line 1, column 15 is not what a runtime writes; unknown: names of its containers"
        )
    );
    host.long.insert(STORE.to_owned());
    let gaps = found(&host, &pids).gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].why, "it is too long");
}
