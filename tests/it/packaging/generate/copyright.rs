//! `packaging/debian/copyright`: the licence, and what else is in the binary, by licence, as cargo knows it.
//!
//! Names without versions, so that an update of a crate changes nothing here unless its licence does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use super::super::build::own;

/// The machines that packages are made on; they need not have the same crates.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

pub(crate) fn copyright() -> String {
    let mut text = HEAD.to_owned();
    for (licence, crates) in crates() {
        text.push_str(" .\n");
        let crates: Vec<String> = crates.into_iter().collect();
        let line = format!("{licence}: {}.", crates.join(", "));
        text.push_str(&wrapped(&line));
    }
    let licence = fs::read_to_string(own("LICENSE")).unwrap();
    let (head, body) = licence.split_once("\nPermission ").unwrap();
    let holder = head.split_once("(c) ").unwrap().1.trim();
    text.push_str(&format!(
        "\nFiles: *\nCopyright: {holder}\nLicense: MIT\n\nLicense: MIT\n"
    ));
    for line in format!("Permission {}", body.trim_end()).lines() {
        let line = if line.is_empty() { "." } else { line };
        text.push_str(&format!(" {line}\n"));
    }
    text
}

const HEAD: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: backlint
Comment:
 The program is linked statically. So it contains Rust's standard library (MIT
 OR Apache-2.0), the C library of the machine that it was built on (the GNU C
 Library: LGPL-2.1-or-later), and these crates, each with its source in Cargo's
 registry in the version that Cargo.lock has:
";

/// Crates that are linked, by licence, written in one way.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args([
        "tree",
        "--locked",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
    ]);
    for target in TARGETS {
        cargo.args(["--target", target]);
    }
    let output = cargo
        .args(["--format", "{p}|{l}"])
        .current_dir(own(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let Some((package, licence)) = line.trim_end_matches(" (*)").split_once('|') else {
            continue;
        };
        let name = package.split(' ').next().unwrap();
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        // An old way to write the same.
        let licence = licence.replace(" / ", " OR ").replace('/', " OR ");
        let mut either: Vec<&str> = licence.split(" OR ").collect();
        either.sort_unstable();
        crates
            .entry(either.join(" OR "))
            .or_default()
            .insert(name.to_owned());
    }
    assert!(
        crates.values().map(BTreeSet::len).sum::<usize>() > 50,
        "{crates:?}"
    );
    assert!(
        !crates.contains_key(""),
        "crates without a licence: {crates:?}"
    );
    crates
}

/// Lines of at most 79 characters, indented as the format wants it.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + word.len() > 77 {
            lines.push_str(&format!("{line}\n"));
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
