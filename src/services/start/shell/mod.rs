//! What a shell's text starts: the commands that it becomes (`exec`, or its last), and those servers that
//! it starts on the way. It follows what can be followed without a shell: assignments of plain words,
//! `"$@"`, `cd`, `set --`. What stands in an `if`, a loop or a function may happen or not, and is told as
//! one of several ways.

mod expand;
mod grammar;
mod lexer;

use super::{Command, Root, absolute};
use expand::Shell;
use grammar::{After, Simple};

/// A text and what it is run with.
#[derive(Debug, Clone)]
pub(super) struct Script {
    text: String,
    /// Where it stands; `None`: in the command line.
    path: Option<String>,
    arguments: Vec<String>,
    command: Command,
}

impl Script {
    /// What the shell of this command line reads. `None`: nothing that can be known.
    pub(super) fn of(root: &dyn Root, command: &Command) -> Option<Self> {
        let mut words = command.words.iter().skip(1).peekable();
        let mut text = false;
        while let Some(word) = words.next_if(|word| word.starts_with(['-', '+']) && word.len() > 1)
        {
            if word == "--" {
                break;
            }
            let letters = word.trim_start_matches(['-', '+']);
            let short = !word.starts_with("--");
            text |= short && letters.contains('c');
            if short && letters.ends_with('o') {
                words.next();
            }
        }
        let first = words.next()?.clone();
        let (text, path) = match text {
            // What follows the text is `$0`, and then its arguments.
            true => {
                words.next();
                (first, None)
            }
            false => {
                let path = absolute(command, &first);
                (root.text(&path)?, Some(path))
            }
        };
        Some(Self {
            text,
            path,
            arguments: words.cloned().collect(),
            command: command.clone(),
        })
    }

    /// Where a line of it is, for people.
    pub(super) fn place(&self, line: usize) -> String {
        match &self.path {
            Some(path) => format!("{path}:{line}"),
            None => self.command.words.join(" "),
        }
    }
}

/// How sure it is that a command is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whatever else happens.
    Always,
    /// What the script becomes.
    Becomes,
    /// What it becomes if it goes this way.
    Way,
    /// It may be run on the way.
    Perhaps,
}

/// A command that a script runs.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) command: Command,
    pub(super) kind: Kind,
    /// Whether its words are all known.
    pub(super) known: bool,
    pub(super) line: usize,
}

/// What a script does.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) starts: Vec<Start>,
    /// Whether it runs something else before, which may write configuration.
    pub(super) prepares: bool,
    /// What is not clear, by line.
    pub(super) unclear: Vec<(usize, String)>,
}

/// Commands that neither start a server nor write configuration.
const HARMLESS: [&str; 43] = [
    "rm", "kill", "pwd", "which", "dirname", ":", "[", "[[", "test", "true", "false", "echo",
    "printf", "umask", "ulimit", "shopt", "trap", "local", "readonly", "declare", "typeset",
    "unset", "sleep", "id", "return", "wait", "mkdir", "chown", "chmod", "touch", "ls", "find",
    "hostname", "date", "tail", "cat", "set", "read", "command", "type", "hash", "break",
    "continue",
];

/// Reads a script. `is_server` knows programs that listen, by their name or path.
pub(super) fn read(script: &Script, is_server: &dyn Fn(&str) -> bool) -> Told {
    let commands = grammar::commands(&script.text);
    let mut reader = Reader {
        shell: Shell::new(&script.command, &script.arguments),
        is_server,
        told: Told::default(),
    };
    let meant = |simple: &Simple| {
        let name = simple.words.first().and_then(lexer::Word::plain);
        simple.depth == 0
            && !simple.background
            && !name.is_some_and(|name| HARMLESS.contains(&name))
    };
    let last = commands.all.iter().rposition(meant);
    for (n, simple) in commands.all.iter().enumerate() {
        let function = simple.words.first().and_then(lexer::Word::plain);
        if function.is_some_and(|name| commands.functions.contains(name)) {
            continue;
        }
        if !reader.simple(simple, last == Some(n), commands.all.get(n.wrapping_sub(1))) {
            break;
        }
    }
    let told = &mut reader.told;
    if told.starts.is_empty() && told.unclear.is_empty() {
        told.unclear
            .push((1, "what it starts is not told by its text".to_owned()));
    }
    reader.told
}

struct Reader<'a> {
    shell: Shell,
    is_server: &'a dyn Fn(&str) -> bool,
    told: Told,
}

impl Reader<'_> {
    /// One command; `false`: nothing behind it is run.
    fn simple(&mut self, simple: &Simple, last: bool, before: Option<&Simple>) -> bool {
        let line = simple.words.first().map_or(1, |word| word.line);
        let tested = before.and_then(|before| before.words.first()?.plain());
        let tested = matches!(tested, Some("[" | "[[" | "test"));
        let chosen = match simple.after {
            After::Nothing | After::Pipe => false,
            After::And => tested,
            After::Or => true,
        };
        let nested = simple.depth > 0 || chosen;
        self.told.prepares |= simple.writes;
        let (assignments, words) = self.shell.assignments(&simple.words);
        if words.is_empty() {
            self.shell.assign(&assignments, nested);
            return true;
        }
        let (all, known) = self.shell.expand(words);
        let Some(name) = all.first().cloned() else {
            if !known && last {
                self.told.unclear.push((
                    line,
                    "which program it starts only a shell knows".to_owned(),
                ));
            }
            return true;
        };
        match name.as_str() {
            "exit" => return nested,
            "cd" => self.shell.change_directory(all.get(1), nested || !known),
            "export" => self.shell.export(&words[1..], nested),
            "shift" => self.shell.shift(all.get(1), nested),
            "set" if all.get(1).is_some_and(|word| word == "--") => {
                let (all, known) = self.shell.expand_set(&words[2..], nested);
                self.shell.set(&all, nested, known);
            }
            name if HARMLESS.contains(&name) => {}
            "exec" => {
                let words = words.get(1..).unwrap_or_default();
                return self.exec(words, &assignments, line, nested);
            }
            _ => self.plain(simple, words, &assignments, (line, nested, last)),
        }
        true
    }

    /// `exec`; `false`: nothing behind it is run.
    fn exec(
        &mut self,
        words: &[lexer::Word],
        assignments: &[(String, Option<String>)],
        line: usize,
        nested: bool,
    ) -> bool {
        let options = words.iter().take_while(|word| {
            word.plain()
                .is_some_and(|word| matches!(word, "-c" | "-l" | "--"))
        });
        let words = &words[options.count()..];
        // Redirections alone.
        if words.is_empty() {
            return true;
        }
        let kind = if nested { Kind::Way } else { Kind::Becomes };
        self.start(words, assignments, kind, line);
        nested
    }

    /// A command that is no word of the shell.
    fn plain(
        &mut self,
        simple: &Simple,
        words: &[lexer::Word],
        assignments: &[(String, Option<String>)],
        (line, nested, last): (usize, bool, bool),
    ) {
        let (all, _) = self.shell.expand(words);
        let serves = all.iter().take(4).any(|word| (self.is_server)(word));
        let becomes = last && !nested && !simple.piped;
        match (becomes, serves) {
            (true, _) => self.start(words, assignments, Kind::Becomes, line),
            (false, true) if nested => self.start(words, assignments, Kind::Perhaps, line),
            (false, true) => self.start(words, assignments, Kind::Always, line),
            (false, false) if simple.background && !nested => {
                self.start(words, assignments, Kind::Always, line);
            }
            (false, false) => self.told.prepares = true,
        }
    }

    fn start(
        &mut self,
        words: &[lexer::Word],
        assignments: &[(String, Option<String>)],
        kind: Kind,
        line: usize,
    ) {
        // The same script with the same arguments comes to what follows here.
        if words.iter().any(expand::is_itself) {
            return;
        }
        for (words, known) in self.shell.alternatives(words) {
            if words.first().is_none_or(String::is_empty) {
                let why = "which program it starts only a shell knows";
                self.told.unclear.push((line, why.to_owned()));
                continue;
            }
            self.told.starts.push(Start {
                command: self.shell.command(words, assignments),
                kind,
                known,
                line,
            });
        }
    }
}
