//! The persistent sysctl files: what a text assigns, and the text with other values. Pure: bytes
//! in, value out; nothing here opens or writes a file.
//!
//! The syntax is that of sysctl.conf(5) and sysctl.d(5), as procps' `sysctl` and
//! `systemd-sysctl` read it: `key = value`, `-key = value` (a failure is ignored), `-key` (keeps
//! the key out of globs), comments that start with `#` or `;`. Files may hold any bytes.

pub mod boot;
mod dialect;
pub mod edit;
mod key;
mod line;

pub use key::{is_glob, normalise_key};
pub use line::FaultKind;

use line::Line;

/// A line `key = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment<'a> {
    /// Line number, from 1; lines end at `\n`.
    pub line: usize,
    /// The key as [`normalise_key`] spells it; may be a glob, see [`is_glob`].
    pub key: String,
    /// The value as the loaders write it to the kernel, without blanks at its ends.
    pub value: &'a [u8],
    /// The value without a trailing comment. The loaders know no comment there: the kernel
    /// ignores what follows a number, and takes it for a part of a text.
    pub setting: &'a [u8],
    /// The trailing comment, from its `#` or `;`.
    pub comment: Option<&'a [u8]>,
    /// `-key = value`: the loader goes on quietly when the kernel refuses.
    pub ignore_errors: bool,
}

/// A line `-key`: the key is kept out of globs. For systemd-sysctl it also undoes an earlier
/// assignment of that key; for procps it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Line number, from 1.
    pub line: usize,
    /// The key as [`normalise_key`] spells it; may be a glob.
    pub key: String,
}

/// A line that is no comment and sets nothing that can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault<'a> {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// The line without its terminator; untrusted.
    pub text: &'a [u8],
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<'a> {
    /// `key = value`
    Assignment(Assignment<'a>),
    /// `-key`
    Exclusion(Exclusion),
    /// Anything else.
    Fault(Fault<'a>),
}

/// Everything that a text says, in its order.
pub fn entries(text: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    line::lines(text)
        .enumerate()
        .filter_map(|(index, bytes)| entry(index + 1, bytes))
}

/// The assignments of a text, in its order: of one key, the last wins.
pub fn assignments(text: &[u8]) -> Vec<Assignment<'_>> {
    entries(text)
        .filter_map(|entry| match entry {
            Entry::Assignment(assignment) => Some(assignment),
            Entry::Exclusion(_) | Entry::Fault(_) => None,
        })
        .collect()
}

/// The lines of a text that set nothing and are no comments.
pub fn faults(text: &[u8]) -> Vec<Fault<'_>> {
    entries(text)
        .filter_map(|entry| match entry {
            Entry::Fault(fault) => Some(fault),
            Entry::Assignment(_) | Entry::Exclusion(_) => None,
        })
        .collect()
}

fn entry(number: usize, bytes: &[u8]) -> Option<Entry<'_>> {
    match line::parse(bytes) {
        Line::Blank | Line::Comment(_) => None,
        Line::Assignment(parts) => Some(Entry::Assignment(Assignment {
            line: number,
            key: parts.key,
            value: &bytes[parts.value],
            setting: &bytes[parts.setting],
            comment: Some(&bytes[parts.comment]).filter(|comment| !comment.is_empty()),
            ignore_errors: parts.ignore_errors,
        })),
        Line::Exclusion(key) => Some(Entry::Exclusion(Exclusion { line: number, key })),
        Line::Fault(kind) => Some(Entry::Fault(Fault {
            line: number,
            kind,
            text: &bytes[..bytes.len() - line::terminator(bytes).len()],
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"# comment = no\n\
        ; another = no\n\
        \n\
        net.core.somaxconn = 128 # web\r\n\
        \t-net/ipv4/ip_forward=1\n\
        -net.ipv4.conf.lo.rp_filter\n\
        net.ipv4.conf.*.rp_filter=2\n\
        what is this\n\
        kernel.domainname = a=b \n\
        kernel.modprobe =\n\
        net.ipv4.conf.eth0/1.forwarding = \xff\xfe";

    #[test]
    fn a_file_is_read_line_by_line() {
        let seen: Vec<_> = assignments(TEXT)
            .into_iter()
            .map(|a| (a.line, a.key, a.value, a.ignore_errors))
            .collect();
        let expected: [(usize, &str, &[u8], bool); 6] = [
            (4, "net.core.somaxconn", b"128 # web", false),
            (5, "net.ipv4.ip_forward", b"1", true),
            (7, "net.ipv4.conf.*.rp_filter", b"2", false),
            (9, "kernel.domainname", b"a=b", false),
            (10, "kernel.modprobe", b"", false),
            (11, "net.ipv4.conf.eth0/1.forwarding", b"\xff\xfe", false),
        ];
        assert_eq!(
            seen,
            expected.map(|(line, key, value, ignore)| (line, key.to_owned(), value, ignore))
        );
    }

    #[test]
    fn the_comment_is_kept_apart_from_the_setting() {
        let first = &assignments(TEXT)[0];
        assert_eq!(first.setting, b"128");
        assert_eq!(first.comment, Some(&b"# web"[..]));
        assert!(!is_glob(&first.key));
    }

    #[test]
    fn nothing_is_lost() {
        let fault = Fault {
            line: 8,
            kind: FaultKind::NotAnAssignment,
            text: b"what is this",
        };
        assert_eq!(faults(TEXT), [fault]);
        assert!(entries(TEXT).any(|entry| entry
            == Entry::Exclusion(Exclusion {
                line: 6,
                key: "net.ipv4.conf.lo.rp_filter".to_owned()
            })));
    }
}
