//! Trees of sysctl files, with all that the loaders know or stumble over.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::words::{
    DIRECTORIES, GLOBS, KEYS, NAMES, NUMBERS, ODD_ENDS, ODD_KEYS, ODD_LINES, TEXTS,
};

/// What is at a path.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(Vec<u8>),
    Link(String),
    Directory,
    /// A file that has this text and no permissions.
    Locked(Vec<u8>),
}

/// A tree.
#[derive(Clone)]
pub(super) struct Tree {
    /// Whether /lib is a link to usr/lib.
    pub(super) merged: bool,
    /// By path without the first slash.
    pub(super) nodes: BTreeMap<String, Node>,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "/lib {}",
            if self.merged {
                "-> usr/lib"
            } else {
                "is a directory"
            }
        )?;
        for (path, node) in &self.nodes {
            match node {
                Node::Text(text) => writeln!(f, "/{path}\n    {}", escaped(text))?,
                Node::Locked(text) => writeln!(f, "/{path} (mode 000)\n    {}", escaped(text))?,
                Node::Link(target) => writeln!(f, "/{path} -> {target}")?,
                Node::Directory => writeln!(f, "/{path}/")?,
            }
        }
        Ok(())
    }
}

fn escaped(text: &[u8]) -> String {
    let escaped = text.escape_ascii().to_string();
    escaped.replace("\\n", "\\n\n    ")
}

impl Tree {
    /// Lays it out below a root in place of the one that is there.
    pub(super) fn lay_out(&self, root: &Path) {
        for directory in DIRECTORIES {
            let _ = fs::remove_dir_all(root.join(directory).join("sysctl.d"));
        }
        let _ = fs::remove_dir_all(root.join("etc"));
        let lib = root.join("lib");
        if fs::remove_file(&lib).is_err() {
            let _ = fs::remove_dir_all(&lib);
        }
        if self.merged {
            symlink("usr/lib", &lib).unwrap();
        }
        for directory in DIRECTORIES {
            fs::create_dir_all(root.join(directory).join("sysctl.d")).unwrap();
        }
        for (path, node) in &self.nodes {
            let path = root.join(path);
            match node {
                Node::Text(text) => fs::write(&path, text).unwrap(),
                Node::Link(target) => symlink(target, &path).unwrap(),
                Node::Directory => fs::create_dir(&path).unwrap(),
                Node::Locked(text) => {
                    fs::write(&path, text).unwrap();
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
                }
            }
        }
    }
}

fn key() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        // Few keys are hit often, so that lines meet.
        6 => select(&KEYS[..3]),
        10 => select(&KEYS[..]),
        5 => select(&GLOBS[..]),
    ];
    let dotted = |path: &str| path.replace('/', ".");
    prop_oneof![
        5 => path.clone().prop_map(dotted),
        2 => path.prop_map(str::to_owned),
        1 => select(&ODD_KEYS[..]).prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(&NUMBERS[..14]).prop_map(str::to_owned),
        1 => select(&NUMBERS[..]).prop_map(str::to_owned),
        2 => select(&TEXTS[..]).prop_map(str::to_owned),
    ]
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just(""),
        4 => Just(" "),
        1 => select(&["\t", "  ", "\x0b", "\x0c", " \t "][..]),
    ]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let dash = prop_oneof![8 => Just(""), 2 => Just("-"), 1 => select(&["- ", "--", "-\t"][..])];
    let assignment = (blank(), dash, key(), blank(), blank(), value(), blank()).prop_map(
        |(a, dash, key, b, c, value, d)| format!("{a}{dash}{key}{b}={c}{value}{d}").into_bytes(),
    );
    let exclusion =
        (blank(), key(), blank()).prop_map(|(a, key, b)| format!("{a}-{key}{b}").into_bytes());
    let comment = (
        blank(),
        select(&["#", ";", "##", "# ;"][..]),
        key(),
        value(),
    )
        .prop_map(|(a, leader, key, value)| format!("{a}{leader}{key}={value}").into_bytes());
    let long = (
        select(&["#", ";", ""][..]),
        select(&[300_usize, 5000, 70_000][..]),
    )
        .prop_map(|(leader, length)| format!("{leader}{}", "x".repeat(length)).into_bytes());
    let far =
        (key(), select(&[300_usize, 5000][..]), any::<bool>()).prop_map(|(key, length, behind)| {
            let blanks = " ".repeat(length);
            if behind {
                format!("{key} = 19{blanks}# far")
            } else {
                format!("{key} ={blanks}19")
            }
            .into_bytes()
        });
    let odd = select(&ODD_LINES[..]).prop_map(<[u8]>::to_vec);
    let line =
        prop_oneof![24 => assignment, 4 => exclusion, 3 => comment, 3 => odd, 1 => long, 1 => far];
    // A backslash at the end joins lines for one loader.
    (
        line,
        prop_oneof![30 => Just(&b""[..]), 1 => Just(&b"\\"[..]), 1 => Just(&b" \\"[..])],
    )
        .prop_map(|(line, end)| [&line[..], end].concat())
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![
        16 => Just(&b"\n"[..]),
        2 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r"[..]),
        1 => Just(&b"\0"[..]),
        1 => select(&ODD_ENDS[..]),
    ];
    (vec((line(), end), 0..7), any::<bool>()).prop_map(|(lines, terminated)| {
        let last = lines.len().saturating_sub(1);
        let mut text = Vec::new();
        for (n, (line, end)) in lines.into_iter().enumerate() {
            text.extend(line);
            if n < last || terminated {
                text.extend(end);
            }
        }
        text
    })
}

fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![3 => select(&NAMES[..4]), 2 => select(&NAMES[..])];
    (select(&DIRECTORIES[..]), name)
        .prop_map(|(directory, name)| format!("{directory}/sysctl.d/{name}"))
}

fn node() -> impl Strategy<Value = Node> {
    let to_another = (path(), any::<bool>()).prop_map(|(path, absolute)| {
        // Those in usr/local/lib are one directory deeper; from there this leads nowhere.
        Node::Link(format!("{}{path}", if absolute { "/" } else { "../../" }))
    });
    prop_oneof![
        30 => text().prop_map(Node::Text),
        1 => Just(Node::Text(Vec::new())),
        2 => Just(Node::Link("/dev/null".to_owned())),
        1 => select(&["nowhere", "/nowhere/else", "../..", "/etc/sysctl.conf", "../sysctl.conf"][..])
            .prop_map(|target| Node::Link(target.to_owned())),
        2 => to_another,
        1 => Just(Node::Directory),
        1 => text().prop_map(Node::Locked),
    ]
}

/// A tree.
pub(super) fn tree() -> impl Strategy<Value = Tree> {
    let conf = prop_oneof![
        6 => text().prop_map(Node::Text),
        1 => node(),
    ];
    let linked = select(&["../sysctl.conf", "/etc/sysctl.conf"][..])
        .prop_map(|target| Node::Link(target.to_owned()));
    (
        proptest::bool::weighted(0.7),
        btree_map(path(), node(), 0..9),
        proptest::option::weighted(0.6, conf),
        proptest::option::weighted(0.3, linked),
    )
        .prop_map(|(merged, mut nodes, conf, linked)| {
            if let Some(conf) = conf {
                nodes.insert("etc/sysctl.conf".to_owned(), conf);
            }
            if let Some(linked) = linked {
                nodes.insert("etc/sysctl.d/99-sysctl.conf".to_owned(), linked);
            }
            if merged {
                nodes.retain(|path, _| !path.starts_with("lib/"));
            }
            Tree { merged, nodes }
        })
}
