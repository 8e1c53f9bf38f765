//! All services: those that the binary carries and those of the user's files.
//!
//! The built-in files are many and a host runs few of them, so they are parsed when they are first
//! needed. Which file may know a program is looked up in an index, `rules/services/index.tsv`, that
//! is generated from the files and compared in a test.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use super::load;
use super::service::{Service, Signs};
use crate::text::diagnostic::Diagnostic;

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules/services");
/// The generated index.
pub const INDEX: &str = "index.tsv";
/// Bytes of `comm`, without the NUL that ends it.
pub(super) const COMM: usize = 15;

/// Every service that is known.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// By kind of sign.
    signs: [Texts; Sign::ALL.len()],
    by_name: BTreeMap<String, usize>,
}

/// The texts of one kind of sign, and the entries that have them.
#[derive(Debug, Default)]
struct Texts {
    exact: HashMap<String, Vec<usize>>,
    /// Those with a `*`: what stands before it and behind it. By their first byte, none for those
    /// that begin with the `*`: every listener's program is compared to them.
    patterns: HashMap<Option<u8>, Vec<(String, String, usize)>>,
}

/// One file. User's files are parsed at once.
#[derive(Debug)]
struct Entry {
    text: &'static str,
    file: String,
    service: OnceLock<Option<Service>>,
}

/// What a text of the index is a sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sign {
    /// `comm`.
    Comm,
    /// File name of the executable.
    Exe,
    /// What an interpreter runs.
    Program,
    /// The unit without its suffix.
    Unit,
    /// The language runtime.
    Runtime,
}

impl Sign {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Comm, "comm"),
        (Self::Exe, "exe"),
        (Self::Program, "program"),
        (Self::Unit, "unit"),
        (Self::Runtime, "runtime"),
    ];
}

impl Catalogue {
    /// The built-in services.
    pub fn builtin() -> Self {
        let mut catalogue = Self {
            entries: Vec::new(),
            signs: Default::default(),
            by_name: BTreeMap::new(),
        };
        for (file, text) in files() {
            let number = catalogue.entries.len();
            let name = file.strip_suffix(".yaml").unwrap_or(file);
            catalogue.by_name.insert(name.to_owned(), number);
            catalogue.entries.push(Entry {
                text,
                file: file.to_owned(),
                service: OnceLock::new(),
            });
        }
        let index = FOLDER.get_file(INDEX).and_then(|file| file.contents_utf8());
        for line in index.unwrap_or_default().lines() {
            let mut fields = line.split('\t');
            let (Some(kind), Some(text), Some(name)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let sign = Sign::ALL.iter().find(|(_, name)| *name == kind);
            if let (Some((sign, _)), Some(number)) = (sign, catalogue.by_name.get(name).copied()) {
                catalogue.sign(*sign, text, number);
            }
        }
        catalogue
    }

    /// The built-in services and those of the user's files, given as name and text. A file with the
    /// name of a built-in service takes its place.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn with(files: &[(String, String)]) -> Result<Self, Vec<Diagnostic>> {
        let mut catalogue = Self::builtin();
        let mut faults = Vec::new();
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        for (file, text) in files {
            match load::load(file, text) {
                Err(fault) => faults.push(fault),
                Ok(service) => {
                    if let Some(first) = own.insert(service.name.clone(), file.clone()) {
                        let message = format!("a second service has the name `{}`", service.name);
                        let fault = Diagnostic::whole_file(file, message);
                        faults.push(fault.with_help(format!("the first is in {first}")));
                    }
                    catalogue.add(file, service);
                }
            }
        }
        if faults.is_empty() {
            Ok(catalogue)
        } else {
            Err(faults)
        }
    }

    fn add(&mut self, file: &str, service: Service) {
        let number = self.entries.len();
        if let Some(replaced) = self.by_name.insert(service.name.clone(), number) {
            // Nothing leads there any more.
            self.entries[replaced].service = OnceLock::from(None);
        }
        for (sign, text) in signs(&service) {
            self.sign(sign, &text, number);
        }
        self.entries.push(Entry {
            text: "",
            file: file.to_owned(),
            service: OnceLock::from(Some(service)),
        });
    }

    fn sign(&mut self, sign: Sign, text: &str, number: usize) {
        let texts = &mut self.signs[sign as usize];
        match text.split_once('*') {
            Some((before, behind)) => {
                let pattern = (before.to_owned(), behind.to_owned(), number);
                let first = before.bytes().next();
                texts.patterns.entry(first).or_default().push(pattern);
            }
            None => texts.exact.entry(text.to_owned()).or_default().push(number),
        }
    }

    /// All services by name.
    pub fn iter(&self) -> impl Iterator<Item = &Service> {
        self.by_name.values().filter_map(|number| self.get(*number))
    }

    /// The service of this name.
    pub fn by_name(&self, name: &str) -> Option<&Service> {
        self.get(*self.by_name.get(name)?)
    }

    /// The services that a process of this name may be, such as `redis-server`, by name.
    pub fn known_as(&self, name: &str) -> Vec<&Service> {
        let comm = cut(name);
        let ways = [
            (Sign::Exe, name),
            (Sign::Comm, comm.as_str()),
            (Sign::Program, name),
        ];
        let found = ways
            .into_iter()
            .flat_map(|(sign, text)| self.candidates(sign, text));
        let by_name: BTreeMap<&str, &Service> = found
            .map(|service| (service.name.as_str(), service))
            .collect();
        by_name.into_values().collect()
    }

    /// Names of all services, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The services that may be behind a sign.
    pub(super) fn candidates(&self, sign: Sign, text: &str) -> impl Iterator<Item = &Service> {
        let texts = &self.signs[sign as usize];
        let exact = texts.exact.get(text).into_iter().flatten().copied();
        let near = [None, text.bytes().next()];
        let near = near
            .into_iter()
            .filter_map(|first| texts.patterns.get(&first));
        let fitting = near
            .flatten()
            .filter(move |(before, behind, _)| matches_around(text, before, behind));
        exact
            .chain(fitting.map(|(.., number)| *number))
            .filter_map(|number| self.get(number))
    }

    fn get(&self, number: usize) -> Option<&Service> {
        let entry = self.entries.get(number)?;
        let parse = || load::load(&entry.file, entry.text).ok();
        entry.service.get_or_init(parse).as_ref()
    }
}

/// File name and text of each built-in service, by name.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FOLDER.files().filter_map(|file| {
        // Paths are relative to the folder.
        let name = file.path().to_str()?;
        name.ends_with(".yaml")
            .then_some((name, file.contents_utf8()?))
    })
}

/// The index of some services: kind of sign, text, name; one a line, sorted.
pub fn index<'a>(services: impl Iterator<Item = &'a Service>) -> String {
    let mut lines: Vec<(&str, String, &str)> = Vec::new();
    for service in services {
        for (sign, text) in signs(service) {
            let kind = Sign::ALL.iter().find(|(of, _)| *of == sign);
            lines.push((kind.map_or("", |(_, name)| name), text, &service.name));
        }
    }
    lines.sort();
    lines.dedup();
    lines
        .into_iter()
        .fold(String::new(), |mut out, (kind, text, name)| {
            let _ = writeln!(out, "{kind}\t{text}\t{name}");
            out
        })
}

/// Every text that can lead to a service: for each of its alternatives, one kind of sign.
fn signs(service: &Service) -> Vec<(Sign, String)> {
    let mut found = Vec::new();
    for signs in &service.recognise {
        found.extend(leads(signs));
    }
    found
}

fn leads(signs: &Signs) -> Vec<(Sign, String)> {
    let all = |sign: Sign, texts: &[String]| -> Vec<(Sign, String)> {
        texts.iter().map(|text| (sign, text.clone())).collect()
    };
    if !signs.program.0.is_empty() {
        return all(Sign::Program, &signs.program.0);
    }
    if !signs.exe.0.is_empty() {
        return all(Sign::Exe, &signs.exe.0);
    }
    let comms: Vec<String> = signs
        .name
        .0
        .iter()
        .chain(&signs.comm.0)
        .map(|text| cut(text))
        .collect();
    if !comms.is_empty() {
        let names = &signs.name.0;
        return [
            all(Sign::Exe, names),
            all(Sign::Program, names),
            all(Sign::Comm, &comms),
        ]
        .concat();
    }
    if !signs.unit.0.is_empty() {
        return all(Sign::Unit, &signs.unit.0);
    }
    signs
        .runtime
        .map(|runtime| (Sign::Runtime, runtime.name().to_owned()))
        .into_iter()
        .collect()
}

/// A name as `comm` shows it.
pub(super) fn cut(name: &str) -> String {
    let mut end = name.len().min(COMM);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

/// Whether a text is `before`, anything, `behind`.
pub(super) fn matches_around(text: &str, before: &str, behind: &str) -> bool {
    text.len() >= before.len() + behind.len() && text.starts_with(before) && text.ends_with(behind)
}
