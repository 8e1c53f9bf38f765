//! How a container is started again, so that the service in it calls listen(2) again.

use super::{Home, maker};
use crate::snapshot::{Container, Engine, Listener, Namespace};
use crate::text::name::{is_plain, is_unit};

/// Whether the sysctls of a namespace change with the container around it, which is made again then,
/// or started again, and its services listen again too.
pub(super) fn changes_with_container(netns: &Namespace) -> bool {
    match Home::of(netns) {
        Home::Docker
        | Home::Compose
        | Home::Kubernetes
        | Home::Podman
        | Home::Quadlet
        | Home::Lxc
        | Home::Incus => true,
        Home::Host | Home::Nspawn | Home::Unit | Home::Named | Home::Image | Home::Unknown => false,
    }
}

/// Whether the container of a listener only shares a network that is another's: when that one is made
/// again, starting this one again is not enough.
pub(super) fn shares(netns: &Namespace, listener: &Listener) -> bool {
    let name = listener.container.as_deref();
    name.is_some_and(|name| maker::sharer(netns, name).is_some())
}

/// The container of a listener.
pub(super) fn container<'a>(netns: &'a Namespace, listener: &Listener) -> Option<&'a Container> {
    let name = listener.container.as_deref()?;
    netns
        .containers
        .iter()
        .find(|container| container.name == name)
}

/// The command that starts a container again, where one is known that can be run as it is, by root.
pub(super) fn command(container: &Container) -> Option<String> {
    own_command(container).filter(|_| container.user.is_none())
}

/// The command of whoever runs the container.
fn own_command(container: &Container) -> Option<String> {
    if container.pod.is_some() {
        return None;
    }
    let unit = container.unit.as_deref();
    if let Some(unit) = unit.filter(|unit| is_unit(unit, ".service")) {
        return Some(match container.user {
            Some(_) => format!("systemctl --user restart {unit}"),
            None => format!("systemctl restart {unit}"),
        });
    }
    if let Some(compose) = &container.compose {
        let (project, service) = (&compose.project, &compose.service);
        let plain = is_plain(project) && is_plain(service);
        return plain.then(|| format!("docker compose -p {project} restart {service}"));
    }
    let name = container.own_name();
    let program = match container.runtime {
        Engine::Docker => "docker restart",
        Engine::Podman => "podman restart",
        Engine::Incus => "incus restart",
        Engine::Lxc => "lxc-stop --reboot --name",
        Engine::SystemdNspawn => "machinectl reboot",
        Engine::Containerd | Engine::CriO | Engine::Unknown => return None,
    };
    is_plain(name).then(|| format!("{program} {name}"))
}

/// The step in words for a container whose network is made anew with another.
pub(super) fn words_after(container: &Container, netns: &Namespace) -> String {
    format!(
        "create container {} anew after {}, whose network it shares",
        container.own_name(),
        maker::container_name(netns)
    )
}

/// The step in words for what is inside of a container by a runtime of its own.
pub(super) fn words_inside(container: &Container, who: &str) -> String {
    format!("restart {who} inside container {}", container.own_name())
}

/// The step in words, where there is no command.
pub(super) fn words(container: &Container, who: &str) -> String {
    if let (Some(user), Some(command)) = (container.user, own_command(container)) {
        return format!("as user {user}: {command}");
    }
    let Some(pod) = &container.pod else {
        return format!(
            "start container {} again, and {who} with it",
            container.name
        );
    };
    let name = pod.name.as_deref().or(pod.uid.as_deref()).unwrap_or("?");
    match &pod.namespace {
        Some(namespace) => format!(
            "restart {who} in pod {name} of namespace {namespace}: kubectl rollout restart of what made the pod"
        ),
        None => {
            format!("restart {who} in pod {name}: kubectl rollout restart of what made the pod")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Compose, Pod};

    fn container(runtime: Engine, name: &str) -> Container {
        Container::new(name, runtime)
    }

    #[test]
    fn each_runtime_has_its_command() {
        let of = |runtime, name| command(&container(runtime, name)).unwrap_or_default();
        assert_eq!(of(Engine::Docker, "docker/web"), "docker restart web");
        assert_eq!(of(Engine::Podman, "podman/web"), "podman restart web");
        assert_eq!(
            of(Engine::SystemdNspawn, "systemd-nspawn/deb"),
            "machinectl reboot deb"
        );
        assert_eq!(of(Engine::Containerd, "containerd/0123"), "");
        let compose = Container {
            compose: Some(Compose {
                project: "shop".to_owned(),
                service: "web".to_owned(),
            }),
            ..container(Engine::Docker, "docker/shop-web-1")
        };
        assert_eq!(
            command(&compose).unwrap(),
            "docker compose -p shop restart web"
        );
        let quadlet = Container {
            unit: Some("web.service".to_owned()),
            ..container(Engine::Podman, "podman/systemd-web")
        };
        assert_eq!(command(&quadlet).unwrap(), "systemctl restart web.service");
        let second = Container {
            handle: Some("web".to_owned()),
            ..container(Engine::Docker, "docker/web~0123456789ab")
        };
        assert_eq!(command(&second).unwrap(), "docker restart web");
    }

    #[test]
    fn what_is_a_users_is_no_command_for_root() {
        let rootless = |unit: Option<&str>| Container {
            user: Some(1000),
            unit: unit.map(str::to_owned),
            ..container(Engine::Podman, "podman/web")
        };
        let said = |container| (command(&container), words(&container, "nginx"));
        assert_eq!(
            said(rootless(None)),
            (None, "as user 1000: podman restart web".to_owned())
        );
        let unit = "as user 1000: systemctl --user restart web.service";
        assert_eq!(said(rootless(Some("web.service"))), (None, unit.to_owned()));
    }

    #[test]
    fn odd_names_become_no_commands() {
        for name in [
            "docker/a;b",
            "docker/--all",
            "docker/",
            "docker/$(x)",
            "docker/a b",
        ] {
            assert_eq!(command(&container(Engine::Docker, name)), None, "{name}");
        }
    }

    #[test]
    fn a_pod_is_restarted_by_what_made_it() {
        let pod = Container {
            pod: Some(Pod {
                namespace: Some("shop".to_owned()),
                name: Some("web-0".to_owned()),
                ..Pod::default()
            }),
            ..container(Engine::Containerd, "pod/shop/web-0/nginx")
        };
        assert_eq!(command(&pod), None);
        assert!(words(&pod, "nginx").starts_with("restart nginx in pod web-0 of namespace shop"));
    }
}
