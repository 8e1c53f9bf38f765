//! Docker: `config.v2.json` of a container. Its fields are those of moby, container/container.go,
//! `Container`, and container/container.go, `configFileName`.

use serde::Deserialize;

use super::files::Files;
use super::{Found, KUBELET, Labels, label, places};
use crate::containers::trace::{Trace, image, plain};
use crate::snapshot::Compose;

/// Docker's default root (docs.docker.com, `dockerd --data-root`), and that of its snap, which gives
/// that option.
const ROOTS: [&str; 2] = [
    "/var/lib/docker/containers",
    "/var/snap/docker/common/var-lib-docker/containers",
];

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Config")]
    config: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "Image")]
    image: Option<String>,
    #[serde(rename = "Labels")]
    labels: Option<Labels>,
}

pub(super) fn read(found: &mut Found, trace: &Trace, files: &Files) {
    let mut places = places(trace, &ROOTS).into_iter();
    let config = |place: String| files.json::<Config>(&format!("{place}/config.v2.json"));
    let Some(config) = places.find_map(config) else {
        return;
    };
    found.known = true;
    let name = config.name.unwrap_or_default();
    found.name = plain(name.strip_prefix('/').unwrap_or(&name));
    let Some(inner) = config.config else {
        return;
    };
    found.image = inner.image.as_deref().and_then(image);
    let labels = inner.labels.unwrap_or_default();
    found.add_pod(&labels, &KUBELET);
    // cri-dockerd, libdocker/helpers.go and core/docker_service.go: `containerTypeLabelKey`.
    found.sandbox = label(&labels, "io.kubernetes.docker.type") == Some("podsandbox");
    // compose, pkg/api/labels.go.
    let of = |key: &str| label(&labels, &format!("com.docker.compose.{key}")).and_then(plain);
    found.compose = of("project")
        .zip(of("service"))
        .map(|(project, service)| Compose { project, service });
}
