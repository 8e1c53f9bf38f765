//! A fault in a file that the user wrote (rule, fixture): where, what, and the remedy. Never a
//! finding about a host. Rendering lives in `report`.

use std::fmt;
use std::ops::Range;

use super::nearest::nearest;

/// One fault in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the user named it; `<stdin>` for standard input.
    pub file: String,
    /// The whole text of the file, for showing the line. Empty when the file could not be read.
    pub text: String,
    /// Byte range in `text` of the offending text. `None`: the fault is about the whole file.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// How to put it right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A fault about a file as a whole.
    pub fn whole_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            text: String::new(),
            span: None,
            message: message.into(),
            help: None,
        }
    }

    /// A fault at a line and column, both from 1, where they are known.
    pub fn at(
        file: &str,
        text: &str,
        at: Option<(usize, usize)>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            text: text.to_owned(),
            span: at.map(|(line, column)| token_at(text, line, column)),
            ..Self::whole_file(file, message)
        }
    }

    /// A fault that a parser reported in words, `at` a line and column. A name that the parser does
    /// not know is looked up among those that it lists, and underlined where it stands.
    pub fn from_parser(file: &str, text: &str, message: &str, at: Option<(usize, usize)>) -> Self {
        let message = &without_position(message);
        let message = &in_plain_words(message);
        let mut diagnostic = Self::at(file, text, at.filter(|at| at.0 > 0), message.as_str());
        let mut quoted = message.split('`').skip(1).step_by(2);
        if message.contains("unknown field") || message.contains("unknown variant") {
            let unknown = quoted.next().unwrap_or_default();
            let known: Vec<&str> = quoted.collect();
            diagnostic.narrow_to(unknown);
            diagnostic.help = nearest(unknown, known.iter().copied())
                .map(|name| format!("did you mean `{name}`?"))
                .or_else(|| (!known.is_empty()).then(|| format!("known: {}", known.join(", "))));
            let kind = if message.contains("field") {
                "field"
            } else {
                "value"
            };
            diagnostic.message = match message.split_once(": ") {
                Some((path, _)) if !path.contains('`') => {
                    format!("unknown {kind} `{unknown}` in {path}")
                }
                _ => format!("unknown {kind} `{unknown}`"),
            };
        }
        diagnostic
    }

    /// Moves the underline to the last place at or before its end where `word` stands: parsers
    /// report where they were when they noticed.
    fn narrow_to(&mut self, word: &str) {
        let Some(span) = &self.span else { return };
        if word.is_empty() || self.text[span.clone()] == *word {
            return;
        }
        let line_end = self.text[span.start..]
            .find('\n')
            .map_or(self.text.len(), |n| span.start + n);
        if let Some(start) = self.text[..line_end].rfind(word) {
            self.span = Some(start..start + word.len());
        }
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the offending text, counted from 1, columns in characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place(self.span.as_ref()?.start)
    }

    /// Line and column behind the offending text.
    pub fn end(&self) -> Option<(usize, usize)> {
        self.place(self.span.as_ref()?.end)
    }

    fn place(&self, at: usize) -> Option<(usize, usize)> {
        let before = self.text.get(..at)?;
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        Some((line, column))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position() {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Says a parser's complaint without the names of Rust's types.
fn in_plain_words(message: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("expected u16", "expected a whole number from 0 to 65535"),
        (
            "expected u32",
            "expected a whole number from 0 to 4294967295",
        ),
        ("expected u64", "expected a whole number from 0"),
        ("expected i64", "expected a whole number"),
        (" as i128", ""),
        (" as u128", ""),
        ("unit value", "nothing"),
        ("expected struct ", "expected the fields of "),
        (
            "EOF while parsing a value",
            "the file is empty or ends too early",
        ),
    ];
    WORDS.iter().fold(message.to_owned(), |text, (from, to)| {
        text.replace(from, to)
    })
}

/// Takes the position out of a parser's message: it is shown in front.
fn without_position(message: &str) -> String {
    let digits = |c: char| c.is_ascii_digit();
    let mut parts = message.split(" at line ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(digits);
        out.push_str(
            rest.strip_prefix(" column ")
                .map_or(rest, |rest| rest.trim_start_matches(digits)),
        );
    }
    out
}

/// Nesting that no file of ours needs; YAML's parser takes quadratic time over it.
const DEEPEST: usize = 100;

/// Refuses a text in flow style that nests brackets deeper than any file of ours.
///
/// # Errors
/// A diagnostic at the bracket that is one too many.
pub fn bounded_nesting(file: &str, text: &str) -> Result<(), Diagnostic> {
    let mut depth: usize = 0;
    // Only JSON's strings are told apart: in YAML a quote may stand in any plain text.
    let json = text.trim_start().starts_with('{');
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if json && quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' if json => quoted = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            // In flow style brackets close; what stands open at the end of a block does not count.
            b'\n' if text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()) => depth = 0,
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Diagnostic {
                text: text.to_owned(),
                span: Some(at..at + 1),
                ..Diagnostic::whole_file(
                    file,
                    format!("brackets nest deeper than {DEEPEST} levels"),
                )
            });
        }
    }
    Ok(())
}

/// Byte range of the token at a line and column (both from 1, columns in characters), up to white
/// space or a delimiter; an empty range at the end of a line.
pub fn token_at(text: &str, line: usize, column: usize) -> Range<usize> {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = &text[line_start..];
    let start = line_start
        + rest
            .char_indices()
            .nth(column.saturating_sub(1))
            .map_or(rest.len(), |(at, _)| at);
    let tail = &text[start..];
    let quote = tail.chars().next().filter(|c| matches!(c, '"' | '\''));
    let len = match quote {
        Some(quote) => tail[1..]
            .find([quote, '\n'])
            .map_or(tail.len(), |end| end + 2),
        None => tail
            .find(|c: char| c.is_whitespace() || ",]}".contains(c))
            .unwrap_or(tail.len()),
    };
    let token = tail.get(..len).unwrap_or(tail);
    // A key's token does not underline the colon behind it.
    let token = token
        .strip_suffix(':')
        .filter(|key| !key.is_empty())
        .unwrap_or(token);
    start..start + token.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_counted_in_characters_from_one() {
        let diagnostic = Diagnostic {
            file: "f.yaml".to_owned(),
            text: "a: 1\né: x\n".to_owned(),
            span: Some(9..10),
            message: "m".to_owned(),
            help: None,
        };
        assert_eq!(diagnostic.to_string(), "f.yaml:2:4: m");
    }

    #[test]
    fn tokens_end_at_delimiters() {
        let text = "host: {name: web1, kernle: 6}\nx: \"a b\" c\n";
        assert_eq!(&text[token_at(text, 1, 20)], "kernle");
        assert_eq!(&text[token_at(text, 1, 14)], "web1");
        assert_eq!(&text[token_at(text, 2, 4)], "\"a b\"");
        assert_eq!(&text[token_at(text, 9, 9)], "");
    }
}
