//! What else may set a key that is no file of a loader: lines of udev rules, units and scripts, and
//! programs that are known to write it. Only told: nobody can say when they run.

use super::Persistent;
use crate::snapshot::{Boot, Writer};
use crate::sysctl_conf::key;

/// A program that writes keys when it starts or while it runs.
struct Program {
    /// The trace that says that it is installed.
    trace: &'static str,
    name: &'static str,
    /// Key, what is written, and when.
    keys: &'static [(&'static str, &'static str)],
}

/// Sources: moby's bridge driver and libnetwork's `osl`; kubelet's `SetupKernelTunables`
/// (pkg/kubelet/cm) and kube-proxy's conntrack and ipvs code; libvirt's network driver; systemd's
/// `main.c` (`bump_unix_max_dgram_qlen`, `bump_file_max_and_nr_open`).
const PROGRAMS: [Program; 4] = [
    Program {
        trace: "/usr/bin/dockerd",
        name: "dockerd",
        keys: &[
            ("net.ipv4.ip_forward", "1 when it starts, if it is not 1"),
            (
                "net.ipv6.conf.all.forwarding",
                "1 when a network with IPv6 is made",
            ),
            (
                "net.bridge.bridge-nf-call-iptables",
                "1 for bridge networks, by version and settings",
            ),
            (
                "net.bridge.bridge-nf-call-ip6tables",
                "1 for bridge networks, by version and settings",
            ),
        ],
    },
    Program {
        trace: "/usr/bin/kubelet",
        name: "kubelet or kube-proxy",
        keys: &[
            (
                "vm.overcommit_memory",
                "1, unless protectKernelDefaults is set",
            ),
            ("vm.panic_on_oom", "0, unless protectKernelDefaults is set"),
            ("kernel.panic", "10, unless protectKernelDefaults is set"),
            (
                "kernel.panic_on_oops",
                "1, unless protectKernelDefaults is set",
            ),
            (
                "kernel.keys.root_maxkeys",
                "1000000, unless protectKernelDefaults is set",
            ),
            (
                "kernel.keys.root_maxbytes",
                "25000000, unless protectKernelDefaults is set",
            ),
            (
                "net.netfilter.nf_conntrack_max",
                "32768 for each core, at least 131072, by its settings",
            ),
            (
                "net.netfilter.nf_conntrack_tcp_timeout_established",
                "86400, by its settings",
            ),
            (
                "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
                "3600, by its settings",
            ),
            ("net.ipv4.conf.all.route_localnet", "1 in iptables mode"),
            ("net.ipv4.ip_forward", "1 in ipvs mode"),
        ],
    },
    Program {
        trace: "/usr/sbin/libvirtd",
        name: "libvirtd",
        keys: &[
            (
                "net.ipv4.ip_forward",
                "1 when a NAT or routed network starts",
            ),
            (
                "net.ipv6.conf.all.forwarding",
                "1 when a routed network with IPv6 starts",
            ),
        ],
    },
    Program {
        trace: "/usr/lib/systemd/systemd-sysctl",
        name: "systemd itself",
        keys: &[
            (
                "net.unix.max_dgram_qlen",
                "512 when it starts, if it is less; before any file",
            ),
            (
                "fs.nr_open",
                "as much as the kernel takes when it starts; before any file",
            ),
            (
                "fs.file-max",
                "as much as the kernel takes when it starts; before any file",
            ),
        ],
    },
];

/// Drop-ins that somebody else than the administrator keeps, by the end of their paths.
const KEPT_BY_OTHERS: [(&str, &str); 9] = [
    (
        "/60-gce-network-security.conf",
        "Google's guest packages bring it",
    ),
    ("/99-gce.conf", "Google's guest packages bring it"),
    ("/99-cloudimg-ipv6.conf", "Ubuntu's cloud images bring it"),
    (
        "/50-cloudimg-settings.conf",
        "Ubuntu's cloud images bring it",
    ),
    ("/99-amazon.conf", "Amazon's EKS images bring it"),
    (
        "/99-kubernetes-cri.conf",
        "the images of Kubernetes nodes bring it",
    ),
    ("/60-libvirtd.conf", "libvirt brings it"),
    ("/60-qemu-postcopy-migration.conf", "libvirt brings it"),
    ("/10-network-security.conf", "Ubuntu's procps brings it"),
];

/// The loaders' own scripts.
const LOADERS: [&str; 2] = ["/etc/init.d/procps", "/etc/init.d/sysctl"];

/// Lines of one note's kind that are told.
const SHOWN: usize = 8;

impl Persistent<'_> {
    /// What else may set a key, a sentence each.
    pub fn notes(&self, key: &str, boot: Option<&Boot>) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(stage) = self
            .own
            .iter()
            .find(|stage| stage.who == super::stages::UFW_NAME)
            && let Some(line) = stage.lines.all.iter().find(|line| line.key == key)
        {
            notes.push(format!(
                "ufw loads {}:{} when it starts, in no fixed order with the loader: either may come last",
                line.file, line.line
            ));
        }
        let history = self.own.iter().flat_map(|stage| &stage.lines.all);
        for line in history.filter(|line| line.key == key) {
            let known = KEPT_BY_OTHERS
                .iter()
                .find(|(end, _)| line.file.ends_with(end));
            if let Some((_, who)) = known {
                let note = format!("{}: {who}, and an update may write it again", line.file);
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        let Some(boot) = boot else {
            return notes;
        };
        for program in &PROGRAMS {
            let known = program.keys.iter().find(|(known, _)| *known == key);
            if let Some((_, what)) = known
                && boot.found.contains_key(program.trace)
            {
                notes.push(format!("{} sets it too: {what}", program.name));
            }
        }
        let told = |writers: Vec<&Writer>, words: &str, notes: &mut Vec<String>| {
            let more = writers.len().saturating_sub(SHOWN);
            for Writer { path, line, text } in writers.into_iter().take(SHOWN) {
                notes.push(format!("{path}:{line} {words}: {text}"));
            }
            if more > 0 {
                notes.push(format!("and {more} more lines like these"));
            }
        };
        let (own, other): (Vec<&Writer>, Vec<&Writer>) = boot
            .writers
            .iter()
            .filter(|writer| !LOADERS.contains(&writer.path.as_str()))
            .filter(|writer| names(&writer.text, key) || loads(&writer.text))
            .partition(|writer| names(&writer.text, key));
        told(own, "names it too", &mut notes);
        told(other, "loads sysctl files too", &mut notes);
        notes
    }
}

/// Whether a line names a key, in one of its spellings.
fn names(text: &str, key: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    [key.to_owned(), key::path(key)].iter().any(|spelling| {
        text.match_indices(spelling.as_str()).any(|(at, _)| {
            let behind = text[at + spelling.len()..].chars().next();
            let before = text[..at].chars().next_back();
            !behind.is_some_and(within) && !before.is_some_and(|c| within(c) && c != '/')
        })
    })
}

/// Whether a line loads sysctl files, which may set any key. The loader's own unit and its like are
/// known.
fn loads(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let options = ["-p", "--load", "--system"];
    let called = words
        .iter()
        .any(|word| word.ends_with("sysctl") && !word.ends_with("systemd-sysctl"));
    called
        && words
            .iter()
            .any(|word| options.iter().any(|option| word.starts_with(option)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_name_the_key_are_told_from_those_that_load_files() {
        let key = "net.core.somaxconn";
        assert!(names("ExecStart=/sbin/sysctl -w net.core.somaxconn=1", key));
        assert!(names("echo 5 > /proc/sys/net/core/somaxconn", key));
        assert!(!names("ExecStart=/sbin/sysctl -w net.core.rmem_max=1", key));
        assert!(!names("sysctl -w kernel.panic_on_oops=1", "kernel.panic"));
        assert!(loads("RUN+=\"/sbin/sysctl -p /etc/x.conf\"") || loads("/sbin/sysctl --system"));
        assert!(!loads(
            "ExecStart=/usr/lib/systemd/systemd-sysctl --prefix=/net"
        ));
        assert!(!loads("ExecStart=/sbin/sysctl -w vm.swappiness=1"));
    }
}
