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

fn dead_file(file: DeadFile<'_>) -> String {
    let set = |line: &&Assigned| {
        let value = line.value.as_deref().unwrap_or_default();
        format!("{} = {value}", line.key)
    };
    let lines = some(file.lines.iter().map(set), ", ");
    format!("{}, which would set {lines}: {}", file.path, file.why)
}

/// Why a kernel does not have a sysctl, by its version.
pub(in crate::assess) fn not_there(existence: Existence) -> Option<String> {
    Some(match existence {
        Existence::Exists | Existence::Unknown => return None,
        Existence::Removed { in_, instead: None } => format!("Linux {in_} removed it"),
        Existence::Removed {
            in_,
            instead: Some(key),
        } => format!("Linux {in_} removed it, and {key} does the same"),
        Existence::NotYet { since } => format!("it came with Linux {since}"),
        Existence::Misspelt { nearest } => format!("there is none, and {nearest} is nearest"),
    })
}

/// Why it does not exist.
pub fn existence(setting: &SettingFacts) -> Option<String> {
    let absent =
        "it is not there: a module that is not loaded has it, or this kernel was built without";
    let absent = setting.absent.then(|| absent.to_owned());
    not_there(setting.existence).or(absent)
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
