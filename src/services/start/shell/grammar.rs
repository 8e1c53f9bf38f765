//! The commands of a shell's text in their order, and how deep in `if`, `case`, loops, functions and
//! brackets each stands. Nothing is decided here: which way a script goes only a shell knows.

use std::collections::BTreeSet;

use super::lexer::{Operator, Token, Word, tokens};

/// One command with its words, the assignments before them included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// The constructs that it is in.
    pub(super) depth: usize,
    /// What stands before it.
    pub(super) after: After,
    /// Whether the shell goes on while it runs.
    pub(super) background: bool,
    /// Whether its output goes to a file.
    pub(super) writes: bool,
    /// Whether its output goes to another command.
    pub(super) piped: bool,
}

/// What connects a command to the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum After {
    #[default]
    Nothing,
    And,
    Or,
    Pipe,
}

/// The commands of a text, and the names of its functions.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) all: Vec<Simple>,
    pub(super) functions: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Block,
    Case,
    Bracket,
}

/// Takes a text apart.
pub(super) fn commands(text: &str) -> Commands {
    let mut parser = Parser::default();
    let mut tokens = tokens(text).into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => parser.word(word),
            Token::Operator(Operator::Open) if parser.simple.words.len() == 1 => {
                // `name ()`: the body follows, as a command of its own.
                if tokens.peek() == Some(&Token::Operator(Operator::Close)) {
                    tokens.next();
                    parser.function();
                }
            }
            Token::Operator(operator) => parser.operator(operator),
        }
    }
    parser.end(After::Nothing);
    parser.commands
}

#[derive(Debug, Default)]
struct Parser {
    commands: Commands,
    open: Vec<Open>,
    simple: Simple,
    after: After,
}

impl Parser {
    fn word(&mut self, word: Word) {
        if !self.simple.words.is_empty() {
            let names_function =
                self.simple.words.len() == 1 && self.simple.words[0].plain() == Some("function");
            self.simple.words.push(word);
            if names_function {
                self.simple.words.remove(0);
                self.function();
            }
            return;
        }
        match word.plain() {
            Some("if" | "for" | "while" | "until" | "select") => self.push(Open::Block, word),
            Some("case") => self.push(Open::Case, word),
            Some("{") => self.open.push(Open::Block),
            Some("fi" | "done" | "esac" | "}") => {
                self.open.pop();
            }
            Some("then" | "else" | "elif" | "do" | "in" | "!" | "time") => {}
            _ => self.begin(word),
        }
    }

    fn begin(&mut self, word: Word) {
        self.simple.depth = self.open.len();
        self.simple.after = self.after;
        self.simple.words.push(word);
    }

    /// A construct begins; what follows `for` and `case` up to the line's end is no command.
    fn push(&mut self, open: Open, word: Word) {
        self.open.push(open);
        if matches!(word.plain(), Some("for" | "case" | "select")) {
            self.begin(word);
        }
    }

    fn function(&mut self) {
        let name = self.simple.words.first().and_then(Word::plain);
        self.commands.functions.extend(name.map(str::to_owned));
        self.simple = Simple::default();
    }

    fn operator(&mut self, operator: Operator) {
        match operator {
            Operator::Redirect(writes) => self.simple.writes |= writes,
            Operator::End => self.end(After::Nothing),
            Operator::And => self.end(After::And),
            Operator::Or => self.end(After::Or),
            Operator::Pipe => {
                self.simple.piped = true;
                self.end(After::Pipe);
            }
            Operator::Background => {
                self.simple.background = true;
                self.end(After::Nothing);
            }
            Operator::CaseEnd => self.end(After::Nothing),
            Operator::Open => {
                self.end(After::Nothing);
                self.open.push(Open::Bracket);
            }
            Operator::Close if self.open.last() == Some(&Open::Case) => {
                // A pattern of `case` is no command.
                self.simple = Simple::default();
            }
            Operator::Close => {
                self.end(After::Nothing);
                self.open.pop();
            }
        }
    }

    fn end(&mut self, after: After) {
        let simple = std::mem::take(&mut self.simple);
        let first = simple.words.first().and_then(Word::plain);
        let header = matches!(first, Some("for" | "case" | "select"));
        if !simple.words.is_empty() && !header {
            self.commands.all.push(simple);
        }
        self.after = after;
    }
}
