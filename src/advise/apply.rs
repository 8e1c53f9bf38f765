//! One line for each place of a sysctl: what to do there so that the value lasts. A namespace starts
//! from the kernel's constants each time it is made, so the value belongs to whatever makes it.
//!
//! The forms are those of docker-run(1), compose-spec's `services.*.sysctls`, Kubernetes'
//! `PodSecurityContext`, podman-systemd.unit(5), lxc.container.conf(5) (`lxc.sysctl.*`), Incus'
//! instance options (`linux.sysctl.*`, which take effect when the instance starts), systemd.exec(5).

use super::{Home, SysctlStep};
use crate::assess::Facts;
use crate::snapshot::{Container, Namespace};
use crate::text::shell::word as quoted;

/// Names that a line has; the rest is counted.
const NAMES: usize = 2;

/// What to do where a step's namespaces are made, in one line. Names in it are quoted for a shell
/// where they stand in a command, but not cleaned for a terminal.
pub fn words(step: &SysctlStep, facts: &Facts<'_>) -> String {
    let SysctlStep {
        key, value, home, ..
    } = step;
    let netns: Vec<&Namespace> = namespaces(step, facts).collect();
    let set = quoted(&format!("{key}={value}"));
    let who = |name: fn(&Namespace) -> String| some(&distinct(netns.iter().map(|at| name(at))));
    let plural = if netns.len() > 1 { "s" } else { "" };
    match home {
        Home::Host => format!("set {key} = {value} in the host's sysctl files"),
        Home::Docker => format!(
            "recreate container{plural} {} with: docker run --sysctl {set} …",
            who(container_name)
        ),
        Home::Podman => format!(
            "recreate container{plural} {} with: podman run --sysctl {set} …",
            who(container_name)
        ),
        Home::Compose => format!(
            "in the Compose file, under `sysctls:` of service {}: {key}: \"{value}\"; then docker compose up -d",
            who(compose_name)
        ),
        Home::Kubernetes => format!(
            "in the pod template of {}, under securityContext.sysctls: name {key}, value \"{value}\"",
            who(workload)
        ),
        Home::Quadlet => format!(
            "Sysctl={key}={value} under [Container] of the Quadlet file of {}; then systemctl daemon-reload and restart it",
            who(unit)
        ),
        Home::Lxc => format!(
            "lxc.sysctl.{key} = {value} in the configuration of LXC container{plural} {}; then start it anew",
            who(container_name)
        ),
        Home::Incus => incus(step, &netns),
        Home::Nspawn => format!(
            "{key} = {value} in a file below /etc/sysctl.d inside container{plural} {}, which its systemd reads when it boots",
            who(container_name)
        ),
        Home::Unit => format!(
            "ExecStartPre=+/sbin/sysctl -w {key}={value} under [Service] of {}; then systemctl daemon-reload and restart it",
            who(unit)
        ),
        Home::Named => named(&set, &netns),
        Home::Unknown => unknown(step, &set, &netns),
    }
}

/// Incus keeps the value and sets it when the container starts.
fn incus(step: &SysctlStep, netns: &[&Namespace]) -> String {
    let set = quoted(&format!("linux.sysctl.{}={}", step.key, step.value));
    let lines = distinct(netns.iter().map(|at| {
        let name = quoted(&container_name(at));
        format!("incus config set {name} {set} && incus restart {name}")
    }));
    some(&lines)
}

/// ip-netns(8) keeps no sysctls.
fn named(set: &str, netns: &[&Namespace]) -> String {
    let lines = distinct(netns.iter().map(|at| {
        let name = quoted(at.named.as_deref().unwrap_or(&at.name));
        format!("ip netns exec {name} sysctl -w {set}")
    }));
    format!("{}; {MAKER}", some(&lines))
}

/// What a running namespace's values need.
const MAKER: &str = "whoever makes that namespace must set it again each time";

/// Nobody knows who makes it: the running namespace can be changed, and its maker has to be asked.
fn unknown(step: &SysctlStep, set: &str, netns: &[&Namespace]) -> String {
    if step.first {
        return format!("sysctl -w {set} in its network namespace; {MAKER}");
    }
    let lines: Vec<String> = netns
        .iter()
        .map(|at| match at.pid {
            Some(pid) => format!("nsenter -t {pid} -n sysctl -w {set}"),
            None => format!("in network namespace {}: sysctl -w {set}", at.name),
        })
        .collect();
    format!("{}; {MAKER}", some(&lines))
}

/// The namespaces that a step is about.
pub fn namespaces<'a>(
    step: &SysctlStep,
    facts: &'a Facts<'_>,
) -> impl Iterator<Item = &'a Namespace> {
    step.at
        .iter()
        .filter_map(|at| Some(facts.namespaces.get(*at)?.namespace))
}

/// The container that a namespace is known by.
fn container(netns: &Namespace) -> Option<&Container> {
    netns.containers.first()
}

/// The name that the runtime knows a container by, without what is put in front of it for display.
pub fn container_name(netns: &Namespace) -> String {
    container(netns)
        .map_or(netns.name.as_str(), Container::own_name)
        .to_owned()
}

fn compose_name(netns: &Namespace) -> String {
    match container(netns).and_then(|container| container.compose.as_ref()) {
        Some(compose) => format!("{} of project {}", compose.service, compose.project),
        None => container_name(netns),
    }
}

fn workload(netns: &Namespace) -> String {
    let name = netns.stable_name();
    name.strip_prefix("pod/").unwrap_or(name).to_owned()
}

/// The systemd unit that a namespace is made for.
pub fn unit(netns: &Namespace) -> String {
    let unit = container(netns)
        .and_then(|container| container.unit.as_deref())
        .or(netns.unit.as_deref());
    unit.unwrap_or(&netns.name).to_owned()
}

/// The names, each once, in the order of the first.
fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if seen.insert(name.clone()) {
            distinct.push(name);
        }
    }
    distinct
}

/// A few names, and how many more there are.
fn some(names: &[String]) -> String {
    match names {
        [.., last] if names.len() <= NAMES + 1 => {
            let before = names.get(..names.len() - 1).unwrap_or_default().join(", ");
            if before.is_empty() {
                last.clone()
            } else {
                format!("{before} and {last}")
            }
        }
        _ => {
            let shown = names.get(..NAMES).unwrap_or_default().join(", ");
            format!("{shown} and {} more", names.len().saturating_sub(NAMES))
        }
    }
}

#[cfg(test)]
mod tests;
