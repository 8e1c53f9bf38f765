//! Kubernetes by the folders of its logs: their names say what the runtimes' files may not.
//!
//! kubelet, pkg/kubelet/kuberuntime/helpers.go, `BuildPodLogsDirectory` and
//! `BuildContainerLogsDirectory`: /var/log/pods/NAMESPACE_NAME_UID/CONTAINER. No name has an
//! underscore.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Found;
use crate::containers::host::Host;
use crate::containers::trace::{plain, pod_uid};

/// kubelet, pkg/kubelet/kuberuntime/kuberuntime_manager.go, `podLogsRootDirectory`.
const LOGS: &str = "/var/log/pods";

/// A pod's namespace, name and folder, by UID.
type Pods = BTreeMap<String, (String, String, String)>;

/// The folders, listed when the first pod is asked for.
#[derive(Default)]
pub(super) struct Logs(OnceLock<Pods>);

impl Logs {
    /// Adds what is not known of a container's pod.
    pub(super) fn add(&self, found: &mut Found, host: &dyn Host) {
        let Some(pod) = &mut found.pod else { return };
        if pod.name.is_some() && (pod.container.is_some() || found.sandbox) {
            return;
        }
        let pods = self.0.get_or_init(|| list(host));
        let uid = pod.uid.as_ref();
        let Some((namespace, name, folder)) = uid.and_then(|uid| pods.get(uid)) else {
            return;
        };
        found.known |= pod.name.is_none();
        pod.namespace.get_or_insert_with(|| namespace.clone());
        pod.name.get_or_insert_with(|| name.clone());
        if pod.container.is_none() && !found.sandbox {
            let containers = host.list(&format!("{LOGS}/{folder}"));
            // Of several nothing tells which one it is.
            if let [only] = containers.as_slice() {
                pod.container = plain(only);
            }
        }
    }
}

fn list(host: &dyn Host) -> Pods {
    let folders = host.list(LOGS).into_iter();
    let pods = folders.filter_map(|folder| {
        let mut parts = folder.split('_');
        let (namespace, name) = (plain(parts.next()?)?, plain(parts.next()?)?);
        let uid = pod_uid(parts.next()?)?;
        parts
            .next()
            .is_none()
            .then(|| (uid, (namespace, name, folder.clone())))
    });
    pods.collect()
}
