//! Which files of a command line are rules and which are the cases of rules, and which belong together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::input::{LONGEST_RULE, LONGEST_SNAPSHOT, listed, read_text};
use crate::rules::builtin::{is_rule_file, stem_of_cases};
use crate::rules::{Rule, load};
use crate::text::diagnostic::Diagnostic;

/// A rule's file and the file of its cases, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) rule: Option<PathBuf>,
    pub(super) cases: Option<PathBuf>,
}

/// The pairs that files and folders name, by path. Where `both`, the other file of each is looked for
/// beside the one that is named.
pub(super) fn pairs(paths: &[PathBuf], both: bool) -> Result<Vec<Pair>, Vec<Diagnostic>> {
    let mut pairs: BTreeMap<PathBuf, Pair> = BTreeMap::new();
    let mut faults = Vec::new();
    for path in paths {
        match files(path) {
            Ok(files) => files.into_iter().for_each(|file| add(file, &mut pairs)),
            Err(fault) => faults.push(fault),
        }
    }
    if both {
        for (stem, pair) in &mut pairs {
            let beside = |endings: [&str; 2]| {
                let mut names = endings.iter().map(|ending| with(stem, ending));
                names.find(|path| path.is_file())
            };
            pair.rule = pair.rule.take().or_else(|| rule_beside(stem));
            let cases = || beside([".cases.yaml", ".cases.yml"]);
            pair.cases = pair.cases.take().or_else(cases);
        }
    }
    match faults.is_empty() {
        true => Ok(pairs.into_values().collect()),
        false => Err(faults),
    }
}

/// The rule beside a cases file, by what its name begins with.
fn rule_beside(stem: &Path) -> Option<PathBuf> {
    let mut names = [".yaml", ".yml"].iter().map(|ending| with(stem, ending));
    names.find(|path| path.is_file())
}

/// The rule of a pair, also where its file was not named, if it can be understood.
pub(super) fn rule_of(pair: &Pair) -> Option<Result<Arc<Rule>, ()>> {
    let beside = || {
        let cases = pair.cases.as_ref()?;
        let stem = stem_of_cases(cases.file_name()?.to_str()?)?;
        rule_beside(&cases.with_file_name(stem))
    };
    let path = pair.rule.clone().or_else(beside)?;
    let loaded = read(&path)
        .ok()
        .and_then(|(name, text)| load::load_one(&name, &text).ok());
    Some(loaded.map(Arc::new).ok_or(()))
}

fn with(stem: &Path, ending: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn add(file: PathBuf, pairs: &mut BTreeMap<PathBuf, Pair>) {
    let name = file.file_name().and_then(|name| name.to_str());
    match name.and_then(stem_of_cases) {
        Some(stem) => {
            let stem = file.with_file_name(stem);
            pairs.entry(stem).or_default().cases = Some(file);
        }
        None => {
            let stem = file.with_extension("");
            pairs.entry(stem).or_default().rule = Some(file);
        }
    }
}

/// A file, or the rules and cases of a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let advice = "give a YAML file with a rule or with cases, or a folder of them";
    let fits = |name: &str| is_rule_file(name) || stem_of_cases(name).is_some();
    match listed(path, fits, advice)? {
        None => Ok(vec![path.to_owned()]),
        Some(found) if found.is_empty() => {
            let name = path.display().to_string();
            let fault = Diagnostic::whole_file(name, "there is no rule in this folder");
            let help = "a rule is a file that ends in .yaml; `backlint rules new` writes one";
            Err(fault.with_help(help))
        }
        Some(found) => Ok(found),
    }
}

/// Name and text of a rule or cases file.
pub(super) fn read(path: &Path) -> Result<(String, String), Diagnostic> {
    let text = read_text(path, LONGEST_RULE)?;
    Ok((path.display().to_string(), text))
}

/// What opens the records that the cases file at a path names.
pub(super) fn fixture(cases: &Path) -> impl Fn(&str) -> Result<(String, String), String> {
    let folder = cases.parent().unwrap_or(Path::new("")).to_owned();
    move |given| {
        let path = folder.join(given);
        let text = read_text(&path, LONGEST_SNAPSHOT);
        let text = text.map_err(
            |fault| match fault.message.strip_prefix("cannot be read: ") {
                Some(why) => why.to_owned(),
                None => fault.message,
            },
        )?;
        Ok((path.display().to_string(), text))
    }
}
