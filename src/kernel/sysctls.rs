//! The catalogue of sysctls: for every key that a rule, a fixture or a usual tuning file names,
//! whose value it is, what the kernel starts with, what it takes, since when it is there and until
//! when. It reads nothing: what a host has is `collect`'s to say.
//!
//! One table, a file a subtree. An entry claims only what was measured on Linux 6.18 in a fresh
//! namespace (tests/it/live/catalogue.rs measures it again) or read in the source of the version
//! that it names. Distributions bring changes to older kernels, so a value that was read always
//! counts for more.

mod entry;
mod existence;
mod facts;
mod gone;
mod ip;
mod machine;
mod net_core;
mod netfilter;
mod notation;
mod scope;
mod strangers;
mod tcp;
mod tcp_more;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::version::Version;
pub use entry::{Kind, Sysctl};
pub use existence::{Existence, existence, misspelt};
pub use facts::facts;
pub use scope::{Scope, scope};
pub use value::{ValueFault, check_value, kept, questionable, range, written};

/// The sysctls that every record of a host has, by key: those that decide the accept path.
const RECORDED: [&str; 12] = [
    "net.core.netdev_max_backlog",
    "net.core.somaxconn",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_fastopen",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_migrate_req",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
    "net.unix.max_dgram_qlen",
];

/// The whole catalogue, a subtree after another.
pub fn all() -> impl Iterator<Item = &'static Sysctl> {
    let tables: [&'static [Sysctl]; 7] = [
        &net_core::ENTRIES,
        &tcp::ENTRIES,
        &tcp_more::ENTRIES,
        &ip::ENTRIES,
        &netfilter::ENTRIES,
        &machine::ENTRIES,
        &gone::ENTRIES,
    ];
    tables.into_iter().flatten()
}

/// What every record of a host has, whatever rules are loaded, sorted by key.
pub fn recorded() -> impl Iterator<Item = &'static Sysctl> {
    RECORDED.iter().filter_map(|key| find(key))
}

/// A known sysctl by its dotted key, in which `/` inside a component is a dot. An entry of just this
/// key goes before one with a `*`.
pub fn find(key: &str) -> Option<&'static Sysctl> {
    /// Every entry by its key, and those whose key is a pattern.
    type Index = (
        BTreeMap<&'static str, &'static Sysctl>,
        Vec<&'static Sysctl>,
    );
    static INDEX: LazyLock<Index> = LazyLock::new(|| {
        let patterns = all().filter(|sysctl| sysctl.is_pattern());
        let by_key = all().map(|sysctl| (sysctl.key, sysctl));
        (by_key.collect(), patterns.collect())
    });
    let (by_key, patterns) = &*INDEX;
    let fitting = || patterns.iter().find(|sysctl| sysctl.fits(key));
    by_key.get(key).or_else(fitting).copied()
}

/// Whether some kernel has or had a sysctl of exactly this dotted key, be it one that the catalogue says
/// nothing of.
pub fn is_known(key: &str) -> bool {
    find(key).is_some() || strangers::is_real(key)
}

/// Whether a word is one whole component of a key that some kernel has or had: `net`, `tcp_mem`.
pub fn is_component(word: &str) -> bool {
    static ALL: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        let keys = all().flat_map(|sysctl| sysctl.key.split('.'));
        keys.chain(strangers::components()).collect()
    });
    word != "*" && ALL.contains(word)
}

/// What the kernel itself starts with, several numbers with single blanks between them. `None`: it
/// depends on memory or on the build, or is not known. What systemd or a distribution sets at boot
/// is no default. Without a version, that of the newest known.
pub fn default_value(key: &str, kernel: Option<Version>) -> Option<String> {
    find(key)?.start(kernel).map(str::to_owned)
}

/// Whether a key is that of one device, which may not be there: not of all, the default or loopback.
pub fn is_of_device(key: &str) -> bool {
    let always = |part: &str| matches!(part, "all" | "default" | "lo");
    find(key).is_some_and(Sysctl::is_pattern) && !key.split('.').any(always)
}

/// What every kernel starts with. `None`: it depends, also on the version, or is not known.
pub fn steady_default(key: &str) -> Option<String> {
    match find(key)?.default {
        entry::Start::Always(value) => Some(value.to_owned()),
        entry::Start::By(_) | entry::Start::Depends => None,
    }
}

/// The recorded sysctl that a key is probably a slip of: one or two letters off, or with slashes for
/// its dots. `None` for a known key, and for a key that is just another one.
pub fn slip(key: &str) -> Option<&'static str> {
    if find(key).is_some() {
        return None;
    }
    let dotted = key.replace('/', ".");
    let near = |known: &str| {
        known.len().abs_diff(dotted.len()) <= 2 && strsim::osa_distance(&dotted, known) <= 2
    };
    RECORDED.into_iter().find(|known| near(known))
}

/// The `net.core.somaxconn` that a new namespace starts with: SOMAXCONN, which was 128 until 5.4
/// (commit 19f92a030ca6).
pub fn somaxconn_default(kernel: Version) -> i64 {
    match kernel < Version::new(5, 4) {
        true => 128,
        false => 4096,
    }
}

/// The largest `net.core.somaxconn` that the kernel takes: 16 bits before 4.1 (commit
/// becb74f0acca).
pub fn somaxconn_largest(kernel: Option<Version>) -> i64 {
    match kernel {
        Some(kernel) if kernel < Version::new(4, 1) => i64::from(u16::MAX),
        _ => i64::from(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(key: &str, major: u32, minor: u32) -> Option<String> {
        default_value(key, Some(Version::new(major, minor)))
    }

    #[test]
    fn keys_are_unique_and_have_all_that_an_entry_needs() {
        let mut seen = BTreeSet::new();
        for sysctl in all() {
            assert!(seen.insert(sysctl.key), "{} twice", sysctl.key);
            assert!(sysctl.key.contains('.') && !sysctl.key.contains('/'));
            assert!(!sysctl.meaning.is_empty(), "{}", sysctl.key);
            assert!(sysctl.source.ends_with(".c"), "{}", sysctl.key);
        }
        assert!(seen.len() >= 75, "{}", seen.len());
    }

    #[test]
    fn a_key_is_known_exactly_or_not_at_all() {
        assert!(is_known("net.core.somaxconn") && is_known("kernel.ftrace_enabled"));
        assert!(is_known("net.ipv4.conf.eth0.rp_filter"));
        assert!(!is_known("net.core.soamxconn") && !is_known("net.core"));
        assert!(is_component("somaxconn") && is_component("netfilter"));
        assert!(!is_component("*") && !is_component("eth0"));
    }

    #[test]
    fn what_is_recorded_is_sorted_and_known() {
        assert_eq!(recorded().count(), RECORDED.len());
        assert!(RECORDED.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn versions_of_an_entry_are_in_order() {
        for sysctl in all() {
            let taken = sysctl.takes.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(taken, "{}", sysctl.key);
            if let entry::Start::By(values) = sysctl.default {
                let sorted = values.windows(2).all(|pair| pair[0].0 < pair[1].0);
                assert!(sorted && !values.is_empty(), "{}", sysctl.key);
            }
            if let (Some(since), Some(gone)) = (sysctl.since, sysctl.gone) {
                assert!(since < gone.in_, "{}", sysctl.key);
            }
        }
    }

    #[test]
    fn every_default_is_a_value_that_the_kernel_takes() {
        for sysctl in all() {
            for minor in 0..=18 {
                for major in 3..=6 {
                    let kernel = Some(Version::new(major, minor));
                    let Some(value) = default_value(sysctl.key, kernel) else {
                        continue;
                    };
                    let checked = check_value(sysctl.key, &value, kernel);
                    assert_eq!(checked, Ok(()), "{}={value} {major}.{minor}", sysctl.key);
                }
            }
        }
    }

    #[test]
    fn a_star_is_one_whole_component() {
        let key = |key| find(key).map(|sysctl| sysctl.key);
        let filter = Some("net.ipv4.conf.*.rp_filter");
        assert_eq!(key("net.ipv4.conf.all.rp_filter"), filter);
        assert_eq!(key("net.ipv4.conf.eth0/100.rp_filter"), filter);
        assert_eq!(key("net.ipv4.conf.eth0.100.rp_filter"), None);
        assert_eq!(key("net.ipv4.conf.rp_filter"), None);
        assert_eq!(key("net.ipv4.conf..rp_filter"), None);
    }

    #[test]
    fn slips_are_told_from_other_keys() {
        assert_eq!(slip("net.core.somaxcon"), Some("net.core.somaxconn"));
        assert_eq!(slip("net/core/somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(slip("net.core.somaxconn"), None);
        assert_eq!(slip("net.ipv4.tcp_syn_retries"), None);
        assert_eq!(slip("vm.swappiness"), None);
    }

    #[test]
    fn the_cap_of_new_namespaces_grew_with_5_4() {
        assert_eq!(somaxconn_default(Version::new(5, 3)), 128);
        assert_eq!(somaxconn_default(Version::new(5, 4)), 4096);
        let key = "net.core.somaxconn";
        assert_eq!(start(key, 5, 3).as_deref(), Some("128"));
        assert_eq!(start(key, 5, 4).as_deref(), Some("4096"));
        assert_eq!(default_value(key, None).as_deref(), Some("4096"));
    }

    #[test]
    fn defaults_follow_the_version_and_are_absent_where_they_depend() {
        assert_eq!(start("net.ipv4.tcp_tw_reuse", 4, 18).as_deref(), Some("0"));
        assert_eq!(start("net.ipv4.tcp_tw_reuse", 4, 19).as_deref(), Some("2"));
        let ports = start("net.ipv4.ip_local_port_range", 5, 4);
        assert_eq!(ports.as_deref(), Some("32768 60999"));
        assert_eq!(
            start("net.unix.max_dgram_qlen", 6, 1).as_deref(),
            Some("10")
        );
        assert_eq!(start("net.ipv4.tcp_max_syn_backlog", 6, 1), None);
        assert_eq!(start("fs.inotify.max_user_watches", 5, 11), None);
        assert_eq!(start("no.such.key", 6, 1), None);
    }

    #[test]
    fn the_largest_cap_grew_with_4_1() {
        assert_eq!(somaxconn_largest(Some(Version::new(4, 0))), 65535);
        assert_eq!(somaxconn_largest(Some(Version::new(4, 1))), 2_147_483_647);
        assert_eq!(somaxconn_largest(None), 2_147_483_647);
    }
}
