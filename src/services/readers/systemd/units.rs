//! Unit files: where they are, which drop-ins add to them, and their assignments.
//!
//! Follows systemd.unit(5): the load path, masks, templates, drop-ins of prefixes and of types and
//! their order, specifiers; systemd.syntax(7).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::services::host::Files;

/// Where units of the system manager are, best first.
const DIRECTORIES: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// The name of a unit in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    full: String,
    /// Before `@` or the type.
    prefix: String,
    /// Between `@` and the type.
    instance: Option<String>,
    /// Behind the last dot.
    kind: String,
}

impl Name {
    pub(super) fn new(full: &str) -> Self {
        let (stem, kind) = full.rsplit_once('.').unwrap_or((full, ""));
        let (prefix, instance) = match stem.split_once('@') {
            Some((prefix, instance)) => (prefix, Some(instance.to_owned())),
            None => (stem, None),
        };
        Self {
            full: full.to_owned(),
            prefix: prefix.to_owned(),
            instance,
            kind: kind.to_owned(),
        }
    }

    pub(super) fn is_template(&self) -> bool {
        self.instance.as_deref() == Some("")
    }

    /// Its own name and that of its template, where its file may be.
    fn files(&self) -> Vec<String> {
        let mut names = vec![self.full.clone()];
        if self.instance.is_some() && !self.is_template() {
            names.push(format!("{}@.{}", self.prefix, self.kind));
        }
        names
    }

    /// The names whose `.d` directories add to it: `a-b.socket`, `a-.socket`, `socket`.
    fn drop_ins(&self) -> Vec<String> {
        let mut names = self.files();
        let mut prefix = self.prefix.as_str();
        while let Some((shorter, _)) = prefix.trim_end_matches('-').rsplit_once('-') {
            for name in self.files() {
                let behind = name.strip_prefix(&self.prefix).unwrap_or("");
                names.push(format!("{shorter}-{behind}"));
            }
            prefix = shorter;
        }
        names.push(self.kind.clone());
        names
    }

    /// A value with its specifiers replaced. `None`: it has one that is not known here.
    pub(super) fn expand(&self, value: &str) -> Option<String> {
        let instance = self
            .instance
            .as_deref()
            .filter(|instance| !instance.is_empty());
        let last = self.prefix.rsplit('-').next().unwrap_or(&self.prefix);
        let mut filled = String::new();
        let mut rest = value.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                filled.push(c);
                continue;
            }
            match rest.next()? {
                '%' => filled.push('%'),
                'i' => filled.push_str(instance?),
                'I' => filled.push_str(&unescaped(instance?)),
                'j' => filled.push_str(last),
                'J' => filled.push_str(&unescaped(last)),
                'n' => filled.push_str(&self.full),
                'N' => filled.push_str(self.full.rsplit_once('.')?.0),
                'p' => filled.push_str(&self.prefix),
                'P' => filled.push_str(&unescaped(&self.prefix)),
                'E' => filled.push_str("/etc"),
                't' => filled.push_str("/run"),
                'S' => filled.push_str("/var/lib"),
                'C' => filled.push_str("/var/cache"),
                'L' => filled.push_str("/var/log"),
                'T' => filled.push_str("/tmp"),
                'V' => filled.push_str("/var/tmp"),
                'h' => filled.push_str("/root"),
                'u' => filled.push_str("root"),
                'U' => filled.push('0'),
                _ => return None,
            }
        }
        Some(filled)
    }
}

/// A part of a name as systemd-escape(1) would give it back.
fn unescaped(text: &str) -> String {
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let code = rest
            .strip_prefix("\\x")
            .and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        let width = match code {
            Some(byte) => {
                plain.push(byte);
                4
            }
            None => {
                let c = if c == '-' { '/' } else { c };
                plain.extend(c.to_string().as_bytes());
                c.len_utf8()
            }
        };
        rest = rest.get(width..).unwrap_or("");
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The names that are in the directories of units.
pub(super) struct Units {
    directories: Vec<(&'static str, BTreeSet<String>)>,
}

impl Units {
    pub(super) fn new(files: &mut Files<'_>) -> Self {
        let list = |directory| (directory, files.list(directory).into_iter().collect());
        Self {
            directories: DIRECTORIES.map(list).into(),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.directories.iter().flat_map(|(_, names)| names)
    }

    /// The units that another one starts.
    pub(super) fn wanted_by(&self, unit: &str, files: &mut Files<'_>) -> Vec<String> {
        let wants = format!("{unit}.wants");
        let with = |(_, names): &&(&str, BTreeSet<String>)| names.contains(&wants);
        let directories = self.directories.iter().filter(with);
        directories
            .flat_map(|(directory, _)| files.list(&format!("{directory}/{wants}")))
            .collect()
    }

    /// Calls `each` with the assignments of one section of a unit in the order that they count: those
    /// of its own file, then those of its drop-ins by name. None for a unit that is masked or not there.
    pub(super) fn assignments(
        &self,
        files: &mut Files<'_>,
        unit: &Name,
        section: &str,
        each: &mut impl FnMut(&Assignment<'_>),
    ) {
        let Some(path) = self.file(unit) else { return };
        // A mask is an empty file or a link to /dev/null: units of that name further on do not count.
        let Some(text) = files.read(&path).filter(|text| !text.is_empty()) else {
            return;
        };
        assignments(&path, &text, section, each);
        // A drop-in of a better directory takes the place of one with the same name.
        let mut drop_ins: BTreeMap<String, String> = BTreeMap::new();
        for (directory, names) in &self.directories {
            for name in unit.drop_ins() {
                let name = format!("{name}.d");
                if !names.contains(&name) {
                    continue;
                }
                for file in files.list(&format!("{directory}/{name}")) {
                    if file.ends_with(".conf") {
                        let path = format!("{directory}/{name}/{file}");
                        drop_ins.entry(file).or_insert(path);
                    }
                }
            }
        }
        for path in drop_ins.into_values() {
            let text = files.read(&path).unwrap_or_default();
            assignments(&path, &text, section, each);
        }
    }

    /// The file of a unit: its own in any directory, else its template's.
    fn file(&self, unit: &Name) -> Option<String> {
        unit.files().into_iter().find_map(|name| {
            let found = self
                .directories
                .iter()
                .find(|(_, names)| names.contains(&name));
            found.map(|(directory, _)| format!("{directory}/{name}"))
        })
    }
}

/// `key=value`, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assignment<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) path: &'a str,
    pub(super) line: usize,
}

/// The assignments of a section of a text; a backslash at the end of a line continues it.
fn assignments(path: &str, text: &str, wanted: &str, each: &mut impl FnMut(&Assignment<'_>)) {
    let mut inside = false;
    for (line, content) in logical(text) {
        if let Some(name) = content
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = name == wanted;
        } else if inside && let Some((key, value)) = content.split_once('=') {
            each(&Assignment {
                key: key.trim(),
                value: value.trim(),
                path,
                line,
            });
        }
    }
}

/// The lines with their numbers, joined where they continue; a comment between does not end one.
pub(super) fn logical(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let is_comment = |line: &str| line.starts_with(['#', ';']);
    let mut lines = text.lines().map(str::trim).enumerate();
    std::iter::from_fn(move || {
        let (number, line) = lines.find(|(_, line)| !line.is_empty() && !is_comment(line))?;
        let mut content = Cow::Borrowed(line);
        while content.ends_with('\\') {
            let Some((_, next)) = lines.next() else { break };
            if !is_comment(next) {
                let content = content.to_mut();
                content.pop();
                content.push(' ');
                content.push_str(next);
            }
        }
        Some((number + 1, content))
    })
}
