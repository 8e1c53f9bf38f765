//! What everybody knows: words that every system has, and the shapes of numbers, versions and ids.
//!
//! The lists are short on purpose. A word that is missing here is replaced, which costs a reader a little;
//! one too many could tell whose machine it is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What joins the parts of a name.
pub(super) const JOINTS: [char; 6] = ['-', '_', '.', ':', ' ', '+'];

/// Directories, files and words of names that come with a system, a runtime or a service.
const WORDS: &str = "
    @ agent all api app apps apache2 app.slice available backend base bin boot bundle by-name cache
    cgroup conf config console containers control cri crio cron.d ctl current daemon data default deploy
    dev disabled docker.io dotnet enabled env etc events fpm group gunicorn home host html http https
    init init.d java kubepods besteffort burstable guaranteed kubepods.slice lib lib64 libexec listen
    local localhost log logs machine.slice main media mnt modules mods net node nodejs opt payload pid
    pki plugins pool pool.d pod private proc process profiles public python3 queue rails reload resolver
    root root.d rpc run runtime rules.d s6 sbin scripts self server service services sessions session
    share shared sites site snap snap.d socket sockets spool srv ssl stage state static stderr stdout
    stdin stream supervisor supervisord sv sys sysctl sysctl.d sysconfig system system.slice systemd
    systemd-sysctl tcp temp test tests tmp tuned udev udp ufw unit units unix user user.slice usr var
    vendor venv versions virtual web worker workers www
    active_profile post_loaded_profile tuned-main vhosts virtualenv wsgi asgi
    balanced powersave throughput-performance latency-performance network-latency network-throughput
    virtual-guest virtual-host accelerator-performance desktop hpc-compute
    docker podman containerd cri-o crio lxc incus lxd systemd-nspawn unknown netns libpod
    cri-containerd kube-system kube-proxy kubelet default coredns bus system_bus_socket notify
    cgroup2 dbus journald logind resolved timesyncd networkd stdout private.sock getty tty1 serial
    procps procps-ng busybox openrc ssh sshd library quay.io ghcr.io gcr.io registry.k8s.io backlint
    X11 X11-unix ICE-unix
    true false yes no on off none max reno cubic bbr dctcp vegas westwood htcp hybla illinois fq fq_codel
    fq_pie pfifo_fast pfifo cake noqueue mq codel sfq htb core
    README readme sysctl.conf ipv4 ipv6 alsa keyring kernel hardening magic-sysrq map-count pam security
    network qemu postcopy migration ptrace optimize-memory swappiness protect-links coredump
    gce cloudimg cloud-init amazon cri libvirtd bufferbloat zeropage link-restrictions
    netstat snmp sockstat tcp6 udp6 raw6 sctp eps assocs mptcp vsock ns cmdline environ mountinfo comm
    exe fd task
    kernel-hardening console-messages yama elasticsearch inotify ipv6-privacy
";

/// Names that options have in files which are no lists of sysctls: TuneD's and ufw's.
const OPTIONS: [&str; 16] = [
    "ENABLED",
    "IPT_SYSCTL",
    "cpuinfo_regex",
    "daemon",
    "devices",
    "devices_udev_regex",
    "drop",
    "dynamic_tuning",
    "enabled",
    "include",
    "priority",
    "reapply_sysctl",
    "replace",
    "summary",
    "type",
    "uname_regex",
];

/// Ends of names that tell what something is.
const EXTENSIONS: [&str; 38] = [
    ".automount",
    ".cfg",
    ".cnf",
    ".conf",
    ".container",
    ".d",
    ".env",
    ".img",
    ".ini",
    ".jar",
    ".js",
    ".json",
    ".kube",
    ".mjs",
    ".mount",
    ".path",
    ".pid",
    ".php",
    ".pod",
    ".py",
    ".rb",
    ".rpmnew",
    ".rpmsave",
    ".rules",
    ".scope",
    ".service",
    ".sh",
    ".slice",
    ".sock",
    ".socket",
    ".swap",
    ".target",
    ".timer",
    ".toml",
    ".xml",
    ".yaml",
    ".yml",
    ".bak",
];

/// What ids are put behind in the names of control groups.
const STARTS_OF_IDS: [&str; 14] = [
    "cri-containerd-",
    "crio-conmon-",
    "crio-",
    "docker-",
    "kubepods-besteffort-pod",
    "kubepods-burstable-pod",
    "kubepods-pod",
    "libpod-conmon-",
    "libpod-",
    "lxc.monitor.",
    "lxc.payload.",
    "machine-",
    "pod",
    "app-",
];

const DISTRIBUTIONS: [&str; 42] = [
    "almalinux",
    "alpine",
    "amzn",
    "arch",
    "azurelinux",
    "bottlerocket",
    "centos",
    "chimera",
    "clear-linux-os",
    "cos",
    "debian",
    "devuan",
    "elementary",
    "endeavouros",
    "fedora",
    "flatcar",
    "gentoo",
    "kali",
    "linuxmint",
    "manjaro",
    "mariner",
    "nixos",
    "ol",
    "opensuse",
    "opensuse-leap",
    "opensuse-microos",
    "opensuse-tumbleweed",
    "openwrt",
    "photon",
    "pop",
    "proxmox",
    "raspbian",
    "rhcos",
    "rhel",
    "rocky",
    "sled",
    "sles",
    "slackware",
    "talos",
    "ubuntu",
    "void",
    "wolfi",
];

const REGISTRIES: [&str; 8] = [
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "index.docker.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry.k8s.io",
];

/// Beginnings of names that the kernel, udev and runtimes give to interfaces.
const INTERFACES: [&str; 26] = [
    "all", "bond", "br", "cali", "cilium", "cni", "default", "docker", "dummy", "eno", "enp",
    "ens", "enx", "eth", "flannel", "gre", "ib", "lo", "lxcbr", "ppp", "sit", "tap", "tun", "tunl",
    "virbr", "wlan",
];

/// Words that kernels, distributions and projects put into versions.
const OF_VERSIONS: [&str; 44] = [
    "aarch",
    "alpha",
    "amd",
    "amzn",
    "arch",
    "arm",
    "armhf",
    "aws",
    "azure",
    "b",
    "beta",
    "bpo",
    "build",
    "cloud",
    "cos",
    "deb",
    "debian",
    "dev",
    "el",
    "fc",
    "fips",
    "gcp",
    "gentoo",
    "generic",
    "git",
    "gke",
    "hardened",
    "kvm",
    "lowlatency",
    "lts",
    "mariner",
    "next",
    "oem",
    "oracle",
    "p",
    "post",
    "pre",
    "pve",
    "r",
    "rc",
    "rt",
    "rev",
    "ubuntu",
    "virt",
];

/// Words of our own sentences, and of the kernel's about errors.
const OF_SENTENCES: &str = include_str!("words.txt");

fn set(text: &'static str) -> BTreeSet<&'static str> {
    text.split_whitespace().collect()
}

/// Whether a word is on the list of those that every system has.
pub(super) fn is_word(word: &str) -> bool {
    static ALL: LazyLock<BTreeSet<&str>> = LazyLock::new(|| set(WORDS));
    ALL.contains(word)
}

/// Whether a word is one of our own sentences'.
pub(super) fn is_of_sentence(word: &str) -> bool {
    static ALL: LazyLock<BTreeSet<&str>> = LazyLock::new(|| set(OF_SENTENCES));
    ALL.contains(word) || ALL.contains(word.to_ascii_lowercase().as_str())
}

pub(super) fn is_option(word: &str) -> bool {
    OPTIONS.contains(&word)
}

pub(super) fn is_distribution(id: &str) -> bool {
    DISTRIBUTIONS.contains(&id)
}

pub(super) fn is_registry(host: &str) -> bool {
    REGISTRIES.contains(&host)
}

/// Whether an interface's name is one of those that nobody chose: `eth0`, `enp3s0f1`.
pub(super) fn is_interface(name: &str) -> bool {
    let start = INTERFACES
        .iter()
        .filter_map(|start| name.strip_prefix(start))
        .min_by_key(|rest| rest.len());
    let numbered = |c: char| c.is_ascii_digit() || ".sfdnpv".contains(c);
    start.is_some_and(|rest| rest.len() <= 8 && rest.chars().all(numbered))
}

/// Digits that a number of anything here has at most.
const DIGITS: usize = 20;

/// Whether a word is a number, a range, a list or a fraction of numbers.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+', '>', '<']).unwrap_or(word);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.len() <= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let within = |b: u8| b.is_ascii_digit() || b".,:-+%".contains(&b);
    let runs = digits.split(|c: char| !c.is_ascii_digit());
    // Six of them are an address of a network card.
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(within)
        && digits.matches(':').count() < 5
        && runs.into_iter().all(|run| run.len() <= DIGITS)
}

/// Splits off the end that tells what something is. Empty: there is none.
pub(super) fn extension(word: &str) -> (&str, &str) {
    let end = word.rfind('.').map_or(word.len(), |at| at);
    let (stem, end) = word.split_at(end);
    match EXTENSIONS.contains(&end) {
        true => (stem, end),
        false => (word, ""),
    }
}

/// Splits a name of a control group into what a runtime puts there and the id behind it.
pub(super) fn start_of_id(word: &str) -> Option<(&'static str, &str)> {
    STARTS_OF_IDS.iter().find_map(|start| {
        let rest = word.strip_prefix(start)?;
        // Many words begin with `pod`; a UID is long.
        let least = if *start == "pod" { 32 } else { 1 };
        (rest.len() >= least).then_some((*start, rest))
    })
}

/// Whether a text is a version whole, as in the tag of an image.
pub(super) fn is_version(text: &str) -> bool {
    let distribution =
        |word: &str| is_distribution(word) || matches!(word, "latest" | "slim" | "stable");
    let words = text.split(['-', '.', '_']);
    words
        .into_iter()
        .all(|word| distribution(word) || version_length(word) == word.len())
}

/// How many bytes of a version are numbers and words of [`OF_VERSIONS`]; a word of somebody's own ends it,
/// with what joins it to them.
pub(super) fn version_length(version: &str) -> usize {
    let mut kept = 0;
    let mut at = 0;
    while at < version.len() {
        let rest = &version[at..];
        let joints = rest.len()
            - rest
                .trim_start_matches(|c: char| "-._:+~^".contains(c))
                .len();
        let word = &rest[joints..];
        let end = word
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(word.len());
        let mut runs = word[..end].split(|c: char| c.is_ascii_digit());
        if end == 0
            || !runs.all(|run| run.is_empty() || run.len() == 1 || OF_VERSIONS.contains(&run))
        {
            break;
        }
        at += joints + end;
        kept = at;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_end_at_a_word_of_somebodys_own() {
        for version in [
            "6.1.0-18-amd64",
            "5.14.0-427.el9.x86_64",
            "1:4.0.2-3+deb12u1",
            "8.2",
        ] {
            assert_eq!(version_length(version), version.len(), "{version}");
        }
        assert_eq!(version_length("6.6.30-acme-prod"), "6.6.30".len());
        assert_eq!(version_length("acme"), 0);
        assert!(is_version("1.25-alpine") && !is_version("1.25-acme"));
    }

    #[test]
    fn numbers_and_interfaces_that_nobody_chose_are_known() {
        for number in [
            "0",
            "-1",
            "4096",
            "0x80",
            "30000-30010",
            "1.5",
            "12:30",
            "8080,9148",
        ] {
            assert!(is_number(number), "{number}");
        }
        for other in [
            "",
            "-",
            "a1",
            "0x",
            "52:54:00:12:34:56",
            "123456789012345678901",
        ] {
            assert!(!is_number(other), "{other}");
        }
        for name in ["eth0", "enp3s0f1", "lo", "br0", "wlan1", "all", "eth0.100"] {
            assert!(is_interface(name), "{name}");
        }
        for name in ["wg-acme", "brussels", "ethel", "lobby", ""] {
            assert!(!is_interface(name), "{name}");
        }
    }
}
