//! One line of a sysctl file, taken apart. Follows `parse_setting_line` of procps 4 (`sysctl.c`)
//! and `parse_line` of systemd (`sysctl/sysctl.c`); a line that the two read differently is a
//! fault, so that nobody relies on it. Positions are byte offsets in the line, for `edit`.

use std::ops::Range;

use super::key::normalise_key;

/// Why a line sets nothing that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Neither `key = value` nor `-key`. Both loaders skip the line.
    #[error("not an assignment: there is no `=`")]
    NotAnAssignment,
    /// Nothing before the `=`, or a lone `-`.
    #[error("there is no key before the `=`")]
    EmptyKey,
    /// The key's bytes are not UTF-8.
    #[error("the key is not UTF-8")]
    KeyNotUtf8,
    /// A carriage return or a NUL inside the line: it ends the line for systemd-sysctl (which
    /// then reads the rest as another line), but not for procps.
    #[error("a carriage return or NUL inside the line: the loaders disagree where the line ends")]
    BreakInside,
    /// `- key`, `--key`, or a vertical tab or form feed in front: one loader sets the key, the
    /// other looks for a key of another name.
    #[error("blanks or a second `-` in front of the key: the loaders disagree which key it is")]
    OddKeyStart,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Blank,
    Comment(&'a [u8]),
    Assignment(Parts),
    Exclusion(String),
    Fault(FaultKind),
}

/// The parts of an assignment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Normalised.
    pub(super) key: String,
    pub(super) ignore_errors: bool,
    /// Where the `=` ends.
    pub(super) after_equals: usize,
    /// The value as the loaders take it, a trailing comment included.
    pub(super) value: Range<usize>,
    /// The value without the trailing comment.
    pub(super) setting: Range<usize>,
    /// The trailing comment; empty when there is none.
    pub(super) comment: Range<usize>,
}

/// White space to either loader; the kernel skips the same (isspace, lib/ctype.c).
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// The lines of a text, each with its terminator.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// The terminator of a line: `\n`, `\r\n`, or nothing.
pub(super) fn terminator(line: &[u8]) -> &[u8] {
    let len = if line.ends_with(b"\r\n") {
        2
    } else {
        usize::from(line.ends_with(b"\n"))
    };
    &line[line.len() - len..]
}

/// Reads one line, with or without its terminator.
pub(super) fn parse(line: &[u8]) -> Line<'_> {
    let content = &line[..line.len() - terminator(line).len()];
    let body = trimmed(content, 0..content.len());
    let Some(first) = content[body.clone()].first() else {
        return Line::Blank;
    };
    if content[body.clone()].iter().any(|b| matches!(b, b'\r' | 0)) {
        return Line::Fault(FaultKind::BreakInside);
    }
    if matches!(first, b'#' | b';') {
        return Line::Comment(&content[body]);
    }
    let dash = *first == b'-';
    let equals = content[body.clone()].iter().position(|b| *b == b'=');
    let key_start = body.start + usize::from(dash);
    let key_end = equals.map_or(body.end, |at| body.start + at);
    let key_at = trimmed(content, key_start..key_end);
    let odd = content[..body.start]
        .iter()
        .any(|b| matches!(b, 0x0b | 0x0c))
        || dash && (key_at.start != key_start || content[key_at.clone()].first() == Some(&b'-'));
    let key = match std::str::from_utf8(&content[key_at]).map(normalise_key) {
        _ if equals.is_none() && !dash => return Line::Fault(FaultKind::NotAnAssignment),
        Err(_) => return Line::Fault(FaultKind::KeyNotUtf8),
        Ok(key) if key.is_empty() => return Line::Fault(FaultKind::EmptyKey),
        Ok(_) if odd => return Line::Fault(FaultKind::OddKeyStart),
        Ok(key) => key,
    };
    match equals {
        None => Line::Exclusion(key),
        Some(_) => Line::Assignment(parts(content, key, dash, key_end + 1)),
    }
}

fn parts(content: &[u8], key: String, ignore_errors: bool, after_equals: usize) -> Parts {
    let value = trimmed(content, after_equals..content.len());
    let comment = comment_start(&content[value.clone()])
        .map_or(value.end..value.end, |at| value.start + at..value.end);
    let setting = trimmed(content, value.start..comment.start);
    Parts {
        key,
        ignore_errors,
        after_equals,
        value,
        setting,
        comment,
    }
}

/// Where people mean a comment to start in a value. The loaders know none there; the kernel reads
/// as many whole numbers as it wants and ignores the rest, so numbers may have one, of either
/// leader. A text may hold these bytes itself: there only a `#` after a blank counts.
fn comment_start(value: &[u8]) -> Option<usize> {
    let leader = value.iter().position(|b| matches!(b, b'#' | b';'))?;
    if is_numbers(&value[..leader]) {
        return Some(leader);
    }
    let blank_before = value
        .windows(2)
        .position(|pair| is_blank(pair[0]) && pair[1] == b'#')?;
    Some(blank_before + 1)
}

/// Whether a value is a list of whole numbers, as `proc_dointvec` and its kin read them. So is an
/// empty one.
pub(super) fn is_numbers(value: &[u8]) -> bool {
    words(value).all(|word| {
        let digits = word.strip_prefix(b"-").unwrap_or(word);
        let hex = digits
            .strip_prefix(b"0x")
            .or_else(|| digits.strip_prefix(b"0X"));
        match hex {
            Some(hex) => !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit),
            None => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        }
    })
}

/// The words of a value: what is left of it when white space does not matter.
pub(super) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| is_blank(*byte))
        .filter(|word| !word.is_empty())
}

/// The range without blanks at its ends; an empty one stands at the end.
fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let part = &bytes[range.clone()];
    let Some(first) = part.iter().position(|b| !is_blank(*b)) else {
        return range.end..range.end;
    };
    let blanks_behind = part.iter().rev().take_while(|b| is_blank(**b)).count();
    range.start + first..range.end - blanks_behind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(value: &str) -> (&str, &str) {
        match comment_start(value.as_bytes()) {
            Some(at) => value.split_at(at),
            None => (value, ""),
        }
    }

    #[test]
    fn numbers_may_have_a_comment_behind_them() {
        assert_eq!(split("128 # web"), ("128 ", "# web"));
        assert_eq!(split("128#web"), ("128", "#web"));
        assert_eq!(
            split("4096 16384 -1 ; three"),
            ("4096 16384 -1 ", "; three")
        );
        assert_eq!(split("# nothing"), ("", "# nothing"));
    }

    #[test]
    fn a_text_has_a_comment_only_after_a_blank() {
        assert_eq!(split("bbr # fast"), ("bbr ", "# fast"));
        assert_eq!(split("core.%p#1"), ("core.%p#1", ""));
        assert_eq!(split("|/bin/sh -c a;b ; c"), ("|/bin/sh -c a;b ; c", ""));
    }

    #[test]
    fn an_empty_value_stands_before_the_terminator() {
        let Line::Assignment(parts) = parse(b"kernel.x =  \r\n") else {
            panic!("an assignment");
        };
        assert_eq!((parts.after_equals, parts.value), (10, 12..12));
    }

    #[test]
    fn lines_that_the_loaders_read_differently_are_faults() {
        for (line, kind) in [
            (&b"net.a = 1\rnet.b = 2\n"[..], FaultKind::BreakInside),
            (b"# note\rnet.b = 2\n", FaultKind::BreakInside),
            (b"net.a = 1\0net.b = 2\n", FaultKind::BreakInside),
            (b"- net.a = 1\n", FaultKind::OddKeyStart),
            (b"--net.a = 1\n", FaultKind::OddKeyStart),
            (b"\x0cnet.a = 1\n", FaultKind::OddKeyStart),
            (b" = 1\n", FaultKind::EmptyKey),
            (b"-=1\n", FaultKind::EmptyKey),
            (b"-\n", FaultKind::EmptyKey),
            (b"/ = 1\n", FaultKind::EmptyKey),
            (b"net.a 1", FaultKind::NotAnAssignment),
            (b"\xff.a = 1", FaultKind::KeyNotUtf8),
        ] {
            assert_eq!(parse(line), Line::Fault(kind), "{}", line.escape_ascii());
        }
    }
}
