//! `backlint audit --image` on every kind of image, as a user runs it.

use std::path::Path;

use serde_json::Value;

use super::root::{Root, nginx};
use crate::support::podman::Podman;
use crate::support::program::{Run, backlint, findings, finish};

fn of_image(command: &[&str], image: &Path, options: &[&str]) -> Run {
    let mut program = backlint();
    program
        .args(command)
        .arg("--no-config")
        .arg("--image")
        .arg(image);
    finish(program.args(options))
}

fn audited(image: &Path, options: &[&str]) -> Value {
    let run = of_image(
        &["audit", "--format", "json", "--fail-on", "never"],
        image,
        options,
    );
    run.ended(0).json()
}

/// Rules that found something, each with its confidence.
fn found(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    let one = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap().to_owned();
        format!("{} {}", text("rule"), text("confidence"))
    };
    all.map(one).collect()
}

const START: &str = r#"ENTRYPOINT ["nginx","-g","daemon off;"]"#;

fn web() -> Root {
    nginx("server { listen 80 backlog=65535; }")
        .text("/etc/sysctl.d/60-web.conf", "net.core.somaxconn = 65535\n")
}

#[test]
fn every_form_of_an_image_is_judged_alike() {
    let podman = Podman::new();
    podman.import("web", web().path(), &[START, "EXPOSE 80/tcp"]);
    let mut first: Option<(Vec<String>, Value)> = None;
    for format in ["docker-archive", "oci-archive", "oci-dir"] {
        let image = podman.save("web", format);
        let report = audited(&image, &["--kernel", "5.15"]);
        let this = (found(&report), report["listeners"].clone());
        assert_eq!(this.0, ["BL101 certain", "BL504 certain"], "{format}");
        assert_eq!(
            report["not_evaluated"],
            Value::Array(Vec::new()),
            "{format}"
        );
        assert_eq!(report["image"]["entrypoint"][0], "nginx", "{format}");
        assert_eq!(report["image"]["exposed"][0], "80/tcp", "{format}");
        let first = first.get_or_insert_with(|| this.clone());
        assert_eq!(*first, this, "{format}");
    }
    // A folder does not tell what it starts, so what is installed in it is only possible.
    let report = audited(web().path(), &["--kernel", "5.15"]);
    assert_eq!(found(&report), ["BL101 possible", "BL504 certain"]);
    assert_eq!(report["listeners"][0]["presumed"], true);
}

#[test]
fn the_kernel_the_cap_or_the_node_decides_and_never_this_machine() {
    let podman = Podman::new();
    let root = nginx("server { listen 80; }");
    podman.import("web", root.path(), &[START]);
    let image = podman.save("web", "docker-archive");
    let max =
        |options: &[&str]| audited(&image, options)["listeners"][0]["accept_queue"]["max"].clone();
    assert_eq!(max(&["--kernel", "5.3"]), 128);
    assert_eq!(max(&["--kernel", "5.4"]), 511);
    assert_eq!(max(&["--somaxconn", "100"]), 100);
    let node = podman.home().join("node.yaml");
    std::fs::write(&node, "schema: backlint/snapshot/v1\nhost: {kernel: 4.19.0-26-amd64}\nnamespaces: [{sysctls: {net.core.somaxconn: 65535}}]\n").unwrap();
    let run = of_image(
        &["audit", "--fail-on", "never"],
        &image,
        &["--node", node.to_str().unwrap()],
    )
    .ended(0);
    assert!(
        run.out
            .contains("nginx on 0.0.0.0:80 would ask for 511 by default and get 128 (likely)"),
        "{run:#?}"
    );
    assert!(
        run.err
            .contains("somaxconn 65535 reaches no new network namespace"),
        "{run:#?}"
    );
    let run = of_image(&["audit", "--fail-on", "never"], &image, &[]).ended(0);
    assert!(
        run.err
            .contains("as on Linux 6.18, which starts a network namespace with somaxconn 4096"),
        "{run:#?}"
    );
}

#[test]
fn a_record_of_an_image_is_judged_as_the_image() {
    let podman = Podman::new();
    podman.import("web", web().path(), &[START]);
    let image = podman.save("web", "oci-archive");
    let record = podman.home().join("web.yaml");
    let words = ["--kernel", "5.15", "-o", record.to_str().unwrap()];
    of_image(&["snapshot"], &image, &words).ended(0);
    let mut program = backlint();
    program.args(["audit", "--no-config", "--format", "json", "--snapshot"]);
    let recorded = finish(program.arg(&record)).ended(1).json();
    let own = audited(&image, &["--kernel", "5.15"]);
    for part in [
        "findings",
        "listeners",
        "image",
        "gaps",
        "plan",
        "not_asked",
    ] {
        assert_eq!(recorded[part], own[part], "{part}");
    }
    // And so it can be asked what another value would change.
    let mut program = backlint();
    program.args([
        "audit",
        "--no-config",
        "--assume",
        "net.core.somaxconn=65535",
        "--snapshot",
    ]);
    let run = finish(program.arg(&record)).ended(0);
    assert!(!run.out.contains("BL101"), "{run:#?}");
    let mut program = backlint();
    program.args(["audit", "--no-config", "--after-reboot", "--snapshot"]);
    let run = finish(program.arg(&record)).ended(2);
    assert!(run.err.contains("a container does not boot"), "{run:#?}");
}

#[test]
fn the_change_is_written_for_whatever_makes_the_containers() {
    let podman = Podman::new();
    podman.import("web", web().path(), &[START]);
    let image = podman.save("web", "docker-archive");
    for (target, part) in [
        ("docker", "--sysctl net.core.somaxconn=65535"),
        ("podman", "--sysctl net.core.somaxconn=65535"),
        ("compose", "\"net.core.somaxconn\": \"65535\""),
        ("kubernetes", "- name: \"net.core.somaxconn\""),
    ] {
        let run = of_image(&["patch", "--for", target], &image, &["--kernel", "5.15"]).ended(0);
        assert!(run.out.contains(part), "{target}: {run:#?}");
    }
    // The image's own files are read by nothing.
    let run = of_image(&["patch"], &image, &["--kernel", "5.15"]).ended(0);
    assert_eq!(run.out, "");
    assert!(run.err.contains("use --for docker"), "{run:#?}");
}

#[test]
fn a_small_default_is_found_and_what_is_not_clear_is_a_gap() {
    let podman = Podman::new();
    let root = Root::new()
        .program("/usr/sbin/sshd", "/usr/sbin/sshd")
        .text("/srv/app", "#!/bin/sh\nexec /srv/real\n");
    podman.import(
        "ssh",
        root.path(),
        &[r#"CMD ["/usr/sbin/sshd","-D"]"#, "EXPOSE 22"],
    );
    let report = audited(&podman.save("ssh", "docker-archive"), &["--kernel", "6.1"]);
    assert_eq!(findings(&report, "BL605").len(), 1, "{report:#}");
    podman.import("app", root.path(), &[r#"CMD ["/srv/app"]"#, "EXPOSE 8080"]);
    let image = podman.save("app", "docker-archive");
    let report = audited(&image, &["--kernel", "6.1"]);
    let gaps: Vec<&str> = report["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["what"].as_str().unwrap())
        .collect();
    assert_eq!(gaps, ["/srv/real", "request of tcp 0.0.0.0:8080"]);
    of_image(&["audit", "--strict"], &image, &["--kernel", "6.1"]).ended(3);
}

#[test]
fn the_output_in_the_readme_is_that_of_an_image() {
    let podman = Podman::new();
    podman.import(
        "web",
        nginx("server { listen 80 backlog=65535; }").path(),
        &[START],
    );
    let image = podman.save("web", "docker-archive");
    let readme = include_str!("../../../README.md");
    let section = readme.split("## Audit an image").nth(1).unwrap();
    let gate = section
        .lines()
        .find_map(|line| line.strip_prefix("backlint audit --image web.tar "));
    let options: Vec<&str> = gate.unwrap().split(' ').collect();
    let shown = section
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    std::fs::rename(&image, podman.home().join("web.tar")).unwrap();
    let mut program = backlint();
    program.args(["audit", "--image", "web.tar"]).args(options);
    let run = finish(program.current_dir(podman.home())).ended(1);
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let out = run
        .out
        .replace(&format!("linux/{architecture}"), "linux/amd64");
    assert!(out.starts_with(shown), "{out}");
}
