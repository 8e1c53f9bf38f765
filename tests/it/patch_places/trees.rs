//! Trees of sysctl files as nobody would write them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use backlint::snapshot::Loader;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) const SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
pub(super) const LOOPBACK: &str = "net.ipv4.conf.lo.rp_filter";

/// A tree.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) loader: Loader,
    /// Whether /etc/sysctl.d/99-sysctl.conf leads to /etc/sysctl.conf.
    linked: bool,
    /// By path below the root.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

const FOLDERS: [&str; 6] = [
    "etc/sysctl.d",
    "etc/sysctl.d",
    "etc/sysctl.d",
    "run/sysctl.d",
    "usr/lib/sysctl.d",
    "usr/local/lib/sysctl.d",
];

const NAMES: [&str; 10] = [
    "10-a.conf",
    "50-b.conf",
    "99-z.conf",
    "99-backlint.conf",
    "99-zz.conf",
    "sysctl.conf",
    "zz.conf",
    "zzzz-last.conf",
    "~.conf",
    "README",
];

const LINES: [&[u8]; 30] = [
    b"",
    b"# a comment = 1",
    b"; caf\xe9 \xff\xfe",
    b"  \t",
    b"net.core.somaxconn = 64",
    b"net.core.somaxconn=128 # web",
    b"net/core/somaxconn = 300",
    b"\tnet.core.somaxconn\t=\t200",
    b"net.core.somaxconn = 8192",
    b"-net.core.somaxconn = 100",
    b"-net.core.somaxconn",
    b"net.core.somaxconn =",
    b"net.ipv4.tcp_max_syn_backlog = 256",
    b"net.ipv4.tcp_max_syn_backlog = 128",
    b"net/ipv4/tcp_max_syn_backlog=16384",
    b"-net.ipv4.tcp_max_syn_backlog",
    b"net.ipv4.conf.*.rp_filter = 1",
    b"net.ipv4.conf.l[a-z].rp_filter = 0",
    b"net.ipv4.conf.lo.rp_filter = 1",
    b"-net.ipv4.conf.lo.rp_filter",
    b"-net.ipv4.conf.lo.rp_filter=0",
    b"net/ipv4/conf/lo/rp_filter = 2",
    b"what is this",
    b"net.ipv4.ip_forward = 0",
    b"net.ipv4.tcp_syncookies=1 ; on",
    b"kernel.caf\xe9 = 1",
    b"net.no.such.key = 1",
    b"--- a/etc/sysctl.conf",
    b"+++ b/etc/sysctl.conf",
    b"net.ipv4.tcp_fin_timeout = 30\r",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let lines = vec(select(&LINES[..]), 0..9);
    (lines, any::<bool>(), any::<bool>(), any::<u8>()).prop_map(
        |(lines, carriage_returns, terminated, odd)| {
            let eol: &[u8] = if carriage_returns && odd % 2 == 0 {
                b"\r\n"
            } else {
                b"\n"
            };
            let mut text = lines.join(eol);
            if terminated && !lines.is_empty() {
                text.extend_from_slice(eol);
            }
            text
        },
    )
}

pub(super) fn tree(loader: Loader) -> impl Strategy<Value = Tree> {
    let file = (select(&FOLDERS[..]), select(&NAMES[..]), text());
    let conf = proptest::option::weighted(0.7, text());
    (any::<bool>(), conf, vec(file, 0..6)).prop_map(move |(linked, conf, files)| {
        let named = |(folder, name, text): (&str, &str, _)| (format!("{folder}/{name}"), text);
        let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().map(named).collect();
        let linked = linked && conf.is_some();
        files.extend(conf.map(|text| ("etc/sysctl.conf".to_owned(), text)));
        Tree {
            loader,
            linked,
            files,
        }
    })
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let link = if self.linked { ", linked" } else { "" };
        writeln!(f, "{}{link}", self.loader)?;
        for (path, text) in &self.files {
            writeln!(f, "{path}: \"{}\"", text.escape_ascii())?;
        }
        Ok(())
    }
}

impl Tree {
    /// Makes it.
    pub(super) fn write(&self, root: &Path) {
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        symlink("usr/lib", root.join("lib")).unwrap();
        for (path, text) in self.files.iter().chain(&self.traces()) {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        if self.linked {
            symlink("../sysctl.conf", root.join("etc/sysctl.d/99-sysctl.conf")).unwrap();
        }
    }

    /// The files that tell which loader runs.
    fn traces(&self) -> BTreeMap<String, Vec<u8>> {
        let (os, paths): (&str, &[&str]) = match self.loader {
            Loader::SystemdSysctl => ("debian", &["usr/lib/systemd/systemd-sysctl"]),
            Loader::Procps => ("devuan", &["etc/init.d/procps"]),
            Loader::Busybox => ("alpine", &["sbin/openrc", "etc/runlevels/boot/sysctl"]),
        };
        let empty = paths.iter().map(|path| ((*path).to_owned(), Vec::new()));
        let os = format!("ID={os}\n").into_bytes();
        empty.chain([("etc/os-release".to_owned(), os)]).collect()
    }
}
