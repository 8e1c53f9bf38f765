//! HAProxy's processes and command line, after `init` in src/haproxy.c.

use crate::services::readers::Context;

/// The master where it has one, else the process.
pub(super) fn first(context: &Context<'_>) -> u32 {
    let parent = context.host.status(context.pid).map(|found| found.parent);
    let master = parent.filter(|parent| {
        let line = context.host.arguments(*parent).unwrap_or_default();
        !line.is_empty() && line.first() == context.arguments.first()
    });
    master.unwrap_or(context.pid)
}

/// What the command line says.
#[derive(Debug, Default)]
pub(super) struct CommandLine {
    pub(super) files: Vec<String>,
    pub(super) directory: Option<String>,
    pub(super) maxconn: Option<i64>,
    pub(super) proxy_maxconn: Option<i64>,
    /// `-S`: the master's command line interface.
    pub(super) master: Vec<String>,
}

impl CommandLine {
    pub(super) fn parse(arguments: &[String]) -> Self {
        let mut line = Self::default();
        let mut words = arguments.iter().skip(1).cloned().peekable();
        let positive = |word: Option<String>| Some(leading(&word?)).filter(|number| *number > 0);
        while let Some(word) = words.next() {
            match (word.as_str(), word.as_bytes().get(1)) {
                ("--", _) => line.files.extend(words.by_ref()),
                ("-sf" | "-st", _) => {
                    while words.next_if(|word| !word.starts_with('-')).is_some() {}
                }
                (_, Some(b'f')) => line.files.extend(words.next()),
                (_, Some(b'C')) => line.directory = words.next(),
                (_, Some(b'n')) => line.maxconn = positive(words.next()),
                (_, Some(b'N')) => line.proxy_maxconn = positive(words.next()),
                (_, Some(b'S')) => line.master.extend(words.next()),
                (_, Some(b'x' | b'm' | b'L' | b'p')) => _ = words.next(),
                _ => {}
            }
        }
        line
    }
}

/// A number as atol(3) reads it: `5k` is 5.
pub(super) fn leading(text: &str) -> i64 {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let digits = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    digits.parse().unwrap_or_default()
}
