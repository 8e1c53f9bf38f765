//! `TARGETS.md`: each target with when to use it, its command and a real output.

use super::Target;

/// An output of a target.
#[derive(Debug)]
pub struct Example {
    /// The target.
    pub target: Target,
    /// The record that it is made from, by its path in the repository.
    pub record: &'static str,
    /// What backlint wrote.
    pub output: String,
}

/// The record whose output shows a target best.
pub const fn record(target: Target) -> &'static str {
    match target {
        Target::Docker => "tests/targets/docker.yaml",
        Target::Compose => "tests/targets/compose.yaml",
        Target::Kubernetes => "tests/targets/forty-pods.yaml",
        Target::Podman | Target::Quadlet => "tests/targets/podman.yaml",
        Target::Systemd => "tests/targets/sockets.yaml",
        Target::SysctlConf
        | Target::DropIn
        | Target::Ansible
        | Target::OpenshiftTuned
        | Target::Bottlerocket => "tests/targets/nginx.yaml",
    }
}

/// When to use a target.
const fn when(target: Target) -> &'static str {
    match target {
        Target::SysctlConf => {
            "For services in the host's own network namespace. The change goes where it counts at boot with the machine's own loader: the line that wins, where it stands; else /etc/sysctl.conf, where it is read and nothing comes after it; else a file in /etc/sysctl.d behind all others that set the key. Another file is named with `--file`, another root directory with `--root`."
        }
        Target::DropIn => {
            "As `sysctl-conf`, where a file of its own is easier to keep: /etc/sysctl.d/99-backlint.conf, or one with a name that comes later, where that is needed to win. What overrides it even so gets the value too."
        }
        Target::Docker => {
            "For containers that `docker run` made. A network namespace starts from the kernel's constants, so the host's value does not reach them; and dockerd has no setting for all containers."
        }
        Target::Compose => {
            "For services of a Compose file. Without any in the record it takes Docker's containers, each as a service of its name."
        }
        Target::Kubernetes => {
            "For pods. Each workload gets a part of its manifest for server-side apply, which changes these fields and leaves all others; the kind is told by the pods' names, and where those do not tell a DaemonSet from a Job a comment has the command that does. Replicas share a template, which gets the largest value that one of them needs. net.core.somaxconn is not in Kubernetes' safe set, so the kubelets have to allow it: that is the first document, in the form of the kubelet's own configuration."
        }
        Target::Podman => {
            "For containers that `podman run` made, and pods. Those that Quadlet starts keep their values with `quadlet`; for one that a unit runs, the flags are for that unit's command line. A user's own containers have lines that root can run as that user."
        }
        Target::Quadlet => {
            "For containers that systemd starts from a `.container` file, root's and users'. Drop-ins need Podman 5.0; `Sysctl=` needs 4.6."
        }
        Target::Systemd => {
            "For sockets that a `.socket` unit made, which have the `Backlog=` of that unit whatever the service asks for; and for services with a network namespace of their own (`PrivateNetwork=`, `NetworkNamespacePath=`): a command that begins with `+` joins that namespace with all rights."
        }
        Target::Ansible => {
            "For many hosts that Ansible keeps. It writes a file in sysctl.d and restarts the services only where a value changed."
        }
        Target::OpenshiftTuned => {
            "For the nodes of an OpenShift cluster, whose sysctls the Node Tuning Operator sets. Pods need `kubernetes`."
        }
        Target::Bottlerocket => {
            "For Bottlerocket's nodes, which have no sysctl files. Where the record has pods, it allows their sysctls too."
        }
    }
}

/// The page.
pub fn markdown(examples: &[Example]) -> String {
    let mut out = String::from(
        "# Targets of `backlint patch --for`\n\n\
         Generated from src/report/fix; `UPDATE_GENERATED=1 cargo test --test it generated` writes it anew.\n\n\
         A sysctl of a network namespace lasts only where that namespace is made. `backlint patch --for TARGET`\n\
         writes the change in the language of whatever makes it: complete, with the reason of each value, the\n\
         command that applies it and the one that verifies it, and who has to listen again. What the machine has\n\
         one value of never goes into a container's settings. If a record has nothing that a target makes, the\n\
         values of its other containers are taken, and without any the host's own: a comment says so.\n\n\
         | target | writes |\n| --- | --- |\n",
    );
    for target in Target::ALL {
        let name = target.name();
        out.push_str(&format!("| [{name}](#{name}) | {} |\n", target.about()));
    }
    for example in examples {
        let Example {
            target,
            record,
            output,
        } = example;
        let name = target.name();
        out.push_str(&format!(
            "\n## {name}\n\n{}\n\n```console\n$ backlint patch --for {name} --snapshot {record}\n{output}```\n",
            when(*target)
        ));
    }
    out
}
