//! The command line of a service unit: `ExecStart=` with its specifiers and variables.
//!
//! Follows systemd.service(5), COMMAND LINES, and systemd.exec(5), Environment: what a file of
//! variables says goes over what the unit says.

use std::collections::BTreeMap;

use super::units::{Name, Units, logical};
use crate::services::host::{Files, Host};

/// The command line of a service unit, as far as it can be read from its files.
pub(in crate::services) fn command_line(
    host: &dyn Host,
    pid: u32,
    unit: &str,
) -> Option<Vec<String>> {
    let mut files = Files::new(host, pid);
    let units = Units::new(&mut files);
    let unit = Name::new(unit);
    let mut started = None;
    let mut variables = BTreeMap::new();
    let mut sources = Vec::new();
    units.assignments(&mut files, &unit, "Service", &mut |found| {
        let value = found.value.to_owned();
        match (found.key, value.is_empty()) {
            ("ExecStart", true) => started = None,
            ("ExecStart", false) => started = Some(value),
            ("Environment", true) => variables.clear(),
            ("Environment", false) => {
                let words = shlex::split(&value).unwrap_or_default();
                variables.extend(words.iter().filter_map(|word| variable(word)));
            }
            ("EnvironmentFile", true) => sources.clear(),
            ("EnvironmentFile", false) => sources.push(value),
            _ => {}
        }
    });
    for source in sources {
        let Some(pattern) = unit.expand(source.trim_start_matches('-')) else {
            continue;
        };
        for path in files.glob(&pattern) {
            let text = files.read(&path).unwrap_or_default();
            variables.extend(logical(&text).filter_map(|(_, line)| of_line(&line)));
        }
    }
    words(&started?, &unit, &variables)
}

fn variable(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    Some((name.trim().to_owned(), value.to_owned()))
}

/// A line of a file of variables: the value goes to its end, quoted or not.
fn of_line(line: &str) -> Option<(String, String)> {
    let (name, value) = variable(line)?;
    let value = value.trim();
    if value.contains(['"', '\'', '\\']) {
        let words = shlex::split(value)?;
        return Some((name, words.join(" ")));
    }
    Some((name, value.to_owned()))
}

/// The words of a command, its program first.
fn words(command: &str, unit: &Name, variables: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let signs = ['@', '-', ':', '+', '!', '|'];
    let plain = command.trim_start_matches(signs);
    let signs = command.strip_suffix(plain)?;
    let mut words = shlex::split(plain)?;
    // Further commands.
    words.truncate(
        words
            .iter()
            .position(|word| word == ";")
            .unwrap_or(words.len()),
    );
    if signs.contains('@') && words.len() > 1 {
        // What the program is told that its name is.
        words.remove(1);
    }
    let mut found = Vec::new();
    for word in words {
        let word = unit.expand(&word)?;
        if signs.contains(':') {
            found.push(word);
            continue;
        }
        match word.strip_prefix('$') {
            // A variable alone is split into words, one in braces is not.
            Some(name) if is_name(name) => {
                let value = variables.get(name).map_or("", String::as_str);
                let split = shlex::split(value);
                found.extend(
                    split.unwrap_or_else(|| value.split_whitespace().map(str::to_owned).collect()),
                );
            }
            _ => found.push(filled(&word, variables)),
        }
    }
    Some(found)
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A word with `${NAME}` replaced, and `$$`.
fn filled(word: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = word;
    while let Some((before, behind)) = rest.split_once('$') {
        filled.push_str(before);
        let name = behind
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
            .filter(|(name, _)| is_name(name));
        if let Some((name, after)) = name {
            filled.push_str(variables.get(name).map_or("", String::as_str));
            rest = after;
        } else {
            filled.push('$');
            rest = behind.strip_prefix('$').unwrap_or(behind);
        }
    }
    filled.push_str(rest);
    filled
}
