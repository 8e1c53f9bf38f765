//! Podman with a storage of its own, whose containers are gone when the test is.
//!
//! Images are imported from a few files of this machine, so no registry is asked. Containers have no
//! network but a namespace of their own, and limits that a sandbox around the tests allows too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::{Run, finish, finish_with, scrubbed};

/// The storage.
pub(crate) struct Podman {
    home: tempfile::TempDir,
}

impl Podman {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        // More than a sandbox around this test may allow is asked for otherwise, also for the
        // containers that Podman makes by itself.
        let containers = "[containers]\nnetns = \"none\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1000:1000\"]\n";
        fs::write(home.path().join("containers.conf"), containers).unwrap();
        Self { home }
    }

    /// A folder of the test's own.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Makes an image of these files (where they are here, and there), with the libraries that they
    /// are linked to.
    pub(crate) fn image(&self, name: &str, files: &[(&str, &str)], command: &[&str]) {
        let root = self.home.path().join("image");
        for (from, to) in files {
            copy(from, &root, to);
            for library in libraries(from) {
                copy(&library, &root, &library);
            }
        }
        let archive = self.home.path().join("image.tar");
        let mut tar = scrubbed("tar");
        tar.args(["--owner=0", "--group=0", "-C"]);
        finish(tar.arg(&root).arg("-cf").arg(&archive).arg(".")).ended(0);
        let archive = archive.to_str().unwrap();
        let command = format!("CMD {}", serde_json::to_string(command).unwrap());
        self.ask(&["import", "--change", &command, archive, name]);
        fs::remove_dir_all(root).unwrap();
    }

    /// Makes an image of a folder, with changes such as `ENTRYPOINT ["/x"]` and `EXPOSE 80`.
    pub(crate) fn import(&self, name: &str, root: &Path, changes: &[&str]) {
        let archive = self.home.path().join(format!("{name}.import.tar"));
        let mut tar = scrubbed("tar");
        tar.args(["--owner=0", "--group=0", "-C"]);
        finish(tar.arg(root).arg("-cf").arg(&archive).arg(".")).ended(0);
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        let mut words = vec!["import"];
        words.extend(changes);
        words.extend([archive.to_str().unwrap(), name]);
        self.ask(&words);
        fs::remove_file(archive).unwrap();
    }

    /// Saves an image in a format of `podman save`, and says where.
    pub(crate) fn save(&self, name: &str, format: &str) -> PathBuf {
        let to = self.home.path().join(format!("{name}.{format}"));
        self.ask(&["save", "--format", format, "-o", to.to_str().unwrap(), name]);
        to
    }

    /// The options of every command.
    fn options(&self) -> Vec<String> {
        let at = |name: &str| self.home.path().join(name).display().to_string();
        let folders = [
            ("--root", "root"),
            ("--runroot", "run"),
            ("--tmpdir", "tmp"),
        ];
        let folders = folders.map(|(option, name)| [option.to_owned(), at(name)]);
        let others =
            "--storage-driver vfs --runtime runc --cgroup-manager cgroupfs --events-backend file";
        let others = others.split(' ').map(str::to_owned);
        folders.into_iter().flatten().chain(others).collect()
    }

    fn env<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("CONTAINERS_CONF", self.home.path().join("containers.conf"))
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut podman = scrubbed("podman");
        self.env(&mut podman).args(self.options()).args(arguments);
        podman
    }

    /// Runs podman with these words, and insists that it works.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let run = finish(&mut self.command(arguments)).ended(0);
        run.out.trim().to_owned()
    }

    /// Runs a container and returns the pid of its first process.
    #[track_caller]
    pub(crate) fn run(&self, options: &[&str], name: &str, image: &str, program: &[&str]) -> u32 {
        let start = ["run", "--detach", "--name", name];
        self.ask(&[&start, options, &[image], program].concat());
        self.pid(name)
    }

    /// The pid of a container's first process.
    #[track_caller]
    pub(crate) fn pid(&self, name: &str) -> u32 {
        let pid = self.ask(&["inspect", name, "--format", "{{.State.Pid}}"]);
        pid.parse().unwrap()
    }

    /// Runs a container to its end: `words` are those behind `podman run --rm`.
    pub(crate) fn run_to_end(&self, words: &str) -> Run {
        self.shell(&format!("podman run --detach {words}\n"), "run --rm")
    }

    /// Runs a shell's text in which `docker run --detach` and `podman run --detach` are `podman VERB`
    /// in this storage.
    pub(crate) fn shell(&self, text: &str, verb: &str) -> Run {
        let options = self.options().join(" ");
        let function = format!("() {{ shift 2; command podman {options} {verb} \"$@\"; }}\n");
        let script = format!("set -e\ndocker{function}podman{function}{text}");
        let mut bash = scrubbed("bash");
        self.env(&mut bash).env("IMAGE", "redis:7");
        finish_with(&mut bash, script.as_bytes())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A test that has failed must not leave containers; nothing can be done about a failure here.
        // A container that others depend on goes after them, in another turn.
        for _ in 0..5 {
            for arguments in [
                ["pod", "rm", "--all", "--force", "--time=0"],
                ["rm", "--all", "--force", "--time=0", "--ignore"],
            ] {
                let _ = self.command(&arguments).output();
            }
            let left = self.command(&["ps", "--all", "--quiet"]).output();
            if left.is_ok_and(|left| left.stdout.is_empty()) {
                return;
            }
        }
    }
}

/// Copies a program into a root, with the libraries that it is linked to.
pub(crate) fn install(from: &str, root: &Path, to: &str) {
    copy(from, root, to);
    for library in libraries(from) {
        copy(&library, root, &library);
    }
}

pub(crate) fn copy(from: &str, root: &Path, to: &str) {
    let to: PathBuf = root.join(to.trim_start_matches('/'));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap_or_else(|error| panic!("{from}: {error}"));
}

/// The libraries of a program, its loader too; none of a static one.
fn libraries(program: &str) -> Vec<String> {
    let said = finish(scrubbed("ldd").arg(program)).out;
    let words = said.split_whitespace().filter(|word| word.starts_with('/'));
    words
        .map(|word| word.trim_end_matches(':').to_owned())
        .collect()
}
