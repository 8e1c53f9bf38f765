//! One line for each place of a sysctl: what to do there so that the value lasts. A namespace starts
//! from the kernel's constants each time it is made, so the value belongs to whatever makes it.
//!
//! The forms are those of docker-run(1), compose-spec's `services.*.sysctls`, Kubernetes'
//! `PodSecurityContext`, podman-systemd.unit(5), lxc.container.conf(5) (`lxc.sysctl.*`), Incus'
//! instance options (`linux.sysctl.*`, which take effect when the instance starts), systemd.exec(5).

use super::maker::{self, container_name};
use super::{Home, SysctlStep};
use crate::assess::Facts;
use crate::containers::pod::Workload;
use crate::snapshot::Namespace;
use crate::text::name::some;
use crate::text::shell::word as quoted;

/// Names that a line has; the rest is counted.
const NAMES: usize = 2;

/// What to do for some namespaces.
struct Line {
    /// Who makes them.
    who: String,
    /// What to do there.
    words: String,
    /// What two of them have in common that are the same but for names.
    form: Form,
}

/// Whether something of Podman's is a pod, has a unit, shares its network; whose it is; whether it is
/// inside of another.
type Form = ([bool; 4], Option<u32>);

fn form(netns: &Namespace) -> Form {
    let first = maker::first(netns);
    let unit = first.and_then(maker::run_by).is_some();
    let shared = !maker::sharers(netns).is_empty();
    let kind = [maker::is_podman_pod(netns), unit, shared, netns.nested];
    (kind, first.and_then(|first| first.user))
}

/// What to do where a step's namespaces are made, in one line: for one of each form, and for which others
/// it is the same. Names in it are quoted for a shell where they stand in a command, but not
/// cleaned for a terminal.
pub fn words(step: &SysctlStep, facts: &Facts<'_>) -> String {
    let mut forms: Vec<(Line, Vec<String>)> = Vec::new();
    for line in lines(step, facts) {
        match forms.iter_mut().find(|(first, _)| first.form == line.form) {
            Some((_, others)) => others.push(line.who),
            None => forms.push((line, Vec::new())),
        }
    }
    let words = forms.iter().map(|(first, others)| match others.as_slice() {
        [] => first.words.clone(),
        others => format!("{}; the same for {}", first.words, some(others, NAMES)),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// As [`words`], one for each that makes some of the namespaces.
pub fn all(step: &SysctlStep, facts: &Facts<'_>) -> Vec<String> {
    let lines = lines(step, facts).into_iter();
    lines.map(|line| line.words).collect()
}

/// The lines, each once, in the order of the namespaces.
fn lines(step: &SysctlStep, facts: &Facts<'_>) -> Vec<Line> {
    let mut seen = std::collections::BTreeSet::new();
    let lines = namespaces(step, facts).map(|netns| line(step, netns));
    lines
        .filter(|line| seen.insert(line.words.clone()))
        .collect()
}

fn line(step: &SysctlStep, netns: &Namespace) -> Line {
    let SysctlStep {
        key, value, home, ..
    } = step;
    let container = || container_name(netns).to_owned();
    let (who, words) = match home {
        Home::Host => (
            netns.name.clone(),
            format!("set {key} = {value} in the host's sysctl files"),
        ),
        Home::Docker => (container(), run("docker", step, netns)),
        Home::Podman => (container(), run("podman", step, netns)),
        Home::Compose => compose(step, netns),
        Home::Kubernetes => {
            let who = workload(netns);
            let words = format!(
                "in the pod template of {who}, under securityContext.sysctls: name {key}, value \"{value}\""
            );
            (who, words)
        }
        Home::Quadlet => (unit(netns), quadlet(step, netns)),
        Home::Lxc => {
            let who = container();
            let user = maker::first(netns).and_then(|container| container.user);
            let user = user.map_or_else(String::new, |user| format!(" as user {user}"));
            let words = format!(
                "lxc.sysctl.{key} = {value} in the configuration of LXC container {who}; then start it anew{user}"
            );
            (who, words)
        }
        Home::Incus => {
            let name = quoted(container_name(netns));
            let set = quoted(&format!("linux.sysctl.{key}={value}"));
            let words = format!("incus config set {name} {set} && incus restart {name}");
            (container(), words)
        }
        Home::Nspawn => {
            let who = container();
            let words = format!(
                "{key} = {value} in a file below /etc/sysctl.d inside container {who}, which its systemd reads when it boots"
            );
            (who, words)
        }
        Home::Unit => {
            let who = unit(netns);
            let words = format!(
                "ExecStartPre=+/sbin/sysctl -w {key}={value} under [Service] of {who}; then systemctl daemon-reload and restart it"
            );
            (who, words)
        }
        Home::Image => (netns.name.clone(), of_image(key, value)),
        Home::Named | Home::Unknown => (netns.name.clone(), running(step, netns)),
    };
    let form = form(netns);
    Line { who, words, form }
}

/// `docker run` and `podman run`, by hand or in a unit.
fn run(program: &str, step: &SysctlStep, netns: &Namespace) -> String {
    let set = quoted(&format!("{}={}", step.key, step.value));
    let first = maker::first(netns);
    let user = first.and_then(|first| first.user);
    let with = user.map_or_else(|| " with".to_owned(), |user| format!(", as user {user}"));
    let name = container_name(netns);
    let anew = anew(netns);
    if let Some(unit) = first.and_then(maker::run_by) {
        let verb = match maker::is_podman_pod(netns) {
            true => "pod create",
            false => "run",
        };
        let systemctl = systemctl(user);
        return format!(
            "in the `{program} {verb}` line of {unit}: --sysctl {set}; then {systemctl} daemon-reload and restart it (what is recreated by hand, that unit undoes){anew}"
        );
    }
    if maker::is_podman_pod(netns) {
        return format!(
            "recreate the pod of container {name}{with}: {program} pod create --sysctl {set} …{anew}"
        );
    }
    format!("recreate container {name}{with}: {program} run --sysctl {set} …{anew}")
}

/// Whose the manager of units is.
fn systemctl(user: Option<u32>) -> String {
    match user {
        Some(user) => format!("as user {user}: systemctl --user"),
        None => "systemctl".to_owned(),
    }
}

/// Where the values of containers stand that nobody has made yet.
fn of_image(key: &str, value: &str) -> String {
    let set = quoted(&format!("{key}={value}"));
    format!(
        "where containers of this image are made: --sysctl {set} of docker run and podman run; {key}: \"{value}\" under `sysctls:` in a Compose file; or name {key}, value \"{value}\" under securityContext.sysctls of the pod"
    )
}

/// Which containers share the network, and must be made again with it.
fn anew(netns: &Namespace) -> String {
    match maker::sharers_names(netns).as_slice() {
        [] => String::new(),
        names => format!(
            "; then create anew what shares its network: {}",
            names.join(", ")
        ),
    }
}

fn compose(step: &SysctlStep, netns: &Namespace) -> (String, String) {
    let SysctlStep { key, value, .. } = step;
    let first = maker::first(netns);
    let who = match first.and_then(|first| first.compose.as_ref()) {
        Some(compose) => format!("{} of project {}", compose.service, compose.project),
        None => container_name(netns).to_owned(),
    };
    let user = first.and_then(|first| first.user);
    let user = user.map_or_else(String::new, |user| format!("as user {user}: "));
    let words = format!(
        "in the Compose file, under `sysctls:` of service {who}: {key}: \"{value}\"; then {user}docker compose up -d{}",
        anew(netns)
    );
    (who, words)
}

fn quadlet(step: &SysctlStep, netns: &Namespace) -> String {
    let SysctlStep { key, value, .. } = step;
    let user = maker::first(netns).and_then(|first| first.user);
    let set = match maker::is_podman_pod(netns) {
        true => format!("PodmanArgs=--sysctl={key}={value} under [Pod]"),
        false => format!("Sysctl={key}={value} under [Container]"),
    };
    format!(
        "{set} of the Quadlet file of {}; then {} daemon-reload and restart it{}",
        unit(netns),
        systemctl(user),
        anew(netns)
    )
}

/// What changes a running namespace, where nobody knows what makes it, or what does keeps no
/// sysctls, as ip-netns(8).
fn running(step: &SysctlStep, netns: &Namespace) -> String {
    let set = quoted(&format!("{}={}", step.key, step.value));
    let now = match netns.pid {
        _ if step.home == Home::Named => {
            let name = quoted(netns.named.as_deref().unwrap_or(&netns.name));
            format!("ip netns exec {name} sysctl -w {set}")
        }
        _ if step.reached => format!("sysctl -w {set} in its network namespace"),
        Some(pid) => format!("nsenter -t {pid} -n sysctl -w {set}"),
        None => format!("in network namespace {}: sysctl -w {set}", netns.name),
    };
    let maker = match netns.nested {
        true => maker::inside(netns),
        false => "whoever makes that namespace must set it again each time".to_owned(),
    };
    format!("{now}; {maker}")
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

/// What makes a pod, as its manifest has it.
fn workload(netns: &Namespace) -> String {
    match Workload::of(netns) {
        Some(Workload {
            namespace: Some(namespace),
            name,
            ..
        }) => format!("{namespace}/{name}"),
        _ => {
            let name = netns.stable_name();
            name.strip_prefix("pod/").unwrap_or(name).to_owned()
        }
    }
}

/// The systemd unit that a namespace is made for.
pub fn unit(netns: &Namespace) -> String {
    let unit = maker::first(netns)
        .and_then(|container| container.unit.as_deref())
        .or(netns.unit.as_deref());
    unit.unwrap_or(&netns.name).to_owned()
}

#[cfg(test)]
mod tests;
