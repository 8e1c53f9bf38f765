//! Which programs a container of an image starts: its entrypoint and command, followed through wrappers
//! (tini, gosu, env), shells, supervisors and the scripts that images begin with.
//!
//! No shell is built here. What is read of a script are its commands in their order (`shell`), and where
//! it has more than one way to go, or says its program in a way that only a shell knows, the outcome is
//! that this is not clear: a program that is [`Program::presumed`], or none and a reason. Reads files only
//! through [`Root`], and judges nothing.

mod packages;
mod resolve;
mod shell;
mod supervise;
#[cfg(test)]
mod tests;
mod wrapper;

use std::collections::BTreeMap;

use super::host::{file_name, join};
use shell::{Budget, Kind, Script, Start};

/// The files that a program of the image sees. Paths are absolute.
pub trait Root {
    /// The text of a regular file. `None`: it is not there, is no text, or cannot be read.
    fn text(&self, path: &str) -> Option<String>;
    /// The names in a directory, sorted; none where there is none.
    fn names(&self, path: &str) -> Vec<String>;
    /// Where a path leads once links are followed.
    fn real(&self, path: &str) -> Option<String>;
    /// Whether it leads to a file that may be executed.
    fn is_program(&self, path: &str) -> bool;
}

/// A command line and what it is run with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program's name or path first.
    pub words: Vec<String>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// The working directory; empty: `/`. [`NOWHERE`]: it is not known.
    pub directory: String,
}

/// A program that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its command line, as its process would show it: a script's begins with its interpreter.
    pub command: Command,
    /// The name that its process would have: that of the file that is run, a script's own.
    pub name: String,
    /// The path of its executable, with links followed.
    pub executable: String,
    /// Whether it may well be another one, or none.
    pub presumed: bool,
    /// Whether something runs before it that may write its configuration.
    pub prepared: bool,
    /// Those with the same number are ways that one script goes, of which it goes one; 0: there is one way.
    pub choice: usize,
}

/// What an image starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// The programs, in the order in which they were found.
    pub programs: Vec<Program>,
    /// The init of a whole system, where one is started.
    pub init: Option<Init>,
    /// What is not clear: what was looked at, and why. None: all was followed to its end.
    pub unclear: Vec<(String, String)>,
    /// What may write configuration before a program reads it: where it stands, and what it does.
    pub prepared: Vec<(String, String)>,
}

/// The init of a whole system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// systemd, which listens for .socket units.
    Systemd,
    /// OpenRC, by itself or behind BusyBox' init.
    OpenRc,
}

/// How many programs may start each other.
const DEEPEST: usize = 12;
/// Programs that are kept.
const MOST: usize = 64;
/// Commands that are followed in all: a script may start itself in many ways.
pub const MOST_STEPS: usize = 512;

/// The directory of a command of which it is not known: no file is in it.
pub const NOWHERE: &str = "/?";

/// Follows what an image starts. `is_server` knows the file names of executables that listen.
pub fn follow(command: &Command, root: &dyn Root, is_server: &dyn Fn(&str) -> bool) -> Started {
    let mut follower = Follower {
        root,
        is_server,
        started: Started::default(),
        steps: 0,
        budget: Budget::new(),
    };
    let way = Way {
        depth: 0,
        presumed: false,
        prepared: false,
        choice: 0,
    };
    follower.run(command, way);
    if follower.budget.is_spent() {
        let why = "they become more text than is followed";
        follower.unclear("variables and arguments of what it starts", why);
    }
    let Started { programs, .. } = &mut follower.started;
    let mut seen: Vec<Program> = Vec::new();
    programs.retain(|program| {
        let known = seen.contains(program);
        seen.push(program.clone());
        !known
    });
    follower.started
}

/// How a command was come to.
#[derive(Debug, Clone, Copy)]
struct Way {
    depth: usize,
    presumed: bool,
    prepared: bool,
    choice: usize,
}

struct Follower<'a> {
    root: &'a dyn Root,
    is_server: &'a dyn Fn(&str) -> bool,
    started: Started,
    steps: usize,
    budget: Budget,
}

impl Follower<'_> {
    fn run(&mut self, command: &Command, way: Way) {
        let Some(name) = command.words.first() else {
            return self.unclear("entrypoint and command", "the image has none");
        };
        self.steps += 1;
        let many = self.steps > MOST_STEPS || self.started.programs.len() >= MOST;
        if way.depth >= DEEPEST || many {
            return self.unclear(name, "too many programs start each other");
        }
        let Some(path) = resolve::program(self.root, command) else {
            let there = name.contains('/') && self.root.real(&absolute(command, name)).is_some();
            let why = match there {
                true => "it may not be executed: a container would not start",
                false => "there is no such program in the image",
            };
            return self.unclear(name, why);
        };
        let way = Way {
            depth: way.depth + 1,
            ..way
        };
        let real = self.root.real(&path).unwrap_or_else(|| path.clone());
        // What BusyBox does depends on the name that it is called by.
        let called = file_name(name);
        if let Some(init) = resolve::init(self.root, called, &real) {
            self.started.init = Some(init);
            return;
        }
        if let Some(inner) = wrapper::behind(called, command) {
            return self.inner(called, inner, command, way);
        }
        if resolve::is_shell(called) {
            return self.shell(command, way);
        }
        if let Some(programs) = supervise::programs(self.root, called, &real, command, &self.budget)
        {
            return self.supervised(&path, programs, way);
        }
        if let Some(inner) = packages::script(self.root, called, command) {
            return self.inner(called, inner, command, way);
        }
        match self.interpreter(&path) {
            Some(words) => self.script(&path, words, command, way),
            None => self.keep(command.clone(), file_name(&path), real, way),
        }
    }

    /// The command behind a wrapper.
    fn inner(&mut self, called: &str, inner: Option<Command>, outer: &Command, way: Way) {
        match inner {
            Some(command) if !command.words.is_empty() => self.run(&command, way),
            _ => {
                let words = outer.words.join(" ");
                self.unclear(&words, &format!("what {called} starts is not told by it"));
            }
        }
    }

    /// The interpreter of a script with its option, as its first line says.
    fn interpreter(&self, path: &str) -> Option<Vec<String>> {
        let text = self.root.text(path)?;
        let line = text.strip_prefix("#!")?.lines().next()?.trim();
        let (program, option) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let option = option.trim();
        let words = [program, option]
            .into_iter()
            .filter(|word| !word.is_empty());
        Some(words.map(str::to_owned).collect())
    }

    /// A script: the kernel puts its interpreter before it (execve(2)).
    fn script(&mut self, path: &str, mut words: Vec<String>, command: &Command, way: Way) {
        words.push(path.to_owned());
        words.extend(command.words.iter().skip(1).cloned());
        let command = Command {
            words,
            ..command.clone()
        };
        // `env` looks its program up, and a shell reads the script.
        self.run_interpreter(&command, file_name(path), way);
    }

    fn run_interpreter(&mut self, command: &Command, name: &str, way: Way) {
        let called = command.words.first().map_or("", |name| file_name(name));
        let looked_up =
            called == "env" || resolve::is_shell(called) || supervise::is_execline(called);
        if looked_up || called == "with-contenv" {
            return self.run(command, way);
        }
        match resolve::program(self.root, command) {
            Some(path) => {
                let real = self.root.real(&path).unwrap_or(path);
                self.keep(command.clone(), name, real, way);
            }
            None => self.unclear(called, "there is no such program in the image"),
        }
    }

    fn keep(&mut self, command: Command, name: &str, executable: String, way: Way) {
        self.started.programs.push(Program {
            command,
            name: name.to_owned(),
            executable,
            presumed: way.presumed,
            prepared: way.prepared,
            choice: way.choice,
        });
    }

    fn supervised(&mut self, path: &str, found: supervise::Found, way: Way) {
        if found.commands.is_empty() {
            self.unclear(path, "which programs it starts is not known");
        }
        for (what, why) in found.unclear {
            self.unclear(&what, &why);
        }
        for command in found.commands {
            self.run(&command, way);
        }
    }

    /// A shell with its text, or with a script.
    fn shell(&mut self, command: &Command, way: Way) {
        let Some(script) = Script::of(self.root, command) else {
            let words = command.words.join(" ");
            let why = "a shell that is told what to do by whoever starts it";
            return self.unclear(&words, why);
        };
        let is_server = |word: &str| (self.is_server)(file_name(word));
        let told = shell::read(&script, &is_server, &self.budget);
        let prepared = way.prepared || told.prepares.is_some();
        if let Some((line, what)) = told.prepares.filter(|_| !told.starts.is_empty()) {
            let entry = (script.place(line), what);
            if !self.started.prepared.contains(&entry) && self.started.prepared.len() < MOST {
                self.started.prepared.push(entry);
            }
        }
        for (line, why) in &told.unclear {
            self.unclear(&script.place(*line), why);
        }
        let sure = self.one_way(&told.starts);
        let becomes = |start: &Start| matches!(start.kind, Kind::Becomes | Kind::Way);
        let several = told.starts.iter().filter(|start| becomes(start)).count() > 1;
        let choice = self.steps;
        for start in told.starts {
            let presumed = match start.kind {
                Kind::Always => !start.known,
                Kind::Becomes | Kind::Way => !sure,
                Kind::Perhaps => true,
            };
            if presumed {
                let place = script.place(start.line);
                self.unclear(&place, "which way it goes only a shell knows");
            }
            let way = Way {
                presumed: way.presumed || presumed,
                prepared,
                choice: if several && becomes(&start) {
                    choice
                } else {
                    way.choice
                },
                ..way
            };
            self.run(&start.command, way);
        }
    }

    /// Whether a script becomes one and the same program whichever way it goes.
    fn one_way(&self, starts: &[Start]) -> bool {
        let ways = starts
            .iter()
            .filter(|it| matches!(it.kind, Kind::Becomes | Kind::Way));
        let ways: Vec<&Start> = ways.collect();
        let program = |start: &&Start| {
            let path = resolve::program(self.root, &start.command)?;
            self.root.real(&path).filter(|_| start.known)
        };
        let mut programs = ways.iter().map(program);
        let first = programs.next().flatten();
        let ends = ways.iter().any(|start| start.kind == Kind::Becomes);
        let alike = programs.all(|other| other == first);
        ends && (ways.len() == 1 && ways[0].known || first.is_some() && alike)
    }

    fn unclear(&mut self, what: &str, why: &str) {
        let entry = (what.to_owned(), why.to_owned());
        if !self.started.unclear.contains(&entry) && self.started.unclear.len() < MOST {
            self.started.unclear.push(entry);
        }
    }
}

/// A path as a command with this directory means it.
fn absolute(command: &Command, path: &str) -> String {
    let directory = match command.directory.as_str() {
        "" => "/",
        directory => directory,
    };
    join(directory, path)
}
