//! `backlint patch`: what stands above the unified diff. patch(1) and `git apply` skip it; people
//! read why each value and why there, how to load it, and who must listen again.

use std::fmt::Write as _;

use super::fix::Target;
use super::style::count;
use super::table::some;
use crate::advise::place::{Already, Placed, Places};
use crate::advise::{Advice, RelistenStep, SysctlStep};
use crate::sysctl_conf::boot::{SYSCTL_CONF, is_drop_in};
use crate::text::shell::word;
use crate::text::untrusted::clean;

/// The change of sysctl files.
#[derive(Debug, Clone, Copy)]
pub struct Patch<'a> {
    /// Root directory; `/` for this host.
    pub root: &'a str,
    /// The plan.
    pub advice: &'a Advice,
    /// Where its sysctls go.
    pub places: &'a Places,
}

impl Patch<'_> {
    /// The header, every line a comment.
    pub fn header(&self) -> String {
        let mut out = String::new();
        // A line that began like a diff would be taken for one: each begins with `#`.
        let mut line = |label: &str, text: &str| {
            let _ = writeln!(out, "# {label:<9}{}", clean(text));
        };
        line("backlint", env!("CARGO_PKG_VERSION"));
        let written = self.written();
        for step in &written {
            let from = step.from.as_deref().unwrap_or("unknown");
            let set = format!("{} = {} (now {from})", step.key, step.value);
            line("set", &set);
            step.reasons.iter().for_each(|reason| line("", reason));
            for placed in self.placed(step) {
                line("", &format!("in {}: {}", placed.file, placed.why));
            }
        }
        for note in self.places.notes.iter().chain(&self.places.asides) {
            line("note", note);
        }
        let apply = format!("pipe this into: patch -p1 -d {}", word(self.root));
        line("apply", &apply);
        line("load", &self.load());
        line("", &self.at_boot());
        let netns = written.first().map(|step| step.netns.as_str());
        for step in self.relistens(netns) {
            let addresses = some(&step.addresses);
            line(
                "relisten",
                &format!("{} ({addresses}); {}", step.words, step.why),
            );
        }
        for step in &written {
            line("verify", &self.verify(&step.key));
        }
        line("verify", "backlint");
        out
    }

    /// What comes after the patch, in one line: for the namespace that these sysctls are of.
    pub fn next(&self) -> String {
        let mut steps = vec![self.load()];
        let netns = self.written().first().map(|step| step.netns.as_str());
        steps.extend(self.relistens(netns).map(|step| step.words.clone()));
        format!("after the patch is applied: {}", steps.join("; "))
    }

    /// Why there is no diff, for standard error. `blind`: rules that could not be evaluated.
    pub fn nothing_to_change(&self, blind: usize) -> String {
        let already = &self.places.already;
        let mut parts = Vec::new();
        for (n, first) in already.iter().enumerate() {
            let same = |it: &&Already| it.file == first.file;
            if already[..n].iter().any(|it| same(&it)) {
                continue;
            }
            let values = already.iter().filter(same);
            let values: Vec<String> = values
                .map(|it| format!("{} = {}", it.key, clean(&it.value)))
                .collect();
            parts.push(format!("{} has {} already", first.file, values.join(", ")));
        }
        if already.is_empty() {
            parts.push("nothing to write".to_owned());
        } else {
            parts.push(format!("load: {}", self.load_again()));
        }
        rest(self.advice, blind, &mut parts);
        parts.join("; ")
    }

    fn is_host(&self) -> bool {
        self.root == "/"
    }

    /// The steps that the diff has.
    fn written(&self) -> Vec<&SysctlStep> {
        let steps = self.advice.host_sysctls();
        steps
            .filter(|step| self.placed(step).next().is_some())
            .collect()
    }

    fn placed(&self, step: &SysctlStep) -> impl Iterator<Item = &Placed> {
        let placed = self.places.placed.iter();
        placed.filter(move |placed| placed.key == step.key)
    }

    fn relistens(&self, netns: Option<&str>) -> impl Iterator<Item = &RelistenStep> {
        let all = self.advice.relistens();
        all.filter(move |step| Some(step.netns.as_str()) == netns)
    }

    /// How the files are loaded now.
    fn load(&self) -> String {
        if !self.is_host() {
            return format!("when the system below {} starts", self.root);
        }
        sysctl_p(self.places.load.iter().map(String::as_str))
    }

    /// How what is configured already is loaded now.
    fn load_again(&self) -> String {
        if !self.is_host() {
            return self.load();
        }
        let already = &self.places.already;
        let is_sysctl_file = |it: &&Already| is_drop_in(&it.file) || it.file == SYSCTL_CONF;
        let (files, others): (Vec<&Already>, Vec<&Already>) =
            already.iter().partition(is_sysctl_file);
        let mut paths: Vec<&str> = files.iter().map(|it| it.file.as_str()).collect();
        paths.dedup();
        let mut commands = Vec::new();
        if !paths.is_empty() {
            commands.push(sysctl_p(paths.into_iter()));
        }
        for it in others {
            let value = word(&it.value);
            commands.push(format!("sysctl -w {}={value}", word(&it.key)));
        }
        commands.join("; ")
    }

    /// What happens at the next boot.
    fn at_boot(&self) -> String {
        let runs = &self.places.runs;
        match runs.loader {
            Some(loader) => {
                let ufws = |placed: &Placed| placed.file.starts_with("/etc/ufw/");
                let ufw = match self.places.placed.iter().any(ufws) {
                    true => "; ufw's own file ufw does, in no fixed order with it",
                    false => "",
                };
                format!("at boot {loader} does ({}){ufw}", runs.how)
            }
            None => format!("at boot nothing does ({})", runs.how),
        }
    }

    /// The commands that show the value of now and that of the next boot.
    fn verify(&self, key: &str) -> String {
        let key = word(key);
        if self.is_host() {
            format!("sysctl {key}; backlint why {key}")
        } else {
            format!("backlint why {key} --root {}", word(self.root))
        }
    }
}

/// The command that loads files in this order.
fn sysctl_p<'a>(paths: impl Iterator<Item = &'a str>) -> String {
    let paths: String = paths.map(|path| format!(" {}", word(path))).collect();
    format!("sysctl -p{paths}")
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
        parts.push(format!("{} could not be evaluated", count(blind, "rule")));
    }
    if !advice.plan.is_empty() {
        parts.push("`backlint` tells the other steps, such as listening again".to_owned());
    }
}
