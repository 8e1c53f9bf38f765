//! What an edit does to any file.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::assignments;
use super::super::line::is_blank;
use super::*;

/// Spellings of the keys that the generated files and changes are about.
const SPELLINGS: [(&str, &str); 4] = [
    ("net.core.somaxconn", "net/core/somaxconn"),
    (
        "net.ipv4.tcp_max_syn_backlog",
        "/net//ipv4/tcp_max_syn_backlog",
    ),
    (
        "net.ipv4.conf.eth0/1.rp_filter",
        "net/ipv4/conf/eth0.1/rp_filter",
    ),
    ("vm.x", "vm..x"),
];

/// One generated line: what stands before the value, the value, and what stands behind it.
#[derive(Debug, Clone)]
struct Piece {
    key: Option<&'static str>,
    before: Vec<u8>,
    value: Vec<u8>,
    behind: Vec<u8>,
}

fn assigned() -> impl Strategy<Value = Piece> {
    (
        select(&SPELLINGS[..]),
        any::<bool>(),
        "[ \t]{0,3}-?",
        select(&["=", " = ", "\t=  "][..]),
        "[0-9]{1,5}([ \t]{1,2}[0-9]{1,5}){0,2}",
        "([ \t]{1,2}[#;][ -~]{0,12})?[ \t]{0,2}",
    )
        .prop_map(|((dotted, slashed), dots, indent, equals, value, behind)| {
            let spelling = if dots { dotted } else { slashed };
            Piece {
                key: Some(dotted),
                before: format!("{indent}{spelling}{equals}").into_bytes(),
                value: value.into_bytes(),
                behind: behind.into_bytes(),
            }
        })
}

/// Lines that assign none of the keys, of any bytes.
fn other() -> impl Strategy<Value = Piece> {
    let no_break = |byte: u8| {
        if matches!(byte, b'\n' | b'\r') {
            b'?'
        } else {
            byte
        }
    };
    let any_bytes = move |max| {
        vec(any::<u8>(), 0..max).prop_map(move |b| b.into_iter().map(no_break).collect::<Vec<_>>())
    };
    let line = prop_oneof![
        "[ \t]{0,3}".prop_map(String::into_bytes),
        any_bytes(20).prop_map(|bytes| [b" #", bytes.as_slice()].concat()),
        any_bytes(20).prop_map(|bytes| [b";", bytes.as_slice()].concat()),
        any_bytes(8).prop_map(|bytes| [b"dev.raw = ", bytes.as_slice()].concat()),
        any_bytes(30).prop_map(|bytes| [b"junk", bytes.as_slice()].concat()),
        select(
            &[
                "net.*.x = 1",
                "-net.ipv4.conf.lo.rp_filter",
                "x =",
                "- vm.x = 3"
            ][..]
        )
        .prop_map(|line| line.as_bytes().to_vec()),
        Just(b"#".repeat(70_000)),
    ];
    line.prop_map(|before| Piece {
        key: None,
        before,
        value: Vec::new(),
        behind: Vec::new(),
    })
}

/// A file in lines, its terminator, and whether the last line has one. A lone line always has: it
/// shows which terminator the file uses. So has an empty one, which would be no line without.
fn file() -> impl Strategy<Value = (Vec<Piece>, &'static [u8], bool)> {
    let pieces = vec(prop_oneof![assigned(), other()], 0..12);
    let eol = prop_oneof![Just(&b"\n"[..]), Just(&b"\r\n"[..])];
    (pieces, eol, any::<bool>()).prop_map(|(pieces, eol, terminated)| {
        let empty = |piece: &Piece| piece.before.is_empty();
        let must = pieces.len() == 1 || pieces.last().is_some_and(empty);
        (pieces, eol, terminated || must)
    })
}

fn joined(pieces: &[Piece], eol: &[u8], terminated: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend([&piece.before[..], &piece.value, &piece.behind, eol].concat());
    }
    if !terminated && !pieces.is_empty() {
        out.truncate(out.len() - eol.len());
    }
    out
}

fn changes(value: &'static str) -> impl Strategy<Value = Vec<Change>> {
    let keys = subsequence(SPELLINGS.to_vec(), 0..=SPELLINGS.len());
    (keys, vec(value, 4), vec(".{0,20}", 0..3)).prop_map(|(keys, values, reasons)| {
        keys.into_iter()
            .zip(values)
            .map(|((key, _), value)| Change {
                key: key.to_owned(),
                value,
                reasons: reasons.clone(),
            })
            .collect()
    })
}

/// The text without backlint's comment lines.
fn unmarked(text: &[u8]) -> Vec<u8> {
    lines(text)
        .filter(|line| !is_mark(line))
        .collect::<Vec<_>>()
        .concat()
}

/// What the file must be but for backlint's comments, from the pieces alone.
fn expected(mut pieces: Vec<Piece>, eol: &[u8], terminated: bool, changes: &[Change]) -> Vec<u8> {
    let mut block = Vec::new();
    for change in changes {
        match pieces.iter_mut().rfind(|p| p.key == Some(&change.key)) {
            Some(piece) if same(&piece.value, change.value.as_bytes()) => {}
            Some(piece) => piece.value = change.value.clone().into_bytes(),
            None => block.push(format!("{} = {}", change.key, change.value).into_bytes()),
        }
    }
    let text = joined(&pieces, eol, terminated || !block.is_empty());
    let blank = |piece: &Piece| piece.before.iter().all(|b| is_blank(*b));
    if !block.is_empty() && pieces.last().is_some_and(|last| !blank(last)) {
        block.insert(0, Vec::new());
    }
    let eol = if pieces.is_empty() { b"\n" } else { eol };
    block.into_iter().fold(text, |mut text, line| {
        text.extend([&line[..], eol].concat());
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_values_change(
        (pieces, eol, terminated) in file(),
        changes in changes("[0-9]{1,5}( [0-9]{1,3})?"),
    ) {
        let old = joined(&pieces, eol, terminated);
        let new = edit(Some(&old), &changes).unwrap();
        let expected = expected(pieces, eol, terminated, &changes);
        prop_assert_eq!(unmarked(&new).escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn the_last_assignment_has_the_value_and_editing_again_changes_nothing(
        (pieces, eol, terminated) in file(),
        first in changes("[ -~]{0,8}"),
        second in changes("[0-9]{1,3}|[a-z]{1,3}( [#;]x)?"),
    ) {
        let mut text = joined(&pieces, eol, terminated);
        for changes in [first, second] {
            text = edit(Some(&text), &changes).unwrap();
            prop_assert_eq!(&edit(Some(&text), &changes).unwrap(), &text);
            let seen = assignments(&text);
            for change in &changes {
                let last = seen.iter().rfind(|a| a.key == change.key).unwrap();
                prop_assert!(
                    same(last.value, change.value.as_bytes())
                        || same(last.setting, change.value.as_bytes())
                );
            }
            let headers = lines(&text).filter(|line| is_header(line)).count();
            prop_assert!(headers <= 1);
        }
    }

    #[test]
    fn no_bytes_make_it_fail(
        bytes in vec(select(&b"ab.x/=-#; \t\r\n\0\xff*1"[..]), 0..60),
        value in "[1a]",
    ) {
        let changes = [
            Change { key: "a.b".to_owned(), value, reasons: vec!["r".to_owned()] },
            Change { key: "x".to_owned(), value: "1".to_owned(), reasons: Vec::new() },
        ];
        let once = edit(Some(&bytes), &changes).unwrap();
        prop_assert_eq!(edit(Some(&once), &changes).unwrap(), once);
    }
}
