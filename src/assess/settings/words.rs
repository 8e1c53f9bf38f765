//! Settings in words.

use super::{DeadFile, SettingFacts, Settings};
use crate::kernel::sysctls::Existence;
use crate::sysctl_conf::boot::Assigned;

/// Lines that are told; the rest is counted.
const SHOWN: usize = 3;

/// `65535 at /etc/sysctl.conf:3`.
pub fn line(line: &Assigned) -> String {
    let value = line.value.as_deref().unwrap_or_default();
    format!("{value} at {}", line.place())
}

/// Several of these.
pub fn lines<'a>(all: impl Iterator<Item = &'a Assigned>) -> String {
    some(all.map(line), ", ")
}

/// Several of these, each with the reason why it fares as it does.
pub fn dead<'a>(all: impl Iterator<Item = &'a Assigned>) -> String {
    some(all.map(|it| format!("{} ({})", line(it), it.reason)), ", ")
}

/// The administrator's files that nothing reads.
pub fn dead_files(settings: &Settings<'_>) -> String {
    some(settings.dead_files().into_iter().map(dead_file), "; ")
}

/// The lines that their loader can make nothing of, as places.
pub fn unusable(settings: &Settings<'_>) -> String {
    some(settings.unusable().into_iter().map(Assigned::place), ", ")
}

fn dead_file(file: DeadFile<'_>) -> String {
    let set = |line: &&Assigned| {
        let value = line.value.as_deref().unwrap_or_default();
        format!("{} = {value}", line.key)
    };
    let lines = some(file.lines.iter().map(set), ", ");
    // The file is read where one of its lines is found to be unusable.
    let unusable = file.lines.iter().filter(|line| line.is_unusable());
    let unusable = some(unusable.map(|line| format!("line {}", line.line)), ", ");
    let what = match unusable.is_empty() {
        true => file.path.to_owned(),
        false => format!("{unusable} of {}", file.path),
    };
    format!("{what}, which would set {lines}: {}", file.why)
}

/// Why it does not exist.
pub fn existence(setting: &SettingFacts) -> Option<String> {
    let absent =
        "it is not there: a module that is not loaded has it, or this kernel was built without";
    let absent = setting.absent.then(|| absent.to_owned());
    setting.existence.words().or(absent)
}

impl SettingFacts {
    /// Whether it exists, as rules have it.
    pub fn existence_name(&self) -> &'static str {
        match self.existence {
            Existence::Removed { .. } => "removed",
            Existence::NotYet { .. } => "not-yet",
            Existence::Misspelt { .. } => "misspelt",
            _ if self.absent => "absent",
            Existence::Exists => "exists",
            Existence::Unknown => "unknown",
        }
    }
}

/// The first of several, and how many more there are.
fn some(all: impl Iterator<Item = String>, between: &str) -> String {
    let all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(SHOWN);
    let first = all.into_iter().take(SHOWN).collect::<Vec<_>>();
    match more {
        0 => first.join(between),
        more => format!("{} and {more} more", first.join(between)),
    }
}
