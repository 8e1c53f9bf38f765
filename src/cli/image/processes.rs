//! The processes that a container of an image would have, as readers of configuration see those of a host.

use std::collections::BTreeMap;

use super::files::Files;
use crate::collect::below::Below as _;
use crate::image::Config;
use crate::services::Catalogue;
use crate::services::host::{Host, Listing, Status, Text, file_name, join};
use crate::services::inspect::services;
use crate::services::service::Kind;
use crate::services::start::{self, Command, Init, Program, Root as _, Started};
use crate::snapshot::{Gap, Owner};

/// Bytes of `comm`.
const COMM: usize = 15;
/// Folders of programs.
const PROGRAMS: [&str; 6] = [
    "/usr/sbin",
    "/usr/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/sbin",
    "/bin",
];
/// Programs that are merely installed, at most.
const MOST_INSTALLED: usize = 16;

/// The processes of a container that nobody has started, numbered from 1.
pub(super) struct Processes<'a> {
    files: Files<'a>,
    started: Started,
    /// The numbers of processes that are merely installed.
    installed: usize,
}

impl<'a> Processes<'a> {
    /// Follows what the image starts.
    pub(super) fn new(config: Option<&Config>, files: &Files<'a>, catalogue: &Catalogue) -> Self {
        let is_server = |name: &str| knows(catalogue, name);
        let command = config.map(command).unwrap_or_default();
        let mut started = match config {
            Some(_) => start::follow(&command, files, &is_server),
            None => start_of_folder(files),
        };
        if started.init == Some(Init::Systemd) {
            let bare = Self {
                files: *files,
                started: Started::default(),
                installed: 0,
            };
            for (n, words) in services(&bare).into_iter().enumerate() {
                let command = Command {
                    words,
                    ..Command::default()
                };
                let mut more = start::follow(&command, files, &is_server);
                // Choices of different scripts are different ones.
                for program in more.programs.iter_mut().filter(|it| it.choice > 0) {
                    program.choice += n * start::MOST_STEPS;
                }
                started.programs.extend(more.programs);
            }
        }
        let before = started.programs.len();
        if started.programs.is_empty() && started.init.is_none() {
            started.programs = installed(files, &command, &is_server);
        }
        Self {
            files: *files,
            installed: started.programs.len() - before,
            started,
        }
    }

    /// Whether an init is started that reads sysctl files.
    pub(super) fn boots(&self) -> bool {
        self.started.init.is_some()
    }

    /// Whether systemd is started, which listens for others.
    pub(super) fn has_systemd(&self) -> bool {
        self.started.init == Some(Init::Systemd)
    }

    /// Whether it is not clear what runs.
    pub(super) fn is_unclear(&self) -> bool {
        !self.started.unclear.is_empty()
    }

    /// Whether something runs before a process that may write its configuration.
    pub(super) fn is_prepared(&self, pid: u32) -> bool {
        let program = self.program(pid);
        program.is_some_and(|program| program.prepared || self.lacks(program).is_some())
    }

    /// The configuration files that a command line names and that the image lacks.
    fn lacks(&self, program: &Program) -> Option<String> {
        let directory = match program.command.directory.as_str() {
            start::NOWHERE => return None,
            directory => format!("/{}", directory.trim_start_matches('/')),
        };
        let words = program.command.words.iter().skip(1);
        let named = words.map(|word| match word.split_once('=') {
            Some((option, value)) if option.starts_with('-') => value,
            _ => word.as_str(),
        });
        let mut named = named.filter(|word| is_configuration(word));
        let lacks = |name: &&str| self.files.real(&join(&directory, name)).is_none();
        named.find(lacks).map(|name| join(&directory, name))
    }

    fn lacking(&self) -> impl Iterator<Item = Gap> {
        self.started.programs.iter().filter_map(|program| {
            let file = self.lacks(program)?;
            let why = format!(
                "the command line of {} names it, and the image lacks it",
                program.name
            );
            Some(Gap::new(
                file,
                why,
                "what the server's configuration says when it starts",
            ))
        })
    }

    /// The choice of a script that a process is one way of; 0: of none.
    pub(super) fn choice(&self, pid: u32) -> usize {
        self.program(pid).map_or(0, |program| program.choice)
    }

    /// The beginning of a process' command line, for people.
    pub(super) fn shown(&self, pid: u32) -> String {
        let words = self.program(pid).map(|program| &program.command.words);
        let words = words.into_iter().flatten().take(3);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Whether a process may well be another, or none.
    pub(super) fn is_presumed(&self, pid: u32) -> bool {
        self.program(pid).is_some_and(|program| program.presumed)
    }

    /// Whether its programs are those that are installed, because nothing tells what is started.
    pub(super) fn are_installed(&self) -> bool {
        self.installed > 0
    }

    /// The processes as owners of listeners.
    pub(super) fn owners(&self) -> Vec<Owner> {
        let all = self.started.programs.iter().enumerate();
        all.map(|(n, program)| self.owner(n, program)).collect()
    }

    fn owner(&self, n: usize, program: &Program) -> Owner {
        let shown = self.files.0.shown(&program.executable).ok().flatten();
        let shown = shown.unwrap_or_default();
        let comm: String = {
            let mut end = program.name.len().min(COMM);
            while !program.name.is_char_boundary(end) {
                end -= 1;
            }
            program.name[..end].to_owned()
        };
        Owner {
            pid: u32::try_from(n + self.first()).ok(),
            comm: Some(comm),
            exe: Some(program.executable.clone()),
            runtime: shown.runtime,
            libc: shown.libc,
            ..Owner::default()
        }
    }

    /// What is not clear about what runs.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> {
        let blinds = "which program listens, and what it asks for";
        let all = self.started.unclear.iter();
        let all = all.map(move |(what, why)| Gap::new(what.as_str(), why.as_str(), blinds));
        let written = "what the server's configuration says when it starts";
        let before = self.started.prepared.iter();
        let before = before.map(move |(what, why)| {
            let why = format!("{why} before the server starts");
            Gap::new(what.as_str(), why, written)
        });
        all.chain(before).chain(self.lacking())
    }

    /// The number of the first program: an init has the first of all.
    fn first(&self) -> usize {
        1 + usize::from(self.boots())
    }

    fn program(&self, pid: u32) -> Option<&Program> {
        let n = usize::try_from(pid).ok()?.checked_sub(self.first())?;
        self.started.programs.get(n)
    }
}

/// Whether a word of a command line is the name of a configuration file.
fn is_configuration(word: &str) -> bool {
    let endings = [
        ".conf", ".cfg", ".cnf", ".ini", ".toml", ".yaml", ".yml", ".xml", ".conf.py",
    ];
    !word.starts_with('-')
        && !word.contains(|c: char| c.is_whitespace() || c == ':')
        && endings.iter().any(|end| word.ends_with(end))
}

/// Whether an executable of this name is a server that is known.
fn knows(catalogue: &Catalogue, name: &str) -> bool {
    let known = catalogue.known_as(file_name(name));
    known.iter().any(|service| service.kind == Kind::Program)
}

/// What the image's configuration starts.
fn command(config: &Config) -> Command {
    Command {
        words: [config.entrypoint.clone(), config.command.clone()].concat(),
        variables: config.environment.iter().cloned().collect(),
        directory: config.directory.clone(),
    }
}

/// Of a folder nothing tells how it is started. A system that can boot does that.
fn start_of_folder(files: &Files<'_>) -> Started {
    let init = ["/sbin/init", "/usr/sbin/init"]
        .into_iter()
        .find(|path| files.is_program(path));
    if let Some(path) = init {
        let command = Command {
            words: vec![path.to_owned()],
            ..Command::default()
        };
        let started = start::follow(&command, files, &|_| false);
        if started.init.is_some() {
            return started;
        }
    }
    let what = "entrypoint and command".to_owned();
    let why = "a folder does not tell how it is started".to_owned();
    Started {
        unclear: vec![(what, why)],
        ..Started::default()
    }
}

/// The servers that are installed, each as it is started without arguments.
fn installed(
    files: &Files<'_>,
    command: &Command,
    is_server: &dyn Fn(&str) -> bool,
) -> Vec<Program> {
    let mut found: BTreeMap<String, Program> = BTreeMap::new();
    for folder in PROGRAMS {
        for name in files.names(folder) {
            let path = format!("{folder}/{name}");
            if found.len() >= MOST_INSTALLED || !is_server(&name) || !files.is_program(&path) {
                continue;
            }
            let Some(executable) = files.real(&path) else {
                continue;
            };
            let program = Program {
                command: Command {
                    words: vec![path],
                    ..command.clone()
                },
                name,
                executable: executable.clone(),
                presumed: true,
                prepared: false,
                choice: 0,
            };
            found.entry(executable).or_insert(program);
        }
    }
    found.into_values().collect()
}

impl Host for Processes<'_> {
    fn status(&self, pid: u32) -> Option<Status> {
        let known = self.program(pid).is_some() || pid == 1;
        known.then_some(Status {
            parent: 0,
            started: None,
        })
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        Some(self.program(pid)?.command.words.clone())
    }

    fn directory(&self, pid: u32) -> Option<String> {
        match self.program(pid)?.command.directory.as_str() {
            "" => Some("/".to_owned()),
            start::NOWHERE => None,
            directory => Some(directory.to_owned()),
        }
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        self.program(pid)?.command.variables.get(name).cloned()
    }

    fn descriptor_limit(&self, _: u32) -> Option<(u64, u64)> {
        // Whoever makes the container decides.
        None
    }

    fn package(&self, _: u32, name: &str) -> Option<String> {
        self.files.package(name)
    }

    fn read(&self, _: u32, path: &str) -> Result<Option<Text>, String> {
        let bytes = self.files.0.read(path).map_err(|why| why.to_string())?;
        Ok(bytes.map(|bytes| Text {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            modified: None,
        }))
    }

    fn list(&self, _: u32, path: &str) -> Result<Option<Listing>, String> {
        let names = self.files.0.list(path).map_err(|why| why.to_string())?;
        Ok(names.map(|names| Listing {
            names,
            modified: None,
        }))
    }
}
