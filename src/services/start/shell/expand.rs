//! The values that a script's words have, as far as they stand in its text, in its environment or in its
//! arguments.

use std::collections::BTreeMap;

use super::lexer::{Part, Word};
use crate::services::host::join;
use crate::services::start::Command;

/// What is known of a shell while its text is read.
#[derive(Debug)]
pub(super) struct Shell {
    /// `None`: it is set, and to what is not known.
    variables: BTreeMap<String, Option<String>>,
    exported: Command,
    /// What `"$@"` may be: the first as the script begins, more where an `if` sets others.
    arguments: Vec<Vec<String>>,
    /// What they are in an `if` that has taken the first away.
    shifted: Option<Vec<String>>,
    /// Whether they may be others than these.
    doubt: bool,
    directory: Option<String>,
}

/// Ways that arguments may be set, at most.
const MOST_WAYS: usize = 8;

/// Whether a word is the script's own name.
pub(super) fn is_itself(word: &Word) -> bool {
    let zero = |part: &Part| matches!(part, Part::Variable { name, .. } if name == "0");
    word.parts.iter().any(zero)
}

impl Shell {
    pub(super) fn new(command: &Command, arguments: &[String]) -> Self {
        let variables = command.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), Some(value.clone())));
        Self {
            variables: variables.collect(),
            exported: command.clone(),
            arguments: vec![arguments.to_vec()],
            shifted: None,
            doubt: false,
            directory: Some(command.directory.clone()),
        }
    }

    /// The assignments before a command, and its other words.
    pub(super) fn assignments<'w>(
        &self,
        words: &'w [Word],
    ) -> (Vec<(String, Option<String>)>, &'w [Word]) {
        let mut found = Vec::new();
        let mut rest = words;
        while let Some((name, value)) = rest.first().and_then(|word| self.assignment(word)) {
            found.push((name, value));
            rest = &rest[1..];
        }
        (found, rest)
    }

    /// `NAME=VALUE`.
    fn assignment(&self, word: &Word) -> Option<(String, Option<String>)> {
        let Some(Part::Text(first)) = word.parts.first() else {
            return None;
        };
        let (name, value) = first.split_once('=')?;
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !named || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let parts = std::iter::once(Part::Text(value.to_owned())).chain(word.parts[1..].to_vec());
        let parts: Vec<Part> = parts.collect();
        let mut text = Some(String::new());
        for part in &parts {
            let value = match part {
                Part::Text(text) => Some(text.clone()),
                Part::Variable { name, default, .. } => self.value(name, default.as_deref(), 0),
                Part::All { .. } => Some(self.arguments[0].join(" ")),
                Part::Unknown => None,
            };
            text = text.zip(value).map(|(text, value)| text + &value);
        }
        Some((name.to_owned(), text))
    }

    /// The value of a variable. `None`: it is not known.
    fn value(&self, name: &str, default: Option<&str>, way: usize) -> Option<String> {
        if let Ok(number) = name.parse::<usize>() {
            let argument = self.arguments.get(way)?.get(number.checked_sub(1)?);
            return match argument {
                Some(argument) => Some(argument.clone()),
                None => Some(default.unwrap_or_default().to_owned()),
            };
        }
        match self.variables.get(name) {
            Some(Some(value)) if value.is_empty() => Some(default.unwrap_or_default().to_owned()),
            Some(value) => value.clone(),
            // Whoever starts the container may set it, which the image does not know.
            None => default.map(str::to_owned),
        }
    }

    pub(super) fn assign(&mut self, assignments: &[(String, Option<String>)], nested: bool) {
        for (name, value) in assignments {
            let value = value.clone().filter(|_| !nested);
            if self.exported.variables.contains_key(name) {
                self.set_exported(name, value.as_deref());
            }
            self.variables.insert(name.clone(), value);
        }
    }

    fn set_exported(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => {
                let value = value.to_owned();
                self.exported.variables.insert(name.to_owned(), value);
            }
            None => {
                self.exported.variables.remove(name);
            }
        }
    }

    pub(super) fn export(&mut self, words: &[Word], nested: bool) {
        for word in words {
            if let Some((name, value)) = self.assignment(word) {
                let value = value.filter(|_| !nested);
                self.set_exported(&name, value.as_deref());
                self.variables.insert(name, value);
            } else if let Some(name) = word.plain() {
                let value = self.variables.get(name).cloned().flatten();
                self.set_exported(name, value.as_deref());
            }
        }
    }

    pub(super) fn change_directory(&mut self, to: Option<&String>, doubt: bool) {
        let from = self.directory.take();
        self.directory = match (from, to) {
            (Some(from), Some(to)) if !doubt && to != "-" => Some(join(&from, to)),
            _ => None,
        };
    }

    pub(super) fn shift(&mut self, number: Option<&String>, nested: bool) {
        let number = number.map_or(Some(1), |number| number.parse().ok());
        match number {
            Some(number) if !nested => {
                for arguments in &mut self.arguments {
                    arguments.drain(..usize::min(number, arguments.len()));
                }
            }
            Some(number) if self.arguments.len() == 1 && self.shifted.is_none() => {
                self.shifted = self.arguments[0].get(number..).map(<[_]>::to_vec);
            }
            _ => self.doubt = true,
        }
    }

    /// The words of `set -- …`.
    pub(super) fn expand_set(&mut self, words: &[Word], nested: bool) -> (Vec<String>, bool) {
        match self.shifted.take_if(|_| nested) {
            Some(shifted) => {
                let before = std::mem::replace(&mut self.arguments, vec![shifted]);
                let found = self.expand(words);
                self.arguments = before;
                found
            }
            None => self.expand(words),
        }
    }

    /// `set -- …`. In an `if` it is mostly `set -- server "$@"`, for a command that is an option or a file
    /// of configuration and no program.
    pub(super) fn set(&mut self, words: &[String], nested: bool, known: bool) {
        self.doubt |= !known;
        let before = &self.arguments[0];
        if nested && known && words.len() > before.len() && words.ends_with(before) {
            let first = before.first().map_or("-", String::as_str);
            let no_program = first.starts_with('-') || first.contains('.') && !first.contains('/');
            if no_program {
                self.arguments = vec![words.to_vec()];
            }
            return;
        }
        match nested {
            false => self.arguments = vec![words.to_vec()],
            true if self.arguments.len() < MOST_WAYS => self.arguments.push(words.to_vec()),
            true => self.doubt = true,
        }
    }

    /// The words of a command as the script begins, and whether all are known.
    pub(super) fn expand(&self, words: &[Word]) -> (Vec<String>, bool) {
        self.expand_way(words, 0)
    }

    /// The words of a command, for each way that its arguments may have been set.
    pub(super) fn alternatives(&self, words: &[Word]) -> Vec<(Vec<String>, bool)> {
        let of_arguments = |part: &Part| match part {
            Part::All { .. } => true,
            Part::Variable { name, .. } => name.parse::<usize>().is_ok(),
            _ => false,
        };
        let rests = words.iter().flat_map(|word| &word.parts).any(of_arguments);
        let ways = if rests { self.arguments.len() } else { 1 };
        let all = (0..ways).map(|way| {
            let (words, known) = self.expand_way(words, way);
            (
                words,
                known && !(rests && (self.doubt || self.shifted.is_some())),
            )
        });
        all.collect()
    }

    fn expand_way(&self, words: &[Word], way: usize) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let mut known = true;
        for word in words {
            known &= self.one(word, way, &mut out);
        }
        (out, known)
    }

    /// One word, which may become several or none. Whether it is known.
    fn one(&self, word: &Word, way: usize, out: &mut Vec<String>) -> bool {
        let mut text = String::new();
        let mut any = word.quoted;
        for part in &word.parts {
            match part {
                Part::Text(more) => {
                    text.push_str(more);
                    any = true;
                }
                Part::All { .. } => {
                    let arguments = self.arguments.get(way).map_or(&[][..], Vec::as_slice);
                    if word.parts.len() == 1 {
                        out.extend_from_slice(arguments);
                        return true;
                    }
                    text.push_str(&arguments.join(" "));
                }
                Part::Variable {
                    name,
                    default,
                    quoted,
                } => {
                    let Some(value) = self.value(name, default.as_deref(), way) else {
                        return false;
                    };
                    if word.parts.len() == 1 && !quoted {
                        out.extend(value.split_whitespace().map(str::to_owned));
                        return true;
                    }
                    text.push_str(&value);
                }
                Part::Unknown => return false,
            }
        }
        if any || !text.is_empty() {
            out.push(text);
        }
        true
    }

    /// A command with what this shell gives to it.
    pub(super) fn command(
        &self,
        words: Vec<String>,
        assignments: &[(String, Option<String>)],
    ) -> Command {
        let mut command = Command {
            words,
            directory: self.directory.clone().unwrap_or_default(),
            ..self.exported.clone()
        };
        for (name, value) in assignments {
            if let Some(value) = value {
                command.variables.insert(name.clone(), value.clone());
            }
        }
        command
    }
}
