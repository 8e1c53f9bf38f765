//! `backlint rules new`. Writes new files alone: nothing that is there is changed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::cli::args::NewRule;
use crate::cli::input::{Failure, LONGEST_RULE, listed, read_text, words};
use crate::cli::{Run, output};
use crate::report::Outcome;
use crate::report::authoring::{schema, skeleton};
use crate::rules::builtin::is_rule_file;
use crate::rules::load::{self, is_id, is_name};
use crate::text::shell;
use crate::text::untrusted::clean;

/// The prefix of an id that nobody chose, and its first number.
const PREFIX: &str = "ACME";
const FIRST: u32 = 101;

pub(super) fn run(arguments: &NewRule) -> Run {
    let (name, folder) = (&arguments.name, &arguments.dir);
    let id = identity(arguments)?;
    fs::create_dir_all(folder)
        .map_err(|error| anyhow!("{}", words(&error)))
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let files = skeleton::of(&id, name, arguments.scope.0);
    let own = [
        (folder.join(format!("{name}.yaml")), files.rule),
        (folder.join(format!("{name}.cases.yaml")), files.cases),
    ];
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    if let Some((path, _)) = own.iter().find(|(path, _)| is_there(path)) {
        return Err(anyhow!("{} is there already: choose another name", path.display()).into());
    }
    let schemas = [
        (schema::RULE_FILE, schema::of_rules()),
        (schema::CASES_FILE, schema::of_cases()),
    ];
    let schemas = schemas.map(|(file, schema)| (folder.join(file), schema::to_text(&schema)));
    let schemas = schemas.into_iter().filter(|(path, _)| !is_there(path));
    let all: Vec<_> = own.into_iter().chain(schemas).collect();
    for (path, text) in &all {
        write(path, text)?;
    }
    output::result(Outcome::Clean, |out| {
        for (path, _) in &all {
            writeln!(out, "{}", clean(&path.display().to_string()))?;
        }
        let place = folder.display().to_string();
        let place = shell::word(&place);
        writeln!(out, "\nNext: say what {id} finds in {name}.yaml, then")?;
        writeln!(
            out,
            "  backlint rules check {place} && backlint rules test {place}"
        )
    })
}

/// The id of the new rule; id and name are nobody else's.
fn identity(arguments: &NewRule) -> Result<String, Failure> {
    let name = &arguments.name;
    if !is_name(name) {
        let help = "small letters, digits and hyphens, such as web-queue";
        return Err(anyhow!("`{name}` is not a rule's name: {help}").into());
    }
    let id = match &arguments.id {
        Some(id) if !is_id(id) => {
            let help = "capital letters of your own and a number, such as ACME101";
            return Err(anyhow!("`{id}` is not a rule's id: {help}").into());
        }
        Some(id) if load::is_reserved(id) => {
            let help = "BL is backlint's own prefix: choose one of yours, such as ACME101";
            return Err(anyhow!("`{id}` is not yours to give: {help}").into());
        }
        Some(id) if is_taken(id, &rules_of(&arguments.dir)) => {
            let folder = arguments.dir.display();
            return Err(anyhow!("a rule in {folder} has the id `{id}`: choose another").into());
        }
        Some(id) => id.clone(),
        None => free_id(&arguments.dir),
    };
    let known = load::load(&[]).map_err(Failure::Diagnostics)?;
    for rule in known.iter() {
        let taken = match (rule.name == *name, rule.id == id) {
            (true, _) => format!("{} has the name `{name}`", rule.id),
            (_, true) => format!("{} has the id `{id}`", rule.name),
            _ => continue,
        };
        return Err(anyhow!("the built-in rule {taken}: choose another").into());
    }
    Ok(id)
}

/// The first id of ours that no rule of the folder has.
fn free_id(folder: &Path) -> String {
    let texts = rules_of(folder);
    let ids = (FIRST..).map(|number| format!("{PREFIX}{number}"));
    let mut free = ids.filter(|id| !is_taken(id, &texts));
    free.next().unwrap_or_default()
}

/// Whether one of these rules has an id.
fn is_taken(id: &str, rules: &str) -> bool {
    let line = format!("id: {id}");
    rules.lines().any(|it| it.trim_end() == line)
}

/// The texts of the rules of a folder.
fn rules_of(folder: &Path) -> String {
    // A folder that cannot be read has no rule that anybody could load.
    let files = listed(folder, is_rule_file, "").ok().flatten();
    let files = files.unwrap_or_default().into_iter();
    files
        .map(|path| read_text(&path, LONGEST_RULE).unwrap_or_default())
        .collect()
}

/// Writes a file that was not there.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .map_err(|error| anyhow!("{}", words(&error)))
        .with_context(|| format!("{} cannot be written", path.display()))
        .map_err(Failure::Other)
}
