//! The image, built from its Containerfile, and what others do with it: run it, copy the binary out of it into
//! images of their own, and audit the host from it. No registry is asked: all begins `FROM scratch`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::build::{built, own};
use crate::support::podman::Podman;
use crate::support::program::{finish, scrubbed};
use crate::support::wait;

/// A storage in which the image `backlint` was built as the Containerfile says.
fn with_image() -> Podman {
    let podman = Podman::new();
    let containerfile = own("packaging/Containerfile");
    let containerfile = containerfile.to_str().unwrap();
    let context = built().folder();
    podman.ask(&[
        "build",
        "--quiet",
        "--pull=never",
        "-t",
        "backlint",
        "-f",
        containerfile,
        context,
    ]);
    podman
}

/// The server, static, in a folder.
fn server(folder: &Path) {
    let source = own("tests/it/packaging/server.c");
    let mut cc = scrubbed("cc");
    cc.args(["-static", "-O1", "-Wall", "-Werror", "-o"]);
    finish(cc.arg(folder.join("server")).arg(source)).ended(0);
}

/// Builds an image of the server that backlint is copied into and starts, with these options in front.
fn traced_server(podman: &Podman, name: &str, options: &[&str]) {
    let folder = podman.home().join(name);
    fs::create_dir(&folder).unwrap();
    server(&folder);
    let entry = [&["/backlint", "trace"], options, &["--", "/server"]].concat();
    let entry = serde_json::to_string(&entry).unwrap();
    let text = format!(
        "FROM scratch\nCOPY server /server\nCOPY --from=backlint /backlint /backlint\nENTRYPOINT {entry}\n"
    );
    fs::write(folder.join("Containerfile"), text).unwrap();
    podman.ask(&[
        "build",
        "--quiet",
        "--pull=never",
        "-t",
        name,
        folder.to_str().unwrap(),
    ]);
}

#[test]
fn the_image_runs_as_the_program_that_is_in_it() {
    let podman = with_image();
    let version = env!("CARGO_PKG_VERSION");
    let labels = podman.ask(&["inspect", "backlint", "--format", "{{json .Labels}}"]);
    let labels: Value = serde_json::from_str(&labels).unwrap();
    assert_eq!(labels["org.opencontainers.image.version"], version);
    assert_eq!(
        labels["org.opencontainers.image.licenses"],
        env!("CARGO_PKG_LICENSE")
    );
    let about = env!("CARGO_PKG_DESCRIPTION");
    assert_eq!(labels["org.opencontainers.image.description"], about);
    let said = podman.run_to_end("backlint --version").ended(0);
    assert_eq!(said.out.trim(), format!("backlint {version}"));
    let said = podman
        .run_to_end("--user 1000:1000 backlint explain BL101 nginx")
        .ended(0);
    assert!(said.out.contains("nginx"), "{}", said.out);
    let said = podman.run_to_end("backlint explain").ended(0);
    assert!(said.out.contains("client-symptoms"), "{}", said.out);
    for user in ["0:0", "1000:1000"] {
        let words = format!("--user {user} backlint audit --fail-on never --format json");
        let report = podman.run_to_end(&words).ended(0).json();
        assert_eq!(report["schema"], "backlint/report/v1");
        assert_eq!(report["listeners"], serde_json::json!([]));
    }
    // In standard error too nothing but its own words: no loader, no library and no file is missed.
    let said = podman.run_to_end("backlint no-such-command").ended(2);
    assert_eq!(said.out, "");
    assert!(said.err.starts_with("error: "), "{}", said.err);
}

#[test]
fn another_image_copies_it_and_is_gated() {
    let podman = with_image();
    let until = ["--until-listening", "1", "--for", "10s"];
    traced_server(&podman, "gated", &until);
    let gated = podman
        .run_to_end("--sysctl net.core.somaxconn=128 gated")
        .ended(1);
    let call = "listen: server[";
    assert!(gated.err.contains(call), "{gated:#?}");
    assert!(
        gated.err.contains("0.0.0.0:8080 asked for 70000, got 128"),
        "{gated:#?}"
    );
    assert!(
        gated.out.contains("asked for 70000 and got 128"),
        "{gated:#?}"
    );
    assert!(
        gated.out.contains("the server was asked to stop"),
        "{gated:#?}"
    );
    let passed = podman
        .run_to_end("--sysctl net.core.somaxconn=70000 --user 1000:1000 gated")
        .ended(0);
    assert!(
        passed.err.contains("asked for 70000, got 70000"),
        "{passed:#?}"
    );
}

/// `podman stop` sends SIGTERM to the first process alone, and SIGKILL ten seconds later.
#[test]
fn stopping_the_container_stops_the_server_and_the_report_is_written() {
    let podman = with_image();
    for (name, options, status) in [
        ("reported", &[][..], "1"),
        ("commanded", &["--command-status"], "7"),
    ] {
        traced_server(&podman, name, options);
        podman.run(&["--log-driver=k8s-file"], name, name, &[]);
        let logs = || {
            podman
                .shell(&format!("podman run --detach {name}\n"), "logs")
                .ended(0)
        };
        wait::until("the server", || {
            logs().err.contains("listen: server[").then_some(())
        });
        podman.ask(&["stop", "--time=15", name]);
        let ended = podman.ask(&["inspect", name, "--format", "{{.State.ExitCode}}"]);
        assert_eq!(ended, status);
        let logs = logs();
        assert!(
            logs.out.contains("the server was asked to stop"),
            "{logs:#?}"
        );
        assert!(
            logs.out.contains("server on 0.0.0.0:8080 asked for 70000"),
            "{logs:#?}"
        );
    }
}

/// As packaging/README.md says; the listener is in a namespace that another container has.
#[test]
fn a_container_audits_the_host_and_the_namespaces_of_others() {
    let podman = with_image();
    traced_server(&podman, "web", &[]);
    let first = podman.run(&[], "web", "web", &[]);
    let child = format!("/proc/{first}/task/{first}/children");
    let options = documented();
    let look = |without: &str| {
        let kept: Vec<&str> = options
            .iter()
            .map(String::as_str)
            .filter(|it| *it != without)
            .collect();
        let words = format!("{} backlint list --port 8080 --format json", kept.join(" "));
        podman.run_to_end(&words).ended(0).json()
    };
    wait::until("the server", || {
        let text = fs::read_to_string(&child).unwrap_or_default();
        (!text.trim().is_empty()).then_some(())
    });
    let of_server = |list: &Value| -> Option<Value> {
        let all = list["listeners"].as_array().unwrap().clone();
        all.into_iter()
            .find(|it| it["owners"][0]["comm"] == "server")
    };
    let found = wait::until("the listener in the other namespace", || {
        of_server(&look(""))
    });
    assert_eq!(found["address"], "0.0.0.0:8080");
    assert_ne!(found["netns"]["name"], "host");
    // Without this right it does not look there, and says so.
    let list = look("--cap-add=SYS_ADMIN");
    assert!(of_server(&list).is_none());
    let gaps = list["gaps"].to_string();
    assert!(
        gaps.contains("cannot be entered: Operation not permitted"),
        "{gaps}"
    );
}

/// The options of the command that packaging/README.md gives.
fn documented() -> Vec<String> {
    let page = fs::read_to_string(own("packaging/README.md")).unwrap();
    let begin = "    podman run --rm --pid=host ";
    let at = page.find(begin).expect("the command");
    let command = page[at..]
        .split("\n\n")
        .next()
        .unwrap()
        .replace("\\\n", " ");
    let words = command.split_whitespace().map(str::to_owned);
    let words: Vec<String> = words.skip("podman run --rm".split(' ').count()).collect();
    assert_eq!(words.last().unwrap(), "backlint");
    words[..words.len() - 1].to_vec()
}
