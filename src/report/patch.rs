//! `backlint patch`: what stands above the unified diff. patch(1) and `git apply` skip it; people
//! read why each value, how to load it, and who must listen again.

use std::fmt::Write as _;

use super::fix::Target;
use super::table::some;
use crate::advise::{Advice, RelistenStep, SysctlStep};
use crate::text::shell::word;
use crate::text::untrusted::clean;

/// Where the change goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Root directory; `/` for this host.
    pub root: &'a str,
    /// Absolute path inside the root.
    pub file: &'a str,
}

impl Place<'_> {
    /// How the file is loaded.
    fn load(&self) -> String {
        if self.root == "/" {
            format!("sysctl -p {}", word(self.file))
        } else {
            format!("when the system below {} starts", self.root)
        }
    }
}

/// The header, every line a comment.
pub fn header(advice: &Advice, sysctls: &[&SysctlStep], place: Place<'_>) -> String {
    let mut out = String::new();
    // A line that began like a diff would be taken for one: each begins with `#`.
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "# {label:<9}{}", clean(text));
    };
    line("backlint", env!("CARGO_PKG_VERSION"));
    for step in sysctls {
        let from = step.from.as_deref().unwrap_or("unknown");
        line(
            "set",
            &format!("{} = {} (now {from})", step.key, step.value),
        );
        step.reasons.iter().for_each(|reason| line("", reason));
    }
    line(
        "apply",
        &format!("pipe this into: patch -p1 -d {}", word(place.root)),
    );
    line("load", &place.load());
    let netns = sysctls.first().map(|step| step.netns.as_str());
    for step in advice
        .relistens()
        .filter(|step| Some(step.netns.as_str()) == netns)
    {
        line(
            "relisten",
            &format!("{} ({}); {}", step.words, some(&step.addresses), step.why),
        );
    }
    line("verify", "backlint");
    out
}

/// What comes after the patch, in one line: for the namespace that these sysctls are of.
pub fn next(advice: &Advice, sysctls: &[&SysctlStep], place: Place<'_>) -> String {
    let mut steps = vec![place.load()];
    let netns = sysctls.first().map(|step| step.netns.as_str());
    let here = |step: &&RelistenStep| Some(step.netns.as_str()) == netns;
    steps.extend(
        advice
            .relistens()
            .filter(here)
            .map(|step| step.words.clone()),
    );
    format!("after the patch is applied: {}", steps.join("; "))
}

/// Why there is no fix for a target that changes no sysctl file, for standard error. `blind`: rules
/// that could not be evaluated.
pub fn no_fix(target: Target, advice: &Advice, blind: usize) -> String {
    let name = target.name();
    let mut parts = vec![format!("nothing to change with {name}")];
    rest(advice, blind, &mut parts);
    parts.join("; ")
}

/// What else there is to know where nothing is to be written.
fn rest(advice: &Advice, blind: usize, parts: &mut Vec<String>) {
    if blind > 0 {
        parts.push(format!("{blind} rules could not be evaluated"));
    }
    if !advice.plan.is_empty() {
        parts.push("`backlint` tells the other steps, such as listening again".to_owned());
    }
}

/// Why there is no diff, for standard error. `already`: assignments that the file has; `blind`:
/// rules that could not be evaluated.
pub fn nothing_to_change(
    advice: &Advice,
    already: &[String],
    blind: usize,
    place: Place<'_>,
) -> String {
    let mut parts = Vec::new();
    if !already.is_empty() {
        let load = place.load();
        parts.push(format!(
            "{} has {} already; load: {load}",
            place.file,
            already.join(", ")
        ));
    } else {
        parts.push(format!("nothing to write to {}", place.file));
    }
    rest(advice, blind, &mut parts);
    parts.join("; ")
}
