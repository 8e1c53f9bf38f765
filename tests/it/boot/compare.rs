//! The model beside a loader: the value of every key, and the history that leads to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use backlint::collect::boot::{Depth, read};
use backlint::snapshot::{Boot, FileText, Loader, Os};
use backlint::sysctl_conf::boot::{History, Kernel, Persistent, Status};
use backlint::sysctl_conf::normalise_key;
use proptest::test_runner::TestCaseError;

use super::generator::{Node, Tree};
use super::oracle::{Oracle, Way};
use crate::support::program::{as_nobody, finish};

/// What compares trees.
pub(super) struct Comparison {
    /// The loaders' own, in whose root the trees are.
    loaders: Oracle,
    kernel: Running,
    keys: &'static [&'static str],
}

/// The running kernel: it says itself what it takes, in a namespace of its own.
struct Running {
    keys: &'static [&'static str],
    oracle: RefCell<Oracle>,
    /// What a key is after a value was written. `None`: refused.
    known: RefCell<BTreeMap<(String, String), Option<String>>>,
}

impl Running {
    fn shown(&self, key: &str, value: &str) -> Option<String> {
        let place = (key.to_owned(), value.to_owned());
        if let Some(known) = self.known.borrow().get(&place) {
            return known.clone();
        }
        // systemd-sysctl and procps end what they write with a newline.
        let bytes = [value.as_bytes(), b"\n"].concat();
        let shown = self.oracle.borrow_mut().write(&path(key), &bytes);
        self.known.borrow_mut().insert(place, shown.clone());
        shown
    }
}

fn path(key: &str) -> String {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    key.chars().map(swap).collect()
}

impl Kernel for Running {
    fn refusal(&self, key: &str, value: &str) -> Option<String> {
        // A key that it has not, or that is not looked at.
        if !self.keys.contains(&&*path(key)) {
            return None;
        }
        let refused = self.shown(key, value).is_none();
        refused.then(|| format!("{value:?} is refused"))
    }

    fn default(&self, _: &str) -> Option<String> {
        None
    }
}

impl Comparison {
    pub(super) fn new(keys: &'static [&'static str]) -> Self {
        let kernel = Running {
            keys,
            oracle: RefCell::new(Oracle::new(keys)),
            known: RefCell::default(),
        };
        Self {
            loaders: Oracle::new(keys),
            kernel,
            keys,
        }
    }

    /// The number of values that agree, or the first that does not. The tree is compared in every way.
    pub(super) fn tree(&mut self, tree: &Tree) -> Result<usize, TestCaseError> {
        tree.lay_out(self.loaders.root());
        let (files, boot) = configuration(self.loaders.root(), tree);
        let mut compared = 0;
        let program = told(self.loaders.root(), tree, self.keys);
        for way in Way::ALL {
            let boot = with(way, &boot);
            let alpine = Os {
                id: "alpine".to_owned(),
                version: None,
            };
            let os = (way == Way::OpenrcProcps).then_some(&alpine);
            let persistent = Persistent::new(&files, Some(&boot), os);
            let after = self.loaders.load(way);
            let before = &self.loaders.fresh;
            for &key in self.keys {
                let dotted = normalise_key(key);
                let history = persistent.history(&dotted, &self.kernel);
                let expected = match &history.value {
                    Some(value) => self.kernel.shown(&dotted, value),
                    None => Some(before[key].clone()),
                };
                if expected.as_ref() != Some(&after[key]) {
                    return Err(TestCaseError::fail(format!(
                        "{} leaves {key} at {:?}, not at {expected:?}; before: {:?}\n{history:#?}\nit said:\n    {}",
                        way.name(),
                        after[key],
                        before[key],
                        self.loaders.said(),
                    )));
                }
                compared += 1;
                if let Some(told) = program.get(&(way.name(), key)) {
                    let expected = match told {
                        Some(value) => self.kernel.shown(&dotted, value),
                        None => Some(before[key].clone()),
                    };
                    if expected.as_ref() != Some(&after[key]) {
                        return Err(TestCaseError::fail(format!(
                            "backlint why tells {told:?} for {key} with {}, which leaves {:?}",
                            way.name(),
                            after[key],
                        )));
                    }
                    compared += 1;
                }
                consistent(&dotted, &history, tree).map_err(|why| {
                    TestCaseError::fail(format!("{}: {key}: {why}\n{history:#?}", way.name()))
                })?;
            }
        }
        Ok(compared)
    }
}

/// Keys whose values only the running kernel can judge: other sysctls bound them, or the groups of the
/// user namespace, or what is built in.
const BOUNDED: [&str; 3] = [
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ping_group_range",
    "net/ipv4/tcp_congestion_control",
];

/// The values after the boot that `backlint why` tells, by way and key, as a user who may not read
/// everything.
fn told(
    root: &Path,
    tree: &Tree,
    keys: &'static [&'static str],
) -> BTreeMap<(&'static str, &'static str), Option<String>> {
    let mut command = as_nobody();
    command
        .arg("why")
        .args(keys)
        .args(["--format", "json", "--root"]);
    let answers = finish(command.arg(root)).ended(0).json();
    let answers = answers.as_array().expect("an answer for each key").iter();
    let mut told = BTreeMap::new();
    let mut ways = vec![Way::SystemdSysctl, Way::Procps, Way::Busybox];
    // A value that is refused ends a file for BusyBox.
    let name = |key: &&str| key.rsplit('/').next().unwrap().to_owned();
    let bounded: Vec<String> = BOUNDED.iter().map(name).collect();
    let mentions = |node: &Node| {
        let (Node::Text(text) | Node::Locked(text)) = node else {
            return false;
        };
        let text = String::from_utf8_lossy(text);
        bounded.iter().any(|name| text.contains(name.as_str()))
    };
    if tree.nodes.values().any(mentions) {
        ways.pop();
    }
    for (answer, &key) in answers.zip(keys).filter(|(_, key)| !BOUNDED.contains(key)) {
        for &way in &ways {
            let value = &answer["after_boot"][with(way, &Boot::default()).loader.unwrap().name()];
            told.insert((way.name(), key), value.as_str().map(str::to_owned));
        }
    }
    told
}

/// What backlint reads of a tree.
fn configuration(root: &Path, tree: &Tree) -> (Vec<FileText>, Boot) {
    let (mut files, boot) = read(root, Depth::Files, None, &mut Vec::new());
    for file in &mut files {
        let leads = file.link.clone().unwrap_or_else(|| file.path.clone());
        let node = tree.nodes.get(leads.trim_start_matches('/'));
        // Root reads everything, which the loaders here do not.
        if matches!(node, Some(Node::Locked(_))) && file.unread.is_none() {
            file.unread = Some("Permission denied (os error 13)".to_owned());
            file.text.clear();
        }
    }
    (files, boot)
}

/// A machine that boots in this way.
fn with(way: Way, boot: &Boot) -> Boot {
    let (loader, sysctl) = match way {
        Way::SystemdSysctl => (Loader::SystemdSysctl, None),
        Way::Procps => (Loader::Procps, None),
        Way::Busybox => (Loader::Busybox, Some("/bin/busybox".to_owned())),
        Way::OpenrcProcps => (Loader::Busybox, None),
    };
    let mut boot = boot.clone();
    boot.loader = Some(loader);
    boot.found.insert("/sbin/sysctl".to_owned(), sysctl);
    boot
}

/// Whether a history is one.
fn consistent(key: &str, history: &History, tree: &Tree) -> Result<(), String> {
    let assignments = &history.assignments;
    let mut wins = assignments.iter().filter(|it| it.status == Status::Wins);
    let winner = wins.next();
    if winner.is_some() != history.value.is_some() || wins.next().is_some() {
        return Err("not one winner".to_owned());
    }
    if winner.is_some_and(|winner| winner.value != history.value) {
        return Err("the winner has another value".to_owned());
    }
    if let Some(mute) = assignments.iter().find(|it| it.reason.is_empty()) {
        return Err(format!("{} has no reason", mute.place()));
    }
    for (path, line) in assigning(key, tree) {
        let found = assignments
            .iter()
            .filter(|it| (it.file.trim_start_matches('/'), it.line) == (&path, line));
        if found.count() != 1 {
            return Err(format!("/{path}:{line} is not there once"));
        }
    }
    Ok(())
}

/// The lines that set a key for everybody, looked for in the plainest way.
fn assigning(key: &str, tree: &Tree) -> Vec<(String, usize)> {
    let slashed = path(key);
    let mut found = Vec::new();
    for (path, node) in &tree.nodes {
        let Node::Text(text) = node else { continue };
        let aside = ["~", ".bak", ".dpkg-old", "/README"];
        // A backslash may make a line a part of the one before.
        if aside.iter().any(|end| path.ends_with(end)) || text.contains(&b'\\') {
            continue;
        }
        for (n, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let line = line.trim_matches([' ', '\t']);
            let Some((name, _)) = line.split_once('=') else {
                continue;
            };
            let name = name
                .strip_prefix('-')
                .unwrap_or(name)
                .trim_end_matches([' ', '\t']);
            if !line.contains(['\r', '\0']) && (name == key || name == slashed) {
                found.push((path.clone(), n + 1));
            }
        }
    }
    found
}
