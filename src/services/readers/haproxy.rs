//! HAProxy: what each `bind` listens with, which is the first that is set of its own `backlog`, its
//! proxy's `backlog`, its own `maxconn`, its proxy's `maxconn` and the process's `maxconn`.
//!
//! Follows src/listener.c (`listener_backlog`), src/cfgparse*.c, src/cli.c and src/peers.c. Where none
//! of these is set HAProxy derives a number from its limit of descriptors, its threads and all else
//! that takes a descriptor (`compute_ideal_maxconn` in src/haproxy.c). Only the limit is known here:
//! such a `bind` gets about that number, and the reading is not complete.

mod address;
mod command;
mod line;
mod numbers;
mod section;

use std::cell::Cell;
use std::collections::BTreeMap;

use super::{Context, Place, Reading};
use crate::services::host::{DEEPEST, Files, join};
use command::{CommandLine, leading};
use line::Conditions;
use section::{Kind, Limits, Number, Section};

/// Sockets that one configuration may have: ranges of ports multiply.
const MOST_SOCKETS: usize = 1 << 16;
/// What opens a section that listens nowhere.
const OTHERS: [&str; 14] = [
    "backend",
    "mailers",
    "userlist",
    "resolvers",
    "cache",
    "http-errors",
    "ring",
    "fcgi-app",
    "program",
    "crt-store",
    "acme",
    "traces",
    "log-profile",
    "ruleset",
];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let line = CommandLine::parse(context.arguments);
    // A worker may have changed its root and its directory; its master has not.
    let pid = command::first(context);
    context.files = Files::new(context.host, pid);
    let mut directory = context.host.directory(pid).unwrap_or_default();
    if let Some(path) = &line.directory {
        directory = join(&directory, path);
    }
    let mut parser = Parser::new(context);
    let mut found = !line.files.is_empty();
    for file in &line.files {
        let path = join(&directory, file);
        if parser.context.files.is_directory(&path) {
            for name in parser.context.files.list(&path) {
                if name.ends_with(".cfg") && !name.starts_with('.') {
                    parser.file(&join(&path, &name));
                }
            }
        } else {
            found &= parser.file(&path);
        }
    }
    for socket in &line.master {
        let words: Vec<String> = socket.split(',').map(str::to_owned).collect();
        parser.section(Kind::Master, "", Limits::default());
        parser.bind(&words, &Place::command_line());
    }
    if let Some(number) = line.maxconn {
        parser.maxconn = Number::Set(number, Place::command_line());
    }
    let everywhere = match line.proxy_maxconn {
        Some(number) => Number::Set(number, Place::command_line()),
        None => parser.maxconn.clone(),
    };
    let mut reading = parser.reading(&everywhere);
    reading.complete &= found && !context.files.has_faults();
    reading
}

struct Parser<'c, 'a> {
    context: &'c mut Context<'a>,
    variables: BTreeMap<String, Option<String>>,
    /// Whether all others were dropped.
    reset: bool,
    /// Whether a variable was asked for that is not set.
    unset: Cell<bool>,
    /// Of the process, and of its command line interface.
    maxconn: Number,
    stats_maxconn: Number,
    /// The last one is open.
    sections: Vec<Section>,
    defaults: Limits,
    named: BTreeMap<String, Limits>,
    /// What paths of unix sockets begin with.
    prefix: String,
    sockets: usize,
    complete: bool,
}

impl<'c, 'a> Parser<'c, 'a> {
    fn new(context: &'c mut Context<'a>) -> Self {
        Self {
            context,
            variables: BTreeMap::new(),
            reset: false,
            unset: Cell::new(false),
            maxconn: Number::Unset,
            stats_maxconn: Number::Unset,
            sections: Vec::new(),
            defaults: Limits::default(),
            named: BTreeMap::new(),
            prefix: String::new(),
            sockets: 0,
            complete: true,
        }
    }

    /// Reads one file. `false`: it is not there.
    fn file(&mut self, path: &str) -> bool {
        let Some(text) = self.context.files.read(path) else {
            return false;
        };
        let mut open = Conditions::default();
        for (at, line) in text.lines().enumerate() {
            let place = Place::Line(path.to_owned(), at + 1);
            self.unset.set(false);
            let words = line::words(line, |name, default| self.value(name, default));
            let Some(words) = words else {
                let why = format!("line {} is too long", at + 1);
                self.context.files.fault(path, why);
                continue;
            };
            let Some((first, rest)) = words.split_first() else {
                continue;
            };
            if first.starts_with('.') {
                let is = line::condition(&rest.join(" "), |name| self.variable(name));
                open.take(first, is);
                if open.depth() > DEEPEST {
                    let why = "its conditions are nested too deeply";
                    self.context.files.fault(path, why);
                    break;
                }
                continue;
            }
            let now = open.now();
            if now == Some(false) {
                continue;
            }
            self.line(first, rest, &place, now.is_some());
            let matters = ["bind", "maxconn", "backlog", "stats"].contains(&first.as_str());
            if matters && self.unset.get() {
                let why = "it uses variables that are not set";
                self.context.files.fault(path, why);
            }
            if now.is_none() {
                let why = "some lines depend on a condition that only HAProxy can decide";
                self.context.files.fault(path, why);
            }
        }
        true
    }

    /// A variable of the process, as far as the files have changed it.
    fn variable(&self, name: &str) -> Option<String> {
        match self.variables.get(name) {
            Some(set) => set.clone(),
            None if self.reset => None,
            None => self.context.host.variable(self.context.pid, name),
        }
    }

    fn value(&self, name: &str, default: Option<&str>) -> String {
        let found = self.variable(name).or_else(|| default.map(str::to_owned));
        self.unset.set(self.unset.get() || found.is_none());
        found.unwrap_or_default()
    }

    fn section(&mut self, kind: Kind, name: &str, limits: Limits) {
        self.sections.push(Section {
            kind,
            name: name.to_owned(),
            limits,
            binds: Vec::new(),
            peers: 0,
        });
    }

    /// Takes one line; `certain`: it counts in any case.
    fn line(&mut self, first: &str, rest: &[String], place: &Place, certain: bool) {
        let word = |at: usize| rest.get(at).map_or("", String::as_str);
        let from = |at: usize| {
            let named = word(at) == "from";
            named.then(|| self.named.get(word(at + 1)).cloned().unwrap_or_default())
        };
        match first {
            "global" => return self.section(Kind::Global, "", Limits::default()),
            "frontend" | "listen" => {
                let limits = from(1).unwrap_or_else(|| self.defaults.clone());
                return self.section(Kind::Frontend, word(0), limits);
            }
            "defaults" => {
                self.defaults = from(0).or_else(|| from(1)).unwrap_or_default();
                self.named.insert(word(0).to_owned(), self.defaults.clone());
                return self.section(Kind::Defaults, word(0), Limits::default());
            }
            "peers" => return self.section(Kind::Peers, word(0), Limits::default()),
            "log-forward" => return self.section(Kind::LogForward, word(0), Limits::default()),
            other if OTHERS.contains(&other) => {
                return self.section(Kind::Other, word(0), Limits::default());
            }
            _ => {}
        }
        let number = |text: &str| match leading(text) {
            _ if !certain => Number::Unknown,
            0 => Number::Unset,
            number => Number::Set(number, place.clone()),
        };
        let Some(open) = self.sections.last_mut() else {
            return;
        };
        match (open.kind, first) {
            (Kind::Global, _) => self.global(first, rest, &number, place, certain),
            (Kind::Frontend | Kind::LogForward, "backlog") => open.limits.backlog = number(word(0)),
            (Kind::Frontend | Kind::LogForward, "maxconn") => open.limits.maxconn = number(word(0)),
            (Kind::Defaults, "backlog" | "maxconn") => {
                match first {
                    "backlog" => self.defaults.backlog = number(word(0)),
                    _ => self.defaults.maxconn = number(word(0)),
                }
                self.named.insert(open.name.clone(), self.defaults.clone());
            }
            (Kind::Peers, "peer" | "server") => {
                open.peers += 1;
                // Only the one of this host listens; the others have no listener to be matched.
                if word(1).contains(':') && certain {
                    self.bind(rest.get(1..2).unwrap_or_default(), place);
                    self.peer();
                }
            }
            (Kind::Frontend | Kind::LogForward | Kind::Peers, "bind") if certain => {
                self.bind(rest, place);
            }
            _ => {}
        }
    }

    /// Takes a line of the section `global`.
    fn global(
        &mut self,
        first: &str,
        rest: &[String],
        number: &impl Fn(&str) -> Number,
        place: &Place,
        certain: bool,
    ) {
        let word = |at: usize| rest.get(at).map_or("", String::as_str);
        match (first, word(0)) {
            // The first one that is set wins here.
            ("maxconn", text) => self.maxconn = self.maxconn.or(&number(text)),
            ("stats", "maxconn") => self.stats_maxconn = number(word(1)),
            ("stats", "socket") if certain => {
                self.bind(rest.get(1..).unwrap_or_default(), place);
            }
            ("unix-bind", _) => {
                let prefix = rest.iter().position(|word| word == "prefix");
                if let Some(prefix) = prefix.and_then(|at| rest.get(at + 1)) {
                    self.prefix.clone_from(prefix);
                }
            }
            ("setenv", name) => {
                self.set(name, rest.get(1).cloned(), place);
            }
            ("presetenv", name) if self.variable(name).is_none() => {
                self.set(name, rest.get(1).cloned(), place);
            }
            ("resetenv", _) => {
                let kept = rest.iter().map(|name| (name.clone(), self.variable(name)));
                self.variables = kept.collect();
                self.reset = true;
            }
            ("unsetenv", _) => {
                let names = rest.iter().map(|name| (name.clone(), None));
                self.variables.extend(names);
            }
            _ => {}
        }
    }

    /// Keeps a variable of the process.
    fn set(&mut self, name: &str, value: Option<String>, place: &Place) {
        let bytes = value.as_ref().map_or(0, String::len) + name.len();
        if self
            .context
            .files
            .expand(place.file().unwrap_or_default(), bytes)
        {
            self.variables.insert(name.to_owned(), value);
        }
    }

    /// The last address is that of a peer, which may be another host.
    fn peer(&mut self) {
        let binds = self.sections.last().map(|open| open.binds.as_slice());
        let last = binds.and_then(<[_]>::last).map(|(on, _)| on.clone());
        self.context.matched.extend(last.unwrap_or_default());
    }

    /// Takes what stands behind `bind`: addresses and parameters.
    fn bind(&mut self, words: &[String], place: &Place) {
        if self.sockets > MOST_SOCKETS {
            return;
        }
        let (Some((addresses, parameters)), Some(kind)) = (
            words.split_first(),
            self.sections.last().map(|open| open.kind),
        ) else {
            return;
        };
        let addresses = line::expanded(addresses, |name, default| self.value(name, default));
        let plain = matches!(kind, Kind::Global | Kind::Master);
        let prefix = if plain { "" } else { &self.prefix };
        let mut limits = Limits::default();
        for (name, value) in parameters.iter().zip(parameters.iter().skip(1)) {
            let number = match leading(value) {
                0 => Number::Unset,
                number => Number::Set(number, place.clone()),
            };
            match name.as_str() {
                "backlog" => limits.backlog = number,
                "maxconn" => limits.maxconn = number,
                _ => {}
            }
        }
        let mut all = Vec::new();
        for text in addresses.split(',') {
            match address::endpoints(text, prefix) {
                Some(endpoints) => all.extend(endpoints),
                None => self.complete = false,
            }
            if self.sockets + all.len() > MOST_SOCKETS {
                self.sockets = MOST_SOCKETS + 1;
                let why = format!("it binds more than {MOST_SOCKETS} sockets");
                self.context
                    .files
                    .fault(place.file().unwrap_or_default(), why);
                return;
            }
        }
        self.sockets += all.len();
        if let Some(open) = self.sections.last_mut() {
            self.context.listens.extend(all.iter().cloned());
            open.binds.push((all, limits));
        }
    }
}

#[cfg(test)]
mod tests;
