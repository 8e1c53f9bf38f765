//! Readers that a service's file describes in data: an option of the command line, a variable of
//! the environment, a key of a file.
//!
//! Follows getopt_long(3) for options and, for files, what the programs that use this have in common;
//! where a number cannot be told (it is computed, or behind a condition) it is a fault and no guess.

mod arguments;
mod lines;
mod python;
mod tree;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::DEEPEST;
use crate::services::service::{Format, KeyFile};

pub(super) use arguments::{option_value, option_values};

/// An option of the command line.
pub(super) fn option(names: &[String], context: &mut Context<'_>) -> Reading {
    let found = arguments::option_number(context.arguments, names);
    let told = !context.arguments.is_empty();
    Reading {
        settings: everywhere(found.number, Place::command_line()),
        complete: told && !found.unclear,
    }
}

/// A variable of the environment: the number itself, or options.
pub(super) fn variable(name: &str, option: &[String], context: &mut Context<'_>) -> Reading {
    let Some(value) = context.host.variable(context.pid, name) else {
        return Reading {
            settings: Vec::new(),
            complete: true,
        };
    };
    let (number, unclear) = if option.is_empty() {
        let number = number(&value);
        (number, number.is_none() && !value.trim().is_empty())
    } else {
        match shlex::split(&value) {
            Some(words) => {
                // As behind a program's name.
                let words: Vec<String> = std::iter::once(String::new()).chain(words).collect();
                let found = arguments::option_number(&words, option);
                (found.number, found.unclear)
            }
            None => (None, true),
        }
    };
    Reading {
        settings: everywhere(number, Place::Words(format!("variable {name}"))),
        complete: !unclear,
    }
}

/// The file that the command line names.
pub(super) fn named_file(wanted: &KeyFile, context: &Context<'_>) -> Option<String> {
    option_value(context.arguments, &wanted.option.0)
        .or_else(|| arguments::positional(context.arguments, wanted.argument?))
}

/// A key of a file.
pub(super) fn file(wanted: &KeyFile, context: &mut Context<'_>) -> Reading {
    let named = named_file(wanted, context);
    let paths: Vec<String> = match &named {
        // A module is looked up as Python does.
        Some(module) if module.starts_with("python:") => return Reading::default(),
        Some(path) => vec![context.path(path.strip_prefix("file:").unwrap_or(path))],
        None => wanted.at.0.iter().map(|path| context.path(path)).collect(),
    };
    // Whether the command line would have named another file.
    let hidden = context.arguments.is_empty()
        && (!wanted.option.0.is_empty() || wanted.argument.is_some() || context.title.is_some());
    // A program without a file of its own that names none reads none.
    let none = paths.is_empty() || wanted.optional && named.is_none();
    let mut search = Search {
        wanted,
        context,
        depth: 0,
        includes: 0,
        found: None,
    };
    let read = paths.iter().any(|path| search.file(path));
    let settings = match search.found {
        Some((number, place)) => everywhere(Some(number), place),
        None => Vec::new(),
    };
    Reading {
        settings,
        complete: (read || none) && !hidden && !context.files.has_faults(),
    }
}

/// A key that is looked for.
struct Search<'s, 'c> {
    wanted: &'s KeyFile,
    context: &'s mut Context<'c>,
    depth: usize,
    /// How many lines included something.
    includes: usize,
    /// The value that stands last wins, as in most programs.
    found: Option<(i64, Place)>,
}

impl Search<'_, '_> {
    /// Looks into a file; whether it is there.
    fn file(&mut self, path: &str) -> bool {
        if self.depth >= DEEPEST {
            self.context.files.fault(path, "it is included without end");
            return false;
        }
        let Some(text) = self.context.files.read(path) else {
            return false;
        };
        self.depth += 1;
        match self.wanted.format {
            Format::Assignments if path.ends_with(".py") => self.python(path, &text),
            // Hypercorn takes both.
            Format::Toml if path.ends_with(".py") => self.python(path, &text),
            Format::Words | Format::Assignments => self.lines(path, &text),
            Format::Yaml | Format::Toml | Format::Xml => self.tree(path, &text),
        }
        self.depth -= 1;
        true
    }

    /// A value of the key: a number, or nobody knows.
    fn value(&mut self, path: &str, line: usize, number: Option<i64>) {
        self.found = number.map(|number| (number, Place::Line(path.to_owned(), line)));
        if number.is_none() {
            self.doubt(path, line, "does not say the number itself");
        }
    }

    /// Whatever was found before no longer is known.
    fn doubt(&mut self, path: &str, line: usize, why: &str) {
        self.found = None;
        self.context.files.fault(path, format!("line {line} {why}"));
    }
}

/// A number as listen(2) takes it.
fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn everywhere(number: Option<i64>, place: Place) -> Vec<Setting> {
    number
        .map(|number| Setting::configured(Endpoint::Any, number, place))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests;
