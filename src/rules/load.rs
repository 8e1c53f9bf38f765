//! From YAML text to rules. All faults of all files are found; with any fault no rule is in force.

mod meaning;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Rule, RuleSet, builtin};
use crate::cores;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::fields::Faults;
use meaning::Meaning;
pub use meaning::{is_id, is_name, is_reserved};
use written::Written;

/// Rules from which on it is worth to start a thread.
const WORTH_A_THREAD: usize = 8;

/// The built-in rules and those of the user's files, given as name and text.
///
/// # Errors
/// Every fault of every file.
pub fn load(files: &[(String, String)]) -> Result<RuleSet, Vec<Diagnostic>> {
    let builtin = builtin::files().map(|(name, text)| (format!("{}{name}", builtin::PLACE), text));
    let given = files.iter();
    let given = given.map(|(name, text)| (name.clone(), text.as_str()));
    let all: Vec<_> = builtin.chain(given).collect();
    let loaded = together(&all);
    let foreign: Vec<Diagnostic> = files.iter().filter_map(of_ours).collect();
    match loaded {
        Ok(rules) if foreign.is_empty() => Ok(rules),
        Ok(_) => Err(foreign),
        Err(mut faults) => {
            // Who has an id of a built-in rule is told so already.
            let told = |fault: &Diagnostic| {
                let place = (&fault.file, fault.position());
                faults.iter().any(|it| (&it.file, it.position()) == place)
            };
            let more: Vec<_> = foreign.into_iter().filter(|it| !told(it)).collect();
            faults.extend(more);
            Err(faults)
        }
    }
}

/// The fault of a file of the user's whose id has the prefix of the built-in rules.
fn of_ours((file, text): &(String, String)) -> Option<Diagnostic> {
    #[derive(serde::Deserialize)]
    struct Identity {
        id: String,
    }
    let document = Document::yaml(file, text);
    let Identity { id } = document.read().ok()?;
    let fault = || {
        document.at(
            &["id".into()],
            format!("`{id}` has the prefix of the built-in rules"),
        )
    };
    let help = "take a prefix of your own, such as `ACME101`: a later backlint may bring a rule of this id";
    is_reserved(&id).then(|| fault().with_help(help))
}

/// The rules of these files by themselves, without the built-in ones.
///
/// # Errors
/// Every fault of every file.
pub fn load_alone(files: &[(String, String)]) -> Result<RuleSet, Vec<Diagnostic>> {
    let given = files.iter();
    let given = given.map(|(name, text)| (name.clone(), text.as_str()));
    together(&given.collect::<Vec<_>>())
}

fn together(all: &[(String, &str)]) -> Result<RuleSet, Vec<Diagnostic>> {
    // A rule of a user's takes some 60 µs, most of it to read the YAML.
    let read = cores::map_from(WORTH_A_THREAD, all, |(file, text)| read(file, text));
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for ((file, text), read) in all.iter().zip(read) {
        faults.extend(read.faults);
        let document = Document::yaml(file, text);
        // Who copied a rule has both twice, and changes both once told of the first.
        for (key, value) in [("id", read.id), ("name", read.name)] {
            let Some(value) = value else { continue };
            if let Some(first) = seen.get(&format!("{key} {value}")) {
                let message = format!("a second rule has the {key} `{value}`");
                let help =
                    format!("the first is in {first}: give this one an id and a name of its own");
                faults.push(document.at(&[key.into()], message).with_help(help));
                break;
            }
            seen.insert(format!("{key} {value}"), file);
        }
        rules.extend(read.rule.map(Arc::new));
    }
    if faults.is_empty() {
        Ok(RuleSet::new(rules))
    } else {
        Err(faults)
    }
}

/// Loads one rule by itself, for tests of that rule.
///
/// # Errors
/// All its faults.
pub fn load_one(file: &str, text: &str) -> Result<Rule, Vec<Diagnostic>> {
    let read = read(file, text);
    read.rule.ok_or(read.faults)
}

/// What could be read of one file.
struct Read {
    /// Id and name as far as they are there, to find what stands twice.
    id: Option<String>,
    name: Option<String>,
    /// The rule; `None`: there is a fault at least.
    rule: Option<Rule>,
    faults: Vec<Diagnostic>,
}

/// Reads a file. A built-in one is read from its JSON, which takes a twentieth of the time; should that
/// have a fault, the YAML has it too, and there it has a place.
fn read(file: &str, text: &str) -> Read {
    let json = file
        .strip_prefix(builtin::PLACE)
        .and_then(builtin::compiled);
    let compiled = json.map(|json| read_document(file, Document::new(file, json)));
    match compiled {
        Some(read) if read.faults.is_empty() => read,
        _ => read_document(file, Document::yaml(file, text)),
    }
}

fn read_document(file: &str, document: Document<'_>) -> Read {
    let mut faults = Faults::of(document);
    let written = Written::read(document, &mut faults);
    let (id, name) = match &written {
        Some(written) => (written.id.clone(), written.name.clone()),
        None => (None, None),
    };
    let rule = written.and_then(|written| Meaning::of(&mut faults).rule(written, file));
    let rule = rule.filter(|_| faults.is_empty());
    Read {
        id,
        name,
        rule,
        faults: faults.finish(),
    }
}
