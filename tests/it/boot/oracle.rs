//! The loaders themselves, which write into sysctls of a network namespace that is made for each
//! run and thrown away. Nothing of the machine is touched: whoever starts the test, an ordinary user
//! who is root only in a user namespace of his own runs them, in a root that holds nothing but them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::super::support::sandbox::die_with_parent;

/// How long a loader may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Somebody with no rights.
const NOBODY: &str = "65534";

/// What runs, and its package.
const PROGRAMS: [(&str, &str, &str); 3] = [
    (
        "/usr/lib/systemd/systemd-sysctl",
        "usr/lib/systemd/systemd-sysctl",
        "systemd",
    ),
    ("/usr/sbin/sysctl", "sbin/sysctl", "procps"),
    ("/bin/busybox", "bin/busybox", "busybox-static"),
];

/// A way to load a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    SystemdSysctl,
    Procps,
    Busybox,
    /// OpenRC's service on a machine with procps.
    OpenrcProcps,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [
        Self::SystemdSysctl,
        Self::Procps,
        Self::Busybox,
        Self::OpenrcProcps,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SystemdSysctl => "systemd-sysctl",
            Self::Procps => "procps",
            Self::Busybox => "busybox",
            Self::OpenrcProcps => "openrc-procps",
        }
    }
}

/// A root with the loaders, and a process that runs them.
pub(super) struct Oracle {
    root: tempfile::TempDir,
    child: Child,
    ask: ChildStdin,
    answers: Receiver<String>,
    keys: String,
    /// What the sysctls are in a new namespace.
    pub(super) fresh: BTreeMap<String, String>,
}

impl Oracle {
    /// An oracle that looks at these sysctls, given as paths below /proc/sys.
    pub(super) fn new(keys: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        make_root(root.path());
        let mut command = start(root.path());
        let mut child = die_with_parent(&mut command, Signal::KILL)
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv, unshare (package util-linux): {error}"));
        let ask = child.stdin.take().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in out.split(b'\n') {
                let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut oracle = Self {
            root,
            child,
            ask,
            answers,
            keys: keys.join(" "),
            fresh: BTreeMap::new(),
        };
        assert_eq!(oracle.answer(), "ready");
        oracle.fresh = oracle.values(&format!("nothing {}", oracle.keys));
        oracle
    }

    /// The root, in which a tree is laid out.
    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    fn answer(&self) -> String {
        self.answers
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("the loaders' namespaces: {error}"))
    }

    fn answers(&mut self, question: &str) -> Vec<String> {
        writeln!(self.ask, "{question}").unwrap();
        let mut answers = Vec::new();
        loop {
            let line = self.answer();
            if let Some(status) = line.strip_prefix("done ") {
                assert_eq!(status, "0", "{question}: {answers:?}");
                return answers;
            }
            answers.push(line);
        }
    }

    /// What the sysctls are after the tree that is laid out was loaded.
    pub(super) fn load(&mut self, way: Way) -> BTreeMap<String, String> {
        let keys = self.keys.clone();
        self.values(&format!("{} {keys}", way.name()))
    }

    /// What the loader said last.
    pub(super) fn said(&self) -> String {
        let said = fs::read(self.root().join("tmp/said")).unwrap();
        said.escape_ascii().to_string().replace("\\n", "\n    ")
    }

    /// What a sysctl is after this was written to it. `None`: the kernel does not take it.
    pub(super) fn write(&mut self, key: &str, value: &[u8]) -> Option<String> {
        fs::write(self.root().join("value"), value).unwrap();
        let mut values = self.values(&format!("write {key}"));
        let taken = self.said().contains("taken");
        taken.then(|| values.remove(key).expect("its value"))
    }

    fn values(&mut self, question: &str) -> BTreeMap<String, String> {
        let pair = |line: String| {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
            (key.to_owned(), value.to_owned())
        };
        self.answers(question).into_iter().map(pair).collect()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process that makes the namespaces, as an ordinary user.
fn start(root: &Path) -> Command {
    let unshare = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--net",
        "--",
        // Without these rights a file without permissions cannot be read, by root either.
        "setpriv",
        "--bounding-set",
        "-dac_override,-dac_read_search",
        "--",
    ];
    let mut words: Vec<&str> = Vec::new();
    if rustix::process::geteuid().is_root() {
        words.extend([
            "setpriv",
            "--reuid",
            NOBODY,
            "--regid",
            NOBODY,
            "--clear-groups",
            "--",
        ]);
    }
    words.extend(unshare);
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .arg("/bin/sh")
        .args([root.join("namespace.sh"), root.to_owned()])
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn make_root(root: &Path) {
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    open(root, 0o755).unwrap();
    for directory in [
        "bin",
        "sbin",
        "usr/lib",
        "usr/lib64",
        "usr/local",
        "proc",
        "dev",
        "tmp",
    ] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    open(&root.join("tmp"), 0o777).unwrap();
    symlink("usr/lib64", root.join("lib64")).unwrap();
    fs::write(root.join("dev/null"), "").unwrap();
    fs::write(root.join("namespace.sh"), include_str!("namespace.sh")).unwrap();
    fs::write(root.join("loader.sh"), include_str!("loader.sh")).unwrap();
    for (from, to, package) in PROGRAMS {
        assert!(Path::new(from).exists(), "needs {from} (package {package})");
        install(Path::new(from), &root.join(to));
        for library in libraries(from) {
            let path = library.strip_prefix("/").unwrap();
            let to = match path.starts_with("lib") || path.starts_with("lib64") {
                true => root.join("usr").join(path),
                false => root.join(path),
            };
            install(&library, &to);
        }
    }
}

fn install(from: &Path, to: &Path) {
    if !to.exists() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// What a program is linked with; nothing if it is static.
fn libraries(program: &str) -> Vec<PathBuf> {
    let ldd = Command::new("ldd").arg(program).output().expect("ldd");
    let said = String::from_utf8(ldd.stdout).unwrap();
    let words = said.split_whitespace().filter(|word| word.starts_with('/'));
    words.map(PathBuf::from).collect()
}
