//! `--assume` and `--after-reboot` on snapshots: the outcome follows what would be, and every output
//! says that it is not what was seen.

use std::path::Path;

use serde_json::json;

use crate::bad_input::refused;
use crate::support::program::{Run, backlint, finish};

const NGINX: &str = "fixtures/debian11-nginx-128.yaml";
const CONTAINERS: &str = "fixtures/three-containers.yaml";

fn run(words: &[&str]) -> Run {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    finish(backlint().current_dir(here).args(words))
}

#[test]
fn the_exit_status_follows_what_would_be() {
    run(&["--snapshot", NGINX]).ended(1);
    let assume = |value| run(&["--snapshot", NGINX, "--assume", value]);
    assume("net.core.somaxconn=511").ended(0);
    assume("host:net/core/somaxconn=4096").ended(0);
    assume("net.core.somaxconn=510").ended(1);
    // Another sysctl lets nobody listen again.
    assume("net.ipv4.tcp_syncookies=1").ended(1);
}

#[test]
fn a_page_says_at_its_top_what_is_assumed_and_what_is_now() {
    let value = "net.core.somaxconn=300";
    let page = run(&["--snapshot", NGINX, "--assume", value]).ended(1).out;
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(
        lines[1..3],
        [
            "Assuming net.core.somaxconn = 300 in host, and that all listeners there listen again",
            "host: somaxconn 300 (now 128), tcp_syncookies 1, 3 listeners",
        ]
    );
    let folded = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let patch = format!("backlint patch --snapshot {NGINX} --assume {value} prints");
    assert!(folded.contains(&patch), "{page}");
    assert!(folded.contains("backlint on that host shows"), "{page}");

    let list = run(&["list", "--snapshot", NGINX, "--assume", value])
        .ended(0)
        .out;
    assert!(
        list.starts_with("Assuming net.core.somaxconn = 300"),
        "{list}"
    );
    // What it prints can be run.
    let root = tempfile::tempdir().unwrap();
    let root = root.path().to_str().unwrap();
    let patch = run(&[
        "patch",
        "--snapshot",
        NGINX,
        "--assume",
        value,
        "--root",
        root,
    ]);
    assert!(
        patch.out.contains("+net.core.somaxconn = 511"),
        "{patch:#?}"
    );
    assert!(
        patch.err.contains("Assuming net.core.somaxconn = 300"),
        "{patch:#?}"
    );
}

#[test]
fn json_has_what_is_assumed_and_null_where_nothing_is() {
    let words = ["--format", "json", "--snapshot", CONTAINERS];
    for command in ["audit", "list"] {
        let plain = run(&[&[command], &words[..]].concat()).json();
        assert_eq!(plain["assumed"], json!(null), "{command}");
        let assume = [
            "--assume",
            "net.core.somaxconn=1024",
            "--assume",
            "docker/cache:net.core.somaxconn=200",
        ];
        let assumed = run(&[&[command], &words[..], &assume].concat()).json();
        let expected = json!({"after_reboot": false, "sysctls": [
            {"netns": null, "key": "net.core.somaxconn", "value": "1024"},
            {"netns": "docker/cache", "key": "net.core.somaxconn", "value": "200"},
        ]});
        assert_eq!(assumed["assumed"], expected, "{command}");
        let maxima: Vec<u64> = assumed["listeners"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["accept_queue"]["max"].as_u64().unwrap())
            .collect();
        assert_eq!(maxima, [128, 1024, 200, 1024], "{command}");
    }
}

#[test]
fn a_name_has_to_be_in_one_of_several_snapshots() {
    let both = [
        "--snapshot",
        NGINX,
        "--snapshot",
        CONTAINERS,
        "--fail-on",
        "never",
    ];
    let cache = ["--assume", "docker/cache:net.core.somaxconn=511"];
    run(&[&both[..], &cache].concat()).ended(0);
    run(&[&both[..], &["--assume", "docker/c:net.core.somaxconn=511"]].concat()).ended(2);
}

/// somaxconn was raised at run time, and the files say another number for the next boot.
const RAISED: &str = "schema: backlint/snapshot/v1
host: {kernel: 6.1.0, os: {id: debian, version: '12'}}
namespaces:
  - sysctls: {net.core.somaxconn: 4096}
    counters: {TcpExt.ListenOverflows: 9}
    listeners:
      - {protocol: tcp, address: '0.0.0.0:80', accept_queue: {len: 0, max: 511},
         requested: {backlog: 511, source: config}}
files:
  - {path: /etc/sysctl.d/99-old.conf, text: \"net.core.somaxconn = 128\\n\"}
";

#[test]
fn after_a_boot_the_files_decide() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("raised.yaml");
    std::fs::write(&file, RAISED).unwrap();
    let file = file.to_str().unwrap();
    run(&["--snapshot", file]).ended(0);
    let report = ["--format", "json", "--snapshot", file, "--after-reboot"];
    let report = run(&report).ended(1).json();
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "BL101", "{report:#}");
    assert_eq!(report["listeners"][0]["accept_queue"]["max"], 128);
    assert_eq!(report["assumed"]["after_reboot"], true);
    let page = run(&["--snapshot", file, "--after-reboot"]).ended(1).out;
    let line = "After the next boot, if nothing else changes; all services listen again";
    assert!(page.lines().any(|found| found == line), "{page}");
    assert!(page.contains("somaxconn 128 (now 4096)"), "{page}");
    // What is assumed besides holds after the boot.
    let cured = ["--after-reboot", "--assume", "net.core.somaxconn=600"];
    run(&[&["--snapshot", file], &cured[..]].concat()).ended(0);
}

#[test]
fn what_cannot_be_assumed_is_named() {
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--assume"], &["--assume", "NETNS:"]),
        (&["--assume", "4096"], &["4096", "KEY=VALUE"]),
        (&["--assume", "net.core.somaxconn"], &["KEY=VALUE"]),
        (&["--assume", "net.core.somaxconn="], &["no value"]),
        (&["--assume", "=4096"], &["not the name of one sysctl"]),
        (
            &["--assume", ":net.core.somaxconn=1"],
            &["before the colon"],
        ),
        (&["--assume", "net.*.somaxconn=1"], &["one sysctl"]),
        (
            &["--assume", "net/core/somaxcon=1"],
            &["net.core.somaxcon", "did you mean net.core.somaxconn"],
        ),
        (
            &["--assume", "vm.swapiness=1"],
            &["vm.swapiness", "vm.swappiness"],
        ),
        (
            &["--assume", "net.core.somaxconn=big"],
            &["big", "not a whole number"],
        ),
        (
            &["--assume", "net.core.somaxconn=-1"],
            &["-1", "less than 0"],
        ),
        (
            &["--assume", "docker/web:net.core.somaxconn=1"],
            &["docker/web", "there are: host"],
        ),
        (
            &[
                "--assume",
                "net.core.somaxconn=1",
                "--assume",
                "net/core/somaxconn=2",
            ],
            &["1 and 2"],
        ),
        (&["--after-reboot"], &["not recorded", "backlint snapshot"]),
    ];
    for (options, words) in cases {
        for command in ["audit", "list", "patch"] {
            let arguments = [
                &[command, "--snapshot", "fixtures/php-fpm-unix-socket.yaml"],
                options,
            ]
            .concat();
            refused(&arguments, b"", words);
        }
    }
    refused(&["snapshot", "--after-reboot"], b"", &["--after-reboot"]);
}
