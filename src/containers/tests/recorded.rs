//! The trees below tests/containers: processes and state files as they are on such hosts.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::host::Host;
use super::{collected, identify, told};
use crate::snapshot::{Compose, Container, Engine, Snapshot};

/// A recorded host.
struct Tree(PathBuf);

impl Tree {
    fn of(&self, pid: u32, name: &str) -> Option<String> {
        let bytes = fs::read(self.0.join(format!("proc/{pid}/{name}"))).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Pid, name and network namespace of every process.
    fn processes(&self) -> Vec<(u32, String, u64)> {
        let folders = fs::read_dir(self.0.join("proc")).unwrap();
        let of = |folder: fs::DirEntry| {
            let pid = folder.file_name().to_str().unwrap().parse().unwrap();
            let netns = fs::read_link(folder.path().join("ns/net")).unwrap();
            let digits = |c: &char| c.is_ascii_digit();
            let inode: String = netns.to_str().unwrap().chars().filter(digits).collect();
            (pid, self.comm(pid).unwrap(), inode.parse().unwrap())
        };
        let mut found: Vec<_> = folders.map(|folder| of(folder.unwrap())).collect();
        found.sort();
        found
    }
}

impl Host for Tree {
    fn shares_mounts(&self, _: u32) -> bool {
        false
    }

    fn cgroup(&self, pid: u32) -> Option<String> {
        self.of(pid, "cgroup")
    }

    fn mounts(&self, pid: u32) -> Option<String> {
        self.of(pid, "mountinfo")
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        let text = self.of(pid, "cmdline")?;
        Some(
            text.trim_end_matches('\0')
                .split('\0')
                .map(str::to_owned)
                .collect(),
        )
    }

    fn parent(&self, pid: u32) -> Option<u32> {
        let stat = self.of(pid, "stat")?;
        stat.rsplit_once(')')?
            .1
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let text = self.of(pid, "environ")?;
        let mut variables = text
            .split('\0')
            .filter_map(|variable| variable.split_once('='));
        Some(variables.find(|(known, _)| *known == name)?.1.to_owned())
    }

    fn comm(&self, pid: u32) -> Option<String> {
        Some(self.of(pid, "comm")?.trim_end().to_owned())
    }

    fn started(&self, pid: u32) -> Option<u64> {
        let stat = self.of(pid, "stat")?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        fields.nth(19)?.parse().ok()
    }

    fn netns(&self, pid: u32) -> Option<u64> {
        let mut all = self.processes().into_iter();
        all.find(|(known, ..)| *known == pid).map(|found| found.2)
    }

    fn user(&self, _: u32) -> Option<u32> {
        None
    }

    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let path = self.0.join(path.strip_prefix('/').unwrap());
        Ok(fs::read_to_string(path).ok())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.0.join(&path[1..])) else {
            return Vec::new();
        };
        let mut names: Vec<String> = folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn identified(name: &str) -> Snapshot {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers");
    let tree = Tree(folder.join(name));
    let (mut snapshot, members) = collected(&tree.processes());
    identify(&mut snapshot, &members, &tree);
    snapshot
}

/// Whether namespaces of that name belong to something inside their containers.
fn nested(snapshot: &Snapshot, name: &str) -> bool {
    let mut all = snapshot.namespaces.iter();
    all.find(|netns| netns.name == name).unwrap().nested
}

fn assert_told(snapshot: &Snapshot, expected: &[&str]) {
    let told = told(snapshot);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines, expected);
}

/// The container of that name in any namespace.
fn container<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Container {
    let mut all = snapshot
        .namespaces
        .iter()
        .flat_map(|netns| &netns.containers);
    all.find(|container| container.name == name).unwrap()
}

#[test]
fn docker_is_known_by_its_scopes_groups_and_roots() {
    let snapshot = identified("docker");
    let expected = [
        "1840 host (-) - [docker/node-exporter]",
        "  1400: docker/node-exporter",
        "2301 docker/shop-web-1 (compose/shop/web) - [docker/shop-web-1]",
        "  1224: docker/shop-web-1",
        "  1261: docker/shop-web-1",
        "2302 docker/cache (-) - [docker/cache]",
        "  1310: docker/cache",
        "2303 docker/ci (-) - [docker/ci]",
        "  1500: docker/ci",
        "2304 docker/ci/33bf6fbd7cd8 (docker/ci/process/postgres) - [docker/ci]",
        "  1550: docker/ci",
        "2305 docker/blog (-) - [docker/blog]",
        "  1600: docker/blog",
        "2306 docker/283bb9deef02 (process/sleep) - [docker/283bb9deef02]",
        "  1700: docker/283bb9deef02",
        "2307 docker/task (-) - [docker/task]",
        "  1800: docker/task",
    ];
    assert_told(&snapshot, &expected);
    assert!(nested(&snapshot, "docker/ci/33bf6fbd7cd8"));
    assert!(!nested(&snapshot, "docker/ci"));
}

#[test]
fn containerd_names_pods_and_the_containers_of_nerdctl() {
    let snapshot = identified("containerd");
    let expected = [
        "1840 host (-) - [pod/kube-system/kube-proxy-x7k2p/kube-proxy]",
        "  2201: pod/kube-system/kube-proxy-x7k2p/POD",
        "  2240: pod/kube-system/kube-proxy-x7k2p/kube-proxy",
        "2401 pod/shop/web-5d9c7b6f4-x2x7z (pod/shop/web) - [pod/shop/web-5d9c7b6f4-x2x7z/nginx, pod/shop/web-5d9c7b6f4-x2x7z/log-shipper]",
        "  2001: pod/shop/web-5d9c7b6f4-x2x7z/POD",
        "  2040: pod/shop/web-5d9c7b6f4-x2x7z/nginx",
        "  2050: pod/shop/web-5d9c7b6f4-x2x7z/log-shipper",
        "2402 pod/kube-system/coredns-5644d7b6d9-c5tbq (pod/kube-system/coredns) - [pod/kube-system/coredns-5644d7b6d9-c5tbq/coredns]",
        "  2101: pod/kube-system/coredns-5644d7b6d9-c5tbq/POD",
        "  2140: pod/kube-system/coredns-5644d7b6d9-c5tbq/coredns",
        "2403 pod/data/db-0 (pod/data/db) - [pod/data/db-0/postgres]",
        "  2340: pod/data/db-0/postgres",
        "2404 containerd/app (-) - [containerd/app]",
        "  2440: containerd/app",
        "2405 containerd/2752ea5db34c (process/job) - [containerd/2752ea5db34c]",
        "  2540: containerd/2752ea5db34c",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn cri_o_names_pods() {
    let snapshot = identified("cri-o");
    let expected = [
        "1840 host (-) - []",
        "2501 pod/shop/web-0 (pod/shop/web) - [pod/shop/web-0/httpd]",
        "  3001: pod/shop/web-0/POD",
        "  3040: pod/shop/web-0/httpd",
        "2502 pod/ops/agent-kq5zs (pod/ops/agent) - [pod/ops/agent-kq5zs/agent]",
        "  3140: pod/ops/agent-kq5zs/agent",
        "2503 pod/ops/batch-28374650-x7k2p (pod/ops/batch) - [pod/ops/batch-28374650-x7k2p/run]",
        "  3240: pod/ops/batch-28374650-x7k2p/run",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn k3s_names_pods_from_its_own_folders() {
    let snapshot = identified("k3s");
    let expected = [
        "1840 host (-) - []",
        "2601 pod/kube-system/traefik-f4564c4f4-b9x2t (pod/kube-system/traefik) - [pod/kube-system/traefik-f4564c4f4-b9x2t/traefik]",
        "  4001: pod/kube-system/traefik-f4564c4f4-b9x2t/POD",
        "  4040: pod/kube-system/traefik-f4564c4f4-b9x2t/traefik",
        "2602 pod/kube-system/kube-apiserver-node1 (-) - [pod/kube-system/kube-apiserver-node1/kube-apiserver]",
        "  4140: pod/kube-system/kube-apiserver-node1/kube-apiserver",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn podman_is_known_with_and_without_control_groups() {
    let snapshot = identified("podman");
    let expected = [
        "1840 host (-) - [podman/gateway]",
        "  27702: podman/gateway",
        "3001 podman/web (-) - [podman/web]",
        "  25210: podman/web",
        "3002 podman/app (-) - [podman/app]",
        "  29203: podman/3345f99b1606-infra",
        "  29225: podman/app",
        "3003 podman/batch (-) - [podman/batch]",
        "  29261: podman/batch",
        "3004 podman/systemd-redis (-) - [podman/systemd-redis]",
        "  8001: podman/systemd-redis",
        "3005 podman/mail (-) - [podman/mail]",
        "  8101: podman/mail",
        "3006 podman/wiki (-) - [podman/wiki]",
        "  8201: podman/wiki",
        "3007 podman/plain (-) - [podman/plain]",
        "  8301: podman/plain",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn lxc_is_known_by_its_groups_and_its_monitor() {
    let snapshot = identified("lxc");
    let expected = [
        "1840 host (-) - []",
        "2701 lxc/web (-) - [lxc/web]",
        "  5001: lxc/web",
        "  5040: lxc/web",
        "2702 lxc/old (-) - [lxc/old]",
        "  5101: lxc/old",
        "2703 lxc/bare (-) - [lxc/bare]",
        "  5201: lxc/bare",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn incus_and_lxd_are_told_from_lxc_by_their_folders() {
    let snapshot = identified("incus");
    let expected = [
        "1840 host (-) - []",
        "2801 incus/c1 (-) - [incus/c1]",
        "  6001: incus/c1",
        "  6040: incus/c1",
        "2802 incus/prod_db (-) - [incus/prod_db]",
        "  6101: incus/prod_db",
        "  6140: incus/prod_db",
        "2803 incus/u1 (-) - [incus/u1]",
        "  6201: incus/u1",
        "  6240: incus/u1",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn nspawn_is_told_from_virtual_machines() {
    let snapshot = identified("nspawn");
    let expected = [
        "1840 host (-) - []",
        "2901 systemd-nspawn/deb (-) - [systemd-nspawn/deb]",
        "  7001: systemd-nspawn/deb",
        "  7040: systemd-nspawn/deb",
        "2902 systemd-nspawn/my-box (-) - [systemd-nspawn/my-box]",
        "  7101: systemd-nspawn/my-box",
        "2903 systemd-nspawn/old (-) - [systemd-nspawn/old]",
        "  7301: systemd-nspawn/old",
    ];
    assert_told(&snapshot, &expected);
}

#[test]
fn what_the_runtimes_know_is_recorded() {
    let docker = identified("docker");
    let web = container(&docker, "docker/shop-web-1");
    assert_eq!(web.runtime, Engine::Docker);
    assert_eq!(web.id.as_deref().map(str::len), Some(64));
    assert_eq!(web.image.as_deref(), Some("nginx:1.25"));
    let compose = web.compose.as_ref();
    let expected = ("shop".to_owned(), "web".to_owned());
    assert_eq!(
        compose.map(|Compose { project, service }| (project.clone(), service.clone())),
        Some(expected)
    );
    assert_eq!(web.pod, None);

    let nginx = identified("containerd");
    let nginx = container(&nginx, "pod/shop/web-5d9c7b6f4-x2x7z/nginx");
    assert_eq!(nginx.runtime, Engine::Containerd);
    assert_eq!(nginx.image.as_deref(), Some("docker.io/library/nginx:1.25"));
    let pod = nginx.pod.as_ref().unwrap();
    assert_eq!(pod.namespace.as_deref(), Some("shop"));
    assert_eq!(pod.container.as_deref(), Some("nginx"));
    assert_eq!(pod.uid.as_deref().map(str::len), Some(36));

    let crio = identified("cri-o");
    let httpd = container(&crio, "pod/shop/web-0/httpd");
    assert_eq!(httpd.runtime, Engine::CriO);
    assert_eq!(httpd.image.as_deref(), Some("registry.example/httpd:2.4"));
    let only_mounts = container(&crio, "pod/ops/batch-28374650-x7k2p/run");
    assert_eq!(only_mounts.runtime, Engine::CriO);
    assert_eq!(only_mounts.id, None);

    let lxc = identified("incus");
    let db = container(&lxc, "incus/prod_db");
    assert_eq!(
        (db.runtime, db.id.as_deref()),
        (Engine::Incus, Some("prod_db"))
    );
}

#[test]
fn units_of_podman_and_nspawn_are_those_that_start_the_container() {
    let podman = identified("podman");
    for (name, unit) in [
        ("podman/systemd-redis", Some("redis.service")),
        ("podman/mail", Some("container-mail.service")),
        ("podman/web", None),
        ("podman/wiki", None),
    ] {
        let container = container(&podman, name);
        assert_eq!(container.unit.as_deref(), unit, "{name}");
        assert_eq!(container.runtime, Engine::Podman);
        assert!(!container.quadlet, "{name}");
    }
    let wiki = container(&podman, "podman/wiki");
    assert_eq!(wiki.image.as_deref(), Some("docker.io/library/dokuwiki:1"));
    assert_eq!(wiki.user, Some(1000));
    assert_eq!(container(&podman, "podman/mail").user, None);
    let nspawn = identified("nspawn");
    let deb = container(&nspawn, "systemd-nspawn/deb");
    assert_eq!(deb.unit.as_deref(), Some("systemd-nspawn@deb.service"));
}
