//! `backlint why`: the answer for real layouts, its JSON, and trees that are made to be trouble.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::{as_nobody, backlint, finish};

const KEY: &str = "net.core.somaxconn";

fn why(root: &Path, key: &str) -> Value {
    let run = finish(
        backlint()
            .args(["why", key, "--format", "json", "--root"])
            .arg(root),
    );
    run.ended(0).json()
}

fn distribution(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/boot")
        .join(name)
}

/// A copy of a distribution's tree, with its links.
fn copy(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let mut from = distribution(name).into_os_string();
    from.push("/.");
    let done = std::process::Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(copy.path())
        .status();
    assert!(done.unwrap().success());
    copy
}

/// File and status of each line, in their order.
fn lines(answer: &Value) -> Vec<(String, &str)> {
    let lines = answer["assignments"].as_array().unwrap().iter();
    let of = |line: &Value| format!("{}:{}", line["file"].as_str().unwrap(), line["line"]);
    lines
        .map(|line| (of(line), line["status"].as_str().unwrap()))
        .collect()
}

#[test]
fn the_same_line_lives_on_debian_12_and_is_dead_on_debian_13() {
    for (name, status, after) in [
        ("debian-11", "wins", Some("4242")),
        ("debian-12", "wins", Some("4242")),
        ("debian-13", "dead", None),
        ("ubuntu-24.04", "wins", Some("4242")),
        ("rhel-9", "wins", Some("4242")),
        ("amazon-linux-2023", "wins", Some("4242")),
        ("alpine-3.20", "wins", Some("4242")),
    ] {
        let tree = copy(name);
        let conf = tree.path().join("etc/sysctl.conf");
        let text = fs::read_to_string(&conf).unwrap_or_default() + "\nnet.core.somaxconn=4242\n";
        let line = text.lines().count();
        fs::write(&conf, text).unwrap();
        let answer = why(tree.path(), KEY);
        assert_eq!(
            lines(&answer),
            [(format!("/etc/sysctl.conf:{line}"), status)],
            "{name}"
        );
        let loader = answer["loader"].as_str().unwrap();
        assert_eq!(
            answer["after_boot"][loader].as_str(),
            after,
            "{name}: {answer:#}"
        );
        assert_eq!(answer["after_boot"]["procps"], "4242", "{name}");
    }
}

#[test]
fn the_answer_has_the_documented_fields() {
    let tree = copy("debian-12");
    fs::write(
        tree.path().join("etc/sysctl.d/50-web.conf"),
        "net.core.somaxconn = 65535\n",
    )
    .unwrap();
    let vendor = tree.path().join("usr/lib/sysctl.d/zz.conf");
    fs::write(vendor, "# why not\nnet/core/somaxconn=512\n").unwrap();
    let answer = why(tree.path(), "net/core/somaxconn");
    assert_eq!(answer["schema"], "backlint/why/v1");
    assert_eq!(answer["key"], KEY);
    assert_eq!(answer["running"], Value::Null);
    assert_eq!(answer["loader"], "systemd-sysctl");
    let first = &answer["assignments"][0];
    assert_eq!(first["file"], "/etc/sysctl.d/50-web.conf");
    assert_eq!(
        (&first["line"], &first["value"]),
        (&1.into(), &"65535".into())
    );
    assert_eq!(first["status"], "overridden");
    assert_eq!(
        first["reason"],
        "/usr/lib/sysctl.d/zz.conf:2 sets it after that"
    );
    assert_eq!(answer["assignments"][1]["status"], "wins");
    let expected =
        serde_json::json!({"systemd-sysctl": "512", "procps": "512", "busybox": "65535"});
    assert_eq!(answer["after_boot"], expected);
}

#[test]
fn people_get_the_order_the_reasons_and_the_other_loaders() {
    let tree = copy("debian-13");
    fs::write(
        tree.path().join("etc/sysctl.conf"),
        "net.core.somaxconn = 1024\n",
    )
    .unwrap();
    fs::write(
        tree.path().join("usr/lib/sysctl.d/60-v.conf"),
        "net.core.somaxconn = 512\n",
    )
    .unwrap();
    let run = finish(backlint().args(["why", KEY, "--root"]).arg(tree.path())).ended(0);
    for words in [
        "after the boot       512, by /usr/lib/sysctl.d/60-v.conf:1",
        "loader               systemd-sysctl: /usr/lib/systemd/systemd-sysctl is there",
        "with procps          would set 1024, by /etc/sysctl.conf:1",
        "wins    512    /usr/lib/sysctl.d/60-v.conf:1  systemd-sysctl applies it last",
        "dead    1024   /etc/sysctl.conf:1  systemd-sysctl does not read it",
    ] {
        assert!(run.out.contains(words), "no {words:?} in\n{}", run.out);
    }
}

#[test]
fn a_snapshot_answers_as_its_host_does() {
    let tree = copy("debian-12");
    fs::write(
        tree.path().join("etc/sysctl.conf"),
        "net.core.somaxconn = 77\n",
    )
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("s.yaml");
    fs::write(
        &file,
        "schema: backlint/snapshot/v1\nhost: {kernel: 5.10.0, os: {id: debian, version: '11'}}\nnamespaces:\n  - sysctls: {net.core.somaxconn: 128}\nfiles:\n  - {path: /etc/sysctl.conf, text: \"net.core.somaxconn = 77\\n\"}\n",
    )
    .unwrap();
    let run = finish(
        backlint()
            .args(["why", KEY, "--format", "json", "--snapshot"])
            .arg(&file),
    );
    let answer = run.ended(0).json();
    assert_eq!(answer["running"], "128");
    assert_eq!(answer["kernel_default"], "4096");
    assert_eq!(answer["after_boot"]["systemd-sysctl"], "77");
}

/// Puts everything into a tree that a loader's directory should not have. `secret` is outside.
fn make_hostile(tree: &Path, secret: &Path) {
    let etc = tree.join("etc/sysctl.d");
    // A loop, links out of the tree by absolute and relative paths, and one to a directory.
    symlink("10-loop.conf", etc.join("10-loop.conf")).unwrap();
    symlink(secret, etc.join("11-absolute.conf")).unwrap();
    let climb = format!("../../../../../../../../../..{}", secret.display());
    symlink(climb, etc.join("12-climb.conf")).unwrap();
    symlink("/etc", etc.join("13-directory.conf")).unwrap();
    symlink("/proc/1/mem", etc.join("14-proc.conf")).unwrap();
    fs::create_dir(etc.join("20-directory.conf")).unwrap();
    let fifo = etc.join("21-fifo.conf");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
    let big = fs::File::create(etc.join("22-big.conf")).unwrap();
    big.set_len(1 << 30).unwrap();
    let bytes = b"\xff\xfe = \xff\n\0\0\nnet.core.somaxconn = 7\r\n\xc3";
    fs::write(etc.join("30-bytes.conf"), bytes).unwrap();
    let long = [b"#".repeat(900_000), b"\nvm.x = 1".to_vec()].concat();
    fs::write(etc.join("31-long.conf"), long).unwrap();
    let closed = etc.join("40-closed.conf");
    fs::write(&closed, "net.core.somaxconn = 9\n").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
}

#[test]
fn hostile_trees_end_in_gaps_and_never_outside() {
    let tree = copy("debian-12");
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.conf");
    fs::write(&secret, "net.core.somaxconn = 666\n").unwrap();
    make_hostile(tree.path(), &secret);
    let began = Instant::now();
    fs::set_permissions(tree.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = as_nobody();
    command.args(["why", KEY, "--format", "json", "--root"]);
    let run = finish(command.arg(tree.path())).ended(0);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!run.out.contains("666"), "{}", run.out);
    let answer = run.json();
    assert_eq!(answer["after_boot"]["systemd-sysctl"], "7", "{answer:#}");
    let gaps = answer["gaps"].as_array().unwrap().iter();
    let mut gaps: Vec<&str> = gaps.map(|gap| gap["what"].as_str().unwrap()).collect();
    gaps.sort_unstable();
    let names = [
        "10-loop",
        "11-absolute",
        "12-climb",
        "13-directory",
        "14-proc",
        "20-directory",
        "21-fifo",
        "22-big",
        "40-closed",
    ];
    assert_eq!(gaps, names.map(|name| format!("/etc/sysctl.d/{name}.conf")));
}

#[test]
fn files_made_to_explode_end_soon() {
    let lines = |line: &dyn Fn(usize) -> String| (0..9_900).map(line).collect::<String>();
    let braces = |n: usize| format!("net.{}*.x{n} = 1\n", "{a,b}".repeat(12));
    let stars = |n: usize| format!("net.{}b{n}.somaxconn = 1\n", "*a".repeat(40));
    let variable = |n: usize| format!("v{n:02}=${{v{:02}}}${{v{:02}}}\n", n + 1, n + 1);
    let variables: String = (0..60).map(variable).collect();
    let sections = "[sysctl]\nnet.core.somaxconn=${v00}\n[variables]\n";
    let in_a = "sysctl.d/a.conf";
    for (name, path, text) in [
        ("braces", in_a, lines(&braces)),
        ("stars", in_a, lines(&stars)),
        ("keys", in_a, lines(&|n| format!("net.x{n}.y = {n}\n"))),
        ("one key", in_a, lines(&|n| format!("{KEY} = {n}\n"))),
        ("carriage returns", in_a, "a=1\r".repeat(200_000)),
        (
            "variables",
            "tuned/web/tuned.conf",
            format!("{sections}{variables}"),
        ),
    ] {
        let tree = copy("debian-12");
        let etc = tree.path().join("etc");
        let wants = etc.join("systemd/system/multi-user.target.wants");
        fs::create_dir_all(etc.join("tuned/web")).unwrap();
        fs::create_dir_all(&wants).unwrap();
        fs::write(etc.join("tuned/active_profile"), "web").unwrap();
        fs::write(wants.join("tuned.service"), "").unwrap();
        fs::write(etc.join(path), text).unwrap();
        let mut command = backlint();
        command.args(["why", KEY, "--root"]).arg(tree.path());
        let run = finish(&mut command).ended(0);
        assert!(run.out.len() < 4 << 20, "{name}: {} bytes", run.out.len());
    }
}

#[test]
fn a_namespace_of_ones_own_is_not_compared_with_the_hosts_files() {
    let mut command = crate::support::program::scrubbed("unshare");
    let program = env!("CARGO_BIN_EXE_backlint");
    command.args(["-Urn", program, "why", KEY, "--format", "json"]);
    let answer = finish(&mut command).ended(0).json();
    assert_eq!(answer["running"], Value::Null);
    let notes = answer["notes"].to_string();
    assert!(
        notes.contains("of network namespace self is not told"),
        "{notes}"
    );
}

#[test]
fn bad_usage_is_refused_with_a_remedy() {
    for (arguments, words) in [
        (&["why"][..], "<KEY>"),
        (&["why", "net.core.*"], "give the name of one sysctl"),
        (
            &["why", "net.core.somaxconn=1"],
            "give the name of one sysctl",
        ),
        (&["why", "../../etc/passwd"], "give the name of one sysctl"),
        (
            &["why", "net.core.nobody_has_it"],
            "this kernel has no sysctl",
        ),
        (
            &["why", "net.core.somaxcon"],
            "did you mean `net.core.somaxconn`?",
        ),
        (
            &["why", KEY, "--root", "/does/not/exist"],
            "give a directory",
        ),
        (
            &["why", KEY, "--root", "/etc/passwd"],
            "it is not a directory",
        ),
        (
            &["why", KEY, "--snapshot", "fixtures/minimal.yaml"],
            "record one with `backlint snapshot`",
        ),
    ] {
        let mut command = backlint();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments);
        let run = finish(&mut command).ended(2);
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
}
