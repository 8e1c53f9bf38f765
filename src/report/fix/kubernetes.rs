//! Kubernetes: `securityContext.sysctls` of pods, and the kubelet's allow-list.
//!
//! A pod's sysctls cannot be changed, so the change belongs to the pod template of whatever makes it.
//! Pods do not say what that is, but their names do, all but for DaemonSets and Jobs (`containers/pod.rs`).
//! Each document is a part of that object for server-side apply, which takes a part: it sets these
//! fields, leaves all others, and refuses where somebody else owns them.
//!
//! The kubelet refuses a pod with a sysctl outside of its safe set (pkg/kubelet/sysctl/safe_sysctls.go)
//! or allow-list, and net.core.somaxconn is not in the safe set.

use std::collections::BTreeSet;

use super::gather::Gathered;
use super::text::{self, Text};
use super::{Fix, Origin, Place};
use crate::advise::SysctlStep;
use crate::containers::pod::{self, Kind};
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

/// What a document is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Workload {
    namespace: Option<String>,
    name: String,
    kind: Kind,
}

impl Workload {
    fn of(fix: &Fix<'_>, place: &Place<'_>) -> Self {
        if let Some(made) = pod::Workload::of(place.netns) {
            return Self {
                namespace: made.namespace.map(str::to_owned),
                name: made.name.to_owned(),
                kind: made.kind,
            };
        }
        let mut pods = place.netns.containers.iter().filter_map(|c| c.pod.as_ref());
        let (namespace, name) = match pods.next() {
            // A pod of which the name is not known has that of its namespace.
            Some(pod) => {
                let stable = place.netns.stable_name();
                let last = stable.rsplit('/').next().unwrap_or(stable);
                (pod.namespace.clone(), last.to_owned())
            }
            None => {
                let name = super::docker::name(fix, place).to_ascii_lowercase();
                (None, name.replace(['_', '.'], "-"))
            }
        };
        Self {
            namespace,
            name,
            kind: Kind::Pod,
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

    /// The version of the kind's API, and the kind as manifests have it.
    const fn api(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Deployment => ("apps/v1", "Deployment"),
            Kind::StatefulSet => ("apps/v1", "StatefulSet"),
            Kind::DaemonSetOrJob => ("apps/v1", "DaemonSet"),
            Kind::CronJob => ("batch/v1", "CronJob"),
            Kind::Pod => ("v1", "Pod"),
        }
    }

    /// Where the specification of its pods is.
    const fn path(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSetOrJob => {
                &["spec", "template", "spec"]
            }
            Kind::CronJob => &["spec", "jobTemplate", "spec", "template", "spec"],
            Kind::Pod => &["spec"],
        }
    }

    /// What kubectl exec calls a pod of it.
    fn reference(&self) -> String {
        match self.kind {
            Kind::Pod => self.name.clone(),
            Kind::Deployment => format!("deployment/{}", self.name),
            Kind::StatefulSet => format!("statefulset/{}", self.name),
            // kubectl finds no pods of a CronJob.
            Kind::CronJob | Kind::DaemonSetOrJob => "POD".to_owned(),
        }
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
    let workloads = Gathered::of(fix, |place| {
        let workload = Workload::of(fix, place);
        match workload.is_valid() {
            true => Ok(workload),
            false => Err((workload.name, "no name in Kubernetes".to_owned())),
        }
    });
    let mut text = workloads.head(fix)?;
    let Some((first, _, step)) = workloads.first() else {
        return Some(text.finish());
    };
    let keys = unsafe_keys(&fix.steps());
    apply(fix, first, step, !keys.is_empty(), &mut text);
    safety(fix, &keys, &mut text);
    if !keys.is_empty() {
        text.line("apiVersion: kubelet.config.k8s.io/v1beta1");
        text.line("kind: KubeletConfiguration");
        text.line("allowedUnsafeSysctls:");
        for key in &keys {
            text.line(&format!("  - {}", text::quoted(key)));
        }
    }
    for (n, (workload, place)) in workloads.by_key.iter().enumerate() {
        if n > 0 || !keys.is_empty() {
            text.line("---");
        }
        check(workload, place, &mut text);
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

/// What to look at before a document is applied whose kind the names of pods do not tell.
fn check(workload: &Workload, place: &Place<'_>, text: &mut Text) {
    if workload.kind != Kind::DaemonSetOrJob {
        return;
    }
    let mut pods = place.netns.containers.iter().filter_map(|c| c.pod.as_ref());
    let pod = pods.find_map(|pod| pod.name.as_deref()).unwrap_or("POD");
    text.comment(
        "check",
        "whether this is a DaemonSet: a Job's pods have such names too. What made the pod:",
    );
    text.command(
        "",
        &format!(
            "{} get pod {pod} -o jsonpath='{{.metadata.ownerReferences[*].kind}}'",
            workload.kubectl()
        ),
    );
    text.comment(
        "",
        "For a Job leave this document out: a Job's template cannot be changed, so put the securityContext into spec.template.spec of its own manifest, delete it and create it anew; if a CronJob makes it, into spec.jobTemplate.spec.template.spec of that CronJob, which counts from its next Job on",
    );
}

fn manifest(workload: &Workload, place: &Place<'_>, text: &mut Text) {
    let (version, kind) = workload.api();
    text.line(&format!("apiVersion: {version}"));
    text.line(&format!("kind: {kind}"));
    text.line("metadata:");
    text.line(&format!("  name: {}", text::quoted(&workload.name)));
    if let Some(namespace) = &workload.namespace {
        text.line(&format!("  namespace: {}", text::quoted(namespace)));
    }
    let mut indent = String::new();
    for part in workload.path() {
        text.line(&format!("{indent}{part}:"));
        indent.push_str("  ");
    }
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
