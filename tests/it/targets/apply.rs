//! The texts are put to work: diffs are applied, systemd reads the drop-ins, podman makes the
//! containers, and the kernel has the values.

use std::fs;
use std::path::Path;

use super::{text, tool, written};
use crate::support::netns::in_netns;
use crate::support::program::{Run, finish, finish_with};

/// Applies a diff to a folder.
#[track_caller]
fn patch(folder: &Path, diff: &str) {
    let mut command = tool("patch");
    command.args(["-p1", "-d"]).arg(folder);
    finish_with(&mut command, diff.as_bytes()).ended(0);
}

/// Lets systemd read units below a folder and say what it does not understand.
fn verify(folder: &Path, units: &[&str]) -> Run {
    let mut path = folder.join("etc/systemd/system").into_os_string();
    // The usual folders come after it.
    path.push(":");
    let mut command = tool("systemd-analyze");
    command.env("SYSTEMD_UNIT_PATH", path);
    finish(command.arg("--man=no").arg("verify").args(units))
}

#[test]
fn systemd_understands_the_drop_ins() {
    let tree = tempfile::tempdir().unwrap();
    let units = tree.path().join("etc/systemd/system");
    fs::create_dir_all(&units).unwrap();
    for name in ["talk.service", "vault.service", "nginx.service"] {
        let own = "[Service]\nPrivateNetwork=yes\nExecStart=/bin/true\n";
        fs::write(units.join(name), own).unwrap();
    }
    fs::write(
        units.join("talk.socket"),
        "[Socket]\nListenStream=7000\nBacklog=100\n",
    )
    .unwrap();
    patch(tree.path(), &text("sockets", "systemd"));
    patch(tree.path(), &text("nginx", "systemd"));
    let all = [
        "talk.socket",
        "talk.service",
        "vault.service",
        "nginx.service",
    ];
    let run = verify(tree.path(), &all).ended(0);
    assert!(!run.err.contains("50-backlint.conf"), "{}", run.err);
    assert!(!run.err.contains("talk.socket:"), "{}", run.err);
    // It did read them: a fault in one is told.
    let drop_in = units.join("talk.socket.d/50-backlint.conf");
    let content = fs::read_to_string(&drop_in).unwrap();
    assert_eq!(content, "[Socket]\nBacklog=2048\n");
    fs::write(&drop_in, content.replace("2048", "many")).unwrap();
    let run = verify(tree.path(), &["talk.socket"]);
    assert!(run.err.contains("50-backlint.conf"), "{}", run.err);
}

#[test]
fn a_drop_in_for_a_service_sets_the_value_in_its_namespace() {
    in_netns(|netns| {
        netns.set_somaxconn(128);
        let tree = tempfile::tempdir().unwrap();
        patch(tree.path(), &text("sockets", "systemd"));
        let drop_in = "etc/systemd/system/vault.service.d/50-backlint.conf";
        let content = fs::read_to_string(tree.path().join(drop_in)).unwrap();
        let line = content.lines().last().unwrap();
        let command = line.strip_prefix("ExecStartPre=+").expect("a command");
        let words = shlex::split(command).unwrap();
        finish(tool(&words[0]).args(&words[1..])).ended(0);
        assert_eq!(netns.sysctl("net.core.somaxconn"), "511");
    });
}

#[test]
fn sysctl_loads_the_drop_in_of_sysctl_d() {
    in_netns(|netns| {
        netns.set_somaxconn(128);
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("etc/sysctl.d")).unwrap();
        patch(tree.path(), &text("nginx", "drop-in"));
        let file = tree.path().join("etc/sysctl.d/99-backlint.conf");
        finish(tool("sysctl").arg("-p").arg(file)).ended(0);
        assert_eq!(netns.sysctl("net.core.somaxconn"), "511");
    });
}

/// The playbook of a record without services to restart, as there is no systemd to restart them.
#[test]
fn ansible_writes_the_file_and_sets_the_value() {
    in_netns(|netns| {
        netns.set_somaxconn(128);
        let home = tempfile::tempdir().unwrap();
        let book = home.path().join("backlint.yaml");
        fs::write(&book, text("hostile", "ansible")).unwrap();
        // Its file is seen by this process alone.
        let play = "mount -t tmpfs none /etc/sysctl.d && ansible-playbook -c local -i localhost, -e ansible_become=false backlint.yaml && cat /etc/sysctl.d/99-backlint.conf";
        let mut command = tool("unshare");
        command.args(["--mount", "sh", "-c", play]);
        command.current_dir(home.path()).env("HOME", home.path());
        command
            .env("ANSIBLE_GATHERING", "explicit")
            .env("ANSIBLE_REMOTE_TMP", home.path())
            .env("LC_ALL", "C.UTF-8");
        let run = finish(&mut command).ended(0);
        assert!(run.out.contains("failed=0"), "{}", run.out);
        assert!(run.out.ends_with("net.core.somaxconn=300\n"), "{}", run.out);
        assert_eq!(netns.sysctl("net.core.somaxconn"), "300");
        assert!(!home.path().join("pwned").exists());
    });
}

/// Podman with a storage of its own and an image that is one file.
struct Podman {
    home: tempfile::TempDir,
}

impl Podman {
    fn new() -> Self {
        let podman = Self {
            home: tempfile::tempdir().unwrap(),
        };
        let image = podman.home.path().join("image");
        fs::create_dir(&image).unwrap();
        fs::copy("/bin/true", image.join("server")).unwrap();
        let archive = podman.home.path().join("image.tar");
        let tar = finish(
            tool("tar")
                .args(["--owner=0", "--group=0", "-C"])
                .arg(&image)
                .arg("-cf")
                .arg(&archive)
                .arg("."),
        );
        tar.ended(0);
        let archive = archive.to_str().unwrap();
        // Under the names that the records have, so that no registry is asked.
        for image in ["localhost/redis:7", "localhost/nginx:1.27"] {
            podman.run(&["import", "--change", "CMD [\"/server\"]", archive, image]);
        }
        podman
    }

    /// The options of every command.
    fn options(&self) -> [String; 10] {
        let at = |name: &str| self.home.path().join(name).display().to_string();
        [
            "--root".to_owned(),
            at("storage"),
            "--runroot".to_owned(),
            at("run"),
            "--storage-driver".to_owned(),
            "vfs".to_owned(),
            "--runtime".to_owned(),
            "runc".to_owned(),
            "--cgroup-manager".to_owned(),
            "cgroupfs".to_owned(),
        ]
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = tool("podman");
        command.args(self.options()).args(arguments);
        finish(command.env("HOME", self.home.path())).ended(0).out
    }

    /// Runs a text of `docker run` or `podman run` lines, but makes containers without starting
    /// them and without a network's hardware.
    #[track_caller]
    fn create(&self, script: &str) {
        let own = "--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024";
        let options = self.options().join(" ");
        let function = format!("() {{ shift 2; command podman {options} create {own} \"$@\"; }}\n");
        let script = format!("set -e\ndocker{function}podman{function}{script}");
        let mut command = tool("bash");
        command.current_dir(self.home.path());
        command.env("IMAGE", "redis:7");
        command.env("HOME", self.home.path());
        finish_with(&mut command, script.as_bytes()).ended(0);
    }

    /// What the kernel has in a container's network namespace.
    fn sysctl(&self, name: &str, key: &str) -> String {
        self.run(&["init", name]);
        let pid = self.run(&["inspect", name, "--format", "{{.State.Pid}}"]);
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        let mut command = tool("nsenter");
        // A rootless container's namespace belongs to a user namespace.
        if !rustix::process::getuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        let value = finish(command.args(["-t", pid.trim(), "-n", "cat", &path])).ended(0);
        value.out.trim().to_owned()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let mut command = tool("podman");
        command
            .args(self.options())
            .args(["rm", "--all", "--force", "--time", "0"]);
        finish(command.env("HOME", self.home.path()));
    }
}

#[test]
fn podman_makes_the_containers_and_the_kernel_has_the_values() {
    let podman = Podman::new();
    let somaxconn = "net.core.somaxconn";
    podman.create(&text("podman", "podman"));
    assert_eq!(podman.sysctl("cache", somaxconn), "511");
    assert_eq!(podman.sysctl("systemd-web", "net.ipv4.tcp_syncookies"), "1");
    podman.run(&["rm", "--all", "--force", "--time", "0"]);
    podman.create(&text("docker", "docker"));
    assert_eq!(podman.sysctl("queue", somaxconn), "1024");
    // Whatever a host is called, its lines do what they say and nothing else.
    podman.create(&written("hostile", "docker").ended(0).out);
    assert_eq!(podman.sysctl("fine", somaxconn), "511");
    assert!(!podman.home.path().join("pwned").exists());
    quadlet(&podman);
}

/// Debian 12's Podman has no Quadlet: its file is read here as podman-systemd.unit(5) says, and Podman
/// gets the flags that Quadlet would give it.
fn quadlet(podman: &Podman) {
    let tree = tempfile::tempdir().unwrap();
    patch(tree.path(), &text("podman", "quadlet"));
    let drop_in = tree.path().join("web.container.d/50-backlint.conf");
    let content = fs::read_to_string(drop_in).unwrap();
    let (section, lines) = content.split_once('\n').unwrap();
    assert_eq!(section, "[Container]");
    let mut flags = String::new();
    for line in lines.lines() {
        let words = line.strip_prefix("Sysctl=").expect("the one key");
        for word in shlex::split(words).unwrap() {
            flags += &format!(" --sysctl {word}");
        }
    }
    podman.create(&format!(
        "podman run --detach --name quadlet{flags} redis:7"
    ));
    assert_eq!(podman.sysctl("quadlet", "net.core.somaxconn"), "511");
}
