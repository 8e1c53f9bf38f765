//! Colours and words for people: how a terminal is written to.

use std::borrow::Cow;
use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::rules::Severity;
use crate::text::untrusted::clean;

/// How to write to this terminal or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether escape sequences may be written.
    pub color: bool,
    /// Columns to fill at most.
    pub width: usize,
}

/// Columns where no terminal says otherwise.
pub const WIDTH: usize = 100;

impl Look {
    /// The text in a style, its own control characters made harmless.
    pub fn paint<'a>(&self, style: Style, text: &'a str) -> Painted<'a> {
        Painted {
            style: if self.color { style } else { Style::new() },
            text: clean(text),
        }
    }

    /// Bold.
    pub fn strong<'a>(&self, text: &'a str) -> Painted<'a> {
        self.paint(Style::new().bold(), text)
    }

    /// Less important.
    pub fn faint<'a>(&self, text: &'a str) -> Painted<'a> {
        self.paint(Style::new().dimmed(), text)
    }

    /// A severity in capitals, in its colour.
    pub fn severity(&self, severity: Severity) -> Painted<'static> {
        let (color, word) = match severity {
            Severity::Critical => (AnsiColor::Red, "CRITICAL"),
            Severity::High => (AnsiColor::Red, "HIGH"),
            Severity::Medium => (AnsiColor::Yellow, "MEDIUM"),
            Severity::Low => (AnsiColor::Cyan, "LOW"),
            Severity::Info => (AnsiColor::Blue, "INFO"),
        };
        self.paint(Style::new().bold().fg_color(Some(color.into())), word)
    }
}

/// A text with a style around it.
#[derive(Debug)]
pub struct Painted<'a> {
    style: Style,
    text: Cow<'a, str>,
}

impl fmt::Display for Painted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}{}",
            self.style.render(),
            self.text,
            self.style.render_reset()
        )
    }
}

/// `1 finding`, `2 findings`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Breaks a text into lines of at most `width` characters at blanks; a longer word stays whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += more;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_long_words_stay_whole() {
        assert_eq!(wrap("aa bb cccccccc d", 5), ["aa bb", "cccccccc", "d"]);
        assert!(wrap("  ", 5).is_empty());
    }

    #[test]
    fn nothing_but_our_own_escapes_reaches_the_terminal() {
        let look = Look {
            color: true,
            width: WIDTH,
        };
        let shown = look.strong("a\x1b[2J").to_string();
        assert_eq!(shown, "\x1b[1ma\\u{1b}[2J\x1b[0m");
        assert_eq!(
            Look {
                color: false,
                ..look
            }
            .strong("a")
            .to_string(),
            "a"
        );
    }
}
