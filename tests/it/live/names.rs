//! Names that somebody chose to deceive: they reach a terminal harmless, and a file whole.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::Value;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::support::netns::in_netns;
use crate::support::program::{listeners, run, steady};

/// Abstract names as the kernel keeps them, and as backlint spells them.
const NAMES: [(&[u8], &str); 6] = [
    (b"\0esc\x1b[31mred\x07", "@esc\u{1b}[31mred\u{7}"),
    (b"\0two\nlines", "@two\nlines"),
    (b"\0nul\0inside", "@nul\0inside"),
    (b"\0not\xffutf\\8", "@not\\xffutf\\\\8"),
    (b"\0with blank", "@with blank"),
    ("\0\u{202e}backwards".as_bytes(), "@\u{202e}backwards"),
];

fn listen_as(name: &[u8]) -> Socket {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket
        .bind(&SockAddr::unix(OsStr::from_bytes(name)).unwrap())
        .unwrap();
    socket.listen(1).unwrap();
    socket
}

fn addresses(rows: &[Value]) -> BTreeSet<&str> {
    rows.iter()
        .map(|row| row["address"].as_str().unwrap())
        .collect()
}

#[test]
fn json_has_the_name_and_the_table_has_no_control_character() {
    in_netns(|netns| {
        // At somaxconn, so that the findings name them too.
        netns.set_somaxconn(1);
        let _sockets = NAMES.map(|(name, _)| listen_as(name));
        let expected: BTreeSet<&str> = NAMES.iter().map(|(_, spelt)| *spelt).collect();
        assert_eq!(addresses(&listeners()), expected);
        for arguments in [&["list"][..], &["audit"]] {
            let text = run(arguments).ended(0).out;
            let control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(control), "{text:?}");
            assert!(
                text.contains("@with blank") && text.contains("@esc"),
                "{text}"
            );
            assert!(!text.contains("\nlines"), "a name is one line: {text}");
        }
    });
}

#[test]
fn a_snapshot_keeps_such_names() {
    in_netns(|_| {
        let _sockets = NAMES.map(|(name, _)| listen_as(name));
        let home = tempfile::tempdir().unwrap();
        let live = run(["list", "--format", "json"]).ended(0).out;
        for name in ["seen.yaml", "seen.json"] {
            let file = home.path().join(name);
            let file = file.to_str().unwrap();
            run(["snapshot", "-o", file]).ended(0);
            let recorded = run(["list", "--format", "json", "--snapshot", file])
                .ended(0)
                .out;
            assert_eq!(steady(&recorded), steady(&live), "{name}");
        }
    });
}
