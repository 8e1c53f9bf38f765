//! `podman run` with `--sysctl` flags, as [`super::docker`]: podman-run(1) takes sysctls that begin with
//! `net.` where the container has a network namespace of its own. One whose network is that of a pod
//! gets them from `podman pod create`.

use super::Fix;
use super::docker;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let mut text = docker::head(fix, "podman")?;
    text.comment(
        "note",
        "a container of a pod has the pod's network: give the flags to podman pod create; for all new containers containers.conf(5) has default_sysctls",
    );
    docker::lines(fix, "podman", &mut text).then(|| text.finish())
}
