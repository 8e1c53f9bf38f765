//! Whom a sysctl belongs to: a network namespace each, or the machine. It grew from kernel to kernel,
//! by commits named "Namespaceify"; the versions here are those whose source was read
//! (net/core/sysctl_net_core.c, net/ipv4/sysctl_net_ipv4.c), and where Kubernetes documents an
//! earlier one for its safe sysctls, that. The catalogue's entries have them.

use super::entry::{OLDEST, Owner};
use super::find;
use crate::kernel::version::Version;

/// Whom a sysctl's value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each network namespace has a value of its own, or each IPC namespace (ipc_namespaces(7)):
    /// a container has one of either.
    Namespace,
    /// The machine has one value, in the namespace that it starts with.
    Machine {
        /// Whether other namespaces show the value, which they cannot change, or have no such file.
        shown: bool,
    },
}

/// Whole families, for the keys that the catalogue does not have. The first that fits counts.
const FAMILIES: [(&str, Owner); 13] = [
    ("net.core.bpf_jit_", Owner::Machine(None)),
    ("net.core.dev_weight", Owner::Machine(None)),
    ("net.core.netdev_", Owner::Machine(None)),
    ("fs.mqueue.", Owner::Each(OLDEST)),
    ("kernel.msg", Owner::Each(OLDEST)),
    ("kernel.sem", Owner::Each(OLDEST)),
    ("kernel.shm", Owner::Each(OLDEST)),
    // Whatever is not of the network: one value, which every container shows.
    ("abi.", Owner::Machine(Some(OLDEST))),
    ("debug.", Owner::Machine(Some(OLDEST))),
    ("dev.", Owner::Machine(Some(OLDEST))),
    ("fs.", Owner::Machine(Some(OLDEST))),
    ("kernel.", Owner::Machine(Some(OLDEST))),
    ("vm.", Owner::Machine(Some(OLDEST))),
];

/// Whom a key belongs to in a kernel, the newest known where the version is not. `None`: nothing is
/// known of the key.
pub fn scope(key: &str, kernel: Option<Version>) -> Option<Scope> {
    let family = || {
        let mut families = FAMILIES.iter();
        let found = families.find(|(beginning, _)| key.starts_with(beginning));
        found.map(|(_, owner)| *owner)
    };
    let owner = find(key).and_then(|sysctl| sysctl.owner).or_else(family)?;
    let reached = |version: Version| kernel.is_none_or(|kernel| kernel >= version);
    Some(match owner {
        Owner::Each(since) if reached(since) => Scope::Namespace,
        Owner::Each(_) => Scope::Machine { shown: false },
        Owner::Machine(shown) => Scope::Machine {
            shown: shown.is_some_and(reached),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sysctls::recorded;

    fn in_kernel(key: &str, major: u32, minor: u32) -> Option<Scope> {
        scope(key, Some(Version::new(major, minor)))
    }

    #[test]
    fn somaxconn_is_each_namespaces_own() {
        assert_eq!(
            in_kernel("net.core.somaxconn", 3, 10),
            Some(Scope::Namespace)
        );
        assert_eq!(scope("net.core.somaxconn", None), Some(Scope::Namespace));
    }

    #[test]
    fn what_was_the_machines_became_the_namespaces() {
        let key = "net.ipv4.tcp_max_syn_backlog";
        assert_eq!(in_kernel(key, 4, 9), Some(Scope::Machine { shown: false }));
        assert_eq!(in_kernel(key, 4, 12), Some(Scope::Namespace));
        let key = "net.core.rmem_max";
        assert_eq!(in_kernel(key, 6, 1), Some(Scope::Machine { shown: false }));
        assert_eq!(in_kernel(key, 6, 12), Some(Scope::Machine { shown: true }));
        assert_eq!(
            scope("net.core.netdev_max_backlog", None),
            Some(Scope::Machine { shown: false })
        );
        assert_eq!(
            scope("vm.swappiness", None),
            Some(Scope::Machine { shown: true })
        );
        assert_eq!(scope("net.ipv4.route.max_size", None), None);
    }

    #[test]
    fn each_namespace_has_its_own_interfaces() {
        assert_eq!(
            in_kernel("net.ipv4.conf.all.rp_filter", 3, 10),
            Some(Scope::Namespace)
        );
    }

    #[test]
    fn the_scope_of_all_that_an_audit_reads_is_known() {
        for sysctl in recorded() {
            assert!(scope(sysctl.key, None).is_some(), "{}", sysctl.key);
        }
    }
}
