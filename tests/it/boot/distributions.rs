//! The trees of distributions (tests/boot): which loader each has, what its files set, and where a
//! line must be that sets one more.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backlint::collect::boot::{Depth, read};
use backlint::collect::host;
use backlint::snapshot::Loader;
use backlint::sysctl_conf::boot::{Kernel, Persistent};

use super::compare::Comparison;
use super::generator::{Node, Tree};

/// What is known of a tree.
struct Known {
    name: &'static str,
    loader: Loader,
    /// Whether a line in /etc/sysctl.conf counts, by loader in the order of [`Loader::ALL`].
    reads_sysctl_conf: [bool; 3],
    /// Keys that its files set, with the value after boot; an empty one stands for none.
    values: &'static [(&'static str, &'static str)],
}

const PROTECTED: [(&str, &str); 2] = [("fs.protected_regular", "2"), ("kernel.pid_max", "4194304")];

const KNOWN: [Known; 7] = [
    Known {
        name: "alpine-3.20",
        loader: Loader::Busybox,
        reads_sysctl_conf: [false, true, true],
        values: &[
            ("net.ipv4.tcp_syncookies", "1"),
            ("net.ipv4.conf.all.rp_filter", "1"),
            ("net.ipv4.ping_group_range", "999 59999"),
            ("kernel.panic", "120"),
        ],
    },
    Known {
        name: "amazon-linux-2023",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [true, true, true],
        values: &[
            ("net.ipv4.tcp_wmem", "4096 20480 4194304"),
            ("net.ipv4.conf.lo.rp_filter", "2"),
            ("net.ipv4.conf.all.rp_filter", ""),
            ("net.core.default_qdisc", "fq_codel"),
            ("fs.suid_dumpable", "0"),
        ],
    },
    Known {
        name: "debian-11",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [true, true, true],
        values: &PROTECTED,
    },
    Known {
        name: "debian-12",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [true, true, true],
        values: &PROTECTED,
    },
    Known {
        name: "debian-13",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [false, true, true],
        values: &[
            ("kernel.core_pattern", "core"),
            ("vm.max_map_count", "1048576"),
            ("net.ipv4.conf.eth0.rp_filter", "2"),
            ("net.ipv4.conf.all.rp_filter", ""),
            ("net.ipv4.conf.default.rp_filter", "2"),
        ],
    },
    Known {
        name: "rhel-9",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [true, true, true],
        values: &[
            ("net.ipv4.conf.eth0.rp_filter", "1"),
            ("net.ipv4.conf.all.rp_filter", ""),
            ("net.core.optmem_max", "81920"),
            ("kernel.sysrq", "16"),
        ],
    },
    Known {
        name: "ubuntu-24.04",
        loader: Loader::SystemdSysctl,
        reads_sysctl_conf: [true, true, true],
        values: &[
            ("net.ipv4.conf.all.rp_filter", "2"),
            ("kernel.sysrq", "176"),
            ("vm.max_map_count", "1048576"),
            ("fs.protected_regular", "2"),
        ],
    },
];

const SOMAXCONN: &str = "net.core.somaxconn";
const LINE: &str = "net.core.somaxconn = 4242\n";

/// What the loaders are asked about. Nothing of an interface: writing `conf.default` may set that.
const KEYS: [&str; 8] = [
    "net/core/somaxconn",
    "net/ipv4/conf/all/accept_redirects",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/ip_default_ttl",
    "net/ipv4/ping_group_range",
    "net/ipv4/tcp_rfc1337",
    "net/ipv4/tcp_syncookies",
    "net/ipv4/tcp_wmem",
];

/// A kernel that takes everything.
struct Takes;

impl Kernel for Takes {
    fn refusal(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn default(&self, _: &str) -> Option<String> {
        None
    }
}

fn trees() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boot")
}

/// A copy of a tree, its links kept, with this text at the end of a file.
fn copy(name: &str, addition: Option<(&str, &str)>) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let root = copy.path();
    let status = Command::new("cp")
        .arg("-a")
        .arg(trees().join(name).join("."))
        .arg(root)
        .status();
    assert!(status.expect("cp").success(), "{name}");
    if let Some((path, text)) = addition {
        let path = root.join(path);
        let old = fs::read_to_string(&path).unwrap_or_default();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, old + text).unwrap();
    }
    copy
}

/// The machine's loader, what it makes of a key, and what each loader would.
fn asked(root: &Path, key: &str) -> (Option<Loader>, Option<String>, Vec<Option<String>>) {
    let mut gaps = Vec::new();
    let (files, boot) = read(root, Depth::Files, None, &mut gaps);
    assert!(gaps.is_empty(), "{gaps:?}");
    let os = host::os(root);
    let persistent = Persistent::new(&files, Some(&boot), os.as_ref());
    let of = |loader| persistent.history_with(loader, key, &Takes).value;
    let after = Loader::ALL.map(of).into();
    let own = persistent.history(key, &Takes).value;
    (persistent.runs().loader, own, after)
}

#[test]
fn each_distribution_has_its_loader_and_its_values() {
    let mut names: Vec<_> = fs::read_dir(trees())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(KNOWN.map(|known| known.name.to_owned()).to_vec(), names);
    for known in KNOWN {
        for (key, value) in known.values {
            let expected = Some((*value).to_owned()).filter(|value| !value.is_empty());
            let (loader, own, _) = asked(&trees().join(known.name), key);
            assert_eq!(
                (loader, own),
                (Some(known.loader), expected),
                "{} {key}",
                known.name
            );
        }
    }
}

#[test]
fn a_line_counts_where_the_loader_of_the_distribution_looks() {
    for known in KNOWN {
        let set = |reads: bool| reads.then(|| "4242".to_owned());
        for (path, reads) in [
            ("etc/sysctl.conf", known.reads_sysctl_conf),
            ("etc/sysctl.d/10-local.conf", [true; 3]),
        ] {
            let root = copy(known.name, Some((path, LINE)));
            let (_, own, after) = asked(root.path(), SOMAXCONN);
            assert_eq!(after, reads.map(set), "{}/{path}", known.name);
            let place = Loader::ALL
                .iter()
                .position(|loader| *loader == known.loader);
            assert_eq!(own, set(reads[place.unwrap()]), "{}/{path}", known.name);
        }
    }
}

#[test]
fn the_loaders_agree_on_the_trees_of_distributions() {
    let mut comparison = Comparison::new(&KEYS);
    let (mut trees, mut values) = (0, 0);
    for known in KNOWN {
        for addition in [
            None,
            Some(("etc/sysctl.conf", LINE)),
            Some(("etc/sysctl.d/10-local.conf", LINE)),
        ] {
            let tree = tree(copy(known.name, addition).path());
            let compared = comparison.tree(&tree);
            values += compared.unwrap_or_else(|why| panic!("{}: {why}\n{tree:?}", known.name));
            trees += 1;
        }
    }
    eprintln!("{trees} trees of distributions, {values} values compared, 0 differ");
}

/// The sysctl files of a directory.
fn tree(root: &Path) -> Tree {
    let merged = fs::read_link(root.join("lib")).is_ok();
    let mut nodes = BTreeMap::new();
    let mut add = |path: String| {
        let whole = root.join(&path);
        if let Ok(target) = fs::read_link(&whole) {
            nodes.insert(
                path,
                Node::Link(target.into_os_string().into_string().unwrap()),
            );
        } else if let Ok(text) = fs::read(&whole) {
            nodes.insert(path, Node::Text(text));
        }
    };
    add("etc/sysctl.conf".to_owned());
    for directory in ["etc", "run", "usr/local/lib", "usr/lib", "lib"] {
        let directory = format!("{directory}/sysctl.d");
        if directory.starts_with("lib/") && merged {
            continue;
        }
        for entry in fs::read_dir(root.join(&directory)).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            add(format!("{directory}/{name}"));
        }
    }
    Tree { merged, nodes }
}
