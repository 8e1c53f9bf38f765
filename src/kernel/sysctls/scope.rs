//! Whom a sysctl belongs to: a network namespace each, or the machine. It grew from kernel to kernel,
//! by commits named "Namespaceify"; the versions here are those whose source was read
//! (net/core/sysctl_net_core.c, net/ipv4/sysctl_net_ipv4.c), and where Kubernetes documents an
//! earlier one for its safe sysctls, that. Another table than the sysctls that an audit reads:
//! rules may set any.

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

/// What is known of a key, or of all keys that begin so.
struct Known {
    /// Dotted; with a `*` at the end all that begin so.
    key: &'static str,
    /// The first version in which each namespace has a value of its own. `None`: none has.
    since: Option<Version>,
    /// The first version in which other namespaces show the machine's value. `None`: none does.
    shown: Option<Version>,
}

const OLDEST: Version = Version::new(3, 0);

const fn each(key: &'static str, since: Version) -> Known {
    Known {
        key,
        since: Some(since),
        shown: None,
    }
}

const fn machine(key: &'static str, shown: Option<Version>) -> Known {
    Known {
        key,
        since: None,
        shown,
    }
}

/// The first that fits counts.
const KNOWN: [Known; 54] = [
    each("net.core.optmem_max", Version::new(6, 12)),
    each("net.core.somaxconn", OLDEST),
    machine("net.core.bpf_jit_*", None),
    machine("net.core.default_qdisc", None),
    machine("net.core.dev_weight*", None),
    machine("net.core.netdev_*", None),
    machine("net.core.rmem_default", Some(Version::new(6, 12))),
    machine("net.core.rmem_max", Some(Version::new(6, 12))),
    machine("net.core.rps_sock_flow_entries", None),
    machine("net.core.wmem_default", Some(Version::new(6, 12))),
    machine("net.core.wmem_max", Some(Version::new(6, 12))),
    each("net.ipv4.ip_local_port_range", Version::new(3, 16)),
    each("net.ipv4.ip_local_reserved_ports", Version::new(3, 16)),
    each("net.ipv4.ip_unprivileged_port_start", Version::new(4, 12)),
    each("net.ipv4.ping_group_range", OLDEST),
    each("net.ipv4.tcp_abort_on_overflow", Version::new(4, 15)),
    each("net.ipv4.tcp_child_ehash_entries", Version::new(6, 1)),
    each("net.ipv4.tcp_congestion_control", Version::new(4, 15)),
    each("net.ipv4.tcp_ehash_entries", Version::new(6, 1)),
    each("net.ipv4.tcp_fastopen", Version::new(4, 15)),
    each("net.ipv4.tcp_fin_timeout", Version::new(4, 6)),
    each("net.ipv4.tcp_keepalive_intvl", Version::new(4, 5)),
    each("net.ipv4.tcp_keepalive_probes", Version::new(4, 5)),
    each("net.ipv4.tcp_keepalive_time", Version::new(4, 5)),
    machine("net.ipv4.tcp_max_orphans", None),
    each("net.ipv4.tcp_max_syn_backlog", Version::new(4, 12)),
    each("net.ipv4.tcp_max_tw_buckets", Version::new(4, 12)),
    machine("net.ipv4.tcp_mem", None),
    each("net.ipv4.tcp_migrate_req", Version::new(5, 15)),
    each("net.ipv4.tcp_mtu_probing", Version::new(4, 0)),
    each("net.ipv4.tcp_notsent_lowat", Version::new(4, 9)),
    each("net.ipv4.tcp_rmem", Version::new(4, 15)),
    each("net.ipv4.tcp_sack", Version::new(4, 14)),
    each("net.ipv4.tcp_slow_start_after_idle", Version::new(4, 15)),
    each("net.ipv4.tcp_synack_retries", Version::new(4, 9)),
    each("net.ipv4.tcp_syncookies", Version::new(4, 6)),
    each("net.ipv4.tcp_timestamps", Version::new(4, 14)),
    each("net.ipv4.tcp_tw_reuse", Version::new(4, 10)),
    each("net.ipv4.tcp_window_scaling", Version::new(4, 14)),
    each("net.ipv4.tcp_wmem", Version::new(4, 15)),
    machine("net.ipv4.udp_mem", None),
    machine("net.netfilter.nf_conntrack_buckets", Some(OLDEST)),
    machine("net.netfilter.nf_conntrack_max", Some(OLDEST)),
    each("net.unix.max_dgram_qlen", OLDEST),
    each("fs.mqueue.*", OLDEST),
    each("kernel.msg*", OLDEST),
    each("kernel.sem", OLDEST),
    each("kernel.shm*", OLDEST),
    // Whatever is not of the network: one value, which every container shows.
    machine("abi.*", Some(OLDEST)),
    machine("debug.*", Some(OLDEST)),
    machine("dev.*", Some(OLDEST)),
    machine("fs.*", Some(OLDEST)),
    machine("kernel.*", Some(OLDEST)),
    machine("vm.*", Some(OLDEST)),
];

/// Whom a key belongs to in a kernel, the newest known where the version is not. `None`: nothing is
/// known of the key.
pub fn scope(key: &str, kernel: Option<Version>) -> Option<Scope> {
    let known = KNOWN
        .iter()
        .find(|known| match known.key.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == known.key,
        })?;
    let since = |version: Option<Version>| match (version, kernel) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(version), Some(kernel)) => kernel >= version,
    };
    Some(if since(known.since) {
        Scope::Namespace
    } else {
        Scope::Machine {
            shown: since(known.shown),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sysctls::ACCEPT_PATH;

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
        assert_eq!(scope("net.ipv4.conf.all.rp_filter", None), None);
    }

    #[test]
    fn the_scope_of_all_that_an_audit_reads_is_known() {
        for sysctl in &ACCEPT_PATH {
            assert!(scope(sysctl.key, None).is_some(), "{}", sysctl.key);
        }
    }
}
