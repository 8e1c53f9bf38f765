//! Puma: `?backlog=NUMBER` of the addresses it binds, in its title, on its command line or in
//! config/puma.rb.
//!
//! Follows lib/puma/launcher.rb (`title`: the addresses as they were configured), lib/puma/cli.rb
//! (`-b`, `-p`, `-C`), lib/puma/configuration.rb (the command line's addresses take the place of the
//! files'; config/puma/ENVIRONMENT.rb before config/puma.rb), lib/puma/dsl.rb (`bind`, `ssl_bind`,
//! `load`, `activate_control_app`) and lib/puma/binder.rb.

use std::collections::BTreeMap;

use super::ruby::{self, Call, Value};
use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::DEEPEST;

/// Beginnings of an address.
const SCHEMES: [&str; 3] = ["tcp://", "ssl://", "unix://"];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let addresses = context.title.and_then(title);
    let titled = addresses.is_some();
    let line = Line::of(context.arguments);
    let known = titled || !context.arguments.is_empty();
    let files = files(&line, context);
    let mut config = Config {
        context,
        titled,
        depth: 0,
        loads: 0,
        binds: Vec::new(),
    };
    let mut complete = known && (files.complete || titled);
    for path in files.paths {
        complete &= config.read(&path) || titled;
    }
    // The control server is in no title.
    let (control, written): (Vec<Bind>, Vec<Bind>) =
        config.binds.into_iter().partition(|bind| bind.control);
    let control = match &line.control {
        Some(address) => vec![Bind::new(address, Place::command_line())],
        None => control,
    };
    let given = |address: &String| Bind::new(address, Place::command_line());
    let mut binds: Vec<Bind> = match addresses {
        Some(addresses) => located(&addresses, &written),
        None if !line.binds.is_empty() => line.binds.iter().map(given).collect(),
        None => written,
    };
    binds.extend(control);
    Reading {
        settings: binds
            .iter()
            .flat_map(|bind| settings(bind, context))
            .collect(),
        complete: complete && !context.files.has_faults(),
    }
}

/// An address, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bind {
    address: String,
    place: Place,
    control: bool,
}

impl Bind {
    fn new(address: &str, place: Place) -> Self {
        Self {
            address: address.to_owned(),
            place,
            control: false,
        }
    }
}

/// The addresses in `puma 6.0.0 (tcp://0.0.0.0:3000?backlog=64,unix://x) [app]`. `None`: it has none.
fn title(title: &str) -> Option<Vec<String>> {
    let (_, rest) = title.strip_prefix("puma ")?.split_once('(')?;
    // A title that is too long for its place is cut off.
    let (all, _) = rest
        .split_once(") [")
        .or_else(|| Some((rest.strip_suffix(')')?, "")))?;
    let mut found: Vec<String> = Vec::new();
    for piece in all.split(',') {
        match found.last_mut() {
            // A comma in an address of its own.
            Some(last) if !SCHEMES.iter().any(|scheme| piece.starts_with(scheme)) => {
                last.push(',');
                last.push_str(piece);
            }
            _ => found.push(piece.to_owned()),
        }
    }
    Some(found)
}

/// The addresses of the title with the lines of the files that have them.
fn located(addresses: &[String], written: &[Bind]) -> Vec<Bind> {
    let written: BTreeMap<_, _> = written
        .iter()
        .rev()
        .map(|bind| (parts(&bind.address), &bind.place))
        .collect();
    let located = |address: &String| {
        let place = written.get(&parts(address)).map(|place| (*place).clone());
        Bind::new(
            address,
            place.unwrap_or_else(|| Place::Words("process title".to_owned())),
        )
    };
    addresses.iter().map(located).collect()
}

/// What a command line says of addresses and files.
#[derive(Debug, Default)]
struct Line {
    binds: Vec<String>,
    configs: Vec<String>,
    environment: Option<String>,
    control: Option<String>,
}

impl Line {
    fn of(arguments: &[String]) -> Self {
        let mut found = Self::default();
        let mut words = arguments.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ if word.starts_with('-') && !word.starts_with("--") => {
                    let (name, value) = word.split_at_checked(2).unwrap_or((word, ""));
                    (name, Some(value).filter(|value| !value.is_empty()))
                }
                _ => (word, None),
            };
            let mut value = || value.or_else(|| words.next()).unwrap_or("").to_owned();
            match name {
                "-b" | "--bind" => found.binds.push(value()),
                "-p" | "--port" => found.binds.push(format!("tcp://0.0.0.0:{}", value())),
                "-C" | "--config" => found.configs.push(value()),
                "--no-config" => found.configs.push("-".to_owned()),
                "-e" | "--environment" => found.environment = Some(value()),
                "--control-url" => found.control = Some(value()),
                _ => {}
            }
        }
        found
    }
}

struct Configs {
    paths: Vec<String>,
    /// Whether these are all that there can be.
    complete: bool,
}

/// The files that are loaded: those of the command line, else the first that exists.
fn files(line: &Line, context: &mut Context<'_>) -> Configs {
    let paths: Vec<String> = match line.configs.as_slice() {
        [only] if only == "-" => Vec::new(),
        [] => {
            let variables = ["APP_ENV", "RACK_ENV", "RAILS_ENV"];
            let environment = line.environment.clone().or_else(|| {
                variables
                    .iter()
                    .find_map(|name| context.host.variable(context.pid, name))
            });
            let environment = environment.unwrap_or_else(|| "development".to_owned());
            let places = [
                format!("config/puma/{environment}.rb"),
                "config/puma.rb".to_owned(),
            ];
            let places = places.map(|place| context.path(&place));
            let first = places
                .into_iter()
                .find(|path| context.files.read(path).is_some());
            first.into_iter().collect()
        }
        configs => configs.iter().map(|path| context.path(path)).collect(),
    };
    Configs {
        paths,
        complete: !context.arguments.is_empty(),
    }
}

/// The calls that say or decide where Puma listens.
const CALLS: [&str; 7] = [
    "bind",
    "ssl_bind",
    "clear_binds!",
    "load",
    "activate_control_app",
    "instance_eval",
    "eval",
];

/// Files that one configuration may load.
const MOST_LOADS: usize = 256;

/// Files that are being read.
struct Config<'r, 'c> {
    context: &'r mut Context<'c>,
    /// The title has all addresses but the control server's.
    titled: bool,
    depth: usize,
    /// How many files were asked for.
    loads: usize,
    binds: Vec<Bind>,
}

impl Config<'_, '_> {
    /// Reads the addresses of a file; whether it and all that it loads could be read.
    fn read(&mut self, path: &str) -> bool {
        self.loads += 1;
        if self.depth >= DEEPEST || self.loads > MOST_LOADS {
            self.context.files.fault(path, "it is loaded without end");
            return false;
        }
        let Some(text) = self.context.files.read(path) else {
            return false;
        };
        self.depth += 1;
        let mut complete = true;
        for call in ruby::calls(&text, &CALLS) {
            match (&*call.name, call.arguments.as_slice(), call.doubtful) {
                ("clear_binds!", _, false) => self.binds.retain(|bind| bind.control),
                ("load", [Value::Text(file)], false) => {
                    let file = self.context.path(file);
                    complete &= self.read(&file);
                }
                _ => self.bind(path, &call),
            }
        }
        self.depth -= 1;
        complete
    }

    fn bind(&mut self, path: &str, call: &Call) {
        let control = call.name == "activate_control_app";
        match address(call) {
            Ok(None) => {}
            Ok(Some(address)) => self.binds.push(Bind {
                address,
                place: Place::Line(path.to_owned(), call.line),
                control,
            }),
            Err(_) if self.titled && !control => {}
            Err(why) => {
                let why = format!("line {} {why}", call.line);
                self.context.files.fault(path, why);
            }
        }
    }
}

/// The address of a call, if it may have a number.
fn address(call: &Call) -> Result<Option<String>, &'static str> {
    let address = match (&*call.name, call.arguments.as_slice()) {
        ("bind" | "activate_control_app", [Value::Text(address), ..]) => address.clone(),
        // The number stands in what is literal, unless all of it is computed.
        ("bind" | "activate_control_app", [Value::Pieces(pieces), ..]) => {
            let plain = pieces.iter().all(|piece| !piece.contains(['?', '&']));
            let told = SCHEMES.iter().any(|scheme| {
                pieces
                    .first()
                    .is_some_and(|piece| piece.starts_with(scheme))
            });
            return if plain && told {
                Ok(None)
            } else {
                Err("computes an address")
            };
        }
        ("activate_control_app", []) => return Ok(None),
        ("ssl_bind", [host, port]) => {
            let backlog = call.options.iter().find(|(key, _)| key == "backlog");
            match (host, port, backlog.map(|(_, value)| value)) {
                (_, _, None | Some(Value::Constant)) => return Ok(None),
                (Value::Text(host), Value::Text(port), Some(Value::Number(number))) => {
                    format!("ssl://{host}:{port}?backlog={number}")
                }
                (Value::Text(host), Value::Number(port), Some(Value::Number(number))) => {
                    format!("ssl://{host}:{port}?backlog={number}")
                }
                _ => return Err("computes a listener"),
            }
        }
        ("load", _) => return Err("loads a file whose name is computed"),
        ("clear_binds!", _) => return Err("drops the addresses under a condition"),
        _ => return Err("computes an address"),
    };
    if !address.contains('?') {
        return Ok(None);
    }
    if call.doubtful {
        return Err("binds an address under a condition");
    }
    Ok(Some(address))
}

/// An address without its scheme and query, and its number.
fn parts(address: &str) -> Option<(&str, Option<i64>)> {
    let (_, rest) = address.split_once("://")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let backlog = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("backlog="));
    Some((place, backlog.and_then(|number| number.parse().ok())))
}

fn settings(bind: &Bind, context: &Context<'_>) -> Option<Setting> {
    let (place, number) = parts(&bind.address)?;
    let on = if bind.address.starts_with("unix://") {
        let path = place.replace("%20", " ");
        let path = if path.starts_with('@') {
            path
        } else {
            context.path(&path)
        };
        Endpoint::Path(path)
    } else {
        Endpoint::parse(place, None)?
    };
    Some(Setting::configured(on, number?, bind.place.clone()))
}

#[cfg(test)]
mod tests;
