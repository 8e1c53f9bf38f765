//! Kubernetes: `securityContext.sysctls` of pods, and the kubelet's allow-list.
//!
//! A pod's sysctls cannot be changed, so the change belongs to the pod template of whatever makes it.
//! Pods do not say what that is, but their names do: a Deployment's have the template's hash and a
//! suffix, a StatefulSet's a number, a DaemonSet's a suffix (apimachinery: pkg/util/rand, SafeEncodeString).
//! Each document is a part of that object for server-side apply, which takes a part: it sets these
//! fields, leaves all others, and refuses where somebody else owns them.
//!
//! The kubelet refuses a pod with a sysctl outside of its safe set (pkg/kubelet/sysctl/safe_sysctls.go)
//! or allow-list, and net.core.somaxconn is not in the safe set.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, Text};
use super::{Fix, Origin, Place};
use crate::advise::SysctlStep;
use crate::kernel::version::Version;

/// The safe set by the Kubernetes version that added it (Kubernetes documentation: Using sysctls in a
/// Kubernetes Cluster). A version's number reads like a kernel's.
const SAFE: [(&str, Version); 14] = [
    ("kernel.shm_rmid_forced", Version::new(1, 4)),
    ("net.ipv4.ip_local_port_range", Version::new(1, 4)),
    ("net.ipv4.ip_local_reserved_ports", Version::new(1, 27)),
    ("net.ipv4.ip_unprivileged_port_start", Version::new(1, 22)),
    ("net.ipv4.ping_group_range", Version::new(1, 18)),
    ("net.ipv4.tcp_fin_timeout", Version::new(1, 29)),
    ("net.ipv4.tcp_keepalive_intvl", Version::new(1, 29)),
    ("net.ipv4.tcp_keepalive_probes", Version::new(1, 29)),
    ("net.ipv4.tcp_keepalive_time", Version::new(1, 29)),
    ("net.ipv4.tcp_notsent_lowat", Version::new(1, 37)),
    ("net.ipv4.tcp_rmem", Version::new(1, 32)),
    ("net.ipv4.tcp_slow_start_after_idle", Version::new(1, 37)),
    ("net.ipv4.tcp_syncookies", Version::new(1, 4)),
    ("net.ipv4.tcp_wmem", Version::new(1, 32)),
];

/// The Kubernetes version since which a sysctl is safe. `None`: it is not.
pub(super) fn safe_since(key: &str) -> Option<Version> {
    let known = SAFE.iter().find(|(safe, _)| *safe == key);
    known.map(|(_, since)| *since)
}

/// The sysctls of steps that a kubelet has to allow.
pub(super) fn unsafe_keys<'a>(steps: &[&'a SysctlStep]) -> BTreeSet<&'a str> {
    let keys = steps.iter().map(|step| step.key.as_str());
    keys.filter(|key| safe_since(key).is_none()).collect()
}

/// What makes a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Workload {
    namespace: Option<String>,
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Pod,
}

impl Kind {
    const fn api(self) -> &'static str {
        match self {
            Self::Pod => "v1",
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Pod => "Pod",
        }
    }
}

impl Workload {
    fn of(fix: &Fix<'_>, place: &Place<'_>) -> Self {
        let pod = place.netns.containers.iter().find_map(|c| c.pod.as_ref());
        let Some(pod) = pod else {
            let name = super::docker::name(fix, place).to_ascii_lowercase();
            return Self {
                namespace: None,
                name: name.replace(['_', '.'], "-"),
                kind: Kind::Pod,
            };
        };
        let stable = place.netns.stable_name();
        let last = stable.rsplit('/').next().unwrap_or(stable);
        let full = pod.name.as_deref().unwrap_or(last);
        let (name, kind) = owner(full);
        Self {
            namespace: pod.namespace.clone(),
            name: name.to_owned(),
            kind,
        }
    }

    fn is_valid(&self) -> bool {
        is_dns(&self.name) && self.namespace.as_deref().is_none_or(is_dns)
    }

    /// The beginning of a kubectl command.
    fn kubectl(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("kubectl -n {namespace}"),
            None => "kubectl".to_owned(),
        }
    }

    fn reference(&self) -> String {
        match self.kind {
            Kind::Pod => self.name.clone(),
            kind => format!("{}/{}", kind.name().to_ascii_lowercase(), self.name),
        }
    }
}

/// The name and kind of what made a pod of this name.
fn owner(pod: &str) -> (&str, Kind) {
    // The alphabet of SafeEncodeString: no vowels, nothing that looks like another letter.
    let encoded = |text: &str| {
        text.chars()
            .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    };
    let Some((before, last)) = pod.rsplit_once('-') else {
        return (pod, Kind::Pod);
    };
    if !last.is_empty() && last.len() < 5 && last.chars().all(|c| c.is_ascii_digit()) {
        return (before, Kind::StatefulSet);
    }
    if last.len() != 5 || !encoded(last) {
        return (pod, Kind::Pod);
    }
    match before.rsplit_once('-') {
        Some((name, hash)) if (6..=10).contains(&hash.len()) && encoded(hash) => {
            (name, Kind::Deployment)
        }
        _ => (before, Kind::DaemonSet),
    }
}

/// A name as RFC 1123 has it for subdomains, which all of these are.
fn is_dns(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.starts_with(ends)
        && name.ends_with(ends)
        && name.chars().all(|c| ends(c) || c == '-' || c == '.')
}

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let mut workloads: BTreeMap<Workload, &Place<'_>> = BTreeMap::new();
    let mut odd = BTreeSet::new();
    for place in &fix.places {
        let workload = Workload::of(fix, place);
        if workload.is_valid() {
            workloads.entry(workload).or_insert(place);
        } else {
            odd.insert(workload.name);
        }
    }
    let (first, place) = workloads.iter().next()?;
    let keys = unsafe_keys(&fix.steps());
    let mut text = Text::head(fix);
    for name in odd {
        text.comment(
            "note",
            &format!("left out: {name} is no name in Kubernetes"),
        );
    }
    apply(fix, first, place.set.first()?, !keys.is_empty(), &mut text);
    safety(fix, &keys, &mut text);
    if !keys.is_empty() {
        text.line("apiVersion: kubelet.config.k8s.io/v1beta1");
        text.line("kind: KubeletConfiguration");
        text.line("allowedUnsafeSysctls:");
        for key in &keys {
            text.line(&format!("  - {}", text::quoted(key)));
        }
    }
    for (n, (workload, place)) in workloads.iter().enumerate() {
        if n > 0 || !keys.is_empty() {
            text.line("---");
        }
        manifest(workload, place, &mut text);
    }
    Some(text.finish())
}

fn apply(fix: &Fix<'_>, first: &Workload, step: &SysctlStep, kubelet: bool, text: &mut Text) {
    const APPLY: &str = "kubectl apply --server-side --field-manager=backlint -f";
    if kubelet {
        text.comment(
            "apply",
            "save this as backlint.yaml. First the kubelet of each node that these pods run on: put the first document into a file that ends in .conf in its --config-dir (Kubernetes 1.30; before, add the list to its --config file) together with what is allowed already, and restart the kubelet. Then the pods:",
        );
        text.command("", &format!("sed '1,/^---$/d' backlint.yaml | {APPLY} -"));
    } else {
        text.comment("apply", "save this as backlint.yaml");
        text.command("", &format!("{APPLY} backlint.yaml"));
    }
    if first.kind == Kind::Pod || fix.origin != Origin::Fitting {
        text.comment(
            "",
            "a Pod that exists cannot be changed: put its securityContext.sysctls into its own manifest and create it anew",
        );
    }
    text.command(
        "verify",
        &format!(
            "{} exec {} -- cat {}",
            first.kubectl(),
            first.reference(),
            text::proc_path(step)
        ),
    );
    text.relisten_anew(fix);
    if fix.origin == Origin::Fitting && first.kind != Kind::Pod {
        text.comment(
            "note",
            "the kinds here are told by the names of the pods; kubectl get pod NAME -o jsonpath='{.metadata.ownerReferences[*].kind}' shows what made one (a ReplicaSet is a Deployment's)",
        );
    }
}

fn safety(fix: &Fix<'_>, keys: &BTreeSet<&str>, text: &mut Text) {
    for key in keys {
        text.comment(
            "note",
            &format!("{key} is not in Kubernetes' safe set: a kubelet that does not allow it refuses the pod (SysctlForbidden), and the Pod Security levels baseline and restricted refuse it in a namespace that enforces them"),
        );
    }
    let mut known = BTreeSet::new();
    for step in fix.steps() {
        if let Some(since) = safe_since(&step.key)
            && known.insert(&step.key)
        {
            text.comment(
                "note",
                &format!("{} is in the safe set since Kubernetes {since}", step.key),
            );
        }
    }
    text.host_network(fix, "a pod with hostNetwork: true{} has the node's values and must not have these: the kubelet refuses it; set them on the node",
    );
}

fn manifest(workload: &Workload, place: &Place<'_>, text: &mut Text) {
    text.line(&format!("apiVersion: {}", workload.kind.api()));
    text.line(&format!("kind: {}", workload.kind.name()));
    text.line("metadata:");
    text.line(&format!("  name: {}", text::quoted(&workload.name)));
    if let Some(namespace) = &workload.namespace {
        text.line(&format!("  namespace: {}", text::quoted(namespace)));
    }
    text.line("spec:");
    let indent = if workload.kind == Kind::Pod {
        "  "
    } else {
        text.line("  template:");
        text.line("    spec:");
        "      "
    };
    text.line(&format!("{indent}securityContext:"));
    text.line(&format!("{indent}  sysctls:"));
    for step in &place.set {
        text.line(&format!("{indent}    - name: {}", text::quoted(&step.key)));
        text.line(&format!(
            "{indent}      value: {}",
            text::quoted(&step.value)
        ));
    }
    if workload.kind == Kind::Pod {
        containers(workload, place, text);
    }
}

/// A pod needs containers to be one.
fn containers(workload: &Workload, place: &Place<'_>, text: &mut Text) {
    text.line("  containers:");
    let mut written = BTreeSet::new();
    for container in &place.netns.containers {
        let pod = container.pod.as_ref();
        let name = pod.and_then(|pod| pod.container.as_deref());
        if let (Some(name), Some(image)) = (name, &container.image)
            && is_dns(name)
            && written.insert(name)
        {
            text.line(&format!("    - name: {}", text::quoted(name)));
            text.line(&format!("      image: {}", text::quoted(image)));
        }
    }
    if written.is_empty() {
        let image = place.netns.containers.first();
        let image = image.and_then(|container| container.image.as_deref());
        text.line(&format!(
            "    - name: {}",
            text::quoted(&workload.name.replace('.', "-"))
        ));
        text.line(&format!(
            "      image: {}",
            text::quoted(image.unwrap_or(&workload.name))
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_name_tells_what_made_it() {
        assert_eq!(owner("web-5d9c7b6f4-x2x7z"), ("web", Kind::Deployment));
        assert_eq!(
            owner("my-web-6b8d9c7f54-4bdkz"),
            ("my-web", Kind::Deployment)
        );
        assert_eq!(owner("redis-0"), ("redis", Kind::StatefulSet));
        assert_eq!(owner("fluentd-x2x7z"), ("fluentd", Kind::DaemonSet));
        assert_eq!(owner("redis"), ("redis", Kind::Pod));
        assert_eq!(owner("web-server"), ("web-server", Kind::Pod));
    }

    #[test]
    fn only_names_of_kubernetes_become_manifests() {
        assert!(is_dns("web-0.web"));
        for name in ["", "Web", "a b", "a\nb", "-a", "a-", "a\"b", "é"] {
            assert!(!is_dns(name), "{name:?}");
        }
    }

    #[test]
    fn somaxconn_is_not_safe_and_syncookies_is() {
        assert_eq!(safe_since("net.core.somaxconn"), None);
        assert_eq!(
            safe_since("net.ipv4.tcp_syncookies"),
            Some(Version::new(1, 4))
        );
        assert!(SAFE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
