//! Parsers and schemas: each tool runs once, for the texts of all records.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{all_in, repository, text, tool};
use crate::support::program::finish;

/// What tests/targets/check.py makes of all texts, by their names.
fn checked(folder: &Path) -> Value {
    let python = repository("target/validators/bin/python");
    assert!(
        python.exists(),
        "{} is missing: tests/run makes it",
        python.display()
    );
    let script = repository("tests/targets/check.py");
    let run = finish(tool(python.to_str().unwrap()).arg(script).arg(folder));
    assert_eq!(run.status, 0, "{}", run.err);
    run.json()
}

#[test]
fn schemas_accept_every_text_and_find_the_values() {
    let folder = tempfile::tempdir().unwrap();
    let all = all_in(folder.path());
    let checked = checked(folder.path());
    for target in [
        "kubernetes",
        "openshift-tuned",
        "compose",
        "bottlerocket",
        "ansible",
    ] {
        let ending = format!(".{target}");
        let written = all.keys().filter(|name| name.ends_with(&ending)).count();
        let known = checked.as_object().unwrap();
        let seen = known.keys().filter(|name| name.ends_with(&ending)).count();
        assert!(
            written >= 3 && seen == written,
            "{target}: {seen} of {written}"
        );
    }
    let somaxconn = |value: &str| json!([{"name": "net.core.somaxconn", "value": value}]);
    let pods = checked["pods.kubernetes"].as_array().unwrap();
    assert_eq!(
        pods[0]["allowedUnsafeSysctls"],
        json!(["net.core.somaxconn"])
    );
    let of = |kind: &str| {
        pods.iter()
            .find(|document| document["kind"] == kind)
            .unwrap()
    };
    let template = |kind: &str| &of(kind)["spec"]["template"]["spec"]["securityContext"]["sysctls"];
    assert_eq!(*template("StatefulSet"), somaxconn("511"));
    assert_eq!(*template("DaemonSet"), somaxconn("1024"));
    assert_eq!(template("Deployment")[1]["name"], "net.ipv4.tcp_syncookies");
    assert_eq!(
        of("Deployment")["metadata"],
        json!({"name": "web", "namespace": "shop"})
    );
    assert_eq!(
        of("Pod")["spec"]["securityContext"]["sysctls"],
        somaxconn("511")
    );
    replicas(&checked);
    assert_eq!(
        checked["compose.compose"][0]["services"]["web"]["sysctls"],
        json!({"net.core.somaxconn": "511", "net.ipv4.tcp_syncookies": "1"})
    );
    assert_eq!(
        checked["nginx.openshift-tuned"],
        json!({"net.core.somaxconn": "511"})
    );
    assert_eq!(
        checked["nginx.bottlerocket"]["settings"]["kernel"]["sysctl"],
        json!({"net.core.somaxconn": "511"})
    );
    let task = &checked["nginx.ansible"]["tasks"][0];
    assert_eq!(task["notify"], json!(["restart nginx.service"]));
    assert_eq!(task["ansible.posix.sysctl"]["value"], "511");
}

/// Of replicas that need different values the larger is written, and what only one of them needs.
#[track_caller]
fn replicas(checked: &Value) {
    let replicas = checked["replicas.kubernetes"].as_array().unwrap();
    let cron = &replicas[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(
        cron["securityContext"]["sysctls"],
        json!([{"name": "net.core.somaxconn", "value": "1024"}])
    );
    assert_eq!(
        replicas[2]["spec"]["template"]["spec"]["securityContext"]["sysctls"],
        json!([
            {"name": "net.core.somaxconn", "value": "2048"},
            {"name": "net.ipv4.tcp_syncookies", "value": "1"}
        ])
    );
    assert_eq!(
        checked["replicas.compose"][0]["services"]["web"]["sysctls"],
        json!({"net.core.somaxconn": "2048", "net.ipv4.tcp_syncookies": "1"})
    );
}

#[test]
fn docker_compose_merges_the_file_into_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let base = "services:\n  cache: {image: \"redis:7\"}\n  web: {image: \"nginx:1\"}\n";
    fs::write(folder.path().join("compose.yaml"), base).unwrap();
    fs::write(
        folder.path().join("compose.backlint.yaml"),
        text("compose", "compose"),
    )
    .unwrap();
    let mut command = tool("docker-compose");
    command
        .current_dir(folder.path())
        .env("HOME", folder.path());
    let files = [
        "-f",
        "compose.yaml",
        "-f",
        "compose.backlint.yaml",
        "config",
    ];
    let run = finish(command.args(files)).ended(0);
    assert_eq!(
        run.out.matches("net.core.somaxconn: '511'").count(),
        2,
        "{}",
        run.out
    );
    assert_eq!(run.out.matches("image:").count(), 2, "{}", run.out);
}

#[test]
fn ansible_accepts_every_playbook_and_knows_its_modules() {
    let folder = tempfile::tempdir().unwrap();
    let all = all_in(folder.path());
    let books = all.keys().filter(|name| name.ends_with(".ansible"));
    let books: Vec<&String> = books.collect();
    assert!(books.len() >= 3, "{books:?}");
    let ansible = || {
        let mut command = tool("ansible-playbook");
        command
            .current_dir(folder.path())
            .env("HOME", folder.path());
        command.env("LC_ALL", "C.UTF-8");
        command.args(["-i", "localhost,", "--syntax-check"]);
        command
    };
    finish(ansible().args(&books)).ended(0);
    // What it does not know, it refuses.
    let odd = all["nginx.ansible"].replace("ansible.posix.sysctl", "ansible.posix.sysctls");
    fs::write(folder.path().join("odd.yaml"), odd).unwrap();
    let refused = finish(ansible().arg("odd.yaml"));
    assert_ne!(refused.status, 0, "{}", refused.out);
}

#[test]
fn the_shell_reads_every_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in all_in(folder.path()) {
        let program = name.rsplit('.').next().unwrap();
        if !matches!(program, "docker" | "podman") {
            continue;
        }
        finish(tool("bash").arg("-n").arg(folder.path().join(&name))).ended(0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = shlex::split(line).unwrap_or_else(|| panic!("{name}: {line}"));
            if words[0] == "sudo" {
                let at = words.iter().position(|word| word == program).unwrap();
                let before: Vec<String> = words.drain(..at).collect();
                let user = ["sudo", "-H", "-u", "#1000", "env", "-C", "/"];
                assert_eq!(before[..7], user, "{name}: {line}");
            }
            if words[1] == "pod" {
                assert_eq!(words[..4], [program, "pod", "create", "--sysctl"], "{line}");
                continue;
            }
            assert_eq!(
                words[..4],
                [program, "run", "--detach", "--name"],
                "{name}: {line}"
            );
            let flags = &words[5..words.len() - 1];
            for flag in flags.chunks(2) {
                assert_eq!(flag[0], "--sysctl", "{name}: {line}");
                assert!(
                    flag[1].starts_with("net.") && flag[1].contains('='),
                    "{line}"
                );
            }
            assert!(!words.last().unwrap().starts_with('-'), "{name}: {line}");
        }
    }
}
