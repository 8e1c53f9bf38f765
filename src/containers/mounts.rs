//! Containers in the mounts of a process: text in, trace out. Runtimes bind files of their own over
//! /etc/hosts and its like, and the kernel tells the path of the file that was bound. So a container
//! is known whose control group is not its own, or is hidden by a cgroup namespace.
//!
//! Follows proc_pid_mountinfo(5). The path is that inside of the file system where the file is, so
//! what stands above its mount point is missing: on a host with /run on a tmpfs,
//! `/run/containers/x` is `/containers/x`.

use super::trace::{Trace, is_id, plain, pod_uid};
use crate::snapshot::Engine;

/// Lines that are looked at. A container has some dozens, a host may have thousands.
const MOST_LINES: usize = 4096;

/// What runtimes bind, what says most first. Containers that share a network share the files of
/// its first one, except what is written for each alone.
const POINTS: [&str; 5] = [
    "/run/.containerenv",
    "/dev/termination-log",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
];

/// The container that a process is in, by its mountinfo.
pub(super) fn trace(text: &str) -> Option<Trace> {
    let mut found: [Option<&str>; POINTS.len()] = [None; POINTS.len()];
    for line in text.lines().take(MOST_LINES) {
        let mut fields = line.split(' ').skip(3);
        let (Some(source), Some(point)) = (fields.next(), fields.next()) else {
            continue;
        };
        let known = POINTS.iter().position(|known| *known == point);
        // The last one is on top.
        if let Some(place) = known.and_then(|known| found.get_mut(known)) {
            *place = Some(source);
        }
    }
    let hints: Vec<Trace> = found.into_iter().flatten().filter_map(hint).collect();
    let pod = hints.iter().find(|hint| hint.pod.is_some());
    let own = hints.iter().find(|hint| hint.id.is_some());
    let Some(pod) = pod else {
        return own.cloned();
    };
    // In a pod the other files are those of its sandbox, whose id is not the container's.
    let engine = own.and_then(|own| match own.engine {
        Some(Engine::Podman) => Some(Engine::CriO),
        engine => engine,
    });
    Some(Trace {
        engine,
        name: hints.iter().find_map(|hint| hint.name.clone()),
        pod: pod.pod.clone(),
        ..Trace::default()
    })
}

/// What the path of one bound file says.
fn hint(source: &str) -> Option<Trace> {
    let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty()).collect();
    if parts.contains(&"..") {
        return None;
    }
    for (n, part) in parts.iter().enumerate() {
        let at = |ahead: usize| parts.get(n + ahead).copied().unwrap_or_default();
        // kubelet, pkg/kubelet/kubelet_pods.go, `makeHostsMount`: ROOT/pods/UID/etc-hosts;
        // pkg/kubelet/kuberuntime: ROOT/pods/UID/containers/NAME/HASH for /dev/termination-log.
        if *part == "pods"
            && let Some(uid) = pod_uid(at(1))
        {
            return Some(Trace {
                pod: Some(uid),
                name: plain(at(3)).filter(|_| at(2) == "containers"),
                ..Trace::default()
            });
        }
        let id = Some(at(1)).filter(|id| is_id(id));
        let engine = match *part {
            // moby, container/container_unix.go: ROOT/containers/ID/hostname.
            "containers" if at(3).is_empty() => Engine::Docker,
            // containers/storage, `ContainerRunDirectory`: DRIVER-containers/ID/userdata.
            part if part.ends_with("-containers") && at(2) == "userdata" => Engine::Podman,
            // containerd, internal/cri/server/podsandbox/helpers.go, `getSandboxHostname`.
            "sandboxes" => Engine::Containerd,
            _ => continue,
        };
        let Some(id) = id else { continue };
        let directory = parts.get(..n + 2).unwrap_or_default().join("/");
        return Some(Trace {
            engine: Some(engine),
            id: Some(id.to_owned()),
            directory: Some(format!("/{directory}")),
            ..Trace::default()
        });
    }
    None
}
