//! The values that a script's words have, as far as they stand in its text, in its environment or in its
//! arguments.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::lexer::{Part, Word};
use crate::services::host::join;
use crate::services::start::{Command, NOWHERE};

/// What is known of a shell while its text is read.
#[derive(Debug)]
pub(super) struct Shell<'b> {
    /// `None`: it is set, and to what is not known.
    variables: BTreeMap<String, Option<String>>,
    exported: Command,
    /// What `"$@"` may be: the first as the script begins, more where an `if` sets others.
    arguments: Vec<Vec<String>>,
    /// What they are in an `if` that has taken the first away.
    shifted: Option<Vec<String>>,
    /// Whether they may be others than these.
    doubt: bool,
    /// `None`: it is not known.
    directory: Option<String>,
    budget: &'b Budget,
}

/// How much text the values of one image's scripts may become in all: each could double the one before.
#[derive(Debug)]
pub(in crate::services::start) struct Budget {
    left: Cell<usize>,
}

/// Bytes that are expanded for one image.
const MOST_EXPANDED: usize = 4 << 20;
/// Bytes that a word takes beside its text.
const WORD: usize = 32;

impl Budget {
    pub(in crate::services::start) fn new() -> Self {
        Self {
            left: Cell::new(MOST_EXPANDED),
        }
    }

    /// Takes some away. `false`: that much is not left, and nothing is from now on.
    pub(in crate::services::start) fn take(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or(0));
        left.is_some_and(|left| left > 0)
    }

    fn take_all(&self, words: &[String]) -> bool {
        self.take(words.iter().map(|word| word.len() + WORD).sum())
    }

    /// Whether more was asked for than there was.
    pub(in crate::services::start) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

/// Ways that arguments may be set, at most.
const MOST_WAYS: usize = 8;

/// Whether a word is the script's own name.
pub(super) fn is_itself(word: &Word) -> bool {
    let zero = |part: &Part| matches!(part, Part::Variable { name, .. } if name == "0");
    word.parts.iter().any(zero)
}

impl<'b> Shell<'b> {
    pub(super) fn new(command: &Command, arguments: &[String], budget: &'b Budget) -> Self {
        let variables = command.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), Some(value.clone())));
        Self {
            variables: variables.collect(),
            exported: command.clone(),
            arguments: vec![arguments.to_vec()],
            shifted: None,
            doubt: false,
            directory: Some(command.directory.clone()).filter(|path| path != NOWHERE),
            budget,
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
        let (name, adds) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
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
                Part::All { .. } => self.all(0),
                Part::Unknown => None,
            };
            text = text.zip(value).map(|(text, value)| text + &value);
        }
        Some((name.to_owned(), text.filter(|_| !adds)))
    }

    /// All arguments as one word.
    fn all(&self, way: usize) -> Option<String> {
        let arguments = self.arguments.get(way).map_or(&[][..], Vec::as_slice);
        let fits = self.budget.take_all(arguments);
        fits.then(|| arguments.join(" "))
    }

    /// The value of a variable. `None`: it is not known.
    fn value(&self, name: &str, default: Option<&str>, way: usize) -> Option<String> {
        let value = self.known(name, default, way)?;
        self.budget.take(value.len()).then(|| value.to_owned())
    }

    fn known<'v>(&'v self, name: &str, default: Option<&'v str>, way: usize) -> Option<&'v str> {
        if let Ok(number) = name.parse::<usize>() {
            let argument = self.arguments.get(way)?.get(number.checked_sub(1)?);
            return match argument {
                Some(argument) => Some(argument),
                None => Some(default.unwrap_or_default()),
            };
        }
        match self.variables.get(name) {
            Some(Some(value)) if value.is_empty() => Some(default.unwrap_or_default()),
            Some(value) => value.as_deref(),
            // Whoever starts the container may set it, which the image does not know.
            None => default,
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
        let to = to.filter(|to| !doubt && !to.starts_with('-'));
        self.directory = match (from, to) {
            (_, Some(to)) if to.starts_with('/') => Some(join("/", to)),
            (Some(from), Some(to)) => Some(join(&from, to)),
            _ => None,
        };
    }

    /// The working directory; `None`: it is not known.
    pub(super) fn directory(&self) -> Option<&String> {
        self.directory.as_ref()
    }

    pub(super) fn set_directory(&mut self, directory: Option<String>) {
        self.directory = directory;
    }

    pub(super) fn shift(&mut self, number: Option<&String>, nested: bool) {
        let number = number.map_or(Some(1), |number| number.parse().ok());
        let words: usize = self.arguments.iter().map(Vec::len).sum();
        if !self.budget.take(words) {
            self.doubt = true;
            return;
        }
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
                        let fits = self.budget.take_all(arguments);
                        out.extend_from_slice(if fits { arguments } else { &[] });
                        return fits;
                    }
                    let Some(all) = self.all(way) else {
                        return false;
                    };
                    text.push_str(&all);
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
                        // A word may be of one letter.
                        if !self.budget.take(value.len().saturating_mul(WORD / 2)) {
                            return false;
                        }
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

    /// A command with what this shell gives to it. `None`: it would be too much.
    pub(super) fn command(
        &self,
        words: Vec<String>,
        assignments: &[(String, Option<String>)],
    ) -> Option<Command> {
        let variables = self.exported.variables.iter();
        let length: usize = variables
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if !self.budget.take(length + WORD) {
            return None;
        }
        let directory = self.directory.clone();
        let mut command = Command {
            words,
            directory: directory.unwrap_or_else(|| NOWHERE.to_owned()),
            ..self.exported.clone()
        };
        for (name, value) in assignments {
            if let Some(value) = value {
                command.variables.insert(name.clone(), value.clone());
            }
        }
        Some(command)
    }
}
