//! `podman run` with `--sysctl` flags, as [`super::docker`]: podman-run(1) takes sysctls that begin with
//! `net.` where the container has a network namespace of its own. One whose network is that of a pod
//! gets them from `podman pod create`.

use super::Fix;
use super::docker;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    docker::commands(
        fix,
        "podman",
        "a container of a pod has the pod's network: podman pod create takes the flags, and the pod's containers are made anew in it; for all new containers containers.conf(5) has default_sysctls",
    )
}
