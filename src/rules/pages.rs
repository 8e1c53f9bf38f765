//! The texts that explain: Markdown beside the rules, `rules/NAME.md`, and below `rules/topics`. They
//! are data that the binary carries; how they are shown is `report`'s to say.

use super::builtin::FOLDER;

/// Headings of a rule's page, in their order.
pub const RULE_HEADINGS: [&str; 4] = [
    "What it is",
    "See it by hand",
    "Fix it",
    "By kernel version",
];

/// A text with a title: a topic, a counter's page or a sysctl's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name, such as `accept-queue`.
    pub name: &'static str,
    /// What it is about, one line.
    pub title: &'static str,
    /// The Markdown below the title.
    pub text: &'static str,
}

/// The page of a built-in rule, by the rule's name.
pub fn rule(name: &str) -> Option<&'static str> {
    FOLDER.get_file(format!("{name}.md"))?.contents_utf8()
}

/// All topics, by name.
pub fn topics() -> Vec<Topic> {
    below("topics")
}

/// The pages of counters, by name without `TcpExt.`.
pub fn counters() -> Vec<Topic> {
    below("topics/counters")
}

/// The pages of sysctls, by key: of those where the catalogue's one line is not enough.
pub fn sysctls() -> Vec<Topic> {
    below("topics/sysctls")
}

/// The page of one of a list.
pub fn named(topics: &[Topic], name: &str) -> Option<Topic> {
    let found = topics.iter().find(|topic| topic.name == name);
    found.copied()
}

fn below(folder: &str) -> Vec<Topic> {
    let files = FOLDER.get_dir(folder).map(|folder| folder.files());
    let topics = files.into_iter().flatten().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?.strip_suffix(".md")?;
        let (title, text) = file.contents_utf8()?.split_once('\n')?;
        Some(Topic {
            name,
            title,
            text: text.trim_start(),
        })
    });
    let mut topics: Vec<Topic> = topics.collect();
    topics.sort_by_key(|topic| topic.name);
    topics
}
