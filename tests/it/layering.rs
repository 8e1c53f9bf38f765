//! The layout cannot rot: imports point one way, and each outside crate has its place.
//!
//! `{cores, text} ← snapshot ← {collect, containers, kernel, services, sysctl_conf} ← {image, trace} ← assess ← rules ← gate ← compare ← advise ← cases ← report ← cli`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stages from left to right: each may import those to the left of its own group.
const ORDER: [&[&str]; 12] = [
    &["cores", "text"],
    &["snapshot"],
    &["collect", "containers", "kernel", "services", "sysctl_conf"],
    &["image", "trace"],
    &["assess"],
    &["rules"],
    &["gate"],
    &["compare"],
    &["advise"],
    &["cases"],
    &["report"],
    &["cli"],
];

/// The stages that touch the host are for the command line alone, but that tracing and reading images look as
/// `collect` does, and know nothing of the others beside it.
fn may_import(stage: &str, import: &str) -> bool {
    let group = |name: &str| ORDER.iter().position(|stages| stages.contains(&name));
    let left = group(import).expect("a known stage") < group(stage).expect("a known stage");
    let looks = ["image", "trace"].contains(&stage);
    let beside = looks && !["collect", "snapshot", "cores", "text"].contains(&import);
    let host = ["collect", "image", "trace"].contains(&import);
    stage == import || (left && !beside && (!host || stage == "cli" || looks))
}

/// Outside crates that only some files may use, by the beginning of the file's path.
const CRATES: [(&str, &[&str]); 17] = [
    ("clap", &["cli/"]),
    ("anyhow", &["cli/"]),
    ("serde_yaml", &["text/document.rs"]),
    ("saphyr_parser", &["text/positions.rs"]),
    ("quick_junit", &["report/junit.rs"]),
    ("anstyle", &["report/", "watch/"]),
    ("annotate_snippets", &["report/", "watch/"]),
    ("tabled", &["report/", "watch/"]),
    ("similar", &["report/"]),
    ("pulldown_cmark", &["report/"]),
    ("cel", &["rules/"]),
    ("jiff", &["gate/", "cli/gate.rs"]),
    ("toml_edit", &["services/", "text/document.rs"]),
    ("netlink_sys", &["collect/"]),
    ("netlink_packet_sock_diag", &["collect/"]),
    ("procfs", &["collect/"]),
    ("libc", &["collect/", "trace/"]),
];

/// Lines that a file may have.
const LINES: usize = 400;

/// Every source file: its path below src/ and its text.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    walk(&root, &root, &mut found);
    assert!(
        found.len() > 30,
        "only {} source files were found",
        found.len()
    );
    found
}

/// The code of a file without its comments.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The identifiers that follow each occurrence of `prefix` in the code, inside braces too.
fn after<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].chars().next_back().is_some_and(word) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let mut depth = 0;
        let group = rest.starts_with('{');
        let list = if group { &rest[1..] } else { rest };
        let mut start_of_item = true;
        for (n, c) in list.char_indices() {
            if depth == 0 && start_of_item && word(c) {
                let end = list[n..]
                    .find(|c| !word(c))
                    .map_or(list.len(), |end| n + end);
                found.push(&list[n..end]);
                start_of_item = false;
                if !group {
                    break;
                }
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start_of_item = true,
                _ if !group => break,
                _ => {}
            }
        }
    }
    found
}

#[test]
fn imports_point_one_way() {
    for (name, text) in sources() {
        let stage = name.split('/').next().unwrap();
        if stage == "lib.rs" || stage == "main.rs" {
            continue;
        }
        for import in after(&code(&text), "crate::") {
            let fits = may_import(stage, import);
            assert!(
                fits,
                "{name} imports crate::{import}, which is not to its left"
            );
        }
    }
}

#[test]
fn outside_crates_keep_to_their_place() {
    for (name, text) in sources() {
        let code = code(&text);
        for (krate, places) in CRATES {
            let used = !after(&code, &format!("{krate}::")).is_empty();
            let fits = places.iter().any(|place| name.starts_with(place));
            assert!(!used || fits, "{name} uses {krate}");
        }
    }
}

#[test]
fn unsafe_code_is_in_two_places() {
    let places = ["collect/sys.rs", "trace/sys.rs", "trace/sys/"];
    for (name, text) in sources() {
        let code = code(&text);
        let used = code.contains("unsafe {") || code.contains("allow(unsafe_code)");
        assert!(
            !used || places.iter().any(|place| name.starts_with(place)),
            "{name} has unsafe code"
        );
    }
}

#[test]
fn no_file_is_too_long() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES, "{name} has {lines} lines");
    }
}

#[test]
fn every_module_says_what_it_is() {
    for (name, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{name} does not open with a paragraph"
        );
    }
}

#[test]
fn the_reader_of_imports_sees_groups() {
    let code = "use crate::{report, snapshot::{self, file}};\nuse crate::rules::load;";
    assert_eq!(after(code, "crate::"), ["report", "snapshot", "rules"]);
    assert!(after("mycrate::x", "crate::").is_empty());
}
