//! The names of containers and namespaces: readable, the same after a restart where that can be,
//! and unique in a record.

use std::collections::{BTreeMap, BTreeSet};

use super::pod;
use super::state::Found;
use super::trace::{Trace, is_hex, is_id, short};
use crate::snapshot::{Container, Namespace, Pod, Snapshot};

/// What kubelet calls the container that keeps a pod's namespaces: kubelet,
/// pkg/kubelet/kuberuntime/helpers.go, `kubeSandboxNamePrefix`.
const SANDBOX: &str = "POD";

/// Whose word a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// Root alone can have given it.
    Root,
    /// A user, if it is known which one, or a service.
    Delegated(Option<u32>),
}

impl Claim {
    /// The user.
    pub(super) fn user(self) -> Option<u32> {
        match self {
            Self::Root => None,
            Self::Delegated(user) => user,
        }
    }
}

/// The name of a container, not yet unique.
pub(super) fn of_container(found: &Found) -> String {
    let own = found.name.as_deref();
    let id = found.id.as_deref().map(short);
    let Some(pod) = found.pod.as_ref().and_then(of_pod) else {
        let own = own.or(id).unwrap_or("unknown");
        return format!("{}/{own}", found.engine);
    };
    let in_pod = found.pod.as_ref().and_then(|pod| pod.container.as_deref());
    let own = match found.sandbox {
        true => SANDBOX,
        false => in_pod.or(own).or(id).unwrap_or("unknown"),
    };
    format!("{pod}/{own}")
}

/// `pod/NAMESPACE/NAME`, or with its UID where that is all.
fn of_pod(pod: &Pod) -> Option<String> {
    match (&pod.namespace, &pod.name, &pod.uid) {
        (Some(namespace), Some(name), _) => Some(format!("pod/{namespace}/{name}")),
        (_, _, Some(uid)) => Some(format!("pod/{uid}")),
        _ => None,
    }
}

/// Names a namespace after the container that it was made for.
pub(super) fn after_container(netns: &mut Namespace, container: &Container) {
    let pod = container.pod.as_ref();
    if let Some(pod) = pod
        && let Some(name) = of_pod(pod)
    {
        netns.workload = match (&pod.namespace, &pod.name) {
            (Some(namespace), Some(own)) => Some(format!("pod/{namespace}/{}", pod::workload(own))),
            _ => None,
        };
        netns.workload.take_if(|workload| *workload == name);
        netns.name = name;
        return;
    }
    let unnamed = |id: &str| id.len() >= 12 && is_hex(id) && container.name.ends_with(short(id));
    if let Some(compose) = &container.compose {
        netns.workload = Some(format!("compose/{}/{}", compose.project, compose.service));
    } else if !container.id.as_deref().is_some_and(unnamed) {
        netns.workload = None;
    }
    // A namespace that is named by an id keeps what the collector said of its process.
    netns.name.clone_from(&container.name);
}

/// Names a namespace that something inside of a container has made: a container inside, or a process
/// of its own.
pub(super) fn nested(netns: &mut Namespace, container: &Container, inner: Option<&Trace>) {
    let mut outer = Namespace::new(&*container.name);
    after_container(&mut outer, container);
    let seen = netns.name.clone();
    let id = inner.and_then(|inner| inner.id.as_deref());
    let name = inner.and_then(|inner| inner.name.as_deref());
    let own = name.or(id.map(short)).unwrap_or(&seen).to_owned();
    // Names stay, ids do not: then what the collector said of the process is what stays.
    let stays = match name.is_some() || id.is_some_and(|id| !is_id(id)) {
        true => &own,
        false => netns.workload.as_ref().unwrap_or(&own),
    };
    let workload = format!("{}/{stays}", outer.stable_name());
    netns.name = format!("{}/{own}", outer.name);
    netns.workload = Some(workload).filter(|workload| *workload != netns.name);
}

/// Gives gaps the new names of their namespaces.
pub(super) fn follow(snapshot: &mut Snapshot, before: &[String]) {
    let now: BTreeMap<&str, &str> = before
        .iter()
        .zip(&snapshot.namespaces)
        .map(|(before, netns)| (before.as_str(), netns.name.as_str()))
        .collect();
    for netns in snapshot
        .gaps
        .iter_mut()
        .filter_map(|gap| gap.netns.as_mut())
    {
        if let Some(name) = now.get(netns.as_str()) {
            *netns = (*name).to_owned();
        }
    }
}

/// Makes the names of all namespaces unique. Those that were not `named` here keep theirs first, then
/// those that root named. A workload belongs to whom it was first: nobody else's finding may look
/// like one of it.
pub(super) fn make_unique(snapshot: &mut Snapshot, named: &BTreeMap<usize, Claim>) {
    let rank = |n: &usize| match named.get(n) {
        None => 0,
        Some(Claim::Root) => 1,
        Some(Claim::Delegated(_)) => 2,
    };
    let mut order: Vec<usize> = (0..snapshot.namespaces.len()).collect();
    order.sort_by_key(rank);
    let mut used = BTreeSet::new();
    let mut workloads: BTreeMap<String, Claim> = BTreeMap::new();
    for n in order {
        let Some(netns) = snapshot.namespaces.get_mut(n) else {
            continue;
        };
        let inode = netns.id.unwrap_or_default().to_string();
        if used.contains(&netns.name) {
            let plain = netns.name.clone();
            netns.name = first_free(&plain, &inode, |name| used.contains(name));
            netns.workload.get_or_insert(plain);
        }
        used.insert(netns.name.clone());
        let claim = named.get(&n).copied().unwrap_or(Claim::Root);
        let stable = netns.stable_name().to_owned();
        let owner = *workloads.entry(stable.clone()).or_insert(claim);
        if claim != Claim::Root && claim != owner {
            let mark = claim.user().map_or(inode, |user| user.to_string());
            let own = format!("{stable}~{mark}");
            netns.workload = Some(own).filter(|own| *own != netns.name);
        }
    }
}

/// `NAME~MARK`, or the first of `NAME~MARK~2` and so on that is not taken.
pub(super) fn first_free(name: &str, mark: &str, taken: impl Fn(&str) -> bool) -> String {
    let marked = format!("{name}~{mark}");
    let mut free = marked.clone();
    let mut number = 2;
    while taken(&free) {
        free = format!("{marked}~{number}");
        number += 1;
    }
    free
}
