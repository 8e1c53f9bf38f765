//! TuneD's active profile: the sysctls that it sets after the loader has run, and the files that it
//! applies again after that.
//!
//! Follows TuneD 2.20 to 2.25: `profiles/loader.py` and `merger.py` for profiles, and
//! `plugins/plugin_sysctl.py`.

use std::collections::{BTreeMap, BTreeSet};

use super::loader::SYSCTL_CONF;
use super::resolve::{Line, Only, Rules};
use super::stages::Stage;
use crate::snapshot::{Boot, FileText};
use crate::sysctl_conf::key::normalise_key;

/// What says that TuneD starts at boot.
pub(super) const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/tuned.service";
/// The names of the profiles in force.
const ACTIVE: &str = "/etc/tuned/active_profile";
/// The name of one more, which is merged after all others.
const POST_LOADED: &str = "/etc/tuned/post_loaded_profile";
/// TuneD's own settings.
const MAIN: &str = "/etc/tuned/tuned-main.conf";
/// Where profiles are, best first: those of 2.23 and later, those before.
const PROFILES: [&str; 4] = [
    "/etc/tuned/profiles",
    "/usr/lib/tuned/profiles",
    "/etc/tuned",
    "/usr/lib/tuned",
];
/// The file of a profile.
const PROFILE: &str = "tuned.conf";
/// Bytes of a value from which on no variable is put into it.
const LONGEST_VALUE: usize = 4096;
/// Profiles that include each other, at most.
const MOST: usize = 32;

/// The stages of TuneD, where it starts at boot with a profile that sets sysctls.
pub(super) fn stages(files: &[FileText], boot: Option<&Boot>) -> Vec<Stage> {
    if !boot.is_some_and(|boot| boot.found.contains_key(ENABLED)) {
        return Vec::new();
    }
    let text = |path: &str| files.iter().find(|file| file.path == path);
    let Some(active) = text(ACTIVE) else {
        return Vec::new();
    };
    let mut units: Vec<Unit> = Vec::new();
    let mut seen = BTreeSet::new();
    let after = text(POST_LOADED).map_or("", |file| file.text.as_str());
    for name in active
        .text
        .split_whitespace()
        .chain(after.split_whitespace())
    {
        profile(name, files, &mut seen, &mut units);
    }
    units.retain(|unit| unit.runs);
    if units.is_empty() {
        return Vec::new();
    }
    let lines = units.into_iter().flat_map(|unit| unit.lines).collect();
    let mut stages = vec![Stage::new("TuneD", Rules::Each, lines)];
    if text(MAIN).is_none_or(|main| reapplies(&main.text)) {
        stages.push(Stage::new(
            "TuneD, by applying sysctl files again,",
            Rules::Each,
            again(files),
        ));
    }
    stages
}

/// A section of the profile that all profiles in force are merged to.
struct Unit {
    name: String,
    /// Whether it sets sysctls: the last section of this name says so.
    runs: bool,
    /// Of one option, the last profile's.
    lines: Vec<Line>,
}

/// The names that a profile's `include=` has.
fn includes(text: &str) -> Vec<String> {
    let sections = sections(text);
    let main = sections.iter().filter(|section| section.name == "main");
    let lists = main.flat_map(|section| &section.options);
    let lists = lists.filter(|(_, key, _)| *key == "include");
    lists
        .flat_map(|(_, _, value)| value.split([',', ';']))
        .map(|name| name.trim().trim_start_matches('-').to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Adds a profile's sysctls after those of the profiles that it includes.
fn profile(name: &str, files: &[FileText], seen: &mut BTreeSet<String>, units: &mut Vec<Unit>) {
    let mut places = PROFILES
        .iter()
        .map(|folder| format!("{folder}/{name}/{PROFILE}"));
    // A profile may include one of its own name from a later directory.
    let file = places.find_map(|path| {
        let file = files.iter().find(|file| file.path == path)?;
        (!seen.contains(&path)).then_some(file)
    });
    let Some(file) = file.filter(|_| seen.len() < MOST) else {
        return;
    };
    seen.insert(file.path.clone());
    for included in includes(&file.text) {
        profile(&included, files, seen, units);
    }
    let sections = sections(&file.text);
    let variables = variables(&sections);
    for section in &sections {
        let known = units.iter().position(|unit| unit.name == section.name);
        let at = known.unwrap_or(units.len());
        if known.is_none() {
            units.push(Unit {
                name: section.name.to_owned(),
                runs: false,
                lines: Vec::new(),
            });
        }
        let unit = &mut units[at];
        unit.runs = section.is_sysctl();
        if section.value("replace").is_some_and(is_true) {
            unit.lines.clear();
        }
        let dropped = section.value("drop").unwrap_or_default().split([',', ';']);
        let dropped: BTreeSet<String> = dropped.map(|key| normalise_key(key.trim())).collect();
        unit.lines.retain(|line| !dropped.contains(&line.key));
        for (number, key, value) in &section.options {
            if SETTINGS.contains(key) {
                continue;
            }
            let value = expanded(value, &variables);
            let (only, value) = match value.split_at_checked(1) {
                Some((">", rest)) => (Some(Only::Raise), rest.trim().to_owned()),
                Some(("<", rest)) => (Some(Only::Lower), rest.trim().to_owned()),
                _ => (None, value),
            };
            let line = Line {
                file: file.path.clone(),
                line: *number,
                key: normalise_key(key),
                value: Some(value),
                recognised: true,
                only,
            };
            // Of one option the last profile counts.
            match unit.lines.iter_mut().find(|known| known.key == line.key) {
                Some(known) => *known = line,
                None => unit.lines.push(line),
            }
        }
    }
}

/// Options of every section, which are no sysctls.
const SETTINGS: [&str; 10] = [
    "type",
    "enabled",
    "replace",
    "drop",
    "devices",
    "devices_udev_regex",
    "priority",
    "script_pre",
    "script_post",
    "uname_regex",
];

struct Section<'a> {
    name: &'a str,
    /// Line number, key and value.
    options: Vec<(usize, &'a str, &'a str)>,
}

impl Section<'_> {
    fn value(&self, key: &str) -> Option<&str> {
        let mut options = self.options.iter().rev();
        options
            .find(|(_, name, _)| *name == key)
            .map(|(_, _, value)| *value)
    }

    fn is_sysctl(&self) -> bool {
        let kind = self.value("type").unwrap_or(self.name);
        let enabled = self.value("enabled").is_none_or(is_true);
        // Conditions on the machine are not evaluated: such a section is for special hardware.
        let conditional = ["uname_regex", "cpuinfo_regex"];
        kind == "sysctl" && enabled && conditional.iter().all(|key| self.value(key).is_none())
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1" | "true" | "True")
}

/// The sections of a file in INI format, with comments after `#`.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = match line
            .find(" #")
            .or_else(|| line.starts_with('#').then_some(0))
        {
            Some(at) => &line[..at],
            None => line,
        };
        let line = line.trim();
        if line.starts_with(';') {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let options = Vec::new();
            sections.push(Section { name, options });
        } else if let (Some(section), Some((key, value))) =
            (sections.last_mut(), line.split_once('='))
        {
            section.options.push((n + 1, key.trim(), value.trim()));
        }
    }
    sections
}

fn variables<'a>(sections: &[Section<'a>]) -> BTreeMap<&'a str, &'a str> {
    let named = sections
        .iter()
        .filter(|section| section.name == "variables");
    let all = named.flat_map(|section| &section.options);
    all.map(|(_, key, value)| (*key, *value)).collect()
}

/// A value without its quotes and with its variables, whose contents have none themselves.
fn expanded(value: &str, variables: &BTreeMap<&str, &str>) -> String {
    let mut rest = value.trim_matches(['"', '\'']);
    let mut whole = String::new();
    while let Some((before, begun)) = rest.split_once("${") {
        whole.push_str(before);
        let named = begun.split_once('}');
        match named.and_then(|(name, behind)| Some((variables.get(name)?, behind))) {
            Some((content, behind)) if whole.len() <= LONGEST_VALUE => {
                whole.push_str(content);
                rest = behind;
            }
            _ => {
                whole.push_str("${");
                rest = begun;
            }
        }
    }
    whole.push_str(rest);
    whole.trim().to_owned()
}

/// Whether TuneD applies the sysctl files again; it does by default.
fn reapplies(main: &str) -> bool {
    let mut lines = main.lines().rev().map(str::trim);
    let value = lines.find_map(|line| {
        line.strip_prefix("reapply_sysctl")?
            .trim()
            .strip_prefix('=')
    });
    value.is_none_or(is_true)
}

/// What TuneD applies again: /run hides /etc, no file below /usr is read, /etc/sysctl.conf comes last
/// wherever a loader would read it.
fn again(files: &[FileText]) -> Vec<Line> {
    let mut by_name: BTreeMap<&str, &FileText> = BTreeMap::new();
    for folder in ["/run/sysctl.d/", "/etc/sysctl.d/"] {
        for file in files {
            let name = file.path.strip_prefix(folder);
            if let Some(name) = name.filter(|name| name.ends_with(".conf")) {
                by_name.entry(name).or_insert(file);
            }
        }
    }
    let last = files.iter().find(|file| file.path == SYSCTL_CONF);
    let mut lines = Vec::new();
    for file in by_name.into_values().chain(last) {
        for (n, text) in file.text.lines().enumerate() {
            let text = text.trim();
            if text.starts_with(['#', ';']) {
                continue;
            }
            let Some((key, value)) = text.split_once('=') else {
                continue;
            };
            let target = file.link.as_deref().filter(|target| *target != "/dev/null");
            lines.push(Line {
                file: target.unwrap_or(&file.path).to_owned(),
                line: n + 1,
                key: normalise_key(key.trim()),
                value: Some(value.trim().to_owned()),
                recognised: true,
                only: None,
            });
        }
    }
    lines
}
