//! From truncated to clean with the servers of the distribution: audit, patch, load, restart, audit.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::netns::in_netns;
use crate::support::program::{findings, finish, finish_with, run};
use crate::support::servers::{self, Recipe, Server};

const BEFORE: &str = "# Tuned by hand, keep me.\nnet.core.somaxconn = 200\n# The end.\n";

/// A root directory with a sysctl.conf that says what the namespace has.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("etc")).unwrap();
    fs::write(conf(tree.path()), BEFORE).unwrap();
    tree
}

fn conf(tree: &Path) -> std::path::PathBuf {
    tree.join("etc/sysctl.conf")
}

#[test]
fn nginx_redis_and_memcached_go_from_truncated_to_clean() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let recipes = [
            servers::nginx(home, 1),
            servers::redis(home),
            servers::memcached(),
        ];
        let running: Vec<Server> = recipes
            .iter()
            .map(|recipe| recipe.start(netns, home))
            .collect();

        insist_on_truncated(&recipes, &running);

        let tree = tree();
        let root = tree.path().to_str().unwrap();
        apply(root);
        load(&conf(tree.path()));
        assert_eq!(netns.sysctl("net.core.somaxconn"), "1024");

        // The new value alone changes no queue.
        let report = run(["audit", "--format", "json"]).json();
        assert_eq!(
            findings(&report, "BL103").len(),
            recipes.len(),
            "{report:#}"
        );

        let _running: Vec<Server> = running
            .into_iter()
            .map(|server| server.restart(netns, home))
            .collect();
        let report = run(["audit", "--format", "json", "--fail-on", "low"])
            .ended(0)
            .json();
        assert_eq!(
            report["findings"].as_array().unwrap().len(),
            0,
            "{report:#}"
        );
        for recipe in &recipes {
            let rows = report["listeners"].as_array().unwrap();
            let row = rows
                .iter()
                .find(|row| row["service"] == recipe.service)
                .unwrap();
            assert_eq!(row["accept_queue"]["max"], recipe.backlog);
            assert_eq!(row["limited_by"], "application");
        }
        assert_eq!(run(["patch", "--root", root]).ended(0).out, "");
    });
}

/// Every server is found, with what it asked for and what it got.
fn insist_on_truncated(recipes: &[Recipe], running: &[Server]) {
    let report = run(["audit", "--format", "json"]).ended(1).json();
    let truncated = findings(&report, "BL101");
    assert_eq!(truncated.len(), recipes.len(), "{report:#}");
    for (recipe, server) in recipes.iter().zip(running) {
        let of = |finding: &&&Value| finding["subject"]["service"] == recipe.service;
        let finding = truncated
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("{report:#}"));
        assert_eq!(finding["subject"]["address"], server.address());
        assert_eq!(
            finding["evidence"]["listener.requested.backlog"],
            recipe.backlog
        );
        assert_eq!(finding["evidence"]["listener.accept_queue.max"], 200);
    }
}

/// Patches the tree, whose comments must survive, and asks again: nothing is left to change.
fn apply(root: &str) {
    let patch = run(["patch", "--root", root]).ended(0);
    let mut command = Command::new("patch");
    finish_with(command.args(["-p1", "-d", root]), patch.out.as_bytes()).ended(0);
    let after = fs::read_to_string(conf(Path::new(root))).unwrap();
    assert!(after.starts_with("# Tuned by hand, keep me.\n"), "{after}");
    assert!(after.contains("# The end.\n"), "{after}");
    assert!(after.contains("net.core.somaxconn = 1024"), "{after}");
    let again = run(["patch", "--root", root]).ended(0);
    assert_eq!(again.out, "", "a second patch");
    assert!(again.err.contains("sysctl -p"), "{}", again.err);
}

/// Loads a sysctl file as the next boot would. Only keys of the namespace may be in it.
fn load(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let mut keys = text
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains('='));
    assert!(
        keys.all(|line| line.starts_with("net.core.somaxconn")),
        "{text}"
    );
    finish(Command::new("sysctl").arg("-p").arg(file)).ended(0);
}

#[test]
fn a_patch_makes_the_file_where_there_is_none() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let home = tempfile::tempdir().unwrap();
        let _redis = servers::redis(home.path()).start(netns, home.path());
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path().to_str().unwrap();
        let patch = run(["patch", "--root", root]).ended(0);
        finish_with(
            Command::new("patch").args(["-p1", "-d", root]),
            patch.out.as_bytes(),
        )
        .ended(0);
        let text = fs::read_to_string(conf(tree.path())).unwrap();
        assert!(text.contains("net.core.somaxconn = 511"), "{text}");
        assert_eq!(run(["patch", "--root", root]).ended(0).out, "");
    });
}

#[test]
fn what_is_configured_smaller_is_not_called_truncated() {
    in_netns(|netns| {
        netns.set_somaxconn(200);
        let home = tempfile::tempdir().unwrap();
        let redis = servers::redis(home.path()).with("--tcp-backlog 100");
        let _redis = redis.start(netns, home.path());
        let report = run(["audit", "--format", "json"]).json();
        assert_eq!(findings(&report, "BL101").len(), 0, "{report:#}");
        let row = &report["listeners"][0];
        assert_eq!(row["accept_queue"]["max"], 100);
        assert_ne!(row["limited_by"], "somaxconn", "{row:#}");
        // Configuration is not read yet: against the known default of 511 it looks stale.
        assert_eq!(row["confidence"], "possible", "{row:#}");
    });
}
