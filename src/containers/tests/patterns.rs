//! The forms of control groups, one by one.

use super::super::cgroup::{Group, read, traces, unescape, unit};
use crate::snapshot::Engine;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const UID: &str = "0f3f1a52-9c1f-4a7e-8d57-3f2b1d6a9c11";

/// Runtime, id and pod of each container of a path, in which `I`, `U` and `V` stand for an id, a UID
/// and one with underscores.
fn seen(path: &str) -> Vec<String> {
    let path = path.replace("{I}", ID).replace("{O}", OTHER);
    let path = path
        .replace("{U}", UID)
        .replace("{V}", &UID.replace('-', "_"));
    let found = traces(&path).into_iter();
    let line = |trace: super::super::trace::Trace| {
        let engine = trace.engine.map_or("-", Engine::name);
        let id = trace
            .id
            .unwrap_or_default()
            .replace(ID, "I")
            .replace(OTHER, "O");
        let pod = trace.pod.map(|pod| pod.replace(UID, "U"));
        format!("{engine} {id} {}", pod.as_deref().unwrap_or("-"))
    };
    found.map(line).collect()
}

#[test]
fn every_form_of_a_container_is_seen() {
    for (path, expected) in [
        ("/docker/{I}", "docker I -"),
        ("/system.slice/docker-{I}.scope", "docker I -"),
        ("/docker/{I}/system.slice/nginx.service", "docker I -"),
        ("/../docker-{I}.scope", "docker I -"),
        ("/../../{I}", "- I -"),
        ("/ecs/task/{I}", "- I -"),
        ("/kubepods/burstable/pod{U}/{I}", "- I U"),
        ("/kubepods/pod{U}/{I}", "- I U"),
        (
            "/kubepods.slice/kubepods-pod{V}.slice/docker-{I}.scope",
            "docker I U",
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{V}.slice/cri-containerd-{I}.scope",
            "containerd I U",
        ),
        (
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{V}.slice/cri-containerd-{I}.scope",
            "containerd I U",
        ),
        (
            "/system.slice/containerd.service/kubepods-besteffort-pod{V}.slice:cri-containerd:{I}",
            "containerd I U",
        ),
        ("/../../pod{U}/{I}", "- I U"),
        ("/system.slice/nerdctl-{I}.scope", "containerd I -"),
        ("/default/{I}", "- I -"),
        ("/kubepods/besteffort/pod{U}/crio-{I}", "cri-o I U"),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{V}.slice/crio-{I}.scope/container",
            "cri-o I U",
        ),
        ("/machine.slice/libpod-{I}.scope/container", "podman I -"),
        ("/libpod_parent/libpod-{I}", "podman I -"),
        ("/libpod_parent/{O}/libpod-{I}", "podman I -"),
        (
            "/machine.slice/machine-libpod_pod_{O}.slice/libpod-{I}.scope",
            "podman I -",
        ),
        ("/system.slice/web.service/libpod-payload-{I}", "podman I -"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{I}.scope/container",
            "podman I -",
        ),
        ("/lxc.payload.web/init.scope", "lxc web -"),
        ("/lxc.payload/web", "lxc web -"),
        ("/lxc/web/system.slice", "lxc web -"),
        (
            "/machine.slice/systemd-nspawn@a\\x2db.service/payload",
            "systemd-nspawn a-b -",
        ),
        (
            "/machine.slice/machine-deb.scope/payload/init.scope",
            "systemd-nspawn deb -",
        ),
    ] {
        assert_eq!(seen(path), [expected], "{path}");
    }
}

#[test]
fn monitors_and_other_things_are_no_containers() {
    for path in [
        "/",
        "/init.scope",
        "/system.slice/docker.service",
        "/kubepods.slice/kubepods-besteffort-pod{V}.slice",
        "/kubepods.slice/kubepods-besteffort-pod{V}.slice/crio-conmon-{I}.scope",
        "/machine.slice/libpod-conmon-{I}.scope",
        "/libpod_parent/conmon",
        "/libpod_parent/{I}",
        "/lxc.monitor.web",
        "/lxc.monitor/web",
        "/lxc.pivot",
        "/machine.slice/systemd-nspawn@deb.service/supervisor",
        "/system.slice/var-lib-docker-containers-{I}-mounts-shm.mount",
        "/user.slice/user-1000.slice/session-1.scope",
    ] {
        assert_eq!(seen(path), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn containers_in_containers_come_from_the_outside_in() {
    assert_eq!(
        seen(
            "/system.slice/docker-{I}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{V}.slice/cri-containerd-{O}.scope"
        ),
        ["docker I -", "containerd O U"]
    );
    assert_eq!(
        seen("/lxc.payload.c1/docker/{I}"),
        ["lxc c1 -", "docker I -"]
    );
}

#[test]
fn the_first_hierarchy_that_knows_a_container_counts() {
    let one = |text: String| -> Vec<Option<Engine>> {
        let Group { traces, .. } = read(&text);
        traces.into_iter().map(|trace| trace.engine).collect()
    };
    let hybrid = format!(
        "12:pids:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/system.slice/containerd.service\n"
    );
    assert_eq!(one(hybrid), [Some(Engine::Docker)]);
    let both = format!("4:memory:/docker/{ID}\n0::/machine.slice/libpod-{ID}.scope\n");
    assert_eq!(one(both), [Some(Engine::Podman)]);
    assert_eq!(one("garbage\n::\n7:x\n".to_owned()), []);
    // Only cgroup2 and systemd's own hierarchy have units.
    let text = "5:memory:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n";
    assert_eq!(read(text).unit.as_deref(), Some("b.service"));
    assert_eq!(
        unit("/system.slice/a.service/b.service").as_deref(),
        Some("a.service")
    );
}

#[test]
fn escapes_of_systemd_are_undone() {
    for (name, plain) in [
        ("a\\x2db", "a-b"),
        ("\\x2d\\x2d", "--"),
        ("a\\xzz", "a\\xzz"),
        ("a\\x", "a\\x"),
        ("a\\xc3\\xa4", "a\\xc3\\xa4"),
        ("a\\xé", "a\\xé"),
    ] {
        assert_eq!(unescape(name), plain);
    }
}
