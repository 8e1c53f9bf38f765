//! Markdown for a terminal: what the pages are made of, which is headings, paragraphs, lists, fenced
//! code and words in `code`. Code is kept as it is; all else is wrapped. Without colours, words in code
//! keep their backticks.

use std::io;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::report::style::Look;
use crate::text::untrusted::clean;

/// Columns that text is indented below a heading.
const INDENT: usize = 2;

/// Writes Markdown.
///
/// # Errors
/// What the writer says.
pub fn write(text: &str, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page {
        look,
        out,
        line: Vec::new(),
        open: false,
        strong: 0,
        lists: Vec::new(),
        item: None,
        code: None,
        begun: false,
    };
    Parser::new(text).try_for_each(|event| page.event(event))
}

/// A word: pieces without a blank between them, each with whether it stands out.
type Word = Vec<(String, bool)>;

struct Page<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
    /// The words of the paragraph.
    line: Vec<Word>,
    /// Whether the next piece belongs to the last word.
    open: bool,
    /// Depth of what stands out.
    strong: usize,
    /// The number of the next item of each list that is open; `None` where they have none.
    lists: Vec<Option<u64>>,
    /// The mark of an item that was not written yet.
    item: Option<String>,
    /// The text of a block of code.
    code: Option<String>,
    /// Whether anything was written.
    begun: bool,
}

impl Page<'_> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                match &mut self.code {
                    Some(code) => code.push_str(&text),
                    None => self.text(&text),
                }
                Ok(())
            }
            Event::Code(code) => {
                let shown = match self.look.color {
                    true => code.to_string(),
                    false => format!("`{code}`"),
                };
                self.piece(&shown, true);
                Ok(())
            }
            Event::SoftBreak | Event::HardBreak => {
                self.open = false;
                Ok(())
            }
            // Nothing of HTML is a page's own.
            Event::Html(text) | Event::InlineHtml(text) => {
                self.text(&text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) -> io::Result<()> {
        match tag {
            // An item of a list whose items are close together has no paragraph.
            Tag::List(first) => {
                self.flush()?;
                if self.lists.is_empty() {
                    self.gap()?;
                }
                self.lists.push(*first);
            }
            Tag::Item => {
                self.item = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                });
            }
            Tag::CodeBlock(_) => {
                self.flush()?;
                self.code = Some(String::new());
            }
            Tag::Heading { .. } => {
                self.gap()?;
                self.strong += 1;
            }
            Tag::Strong | Tag::Emphasis => self.strong += 1,
            Tag::Paragraph if self.lists.is_empty() => self.gap()?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> io::Result<()> {
        match tag {
            TagEnd::Heading(_) => {
                self.strong -= 1;
                self.wrapped(0, "")
            }
            TagEnd::Strong | TagEnd::Emphasis => {
                self.strong -= 1;
                Ok(())
            }
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::List(_) => {
                self.lists.pop();
                Ok(())
            }
            TagEnd::CodeBlock => self.block(),
            _ => Ok(()),
        }
    }

    /// Text is words; blanks end one.
    fn text(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.open = false;
        }
        for (n, word) in text.split_whitespace().enumerate() {
            self.open &= n == 0;
            self.piece(word, self.strong > 0);
        }
        if text.ends_with(char::is_whitespace) {
            self.open = false;
        }
    }

    fn piece(&mut self, text: &str, strong: bool) {
        let piece = (clean(text).into_owned(), strong);
        match self.line.last_mut() {
            Some(word) if self.open => word.push(piece),
            _ => self.line.push(vec![piece]),
        }
        self.open = true;
    }

    /// An empty line between what stands apart.
    fn gap(&mut self) -> io::Result<()> {
        if self.begun {
            writeln!(self.out)?;
        }
        self.begun = true;
        Ok(())
    }

    /// Writes the paragraph that was collected, behind its mark if it begins an item.
    fn flush(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        let mark = self.item.take().unwrap_or_default();
        // Below an item, text stands behind where its mark would be.
        let indent = match self.lists.len() {
            0 => INDENT,
            depth if mark.is_empty() => INDENT + 2 * depth,
            depth => INDENT + 2 * (depth - 1),
        };
        self.wrapped(indent, &mark)
    }

    fn wrapped(&mut self, indent: usize, mark: &str) -> io::Result<()> {
        let hanging = indent + mark.len();
        let width = self.look.width.saturating_sub(hanging).max(20);
        let mut used = 0;
        write!(self.out, "{:indent$}{mark}", "")?;
        for word in std::mem::take(&mut self.line) {
            let more: usize = word.iter().map(|(text, _)| text.chars().count()).sum();
            if used > 0 && used + 1 + more > width {
                write!(self.out, "\n{:hanging$}", "")?;
                used = 0;
            } else if used > 0 {
                write!(self.out, " ")?;
                used += 1;
            }
            for (text, strong) in &word {
                match strong {
                    true => write!(self.out, "{}", self.look.strong(text))?,
                    false => write!(self.out, "{text}")?,
                }
            }
            used += more;
        }
        self.open = false;
        writeln!(self.out)
    }

    /// A block of code, each line as it is.
    fn block(&mut self) -> io::Result<()> {
        let code = self.code.take().unwrap_or_default();
        let indent = 2 * INDENT + 2 * self.lists.len();
        self.gap()?;
        for line in code.lines() {
            let line = format!("{:indent$}{}", "", clean(line));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, width: usize, color: bool) -> String {
        let mut out = Vec::new();
        write(text, Look { color, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_wrapped_and_code_is_kept() {
        let text = "One two three four\nfive `six`, seven.\n\n```sh\nss -ltn   # a comment that is long\n```\n\n- first item\n- second\n  goes on\n";
        assert_eq!(
            written(text, 22, false),
            "  One two three four\n  five `six`, seven.\n\n    ss -ltn   # a comment that is long\n\n  \
             - first item\n  - second goes on\n"
        );
    }

    #[test]
    fn headings_and_code_stand_out_on_a_terminal() {
        assert_eq!(
            written("## A b\n\n`c`", 40, true),
            "\x1b[1mA\x1b[0m \x1b[1mb\x1b[0m\n\n  \x1b[1mc\x1b[0m\n"
        );
    }

    #[test]
    fn numbers_of_lists_go_on_and_nested_lists_are_indented() {
        assert_eq!(
            written("1. a\n2. b\n   - c\n", 40, false),
            "  1. a\n  2. b\n    - c\n"
        );
    }

    #[test]
    fn a_page_of_a_stranger_cannot_speak_to_the_terminal() {
        let shown = written("a \x1b[2J b\n\n```\n\x1b]0;x\x07\n```\n", 40, true);
        assert!(!shown.contains("\x1b[2J") && !shown.contains("\x1b]0"));
    }
}
