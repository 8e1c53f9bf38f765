//! What all targets write alike: the comments on top, and quoting. A text here is built of lines, and
//! no value can begin another one.

use super::{Fix, Origin, Target};
use crate::advise::{RelistenStep, SysctlStep, maker};
use crate::report::style::wrap;
use crate::report::table::some;
use crate::text::name::some as few;
pub(super) use crate::text::name::{is_image, is_name};
pub(super) use crate::text::shell::word as shell;
use crate::text::untrusted::clean;

/// Columns of a comment.
const WIDTH: usize = 100;

/// Services that are named; the rest is counted.
const SERVICES: usize = 4;

/// Namespaces that are named; the rest is counted.
const PLACES: usize = 3;

/// A text that grows line by line.
#[derive(Default)]
pub(super) struct Text {
    out: String,
}

impl Text {
    /// A comment: a label of one word, or none, and what it says, on as many lines as it takes.
    pub(super) fn comment(&mut self, label: &str, text: &str) {
        for (n, line) in wrap(&clean(text), WIDTH - 12).iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            self.out.push_str(format!("# {label:<9}{line}").trim_end());
            self.out.push('\n');
        }
    }

    /// As [`Self::comment`] for a command, which stays on one line so that it can be copied.
    pub(super) fn command(&mut self, label: &str, command: &str) {
        self.out
            .push_str(&format!("# {label:<9}{}\n", clean(command)));
    }

    /// A line that stands by itself. A line break in it would be a fault of ours: it ends there.
    pub(super) fn line(&mut self, line: &str) {
        self.out.push_str(line.lines().next().unwrap_or_default());
        self.out.push('\n');
    }

    /// Anything that was built of lines.
    pub(super) fn block(&mut self, block: &str) {
        self.out.push_str(block);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// The comments that every target begins with: what is set, why, and what is not.
    pub(super) fn head(fix: &Fix<'_>) -> Self {
        let mut text = Self::default();
        let name = fix.target.name();
        text.comment(
            "backlint",
            &format!("{}, patch --for {name}", env!("CARGO_PKG_VERSION")),
        );
        for step in fix.steps() {
            text.set(fix, step);
        }
        match fix.origin {
            Origin::Fitting => {}
            Origin::Others if fix.facts.snapshot.image.is_some() => text.comment(
                "note",
                "containers of the image have no name yet: put yours in the place of `image`",
            ),
            Origin::Others => text.comment(
                "note",
                &format!("nothing in this record is made by {name}: these are the values of other network namespaces"),
            ),
            Origin::Host if fix.target.homes().is_empty() || fix.target == Target::Systemd => {}
            Origin::Host => text.comment(
                "note",
                "no container is in this record: these are the values that a container of this service needs, because a new network namespace starts from the kernel's constants and not from the host's values",
            ),
        }
        for step in &fix.machine {
            let words =
                "left out, the machine has one value: it belongs to the host (--for drop-in)";
            text.comment("note", &format!("{} = {} is {words}", step.key, step.value));
        }
        for step in &fix.odd {
            let words = "is left out, it has letters that not every format takes; set it by hand";
            text.comment("note", &format!("{} = {} {words}", step.key, step.value));
        }
        text
    }

    fn set(&mut self, fix: &Fix<'_>, step: &SysctlStep) {
        let from = step.from.as_deref().unwrap_or("unknown");
        let names: Vec<&str> = fix
            .places
            .iter()
            .filter(|place| place.set.iter().any(|set| std::ptr::eq(*set, step)))
            .map(|place| place.netns.name.as_str())
            .collect();
        let names = few(&names, PLACES);
        self.comment(
            "set",
            &format!("{} = {} (now {from}), in {names}", step.key, step.value),
        );
        for reason in &step.reasons {
            self.comment("", reason);
        }
    }

    /// Which services must listen again, with the words for each.
    pub(super) fn relisten(&mut self, fix: &Fix<'_>, words: impl Fn(&RelistenStep) -> String) {
        let mut said: Vec<String> = Vec::new();
        for step in fix.relistens() {
            let words = words(step);
            if !said.contains(&words) {
                said.push(words);
            }
        }
        let more = said.len().saturating_sub(SERVICES);
        for words in said.iter().take(SERVICES) {
            self.comment("relisten", words);
        }
        if more > 0 {
            self.comment("", &format!("and {more} more"));
        }
    }

    /// What not to do with containers that have the host's network, and which of them were seen.
    pub(super) fn host_network(&mut self, fix: &Fix<'_>, words: &str) {
        let hosts = fix
            .facts
            .namespaces
            .iter()
            .filter(|at| at.namespace.is_host());
        let containers = hosts.flat_map(|at| &at.namespace.containers);
        let names: Vec<String> = containers.map(|container| container.name.clone()).collect();
        let here = match names.as_slice() {
            [] => String::new(),
            names => format!(" (as {})", some(names)),
        };
        self.comment("note", &words.replacen("{}", &here, 1));
    }

    /// As [`Self::relisten`], where starting the container anew does it; and which containers must be
    /// made anew with another, as they share its network.
    pub(super) fn relisten_anew(&mut self, fix: &Fix<'_>) {
        self.relisten(fix, |step| {
            let (who, addresses) = (&step.who, some(&step.addresses));
            let mut places = fix.places.iter().map(|place| place.netns);
            let netns = places.find(|netns| netns.name == step.netns);
            let sharer = netns.and_then(|netns| maker::sharer(netns, step.container.as_deref()?));
            let when = match sharer {
                Some(sharer) => format!(
                    "container {} is made anew too, whose network is another's",
                    sharer.own_name()
                ),
                None => "its container starts anew".to_owned(),
            };
            format!("{who} ({addresses}) listens again when {when}; a queue keeps the size that it got at listen()")
        });
        for place in &fix.places {
            if let names @ [_, ..] = maker::sharers_names(place.netns).as_slice() {
                let first = maker::container_name(place.netns);
                let names = names.join(", ");
                self.comment(
                    "anew",
                    &format!("{names}: in the network of {first}, so made anew after it"),
                );
            }
        }
    }

    /// As [`Self::relisten`], by the step of the plan.
    pub(super) fn relisten_by_step(&mut self, fix: &Fix<'_>) {
        self.relisten(fix, |step| {
            format!("{} ({}); {}", step.words, some(&step.addresses), step.why)
        });
    }
}

/// Whether key and value are of letters that mean nothing in any of the formats, so that they stand
/// for themselves in all. Every number and list of numbers or words is.
pub(super) fn is_plain(step: &SysctlStep) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let key = &step.key;
    let key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| letter(c) || c == '/');
    let value = &step.value;
    let plain = value.chars().all(|c| letter(c) || " :,/+=@|%".contains(c));
    key && plain && !value.is_empty() && value.trim() == value
}

/// The assignment of a plain step as one word of a unit file: `%` begins a specifier there
/// (systemd.unit(5)); its other letters have no meaning in a command line or a list.
pub(super) fn unit_word(step: &SysctlStep) -> String {
    let word = format!("{}={}", step.key, step.value).replace('%', "%%");
    if word.contains(' ') {
        quoted(&word)
    } else {
        word
    }
}

/// A string between double quotes, for YAML (1.2, section 5.7) and TOML (basic strings): whatever is
/// not printable ASCII is escaped by number.
pub(in crate::report) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            c => {
                let number = u32::from(c);
                out.push_str(&if number > 0xffff {
                    format!("\\U{number:08x}")
                } else {
                    format!("\\u{number:04x}")
                });
            }
        }
    }
    out.push('"');
    out
}

/// Where a key is in /proc.
pub(super) fn proc_path(step: &SysctlStep) -> String {
    // A slash in a key stands for a dot in a name (sysctl.d(5)).
    let swapped = step.key.chars().map(|c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    });
    format!("/proc/sys/{}", swapped.collect::<String>())
}
