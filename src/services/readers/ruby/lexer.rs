//! Ruby's tokens, as far as they matter to tell calls from strings and comments.

use super::{Token, Value};

pub(super) struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    /// The token that was read last, until it is taken.
    ready: Option<(Token, usize)>,
    /// Whether a value or a word came last, behind which some signs are operators.
    after: After,
    /// The terminators of here-documents that begin on the next line.
    documents: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum After {
    Value,
    Word,
    Other,
}

impl Iterator for Lexer<'_> {
    type Item = (Token, usize);

    fn next(&mut self) -> Option<(Token, usize)> {
        while self.ready.is_none() {
            let c = self.rest.chars().next()?;
            self.step(c);
        }
        self.ready.take()
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut lexer = Self {
            rest: text,
            line: 1,
            ready: None,
            after: After::Other,
            documents: Vec::new(),
        };
        lexer.skip_blocks();
        lexer
    }

    /// Reads on by one token at most.
    fn step(&mut self, c: char) {
        match c {
            '\n' => {
                self.push(Token::End);
                self.bump();
                self.skip_documents();
                self.skip_blocks();
            }
            '\\' if self.rest.starts_with("\\\n") => {
                self.bump();
                self.bump();
            }
            c if c.is_whitespace() => self.bump(),
            '#' => self.skip_line(),
            ';' => {
                self.push(Token::End);
                self.bump();
            }
            '"' | '`' => {
                self.bump();
                let value = self.string(c, c, true);
                self.string_or_key(value);
            }
            '\'' => {
                self.bump();
                let value = self.string(c, c, false);
                self.string_or_key(value);
            }
            '%' if self.may_begin_a_value() => self.percent(),
            '<' if self.rest.starts_with("<<") && self.may_begin_a_value() => self.document(),
            ':' => self.symbol(),
            '=' if self.rest.starts_with("=>") => {
                self.push(Token::Arrow);
                self.bump();
                self.bump();
            }
            c if c.is_ascii_digit() => self.number(),
            c if is_name(c) || c == '@' || c == '$' => self.word(),
            c => {
                self.push(Token::Sign(c));
                self.bump();
            }
        }
    }

    fn push(&mut self, token: Token) {
        self.after = match token {
            Token::Value(_) | Token::Sign(')' | ']' | '}') => After::Value,
            Token::Word(_) => After::Word,
            _ => After::Other,
        };
        self.ready = Some((token, self.line));
    }

    /// Goes on by one character.
    fn bump(&mut self) {
        let mut rest = self.rest.chars();
        self.line += usize::from(rest.next() == Some('\n'));
        self.rest = rest.as_str();
    }

    /// Takes the characters of this kind.
    fn take(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip_line(&mut self) {
        self.take(|c| c != '\n');
    }

    /// Skips `=begin` to `=end`, and everything behind `__END__`, at the beginning of a line.
    fn skip_blocks(&mut self) {
        while self.rest.starts_with("=begin") {
            while !self.rest.is_empty() && !self.rest.starts_with("=end") {
                self.skip_line();
                self.bump();
            }
            self.skip_line();
            self.bump();
        }
        if self.rest.lines().next() == Some("__END__") {
            self.rest = "";
        }
    }

    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.documents) {
            while !self.rest.is_empty() {
                let line = self.take(|c| c != '\n');
                self.bump();
                if line.trim() == end {
                    break;
                }
            }
        }
    }

    /// Whether `%` and `<<` begin a literal here: behind a value they are operators.
    fn may_begin_a_value(&self) -> bool {
        match self.after {
            After::Value => false,
            // `listen %q(x)`, but `a % b`.
            After::Word => !self.rest.chars().nth(1).is_some_and(char::is_whitespace),
            After::Other => true,
        }
    }

    /// A string up to its end; the brackets of some kinds pair.
    fn string(&mut self, open: char, close: char, interpolated: bool) -> Value {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut depth = 0;
        while let Some(c) = self.rest.chars().next() {
            if interpolated && self.rest.starts_with("#{") {
                self.interpolation();
                pieces.push(std::mem::take(&mut piece));
                continue;
            }
            self.bump();
            match c {
                '\\' => {
                    let next = self.rest.chars().next();
                    // In single quotes a backslash is itself before anything else.
                    if !interpolated && next != Some(close) && next != Some('\\') {
                        piece.push('\\');
                    }
                    piece.extend(next);
                    self.bump();
                }
                c if c == close && depth == 0 => break,
                c => {
                    if open != close {
                        depth += i32::from(c == open) - i32::from(c == close);
                    }
                    piece.push(c);
                }
            }
        }
        if pieces.is_empty() {
            return Value::Text(piece);
        }
        pieces.push(piece);
        Value::Pieces(pieces)
    }

    /// Skips `#{...}`, whose braces pair, also around strings with braces that do not.
    fn interpolation(&mut self) {
        let mut depth = 0;
        let mut quote = None;
        while let Some(c) = self.rest.chars().next() {
            self.bump();
            match (quote, c) {
                (_, '\\') => self.bump(),
                (Some(end), c) if c == end => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '{') => depth += 1,
                (None, '}') => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                (None, _) => {}
            }
        }
    }

    /// `"key": value` is an option like `key: value`.
    fn string_or_key(&mut self, value: Value) {
        let colon = self.rest.starts_with(':') && !self.rest.starts_with("::");
        match value {
            Value::Text(key) if colon => {
                self.bump();
                self.push(Token::Key(key));
            }
            value => self.push(Token::Value(value)),
        }
    }

    /// `%q(...)`, `%w[...]`, `%(...)`.
    fn percent(&mut self) {
        self.bump();
        let kind = self.take(|c| c.is_ascii_alphabetic()).to_owned();
        let Some(open) = self.rest.chars().next() else {
            return;
        };
        if kind.len() > 1 || open.is_alphanumeric() || open.is_whitespace() || open == '=' {
            self.push(Token::Sign('%'));
            return;
        }
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            c => c,
        };
        self.bump();
        let value = self.string(open, close, !matches!(&*kind, "q" | "w" | "i"));
        let value = match &*kind {
            "" | "q" | "Q" | "s" => value,
            _ => Value::Computed,
        };
        self.push(Token::Value(value));
    }

    /// `<<EOS`, `<<~EOS`, `<<-'EOS'`: the text begins on the next line.
    fn document(&mut self) {
        self.bump();
        self.bump();
        let name = self.rest.trim_start_matches(['~', '-']);
        let quote = name.chars().next().filter(|c| "'\"`".contains(*c));
        let name = name.trim_start_matches(['\'', '"', '`']);
        let end = name
            .find(|c| quote.map_or(!is_name(c), |quote| c == quote))
            .unwrap_or(name.len());
        let (name, rest) = name.split_at(end);
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') || name.contains('\n') {
            self.push(Token::Sign('<'));
            return;
        }
        self.documents.push(name.to_owned());
        self.rest = rest.trim_start_matches(['\'', '"', '`']);
        self.push(Token::Value(Value::Computed));
    }

    /// `:name`, `:"name"`, or a sign.
    fn symbol(&mut self) {
        self.bump();
        let value = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                self.bump();
                self.string(quote, quote, quote == '"')
            }
            Some(c) if is_name(c) => Value::Text(self.take(is_name).to_owned()),
            _ => {
                self.push(Token::Sign(':'));
                return;
            }
        };
        self.push(Token::Value(value));
    }

    fn number(&mut self) {
        let text = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        let digits = text.replace('_', "").to_ascii_lowercase();
        let radix = |radix, digits: &str| i64::from_str_radix(digits, radix).ok();
        let number = match digits.get(..2) {
            Some("0x") => radix(16, &digits[2..]),
            Some("0b") => radix(2, &digits[2..]),
            Some("0o") => radix(8, &digits[2..]),
            _ if digits.len() > 1 && digits.starts_with('0') => radix(8, &digits),
            _ => digits.parse().ok(),
        };
        self.push(Token::Value(number.map_or(Value::Computed, Value::Number)));
    }

    fn word(&mut self) {
        let mut word = self.take(|c| c == '@' || c == '$').to_owned();
        word.push_str(self.take(is_name));
        if self.rest.starts_with(['?', '!']) && !self.rest.starts_with("!=") {
            word.push_str(self.take(|c| c == '?' || c == '!'));
        }
        if self.rest.starts_with(':') && !self.rest.starts_with("::") {
            self.bump();
            self.push(Token::Key(word));
        } else {
            self.push(Token::Word(word));
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
