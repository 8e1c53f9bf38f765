//! Files of waivers: several, those that cannot be read, and long ones.

use super::waivers::{file, waiver};
use super::{Home, TRUNCATED, refused};
use crate::support::program::{as_nobody, backlint, finish, finish_with};

#[test]
fn several_files_add_up_and_a_second_entry_for_the_same_is_refused() {
    let home = Home::waiving(&["{address: \"0.0.0.0:80\"}"]);
    home.write("more.yaml", &file(&[waiver("{address: \"[::]:443\"}", "")]));
    let judge = "--snapshot web.yaml --only BL101 --waivers w.yaml --waivers";
    home.run(&format!("{judge} more.yaml")).ended(0);
    refused(
        home.run(&format!("{judge} w.yaml")),
        &["w.yaml:2", "a second waiver"],
    );
}

#[test]
fn a_patch_leaves_out_what_is_waived() {
    let home = Home::waiving(&["{netns: host}"]);
    let run = home
        .run("patch --snapshot web.yaml --root . --only BL101 --waivers w.yaml")
        .ended(0);
    assert_eq!(run.out, "", "{run:#?}");
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let home = Home::new();
    refused(
        home.run("--snapshot web.yaml --waivers none.yaml"),
        &["none.yaml", "no such file", "--print-waivers"],
    );
    refused(
        home.run("--snapshot web.yaml --waivers ."),
        &["is a directory"],
    );
    refused(
        home.run("--snapshot web.yaml --waivers /dev/null"),
        &["/dev/null", "help"],
    );
    home.write("latin.yaml", "");
    std::fs::write(home.path().join("latin.yaml"), b"waivers: [caf\xe9]\n").unwrap();
    refused(
        home.run("--snapshot web.yaml --waivers latin.yaml"),
        &["UTF-8"],
    );
    home.write("w.yaml", "waivers: []\n");
    let hidden = home.path().join("w.yaml");
    std::fs::set_permissions(&hidden, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    std::fs::set_permissions(
        home.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut command = as_nobody();
    command.args(["--snapshot", "web.yaml", "--waivers", "w.yaml"]);
    refused(
        finish(command.current_dir(home.path())),
        &["permission denied"],
    );
}

#[test]
fn a_record_from_standard_input_is_waived_too() {
    let home = Home::waiving(&["{netns: host}"]);
    let mut command = backlint();
    command.args(["--snapshot", "-", "--waivers", "w.yaml", "--only", "BL101"]);
    let run = finish_with(command.current_dir(home.path()), TRUNCATED.as_bytes()).ended(0);
    assert!(run.out.contains("2 waived"), "{run:#?}");
}

#[test]
fn a_waivers_file_may_be_as_long_as_what_is_printed_about_a_snapshot() {
    let home = Home::waiving(&["{netns: host}"]);
    let long = home.read("w.yaml") + &"# because\n".repeat(1 << 18);
    home.write("w.yaml", &long);
    home.run("--snapshot web.yaml --only BL101 --waivers w.yaml")
        .ended(0);
}

#[test]
fn of_ten_thousand_faults_the_first_are_told() {
    let home = Home::new();
    home.write("w.yaml", &file(&vec![waiver("{netns: host}", ""); 10_000]));
    let run = home.run("--snapshot web.yaml --waivers w.yaml").ended(2);
    assert_eq!(run.err.matches("error").count(), 20, "{}", run.err);
    assert!(run.err.contains("--> w.yaml:5:"), "{}", run.err);
}
