//! What is opened at all, and what a configuration may do that was found and that nobody named.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::config::ACME;
use super::{Home, refused};
use crate::support::program::{as_nobody, backlint, finish};

/// Whether the tests may give a file to somebody else.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn no_file_of_the_users_may_be_a_pipe_without_a_writer() {
    let home = Home::new();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let path = home.path().join("pipe.yaml");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for words in [
        "--snapshot pipe.yaml",
        "--snapshot web.yaml --rules pipe.yaml",
        "--snapshot web.yaml --services pipe.yaml",
        "--snapshot web.yaml --waivers pipe.yaml",
        "--snapshot web.yaml --baseline pipe.yaml",
        "--snapshot web.yaml --config pipe.yaml",
        "diff web.yaml pipe.yaml",
        "rules check pipe.yaml",
    ] {
        refused(
            home.run(words),
            &["pipe.yaml", "a named pipe, not a regular file"],
        );
    }
}

#[test]
fn what_a_shell_opened_is_read_whatever_it_is() {
    let home = Home::new();
    let program = backlint();
    let program = program.get_program().to_str().unwrap();
    let line = format!(
        "{program} --snapshot <(cat web.yaml) --fail-on never && cat web.yaml | {program} --snapshot /dev/stdin --fail-on never"
    );
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &line]).current_dir(home.path());
    let run = finish(&mut bash).ended(0);
    let whole = home.run("--snapshot web.yaml --fail-on never").ended(0).out;
    assert_eq!(
        run.out.matches("listeners, ").count(),
        2 * whole.matches("listeners, ").count()
    );
    assert!(whole.contains("listeners, "), "{whole}");
}

#[test]
fn a_configuration_that_was_found_writes_no_file() {
    let home = Home::new();
    home.write(
        "backlint.toml",
        "format = [\"table\",\n  \"json=victim\"]\n",
    );
    home.write("victim", "precious");
    refused(
        home.run("--snapshot web.yaml"),
        &[
            "backlint.toml:2:3",
            "writes no files",
            "-f json=victim",
            "--config backlint.toml",
        ],
    );
    assert_eq!(home.read("victim"), "precious");
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(1);
    assert_ne!(home.read("victim"), "precious");
}

#[test]
fn a_configuration_that_was_found_reads_nothing_outside_of_its_folder() {
    let home = Home::new();
    let secret = "root:$6$precious:1::::::\n";
    home.write("secret.yaml", secret);
    home.write("conf/acme.yaml", ACME);
    fs::create_dir(home.path().join("conf/links")).unwrap();
    symlink(
        home.path().join("secret.yaml"),
        home.path().join("conf/links/a.yaml"),
    )
    .unwrap();
    symlink(
        home.path().join("secret.yaml"),
        home.path().join("conf/acme.md"),
    )
    .unwrap();
    let absolute = home.path().join("secret.yaml").display().to_string();
    let paths = [
        "../secret.yaml",
        &absolute,
        "links",
        "links/a.yaml",
        "links/../../secret.yaml",
        "acme.yaml",
    ];
    for (n, path) in paths.into_iter().enumerate() {
        for key in ["rules", "services", "waivers", "baseline"] {
            let value = format!("\"{path}\"");
            let value = if key == "baseline" {
                value
            } else {
                format!("[{value}]")
            };
            home.write("conf/backlint.toml", &format!("{key} = {value}\n"));
            let run = home.run_in("conf", "--snapshot ../web.yaml");
            assert!(!run.err.contains("precious"), "{run:#?}");
            refused(
                run,
                &["backlint.toml:1:", "leads out of the folder", "--config"],
            );
            let named = home.run_in("conf", "--snapshot ../web.yaml --config backlint.toml");
            assert!(!named.err.contains("leads out"), "{n} {named:#?}");
        }
    }
    fs::remove_file(home.path().join("conf/acme.md")).unwrap();
    home.write("conf/backlint.toml", "rules = [\"./acme.yaml\"]\n");
    home.run_in("conf", "--snapshot ../web.yaml").ended(1);
    fs::create_dir(home.path().join("conf/deep")).unwrap();
    home.run_in("conf/deep", "--snapshot ../../web.yaml")
        .ended(1);
}

#[test]
fn a_file_that_others_may_write_is_not_taken_by_itself() {
    let home = Home::new();
    home.write("backlint.toml", "fail-on = \"never\"\n");
    let path = home.path().join("backlint.toml");
    for mode in [0o666, 0o664, 0o646] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refused(
            home.run("--snapshot web.yaml"),
            &["by its group or by everybody", "--config backlint.toml"],
        );
    }
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(0);
    home.run("--snapshot web.yaml --no-config").ended(1);
}

#[test]
fn a_file_of_another_user_is_not_taken_by_itself() {
    if !is_root() {
        eprintln!("not tested: only root may give a file away");
        return;
    }
    let home = Home::new();
    home.write("backlint.toml", "fail-on = \"never\"\n");
    home.write("roots.toml", "fail-on = \"never\"\n");
    let path = home.path().join("backlint.toml");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(&path, Some(1234), None).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["another user (uid 1234)", "--config"],
    );
    home.run("--snapshot web.yaml --config backlint.toml")
        .ended(0);
    let sudo = |uid: &str| {
        let mut command = backlint();
        command
            .args(["--snapshot", "web.yaml"])
            .env("SUDO_UID", uid);
        finish(command.current_dir(home.path()))
    };
    refused(sudo("1234"), &["another user (uid 1234)", "--config"]);
    let nobody = || {
        let mut command = as_nobody();
        command
            .args(["--snapshot", "web.yaml"])
            .env("SUDO_UID", "1234");
        finish(command.current_dir(home.path()))
    };
    refused(nobody(), &["another user (uid 1234)"]);
    chown(&path, Some(65534), None).unwrap();
    nobody().ended(0);
    chown(&path, Some(0), None).unwrap();
    nobody().ended(0);
    // A link of somebody else's to a file of root's is somebody else's choice.
    fs::remove_file(&path).unwrap();
    symlink("roots.toml", &path).unwrap();
    home.run("--snapshot web.yaml").ended(0);
    std::os::unix::fs::lchown(&path, Some(1234), None).unwrap();
    refused(
        home.run("--snapshot web.yaml"),
        &["another user (uid 1234)"],
    );
}
