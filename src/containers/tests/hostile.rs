//! Texts that somebody made up: nothing of them becomes a path, a name or a panic.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::fake::Fake;
use super::{collected, identify, told};
use crate::containers::{cgroup, mounts, pod};
use crate::snapshot::Snapshot;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn one(host: &Fake) -> Snapshot {
    let (mut snapshot, members) = collected(&[(10, "redis".to_owned(), 7)]);
    identify(&mut snapshot, &members, host);
    snapshot
}

/// `Fake` itself refuses paths with `..` and control characters.
#[test]
fn an_id_that_is_a_path_is_no_id() {
    let up = "../".repeat(21) + "x";
    for group in [
        format!("/docker/{up}"),
        "/system.slice/docker-../../../../etc/passwd.scope".to_owned(),
        format!("/docker/{}", ID.to_uppercase()),
        "/lxc.payload.../../../etc".to_owned(),
        "/lxc/..".to_owned(),
        "/machine.slice/systemd-nspawn@..\\x2f..\\x2fetc\\x2fpasswd.service/payload".to_owned(),
        "/kubepods/pod../../etc/shadow".to_owned(),
    ] {
        let mut host = Fake::default();
        host.process(10, 1, &group);
        assert_eq!(one(&host).namespaces[0].containers, [], "{group}");
    }
    let mut host = Fake::default();
    host.process(10, 9, "/");
    let conmon = host.process(9, 1, "/");
    let bundle = format!("/x/../../overlay-containers/{ID}/userdata");
    conmon.arguments = ["conmon", "-c", ID, "-b", &bundle]
        .map(str::to_owned)
        .into();
    assert_eq!(one(&host).namespaces[0].name, "podman/0123456789ab");
    host.process(10, 1, "/").mounts =
        format!("1 2 8:1 /../containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda rw\n");
    assert_eq!(one(&host).namespaces[0].containers, []);
}

/// Anybody may give a process the command line of a monitor.
#[test]
fn a_users_process_that_poses_as_a_monitor_makes_no_container_of_the_system() {
    let of = |user: u32, line: &[&str]| {
        let mut host = Fake::default();
        host.process(10, 9, "/");
        let monitor = host.process(9, 1, "/");
        monitor.arguments = line.iter().map(|word| (*word).to_owned()).collect();
        monitor.user = user;
        let netns = one(&host).namespaces.remove(0);
        let user = netns
            .containers
            .first()
            .and_then(|container| container.user);
        (netns.name, user)
    };
    let monitors: [(&[&str], &str); 3] = [
        (
            &["[lxc monitor] /var/lib/incus/containers prod"],
            "incus/prod",
        ),
        (
            &["/usr/bin/systemd-nspawn", "-M", "prod"],
            "systemd-nspawn/prod",
        ),
        (
            &["containerd-shim-runc-v2", "-namespace", "moby", "-id", ID],
            "docker/0123456789ab",
        ),
    ];
    for (line, name) in monitors {
        assert_eq!(of(0, line), (name.to_owned(), None));
        assert!(of(65534, line).0.starts_with("process/"), "{line:?}");
    }
    let own = of(1000, &["[lxc monitor] /home/eve/.local/share/lxc web"]);
    assert_eq!(own, ("lxc/web".to_owned(), Some(1000)), "it is that user's");
}

#[test]
fn names_with_escape_sequences_are_not_taken() {
    let mut host = Fake::default();
    host.process(10, 1, &format!("/docker/{ID}"));
    let labels = r#"{"com.docker.compose.project":"\u001b[2J","com.docker.compose.service":"a/b"}"#;
    host.file(
        &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
        format!(r#"{{"Name":"/web\u001b[31m","Config":{{"Image":"a\nb","Labels":{labels}}}}}"#),
    );
    let snapshot = one(&host);
    let container = &snapshot.namespaces[0].containers[0];
    assert_eq!(container.name, "docker/0123456789ab");
    assert_eq!((&container.image, &container.compose), (&None, &None));
}

#[test]
fn state_that_is_not_what_it_should_be_is_not_believed() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "[1]",
        "{\"Name\":7777}",
        "\u{fffd}\u{fffd}",
        &deep,
    ] {
        let mut host = Fake::default();
        host.process(10, 1, &format!("/docker/{ID}"));
        host.file(
            &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
            text,
        );
        let snapshot = one(&host);
        let container = &snapshot.namespaces[0].containers[0];
        assert_eq!(container.name, "docker/0123456789ab");
        let [gap] = snapshot.gaps.as_slice() else {
            panic!("{:?}", snapshot.gaps);
        };
        assert!(gap.what.ends_with("/config.v2.json"));
        assert_eq!(gap.blinds, "names of its containers");
        assert!(!gap.why.contains("7777"), "{}", gap.why);
    }
}

#[test]
fn a_name_that_is_far_too_long_is_no_name() {
    let mut host = Fake::default();
    host.process(10, 1, &format!("/docker/{ID}"));
    host.file(
        &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
        format!(r#"{{"Name":"/{}"}}"#, "a".repeat(1 << 19)),
    );
    assert_eq!(one(&host).namespaces[0].name, "docker/0123456789ab");
}

/// The group below a user's slice has the id of a container of root's.
#[test]
fn a_group_that_a_user_made_up_is_no_key_to_the_systems_containers() {
    let mut host = Fake::default();
    host.file(
        &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
        r#"{"Name":"/payments"}"#,
    );
    for above in [
        "/user.slice/user-1000.slice/user@1000.service",
        "/system.slice/evil.service",
    ] {
        host.process(10, 1, &format!("{above}/docker-{ID}.scope"));
        assert_eq!(one(&host).namespaces[0].name, "docker/0123456789ab");
    }
    host.process(10, 1, &format!("/system.slice/docker-{ID}.scope"));
    assert_eq!(one(&host).namespaces[0].name, "docker/payments");
}

/// In a user namespace everybody may bind what he likes over /etc/hosts.
#[test]
fn mounts_that_a_user_made_up_are_no_key_either() {
    let uid = "0f3f1a52-9c1f-4a7e-8d57-3f2b1d6a9c11";
    let mut host = Fake::default();
    host.file(
        &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
        r#"{"Name":"/payments"}"#,
    );
    host.file(&format!("/var/log/pods/shop_pay-0_{uid}/pay/0.log"), "");
    let bound = |path: &str| format!("1 2 8:1 /home/eve/{path} /etc/hosts rw - ext4 /dev/sda rw\n");
    let docker = bound(&format!("containers/{ID}/hosts"));
    let pod = bound(&format!("pods/{uid}/etc-hosts"));
    for (group, names) in [
        (
            "/user.slice/user-1000.slice/session-1.scope",
            ["docker/0123456789ab", uid],
        ),
        (
            "/user.slice/user-0.slice/session-2.scope",
            ["docker/payments", "shop/pay-0"],
        ),
    ] {
        host.process(10, 1, group).mounts.clone_from(&docker);
        assert_eq!(one(&host).namespaces[0].name, names[0]);
        host.process(10, 1, group).mounts.clone_from(&pod);
        assert_eq!(one(&host).namespaces[0].name, format!("pod/{}", names[1]));
    }
}

/// The record of two processes in namespaces of their own: the first is of a container of root's.
fn both(host: &Fake, first: &str) -> Snapshot {
    let processes = [(10, 7), (20, 8)];
    let processes = processes.map(|(pid, netns)| (pid, "redis".to_owned(), netns));
    let (mut snapshot, members) = collected(&processes);
    identify(&mut snapshot, &members, host);
    let namespaces = &snapshot.namespaces;
    assert_eq!(namespaces[0].name, first);
    assert_eq!(namespaces[0].containers[0].user, None);
    assert_eq!(namespaces[0].containers[0].handle, None);
    assert_eq!(namespaces[1].containers[0].user, Some(1000));
    assert_ne!(namespaces[0].stable_name(), namespaces[1].stable_name());
    assert_ne!(namespaces[0].containers, namespaces[1].containers);
    snapshot
}

#[test]
fn what_a_user_made_up_takes_no_name_of_a_container_beside_it() {
    let mut host = Fake::default();
    let config = r#"{"Name":"/payments","Config":{"Labels":{
        "com.docker.compose.project":"shop","com.docker.compose.service":"pay"}}}"#;
    host.file(
        &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
        config,
    );
    host.process(10, 1, &format!("/system.slice/docker-{ID}.scope"));
    let bound = format!("/home/eve/containers/{ID}/hosts");
    host.process(20, 1, "/user.slice/user-1000.slice/session-1.scope")
        .mounts = format!("1 2 8:1 {bound} /etc/hosts rw - ext4 /dev/sda rw\n");
    let snapshot = both(&host, "docker/payments");
    assert_eq!(snapshot.namespaces[1].name, "docker/0123456789ab");
    // With a file that says what the real one says.
    host.file(&format!("/home/eve/containers/{ID}/config.v2.json"), config);
    let snapshot = both(&host, "docker/payments");
    let forged = &snapshot.namespaces[1];
    assert_eq!(forged.name, "docker/payments~1000");
    assert_eq!(forged.stable_name(), "compose/shop/pay~1000");
    assert_eq!(forged.containers[0].handle.as_deref(), Some("payments"));
}

#[test]
fn a_pod_that_a_user_made_up_learns_nothing_of_the_real_one() {
    let uid = "0f3f1a52-9c1f-4a7e-8d57-3f2b1d6a9c11";
    let mut host = Fake::default();
    host.file(&format!("/var/log/pods/shop_pay-0_{uid}/pay/0.log"), "");
    host.process(10, 1, &format!("/kubepods/pod{uid}/{ID}"));
    host.process(20, 1, "/user.slice/user-1000.slice/session-1.scope")
        .mounts = format!("1 2 8:1 /eve/pods/{uid}/etc-hosts /etc/hosts rw - ext4 /dev/sda rw\n");
    let snapshot = both(&host, "pod/shop/pay-0");
    assert_eq!(snapshot.namespaces[1].name, format!("pod/{uid}"));
    assert_eq!(snapshot.namespaces[0].stable_name(), "pod/shop/pay");
}

#[test]
fn ten_thousand_mounts_are_read_in_no_time() {
    let mut text = String::new();
    for n in 0..10_000 {
        text += &format!("{n} 1 0:{n} / /run/containerd/{ID}/rootfs rw - overlay overlay rw\n");
    }
    let last = format!("1 1 8:1 /var/lib/docker/containers/{ID}/hosts /etc/hosts rw - ext4 x rw\n");
    assert_eq!(mounts::trace(&(text.clone() + &last)), None);
    assert!(mounts::trace(&(last + &text)).is_some());
}

#[test]
fn parents_that_go_round_come_to_an_end() {
    let mut host = Fake::default();
    host.process(10, 11, "/");
    host.process(11, 10, "/");
    assert_eq!(
        told(&one(&host)),
        "7 process/redis/10 (process/redis) - []\n"
    );
}

#[test]
fn five_hundred_containers_are_found_in_one_look_each() {
    let mut host = Fake::default();
    let mut processes = Vec::new();
    for n in 0..500_u32 {
        let id = format!("{n:064x}");
        for pid in [1000 + n * 2, 1001 + n * 2] {
            host.process(pid, 1, &format!("/system.slice/docker-{id}.scope"));
            processes.push((pid, "redis".to_owned(), u64::from(n)));
        }
        let labels = "\"x\":\"y\",".repeat(100);
        host.file(
            &format!("/var/lib/docker/containers/{id}/config.v2.json"),
            format!(r#"{{"Name":"/c{n}","Config":{{"Labels":{{{labels}"a":"b"}}}}}}"#),
        );
    }
    let (mut snapshot, members) = collected(&processes);
    identify(&mut snapshot, &members, &host);
    assert_eq!(host.reads.load(Ordering::Relaxed), 500);
    assert_eq!(snapshot.namespaces[499].name, "docker/c499");
}

/// Parts that texts are made of.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(ID.to_owned()),
        Just("docker-".to_owned()),
        Just("/".to_owned()),
        Just("/..".to_owned()),
        Just("lxc.payload.".to_owned()),
        Just("/kubepods".to_owned()),
        Just("-pod".to_owned()),
        Just("0f3f1a52_9c1f_4a7e_8d57_3f2b1d6a9c11".to_owned()),
        Just("\\x2d".to_owned()),
        Just(":".to_owned()),
        Just(".scope".to_owned()),
        Just("systemd-nspawn@".to_owned()),
        Just(".service".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("/etc/hosts".to_owned()),
        Just("/containers/".to_owned()),
        ".{0,6}",
    ]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        group in proptest::collection::vec(word(), 0..12),
        mounts in proptest::collection::vec(word(), 0..12),
        arguments in proptest::collection::vec(word(), 0..5),
        name in ".{0,20}",
    ) {
        let mut host = Fake::default();
        let process = host.process(10, 9, &group.concat());
        process.mounts = mounts.concat();
        process.comm = name.clone();
        host.process(9, 1, &mounts.concat()).arguments = arguments;
        host.file(&format!("/var/lib/docker/containers/{ID}/config.v2.json"), name.clone());
        let snapshot = one(&host);
        prop_assert_eq!(snapshot.namespaces.len(), 1);
        let _ = cgroup::read(&group.concat());
        let _ = cgroup::unescape(&name);
        prop_assert!(name.starts_with(pod::workload(&name)));
    }
}
