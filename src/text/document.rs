//! A file that the user wrote, in YAML, JSON or TOML: read whole or refused with one diagnostic, and every
//! node of it can be pointed at. The one door to the YAML crate.

use std::ops::Range;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed as _};

use super::diagnostic::{Diagnostic, bounded_nesting};
use super::locate::{Locate, ReadAt, Step};

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
    Toml,
}

impl<'a> Document<'a> {
    /// A file in YAML or JSON: JSON when the text begins as a JSON object does, `{` and then a quoted key
    /// or `}`. YAML's flow style begins with `{` too, but its keys are seldom quoted, and quoted it is
    /// JSON.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let syntax = match is_json(text) {
            true => Syntax::Json,
            false => Syntax::Yaml,
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

    /// A file in TOML.
    pub fn toml(name: &'a str, text: &'a str) -> Self {
        Self {
            name,
            text,
            syntax: Syntax::Toml,
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
            Syntax::Yaml => serde_yaml::from_str(self.text).map_err(|error| self.of_yaml(&error)),
            Syntax::Json => serde_json::from_str(self.text).map_err(|error| self.of_json(&error)),
            Syntax::Toml => {
                toml_edit::de::from_str(self.text).map_err(|error| self.of_toml(&error))
            }
        }
    }

    /// The content below a path alone.
    ///
    /// # Errors
    /// As of [`Document::read`], with places in the whole file, and where the path leads nowhere.
    pub fn read_at<T: DeserializeOwned>(&self, path: &[Step]) -> Result<T, Diagnostic> {
        bounded_nesting(self.name, self.text)?;
        let seed = ReadAt::<T>::new(path);
        let read = match self.syntax {
            Syntax::Yaml => seed
                .deserialize(serde_yaml::Deserializer::from_str(self.text))
                .map_err(|error| self.of_yaml(&error)),
            Syntax::Json => seed
                .deserialize(&mut serde_json::Deserializer::from_str(self.text))
                .map_err(|error| self.of_json(&error)),
            Syntax::Toml => toml_edit::de::Deserializer::parse(self.text)
                .and_then(|toml| seed.deserialize(toml))
                .map_err(|error| self.of_toml(&error)),
        };
        read?.ok_or_else(|| self.at(path, "there is nothing here"))
    }

    fn of_yaml(&self, error: &serde_yaml::Error) -> Diagnostic {
        let at = error.location().map(|place| (place.line(), place.column()));
        Diagnostic::from_parser(self.name, self.text, &error.to_string(), at)
    }

    fn of_json(&self, error: &serde_json::Error) -> Diagnostic {
        let at = in_characters(self.text, error.line(), error.column());
        let at = at.or_else(|| end(self.text));
        Diagnostic::from_parser(self.name, self.text, &error.to_string(), at)
    }

    fn of_toml(&self, error: &toml_edit::de::Error) -> Diagnostic {
        let at = error.span().and_then(|span| of_byte(self.text, span.start));
        let message = error.message().replace('\n', ", ");
        Diagnostic::from_parser(self.name, self.text, &message, at)
    }

    /// A fault of the node that a path leads to. A key that is missing has no place: then it is that of
    /// what it is missing in.
    pub fn at(&self, path: &[Step], message: impl Into<String>) -> Diagnostic {
        let place = (0..=path.len())
            .rev()
            .find_map(|end| self.place(&path[..end]));
        self.at_place(place, message)
    }

    /// A fault at a line and a column. [`Document::at`] reads the whole file for each: of many, the places are
    /// better found by [`Positions`].
    ///
    /// [`Positions`]: super::positions::Positions
    pub fn at_place(
        &self,
        place: Option<(usize, usize)>,
        message: impl Into<String>,
    ) -> Diagnostic {
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
            Syntax::Toml => {
                let toml = toml_edit::de::Deserializer::parse(self.text).ok()?;
                let error = Locate(path).deserialize(toml).err()?;
                of_byte(self.text, error.span()?.start)
            }
        }
    }
}

/// Line and column of the character at a byte, both from 1.
fn of_byte(text: &str, byte: usize) -> Option<(usize, usize)> {
    let before = text.get(..byte)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    Some((before.matches('\n').count() + 1, column))
}

/// Whether a text begins as a JSON object does.
pub(super) fn is_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|rest| rest.starts_with(['"', '}']))
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

/// `serde_json` counts columns in bytes, and points at the last byte that it read: of a string, that is the
/// quote which ends it.
fn in_characters(text: &str, line: usize, column: usize) -> Option<(usize, usize)> {
    let bytes = text.lines().nth(line.checked_sub(1)?)?.as_bytes();
    let last = column.min(bytes.len()).saturating_sub(1);
    let before = bytes.get(..start_of_token(bytes, last))?;
    Some((line, String::from_utf8_lossy(before).chars().count() + 1))
}

/// Where the string or the number begins that ends at byte `last` of a line of JSON; else `last`.
fn start_of_token(line: &[u8], last: usize) -> usize {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    match line.get(last) {
        Some(b'"') => {
            let mut begin = None;
            let mut escaped = false;
            for (at, byte) in line.iter().enumerate().take(last) {
                match (byte, begin) {
                    (b'"', Some(_)) if !escaped => begin = None,
                    (b'"', None) => begin = Some(at),
                    _ => {}
                }
                escaped = !escaped && *byte == b'\\';
            }
            begin.unwrap_or(last)
        }
        Some(byte) if of_word(byte) => {
            let word = line[..last].iter().rev().take_while(|byte| of_word(byte));
            last - word.count()
        }
        _ => last,
    }
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

#[cfg(test)]
mod tests {
    use super::super::positions::Positions;
    use super::*;

    #[track_caller]
    fn lines(text: &str, expected: &[usize]) {
        let document = Document::new("f", text);
        let positions = Positions::of(text);
        let quick: Vec<usize> = (0..expected.len())
            .map(|n| positions.place(&["a".into(), n.into()]).unwrap().0)
            .collect();
        assert_eq!(quick, expected, "{text}");
        let slow: Vec<usize> = (0..expected.len())
            .map(|n| document.place(&["a".into(), n.into()]).unwrap().0)
            .collect();
        assert_eq!(slow, expected, "{text}");
    }

    #[test]
    fn nodes_of_json_begin_where_they_begin() {
        let text = "{\"é\": 1,\n \"a\": [\"x\\\"y\", 12.5, null, true]}";
        let document = Document::new("f", text);
        let places = (0..4).map(|n| document.place(&["a".into(), n.into()]));
        let places: Vec<_> = places.map(Option::unwrap).collect();
        assert_eq!(places, [(2, 8), (2, 16), (2, 22), (2, 28)]);
    }

    #[test]
    fn nodes_of_toml_have_places() {
        let text = "# é\nonly = [\"é\",\n  \"b\"]\nstrict = true\n";
        let document = Document::toml("f", text);
        assert_eq!(document.place(&["only".into(), 1.into()]), Some((3, 3)));
        assert_eq!(document.place(&["strict".into()]), Some((4, 10)));
        assert_eq!(document.place(&["none".into()]), None);
    }

    #[test]
    fn elements_are_found_in_every_style() {
        lines("a:\n- x: 1\n# -\n- x: |\n    - 2\n- x: 3\n", &[2, 4, 6]);
        lines(
            "b:\n  - y\na:\n  - x: [\n      1]\n  - x:\n    - 2\n",
            &[4, 6],
        );
        lines("a: [{x: 1},\n  {x: 2}]\n", &[1, 2]);
        lines("a:\n  - x: 1\n  - x: 2\nb:\n  - y\n", &[2, 3]);
        lines("{\"a\": [\n {},\n {}\n]}\n", &[2, 3]);
        lines("a:\n  - x: 1\n", &[2]);
    }
}
