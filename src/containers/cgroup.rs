//! Containers and units in the paths of control groups: text in, traces out. Follows cgroups(7);
//! the names are those that each runtime gives, with their source beside each pattern.
//!
//! A process may make groups of any name below its own. What a path says is believed as far as only
//! root can have written it, see [`Trace::delegated`].

use super::trace::{Trace, is_id, plain, pod_uid};
use crate::snapshot::Engine;

/// Lines of a process's file: version 1 has 13 controllers at most.
const MOST_LINES: usize = 64;
/// Levels of a path that are looked at.
const MOST_LEVELS: usize = 64;

/// Services of root that keep what they start in their own groups: runc makes a path that does not
/// begin at the root below its caller's (runc, libcontainer/cgroups/fs/paths.go).
const RUNTIMES: [&str; 8] = [
    "containerd.service",
    "crio.service",
    "docker.service",
    "k3s-agent.service",
    "k3s.service",
    "podman.service",
    "rke2-agent.service",
    "rke2-server.service",
];

/// What the control groups of one process say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// Containers, the outermost first.
    pub(super) traces: Vec<Trace>,
    /// The system's own systemd unit.
    pub(super) unit: Option<String>,
    /// The unit of a user's own manager.
    pub(super) users_unit: Option<String>,
    /// The user whose it is, where that is not root.
    pub(super) user: Option<u32>,
    /// Whether the process is one of a user's, or of a service that may be.
    pub(super) delegated: bool,
}

/// Reads /proc/PID/cgroup. Of several hierarchies the first that names a container counts: cgroup2,
/// then that of systemd, then the controllers. On hybrid hosts cgroup2 may have the process where
/// its shim was started, and only a controller knows the container.
pub(super) fn read(text: &str) -> Group {
    let mut lines: Vec<(u8, &str)> = text
        .lines()
        .take(MOST_LINES)
        .filter_map(|line| {
            let (hierarchy, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            Some(match (hierarchy, controllers) {
                ("0", _) => (0, path),
                (_, "name=systemd") => (1, path),
                _ => (2, path),
            })
        })
        .collect();
    lines.sort_by_key(|(rank, _)| *rank);
    let mut traces = lines.iter().map(|(_, path)| traces(path));
    let managed = || lines.iter().filter(|(rank, _)| *rank < 2);
    Group {
        traces: traces.find(|traces| !traces.is_empty()).unwrap_or_default(),
        unit: managed().find_map(|(_, path)| unit(path)),
        users_unit: managed().find_map(|(_, path)| users_unit(path)),
        user: lines.iter().find_map(|(_, path)| user(path)),
        delegated: lines.iter().any(|(_, path)| delegated(path)),
    }
}

/// Whether somebody else than root may have made a group, or what is below it.
fn delegated(path: &str) -> bool {
    let mut parts = parts(path);
    let slices = (parts.next(), parts.next());
    is_users(slices) || self::parts(path).any(is_service)
}

/// Whether the two highest levels are those of another user than root.
fn is_users(slices: (Option<&str>, Option<&str>)) -> bool {
    slices.0 == Some("user.slice") && slices.1 != Some("user-0.slice")
}

/// The user, not root, below whose slice a group is: logind names it (systemd,
/// src/login/logind-user.c).
fn user(path: &str) -> Option<u32> {
    let mut parts = parts(path);
    let slice = parts.next().filter(|slice| *slice == "user.slice");
    let name = slice.and(parts.next())?.strip_prefix("user-")?;
    let uid = name.strip_suffix(".slice")?.parse().ok();
    uid.filter(|uid| *uid != 0)
}

fn is_service(part: &str) -> bool {
    part.ends_with(".service") && !RUNTIMES.contains(&part)
}

/// The service of the system's own manager that a group belongs to. Only slices may stand above it,
/// and no user's: nobody but root makes groups there, so the name is what it seems.
pub(super) fn unit(path: &str) -> Option<String> {
    let is_slice = |part: &&str| part.ends_with(".slice");
    let above = parts(path).next().filter(is_slice)?;
    let part = parts(path).find(|part| !is_slice(part))?;
    service(part).filter(|_| above != "user.slice")
}

/// The service of a user's own manager that a group belongs to.
fn users_unit(path: &str) -> Option<String> {
    let user = user(path)?;
    let manager = format!("user@{user}.service");
    let mut below = parts(path).skip(2);
    below.next().filter(|part| *part == manager)?;
    let mut below = below.skip_while(|part| part.ends_with(".slice"));
    below.next().and_then(service)
}

/// The name of a service in the characters of systemd.unit(5).
fn service(part: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    let fits = part.ends_with(".service") && part.len() < 256 && part.chars().all(allowed);
    fits.then(|| part.to_owned())
}

/// The containers of a path, the outermost first.
pub(super) fn traces(path: &str) -> Vec<Trace> {
    let (unit, users_unit, user) = (unit(path), users_unit(path), user(path));
    let parts: Vec<&str> = parts(path).collect();
    let mut found = Vec::new();
    let mut delegated = is_users((parts.first().copied(), parts.get(1).copied()));
    let mut kubernetes = parts.first() == Some(&"..");
    let mut pod = None;
    for (n, part) in parts.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| parts.get(n));
        let after = parts.get(n + 1).copied();
        kubernetes |= part.contains("kubepods");
        if kubernetes {
            pod = pod_of(part).or(pod);
        }
        let here = Part {
            text: part,
            before: before.copied().unwrap_or_default(),
            after,
            delegated,
        };
        if let Some(trace) = here.trace() {
            let own = matches!(trace.engine, Some(Engine::Podman | Engine::SystemdNspawn));
            found.push(Trace {
                pod: pod.take(),
                unit: unit.clone().filter(|_| own && found.is_empty()),
                users_unit: users_unit.clone().filter(|_| own && found.is_empty()),
                user,
                delegated,
                ..trace
            });
            // Whoever is root in a container names the groups below its own.
            delegated = true;
        }
        delegated |= is_service(part);
    }
    found
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.take(MOST_LEVELS)
}

/// The pod of `pod<uid>` (cgroupfs) or `kubepods-burstable-pod<uid>.slice` (systemd). kubelet,
/// pkg/kubelet/cm/pod_container_manager_linux.go, `podCgroupNamePrefix` and `GetPodContainerName`.
fn pod_of(part: &str) -> Option<String> {
    let part = part.split(':').next().unwrap_or(part);
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = match part.rsplit_once("-pod") {
        Some((_, uid)) => uid,
        None => part.strip_prefix("pod")?,
    };
    pod_uid(uid)
}

/// One level of a path with its neighbours.
struct Part<'a> {
    text: &'a str,
    before: &'a str,
    after: Option<&'a str>,
    delegated: bool,
}

impl Part<'_> {
    fn trace(&self) -> Option<Trace> {
        self.prefixed()
            .or_else(|| self.lxc())
            .or_else(|| self.nspawn())
            .or_else(|| self.bare())
    }

    /// `PREFIX-ID.scope`, `PREFIX-ID`, and `SLICE:PREFIX:ID` where a runtime without systemd took
    /// the form that it expects for a name.
    fn prefixed(&self) -> Option<Trace> {
        let name = self.text.strip_suffix(".scope").unwrap_or(self.text);
        let (prefix, id) = match self.text.rsplit_once(':') {
            Some((rest, id)) => (rest.rsplit(':').next().unwrap_or(rest), id),
            None => name.rsplit_once('-')?,
        };
        let (engine, namespace) = match prefix {
            // moby, daemon/oci_linux.go, `WithCgroups`: "system.slice:docker:ID".
            "docker" => (Engine::Docker, None),
            // containerd, internal/cri/server/podsandbox/helpers.go, `getCgroupsPath`.
            "cri-containerd" => (Engine::Containerd, Some("k8s.io")),
            // nerdctl, pkg/cmd/container/run_cgroup_linux.go, `generateCgroupPath`.
            "nerdctl" => (Engine::Containerd, Some("default")),
            // cri-o, internal/config/cgmgr/cgmgr_linux.go, `CrioPrefix`; its conmon is in
            // `crio-conmon-ID.scope`, whose prefix is another.
            "crio" => (Engine::CriO, None),
            // podman, libpod/container.go, `CGroupPath`; with --cgroups=split, which Quadlet uses,
            // `libpod-payload-ID` in the unit's own group. `libpod-conmon-ID` is its monitor.
            "libpod" | "libpod-payload" => (Engine::Podman, None),
            _ => return None,
        };
        is_id(id).then(|| Trace {
            engine: Some(engine),
            id: Some(id.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..Trace::default()
        })
    }

    /// lxc, src/lxc/cgroups/cgroup.h, `DEFAULT_PAYLOAD_CGROUP_PREFIX`; before 4.0 the name was a
    /// level of its own, below `lxc` or `lxc.payload`. `lxc.monitor` has the monitor.
    fn lxc(&self) -> Option<Trace> {
        let name = match self.text.strip_prefix("lxc.payload.") {
            Some(name) => name,
            None if matches!(self.before, "lxc" | "lxc.payload") => self.text,
            None => return None,
        };
        Some(Trace {
            engine: Some(Engine::Lxc),
            id: Some(plain(name)?),
            ..Trace::default()
        })
    }

    /// systemd, units/systemd-nspawn@.service.in and src/machine/machine-dbus.c,
    /// `machine_start_scope`; src/nspawn/nspawn-cgroup.c, `create_subcgroup`, puts the container
    /// into `payload` and itself into `supervisor`. libvirt has scopes of that form too.
    fn nspawn(&self) -> Option<Trace> {
        let service = self
            .text
            .strip_prefix("systemd-nspawn@")
            .and_then(|rest| rest.strip_suffix(".service"));
        let scope = || self.text.strip_prefix("machine-")?.strip_suffix(".scope");
        let name = service.or_else(scope)?;
        if self.delegated || self.after == Some("supervisor") {
            return None;
        }
        Some(Trace {
            engine: Some(Engine::SystemdNspawn),
            id: Some(plain(&unescape(name))?),
            tentative: service.is_none() && self.after != Some("payload"),
            ..Trace::default()
        })
    }

    /// An id as it is: `/docker/ID` (moby's cgroupfs driver), `/kubepods/burstable/podUID/ID`
    /// (containerd's and Docker's), `/NAMESPACE/ID` (containerd, pkg/oci/spec.go,
    /// `populateDefaultUnixSpec`), `--cgroup-parent`, or what is left of one in a cgroup namespace.
    fn bare(&self) -> Option<Trace> {
        // podman, libpod/runtime_pod_linux.go: below `libpod_parent` stands the pod.
        if !is_id(self.text) || self.before == "libpod_parent" {
            return None;
        }
        Some(Trace {
            engine: (self.before == "docker").then_some(Engine::Docker),
            id: Some(self.text.to_owned()),
            namespace: plain(self.before),
            ..Trace::default()
        })
    }
}

/// Undoes systemd's escapes, systemd-escape(1): `\x2d` is a dash.
pub(super) fn unescape(name: &str) -> String {
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        text.push_str(before);
        let code = after
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                text.push(char::from(code));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                text.push_str("\\x");
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}
