//! What the model knows of a line, written apart from backlint's own code. Only what a line says
//! is read by backlint: whether that is right is `sysctl_parse`'s question.

use backlint::sysctl_conf::{Assignment, Entry, entries};

const MARK: &[u8] = b"# backlint:";

/// One line, taken apart once.
pub(crate) struct Line<'a> {
    /// With its terminator.
    pub(crate) bytes: &'a [u8],
    pub(crate) entry: Option<Entry<'a>>,
    /// Whether it is a comment of backlint's.
    pub(crate) is_mark: bool,
}

impl<'a> Line<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let entry = entries(bytes).next();
        Self {
            bytes,
            is_mark: entry.is_none() && trimmed(bytes).starts_with(MARK),
            entry,
        }
    }

    pub(crate) fn assignment(&self, key: &str) -> Option<&Assignment<'a>> {
        match &self.entry {
            Some(Entry::Assignment(assignment)) if assignment.key == key => Some(assignment),
            _ => None,
        }
    }
}

pub(crate) fn lines(text: &[u8]) -> Vec<Line<'_>> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.map(Line::new).collect()
}

pub(crate) fn trimmed(line: &[u8]) -> &[u8] {
    let first = line.iter().position(|byte| !is_blank(*byte));
    let last = line.iter().rposition(|byte| !is_blank(*byte));
    match (first, last) {
        (Some(first), Some(last)) => &line[first..=last],
        _ => &[],
    }
}

/// Whether the kernel gets this value from the assignment: what stands behind a number does not
/// matter if a blank parts the two.
pub(crate) fn gives(assignment: &Assignment, value: &str) -> bool {
    let comment = assignment.comment.unwrap_or_default();
    let gap = assignment.value.len() - assignment.setting.len() - comment.len();
    let wanted = words(value.as_bytes());
    if is_numbers(value) {
        words(assignment.setting) == wanted && (comment.is_empty() || gap > 0)
    } else {
        words(assignment.value) == wanted
    }
}

/// Whether the value is one or more whole numbers.
pub(crate) fn is_numbers(value: &str) -> bool {
    let number = |word: &[u8]| {
        let word = String::from_utf8_lossy(word).to_ascii_lowercase();
        let digits = word.strip_prefix('-').unwrap_or(&word);
        let (digits, radix) = match digits.strip_prefix("0x") {
            Some(hex) => (hex, 16),
            None => (digits, 10),
        };
        !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
    };
    let words = words(value.as_bytes());
    !words.is_empty() && words.into_iter().all(number)
}

pub(crate) fn words(value: &[u8]) -> Vec<&[u8]> {
    let words = value.split(|byte| is_blank(*byte));
    words.filter(|word| !word.is_empty()).collect()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
