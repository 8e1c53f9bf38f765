//! Containers by the processes that watch over them: conmon, containerd's shim, LXC's monitor and
//! systemd-nspawn tell on their command lines whom they have started.

use super::host::Host;
use super::trace::{Trace, is_id, plain};
use crate::snapshot::Engine;

/// Ancestors that are looked at: monitors are near, and stand right below init or a service.
const MOST_ANCESTORS: usize = 16;

/// The container of the outermost monitor above a process, and the pid of that monitor.
pub(super) fn trace(pid: u32, host: &dyn Host) -> Option<(u32, Trace)> {
    let mut found = None;
    let mut pid = pid;
    for _ in 0..MOST_ANCESTORS {
        pid = match host.parent(pid) {
            Some(parent) if parent > 1 && parent != pid => parent,
            _ => break,
        };
        let arguments = host.arguments(pid).unwrap_or_default();
        if let Some(trace) = monitored(&arguments)
            && let Some(trace) = believed(trace, host.user(pid))
        {
            found = Some((pid, trace));
        }
    }
    found
}

/// What a monitor of this user says. Anybody can give a process such a command line: users have
/// containers of their own in Podman and LXC, where it counts as theirs, and with nothing else.
fn believed(trace: Trace, user: Option<u32>) -> Option<Trace> {
    match (user, trace.engine) {
        (Some(0), _) => Some(trace),
        (_, Some(Engine::Podman | Engine::Lxc)) => Some(Trace {
            delegated: true,
            user,
            ..trace
        }),
        _ => None,
    }
}

/// The container that the process with this command line watches over.
fn monitored(arguments: &[String]) -> Option<Trace> {
    let first = arguments.first()?;
    if let Some(title) = first.strip_prefix("[lxc monitor] ") {
        return lxc(title);
    }
    let program = first.rsplit('/').next().unwrap_or(first);
    match program {
        "conmon" | "conmon-rs" => conmon(arguments),
        "lxc-start" => named(Engine::Lxc, option(arguments, "-n", "--name")?),
        "systemd-nspawn" => named(Engine::SystemdNspawn, option(arguments, "-M", "--machine")?),
        program if program.starts_with("containerd-shim") => shim(arguments),
        _ => None,
    }
}

/// conmon(8): `-c` the id, `-n` the name, `-b` the bundle: podman, libpod/oci_conmon_common.go,
/// `sharedConmonArgs`, and cri-o, internal/oci/runtime_oci.go.
fn conmon(arguments: &[String]) -> Option<Trace> {
    let id = option(arguments, "-c", "--cid").filter(|id| is_id(id))?;
    let name = option(arguments, "-n", "--name");
    // cri-o, internal/factory/container: k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT.
    let kubernetes = name.is_some_and(|name| name.starts_with("k8s_"));
    let bundle = option(arguments, "-b", "--bundle");
    let directory = bundle.and_then(|bundle| bundle.strip_suffix("/userdata"));
    Some(Trace {
        engine: Some(match kubernetes {
            true => Engine::CriO,
            false => Engine::Podman,
        }),
        id: Some(id.to_owned()),
        name: name.filter(|_| !kubernetes).and_then(plain),
        directory: directory
            .filter(|directory| is_storage(directory, id))
            .map(str::to_owned),
        ..Trace::default()
    })
}

/// Whether a path is where containers/storage keeps this container. Paths with `..` are not.
fn is_storage(directory: &str, id: &str) -> bool {
    let rest = directory.strip_suffix(id);
    directory.starts_with('/')
        && !directory.split('/').any(|part| part == "..")
        && rest.is_some_and(|rest| rest.ends_with("-containers/"))
}

/// containerd, pkg/shim/shim.go: `-namespace` and `-id`. In Kubernetes one shim serves a pod, and
/// the id is the sandbox's.
fn shim(arguments: &[String]) -> Option<Trace> {
    let id = option(arguments, "-id", "--id").filter(|id| is_id(id))?;
    let namespace = plain(option(arguments, "-namespace", "--namespace")?)?;
    Some(Trace {
        engine: Some(match namespace.as_str() {
            // moby, daemon/config/config.go, `DefaultContainersNamespace`.
            "moby" => Engine::Docker,
            _ => Engine::Containerd,
        }),
        id: Some(id.to_owned()),
        namespace: Some(namespace),
        ..Trace::default()
    })
}

/// lxc, src/lxc/lxccontainer.c, `do_lxcapi_start`: "[lxc monitor] LXCPATH NAME" is the whole title.
fn lxc(title: &str) -> Option<Trace> {
    let (path, name) = title.trim_end().rsplit_once(' ')?;
    // Incus and LXD start their containers through liblxc from `containers` of their own folder.
    let incus = ["/incus/containers", "/lxd/containers"];
    let incus = incus.iter().any(|end| path.ends_with(end));
    named(if incus { Engine::Incus } else { Engine::Lxc }, name)
}

fn named(engine: Engine, name: &str) -> Option<Trace> {
    Some(Trace {
        engine: Some(engine),
        id: Some(plain(name)?),
        ..Trace::default()
    })
}

/// The value of an option, as a word of its own or behind `=`.
fn option<'a>(arguments: &'a [String], short: &str, long: &str) -> Option<&'a str> {
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        if word == short || word == long {
            return words.next().map(String::as_str);
        }
        let joined = word.strip_prefix(long);
        if let Some(value) = joined.and_then(|rest| rest.strip_prefix('=')) {
            return Some(value);
        }
    }
    None
}
