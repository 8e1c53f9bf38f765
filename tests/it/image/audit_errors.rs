//! Images and options that cannot be used: one clear error with a remedy, exit status 2, nothing on standard
//! output.

use std::fs;

use crate::support::program::{backlint, finish};

#[track_caller]
fn refused(words: &[&str], part: &str) {
    let run = finish(backlint().arg("audit").arg("--no-config").args(words)).ended(2);
    assert_eq!(run.out, "", "{run:#?}");
    assert!(run.err.contains(part), "{run:#?}");
}

#[test]
fn what_is_no_image_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(folder.path().join("text"), "no image\n").unwrap();
    fs::create_dir_all(folder.path().join("empty")).unwrap();
    refused(&["--image", &at("gone.tar")], "gone.tar cannot be read");
    refused(&["--image", &at("text")], "/text ");
    refused(&["--image", &at("empty")], "empty is no image");
}

#[test]
fn options_of_images_need_one_and_make_sense() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("etc")).unwrap();
    let root = folder.path().to_str().unwrap();
    refused(&["--kernel", "5.3"], "--image <PATH>");
    for option in [
        "--kernel=5.3",
        "--somaxconn=1024",
        "--node=n.yaml",
        "--platform=linux/arm64",
    ] {
        let remedy = "give --image in place of --snapshot";
        refused(&[option, "--snapshot", "x.yaml"], remedy);
    }
    refused(
        &["--image", root, "--snapshot", "x.yaml"],
        "cannot be used with",
    );
    refused(
        &["--image", root, "--kernel", "new"],
        "is not a version such as 5.15",
    );
    refused(
        &["--image", root, "--somaxconn", "4294967295"],
        "--somaxconn 4294967295",
    );
    refused(&["--image", root, "--platform", "arm"], "is not a platform");
    let node = folder.path().join("node.yaml");
    fs::write(&node, "schema: backlint/snapshot/v1\nnamespaces: [{}]\n").unwrap();
    let node = node.to_str().unwrap();
    refused(
        &["--image", root, "--node", node],
        "does not tell the node's kernel: give --kernel",
    );
    refused(
        &["--image", root, "--node", node, "--kernel", "5.3"],
        "cannot be used with",
    );
    refused(
        &["--image", root, "--after-reboot"],
        "a container does not boot",
    );
}
