//! Apache httpd: `ListenBackLog`, which is for every listener; the last one wins.
//!
//! Follows server/main.c (options), server/config.c (lines, `Include`), server/core.c (`Define`,
//! `IfDefine`, `IfModule`) and server/util.c (`ap_resolve_env`). A condition that depends on how
//! httpd was built is not decided: a number below it is a fault, and is not claimed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, file_name, join};

/// ServerRoot and the main file, by who built httpd.
const MAIN: [(&str, &str); 5] = [
    ("/etc/apache2", "apache2.conf"),
    ("/etc/httpd", "conf/httpd.conf"),
    ("/usr/local/apache2", "conf/httpd.conf"),
    ("/etc/apache2", "httpd.conf"),
    ("/usr/local/etc/apache24", "httpd.conf"),
];
/// Files and directories that may be included.
const MOST_INCLUDES: usize = 4096;
/// Bytes of a line with its variables.
const LONGEST_LINE: usize = 1 << 16;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let options = options(context.arguments);
    let last = |name: char| {
        let mut values = options.iter().filter(|(option, _)| *option == name);
        values.next_back().map(|(_, value)| value.as_str())
    };
    let given = last('d').map(|root| context.path(root));
    let mains: Vec<(String, String)> = MAIN
        .iter()
        .map(|(root, file)| {
            let root = given.clone().unwrap_or_else(|| (*root).to_owned());
            let path = join(&root, last('f').unwrap_or(file));
            (root, path)
        })
        .collect();
    let found = mains
        .into_iter()
        .find_map(|(root, path)| Some((root, context.files.read(&path)?, path)));
    let Some((root, text, path)) = found else {
        return Reading::default();
    };
    let defined = options.iter().filter(|(option, _)| *option == 'D');
    let mut walk = Walk {
        defines: defined
            .map(|(_, name)| (name.clone(), Some(String::new())))
            .collect(),
        context,
        root,
        modules: BTreeSet::new(),
        includes: 0,
        found: None,
        doubt: None,
    };
    let directives = |walk: &mut Walk<'_, '_>, wanted: char| {
        for (_, line) in options.iter().filter(|(option, _)| *option == wanted) {
            walk.text(None, line, 0, true);
        }
    };
    directives(&mut walk, 'C');
    walk.text(Some(&path), &text, 0, true);
    directives(&mut walk, 'c');
    if let Some(path) = walk.doubt.take() {
        let why = "whether or how it sets ListenBackLog is not known";
        walk.fault(Some(&path), why);
    }
    let number = walk.found;
    Reading {
        settings: number
            .map(|(number, place)| Setting::configured(Endpoint::Any, number, place))
            .into_iter()
            .collect(),
        complete: !context.arguments.is_empty() && !context.files.has_faults(),
    }
}

/// The options that have a value, with it: `-D NAME`, `-DNAME`.
fn options(arguments: &[String]) -> Vec<(char, String)> {
    let mut found = Vec::new();
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            continue;
        };
        let Some(at) = letters.find(|c| "CDEcdefknR".contains(c)) else {
            continue;
        };
        let (_, rest) = letters.split_at(at);
        let mut rest = rest.chars();
        let name = rest.next().unwrap_or_default();
        let value = match rest.as_str() {
            "" => words.next().cloned().unwrap_or_default(),
            value => value.to_owned(),
        };
        found.push((name, value));
    }
    found
}

/// Lines with `Listen` that are kept.
const MOST_LISTENS: usize = 1024;

struct Walk<'c, 'a> {
    context: &'c mut Context<'a>,
    /// The directory of relative paths.
    root: String,
    /// What `-D` and `Define` set. `None`: perhaps.
    defines: BTreeMap<String, Option<String>>,
    modules: BTreeSet<String>,
    includes: usize,
    found: Option<(i64, Place)>,
    /// The file whose number is not known, until another one replaces it.
    doubt: Option<String>,
}

/// An open block that has a condition: its name, and whether its lines count.
type Block = (String, Option<bool>);

impl Walk<'_, '_> {
    /// Walks the lines of a file, or (without a path) of an option. `certain`: they count.
    fn text(&mut self, path: Option<&str>, text: &str, depth: usize, certain: bool) {
        let mut blocks: Vec<Block> = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((at, first)) = lines.next() {
            let mut line = first.to_owned();
            while let Some(begun) = line.strip_suffix('\\') {
                let next = lines.next().map_or("", |(_, next)| next);
                line = format!("{begun}{}", next.trim_start());
                if next.is_empty() || line.len() > LONGEST_LINE {
                    break;
                }
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let length = line.len();
            let Some(line) = self.resolved(line) else {
                self.fault(path, "a line is too long");
                continue;
            };
            let more = line.len().saturating_sub(length);
            let file = path.unwrap_or("command line");
            if !self.context.files.expand(file, more) {
                return;
            }
            let now = match blocks.iter().find(|(_, now)| *now != Some(true)) {
                Some((_, None)) if blocks.iter().any(|(_, now)| *now == Some(false)) => Some(false),
                Some((_, now)) => *now,
                None => certain.then_some(true),
            };
            if self.block(&line, &mut blocks) {
                if blocks.len() > DEEPEST {
                    self.fault(path, "its blocks are nested too deeply");
                    return;
                }
                continue;
            }
            if now == Some(false) {
                continue;
            }
            let place = match path {
                Some(path) => Place::Line(path.to_owned(), at + 1),
                None => Place::command_line(),
            };
            self.directive(&words(&line), &place, depth, now.is_some());
        }
    }

    fn fault(&mut self, path: Option<&str>, why: &str) {
        let path = path.unwrap_or("command line");
        self.context.files.fault(path, why);
    }

    /// Takes the begin or the end of a block with a condition. `false`: it is neither.
    fn block(&self, line: &str, blocks: &mut Vec<Block>) -> bool {
        let Some(inner) = line.strip_prefix('<') else {
            return false;
        };
        let inner = inner.trim_end_matches('>').trim().to_ascii_lowercase();
        let original = line.trim_start_matches('<').trim_end_matches('>').trim();
        if let Some(name) = inner.strip_prefix('/') {
            if let Some(at) = blocks.iter().rposition(|(open, _)| open == name.trim()) {
                blocks.truncate(at);
            }
            return true;
        }
        let (name, _) = inner.split_once([' ', '\t']).unwrap_or((&inner, ""));
        let what = original.get(name.len()..).unwrap_or_default().trim();
        let what = what.trim_matches('"');
        let (positive, what) = match what.strip_prefix('!') {
            Some(what) => (false, what),
            None => (true, what),
        };
        let is = match name {
            "ifdefine" => match self.defines.get(what) {
                Some(value) => value.as_ref().map(|_| positive),
                None => Some(!positive),
            },
            // One that was not loaded may be built in.
            "ifmodule" => self.modules.contains(what).then_some(positive),
            // The lines of a macro count where it is used.
            "iffile" | "ifversion" | "ifdirective" | "ifsection" | "macro" => None,
            _ => return true,
        };
        blocks.push((name.to_owned(), is));
        true
    }

    fn directive(&mut self, words: &[String], place: &Place, depth: usize, certain: bool) {
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        match word(0).to_ascii_lowercase().as_str() {
            "listenbacklog" => {
                let digits = word(1).find(|c: char| !c.is_ascii_digit());
                let digits = word(1).get(..digits.unwrap_or(word(1).len()));
                let number = digits.and_then(|digits| digits.parse().ok());
                self.found = number
                    .filter(|_| certain)
                    .map(|number| (number, place.clone()));
                let file = place.file().unwrap_or("command line");
                self.doubt = self.found.is_none().then(|| file.to_owned());
            }
            "listen" if certain => {
                let found = Endpoint::parse(word(1), None);
                let room = self.context.listens.len() < MOST_LISTENS;
                self.context.listens.extend(found.filter(|_| room));
            }
            "serverroot" if certain => self.root = join("/", word(1)),
            "define" => {
                let value = certain.then(|| word(2).to_owned());
                self.defines.insert(word(1).to_owned(), value);
            }
            "undefine" if certain => _ = self.defines.remove(word(1)),
            "undefine" => _ = self.defines.insert(word(1).to_owned(), None),
            "loadmodule" if certain => {
                let file = file_name(word(2));
                let source = file.strip_suffix(".so").unwrap_or(file);
                // mod_mpm_event.so is made of event.c.
                let source = source.strip_prefix("mod_mpm_").unwrap_or(source);
                self.modules.insert(word(1).to_owned());
                self.modules.insert(format!("{source}.c"));
            }
            "include" => self.include(word(1), place, depth, certain, false),
            "includeoptional" => self.include(word(1), place, depth, certain, true),
            _ => {}
        }
    }

    fn include(&mut self, path: &str, place: &Place, depth: usize, certain: bool, optional: bool) {
        let pattern = join(&self.root, path);
        self.includes += 1;
        if depth >= DEEPEST || self.includes > MOST_INCLUDES {
            return self.fault(place.file(), "it includes without end");
        }
        let wild = path.contains(['*', '?', '[']);
        for path in self.context.files.glob(&pattern) {
            // A directory means every file below it.
            if self.context.files.is_directory(&path) {
                for name in self.context.files.list(&path) {
                    self.include(&join(&path, &name), place, depth + 1, certain, true);
                }
                continue;
            }
            match self.context.files.read(&path) {
                Some(text) => self.text(Some(&path), &text, depth + 1, certain),
                None if wild || optional => {}
                None => self.fault(Some(&path), "it is included and not there"),
            }
        }
    }

    /// A line with its variables; one that is not set stays as it is. `None`: too long.
    fn resolved(&self, line: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, end)) = behind.split_once('}') else {
                rest = &rest[before.len()..];
                break;
            };
            let value = match self.defines.get(name) {
                Some(value) => value.clone(),
                None => self.context.host.variable(self.context.pid, name),
            };
            out.push_str(&value.unwrap_or_else(|| format!("${{{name}}}")));
            rest = end;
            if out.len() > LONGEST_LINE {
                return None;
            }
        }
        Some(out + rest)
    }
}

/// The words of a directive, which may have quotes.
fn words(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, end) = match first {
            '"' | '\'' => {
                let inner = rest.get(1..).unwrap_or_default();
                inner.split_once(first).unwrap_or((inner, ""))
            }
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        found.push(word.to_owned());
        rest = end.trim_start();
    }
    found
}

#[cfg(test)]
mod tests;
