//! Everything that the commands read: rule files, snapshot files, the live host.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::args::Where;
use super::containers::Containers;
use super::host::Live;
use super::netns::{self, Choice};
use super::{open, output};
use crate::assess::{check, settings};
use crate::collect::boot::{self, Depth};
use crate::collect::{self, Sources, Wanted};
use crate::containers;
use crate::gate::{Baseline, Waivers};
use crate::kernel::counters::COUNTERS;
use crate::rules::{RuleSet, builtin, load};
use crate::services::Catalogue;
use crate::services::inspect::inspect;
use crate::snapshot::{Gap, Snapshot, file};
use crate::text::diagnostic::Diagnostic;

/// The name of standard input in messages.
const STDIN: &str = "<stdin>";

/// Bytes that a snapshot may have: some hundred thousand listeners.
pub(super) const LONGEST_SNAPSHOT: u64 = 256 << 20;
/// Bytes that a rule or a service may have.
pub(super) const LONGEST_RULE: u64 = 1 << 20;

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// Faults in the user's files.
    Diagnostics(Vec<Diagnostic>),
    /// Anything else, with its remedy in the text.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnostics(vec![diagnostic])
    }
}

/// The rules in force: built-in ones and those of `paths`, each a file or a folder.
pub(super) fn rules(paths: &[PathBuf]) -> Result<RuleSet, Failure> {
    let files = texts(paths, "rule")?;
    load::load(&files).map_err(Failure::Diagnostics)
}

/// The pages of the user's rules, by the rule's id: for each rule file, the file of its name that ends in
/// .md beside it, where there is one.
pub(super) fn pages(rules: &RuleSet) -> Result<BTreeMap<String, String>, Failure> {
    let mut pages = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.is_built_in()) {
        let page = Path::new(&rule.file).with_extension("md");
        if page.is_file() {
            pages.insert(rule.id.clone(), read_text(&page, LONGEST_RULE)?);
        }
    }
    Ok(pages)
}

/// The services that are known: built-in ones and those of `paths`, each a file or a folder.
pub(super) fn catalogue(paths: &[PathBuf]) -> Result<Catalogue, Failure> {
    let files = texts(paths, "service")?;
    Catalogue::with(&files).map_err(Failure::Diagnostics)
}

/// Name and text of the YAML files that `--rules` or `--services` name.
fn texts(paths: &[PathBuf], what: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for path in paths {
        for file in yaml_files(path, what)? {
            texts.push((file.display().to_string(), read_text(&file, LONGEST_RULE)?));
        }
    }
    Ok(texts)
}

fn yaml_files(path: &Path, what: &str) -> Result<Vec<PathBuf>, Diagnostic> {
    let advice = format!("give --{what}s a YAML file, or a folder of them");
    let Some(files) = listed(path, builtin::is_rule_file, &advice)? else {
        return Ok(vec![path.to_owned()]);
    };
    if files.is_empty() {
        let message = format!("there is no {what} in this folder");
        let help = format!("a {what} is a file that ends in .yaml or .yml");
        let fault = Diagnostic::whole_file(path.display().to_string(), message);
        return Err(fault.with_help(help));
    }
    Ok(files)
}

/// The files of a folder whose names fit, sorted. `None`: the path leads to no folder. `advice`: what to
/// give instead of what cannot be read.
pub(super) fn listed(
    path: &Path,
    fits: impl Fn(&str) -> bool,
    advice: &str,
) -> Result<Option<Vec<PathBuf>>, Diagnostic> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot be read: {}", words(&error));
        Diagnostic::whole_file(path.display().to_string(), message).with_help(advice)
    };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(None);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        // A pipe of that name would be waited for.
        if name.is_some_and(&fits) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(Some(files))
}

/// The snapshots of a command line: name for people and content.
pub(super) fn snapshots(paths: &[PathBuf]) -> Result<Vec<(String, Snapshot)>, Failure> {
    let recorded = recorded(paths, |_| None::<()>)?.into_iter();
    Ok(recorded.map(|it| (it.name, it.snapshot)).collect())
}

/// A snapshot file.
pub(super) struct Recorded<T> {
    /// Its name for people.
    pub(super) name: String,
    pub(super) snapshot: Snapshot,
    /// What was taken from the text, which is not kept. Nobody can point into standard input.
    pub(super) taken: Option<T>,
}

/// The snapshots of a command line, and what `take` takes from their texts.
pub(super) fn recorded<T>(
    paths: &[PathBuf],
    take: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Recorded<T>>, Failure> {
    if paths.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(twice("give `--snapshot -` once"));
    }
    paths
        .iter()
        .map(|path| {
            let (name, text) = document(path)?;
            Ok(Recorded {
                snapshot: record(&name, &text)?,
                taken: (name != STDIN).then(|| take(&text)).flatten(),
                name,
            })
        })
        .collect()
}

/// A snapshot file's name for people and its content.
pub(super) fn snapshot(path: &Path) -> Result<(String, Snapshot), Failure> {
    let (name, text) = document(path)?;
    let snapshot = record(&name, &text)?;
    Ok((name, snapshot))
}

/// A file's name for people and its text; `-` is standard input.
pub(super) fn document(path: &Path) -> Result<(String, String), Diagnostic> {
    if path == Path::new("-") {
        let bytes = bounded(STDIN, io::stdin().lock(), LONGEST_SNAPSHOT)?;
        return Ok((STDIN.to_owned(), utf8(STDIN, bytes)?));
    }
    let text = read_text(path, LONGEST_SNAPSHOT)?;
    Ok((path.display().to_string(), text))
}

/// The snapshot that a text is.
pub(super) fn record(name: &str, text: &str) -> Result<Snapshot, Diagnostic> {
    let snapshot = file::parse(name, text)?;
    check::names(name, text, &snapshot)?;
    Ok(snapshot)
}

/// A file that is given where standard input was given before.
pub(super) fn twice(help: &str) -> Failure {
    let fault = Diagnostic::whole_file(STDIN, "standard input can be read only once");
    fault.with_help(help).into()
}

/// What to read of a host that is judged by these rules.
pub(super) fn wanted(rules: &RuleSet) -> Wanted {
    let boot = match rules.needs_settings() {
        true => Depth::Files,
        false => Depth::Nothing,
    };
    Wanted {
        sysctls: rules.sysctls(),
        boot,
        counters: COUNTERS
            .iter()
            .map(|counter| counter.name.to_owned())
            .collect(),
        owners: true,
        ..Wanted::default()
    }
}

/// The live host, as the rules need it.
pub(super) fn host(
    place: &Where,
    wanted: &Wanted,
    catalogue: &Catalogue,
) -> Result<Snapshot, Failure> {
    let sources = Sources::default();
    let seen = match netns::choose(&sources, place)? {
        Choice::Reach(reach) => collect::look_around(&sources, wanted, reach),
        Choice::These(namespaces) => collect::look(&sources, wanted, namespaces),
    };
    let seen = seen.map_err(|error| {
        let advice = "nothing could be audited; run backlint as root, outside of sandboxes";
        Failure::Other(anyhow::Error::new(error).context(advice))
    })?;
    Ok(complete(&sources, wanted, seen, catalogue))
}

/// The record of what was seen, with everything that other stages add to it from the live host.
pub(super) fn complete(
    sources: &Sources,
    wanted: &Wanted,
    seen: collect::Seen,
    catalogue: &Catalogue,
) -> Snapshot {
    let mut snapshot = seen.snapshot;
    if wanted.boot != Depth::Nothing {
        beside_the_files(sources, wanted.boot, &mut snapshot);
    }
    containers::identify(
        &mut snapshot,
        &seen.members,
        &Containers::new(sources, seen.sharing),
    );
    containers::sort(&mut snapshot);
    inspect(&mut snapshot, &Live::new(&sources.proc), catalogue);
    snapshot
}

/// Reads what is to be compared with the machine's files: the values of the keys that they set and, where
/// one of these is not what the next boot will bring, what else may set it.
fn beside_the_files(sources: &Sources, depth: Depth, snapshot: &mut Snapshot) {
    let (keys, more) = settings::keys(snapshot);
    collect::read_more(sources, &keys, snapshot);
    if more > 0 {
        snapshot.gaps.push(Gap::new(
            "sysctls",
            format!("the files set {more} more keys than are looked up"),
            "whether their values last",
        ));
    }
    if depth == Depth::Files && settings::some_does_not_last(snapshot) {
        let writers = boot::writers(&sources.root);
        if let Some(boot) = &mut snapshot.boot {
            boot.writers = writers;
        }
    }
}

/// The text of a file that the user named.
pub(super) fn read_text(path: &Path, longest: u64) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let file = open::to_read(path).map_err(|error| {
        Diagnostic::whole_file(&name, format!("cannot be read: {}", words(&error)))
            .with_help("is the path right, and may this user read it?")
    })?;
    let bytes = bounded(&name, file, longest)?;
    utf8(&name, bytes)
}

/// The text of bytes that were read, one more than a file may have.
pub(super) fn text_of(name: &str, bytes: Vec<u8>, longest: u64) -> Result<String, Diagnostic> {
    utf8(name, bounded(name, bytes.as_slice(), longest)?)
}

/// The waivers of some files, about any of `rules`.
pub(super) fn waivers(paths: &[PathBuf], rules: &RuleSet) -> Result<Waivers, Failure> {
    let remedy = "give --waivers a YAML file; `backlint audit --print-waivers` writes one";
    let text = |path: &PathBuf| {
        // As long as what `--print-waivers` writes about a snapshot.
        let text = read_text(path, LONGEST_SNAPSHOT).map_err(|fault| fault.with_help(remedy))?;
        Ok((path.display().to_string(), text))
    };
    let files: Vec<_> = paths.iter().map(text).collect::<Result<_, Diagnostic>>()?;
    Waivers::load(&files, rules).map_err(Failure::Diagnostics)
}

/// A baseline.
pub(super) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let name = path.display().to_string();
    let words = output::argument("--write-baseline", path);
    let remedy = format!("`backlint audit{words}` writes it");
    let text = read_text(path, LONGEST_SNAPSHOT).map_err(|fault| fault.with_help(remedy))?;
    Ok(Baseline::parse(&name, &text)?)
}

/// Reads to the end, and no further than is sensible: a path may lead to a device.
fn bounded(name: &str, source: impl io::Read, longest: u64) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    source
        .take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Diagnostic::whole_file(name, format!("cannot be read: {}", words(&error)))
        })?;
    if bytes.len() as u64 > longest {
        let message = format!("is longer than {} MiB", longest >> 20);
        return Err(Diagnostic::whole_file(name, message));
    }
    Ok(bytes)
}

fn utf8(name: &str, mut bytes: Vec<u8>) -> Result<String, Diagnostic> {
    // A byte order mark says nothing in UTF-8, and some editors write one.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Diagnostic::whole_file(name, format!("line {line} is not UTF-8"))
            .with_help("save the file as UTF-8")
    })
}

/// An operating system's error without its number.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
