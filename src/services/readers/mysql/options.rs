//! The options of a MySQL or MariaDB server, from its option files and its command line.
//!
//! Follows mysys/my_default.c (places and groups of option files, `!include`, `!includedir`,
//! `--defaults-file` and its kin, comments, quotes) and my_getopt.c (`-` is `_`, prefixes of names,
//! `loose-`, K, M and G).

use super::Product;
use crate::services::host::join;
use crate::services::readers::{Context, Place};

/// Files inside of files that the option reader allows.
const DEEPEST: usize = 10;

/// Groups that every server reads.
const COMMON: [&str; 2] = ["mysqld", "server"];
/// Groups that only MariaDB reads.
const OF_MARIADB: [&str; 4] = ["mariadb", "mariadbd", "client-server", "galera"];

/// The groups of option files that count.
struct Groups {
    is_mariadb: Option<bool>,
    suffix: String,
    /// `10.11` of 10.11.6.
    series: Option<String>,
}

impl Groups {
    fn of(context: &Context<'_>, product: Option<&Product>) -> Self {
        let series = product.and_then(|product| {
            let version = product.version.as_deref()?;
            let version = version.split_once(':').map_or(version, |(_, rest)| rest);
            let mut parts = version.split('.');
            let (major, minor) = (parts.next()?, parts.next()?);
            Some(format!("{major}.{minor}"))
        });
        let suffix = option(context.arguments, "defaults-group-suffix")
            .or_else(|| context.host.variable(context.pid, "MYSQL_GROUP_SUFFIX"));
        Self {
            is_mariadb: product.map(|product| product.is_mariadb),
            suffix: suffix.unwrap_or_default(),
            series,
        }
    }

    /// `None`: that depends on which server or version it is, and that is not known.
    fn count(&self, group: &str) -> Option<bool> {
        let without = group.strip_suffix(&self.suffix).unwrap_or(group);
        let plain = self.by_name(group);
        if plain != Some(false) {
            return plain;
        }
        let plain = self.by_name(without);
        let versioned = || match without.split_once('-') {
            Some((name, series)) if series.starts_with(|c: char| c.is_ascii_digit()) => {
                let same = self.series.as_ref().map(|known| known == series);
                match self.by_name(name) {
                    Some(false) => Some(false),
                    Some(true) => same,
                    None => same.filter(|same| !same),
                }
            }
            _ => Some(false),
        };
        if plain == Some(false) {
            versioned()
        } else {
            plain
        }
    }

    fn by_name(&self, group: &str) -> Option<bool> {
        if OF_MARIADB.contains(&group) {
            return self.is_mariadb;
        }
        Some(COMMON.contains(&group))
    }
}

/// An option that may decide: name, value, place.
pub(super) struct Found {
    name: &'static str,
    pub(super) value: String,
    pub(super) place: Place,
}

/// What the server was told.
pub(super) struct Options {
    groups: Groups,
    found: Vec<Found>,
}

impl Options {
    /// Reads option files and command line.
    pub(super) fn read(context: &mut Context<'_>, product: Option<&Product>) -> Self {
        let mut options = Self {
            groups: Groups::of(context, product),
            found: Vec::new(),
        };
        for path in option_files(context) {
            if let Some(text) = context.files.read(&path) {
                options.file(context, &path, &text, 0);
            }
        }
        options.command_line(context.arguments);
        options
    }

    fn file(&mut self, context: &mut Context<'_>, path: &str, text: &str, depth: usize) {
        // Before the first group nothing counts.
        let mut counts = Some(false);
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let line = line.trim();
            if let Some(directive) = line.strip_prefix('!') {
                self.include(context, path, number, directive, depth);
            } else if let Some(group) = line.strip_prefix('[') {
                counts = self
                    .groups
                    .count(group.split(']').next().unwrap_or(group).trim());
            } else if let Some((name, value)) = assignment(line) {
                match counts {
                    Some(true) => {
                        let place = Place::Line(path.to_owned(), number);
                        self.found.push(Found { name, value, place });
                    }
                    Some(false) => {}
                    None => {
                        let why = format!(
                            "line {number} is for one server or version, and which runs is unknown"
                        );
                        context.files.fault(path, why);
                    }
                }
            }
        }
    }

    fn include(
        &mut self,
        context: &mut Context<'_>,
        path: &str,
        line: usize,
        directive: &str,
        depth: usize,
    ) {
        let paths = if let Some(directory) = directive.strip_prefix("includedir ") {
            let directory = context.path(directory.trim());
            let names = context.files.list(&directory);
            let fitting = names.iter().filter(|name| name.ends_with(".cnf"));
            fitting.map(|name| join(&directory, name)).collect()
        } else if let Some(file) = directive.strip_prefix("include ") {
            vec![context.path(file.trim())]
        } else {
            return;
        };
        for included in paths {
            if depth >= DEEPEST {
                let why = format!("line {line} includes without end");
                context.files.fault(path, why);
            } else if let Some(text) = context.files.included(&included, path) {
                self.file(context, &included, &text, depth + 1);
            }
        }
    }

    fn command_line(&mut self, arguments: &[String]) {
        let mut words = arguments.iter().skip(1).peekable();
        while let Some(word) = words.next() {
            let Some(word) = word.strip_prefix("--") else {
                continue;
            };
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word, words.peek().map(|next| (*next).clone())),
            };
            if let (Some(name), Some(value)) = (known(name), value) {
                let place = Place::command_line();
                self.found.push(Found { name, value, place });
            }
        }
    }

    /// The value that counts.
    pub(super) fn last(&self, name: &str) -> Option<&Found> {
        self.found.iter().rev().find(|found| found.name == name)
    }
}

/// The option that a name or its prefix means. Shorter ones would be ambiguous, and then no server
/// starts.
fn known(name: &str) -> Option<&'static str> {
    const KNOWN: [(&str, usize); 7] = [
        ("back_log", 3),
        ("max_connections", 12),
        ("port", 4),
        ("extra_port", 10),
        ("admin_address", 13),
        ("admin_port", 10),
        ("socket", 3),
    ];
    let name = name.trim().replace('-', "_");
    let name = name.strip_prefix("loose_").unwrap_or(&name);
    let mut all = KNOWN.iter().chain(&[("datadir", 5)]);
    let fits =
        |(full, least): &&(&'static str, usize)| name.len() >= *least && full.starts_with(name);
    all.find(fits).map(|(full, _)| *full)
}

/// Name and value of a line, without comment and quotes.
fn assignment(line: &str) -> Option<(&'static str, String)> {
    if line.starts_with(['#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    let name = known(name)?;
    let mut quote = None;
    let end = value.char_indices().find(|(_, c)| match (quote, *c) {
        (None, '#') => true,
        (None, '"' | '\'') => {
            quote = Some(*c);
            false
        }
        (Some(open), c) if open == c => {
            quote = None;
            false
        }
        _ => false,
    });
    let value = end.and_then(|(at, _)| value.get(..at)).unwrap_or(value);
    let value = value.trim();
    let unquoted = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Some((name, unquoted.unwrap_or(value).to_owned()))
}

/// A number with K, M or G behind it.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, factor) = match text.chars().last()?.to_ascii_uppercase() {
        'K' => (text.get(..text.len() - 1)?, 1 << 10),
        'M' => (text.get(..text.len() - 1)?, 1 << 20),
        'G' => (text.get(..text.len() - 1)?, 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

/// The option files that the server reads, in order.
fn option_files(context: &Context<'_>) -> Vec<String> {
    if context.arguments.iter().any(|word| word == "--no-defaults") {
        return Vec::new();
    }
    if let Some(path) = option(context.arguments, "defaults-file") {
        return vec![context.path(&path)];
    }
    let variable = |name: &str| context.host.variable(context.pid, name);
    let home = |name: &str| variable(name).map(|home| join(&home, "my.cnf"));
    let at = ["/etc/my.cnf", "/etc/mysql/my.cnf", "/usr/etc/my.cnf"].map(str::to_owned);
    let mut files: Vec<String> = at.into();
    files.extend(home("MARIADB_HOME").or_else(|| home("MYSQL_HOME")));
    let extra = option(context.arguments, "defaults-extra-file");
    files.extend(extra.map(|path| context.path(&path)));
    files.extend(variable("HOME").map(|home| join(&home, ".my.cnf")));
    files
}

/// The value of an option that stands before all others.
fn option(arguments: &[String], name: &str) -> Option<String> {
    let value = |word: &String| {
        Some(
            word.strip_prefix("--")?
                .strip_prefix(name)?
                .strip_prefix('=')?
                .to_owned(),
        )
    };
    arguments.iter().find_map(value)
}
