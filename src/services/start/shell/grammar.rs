//! The commands of a shell's text in their order, how deep in `if`, `case`, loops, functions and brackets
//! each stands, and what of its list must have come out well before it. Nothing is decided here: which way
//! a script goes only a shell knows.

use std::collections::BTreeSet;

use super::known::HARMLESS;
use super::lexer::{Operator, Part, Token, Word, tokens};

/// One command with its words, the assignments before them included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// The constructs that it is in.
    pub(super) depth: usize,
    /// Whether it stands in the body of a function.
    pub(super) function: bool,
    /// The outermost `( )` that it is in: a shell of its own.
    pub(super) bracket: Option<usize>,
    /// The list (commands with `&&` and `||` between them) at depth 0 that it belongs to.
    pub(super) list: usize,
    /// What stands before it.
    pub(super) after: After,
    /// Whether it is run at all.
    pub(super) reached: Reached,
    /// Whether the shell goes on while it runs.
    pub(super) background: bool,
    /// Whether the list that it is in is run while the shell goes on.
    pub(super) aside: bool,
    /// The file that its output goes to, and the line that says so. One without words is of a construct.
    pub(super) writes: Option<(usize, String)>,
    /// Whether its output goes to another command.
    pub(super) piped: bool,
}

impl Simple {
    /// Whether a shell of its own runs it, so that the script does not become it.
    pub(super) fn in_subshell(&self) -> bool {
        self.aside || self.piped || self.after == After::Pipe || self.bracket.is_some()
    }
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

/// Whether the commands before it in its list let a command be run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    #[default]
    Surely,
    /// If commands before it do what they are for.
    IfWell,
    /// Something is asked before it, or it is what is done where something failed.
    Perhaps,
}

/// The commands of a text, and the names of its functions.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) all: Vec<Simple>,
    pub(super) functions: BTreeSet<String>,
    /// Whether it was read to its end.
    pub(super) whole: bool,
}

/// Commands that ask something.
const TESTS: [&str; 13] = [
    "[", "[[", "test", "grep", "egrep", "fgrep", "command", "type", "hash", "which", "false",
    "pgrep", "getent",
];
/// Commands that do not fail.
const WELL: [&str; 8] = [
    ":", "true", "echo", "printf", "export", "set", "umask", "trap",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Block,
    Case,
    Bracket,
}

/// A construct that is open.
#[derive(Debug)]
struct Frame {
    open: Open,
    function: bool,
    /// Whether a pattern of `case` comes next.
    pattern: bool,
    list: List,
}

/// The list that is being read.
#[derive(Debug, Default)]
struct List {
    reached: Reached,
    /// Whether something of it is asked, or is more than one command.
    tested: bool,
    may_fail: bool,
    /// Its first command.
    start: usize,
}

/// Takes a text apart.
pub(super) fn commands(text: &str) -> Commands {
    let mut parser = Parser::default();
    let (tokens, whole) = tokens(text);
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => parser.word(word),
            // `name ()`: the body follows, as a command of its own.
            Token::Operator(Operator::Open)
                if parser.simple.words.len() == 1
                    && tokens.peek() == Some(&Token::Operator(Operator::Close)) =>
            {
                tokens.next();
                parser.function();
            }
            Token::Operator(operator) => parser.operator(operator),
        }
    }
    parser.end(After::Nothing);
    parser.commands.whole = whole;
    parser.commands
}

#[derive(Debug, Default)]
struct Parser {
    commands: Commands,
    open: Vec<Frame>,
    /// The list at depth 0.
    top: List,
    lists: usize,
    brackets: usize,
    simple: Simple,
    after: After,
    /// Whether `&&`, `||` or `|` came, so that the list goes on behind a line's end.
    goes_on: bool,
    negated: bool,
    /// Whether the next construct is the body of a function.
    body: bool,
}

impl Parser {
    fn word(&mut self, word: Word) {
        if let Some(frame) = self.open.last_mut().filter(|frame| frame.pattern) {
            if word.plain() == Some("esac") {
                frame.pattern = false;
                self.close(Open::Case);
            }
            return;
        }
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
            Some("if" | "while" | "until" | "{") => self.push(Open::Block),
            // What follows up to the line's end is no command.
            Some("for" | "select") => {
                self.push(Open::Block);
                self.begin(word);
            }
            Some("case") => self.push(Open::Case),
            Some("fi" | "done" | "}") => self.close(Open::Block),
            Some("esac") => self.close(Open::Case),
            Some("!") => self.negated = true,
            Some("then" | "else" | "elif" | "do" | "time") => {}
            _ => self.begin(word),
        }
    }

    fn begin(&mut self, word: Word) {
        let reached = self.list().reached;
        let simple = &mut self.simple;
        simple.depth = self.open.len();
        simple.function = self.open.iter().any(|frame| frame.function);
        let bracket = self.open.iter().any(|frame| frame.open == Open::Bracket);
        simple.bracket = bracket.then_some(self.brackets);
        simple.list = self.lists;
        simple.after = self.after;
        simple.reached = reached;
        simple.words.push(word);
        self.goes_on = false;
    }

    fn list(&mut self) -> &mut List {
        match self.open.last_mut() {
            Some(frame) => &mut frame.list,
            None => &mut self.top,
        }
    }

    fn push(&mut self, open: Open) {
        let outermost = self.open.iter().all(|frame| frame.open != Open::Bracket);
        self.brackets += usize::from(open == Open::Bracket && outermost);
        self.open.push(Frame {
            open,
            function: std::mem::take(&mut self.body),
            pattern: open == Open::Case,
            list: List::default(),
        });
        self.goes_on = false;
        self.negated = false;
    }

    /// The end of a construct. One that ends another leaves it open: so what follows is not sure.
    fn close(&mut self, open: Open) {
        if self.open.last().is_some_and(|frame| frame.open == open) {
            self.open.pop();
            self.list().tested = true;
        }
    }

    fn function(&mut self) {
        let name = self.simple.words.first().and_then(Word::plain);
        self.commands.functions.extend(name.map(str::to_owned));
        self.simple = Simple::default();
        self.body = true;
    }

    fn operator(&mut self, operator: Operator) {
        if let Some(frame) = self.open.last_mut().filter(|frame| frame.pattern) {
            // A pattern of `case` is no command.
            frame.pattern = operator != Operator::Close;
            return;
        }
        match operator {
            Operator::Redirect(Some(file)) => {
                self.simple.writes.get_or_insert(file);
            }
            Operator::Redirect(None) => {}
            Operator::End => self.end(After::Nothing),
            Operator::And => self.end(After::And),
            Operator::Or => self.end(After::Or),
            Operator::Pipe => {
                self.simple.piped = true;
                self.end(After::Pipe);
            }
            Operator::Background => {
                self.simple.background = true;
                let start = self.list().start;
                self.simple.aside = true;
                let before = self.commands.all.get_mut(start..).unwrap_or_default();
                before.iter_mut().for_each(|simple| simple.aside = true);
                self.end(After::Nothing);
            }
            Operator::CaseEnd => {
                self.end(After::Nothing);
                if let Some(frame) = self.open.last_mut() {
                    frame.pattern = frame.open == Open::Case;
                }
            }
            Operator::Open => {
                self.end(self.after);
                self.push(Open::Bracket);
            }
            // `;&` of bash goes on to the next pattern.
            Operator::Close if self.open.last().is_some_and(|it| it.open == Open::Case) => {
                self.simple = Simple::default();
            }
            Operator::Close => {
                self.end(After::Nothing);
                self.close(Open::Bracket);
            }
        }
    }

    fn end(&mut self, after: After) {
        let simple = std::mem::take(&mut self.simple);
        if simple.words.is_empty() && self.goes_on && after == After::Nothing {
            return;
        }
        let first = simple.words.first().and_then(Word::plain);
        let header = matches!(first, Some("for" | "select"));
        let negated = std::mem::take(&mut self.negated);
        let tested = negated || first.is_some_and(|name| TESTS.contains(&name));
        let well = first.is_some_and(|name| WELL.contains(&name)) || assigns(&simple.words);
        let list = self.list();
        list.tested |= tested;
        list.may_fail |= !well;
        match after {
            After::Pipe => {}
            After::And if list.tested => list.reached = Reached::Perhaps,
            After::And if list.may_fail => list.reached = list.reached.max(Reached::IfWell),
            After::And => {}
            After::Or => list.reached = Reached::Perhaps,
            After::Nothing => *list = List::default(),
        }
        if !header && (simple.writes.is_some() || !simple.words.is_empty()) {
            self.commands.all.push(simple);
        }
        if after == After::Nothing {
            let next = self.commands.all.len();
            self.list().start = next;
            self.lists += usize::from(self.open.is_empty());
        }
        self.goes_on = after != After::Nothing;
        self.after = after;
    }
}

/// Whether words are nothing but assignments of what needs no other command.
fn assigns(words: &[Word]) -> bool {
    let one = |word: &Word| {
        matches!(word.parts.first(), Some(Part::Text(text)) if text.contains('='))
            && !word.parts.contains(&Part::Unknown)
    };
    words.iter().all(one)
}

/// The command that a text comes to at last: the first of its last pipeline.
pub(super) fn last(all: &[Simple]) -> Option<usize> {
    let mut last = None;
    let mut in_pipeline = false;
    for (n, simple) in all.iter().enumerate() {
        in_pipeline &= simple.after == After::Pipe;
        let name = simple.words.first().and_then(Word::plain);
        let meant = !simple.words.is_empty()
            && name != Some("exit")
            && !name.is_some_and(|name| HARMLESS.contains(&name));
        if meant && !simple.aside && !simple.function && !in_pipeline {
            last = Some(n);
            in_pipeline = true;
        }
    }
    last
}

/// The list of the last command, where nothing else comes if it ends early.
pub(super) fn only_list(all: &[Simple], last: usize) -> Option<usize> {
    let list = all.get(last)?.list;
    let other = |simple: &Simple| simple.list == list && simple.after == After::Or;
    (!all.iter().any(other)).then_some(list)
}
