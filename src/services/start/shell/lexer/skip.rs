//! Texts between quotes and brackets, conditions and here-documents: what ends with a sign of its own and
//! is no list of commands (XCU 2.2, 2.6 and 2.7.4 of POSIX, and `[[ ]]` of bash).

use super::{Lexer, Operator, Part, Token, Word};

/// Words before which no command has begun.
const BEFORE_COMMAND: [&str; 10] = [
    "if", "elif", "while", "until", "then", "else", "do", "!", "{", "time",
];

impl Lexer<'_> {
    pub(super) fn single_quoted(&mut self) {
        while let Some(c) = self.next() {
            if c == '\'' {
                return;
            }
            self.word.push(c);
        }
        self.open = true;
    }

    pub(super) fn backquoted(&mut self) {
        self.word.parts.push(Part::Unknown);
        while let Some(c) = self.next() {
            if c == '`' {
                return;
            }
        }
        self.open = true;
    }

    /// Whether a `[` that was read begins the `[[` of a command.
    pub(super) fn begins_condition(&self) -> bool {
        let mut next = self.chars.clone();
        let doubled = next.next() == Some('[') && next.next().is_some_and(char::is_whitespace);
        let first = match self.found.last() {
            None => true,
            Some(Token::Operator(operator)) => !matches!(operator, Operator::Redirect(_)),
            Some(Token::Word(word)) => word
                .plain()
                .is_some_and(|word| BEFORE_COMMAND.contains(&word)),
        };
        doubled && first && self.word.is_empty()
    }

    /// What stands between `[[` and `]]` is no list of commands.
    pub(super) fn condition(&mut self) {
        let line = self.line;
        self.next();
        let mut ended = false;
        while let Some(c) = self.next() {
            if c == ']' && self.word.is_empty() && self.eat(']') {
                ended = true;
                break;
            }
            match c {
                c if c.is_whitespace() => self.word = Word::default(),
                '\'' | '"' | '\\' | '`' | '$' => self.in_word(c),
                c => self.word.push(c),
            }
        }
        self.open |= !ended;
        self.word = Word {
            parts: vec![Part::Text("[[".to_owned())],
            line,
            ..Word::default()
        };
        self.end_word();
    }

    /// What stands between an opening bracket, which is next, and its closing one.
    pub(super) fn skip_group(&mut self, open: char, close: char) -> String {
        self.next();
        self.skip_open(open, close)
    }

    /// What stands behind an opening bracket, up to its closing one.
    pub(super) fn skip_open(&mut self, open: char, close: char) -> String {
        let mut text = String::new();
        let mut depth = 1;
        // The quote that is open. In `${ }` a single one may be an apostrophe.
        let mut quote = None;
        while let Some(c) = self.next() {
            match (c, quote) {
                ('\\', None | Some('"')) => {
                    text.push(c);
                    text.extend(self.next());
                    continue;
                }
                ('"' | '\'', None) if open == '(' => quote = Some(c),
                (c, Some(quoted)) if c == quoted => quote = None,
                (c, None) => {
                    depth += i32::from(c == open);
                    depth -= i32::from(c == close);
                }
                _ => {}
            }
            if depth == 0 {
                return text;
            }
            text.push(c);
        }
        self.open = true;
        text
    }

    pub(super) fn skip_document(&mut self, delimiter: &str, tabs: bool) {
        let mut line = String::new();
        while let Some(c) = self.next() {
            if c != '\n' {
                line.push(c);
                continue;
            }
            let text = if tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if text == delimiter {
                return;
            }
            line.clear();
        }
    }
}
