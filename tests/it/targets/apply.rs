//! The texts are put to work: diffs are applied, systemd reads the drop-ins, podman makes the
//! containers, and the kernel has the values.

use std::fs;
use std::path::Path;

use super::{text, tool, written};
use crate::support::netns::in_netns;
use crate::support::podman::Podman;
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

/// That systemd runs it in the unit's namespace is systemd's own; here there is none.
#[test]
fn the_command_of_a_services_drop_in_sets_the_value_where_it_runs() {
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

/// Podman with images that are one file, under the names that the records have.
fn podman() -> Podman {
    let podman = Podman::new();
    for image in ["localhost/redis:7", "localhost/nginx:1.27"] {
        podman.image(image, &[("/bin/true", "/server")], &["/server"]);
    }
    podman
}

/// Runs a text of `docker run` or `podman run` lines, but makes containers without starting them.
#[track_caller]
fn create(podman: &Podman, script: &str) {
    let verb = "create --network none";
    podman.shell(script, verb).ended(0);
}

/// What the kernel has in a container's network namespace.
fn sysctl(podman: &Podman, name: &str, key: &str) -> String {
    podman.ask(&["init", name]);
    let pid = podman.pid(name).to_string();
    let path = format!("/proc/sys/{}", key.replace('.', "/"));
    let mut command = tool("nsenter");
    // A rootless container's namespace belongs to a user namespace.
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--preserve-credentials"]);
    }
    let value = finish(command.args(["-t", &pid, "-n", "cat", &path])).ended(0);
    value.out.trim().to_owned()
}

#[test]
fn podman_makes_the_containers_and_the_kernel_has_the_values() {
    let podman = podman();
    let somaxconn = "net.core.somaxconn";
    create(&podman, &text("podman", "podman"));
    assert_eq!(sysctl(&podman, "cache", somaxconn), "511");
    assert_eq!(
        sysctl(&podman, "systemd-web", "net.ipv4.tcp_syncookies"),
        "1"
    );
    podman.ask(&["rm", "--all", "--force", "--time", "0"]);
    create(&podman, &text("docker", "docker"));
    assert_eq!(sysctl(&podman, "queue", somaxconn), "1024");
    // Whatever a host is called, its lines do what they say and nothing else.
    create(&podman, &written("hostile", "docker").ended(0).out);
    assert_eq!(sysctl(&podman, "fine", somaxconn), "511");
    assert!(!podman.home().join("pwned").exists());
    quadlet(&podman);
}

/// The line for a pod makes one, and its infra container has the value.
#[test]
fn podman_makes_a_pod_with_the_value() {
    let podman = Podman::new();
    podman.image(
        "localhost/pause:1",
        &[("/bin/true", "/server")],
        &["/server"],
    );
    let text = text("rootless", "podman");
    let pod = |line: &&str| line.starts_with("podman pod create ");
    let line = text.lines().find(pod);
    let script = format!("POD=front\n{}\n", line.expect("a pod"));
    let verb = "pod create --infra-image localhost/pause:1 --infra-command /server --network none";
    podman.shell(&script, verb).ended(0);
    let infra = [
        "pod",
        "inspect",
        "front",
        "--format",
        "{{.InfraContainerID}}",
    ];
    let infra = podman.ask(&infra);
    assert_eq!(sysctl(&podman, &infra, "net.core.somaxconn"), "511");
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
    create(
        podman,
        &format!("podman run --detach --name quadlet{flags} redis:7"),
    );
    assert_eq!(sysctl(podman, "quadlet", "net.core.somaxconn"), "511");
}
