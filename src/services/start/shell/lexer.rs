//! Words and operators of a shell's text, as XCU 2.2 to 2.4 of POSIX have them. What only a shell can
//! know (substitutions, patterns, arithmetic) becomes [`Part::Unknown`].

mod skip;

use std::iter::Peekable;
use std::str::Chars;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands there.
    Text(String),
    /// A variable or a positional parameter, and what stands for it if it is not set or empty.
    Variable {
        name: String,
        default: Option<String>,
        quoted: bool,
    },
    /// All positional parameters.
    All { quoted: bool },
    /// Only a shell knows.
    Unknown,
}

/// A word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// Whether some of it is quoted, so that it is a word even when it is empty.
    pub(super) quoted: bool,
    pub(super) line: usize,
}

impl Word {
    /// The word, where it is nothing but text without quotes: only then it may be a reserved one.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && !self.quoted
    }

    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }
}

/// What stands between words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operator {
    /// A line's end or `;`.
    End,
    /// `;;` of `case`.
    CaseEnd,
    And,
    Or,
    Pipe,
    Background,
    Open,
    Close,
    /// A redirection; the line and the name of a file that it writes.
    Redirect(Option<(usize, String)>),
}

/// A word or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    Operator(Operator),
}

/// Tokens of one text, at most.
const MOST: usize = 1 << 16;

/// Splits a text. `false`: not to its end, or something in it does not end.
pub(super) fn tokens(text: &str) -> (Vec<Token>, bool) {
    let mut lexer = Lexer {
        chars: text.chars().peekable(),
        line: 1,
        found: Vec::new(),
        word: Word::default(),
        documents: Vec::new(),
        open: false,
    };
    while lexer.found.len() < MOST && lexer.step() {}
    lexer.end_word();
    let whole = !lexer.open && lexer.chars.peek().is_none();
    (lexer.found, whole)
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    found: Vec<Token>,
    word: Word,
    /// Delimiters of here-documents that begin on the next line, and whether tabs before them go.
    documents: Vec<(String, bool)>,
    /// Whether the text ended inside of quotes or brackets.
    open: bool,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next();
        self.line += usize::from(c == Some('\n'));
        c
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.chars.peek() == Some(&wanted);
        if there {
            self.next();
        }
        there
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() {
            self.found.push(Token::Word(word));
        }
    }

    fn operator(&mut self, operator: Operator) {
        self.end_word();
        self.found.push(Token::Operator(operator));
    }

    fn step(&mut self) -> bool {
        let Some(c) = self.next() else { return false };
        if self.word.is_empty() {
            self.word.line = self.line;
        }
        match c {
            ' ' | '\t' | '\r' => self.end_word(),
            '\n' => {
                self.operator(Operator::End);
                for (delimiter, tabs) in std::mem::take(&mut self.documents) {
                    self.skip_document(&delimiter, tabs);
                }
            }
            '#' if self.word.is_empty() => {
                while self.chars.peek().is_some_and(|c| *c != '\n') {
                    self.next();
                }
            }
            ';' if self.eat(';') => self.operator(Operator::CaseEnd),
            ';' => self.operator(Operator::End),
            '&' if self.eat('&') => self.operator(Operator::And),
            '&' if self.chars.peek() == Some(&'>') => {
                self.next();
                self.redirect('>');
            }
            '&' => self.operator(Operator::Background),
            '|' if self.eat('|') => self.operator(Operator::Or),
            '|' => self.operator(Operator::Pipe),
            '[' if self.begins_condition() => self.condition(),
            // The values of an array.
            '(' if self.ends_with_equals() => {
                self.skip_open('(', ')');
                self.word.parts.push(Part::Unknown);
            }
            '(' => self.operator(Operator::Open),
            ')' => self.operator(Operator::Close),
            '<' | '>' if self.chars.peek() == Some(&'(') => {
                self.skip_group('(', ')');
                self.word.parts.push(Part::Unknown);
            }
            '<' | '>' => self.redirect(c),
            other => self.in_word(other),
        }
        true
    }

    fn in_word(&mut self, c: char) {
        match c {
            '\\' => match self.next() {
                Some('\n') | None => {}
                Some(c) => {
                    self.word.quoted = true;
                    self.word.push(c);
                }
            },
            '\'' => {
                self.word.quoted = true;
                self.single_quoted();
            }
            '"' => self.double_quoted(),
            '$' => self.dollar(false),
            '`' => self.backquoted(),
            '*' | '?' | '[' if !self.word.is_empty() || self.is_pattern() => {
                self.word.parts.push(Part::Unknown);
            }
            '~' if self.word.is_empty() => self.word.parts.push(Part::Unknown),
            c => self.word.push(c),
        }
    }

    /// Whether what follows makes a pattern of a wildcard that begins a word: `[` alone is a command.
    fn is_pattern(&mut self) -> bool {
        let next = self.chars.peek();
        next.is_some_and(|c| !c.is_whitespace() && !matches!(c, ';' | ')' | '[' | '|'))
    }

    fn double_quoted(&mut self) {
        self.word.quoted = true;
        while let Some(c) = self.next() {
            match c {
                '"' => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c @ ('$' | '`' | '"' | '\\')) => self.word.push(c),
                    Some(c) => {
                        self.word.push('\\');
                        self.word.push(c);
                    }
                },
                '$' => self.dollar(true),
                '`' => self.backquoted(),
                c => self.word.push(c),
            }
        }
        self.open = true;
    }

    fn ends_with_equals(&self) -> bool {
        matches!(self.word.parts.as_slice(), [Part::Text(text)] if text.ends_with('=') && !self.word.quoted)
    }

    /// What follows a `$`.
    fn dollar(&mut self, quoted: bool) {
        let part = match self.chars.peek().copied() {
            Some('(') => {
                self.skip_group('(', ')');
                Part::Unknown
            }
            Some('{') => self.braces(quoted),
            Some('@' | '*') => {
                self.next();
                Part::All { quoted }
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '#' | '?' | '$' | '!' | '-') => {
                self.next();
                Part::Variable {
                    name: c.to_string(),
                    default: None,
                    quoted,
                }
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.chars.peek().copied().filter(|c| is_name(*c)) {
                    name.push(c);
                    self.next();
                }
                Part::Variable {
                    name,
                    default: None,
                    quoted,
                }
            }
            _ => return self.word.push('$'),
        };
        self.word.parts.push(part);
    }

    /// `${NAME}`, `${NAME:-default}`; any other operation only a shell knows.
    fn braces(&mut self, quoted: bool) -> Part {
        let text = self.skip_group('{', '}');
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let default = match rest {
            "" => None,
            _ => rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')),
        };
        match (text.as_str(), default) {
            ("@" | "*", _) => Part::All { quoted },
            _ if name.is_empty() => Part::Unknown,
            (_, None) if !rest.is_empty() => Part::Unknown,
            (_, Some(default)) if default.contains(['$', '`', '"', '\'', '\\']) => Part::Unknown,
            (_, default) => Part::Variable {
                name: name.to_owned(),
                default: default.map(str::to_owned),
                quoted,
            },
        }
    }

    /// A redirection with its target, which is no word of the command.
    fn redirect(&mut self, first: char) {
        let number = self
            .word
            .plain()
            .is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit()));
        if number {
            self.word = Word::default();
        }
        self.end_word();
        let document = first == '<' && self.eat('<') && !self.eat('<');
        let tabs = document && self.eat('-');
        while self.eat('>') || self.eat('|') {}
        let copies = self.eat('&');
        while self.eat(' ') || self.eat('\t') {}
        if matches!(self.chars.peek(), Some('<' | '>')) {
            // `> >( )`: what a command of its own reads or writes.
            let mut next = self.chars.clone();
            next.next();
            if next.next() == Some('(') {
                self.next();
                self.skip_group('(', ')');
            }
        }
        let before = self.found.len();
        while self
            .chars
            .peek()
            .is_some_and(|c| !c.is_whitespace() && !";&|()<>".contains(*c))
        {
            let Some(c) = self.next() else { break };
            self.in_word(c);
        }
        self.end_word();
        let target = match self.found.get(before) {
            Some(Token::Word(word)) => match word.parts.as_slice() {
                [Part::Text(text)] => text.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        self.found.truncate(before);
        if document {
            self.documents.push((target, tabs));
            return self.found.push(Token::Operator(Operator::Redirect(None)));
        }
        let harmless = copies || target == "/dev/null" || target.starts_with("/dev/std");
        let named = if target.is_empty() { "a file" } else { &target };
        let writes = (first == '>' && !harmless).then(|| (self.line, named.to_owned()));
        self.found.push(Token::Operator(Operator::Redirect(writes)));
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
