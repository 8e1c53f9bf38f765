//! The container that a network namespace, or a listener in the host's own, belongs to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Display name, unique on the host: `docker/web`, `podman/4f0c5b3a1234`, `pod/shop/web-0/nginx`.
    pub name: String,
    /// What runs it.
    pub runtime: Engine,
    /// The runtime's own id: 64 hexadecimal digits for most, a name for LXC and systemd-nspawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Image, as it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The Kubernetes pod that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// The Compose service that it is an instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<Compose>,
    /// The systemd unit that starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether that unit was made of a Quadlet file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quadlet: bool,
    /// The user whose runtime it is, where that is not root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// The name that the runtime's own commands take, where the display name does not end with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

impl Container {
    /// A container of which only its name and its runtime are known.
    pub fn new(name: impl Into<String>, runtime: Engine) -> Self {
        Self {
            name: name.into(),
            runtime,
            id: None,
            image: None,
            pod: None,
            compose: None,
            unit: None,
            quadlet: false,
            user: None,
            handle: None,
        }
    }

    /// The name that the runtime's own commands take.
    pub fn own_name(&self) -> &str {
        let shown = || {
            self.name
                .split_once('/')
                .map_or(&*self.name, |(_, name)| name)
        };
        self.handle.as_deref().unwrap_or_else(shown)
    }
}

/// A container runtime.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Docker, by itself or below Kubernetes.
    Docker,
    /// containerd, for Kubernetes (CRI), nerdctl or ctr.
    Containerd,
    /// CRI-O.
    CriO,
    /// Podman.
    Podman,
    /// LXC.
    Lxc,
    /// Incus or LXD.
    Incus,
    /// systemd-nspawn.
    SystemdNspawn,
    /// A container whose runtime its traces do not tell.
    Unknown,
}

impl Engine {
    /// The name used in every output and file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::Podman => "podman",
            Self::Lxc => "lxc",
            Self::Incus => "incus",
            Self::SystemdNspawn => "systemd-nspawn",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Kubernetes pod, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// Kubernetes namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// UID, with dashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Name of the container in the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// A service of Docker Compose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    /// Project.
    pub project: String,
    /// Service.
    pub service: String,
}
