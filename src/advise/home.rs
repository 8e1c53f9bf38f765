//! Where the sysctls of a network namespace are set so that they last: by whatever makes it.
//!
//! The host's files reach the host's namespace alone. A container's values stand in the command or
//! the file that creates the container, and a namespace starts from the kernel's constants each time
//! it is made (kernel: net/core/net_namespace.c).

use crate::snapshot::{Container, Engine, Namespace};

/// What decides the sysctls of a namespace at its next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// The machine's own sysctl files.
    Host,
    /// `docker run`.
    Docker,
    /// A Compose file.
    Compose,
    /// A Kubernetes pod's specification.
    Kubernetes,
    /// `podman run`, by hand or in a unit.
    Podman,
    /// A `.container` file of Podman's.
    Quadlet,
    /// An LXC container's configuration.
    Lxc,
    /// `incus config` or `lxc config`.
    Incus,
    /// The files inside a container of systemd-nspawn.
    Nspawn,
    /// A systemd unit with a network namespace of its own.
    Unit,
    /// Whoever made it with `ip netns add`.
    Named,
    /// Whatever will make containers of an image: nothing does yet.
    Image,
    /// Nothing that is known.
    Unknown,
}

impl Home {
    /// What decides the sysctls of this namespace.
    pub fn of(netns: &Namespace) -> Self {
        if netns.is_host() {
            return Self::Host;
        }
        // What made it is inside the container, which only starts that.
        if netns.nested {
            return Self::Unknown;
        }
        if let Some(container) = netns.containers.first() {
            return Self::of_container(container);
        }
        match (&netns.unit, &netns.named) {
            (Some(_), _) => Self::Unit,
            (None, Some(_)) => Self::Named,
            (None, None) => Self::Unknown,
        }
    }

    fn of_container(container: &Container) -> Self {
        if container.pod.is_some() {
            return Self::Kubernetes;
        }
        if container.compose.is_some() {
            return Self::Compose;
        }
        match container.runtime {
            Engine::Docker => Self::Docker,
            Engine::Podman if container.quadlet => Self::Quadlet,
            Engine::Podman => Self::Podman,
            Engine::Lxc => Self::Lxc,
            Engine::Incus => Self::Incus,
            Engine::SystemdNspawn => Self::Nspawn,
            Engine::Containerd | Engine::CriO | Engine::Unknown => Self::Unknown,
        }
    }
}
