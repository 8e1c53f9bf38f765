//! The static binary of a debug build, linked once for all tests of this run.
//!
//! `packaging/build-static` makes one for release, which takes minutes. What makes it static is the flags with
//! which the program is linked, so the test takes these from the script and links the library that the tests
//! were linked with: two seconds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::program::{finish, scrubbed};

/// The folder with `backlint`, static, and nothing else.
pub(super) struct Built {
    folder: PathBuf,
}

impl Built {
    pub(super) fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    pub(super) fn binary(&self) -> String {
        format!("{}/backlint", self.folder())
    }
}

pub(super) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Where cargo builds: `target`.
pub(super) fn target() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_backlint")).ancestors();
    built.skip(2).map(Path::to_owned).next().unwrap()
}

pub(super) fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = target().join("static-test");
        fs::create_dir_all(&folder).unwrap();
        // Another test run may be using the one that is there.
        let fresh = target().join(format!("static-test.{}", std::process::id()));
        link(&script(&[], Some("/x/backlint")).flags, &fresh);
        fs::rename(&fresh, folder.join("backlint")).unwrap();
        Built { folder }
    })
}

/// What the script asked of cargo, and what it said.
pub(super) struct Asked {
    /// The words for cargo itself.
    pub(super) cargo: Vec<String>,
    /// The flags for the compiler.
    pub(super) flags: Vec<String>,
    pub(super) status: i32,
    pub(super) out: String,
}

/// Runs the script with a cargo that only writes down what it is asked, and then says that it made a program,
/// or fails.
pub(super) fn script(words: &[&str], makes: Option<&str>) -> Asked {
    let folder = tempfile::tempdir().unwrap();
    let artifact = makes.map(|path| json!({"reason": "compiler-artifact", "executable": path}));
    let finished = json!({"reason": "build-finished", "success": makes.is_some()});
    let said = artifact.map_or_else(String::new, |it| format!("{it}\n")) + &finished.to_string();
    let status = i32::from(makes.is_none());
    let cargo = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}/asked'\necho '{said}'\nexit {status}\n",
        folder.path().display()
    );
    let stub = folder.path().join("cargo");
    fs::write(&stub, cargo).unwrap();
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut script = scrubbed(own("packaging/build-static"));
    let run = finish(script.env("PATH", path).args(words));
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    let words: Vec<String> = asked.lines().map(str::to_owned).collect();
    let end = words.iter().position(|word| word == "--").unwrap();
    Asked {
        cargo: words[..end].to_vec(),
        flags: words[end + 1..].to_vec(),
        status: run.status,
        out: run.out,
    }
}

/// Links src/main.rs with these flags, and with the library as the tests have it.
fn link(flags: &[String], to: &Path) {
    let library = library();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-name", "backlint"]);
    rustc.arg(own("src/main.rs")).arg("--extern");
    rustc.arg(format!("backlint={}", library.display()));
    let dependencies = library.parent().unwrap().display().to_string();
    rustc.arg("-L").arg(format!("dependency={dependencies}"));
    let output = rustc.args(flags).arg("-o").arg(to).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Asks cargo, which has just built it, where the library is.
fn library() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["test", "--locked", "--no-run", "--test", "it"]);
    cargo.args(["--message-format", "json", "--target-dir"]);
    let profile = Path::new(env!("CARGO_BIN_EXE_backlint")).parent().unwrap();
    cargo.arg(target());
    if !profile.ends_with("debug") {
        cargo.arg("--profile").arg(profile.file_name().unwrap());
    }
    let output = cargo.current_dir(own("")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let artifacts = String::from_utf8(output.stdout).unwrap();
    let artifacts = artifacts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let libraries = artifacts.filter(|it: &Value| {
        it["target"]["name"] == "backlint" && it["target"]["kind"][0] == "lib"
    });
    let files = libraries.flat_map(|it| it["filenames"].as_array().cloned().unwrap_or_default());
    let files = files.filter_map(|file| file.as_str().map(PathBuf::from));
    let mut archives = files.filter(|file| file.extension().is_some_and(|it| it == "rlib"));
    archives.next().expect("an archive of the library")
}
