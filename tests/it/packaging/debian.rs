//! The Debian package: what is in it, what lintian says, and that it comes and goes without a trace in a Debian
//! of its own. `tests/run` makes that one, and cargo-deb.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::build::{built, own, target};
use super::generate;
use crate::support::program::{Run, finish, scrubbed};

/// The package of the quick static binary, aside from one that somebody has made to keep.
fn package() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut script = Command::new(own("packaging/build-deb"));
        script.args([&built().binary(), "--fast"]);
        let output = script
            .env("CARGO_TARGET_DIR", target().join("deb-test"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{said}\ntests/run installs cargo-deb"
        );
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

fn dpkg_deb(words: &[&str]) -> String {
    let mut program = scrubbed("dpkg-deb");
    finish(program.args(words)).ended(0).out
}

/// What is installed, but for the examples.
fn expected() -> BTreeSet<String> {
    let pages = generate::pages();
    let pages = pages
        .iter()
        .map(|(name, _)| format!("/usr/share/man/man1/{name}.gz"));
    let others = [
        "/usr/bin/backlint",
        "/usr/share/bash-completion/completions/backlint",
        "/usr/share/zsh/vendor-completions/_backlint",
        "/usr/share/fish/vendor_completions.d/backlint.fish",
        "/usr/share/doc/backlint/copyright",
        "/usr/share/doc/backlint/changelog.gz",
        "/usr/share/doc/backlint/changelog.Debian.gz",
        "/usr/share/doc/backlint/README.md",
        "/usr/share/doc/backlint/TARGETS.md",
        "/usr/share/doc/backlint/WRITING.md",
        "/usr/share/lintian/overrides/backlint",
    ];
    others.map(str::to_owned).into_iter().chain(pages).collect()
}

#[test]
fn the_package_has_what_it_should_and_nothing_that_runs_when_it_is_installed() {
    let package = package().to_str().unwrap();
    let mut found = BTreeSet::new();
    for line in dpkg_deb(&["--contents", package]).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (mode, owner, path) = (words[0], words[1], words[5].trim_start_matches('.'));
        assert_eq!(owner, "0/0", "{line}");
        let wanted = match path {
            _ if path.ends_with('/') => "drwxr-xr-x",
            "/usr/bin/backlint" => "-rwxr-xr-x",
            _ => "-rw-r--r--",
        };
        assert_eq!(mode, wanted, "{line}");
        if !path.ends_with('/') {
            found.insert(path.to_owned());
        }
    }
    let is_example = |path: &String| path.starts_with("/usr/share/doc/backlint/examples/");
    let (examples, others): (BTreeSet<String>, BTreeSet<String>) =
        found.into_iter().partition(is_example);
    assert_eq!(others, expected());
    for name in [
        "waivers.yaml",
        "gitlab-ci.yml",
        "fixtures/debian11-nginx-128.yaml",
    ] {
        assert!(
            examples.contains(&format!("/usr/share/doc/backlint/examples/{name}")),
            "{name}"
        );
    }
    let control = tempfile::tempdir().unwrap();
    dpkg_deb(&["--control", package, control.path().to_str().unwrap()]);
    let files = fs::read_dir(control.path()).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name()).collect();
    let known = ["control", "md5sums"].map(std::ffi::OsString::from).into();
    assert!(files.is_subset(&known), "{files:?}");
    let field = |name: &str| dpkg_deb(&["--field", package, name]).trim().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(field("Version"), format!("{version}-1"));
    assert_eq!(field("Depends"), "");
    let architecture = finish(scrubbed("dpkg").arg("--print-architecture")).out;
    assert_eq!(field("Architecture"), architecture.trim());
    let changelog = fs::read_to_string(own("packaging/debian/changelog")).unwrap();
    assert!(
        changelog.starts_with(&format!("backlint ({version}-1) ")),
        "a version of its own"
    );
}

#[test]
fn lintian_finds_nothing_that_is_not_explained() {
    let mut lintian = scrubbed("lintian");
    lintian.args([
        "--allow-root",
        "--fail-on",
        "error,warning",
        "--display-info",
    ]);
    // It takes ten seconds, and longer beside other tests.
    let output = lintian.arg(package()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = said + &String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !is_meant(line)).collect();
    assert!(output.status.success() && said.is_empty(), "{said:#?}");
}

/// What is only information, and means nothing here: dpkg makes checksums itself, and a compiler's name harms
/// nobody.
fn is_meant(line: &str) -> bool {
    [
        "no-md5sums-control-file",
        "binary-has-unneeded-section .comment",
    ]
    .iter()
    .any(|tag| line.contains(tag))
}

/// A small Debian in a folder, entered with chroot(8), in namespaces of its own.
struct Debian {
    root: tempfile::TempDir,
}

impl Debian {
    fn new() -> Self {
        let archive = own("target/debian-root.tar");
        assert!(
            archive.exists(),
            "{} is missing: tests/run makes it",
            archive.display()
        );
        let root = tempfile::tempdir().unwrap();
        let mut tar = scrubbed("tar");
        tar.args(["--exclude=./dev/*", "-C"]).arg(root.path());
        finish(tar.arg("-xf").arg(archive)).ended(0);
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name.trim_start_matches('/'))
    }

    /// Runs a shell's text inside.
    fn run(&self, text: &str) -> Run {
        let mut inside = scrubbed("unshare");
        inside.args([
            "--mount",
            "--pid",
            "--fork",
            "--net",
            "--kill-child",
            "sh",
            "-ec",
        ]);
        inside.arg(
            "mount -t proc proc \"$0/proc\"; : >\"$0/dev/null\"; exec chroot \"$0\" sh -ec \"$1\"",
        );
        inside.arg(self.root.path()).arg(text);
        inside
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C");
        finish(&mut inside)
    }

    /// All files but those that dpkg and apt keep for themselves.
    fn files(&self) -> BTreeSet<String> {
        let mut find = scrubbed("find");
        find.arg(self.root.path())
            .args(["-mindepth", "1", "-printf", "/%P\\n"]);
        let found = finish(&mut find).ended(0).out;
        let own = [
            "/var/log/",
            "/var/cache/apt/",
            "/var/lib/apt/",
            "/var/lib/dpkg/",
            "/dev/",
            "/tmp/",
        ];
        let others = found
            .lines()
            .filter(|path| !own.iter().any(|own| path.starts_with(own)));
        others.map(str::to_owned).collect()
    }
}

#[test]
fn it_is_installed_runs_and_is_purged_without_a_trace() {
    let debian = Debian::new();
    let before = debian.files();
    fs::copy(package(), debian.path("/tmp/backlint.deb")).unwrap();
    debian
        .run("apt-get install --yes --quiet -o Dpkg::Use-Pty=0 /tmp/backlint.deb")
        .ended(0);
    let installed = debian.files();
    let came: BTreeSet<String> = installed.difference(&before).cloned().collect();
    let missing: Vec<_> = expected().difference(&came).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
    let listed = debian.run("dpkg -L backlint").ended(0).out;
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let unlisted: Vec<_> = came.difference(&listed).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    // As its users run it.
    let said = debian.run("backlint --version").ended(0).out;
    assert_eq!(said.trim(), concat!("backlint ", env!("CARGO_PKG_VERSION")));
    let said = debian.run("cd / && backlint --fail-on never").ended(0).out;
    assert!(said.contains("0 listeners"), "{said}");
    let fixture = "/usr/share/doc/backlint/examples/fixtures/debian11-nginx-128.yaml";
    let said = debian
        .run(&format!("cd / && backlint --snapshot {fixture}"))
        .ended(1)
        .out;
    assert!(said.contains("asked for 511"), "{said}");
    let page = debian
        .run("gzip -dc /usr/share/man/man1/backlint-trace.1.gz")
        .ended(0)
        .out;
    let committed = fs::read_to_string(own("packaging/man/backlint-trace.1")).unwrap();
    assert!(page == committed, "the page of trace");
    let completes =
        "bash -c '. /usr/share/bash-completion/completions/backlint; complete -p backlint'";
    debian.run(completes).ended(0);
    // An upgrade to the same version changes nothing.
    debian.run("dpkg --install /tmp/backlint.deb").ended(0);
    assert_eq!(debian.files(), installed);
    debian
        .run("apt-get purge --yes --quiet -o Dpkg::Use-Pty=0 backlint")
        .ended(0);
    assert_eq!(debian.files(), before);
    let state = debian.run("dpkg -l backlint || true").out;
    assert!(
        !state
            .lines()
            .any(|line| line.starts_with("ii") || line.starts_with("rc")),
        "{state}"
    );
    let kept = debian.path("/var/lib/dpkg/info");
    let kept = fs::read_dir(kept)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let kept: Vec<_> = kept
        .filter(|name| name.to_string_lossy().starts_with("backlint"))
        .collect();
    assert!(kept.is_empty(), "{kept:?}");
}
