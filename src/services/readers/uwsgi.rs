//! uWSGI: `listen` of its command line, its environment and its files (ini, XML, YAML, JSON).
//!
//! Follows core/uwsgi.c (`UWSGI_*` of the environment first, then options in their order, then files
//! without an option, then `inherit`), core/ini.c, core/xmlconf.c, core/yaml.c and core/config.c of
//! uWSGI 2.0. `listen` is immediate: it is taken by atoi(3) before placeholders are replaced, the last
//! one wins, and it is for all sockets, HTTP routers and the stats server alike.

use super::lines::Lines;
use super::{Context, Place, Reading, Setting, xml};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, file_name, parent};
use crate::services::load;
use crate::text::locate::Step;

/// Options with a value of their own that looks like a configuration file.
const TAKES_A_FILE: [&str; 8] = [
    "--paste",
    "--touch-reload",
    "--touch-workers-reload",
    "--touch-chain-reload",
    "--fs-reload",
    "--fs-signal",
    "--emperor",
    "--vassals-include",
];

/// Files that one configuration may load.
const MOST_LOADS: usize = 256;

/// Bytes of YAML or JSON: a tree takes many times the memory of its text.
const LONGEST: usize = 128 << 10;

/// Short options without a value, which another may follow in the same word.
const FLAGS: [char; 5] = ['M', 'T', 'i', 'L', 'C'];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let arguments = context.arguments;
    let mut reader = Reader {
        complete: !arguments.is_empty(),
        last: String::new(),
        depth: 0,
        loads: 0,
        conditions: 0,
        inherited: Vec::new(),
        found: None,
        context,
    };
    reader.environment();
    reader.command_line(arguments);
    for file in std::mem::take(&mut reader.inherited) {
        reader.load(&file, Kind::of(&file));
    }
    let setting = reader
        .found
        .map(|(number, place)| Setting::configured(Endpoint::Any, number, place));
    Reading {
        settings: setting.into_iter().collect(),
        complete: reader.complete && !reader.context.files.has_faults(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ini,
    Xml,
    /// YAML and JSON.
    Tree,
}

impl Kind {
    /// The format of a file by its name, without `:section`.
    fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "ini" => Some(Self::Ini),
            "xml" => Some(Self::Xml),
            "yaml" | "yml" | "json" | "js" => Some(Self::Tree),
            _ => None,
        }
    }
}

struct Reader<'r, 'c> {
    context: &'r mut Context<'c>,
    /// Whether everything that may hold the number was found.
    complete: bool,
    /// The file that was loaded last: `:section` is one of its sections.
    last: String,
    depth: usize,
    /// How many files were asked for.
    loads: usize,
    /// How many `if-` and `for` are open.
    conditions: usize,
    /// Templates, which are read when all else is.
    inherited: Vec<String>,
    found: Option<(i64, Place)>,
}

impl Reader<'_, '_> {
    fn environment(&mut self) {
        for (name, option) in [
            ("UWSGI_LISTEN", "listen"),
            ("UWSGI_INI", "ini"),
            ("UWSGI_XML", "xml"),
            ("UWSGI_YAML", "yaml"),
            ("UWSGI_JSON", "json"),
            ("UWSGI_INCLUDE", "include"),
        ] {
            if let Some(value) = self.context.host.variable(self.context.pid, name) {
                self.set(option, &value, &Place::Words(format!("variable {name}")));
            }
        }
    }

    fn command_line(&mut self, arguments: &[String]) {
        let place = Place::command_line();
        let mut bare: Vec<&str> = Vec::new();
        let mut words = arguments.iter().skip(1).map(String::as_str).peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                bare.extend(words);
                break;
            }
            let (name, value) = match word.strip_prefix("--") {
                Some(long) => match long.split_once('=') {
                    Some((name, value)) => (Some(name), Some(value)),
                    None => (Some(long), None),
                },
                None => match word.strip_prefix('-') {
                    Some(short) => short_option(short),
                    None => {
                        bare.push(word);
                        continue;
                    }
                },
            };
            let Some(name) = name else { continue };
            let takes = is_ours(name) || TAKES_A_FILE.contains(&word);
            let value = match value {
                None if takes => words.next(),
                value => value,
            };
            if let Some(value) = value {
                self.set(name, value, &place);
            }
        }
        for word in bare {
            if let Some(kind) = Kind::of(word) {
                self.load(word, Some(kind));
            }
        }
    }

    fn set(&mut self, key: &str, value: &str, place: &Place) {
        match key {
            "listen" if self.conditions > 0 => {
                self.doubt(place, "sets listen under a condition");
            }
            // What uWSGI 2 makes of a placeholder here is 0, and older ones its value.
            "listen" if value.starts_with(['%', '$', '@']) => {
                self.doubt(place, "sets listen by a placeholder");
            }
            "listen" => self.found = Some((atoi(value), place.clone())),
            "set" | "set-placeholder" => {
                if let Some((key, value)) = value.split_once('=')
                    && !key.starts_with("set")
                {
                    self.set(key, value, place);
                }
            }
            "ini" | "ini-paste" | "ini-paste-logged" => self.load(value, Some(Kind::Ini)),
            "xml" | "xmlconfig" => self.load(value, Some(Kind::Xml)),
            "yaml" | "yml" | "json" | "js" => self.load(value, Some(Kind::Tree)),
            "include" | "config" => self.load(value, Kind::of(value)),
            "inherit" => self.inherited.push(value.to_owned()),
            "end" | "endif" | "end-if" | "endfor" | "end-for" => {
                self.conditions = self.conditions.saturating_sub(1);
            }
            key if key.starts_with("if-") || key == "for" || key.starts_with("for-") => {
                self.conditions = 1;
            }
            _ => {}
        }
    }

    /// What was known before no longer is.
    fn doubt(&mut self, place: &Place, why: &str) {
        self.found = None;
        match place {
            Place::Line(path, line) => {
                let (path, line) = (path.clone(), *line);
                self.context
                    .files
                    .fault(&path, format!("line {line} {why}"));
            }
            _ => self.complete = false,
        }
    }

    /// Reads a file, `FILE:SECTION`, or `:SECTION` of the file before.
    fn load(&mut self, name: &str, kind: Option<Kind>) {
        let (file, section) = match name.rsplit_once(':') {
            Some((file, section)) if !section.contains('/') => (file, section),
            _ => (name, ""),
        };
        let section = if section.is_empty() { "uwsgi" } else { section };
        let path = match file {
            "" => self.last.clone(),
            file => {
                let Some(file) = self.magic(file) else {
                    self.complete = false;
                    return;
                };
                // Relative to the working directory, in included files too.
                self.context.path(&file)
            }
        };
        self.loads += 1;
        if self.depth >= DEEPEST || self.loads > MOST_LOADS {
            let why = format!("{file} is included without end");
            self.context.files.fault(&path, why);
            return;
        }
        let (Some(kind), Some(text)) = (kind, self.context.files.read(&path)) else {
            self.complete = false;
            return;
        };
        self.last.clone_from(&path);
        self.depth += 1;
        let read = match kind {
            Kind::Ini => {
                for (key, value, line) in ini(&text, section) {
                    self.set(key, value, &Place::Line(path.clone(), line));
                }
                Some(())
            }
            Kind::Xml => elements(&text, section).map(|options| self.set_all(&path, &options)),
            Kind::Tree => tree(&text, section).map(|options| self.set_all(&path, &options)),
        };
        if read.is_none() {
            self.context.files.fault(&path, "it cannot be parsed");
        }
        self.depth -= 1;
    }

    fn set_all(&mut self, path: &str, options: &Options) {
        for (key, value, line) in options {
            self.set(key, value, &Place::Line(path.to_owned(), *line));
        }
    }

    /// A name with the variables of its file filled in. `None`: it has others.
    fn magic(&self, name: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = name.chars();
        while let Some(c) = rest.next() {
            match c {
                '%' => match rest.next()? {
                    'd' => {
                        filled.push_str(parent(&self.last));
                        filled.push('/');
                    }
                    'p' => filled.push_str(&self.last),
                    's' => filled.push_str(file_name(&self.last)),
                    'v' => filled.push_str(&self.context.path("")),
                    '%' => filled.push('%'),
                    _ => return None,
                },
                '$' | '@' => return None,
                c => filled.push(c),
            }
        }
        // `exec://`, `http://`, `fd://`.
        (!filled.contains("://")).then(|| filled.replace("//", "/"))
    }
}

fn is_ours(name: &str) -> bool {
    let known = [
        "listen",
        "ini",
        "ini-paste",
        "ini-paste-logged",
        "xml",
        "xmlconfig",
        "yaml",
        "yml",
        "json",
        "js",
        "include",
        "config",
        "inherit",
        "set",
        "set-placeholder",
    ];
    known.contains(&name)
}

/// The long name of a short option, and the value in the same word.
fn short_option(word: &str) -> (Option<&str>, Option<&str>) {
    let word = word.trim_start_matches(FLAGS);
    let names = [
        ('l', "listen"),
        ('x', "xml"),
        ('y', "yaml"),
        ('j', "json"),
        ('S', "set"),
    ];
    let mut rest = word.chars();
    let first = rest.next();
    let name = names
        .iter()
        .find(|(short, _)| Some(*short) == first)
        .map(|(_, long)| *long);
    let value = Some(rest.as_str()).filter(|value| !value.is_empty());
    (name, value)
}

/// As atoi(3): the number that a text begins with, else 0.
fn atoi(text: &str) -> i64 {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let number = digits.get(..end).and_then(|digits| digits.parse().ok());
    let number: i64 = number.unwrap_or(0);
    if text.starts_with('-') {
        -number
    } else {
        number
    }
}

type Options = Vec<(String, String, usize)>;

/// The options of a section, which may stand in several pieces.
fn ini<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = (&'a str, &'a str, usize)> {
    let plain = |text: &'a str| text.trim_matches([' ', '\t', '\r']);
    let mut section = "";
    text.lines().enumerate().filter_map(move |(number, line)| {
        let line = plain(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.get(..name.len().saturating_sub(1)).unwrap_or("");
            return None;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let counts = section == wanted && !line.starts_with([';', '#']);
        counts.then(|| (plain(key), plain(value), number + 1))
    })
}

/// The elements of `<uwsgi>`, of the one with this id if a section was asked for.
fn elements(text: &str, section: &str) -> Option<Options> {
    let document = xml::parse(text).ok()?;
    let id = (section != "uwsgi").then_some(section);
    let node = document
        .descendants()
        .find(|node| node.has_tag_name("uwsgi") && node.attribute("id") == id)?;
    let lines = Lines::of(text);
    let options = node.children().filter(roxmltree::Node::is_element);
    let option = |node: roxmltree::Node<'_, '_>| {
        let line = lines.line(node.range().start);
        let value = node.text().unwrap_or_default().to_owned();
        (node.tag_name().name().to_owned(), value, line)
    };
    Some(options.map(option).collect())
}

/// The scalars of a mapping in YAML or JSON that matter here.
fn tree(text: &str, section: &str) -> Option<Options> {
    if text.len() > LONGEST {
        return None;
    }
    let tree = load::tree(text)?;
    let Some(options) = tree.get(section).and_then(|found| found.as_object()) else {
        return Some(Options::new());
    };
    let option = |(key, value): (&String, &serde_json::Value)| {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            value if value.is_array() || value.is_object() => return None,
            value => value.to_string(),
        };
        let steps = [Step::from(section), Step::from(key.as_str())];
        Some((key.clone(), value, load::line_of(text, &steps).unwrap_or(1)))
    };
    // A line costs a look through the whole text.
    let ours = options.iter().filter(|(key, _)| is_ours(key));
    let mut options: Options = ours.filter_map(option).collect();
    options.sort_by_key(|(_, _, line)| *line);
    Some(options)
}

#[cfg(test)]
mod tests;
