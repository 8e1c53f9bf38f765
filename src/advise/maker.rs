//! The container that a network namespace was made for, and those that only share it: the settings
//! of the network are those of the first, and the others have to be created anew after it.

use crate::snapshot::{Container, Engine, Namespace};

/// The container that a namespace was made for.
pub fn first(netns: &Namespace) -> Option<&Container> {
    netns.containers.first()
}

/// The name that the runtime knows it by, without what is put in front of it for display.
pub fn container_name(netns: &Namespace) -> &str {
    first(netns).map_or(netns.name.as_str(), Container::own_name)
}

/// The containers that share it, where they are not made together with it as those of a Kubernetes
/// pod are.
pub fn sharers(netns: &Namespace) -> &[Container] {
    match netns.containers.split_first() {
        Some((first, others)) if first.pod.is_none() && !netns.is_host() && !netns.nested => others,
        _ => &[],
    }
}

/// The names of the sharers, as the runtime knows them.
pub fn sharers_names(netns: &Namespace) -> Vec<&str> {
    sharers(netns).iter().map(Container::own_name).collect()
}

/// The sharer of a display name.
pub fn sharer<'a>(netns: &'a Namespace, name: &str) -> Option<&'a Container> {
    sharers(netns).iter().find(|sharer| sharer.name == name)
}

/// Whether it was made for a pod of Podman's: for the container that does nothing but keep the pod's
/// namespaces (podman: libpod/runtime_pod_common.go, `-infra` after twelve digits of the pod's id;
/// the images are podman-pause and pause).
pub fn is_podman_pod(netns: &Namespace) -> bool {
    let Some(first) = first(netns).filter(|first| first.runtime == Engine::Podman) else {
        return false;
    };
    let hex = |id: &str| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit());
    let image = first.image.as_deref().unwrap_or_default();
    first.own_name().strip_suffix("-infra").is_some_and(hex)
        || image.contains("/podman-pause:")
        || image.contains("/pause:")
}

/// The unit with the command line that creates a container, which systemd runs again each time; a
/// Quadlet's unit is made of a file of its own.
pub fn run_by(container: &Container) -> Option<&str> {
    let by_hand = container.quadlet || container.pod.is_some() || container.compose.is_some();
    container.unit.as_deref().filter(|_| !by_hand)
}

/// What is inside of a container, in words: its maker has to set the values.
pub fn inside(netns: &Namespace) -> String {
    format!(
        "inside container {}: whatever makes the namespace there must give it the value",
        container_name(netns)
    )
}

/// What makes a command that of a user for root: rootless runtimes find their sockets and state by
/// XDG_RUNTIME_DIR, which sudo(8) takes away, and Podman refuses a folder that the user may not enter.
pub fn sudo(user: u32) -> String {
    format!("sudo -H -u '#{user}' env -C / XDG_RUNTIME_DIR=/run/user/{user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn netns(names: &[&str], runtime: Engine) -> Namespace {
        let containers = names.iter().map(|name| Container::new(*name, runtime));
        Namespace {
            containers: containers.collect(),
            ..Namespace::new("x")
        }
    }

    #[test]
    fn the_first_is_who_it_was_made_for() {
        let two = netns(&["docker/a", "docker/b"], Engine::Docker);
        assert_eq!(
            (container_name(&two), sharers_names(&two)),
            ("a", vec!["b"])
        );
        assert!(sharer(&two, "docker/b").is_some() && sharer(&two, "docker/a").is_none());
        let nested = Namespace {
            nested: true,
            ..two
        };
        assert!(sharers(&nested).is_empty());
    }

    #[test]
    fn a_podman_pod_is_known_by_its_infra_container() {
        let pod = |name| is_podman_pod(&netns(&[name], Engine::Podman));
        assert!(pod("podman/0123456789ab-infra"));
        assert!(!pod("podman/my-infra") && !pod("podman/web"));
        assert!(!is_podman_pod(&netns(
            &["docker/0123456789ab-infra"],
            Engine::Docker
        )));
        let mut own = netns(&["podman/pods-own"], Engine::Podman);
        own.containers[0].image = Some("localhost/podman-pause:4.3.1-0".to_owned());
        assert!(is_podman_pod(&own));
    }
}
