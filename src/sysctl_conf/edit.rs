//! The text of a sysctl file with other values in it. A key's last assignment is edited where it
//! stands, and of that line only the value; a key that has none is appended in a block of
//! backlint's own. Every other byte of the file stays as it is.
//!
//! What backlint adds are comment lines that start with `# backlint:`, so that it finds them again:
//! editing twice gives what editing once gives. Nothing is written to disk here.

use crate::snapshot::Loader;
use crate::text::untrusted::clean;

use super::key::{climbs, normalise_key};
use super::line::{Line, Parts, is_numbers, lines, parse, terminator, words};

/// The first line of backlint's own block.
pub const HEADER: &str = "# backlint: changes that it proposed, each with its reason";

/// What every comment line of backlint's starts with.
const MARK: &str = "# backlint:";

/// A value that a key shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The sysctl, in either spelling.
    pub key: String,
    /// The value, one line. White space around it does not count.
    pub value: String,
    /// Why, a comment line each. May quote the host: control characters become visible escapes.
    pub reasons: Vec<String>,
}

/// A change that no line of a sysctl file can express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The key is empty, leaves /proc/sys, or would be read as something else.
    #[error("{0:?} cannot be the key of a line in a sysctl file")]
    Key(String),
    /// The value has a line break, a NUL or another control character.
    #[error("the value {value:?} of {key} cannot be written on one line of a sysctl file")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Two changes want the same key to differ.
    #[error("{key} cannot be both {first:?} and {second:?}")]
    Conflict {
        /// The key.
        key: String,
        /// The value that the first change wants.
        first: String,
        /// The value that the other change wants.
        second: String,
    },
}

/// The text after the changes. `None` is a file that does not exist. A text in which every key
/// already has its value comes back unchanged.
///
/// # Errors
///
/// When a change cannot be written, or two changes contradict each other; see [`EditError`].
pub fn edit(text: Option<&[u8]>, changes: &[Change]) -> Result<Vec<u8>, EditError> {
    edit_for(None, text, changes)
}

/// As [`edit`], for the loader that reads the file. To BusyBox the dash of `-key = value` belongs to
/// the key, so that such a line sets nothing: it stays, and another one sets the key.
///
/// # Errors
///
/// [`EditError`], as [`edit`].
pub fn edit_for(
    loader: Option<Loader>,
    text: Option<&[u8]>,
    changes: &[Change],
) -> Result<Vec<u8>, EditError> {
    let mut file = File::new(text.unwrap_or_default());
    file.dashes = loader != Some(Loader::Busybox);
    for change in &merged(changes)? {
        file.apply(change);
    }
    Ok(file.lines.concat())
}

/// The changes with normalised keys, one a key, in the order of their first mention.
fn merged(changes: &[Change]) -> Result<Vec<Change>, EditError> {
    let mut merged: Vec<Change> = Vec::new();
    for change in changes {
        let change = checked(change)?;
        match merged.iter_mut().find(|known| known.key == change.key) {
            None => merged.push(change),
            Some(known) if same(known.value.as_bytes(), change.value.as_bytes()) => {
                for reason in change.reasons {
                    if !known.reasons.contains(&reason) {
                        known.reasons.push(reason);
                    }
                }
            }
            Some(known) => {
                return Err(EditError::Conflict {
                    key: change.key,
                    first: known.value.clone(),
                    second: change.value,
                });
            }
        }
    }
    Ok(merged)
}

/// The change as it will be written; refused when the line would not read back as this change.
fn checked(change: &Change) -> Result<Change, EditError> {
    let key = normalise_key(change.key.trim());
    let value = change.value.trim();
    let reads_back = match parse(format!("{key} = 1").as_bytes()) {
        Line::Assignment(parts) => parts.key == key && !parts.ignore_errors,
        _ => false,
    };
    if key.contains(|c: char| c.is_control() || c.is_whitespace() || c == '=')
        || climbs(&key)
        || !reads_back
    {
        return Err(EditError::Key(change.key.clone()));
    }
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Err(EditError::Value {
            key,
            value: change.value.clone(),
        });
    }
    Ok(Change {
        key,
        value: value.to_owned(),
        reasons: change
            .reasons
            .iter()
            .map(|reason| clean(reason.trim()).into_owned())
            .filter(|reason| !reason.is_empty())
            .collect(),
    })
}

/// Whether two values are the same words.
fn same(a: &[u8], b: &[u8]) -> bool {
    words(a).eq(words(b))
}

/// A file as its lines, each with its terminator, and the terminator of new lines.
struct File {
    lines: Vec<Vec<u8>>,
    eol: &'static [u8],
    /// Whether `-key = value` sets the key.
    dashes: bool,
}

/// The last word of a file on a key.
enum Last {
    Assigned(usize, Parts),
    Excluded(usize),
    Nothing,
}

impl File {
    fn new(text: &[u8]) -> Self {
        let lines: Vec<_> = lines(text).map(<[u8]>::to_vec).collect();
        let last = lines.iter().rev().map(|line| terminator(line));
        let eol = match last.into_iter().find(|end| !end.is_empty()) {
            Some(b"\r\n") => b"\r\n".as_slice(),
            _ => b"\n",
        };
        Self {
            lines,
            eol,
            dashes: true,
        }
    }

    fn apply(&mut self, change: &Change) {
        match self.last(&change.key) {
            Last::Assigned(at, parts) => self.replace(at, &parts, change),
            // systemd-sysctl would let the exclusion undo an assignment above it.
            Last::Excluded(at) => {
                let indent = self.indent(at);
                self.insert(at + 1, change.written(&indent));
            }
            Last::Nothing => self.append(change),
        }
    }

    fn last(&self, key: &str) -> Last {
        for (at, line) in self.lines.iter().enumerate().rev() {
            match parse(line) {
                Line::Assignment(parts)
                    if parts.key == key && (self.dashes || !parts.ignore_errors) =>
                {
                    return Last::Assigned(at, parts);
                }
                Line::Exclusion(excluded) if excluded == key => return Last::Excluded(at),
                _ => {}
            }
        }
        Last::Nothing
    }

    /// Puts the value into an assignment, and the reasons above it in place of earlier ones.
    fn replace(&mut self, at: usize, parts: &Parts, change: &Change) {
        let Some((line, moved)) = with_value(&self.lines[at], parts, &change.value) else {
            return;
        };
        let indent = self.indent(at);
        let mut above: Vec<Vec<u8>> = moved
            .into_iter()
            .map(|comment| [indent.as_slice(), comment].concat())
            .collect();
        above.extend(change.comments(&indent));
        let old_reasons = self.lines[..at]
            .iter()
            .rev()
            .take_while(|line| is_reason(line))
            .count();
        let eol = match terminator(&self.lines[at]) {
            b"" => self.eol.to_vec(),
            own => own.to_vec(),
        };
        for comment in &mut above {
            comment.extend_from_slice(&eol);
        }
        above.push(line);
        self.lines.splice(at - old_reasons..=at, above);
    }

    /// Adds the change to backlint's block; starts that block when there is none.
    fn append(&mut self, change: &Change) {
        let mut new = Vec::new();
        let header = self.lines.iter().rposition(|line| is_header(line));
        let at = match header {
            Some(header) => {
                let inside = self.lines[header + 1..]
                    .iter()
                    .take_while(|line| is_mark(line) || matches!(parse(line), Line::Assignment(_)));
                header + 1 + inside.count()
            }
            None => {
                let last = self.lines.last();
                if last.is_some_and(|line| !matches!(parse(line), Line::Blank)) {
                    new.push(Vec::new());
                }
                new.push(HEADER.as_bytes().to_vec());
                self.lines.len()
            }
        };
        new.extend(change.written(b""));
        self.insert(at, new);
    }

    /// Inserts lines, given without terminators.
    fn insert(&mut self, at: usize, mut new: Vec<Vec<u8>>) {
        for line in &mut new {
            line.extend_from_slice(self.eol);
        }
        if let Some(above) = self.lines[..at].last_mut()
            && terminator(above).is_empty()
        {
            above.extend_from_slice(self.eol);
        }
        self.lines.splice(at..at, new);
    }

    /// The blanks in front of a line.
    fn indent(&self, at: usize) -> Vec<u8> {
        let blanks = self.lines[at].iter();
        blanks
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .copied()
            .collect()
    }
}

impl Change {
    fn comments(&self, indent: &[u8]) -> Vec<Vec<u8>> {
        let reasons = self.reasons.iter();
        reasons
            .map(|reason| [indent, format!("{MARK} {reason}").as_bytes()].concat())
            .collect()
    }

    fn written(&self, indent: &[u8]) -> Vec<Vec<u8>> {
        let line = format!("{} = {}", self.key, self.value);
        let mut written = self.comments(indent);
        written.push([indent, line.trim_end().as_bytes()].concat());
        written
    }
}

/// The line with another value, and the comment that had to leave it. `None`: the loaders already
/// give the kernel this value.
///
/// The kernel ignores what follows a number, so a comment there stays; a blank must part the two.
/// What follows a text is a part of it: that comment gets a line of its own.
fn with_value<'a>(
    line: &'a [u8],
    parts: &Parts,
    value: &str,
) -> Option<(Vec<u8>, Option<&'a [u8]>)> {
    let number = is_numbers(value.as_bytes()) && !value.is_empty();
    let comment = &line[parts.comment.clone()];
    let touching = number && !comment.is_empty() && parts.setting.end == parts.comment.start;
    let (range, moved) = if number {
        (parts.setting.clone(), None)
    } else {
        (parts.value.clone(), Some(comment).filter(|c| !c.is_empty()))
    };
    if same(&line[range.clone()], value.as_bytes()) && !touching {
        return None;
    }
    let gap = if touching { " " } else { "" };
    let after_equals = parts.after_equals;
    let mut lead = "";
    let mut start = range.start;
    if range.is_empty() && start > after_equals && gap.is_empty() {
        // Nothing but blanks up to the end: the first of them parts the value from the `=`. Not a
        // carriage return, which in front of a value would end the line.
        start = after_equals + usize::from(matches!(line[after_equals], b' ' | b'\t'));
    }
    if range.is_empty() && start == after_equals && line[..after_equals - 1].ends_with(b" ") {
        lead = " ";
    }
    let end = if range.is_empty() { start } else { range.end };
    let new = [
        &line[..start],
        lead.as_bytes(),
        value.as_bytes(),
        gap.as_bytes(),
        &line[end..],
    ];
    Some((new.concat(), moved))
}

/// Whether the line is a comment of backlint's.
fn is_mark(line: &[u8]) -> bool {
    matches!(parse(line), Line::Comment(text) if text.starts_with(MARK.as_bytes()))
}

fn is_header(line: &[u8]) -> bool {
    matches!(parse(line), Line::Comment(text) if text == HEADER.as_bytes())
}

fn is_reason(line: &[u8]) -> bool {
    is_mark(line) && !is_header(line)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
