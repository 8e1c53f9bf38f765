//! The rules that the binary carries: the YAML files of the repository's `rules/` folder.

use include_dir::{Dir, include_dir};

/// What the names of built-in files begin with where they are told.
pub const PLACE: &str = "built-in rules/";

pub(super) static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Name and JSON of each built-in rule, made of its YAML by `build.rs`, by name.
static COMPILED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The JSON of a built-in rule file.
pub(super) fn compiled(name: &str) -> Option<&'static str> {
    let at = COMPILED.binary_search_by(|(known, _)| (*known).cmp(name));
    COMPILED.get(at.ok()?).map(|(_, json)| *json)
}

/// Name and text of each built-in rule file, by name.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FOLDER.files().filter_map(|file| {
        let name = file.path().to_str()?;
        is_rule_file(name).then_some((name, file.contents_utf8()?))
    })
}

/// The rule that a name of a file belongs to, where the file has the cases of one.
pub fn stem_of_cases(name: &str) -> Option<&str> {
    [".cases.yaml", ".cases.yml"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
}

/// Whether a file of a folder of rules is a rule: YAML, and not the cases of one.
pub fn is_rule_file(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.ends_with(".cases"))
}
