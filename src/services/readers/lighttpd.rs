//! lighttpd: `server.listen-backlog`, for all listeners or in a block for one socket.
//!
//! Follows src/configfile.c (tokens, `include` relative to the main file's directory) and
//! src/configparser.y (variables, `+`, conditions). The key counts globally and below
//! `$SERVER["socket"] == "ADDRESS"`; lighttpd ignores it elsewhere. What `include_shell` would print
//! cannot be known, except for the scripts that Debian ships, which set no backlog.

mod token;

use std::collections::BTreeMap;

use super::{Context, Place, Reading, Setting, generic};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, join, parent};
use token::{Token, end, tokens};

/// Where the file is without `-f`.
const MAIN: &str = "/etc/lighttpd/lighttpd.conf";
const KEY: &str = "server.listen-backlog";
/// `server.port` where it is not set.
const PORT: u16 = 80;
/// Bytes that a text may grow to by adding.
const LONGEST_TEXT: usize = 1 << 16;
/// Blocks that may be open.
const MOST_BLOCKS: usize = 64;
/// Sockets that may have a backlog of their own.
const MOST_SETTINGS: usize = 4096;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let named = generic::option_value(context.arguments, &["-f".to_owned()]);
    let path = named.map_or_else(|| MAIN.to_owned(), |path| context.path(&path));
    let Some(text) = context.files.read(&path) else {
        return Reading::default();
    };
    let mut walk = Walk {
        directory: parent(&path).to_owned(),
        context,
        variables: BTreeMap::new(),
        scopes: Vec::new(),
        settings: Vec::new(),
        port: Some(PORT),
        sockets: Vec::new(),
    };
    walk.text(&path, &text, 0);
    let main = walk.main();
    let Walk {
        settings, sockets, ..
    } = walk;
    context.listens = main.into_iter().chain(sockets).collect();
    Reading {
        settings,
        complete: !context.arguments.is_empty() && !context.files.has_faults(),
    }
}

/// What a text or a number is.
#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Number(i64),
}

struct Walk<'c, 'a> {
    context: &'c mut Context<'a>,
    /// Of the main file, which paths are relative to.
    directory: String,
    variables: BTreeMap<String, Option<Value>>,
    /// The open blocks, by what a backlog in them is for. `None`: for nothing.
    scopes: Vec<Option<Endpoint>>,
    settings: Vec<Setting>,
    /// `server.port`. `None`: it is no port.
    port: Option<u16>,
    /// The sockets of blocks, which it listens on beside that port.
    sockets: Vec<Endpoint>,
}

impl Walk<'_, '_> {
    /// Where it listens without a block: at `server.port` of `server.bind`.
    fn main(&self) -> Option<Endpoint> {
        match self.variables.get("server.bind") {
            Some(Some(Value::Text(address))) => v4(Endpoint::parse(address, self.port)?),
            Some(_) => None,
            None => self.port.map(Endpoint::port_v4),
        }
    }

    fn text(&mut self, path: &str, text: &str, depth: usize) {
        let tokens = tokens(text);
        let outer = self.scopes.len();
        let mut rest = tokens.as_slice();
        while let Some(((token, line), behind)) = rest.split_first() {
            rest = behind;
            match token {
                Token::Symbol('$') => {
                    let is_open = |(token, _): &(Token, usize)| *token == Token::Symbol('{');
                    let open = rest.iter().position(is_open).unwrap_or(rest.len());
                    let (condition, behind) = rest.split_at(open);
                    let socket = self.socket(condition);
                    let room = self.sockets.len() < MOST_SETTINGS;
                    self.sockets
                        .extend(socket.clone().and_then(v4).filter(|_| room));
                    self.scopes.push(socket);
                    rest = behind.get(1..).unwrap_or_default();
                }
                Token::Symbol('{') => self.scopes.push(None),
                Token::Symbol('}') if self.scopes.len() > outer => _ = self.scopes.pop(),
                Token::Word(word) => match (word.as_str(), rest) {
                    ("global", [(Token::Symbol('{'), _), behind @ ..]) => {
                        self.scopes.push(Some(Endpoint::Any));
                        rest = behind;
                    }
                    ("else" | "global", _) => {}
                    (word, _) => {
                        let (mine, behind) = rest.split_at(end(rest));
                        rest = behind;
                        self.statement(word, mine, &Place::Line(path.to_owned(), *line), depth);
                    }
                },
                _ => {}
            }
            if self.scopes.len() > MOST_BLOCKS || self.settings.len() > MOST_SETTINGS {
                self.context.files.fault(path, "it has too many blocks");
                break;
            }
        }
        self.scopes.truncate(outer);
    }

    /// The socket that a condition names: `SERVER["socket"] == ADDRESS`.
    fn socket(&self, condition: &[(Token, usize)]) -> Option<Endpoint> {
        let is_end = |(token, _): &(Token, usize)| *token == Token::Symbol('\n');
        let end = condition.iter().position(is_end);
        let condition = condition.get(..end.unwrap_or(condition.len()))?;
        let tokens: Vec<&Token> = condition.iter().map(|(token, _)| token).collect();
        let [
            Token::Word(server),
            Token::Symbol('['),
            Token::Text(socket),
            Token::Symbol(']'),
            Token::Symbol('='),
            Token::Symbol('='),
            ..,
        ] = tokens.as_slice()
        else {
            return None;
        };
        if server != "SERVER" || socket != "socket" || !self.scopes.is_empty() {
            return None;
        }
        match self.value(condition.get(6..)?)? {
            Value::Text(address) => Endpoint::parse(&address, Some(80)),
            Value::Number(_) => None,
        }
    }

    fn statement(&mut self, word: &str, rest: &[(Token, usize)], place: &Place, depth: usize) {
        let file = place.file().unwrap_or_default();
        let (adds, value) = match rest {
            [(Token::Symbol('+'), _), (Token::Symbol('='), _), value @ ..] => (true, value),
            [(Token::Symbol(':'), _), (Token::Symbol('='), _), value @ ..]
            | [(Token::Symbol('='), _), value @ ..] => (false, value),
            value => (false, value),
        };
        match (word, self.value(value)) {
            ("include", Some(Value::Text(pattern))) => self.include(file, &pattern, depth),
            ("include_shell", _) if is_debians(value) => {}
            ("include" | "include_shell", _) => {
                let why = "it includes what is known to lighttpd only";
                self.context.files.fault(file, why);
            }
            (KEY, value) => self.backlog(value, adds, place),
            ("server.port", Some(Value::Number(port))) if self.scopes.is_empty() => {
                self.port = u16::try_from(port).ok();
            }
            (name, value) => {
                let before = self.variables.get(name).cloned().flatten();
                let value = if adds { plus(before, value) } else { value };
                let bytes = match &value {
                    Some(Value::Text(text)) => text.len(),
                    _ => 0,
                };
                if self.context.files.expand(file, bytes) {
                    self.variables.insert(name.to_owned(), value);
                }
            }
        }
    }

    fn backlog(&mut self, value: Option<Value>, adds: bool, place: &Place) {
        let on = match self.scopes.last() {
            None => Endpoint::Any,
            Some(Some(on)) => on.clone(),
            Some(None) => return,
        };
        let before = self.settings.iter().position(|found| found.on == on);
        let before = before.and_then(|at| self.settings.remove(at).backlog);
        let value = match adds {
            true => plus(before.map(Value::Number), value),
            false => value,
        };
        let number = match value {
            Some(Value::Number(number)) => Some(number),
            Some(Value::Text(text)) => text.parse().ok(),
            None => None,
        };
        match number {
            Some(number) => {
                let setting = Setting::configured(on, number, place.clone());
                self.settings.push(setting);
            }
            None => {
                let file = place.file().unwrap_or_default();
                let why = "its server.listen-backlog is not known";
                self.context.files.fault(file, why);
            }
        }
    }

    fn include(&mut self, file: &str, pattern: &str, depth: usize) {
        if depth >= DEEPEST {
            self.context.files.fault(file, "it includes without end");
            return;
        }
        let pattern = join(&self.directory, pattern);
        for path in self.context.files.glob(&pattern) {
            if let Some(text) = self.context.files.included(&path, file) {
                self.text(&path, &text, depth + 1);
            }
        }
    }

    /// The value of texts, numbers and variables that are added. `None`: not known.
    fn value(&self, tokens: &[(Token, usize)]) -> Option<Value> {
        let mut sum: Option<Value> = None;
        for (at, (token, _)) in tokens.iter().enumerate() {
            let one = match token {
                Token::Symbol('+') if at % 2 == 1 => continue,
                _ if at % 2 == 1 => return None,
                Token::Text(text) => Value::Text(text.clone()),
                Token::Word(word) => match (word.parse(), word.strip_prefix("env.")) {
                    (Ok(number), _) => Value::Number(number),
                    (Err(_), Some(name)) => {
                        Value::Text(self.context.host.variable(self.context.pid, name)?)
                    }
                    (Err(_), None) => self.variables.get(word)?.clone()?,
                },
                Token::Symbol(_) => return None,
            };
            sum = match sum {
                None => Some(one),
                before => Some(plus(before, Some(one))?),
            };
        }
        sum
    }
}

/// An address without a host is all of IPv4.
fn v4(on: Endpoint) -> Option<Endpoint> {
    Some(match on {
        Endpoint::Port(None, port) => Endpoint::port_v4(port),
        on => on,
    })
}

/// Whether a command is a script of Debian's, which prints no backlog.
fn is_debians(command: &[(Token, usize)]) -> bool {
    let Some((Token::Text(command), _)) = command.first() else {
        return false;
    };
    let script = command.strip_prefix("/usr/share/lighttpd/");
    script.is_some_and(|script| {
        let name = script.split(' ').next().unwrap_or_default();
        [
            "use-ipv6.pl",
            "create-mime.conf.pl",
            "create-mime.assign.pl",
        ]
        .contains(&name)
    })
}

/// Two numbers are added, texts are put together.
fn plus(one: Option<Value>, other: Option<Value>) -> Option<Value> {
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
    };
    match (one?, other?) {
        (Value::Number(one), Value::Number(other)) => one.checked_add(other).map(Value::Number),
        (one, other) => {
            let both = text(one) + &text(other);
            (both.len() <= LONGEST_TEXT).then_some(Value::Text(both))
        }
    }
}

#[cfg(test)]
mod tests;
