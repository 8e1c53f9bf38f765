//! What stands below the options in `--help`, taken apart: each block between empty lines is a paragraph, the
//! exit status, or a heading with a table below it.

use clap::Command;

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Paragraph(String),
    /// A term and what it means, or a command and what it does, which may be nothing.
    Item(String, String),
}

/// The sections that a page gets from it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    pub(super) description: Vec<Block>,
    pub(super) exit_status: Vec<Block>,
    pub(super) examples: Vec<Block>,
}

impl Sections {
    pub(super) fn of(command: &Command) -> Self {
        let text = command.get_after_long_help().or(command.get_after_help());
        Self::parse(&text.map(ToString::to_string).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut sections = Self::default();
        for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            if let Some(text) = block.strip_prefix("Exit status: ") {
                sections.exit_status.extend(statuses(&joined(text.lines())));
            } else if let Some(table) = block.strip_prefix("Examples:\n") {
                sections.examples.extend(items(table.lines()));
            } else {
                sections.description.extend(described(block));
            }
        }
        sections
    }
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Lines at the margin are a paragraph, lines that are indented a table.
fn described(block: &str) -> Vec<Block> {
    let lines: Vec<&str> = block.lines().collect();
    lines
        .chunk_by(|one, other| one.starts_with(' ') == other.starts_with(' '))
        .flat_map(|lines| match lines[0].starts_with(' ') {
            true => items(lines.iter().copied()),
            false => vec![Block::Paragraph(joined(lines.iter().copied()))],
        })
        .collect()
}

/// `  TERM   WORDS` a line. A line that is indented further goes on with the words of the one before.
fn items<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Block> {
    let mut items: Vec<Block> = Vec::new();
    for line in lines {
        let text = line.trim_start();
        let further = line.len() - text.len() > 2;
        match items.last_mut() {
            Some(Block::Item(_, words)) if further => {
                *words = format!("{words} {text}").trim().to_owned();
            }
            _ => {
                let (term, words) = text.split_once("  ").unwrap_or((text, ""));
                items.push(Block::Item(term.to_owned(), words.trim().to_owned()));
            }
        }
    }
    items
}

/// `0 this; 1 that; 2 something else. More words.` with words in front or without.
fn statuses(text: &str) -> Vec<Block> {
    let Some(first) = text.match_indices("0 ").next().map(|(at, _)| at) else {
        return vec![Block::Paragraph(text.to_owned())];
    };
    let mut blocks = Vec::new();
    let before = text[..first].trim();
    if !before.is_empty() {
        blocks.push(Block::Paragraph(capital(before)));
    }
    let (list, after) = match text[first..].split_once(". ") {
        Some((list, after)) => (list, after),
        None => (text[first..].trim_end_matches('.'), ""),
    };
    for part in list.split("; ") {
        match (part.split_once(' '), blocks.last_mut()) {
            (Some((status, words)), _) if status.bytes().all(|b| b.is_ascii_digit()) => {
                blocks.push(Block::Item(status.to_owned(), words.to_owned()));
            }
            (_, Some(Block::Item(_, words))) => *words = format!("{words}; {part}"),
            _ => blocks.push(Block::Paragraph(part.to_owned())),
        }
    }
    if !after.is_empty() {
        blocks.push(Block::Paragraph(after.to_owned()));
    }
    blocks
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(term: &str, words: &str) -> Block {
        Block::Item(term.to_owned(), words.to_owned())
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph(words.to_owned())
    }

    #[test]
    fn what_stands_below_the_options_becomes_sections() {
        let sections = Sections::parse(
            "A word is\nlooked up:\n  rule   its id\n  topic  others\nNothing is read.\n\n\
             Exit status: that of x: 0 nothing; 1 bad, or\nworse; never 7; 3 with --strict: gaps. With y another.\n\n\
             Examples:\n  a b   does it\n  a --long\n                 does\n                 more\n  a c",
        );
        let description = [
            paragraph("A word is looked up:"),
            item("rule", "its id"),
            item("topic", "others"),
            paragraph("Nothing is read."),
        ];
        assert_eq!(sections.description, description);
        let exit_status = [
            paragraph("That of x:"),
            item("0", "nothing"),
            item("1", "bad, or worse; never 7"),
            item("3", "with --strict: gaps"),
            paragraph("With y another."),
        ];
        assert_eq!(sections.exit_status, exit_status);
        let examples = [
            item("a b", "does it"),
            item("a --long", "does more"),
            item("a c", ""),
        ];
        assert_eq!(sections.examples, examples);
    }
}
