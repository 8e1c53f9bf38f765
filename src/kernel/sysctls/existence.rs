//! Whether a kernel has a sysctl, and what a key that no kernel has was meant to be.

use super::{all, find, strangers};
use crate::kernel::version::Version;

/// Letters of a key below which a near one proves nothing.
const SHORTEST: usize = 8;
/// The subtrees where a known name is looked for that stands in the wrong one. Below others, such as
/// a device's, the same name may be another sysctl.
const SUBTREES: [&str; 11] = [
    "",
    "net",
    "net.core",
    "net.ipv4",
    "net.ipv6",
    "net.unix",
    "net.netfilter",
    "net.tcp",
    "kernel",
    "vm",
    "fs",
];

/// Whether a kernel has a sysctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It has, as far as its version tells; its build may leave it out.
    Exists,
    /// It had.
    Removed {
        /// The first version without it.
        in_: Version,
        /// The key that does the same there.
        instead: Option<&'static str>,
    },
    /// It will.
    NotYet {
        /// The first version with it.
        since: Version,
    },
    /// No kernel has it, and it is nearly the key of one that a kernel has.
    Misspelt {
        /// That key.
        nearest: &'static str,
    },
    /// The catalogue does not have it. That proves nothing: modules bring their own.
    Unknown,
}

impl Existence {
    /// Why there is no such sysctl, a clause for people. `None`: there is, or may be.
    pub fn words(self) -> Option<String> {
        Some(match self {
            Self::Exists | Self::Unknown => return None,
            Self::Removed { in_, instead: None } => format!("Linux {in_} removed it"),
            Self::Removed {
                in_,
                instead: Some(key),
            } => format!("Linux {in_} removed it, and {key} does the same"),
            Self::NotYet { since } => format!("it came with Linux {since}"),
            Self::Misspelt { nearest } => format!("there is none, and {nearest} is nearest"),
        })
    }
}

/// Whether a kernel has a sysctl, the newest known where the version is not.
pub fn existence(key: &str, kernel: Option<Version>) -> Existence {
    let Some(sysctl) = find(key) else {
        return match nearest(key) {
            Some(nearest) => Existence::Misspelt { nearest },
            None => Existence::Unknown,
        };
    };
    match (sysctl.since, sysctl.gone, kernel) {
        (_, Some(gone), kernel) if kernel.is_none_or(|kernel| kernel >= gone.in_) => {
            Existence::Removed {
                in_: gone.in_,
                instead: gone.instead,
            }
        }
        (Some(since), _, Some(kernel)) if kernel < since => Existence::NotYet { since },
        _ => Existence::Exists,
    }
}

/// The key that another was probably meant to be, of all that any kernel is known to have. `None`: it
/// is known, or nothing is near; a module may have it.
pub fn misspelt(key: &str) -> Option<&'static str> {
    let dotted = key.replace('/', ".");
    if find(key).is_some() || strangers::is_real(key) {
        return None;
    }
    if dotted != key && find(&dotted).is_some() {
        return find(&dotted).map(|sysctl| sysctl.key);
    }
    nearest(&dotted).or_else(|| near(&dotted, strangers::all()))
}

/// The key of the catalogue that another was meant to be.
fn nearest(key: &str) -> Option<&'static str> {
    if key.contains('*') || strangers::is_real(key) {
        return None;
    }
    misplaced(key).or_else(|| mistyped(key))
}

/// The name is right and the subtree is not.
fn misplaced(key: &str) -> Option<&'static str> {
    let (subtree, name) = key.rsplit_once('.').unwrap_or(("", key));
    if name.len() < SHORTEST || !SUBTREES.contains(&subtree) {
        return None;
    }
    let mut same = candidates().filter(|known| known.rsplit('.').next() == Some(name));
    same.next()
}

fn mistyped(key: &str) -> Option<&'static str> {
    near(key, candidates())
}

/// One or two letters are wrong, missing, too many or exchanged; in a short name one alone.
fn near(key: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = key.rsplit('.').next().unwrap_or(key);
    if key.len() < SHORTEST {
        return None;
    }
    let most = if name.len() < SHORTEST { 1 } else { 2 };
    let distance = |known: &str| match known.len().abs_diff(key.len()) {
        0..=2 => strsim::osa_distance(key, known),
        _ => usize::MAX,
    };
    let nearest = candidates.min_by_key(|known| distance(known))?;
    (distance(nearest) <= most).then_some(nearest)
}

/// What a key may have been meant to be: those that exist go first.
fn candidates() -> impl Iterator<Item = &'static str> {
    let there = all().filter(|sysctl| sysctl.gone.is_none());
    let gone = all().filter(|sysctl| sysctl.gone.is_some());
    let known = there.chain(gone).filter(|sysctl| !sysctl.is_pattern());
    known.map(|sysctl| sysctl.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(key: &str, major: u32, minor: u32) -> Existence {
        existence(key, Some(Version::new(major, minor)))
    }

    fn meant(key: &str) -> Option<&'static str> {
        match existence(key, None) {
            Existence::Misspelt { nearest } => Some(nearest),
            _ => None,
        }
    }

    #[test]
    fn tcp_tw_recycle_ended_with_4_12() {
        let key = "net.ipv4.tcp_tw_recycle";
        let removed = Existence::Removed {
            in_: Version::new(4, 12),
            instead: None,
        };
        assert_eq!(on(key, 4, 11), Existence::Exists);
        assert_eq!(on(key, 4, 12), removed);
        assert_eq!(existence(key, None), removed);
    }

    #[test]
    fn an_old_name_has_a_new_one() {
        let found = on("net.ipv4.netfilter.ip_conntrack_max", 6, 1);
        assert_eq!(
            found,
            Existence::Removed {
                in_: Version::new(4, 9),
                instead: Some("net.netfilter.nf_conntrack_max"),
            }
        );
    }

    #[test]
    fn tcp_migrate_req_came_with_5_14() {
        let key = "net.ipv4.tcp_migrate_req";
        let since = Version::new(5, 14);
        assert_eq!(on(key, 5, 13), Existence::NotYet { since });
        assert_eq!(on(key, 5, 14), Existence::Exists);
        assert_eq!(existence(key, None), Existence::Exists);
    }

    #[test]
    fn misspellings_are_found() {
        assert_eq!(meant("net.core.somaxcon"), Some("net.core.somaxconn"));
        assert_eq!(meant("net.core.soamxconn"), Some("net.core.somaxconn"));
        assert_eq!(meant("net.cor.somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(
            meant("net.ipv4.tcp_max_syn_backlogs"),
            Some("net.ipv4.tcp_max_syn_backlog")
        );
        assert_eq!(meant("net.ipv4.tcp_mme"), Some("net.ipv4.tcp_mem"));
        assert_eq!(meant("vm.swapiness"), Some("vm.swappiness"));
    }

    #[test]
    fn names_in_the_wrong_subtree_are_found() {
        assert_eq!(meant("net.ipv4.somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(meant("somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(
            meant("net.core.tcp_max_syn_backlog"),
            Some("net.ipv4.tcp_max_syn_backlog")
        );
        assert_eq!(
            meant("net.ipv6.tcp_syncookies"),
            Some("net.ipv4.tcp_syncookies")
        );
    }

    #[test]
    fn real_strangers_are_not_called_misspelt() {
        for key in [
            "net.ipv4.tcp_wmem",
            "net.ipv4.udp_mem",
            "net.ipv4.tcp_probe_interval",
            "net.ipv4.tcp_retrans_collapse",
            "net.ipv4.udp_l3mdev_accept",
            "net.ipv4.raw_l3mdev_accept",
            "net.ipv6.route.max_size",
            "net.netfilter.nf_conntrack_icmpv6_timeout",
            "fs.overflowuid",
            "kernel.overflowuid",
            "kernel.shm_next_id",
            "kernel.msg_next_id",
            "vm.overcommit_kbytes",
            "user.max_inotify_watches",
            "dev.raid.speed_limit_max",
            "net.bridge.bridge-nf-call-iptables",
            "net.ipv4.conf.all.arp_accept",
            "net.*.somaxconn",
        ] {
            assert_eq!(meant(key), None, "{key}");
        }
        assert_eq!(existence("net.bridge.x", None), Existence::Unknown);
        assert_eq!(on("net.ipv4.conf.all.rp_filter", 6, 1), Existence::Exists);
    }

    #[test]
    fn a_rule_s_key_is_held_against_all_that_is_known() {
        for (slip, known) in [
            ("vm.swapiness", "vm.swappiness"),
            ("vm.overcomit_memory", "vm.overcommit_memory"),
            ("vm.max_map_cuont", "vm.max_map_count"),
            ("fs.file_max", "fs.file-max"),
            ("fs.inotify.max_user_watchs", "fs.inotify.max_user_watches"),
            ("kernel.pid_mx", "kernel.pid_max"),
            ("kernel.thread-max", "kernel.threads-max"),
            ("net.ipv4.ip_foward", "net.ipv4.ip_forward"),
            ("kernel.panic_on_wran", "kernel.panic_on_warn"),
            ("net/core/somaxconn", "net.core.somaxconn"),
        ] {
            assert_eq!(misspelt(slip), Some(known), "{slip}");
        }
        for key in [
            "fs.nr_open",
            "kernel.our_own",
            "net.bridge.x",
            "vm.laptop_mode",
            "kernel.arch",
        ] {
            assert_eq!(misspelt(key), None, "{key}");
        }
    }

    #[test]
    fn no_key_of_the_catalogue_is_a_stranger() {
        for sysctl in all() {
            assert!(!strangers::is_real(sysctl.key), "{}", sysctl.key);
        }
    }
}
