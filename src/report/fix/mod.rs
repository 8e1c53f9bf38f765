//! `backlint patch --for TARGET`: the fix in the language of whatever makes a network namespace. This
//! file says which namespaces a target is about; each target has a file of its own, a pure function
//! from the advice to a text that can be used as it is.
//!
//! Two rules hold for all of them. Nothing that a host chose (names, messages) reaches a text but as
//! a comment on one line, a quoted word, or a name that was checked letter by letter (`text`). And
//! a sysctl that the machine has one value of never goes into a container's settings: runtimes
//! refuse to start it then.

mod ansible;
mod bottlerocket;
mod compose;
mod docker;
mod gather;
mod kubernetes;
mod openshift_tuned;
mod podman;
mod quadlet;
pub mod reference;
mod systemd;
pub(in crate::report) mod text;

use crate::advise::{Advice, Home, RelistenStep, SysctlStep, apply};
use crate::assess::Facts;
use crate::kernel::sysctls::{self, Scope};
use crate::snapshot::Namespace;

/// What a fix can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The change of a sysctl file.
    SysctlConf,
    /// A file of backlint's own in sysctl.d.
    DropIn,
    /// `docker run`.
    Docker,
    /// A Compose file.
    Compose,
    /// Pods, and the kubelet that has to allow them.
    Kubernetes,
    /// `podman run`.
    Podman,
    /// Podman's `.container` files.
    Quadlet,
    /// `.socket` units, and services with a network namespace of their own.
    Systemd,
    /// A playbook.
    Ansible,
    /// OpenShift's Node Tuning Operator.
    OpenshiftTuned,
    /// Bottlerocket's settings.
    Bottlerocket,
}

impl Target {
    /// All targets, in the order of the help.
    pub const ALL: [Self; 11] = [
        Self::SysctlConf,
        Self::DropIn,
        Self::Docker,
        Self::Compose,
        Self::Kubernetes,
        Self::Podman,
        Self::Quadlet,
        Self::Systemd,
        Self::Ansible,
        Self::OpenshiftTuned,
        Self::Bottlerocket,
    ];

    /// The name on the command line and in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SysctlConf => "sysctl-conf",
            Self::DropIn => "drop-in",
            Self::Docker => "docker",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::Podman => "podman",
            Self::Quadlet => "quadlet",
            Self::Systemd => "systemd",
            Self::Ansible => "ansible",
            Self::OpenshiftTuned => "openshift-tuned",
            Self::Bottlerocket => "bottlerocket",
        }
    }

    /// What it writes, in one line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::SysctlConf => {
                "The host's sysctl files, where it counts at boot, as a unified diff"
            }
            Self::DropIn => "A file of its own in /etc/sysctl.d, as a unified diff",
            Self::Docker => "`docker run` with the --sysctl flags of each container",
            Self::Compose => "A Compose file that adds `sysctls:` to services",
            Self::Kubernetes => "securityContext.sysctls of pods, and the kubelet's allow-list",
            Self::Podman => "`podman run` with the --sysctl flags of each container",
            Self::Quadlet => "Drop-ins with `Sysctl=` for Podman's .container files, as a diff",
            Self::Systemd => {
                "Drop-ins for .socket units and for services with a namespace of their own, as a diff"
            }
            Self::Ansible => "A playbook that sets the sysctls and restarts the services",
            Self::OpenshiftTuned => "A Tuned resource for OpenShift's nodes",
            Self::Bottlerocket => "Settings of Bottlerocket's nodes, as TOML",
        }
    }

    /// Whether it is a diff of the machine's own sysctl files.
    pub const fn changes_sysctl_files(self) -> bool {
        matches!(self, Self::SysctlConf | Self::DropIn)
    }

    /// The target that a step is for. `None`: nobody makes its namespace in a way that is known.
    pub const fn of(step: &SysctlStep) -> Option<Self> {
        match step.home {
            Home::Host => Some(Self::SysctlConf),
            Home::Docker | Home::Image => Some(Self::Docker),
            Home::Compose => Some(Self::Compose),
            Home::Kubernetes => Some(Self::Kubernetes),
            Home::Podman => Some(Self::Podman),
            Home::Quadlet => Some(Self::Quadlet),
            Home::Unit => Some(Self::Systemd),
            Home::Lxc | Home::Incus | Home::Nspawn | Home::Named | Home::Unknown => None,
        }
    }

    /// The homes that it is for, in groups of which the first that occurs counts.
    const fn homes(self) -> &'static [&'static [Home]] {
        match self {
            Self::Docker => &[&[Home::Docker, Home::Compose]],
            Self::Compose => &[&[Home::Compose], &[Home::Docker]],
            Self::Kubernetes => &[&[Home::Kubernetes]],
            Self::Podman => &[&[Home::Podman, Home::Quadlet]],
            Self::Quadlet => &[&[Home::Quadlet], &[Home::Podman]],
            Self::Systemd => &[&[Home::Unit]],
            Self::SysctlConf
            | Self::DropIn
            | Self::Ansible
            | Self::OpenshiftTuned
            | Self::Bottlerocket => &[],
        }
    }
}

/// The fix as a text. `None`: there is nothing to change there. Targets that change a sysctl file
/// have none either: their diff needs the file.
pub fn write(target: Target, advice: &Advice, facts: &Facts<'_>) -> Option<String> {
    let fix = Fix::new(target, advice, facts);
    match target {
        Target::SysctlConf | Target::DropIn => None,
        Target::Docker => docker::write(&fix),
        Target::Compose => compose::write(&fix),
        Target::Kubernetes => kubernetes::write(&fix),
        Target::Podman => podman::write(&fix),
        Target::Quadlet => quadlet::write(&fix),
        Target::Systemd => systemd::write(&fix),
        Target::Ansible => ansible::write(&fix),
        Target::OpenshiftTuned => openshift_tuned::write(&fix),
        Target::Bottlerocket => bottlerocket::write(&fix),
    }
}

/// Where the values of a container's fix come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// From namespaces that the target makes.
    Fitting,
    /// From other namespaces than the host's.
    Others,
    /// From the host, as there is no other.
    Host,
}

/// What a target has to write.
struct Fix<'a> {
    target: Target,
    advice: &'a Advice,
    facts: &'a Facts<'a>,
    origin: Origin,
    /// The namespaces that it is about, and what to set in each.
    places: Vec<Place<'a>>,
    /// What the machine has one value of: it belongs to the host's files.
    machine: Vec<&'a SysctlStep>,
    /// What has letters that not every format can take as they are.
    odd: Vec<&'a SysctlStep>,
}

/// A namespace and what to set in it.
struct Place<'a> {
    netns: &'a Namespace,
    set: Vec<&'a SysctlStep>,
}

impl<'a> Fix<'a> {
    fn new(target: Target, advice: &'a Advice, facts: &'a Facts<'a>) -> Self {
        let (odd, plain): (Vec<&SysctlStep>, Vec<&SysctlStep>) =
            advice.sysctls().partition(|step| !text::is_plain(step));
        let mut fix = Self {
            target,
            advice,
            facts,
            origin: Origin::Host,
            places: Vec::new(),
            machine: Vec::new(),
            odd,
        };
        let mut steps: Vec<&SysctlStep> = Vec::new();
        if target.homes().is_empty() {
            steps.extend(plain.iter().filter(|step| is_hosts(step)));
        } else {
            let (fitting, machine): (Vec<&SysctlStep>, Vec<&SysctlStep>) =
                plain.into_iter().partition(|step| fix.fits_container(step));
            fix.machine = machine;
            (fix.origin, steps) = choose(target, &fitting, facts);
        }
        fix.places = places(&steps, facts);
        fix
    }

    /// Whether a container can have a value of its own. Nothing else than these is taken by any
    /// runtime (runc: libcontainer/configs/validate, `sysctl`).
    fn fits_container(&self, step: &SysctlStep) -> bool {
        match sysctls::scope(&step.key, self.facts.kernel) {
            Some(scope) => scope == Scope::Namespace,
            None => step.key.starts_with("net."),
        }
    }

    /// The steps of all places, each once.
    fn steps(&self) -> Vec<&'a SysctlStep> {
        let mut steps: Vec<&SysctlStep> = Vec::new();
        for step in self.places.iter().flat_map(|place| &place.set) {
            if !steps.iter().any(|known| std::ptr::eq(*known, *step)) {
                steps.push(step);
            }
        }
        steps
    }

    /// The services that must listen again in the places.
    fn relistens(&self) -> Vec<&'a RelistenStep> {
        let here = |step: &&RelistenStep| {
            self.places
                .iter()
                .any(|place| place.netns.name == step.netns)
        };
        let all = self.advice.relistens().chain(&self.advice.along);
        all.filter(here).collect()
    }

    /// A name for a container of the service that the host's values are for.
    fn service(&self) -> &'a str {
        let who = self.relistens().first().map(|step| step.who.as_str());
        who.filter(|who| text::is_name(who)).unwrap_or("service")
    }
}

/// Whether the machine's own files set it.
fn is_hosts(step: &SysctlStep) -> bool {
    step.home == Home::Host || step.reached
}

/// The steps of the namespaces that a target makes; without any, those of other namespaces than the
/// host's; without any, the host's.
fn choose<'a>(
    target: Target,
    steps: &[&'a SysctlStep],
    facts: &Facts<'_>,
) -> (Origin, Vec<&'a SysctlStep>) {
    let with = |fits: &dyn Fn(&SysctlStep) -> bool| -> Vec<&'a SysctlStep> {
        steps.iter().copied().filter(|step| fits(step)).collect()
    };
    for homes in target.homes() {
        let fitting = with(&|step| homes.contains(&step.home));
        if !fitting.is_empty() {
            return (Origin::Fitting, fitting);
        }
    }
    // What is no container has no flags, and none is invented for it.
    let others = with(&|step| match step.home {
        Home::Host | Home::Unit | Home::Named => false,
        Home::Unknown => apply::namespaces(step, facts).any(|netns| !netns.containers.is_empty()),
        _ => true,
    });
    // A unit's command runs in the unit's own namespace, and in no container's.
    if !others.is_empty() && target != Target::Systemd {
        return (Origin::Others, others);
    }
    (Origin::Host, with(&is_hosts))
}

/// The namespaces of steps in the record's order, each with its own steps by key.
fn places<'a>(steps: &[&'a SysctlStep], facts: &'a Facts<'a>) -> Vec<Place<'a>> {
    let of = |(index, netns): (usize, &crate::assess::NetnsFacts<'a>)| {
        let mut set: Vec<&SysctlStep> = steps
            .iter()
            .copied()
            .filter(|step| step.at.contains(&index))
            .collect();
        set.sort_by(|one, other| one.key.cmp(&other.key));
        (!set.is_empty()).then_some(Place {
            netns: netns.namespace,
            set,
        })
    };
    facts.namespaces.iter().enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
