//! `backlint patch` on generated trees of sysctl files: both programs that people apply diffs with
//! take the diff, the loaders themselves then give the kernel the values, everything else in the
//! files stays as it was, and a second run has nothing to say.

mod loaders;
mod trees;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use backlint::collect::boot::{self, Depth};
use backlint::collect::host;
use backlint::snapshot::Loader;
use backlint::sysctl_conf::boot::Persistent;
use backlint::sysctl_conf::edit::HEADER;
use backlint::sysctl_conf::{Entry, entries};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::program::{backlint, finish, finish_into, finish_with, scrubbed};
use trees::{LOOPBACK, SYN_BACKLOG, Tree};

/// Trees that are tried with each loader.
const CASES: u32 = 80;

const SOMAXCONN: &str = "net.core.somaxconn";

/// The sysctls that the plan wants, each raised.
const WANTED: [(&str, i64); 3] = [(SOMAXCONN, 511), (SYN_BACKLOG, 4096), (LOOPBACK, 2)];

/// What a run printed. The diff has the files' own bytes.
struct Printed {
    diff: Vec<u8>,
    /// The same for people.
    out: String,
    err: String,
}

impl std::fmt::Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.out, self.err)
    }
}

/// A record of a host whose values are too small, and the rules that say so.
struct Plan {
    home: tempfile::TempDir,
}

impl Plan {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let record = format!(
            "schema: backlint/snapshot/v1\n\
             host: {{kernel: 6.1.0-18-amd64}}\n\
             namespaces:\n  - sysctls: {{{SOMAXCONN}: 128, {SYN_BACKLOG}: 256, {LOOPBACK}: 0}}\n    \
             listeners: [{{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {{len: 0, max: 128}},\
             requested: {{backlog: 511, source: config}}, owners: [{{comm: nginx}}]}}]\n"
        );
        fs::write(home.path().join("web.yaml"), record).unwrap();
        fs::create_dir(home.path().join("rules")).unwrap();
        for (n, (key, value)) in WANTED.iter().enumerate().skip(1) {
            let rule = format!(
                "id: ACME{n}\nname: small-{n}\ntitle: A value is small\nseverity: medium\nscope: netns\n\
                 when: sysctl[\"{key}\"] < {value}\nmessage: \"{key} is small\"\nwhy: We say so.\n\
                 remediation:\n  - sysctl: {key}\n    value: {value}\n"
            );
            fs::write(home.path().join(format!("rules/{n}.yaml")), rule).unwrap();
        }
        Self { home }
    }

    fn patch(&self, root: &Path, more: &[&str]) -> Printed {
        let mut command = backlint();
        command.arg("patch").args(more);
        command.arg("--rules").arg(self.home.path().join("rules"));
        command
            .arg("--snapshot")
            .arg(self.home.path().join("web.yaml"));
        let out = self.home.path().join("out");
        let into = fs::File::create(&out).unwrap();
        let (status, err) = finish_into(command.arg("--root").arg(root), into.into());
        assert_eq!(status, 0, "{err}");
        let diff = fs::read(&out).unwrap();
        let out = String::from_utf8_lossy(&diff).into_owned();
        Printed { diff, out, err }
    }
}

/// Applies a diff with patch(1) or git.
fn apply(program: &str, root: &Path, diff: &[u8]) {
    let mut command = scrubbed(program);
    match program {
        "patch" => command.args(["-p1", "-d"]).arg(root),
        _ => command
            .args(["apply", "-"])
            .current_dir(root)
            .env("GIT_CEILING_DIRECTORIES", root.parent().unwrap()),
    };
    let run = finish_with(&mut command, diff).ended(0);
    for doubt in ["fuzz", "offset", "garbage"] {
        assert!(
            !run.out.contains(doubt),
            "{program}: {run:?}\n{}",
            diff.escape_ascii()
        );
    }
}

/// Every regular file of a tree.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                walk(&path, root, found);
            } else if kind.is_file() {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// What a text has besides the sysctls of the plan and backlint's own comments.
fn rest(text: &[u8]) -> Vec<Vec<u8>> {
    let wanted = |key: &str| WANTED.iter().any(|(wanted, _)| *wanted == key);
    let ours: Vec<usize> = entries(text)
        .filter_map(|entry| match entry {
            Entry::Assignment(found) if wanted(&found.key) => Some(found.line),
            _ => None,
        })
        .collect();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for (n, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let trimmed = line.trim_ascii();
        // The block begins with a blank line.
        if trimmed == HEADER.as_bytes()
            && kept.last().is_some_and(|line| line.trim_ascii().is_empty())
        {
            kept.pop();
        }
        if !trimmed.starts_with(b"# backlint:") && !ours.contains(&(n + 1)) {
            kept.push(line.to_vec());
        }
    }
    while kept.last().is_some_and(|line| line.trim_ascii().is_empty()) {
        kept.pop();
    }
    // The last line may have got the ending of the others.
    if let Some(last) = kept.last_mut()
        && last.ends_with(b"\r")
    {
        last.pop();
    }
    kept
}

/// What the next boot sets, as the model has it.
fn model(root: &Path) -> Vec<Option<String>> {
    let mut gaps = Vec::new();
    let (texts, found) = boot::read(root, Depth::Files, None, &mut gaps);
    let os = host::os(root);
    let persistent = Persistent::new(&texts, Some(&found), os.as_ref());
    let kernel = backlint::assess::settings::Catalogued(None);
    let value = |(key, _): (&str, i64)| persistent.history(key, &kernel).value;
    WANTED.map(value).to_vec()
}

fn number(value: &str) -> Option<i64> {
    value.split_whitespace().next()?.parse().ok()
}

/// One tree from beginning to end. Returns the number of files that changed.
fn try_tree(plan: &Plan, tree: &Tree, more: &[&str]) -> usize {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root");
    tree.write(&root);
    let before = files(&root);
    let patch = plan.patch(&root, more);
    let other = home.path().join("other");
    finish(scrubbed("cp").arg("-a").arg(&root).arg(&other)).ended(0);
    if !patch.out.is_empty() {
        apply("patch", &root, &patch.diff);
        apply("git", &other, &patch.diff);
    }
    let after = files(&root);
    assert_eq!(after, files(&other), "git apply differs\n{}", patch.out);

    let mut changed = 0;
    for (path, text) in &after {
        let old = before.get(path);
        changed += usize::from(old != Some(text));
        if old != Some(text) {
            assert!(path.starts_with("etc/"), "{path}\n{}", patch.out);
        }
        let old = old.map_or(&b""[..], Vec::as_slice);
        assert_eq!(rest(text), rest(old), "{path}\n{}", patch.out);
    }
    assert!(before.keys().all(|path| after.contains_key(path)));
    assert_eq!(
        patch
            .out
            .lines()
            .filter(|line| line.starts_with("+++ "))
            .count(),
        changed,
        "each file once"
    );

    let after_boot = model(&root);
    let real = loaders::boot(tree.loader, &root, &WANTED.map(|(key, _)| key));
    for (((key, wanted), model), real) in WANTED.iter().zip(&after_boot).zip(&real) {
        // A value that the kernel refuses leaves the one before it.
        if let Some(model) = model.as_deref().and_then(number) {
            assert_eq!(Some(model), number(real), "{key}: {patch:#?}");
        }
        // Of all loaders only this one reads /run after /etc.
        let overridden = patch.err.contains("what is below /run is gone");
        assert!(
            number(real) >= Some(*wanted) || overridden && tree.loader == Loader::Busybox,
            "{key} = {real}: {patch:#?}"
        );
    }

    let again = plan.patch(&root, more);
    assert_eq!(again.out, "", "a second run: {again:#?}");
    changed
}

/// Generated trees that one loader reads.
fn try_trees(loader: Loader) {
    let plan = Plan::new();
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let changed = std::cell::RefCell::new([0_usize; 3]);
    let cases = (trees::tree(loader), proptest::bool::weighted(0.2));
    let result = runner.run(&cases, |(tree, own)| {
        let more: &[&str] = if own { &["--for", "drop-in"] } else { &[] };
        let count = try_tree(&plan, &tree, more);
        changed.borrow_mut()[count.min(2)] += 1;
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let [_, one, several] = changed.into_inner();
    assert!(
        one > 20 && several > 5,
        "{one} trees with one file, {several} with several"
    );
}

#[test]
fn a_patch_counts_at_the_next_boot_with_systemd_sysctl() {
    try_trees(Loader::SystemdSysctl);
}

#[test]
fn a_patch_counts_at_the_next_boot_with_procps() {
    try_trees(Loader::Procps);
}

#[test]
fn a_patch_counts_at_the_next_boot_with_busybox() {
    try_trees(Loader::Busybox);
}

/// A copy of a tree in the repository, with its links.
fn copy_of(tree: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/boot")
        .join(tree);
    finish(
        scrubbed("cp")
            .arg("-a")
            .arg(from)
            .arg(home.path().join("root")),
    )
    .ended(0);
    home
}

#[test]
fn each_distribution_gets_its_own_file() {
    let plan = Plan::new();
    for (tree, path) in [
        ("debian-11", "etc/sysctl.conf"),
        ("debian-12", "etc/sysctl.conf"),
        ("debian-13", "etc/sysctl.d/99-backlint.conf"),
        ("ubuntu-24.04", "etc/sysctl.conf"),
        ("rhel-9", "etc/sysctl.conf"),
        ("amazon-linux-2023", "etc/sysctl.conf"),
        ("alpine-3.20", "etc/sysctl.conf"),
    ] {
        let home = copy_of(tree);
        let root = home.path().join("root");
        let before = files(&root);
        let patch = plan.patch(&root, &[]);
        apply("patch", &root, &patch.diff);
        let after = files(&root);
        let changed: Vec<&String> = after
            .iter()
            .filter(|(path, text)| before.get(*path) != Some(text))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(changed, [path], "{tree}: {patch:#?}");
        let values = model(&root).into_iter().flatten();
        let values: Vec<i64> = values.filter_map(|value| number(&value)).collect();
        assert_eq!(values, WANTED.map(|(_, value)| value), "{tree}");
        assert_eq!(plan.patch(&root, &[]).out, "", "{tree}");
    }
}

#[test]
fn the_header_says_where_how_and_what_loses() {
    let plan = Plan::new();
    let home = copy_of("debian-12");
    let root = home.path().join("root");
    fs::write(
        root.join("etc/sysctl.d/60-web.conf"),
        "net.core.somaxconn = 128 # old\n",
    )
    .unwrap();
    let patch = plan.patch(&root, &[]);
    for part in [
        "\n#          in /etc/sysctl.d/60-web.conf: line 1 there decides at boot\n",
        "\n#          in /etc/sysctl.conf: systemd-sysctl reads it, and nothing sets the key after it\n",
        "\n#          at boot systemd-sysctl does (/usr/lib/systemd/systemd-sysctl is there)\n",
        "\n# verify   backlint why net.core.somaxconn --root ",
        "\n--- a/etc/sysctl.conf\n",
        "\n--- a/etc/sysctl.d/60-web.conf\n",
    ] {
        assert!(patch.out.contains(part), "{part}{}", patch.out);
    }
    let early = plan.patch(&root, &["--file", "/etc/sysctl.d/10-x.conf"]);
    let loses = "loses at boot: /etc/sysctl.d/60-web.conf:1 sets it after that";
    assert!(early.err.contains(loses), "{}", early.err);
    assert!(early.out.contains(loses), "{}", early.out);
    assert!(early.out.contains("+++ b/etc/sysctl.d/10-x.conf"));
}

#[test]
fn in_a_container_there_is_no_diff_but_for_a_named_file() {
    let plan = Plan::new();
    let home = copy_of("debian-12");
    let root = home.path().join("root");
    fs::write(root.join(".dockerenv"), "").unwrap();
    let patch = plan.patch(&root, &[]);
    assert_eq!(patch.out, "");
    assert!(
        patch.err.contains("nothing loads sysctl files"),
        "{}",
        patch.err
    );
    assert!(patch.err.contains("--for docker"), "{}", patch.err);
    let named = plan.patch(&root, &["--file", "/etc/sysctl.conf"]);
    assert!(named.out.contains("+++ b/etc/sysctl.conf"), "{}", named.out);
    assert!(
        named.err.contains("does not count at boot"),
        "{}",
        named.err
    );
}
