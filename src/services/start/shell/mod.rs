//! What a shell's text starts: the commands that it becomes (`exec`, or its last), and those servers that
//! it starts on the way. It follows what can be followed without a shell: assignments of plain words,
//! `"$@"`, `cd`, `set --`. What stands in an `if`, a loop or a function may happen or not, and is told as
//! one of several ways.

mod expand;
mod grammar;
mod known;
mod lexer;

use super::{Command, Root, absolute};
pub(super) use expand::Budget;
use expand::Shell;
use grammar::{Commands, Reached, Simple};
use known::HARMLESS;

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
    /// The first thing that it does beside, which may write configuration: its line, and what it is.
    pub(super) prepares: Option<(usize, String)>,
    /// What is not clear, by line.
    pub(super) unclear: Vec<(usize, String)>,
}

/// Commands, and reasons why some are not clear, that are kept of one script.
const MOST_TOLD: usize = 512;

/// Reads a script. `is_server` knows programs that listen, by their name or path.
pub(super) fn read(script: &Script, is_server: &dyn Fn(&str) -> bool, budget: &Budget) -> Told {
    let commands = grammar::commands(&script.text);
    let last = grammar::last(&commands.all);
    let mut reader = Reader {
        shell: Shell::new(&script.command, &script.arguments, budget),
        is_server,
        told: Told::default(),
        last_list: last.and_then(|last| grammar::only_list(&commands.all, last)),
        before_cd: None,
    };
    for (n, simple) in commands.all.iter().enumerate() {
        let function = simple.words.first().and_then(lexer::Word::plain);
        if function.is_some_and(|name| commands.functions.contains(name)) {
            reader.call(simple, last == Some(n));
        } else if !reader.simple(simple, last == Some(n)) {
            break;
        }
    }
    reader.end(&commands)
}

struct Reader<'a> {
    shell: Shell<'a>,
    is_server: &'a dyn Fn(&str) -> bool,
    told: Told,
    /// The list that the text ends with.
    last_list: Option<usize>,
    before_cd: Option<Before>,
}

/// The working directory before a `cd` that may not hold for what follows its list or its brackets.
struct Before {
    list: usize,
    bracket: Option<usize>,
    directory: Option<String>,
    /// Whether it holds again, since a shell of its own went elsewhere. If not, both may be.
    again: bool,
}

/// Why a command is not followed.
const ONLY_A_SHELL: &str = "which program it starts only a shell knows";

impl Reader<'_> {
    /// What is said once all is read.
    fn end(mut self, commands: &Commands) -> Told {
        if !commands.whole {
            for start in &mut self.told.starts {
                start.known = false;
            }
            self.unclear(1, "its text could not be read to its end");
        }
        if self.told.starts.is_empty() && self.told.unclear.is_empty() {
            self.unclear(1, "what it starts is not told by its text");
        }
        self.told
    }

    fn unclear(&mut self, line: usize, why: &str) {
        if self.told.unclear.len() < MOST_TOLD {
            self.told.unclear.push((line, why.to_owned()));
        }
    }

    /// A call of a function, whose commands were told where they stand.
    fn call(&mut self, simple: &Simple, last: bool) {
        let ways = self.told.starts.iter().any(|start| start.kind == Kind::Way);
        if (last || simple.aside) && !ways {
            let line = simple.words.first().map_or(1, |word| word.line);
            self.unclear(line, ONLY_A_SHELL);
        }
    }

    /// Whether a command may not be run.
    fn is_nested(&self, simple: &Simple) -> bool {
        simple.depth > 0 || simple.reached == Reached::Perhaps
    }

    /// Whether it is run only if those before it went well, and something else if not.
    fn is_conditional(&self, simple: &Simple) -> bool {
        simple.reached == Reached::IfWell && self.last_list != Some(simple.list)
    }

    /// One command; `false`: nothing behind it is run.
    fn simple(&mut self, simple: &Simple, last: bool) -> bool {
        let before = self.told.starts.len();
        let goes_on = simple.words.is_empty() || self.command(simple, last);
        // Where a server's own output goes is no configuration.
        let writes = simple.writes.as_ref();
        if let Some((line, file)) = writes.filter(|_| self.told.starts.len() == before) {
            self.prepares(*line, format!("writes {file}"));
        }
        goes_on
    }

    fn prepares(&mut self, line: usize, what: String) {
        self.told.prepares.get_or_insert((line, what));
    }

    /// A command beside the servers. One whose name is not known may be any.
    fn beside(&mut self, line: usize, words: &[lexer::Word]) {
        let (mut all, _) = self.shell.expand(words);
        if words
            .first()
            .is_some_and(|it| self.shell.expand(std::slice::from_ref(it)).0.is_empty())
        {
            all.clear();
        }
        if let Some(what) = known::prepares(&all) {
            self.prepares(line, what);
        }
    }

    fn command(&mut self, simple: &Simple, last: bool) -> bool {
        self.leave(simple);
        let line = simple.words.first().map_or(1, |word| word.line);
        let nested = self.is_nested(simple);
        let unsure = nested || self.is_conditional(simple) || simple.in_subshell();
        let (assignments, words) = self.shell.assignments(&simple.words);
        if words.is_empty() {
            self.shell.assign(&assignments, unsure);
            return true;
        }
        let (all, known) = self.shell.expand(words);
        let Some(name) = all.first().cloned() else {
            if !known && last {
                self.unclear(line, ONLY_A_SHELL);
            }
            return true;
        };
        match name.as_str() {
            "exit" => return unsure || simple.reached != Reached::Surely,
            "cd" | "pushd" | "popd" => self.change_directory(simple, all.get(1).filter(|_| known)),
            "export" => self.shell.export(&words[1..], unsure),
            "shift" => self.shell.shift(all.get(1), unsure),
            "set" if all.get(1).is_some_and(|word| word == "--") => {
                let (all, known) = self.shell.expand_set(&words[2..], unsure);
                self.shell.set(&all, unsure, known);
            }
            "eval" if !last && all.iter().any(|word| word.contains("exec")) => {
                self.unclear(line, ONLY_A_SHELL);
            }
            name if HARMLESS.contains(&name) => self.beside(line, words),
            "exec" => {
                let words = words.get(1..).unwrap_or_default();
                return self.exec(simple, words, &assignments, line, last);
            }
            _ => self.plain(simple, words, &assignments, (line, last)),
        }
        true
    }

    fn change_directory(&mut self, simple: &Simple, to: Option<&String>) {
        let subshell = simple.in_subshell();
        if self.before_cd.is_none() && (subshell || self.is_conditional(simple)) {
            self.before_cd = Some(Before {
                list: simple.list,
                bracket: simple.bracket,
                directory: self.shell.directory().cloned(),
                again: subshell,
            });
        }
        // In brackets it holds for what follows there.
        let doubt = simple.reached == Reached::Perhaps
            || simple.depth > usize::from(simple.bracket.is_some());
        self.shell.change_directory(to, doubt || to.is_none());
    }

    /// The end of the list or of the brackets in which a `cd` was.
    fn leave(&mut self, simple: &Simple) {
        let over = |before: &mut Before| {
            simple.bracket != before.bracket
                || simple.bracket.is_none() && simple.list != before.list
        };
        if let Some(before) = self.before_cd.take_if(over) {
            let same = self.shell.directory() == before.directory.as_ref();
            let directory = before.directory.filter(|_| before.again || same);
            self.shell.set_directory(directory);
        }
    }

    /// `exec`; `false`: nothing behind it is run.
    fn exec(
        &mut self,
        simple: &Simple,
        words: &[lexer::Word],
        assignments: &[(String, Option<String>)],
        line: usize,
        last: bool,
    ) -> bool {
        let mut words = words;
        while let [first, rest @ ..] = words
            && let Some(option) = first.plain().filter(|word| word.starts_with('-'))
        {
            // The word behind `-a` is the name that the program is given.
            let named = usize::from(option.ends_with('a'));
            words = rest.get(named..).unwrap_or_default();
        }
        // Redirections alone.
        if words.is_empty() {
            return true;
        }
        if simple.bracket.is_none() && simple.in_subshell() {
            self.plain(simple, words, assignments, (line, last));
            return true;
        }
        let nested = self.is_nested(simple);
        let kind = if nested { Kind::Way } else { Kind::Becomes };
        if !known::only_asks(&self.shell.expand(words).0, self.is_server) {
            self.start(words, assignments, kind, line);
        }
        nested || self.is_conditional(simple)
    }

    /// A command that is no word of the shell.
    fn plain(
        &mut self,
        simple: &Simple,
        words: &[lexer::Word],
        assignments: &[(String, Option<String>)],
        (line, last): (usize, bool),
    ) {
        let (all, _) = self.shell.expand(words);
        if known::only_asks(&all, self.is_server) {
            return;
        }
        let serves = all.iter().take(4).any(|word| (self.is_server)(word));
        let nested = self.is_nested(simple);
        let perhaps = nested || self.is_conditional(simple);
        let kind = if perhaps { Kind::Perhaps } else { Kind::Always };
        match (last, serves) {
            (true, _) if !nested => self.start(words, assignments, Kind::Becomes, line),
            (_, true) => self.start(words, assignments, kind, line),
            (true, false) => self.unclear(line, ONLY_A_SHELL),
            (false, false) if simple.background && !nested => {
                self.start(words, assignments, kind, line);
            }
            (false, false) => self.beside(line, words),
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
                self.unclear(line, ONLY_A_SHELL);
                continue;
            }
            let command = self.shell.command(words, assignments);
            let Some(command) = command.filter(|_| self.told.starts.len() < MOST_TOLD) else {
                self.unclear(line, "too much is started to be followed");
                continue;
            };
            self.told.starts.push(Start {
                command,
                kind,
                // What it reads depends on where it is.
                known: known && self.shell.directory().is_some(),
                line,
            });
        }
    }
}
