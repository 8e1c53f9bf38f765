//! containerd and CRI-O: `config.json` of the OCI bundle, whose annotations say what the container
//! is for: OCI runtime specification, config.md.

use serde::Deserialize;

use super::files::Files;
use super::{Found, KUBELET, Labels, PodKeys, label, places};
use crate::containers::trace::{Trace, image, plain};
use crate::snapshot::Pod;

/// Where containerd keeps the bundles of running tasks: containerd, core/runtime/v2/bundle.go, below
/// its state directory: its default, that of k3s and RKE2, of MicroK8s, and of k0s, as listings of
/// their mounts and sockets show.
const STATES: [&str; 4] = [
    "/run/containerd",
    "/run/k3s/containerd",
    "/var/snap/microk8s/common/run/containerd",
    "/run/k0s/containerd",
];

/// containerd, internal/cri/annotations/annotations.go.
const CRI: PodKeys = PodKeys {
    namespace: "io.kubernetes.cri.sandbox-namespace",
    name: "io.kubernetes.cri.sandbox-name",
    uid: "io.kubernetes.cri.sandbox-uid",
    container: "io.kubernetes.cri.container-name",
};

/// cri-o, pkg/annotations/internal.go: `Namespace`, `KubeName`. Its own container's name there has
/// the pod's in it, so that is taken from kubelet's labels.
const CRIO: PodKeys = PodKeys {
    namespace: "io.kubernetes.cri-o.Namespace",
    name: "io.kubernetes.cri-o.KubeName",
    uid: "io.kubernetes.pod.uid",
    container: "io.kubernetes.container.name",
};

#[derive(Deserialize)]
struct Spec {
    annotations: Option<Labels>,
}

/// The annotations in the first of these directories that has a bundle.
pub(super) fn annotations(places: &[String], files: &Files) -> Option<Labels> {
    places.iter().find_map(|place| {
        let spec: Spec = files.json(&format!("{place}/config.json"))?;
        Some(spec.annotations.unwrap_or_default())
    })
}

pub(super) fn containerd(found: &mut Found, trace: &Trace, files: &Files) {
    let namespace = match (&trace.pod, trace.namespace.as_deref()) {
        (None, Some(namespace)) => namespace,
        _ => "k8s.io",
    };
    let roots = STATES.map(|state| format!("{state}/io.containerd.runtime.v2.task/{namespace}"));
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let bundle = Trace {
        // What was seen of it in mounts is the sandbox's, which has no bundle.
        directory: None,
        ..trace.clone()
    };
    let Some(annotations) = annotations(&places(&bundle, &roots), files) else {
        return;
    };
    found.known = true;
    let of = |key: &str| label(&annotations, key);
    found.sandbox = of("io.kubernetes.cri.container-type") == Some("sandbox");
    found.add_pod(&annotations, &CRI);
    let of_image = of("io.kubernetes.cri.image-name");
    let of_image = of_image.or(of("io.kubernetes.cri.podsandbox.image-name"));
    found.image = of_image.and_then(image);
    // nerdctl, pkg/cmd/container/create.go, `propagateInternalContainerdLabelsToOCIAnnotations`.
    found.name = of("nerdctl/name").and_then(plain).or(found.name.take());
}

pub(super) fn crio(found: &mut Found, trace: &Trace, files: &Files) {
    // containers/storage, types/options.go: `RunRoot` and `GraphRoot`; CRI-O's conmon has its bundle
    // below the first.
    let roots = [
        "/run/containers/storage/overlay-containers",
        "/var/lib/containers/storage/overlay-containers",
    ];
    let places = places(trace, &roots);
    let places: Vec<String> = places
        .iter()
        .map(|place| format!("{place}/userdata"))
        .collect();
    let Some(annotations) = annotations(&places, files) else {
        return;
    };
    found.known = true;
    found.add_pod(&annotations, &CRIO);
    found.add_pod(&annotations, &KUBELET);
    let of = |key: &str| label(&annotations, key);
    // The labels are one text in JSON.
    let labels = of("io.kubernetes.cri-o.Labels");
    if let Some(labels) = labels.and_then(|labels| serde_json::from_str::<Labels>(labels).ok()) {
        found.add_pod(&labels, &KUBELET);
    }
    found.sandbox = of("io.kubernetes.cri-o.ContainerType") == Some("sandbox");
    let of_image = of("io.kubernetes.cri-o.Image").or(of("io.kubernetes.cri-o.ImageName"));
    found.image = of_image.and_then(image);
    found.pod.get_or_insert_with(Pod::default);
}
