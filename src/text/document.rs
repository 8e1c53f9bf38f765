//! A file that the user wrote, in YAML or JSON: read whole or refused with one diagnostic, and every
//! node of it can be pointed at. The one door to the YAML crate.

use std::ops::Range;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed as _};

use super::diagnostic::{Diagnostic, bounded_nesting};
use super::locate::{Locate, Step};

/// Bytes within which a file says what it is.
const BEGINNING: usize = 4096;

/// Name and text of a file.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    name: &'a str,
    text: &'a str,
    syntax: Syntax,
}

#[derive(Debug, Clone, Copy)]
enum Syntax {
    Yaml,
    Json,
}

impl<'a> Document<'a> {
    /// A file in YAML or JSON: JSON when the text begins as a JSON object does, `{` and then a quoted key
    /// or `}`. YAML's flow style begins with `{` too, but its keys are seldom quoted, and quoted it is
    /// JSON.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let inside = text.trim_start().strip_prefix('{').map(str::trim_start);
        let syntax = match inside {
            Some(rest) if rest.starts_with(['"', '}']) => Syntax::Json,
            _ => Syntax::Yaml,
        };
        Self { name, text, syntax }
    }

    /// A file that is read by the rules of YAML, whatever it begins with.
    pub fn yaml(name: &'a str, text: &'a str) -> Self {
        Self {
            name,
            text,
            syntax: Syntax::Yaml,
        }
    }

    /// Whether some words stand near the beginning of the text, where files say what they are.
    pub fn begins_with(&self, words: &str) -> bool {
        let bytes = self.text.as_bytes();
        let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
        String::from_utf8_lossy(beginning).contains(words)
    }

    /// The whole content.
    ///
    /// # Errors
    /// One diagnostic, with line and column wherever the fault has a place: broken syntax, an unknown
    /// field, a wrong type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        bounded_nesting(self.name, self.text)?;
        match self.syntax {
            Syntax::Yaml => serde_yaml::from_str(self.text).map_err(|error| {
                let at = error.location().map(|place| (place.line(), place.column()));
                Diagnostic::from_parser(self.name, self.text, &error.to_string(), at)
            }),
            Syntax::Json => serde_json::from_str(self.text).map_err(|error| {
                let at = in_characters(self.text, error.line(), error.column());
                let at = at.or_else(|| end(self.text));
                Diagnostic::from_parser(self.name, self.text, &error.to_string(), at)
            }),
        }
    }

    /// A fault of the node that a path leads to. A key that is missing has no place: then it is that of
    /// what it is missing in.
    pub fn at(&self, path: &[Step], message: impl Into<String>) -> Diagnostic {
        let place = (0..=path.len())
            .rev()
            .find_map(|end| self.place(&path[..end]));
        Diagnostic::at(self.name, self.text, place, message)
    }

    /// A fault of the characters `range` of a scalar that a path leads to: the place in the scalar
    /// becomes a place in the file.
    pub fn inside(
        &self,
        path: &[Step],
        scalar: &str,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        let mut diagnostic = self.at(path, message);
        if let Some(span) = &diagnostic.span {
            diagnostic.span = Some(align(self.text, span.start, scalar, range));
        }
        diagnostic
    }

    /// Line and column of the node that a path leads to, both from 1, columns in characters.
    pub fn place(&self, path: &[Step]) -> Option<(usize, usize)> {
        match self.syntax {
            Syntax::Yaml => {
                let yaml = serde_yaml::Deserializer::from_str(self.text);
                let place = Locate(path).deserialize(yaml).err()?.location()?;
                Some((place.line(), place.column()))
            }
            Syntax::Json => {
                let mut json = serde_json::Deserializer::from_str(self.text);
                let error = Locate(path).deserialize(&mut json).err()?;
                in_characters(self.text, error.line(), error.column())
            }
        }
    }
}

/// What the serializer of YAML reports.
pub type Unwritable = serde_yaml::Error;

/// A value as YAML, for people.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn to_yaml(value: &impl Serialize) -> Result<String, Unwritable> {
    serde_yaml::to_string(value)
}

/// `serde_json` counts columns in bytes, and points at the last byte that it read.
fn in_characters(text: &str, line: usize, column: usize) -> Option<(usize, usize)> {
    let bytes = text.lines().nth(line.checked_sub(1)?)?.as_bytes();
    let before = bytes.get(..column.min(bytes.len()))?;
    Some((line, String::from_utf8_lossy(before).chars().count()))
}

/// Line and column of the last character. `None`: there is none.
fn end(text: &str) -> Option<(usize, usize)> {
    let last = text.trim_end().lines().enumerate().last();
    last.map(|(n, line)| (n + 1, line.chars().count().max(1)))
}

/// Finds the text of a scalar's characters `range` in the file, where the scalar begins at byte
/// `start`. Quotes, escapes, indentation and folded lines stand between the characters, so the
/// scalar's characters are matched to the file's in order, white space aside.
fn align(text: &str, start: usize, scalar: &str, range: Range<usize>) -> Range<usize> {
    let mut file = text[start..].char_indices().map(|(at, c)| (start + at, c));
    let mut span: Option<Range<usize>> = None;
    let mut end = start;
    for (n, wanted) in scalar.chars().enumerate() {
        if wanted.is_whitespace() {
            continue;
        }
        let Some((at, c)) = file.find(|(_, c)| *c == wanted) else {
            break;
        };
        end = at + c.len_utf8();
        if range.contains(&n) {
            span = Some(span.map_or(at, |span| span.start)..end);
        }
    }
    span.unwrap_or(end..end)
}
