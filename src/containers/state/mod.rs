//! What the runtimes' own files know of a container. Only the few fields that name it are read, and
//! each file once; no daemon is asked. A path has nothing of an untrusted text in it but an id of
//! exactly 64 hexadecimal digits, or a directory that ends with one.

mod docker;
mod files;
mod lxc;
mod oci;
mod pods;
mod quadlet;
mod storage;

use std::collections::BTreeMap;

use serde_json::Value;

use self::files::Files;
use self::lxc::Lists;
use self::pods::Logs;
use self::storage::Storages;
use super::host::Host;
use super::trace::{Trace, is_id, plain};
use super::{cgroup, mounts, parents};
use crate::snapshot::{Compose, Engine, Gap, Pod};

/// Labels or annotations: their values should be texts.
type Labels = BTreeMap<String, Value>;

/// Units that start containers for others: theirs is no restart of one container.
const FOR_OTHERS: [&str; 4] = [
    "podman.service",
    "cron.service",
    "crond.service",
    "atd.service",
];

/// A container as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) engine: Engine,
    pub(super) id: Option<String>,
    /// The name that it was given, checked. That in a pod is in `pod`.
    pub(super) name: Option<String>,
    pub(super) image: Option<String>,
    pub(super) pod: Option<Pod>,
    pub(super) compose: Option<Compose>,
    pub(super) unit: Option<String>,
    /// Whether Quadlet made that unit; of a user's container, in the user's own manager.
    pub(super) quadlet: bool,
    /// The user whose runtime it is, where that is not root.
    pub(super) user: Option<u32>,
    /// Whether somebody else than root may have made up what is known of it.
    pub(super) delegated: bool,
    /// Whether it only keeps the namespaces of a pod.
    pub(super) sandbox: bool,
    /// Whether something that the host's runtimes keep confirms it.
    pub(super) known: bool,
}

impl Found {
    fn of(trace: &Trace) -> Self {
        let pod = trace.pod.as_ref().map(|uid| Pod {
            uid: Some(uid.clone()),
            container: trace.name.clone(),
            ..Pod::default()
        });
        Self {
            engine: trace.engine.unwrap_or(Engine::Unknown),
            id: trace.id.clone(),
            name: trace.name.clone().filter(|_| pod.is_none()),
            image: None,
            pod,
            compose: None,
            unit: trace.unit.clone(),
            quadlet: false,
            user: trace.user,
            delegated: trace.delegated,
            sandbox: false,
            known: false,
        }
    }

    /// Adds what labels or annotations say of a pod, by the names of their keys.
    fn add_pod(&mut self, labels: &Labels, keys: &PodKeys) {
        let of = |key: &str| label(labels, key).and_then(plain);
        let (namespace, name) = (of(keys.namespace), of(keys.name));
        if namespace.is_none() && name.is_none() && self.pod.is_none() {
            return;
        }
        let pod = self.pod.get_or_insert_default();
        pod.namespace = namespace.or(pod.namespace.take());
        pod.name = name.or(pod.name.take());
        pod.uid = pod.uid.take().or_else(|| of(keys.uid));
        pod.container = of(keys.container).or(pod.container.take());
    }
}

/// The keys of a pod's facts.
struct PodKeys {
    namespace: &'static str,
    name: &'static str,
    uid: &'static str,
    container: &'static str,
}

/// kubelet's labels: k8s.io/kubelet/pkg/types/labels.go.
const KUBELET: PodKeys = PodKeys {
    namespace: "io.kubernetes.pod.namespace",
    name: "io.kubernetes.pod.name",
    uid: "io.kubernetes.pod.uid",
    container: "io.kubernetes.container.name",
};

fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.get(key)?.as_str().filter(|value| !value.is_empty())
}

/// The files of the host's runtimes, each read once.
pub(super) struct States<'a> {
    host: &'a dyn Host,
    files: Files<'a>,
    logs: Logs,
    lists: Lists,
    storages: Storages,
}

impl<'a> States<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self {
            host,
            files: Files::new(host),
            logs: Logs::default(),
            lists: Lists::default(),
            storages: Storages::default(),
        }
    }

    /// What is not known because a file could not be understood.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        self.files.into_gaps()
    }

    /// The container that these traces of process `pid`, the outermost first, belong to, and which of
    /// them it is.
    ///
    /// Of containers in containers it is the outermost that this host manages: what the inner
    /// runtime knows is inside of the outer's file system, and what an operator of this host can
    /// change, a flag or a restart, he changes on the outer one.
    pub(super) fn resolve(&self, traces: &[Trace], pid: Option<u32>) -> Option<(Found, usize)> {
        let mut first = None;
        for (depth, trace) in traces.iter().enumerate() {
            let found = self.read(trace, pid);
            if found.known {
                return Some((found, depth));
            }
            if !trace.tentative {
                first.get_or_insert((found, depth));
            }
        }
        first
    }

    fn read(&self, trace: &Trace, pid: Option<u32>) -> Found {
        let mut found = Found::of(trace);
        match trace.engine {
            Some(Engine::Docker) => self.docker(&mut found, trace, pid),
            Some(Engine::Containerd) => oci::containerd(&mut found, trace, &self.files),
            Some(Engine::CriO) => oci::crio(&mut found, trace, &self.files),
            Some(Engine::Podman) => self.podman(&mut found, trace, pid),
            Some(Engine::Lxc | Engine::Incus) => self.lists.read(&mut found, self.host),
            Some(Engine::SystemdNspawn) => lxc::nspawn(&mut found, &self.files),
            Some(Engine::Unknown) => {}
            None => self.guess(&mut found, trace),
        }
        // Kubernetes, build/pause/linux/pause.c: what keeps the namespaces where nothing else tells.
        let pause = || pid.and_then(|pid| self.host.comm(pid)).as_deref() == Some("pause");
        found.sandbox |= found.pod.is_some() && !found.known && pause();
        if !trace.delegated {
            self.logs.add(&mut found, self.host);
        }
        found
    }

    /// A path had an id alone: whoever has state of it runs it.
    fn guess(&self, found: &mut Found, trace: &Trace) {
        let mut with = |engine: Engine, read: &dyn Fn(&mut Found)| {
            if !found.known {
                let before = std::mem::replace(&mut found.engine, engine);
                read(found);
                if !found.known {
                    found.engine = before;
                }
            }
        };
        if trace.pod.is_none() {
            with(Engine::Docker, &|found| {
                docker::read(found, trace, &self.files)
            });
        }
        with(Engine::Containerd, &|found| {
            oci::containerd(found, trace, &self.files)
        });
        if trace.pod.is_some() {
            with(Engine::Docker, &|found| {
                docker::read(found, trace, &self.files)
            });
        }
    }

    /// Podman's files are where the storage of the user who runs it is; its monitor and the mounts
    /// tell.
    fn podman(&self, found: &mut Found, trace: &Trace, pid: Option<u32>) {
        let above = pid.and_then(|pid| parents::trace(pid, self.host));
        let above = above.filter(|(_, above)| above.id == trace.id);
        let mut directory = trace.directory.clone();
        let mut users_unit = trace.users_unit.clone();
        if let Some((monitor, above)) = above {
            found.name = above.name.or(found.name.take());
            directory = above.directory.or(directory);
            // podman, libpod/oci_conmon_linux.go, `moveConmonToCgroupAndSignal`: where a unit has
            // started it, conmon stays in the unit's own group.
            let group = self.host.cgroup(monitor).map(|text| cgroup::read(&text));
            let group = group.unwrap_or_default();
            let not_for_others = |unit: &String| !FOR_OTHERS.contains(&unit.as_str());
            found.unit = found.unit.take().or(group.unit.filter(not_for_others));
            users_unit = users_unit.or(group.users_unit.filter(not_for_others));
            // It runs as whoever runs Podman, and sudo(8) leaves it in that user's slice.
            let user = self.host.user(monitor).or(group.user).or(found.user);
            found.user = user.filter(|user| *user != 0);
            found.delegated |= found.user.is_some();
        }
        quadlet::add(found, users_unit, &self.files);
        let trace = Trace {
            directory,
            delegated: found.delegated,
            ..trace.clone()
        };
        self.storages.read(found, &trace, &self.files);
    }

    /// Where Docker's root is another one, its mounts come from there.
    fn docker(&self, found: &mut Found, trace: &Trace, pid: Option<u32>) {
        docker::read(found, trace, &self.files);
        if found.known || trace.directory.is_some() {
            return;
        }
        let mounts = pid.and_then(|pid| self.host.mounts(pid));
        let seen = mounts.and_then(|text| mounts::trace(&text));
        let Some(seen) = seen.filter(|seen| seen.id == trace.id) else {
            return;
        };
        let trace = Trace {
            directory: seen.directory,
            // The rest was looked at.
            delegated: true,
            ..trace.clone()
        };
        docker::read(found, &trace, &self.files);
    }
}

/// The directories that may have the state of a container, the one that was seen first. Not those
/// of the system where somebody else may have made up the id.
fn places(trace: &Trace, roots: &[&str]) -> Vec<String> {
    let Some(id) = trace.id.as_deref().filter(|id| is_id(id)) else {
        return Vec::new();
    };
    let mut places: Vec<String> = trace.directory.iter().cloned().collect();
    if !trace.delegated {
        places.extend(roots.iter().map(|root| format!("{root}/{id}")));
    }
    places
}
