//! What one process tells of the container that it is in: its control groups first, because they
//! cost least and nobody inside can change them; where they say nothing, its monitors, its mounts
//! and the environment that it was started with.

use super::host::Host;
use super::trace::{Trace, is_hex, plain};
use super::{cgroup, mounts, parents};
use crate::snapshot::Engine;

/// How far a process is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Its control groups: one of many.
    Groups,
    /// Its monitors too: it holds a listener of the host's.
    Monitors,
    /// Its mounts and its environment too: it has a network namespace of its own.
    All,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The containers that it is in, the outermost first.
    pub(super) traces: Vec<Trace>,
    /// The system's service that it is the main process of.
    pub(super) unit: Option<String>,
}

/// Looks at a process.
pub(super) fn look(pid: u32, depth: Depth, host: &dyn Host) -> Seen {
    let group = host.cgroup(pid).map(|text| cgroup::read(&text));
    let mut group = group.unwrap_or_default();
    group
        .traces
        .retain(|trace| !is_supervisor(trace, pid, host));
    if !group.traces.is_empty() || depth == Depth::Groups {
        return Seen {
            traces: group.traces,
            unit: None,
        };
    }
    let one = |trace: Trace| Seen {
        traces: vec![Trace {
            delegated: group.delegated || trace.delegated,
            user: group.user.or(trace.user),
            ..trace
        }],
        unit: None,
    };
    if depth == Depth::All && group.unit.is_none() {
        let seen = host.mounts(pid).and_then(|text| mounts::trace(&text));
        if let Some(trace) = seen {
            return one(trace);
        }
    }
    if let Some((_, trace)) = parents::trace(pid, host) {
        return one(trace);
    }
    if depth == Depth::All && group.unit.is_none() {
        return environment(pid, host).map(one).unwrap_or_default();
    }
    // PrivateNetwork= gives the namespace to all of a unit, its main process included. What one of
    // a unit's processes has made is not the unit's.
    let main = |_: &String| host.parent(pid) == Some(1);
    Seen {
        traces: Vec::new(),
        unit: group.unit.filter(main),
    }
}

/// Whether a process is systemd-nspawn itself, which shares the group with its container on
/// version 1 of control groups.
fn is_supervisor(trace: &Trace, pid: u32, host: &dyn Host) -> bool {
    // The kernel keeps 15 bytes of a name, and this one has 14.
    trace.engine == Some(Engine::SystemdNspawn)
        && host.comm(pid).as_deref() == Some("systemd-nspawn")
}

/// `container=` of the first process: systemd's container interface
/// (systemd.io/CONTAINER_INTERFACE). Podman and Docker give the beginning of the id as the host
/// name: podman, libpod/container_internal_linux.go, `generateSpec`.
fn environment(pid: u32, host: &dyn Host) -> Option<Trace> {
    let engine = match host.variable(pid, "container")?.as_str() {
        "podman" | "libpod" => Engine::Podman,
        "docker" => Engine::Docker,
        "lxc" => Engine::Lxc,
        "incus" => Engine::Incus,
        "systemd-nspawn" => Engine::SystemdNspawn,
        "oci" => Engine::Unknown,
        _ => return None,
    };
    let name = host
        .variable(pid, "HOSTNAME")
        .and_then(|name| plain(&name))?;
    let beginning = name.len() == 12 && is_hex(&name);
    Some(Trace {
        engine: Some(engine),
        id: beginning.then(|| name.clone()),
        name: (!beginning).then_some(name),
        ..Trace::default()
    })
}
