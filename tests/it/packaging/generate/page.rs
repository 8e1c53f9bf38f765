//! One page: clap_mangen's sections, and those that it knows nothing of.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::sections::{Block, Sections};
use super::words;

/// The name of a command's page: `backlint-rules-check`.
pub(super) fn name(command: &Command) -> String {
    command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned()
}

/// The commands below a command that are shown.
pub(super) fn below(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
}

/// The page of a built command. `above`: the names of the pages above it.
pub(super) fn page(command: &Command, above: &[String]) -> String {
    let sections = Sections::of(command);
    // No date: the page changes when the command does.
    let title = name(command).to_uppercase();
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH \"{title}\" \"1\" \"\" \"backlint {version}\" \"User Commands\"\n");
    let mut page = title.into_bytes();
    let man = Man::new(command.clone().override_usage(usage(command)));
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    page.extend(text(&sections.description, true));
    man.render_options_section(&mut page).unwrap();
    if below(command).next().is_some() {
        page.extend(section("COMMANDS", &commands(command)));
    }
    let files = words::files(command);
    for (heading, blocks) in [
        ("EXIT STATUS", &sections.exit_status),
        ("FILES", &files),
        ("EXAMPLES", &sections.examples),
    ] {
        if !blocks.is_empty() {
            page.extend(section(heading, blocks));
        }
    }
    page.extend(see_also(command, above));
    finish(&String::from_utf8(page).unwrap())
}

/// How it is called, as the help has it: `backlint trace [OPTIONS] -- <COMMAND>...`.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage:").trim().to_owned()
}

fn section(heading: &str, blocks: &[Block]) -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    [bytes(&roff), text(blocks, false)].concat()
}

/// `after`: whether there is something in the section that a paragraph has to be kept apart from.
fn text(blocks: &[Block], mut after: bool) -> Vec<u8> {
    let mut roff = Roff::new();
    for block in blocks {
        let paragraph = matches!(block, Block::Paragraph(_));
        if after && (paragraph || matches!(block, Block::Item(_, words) if words.is_empty())) {
            roff.control("PP", []);
        }
        after = true;
        match block {
            Block::Paragraph(words) => roff.text([roman(words)]),
            Block::Item(term, words) if words.is_empty() => roff.text([bold(term)]),
            Block::Item(term, words) => roff
                .control("TP", [])
                .text([bold(term)])
                .text([roman(words)]),
        };
    }
    bytes(&roff)
}

fn bytes(roff: &Roff) -> Vec<u8> {
    roff.to_roff().into_bytes()
}

fn commands(command: &Command) -> Vec<Block> {
    let item = |below: &Command| {
        let about = below.get_about().map(ToString::to_string);
        Block::Item(format!("{}(1)", name(below)), about.unwrap_or_default())
    };
    below(command).map(item).collect()
}

/// Pages above and below, those beside it of a nested command, and what else `words` names.
fn see_also(command: &Command, above: &[String]) -> Vec<u8> {
    let mut pages: Vec<(String, &str)> = Vec::new();
    pages.extend(above.iter().map(|name| (name.clone(), "1")));
    pages.extend(below(command).map(|below| (name(below), "1")));
    let others = words::see_also(&name(command)).iter();
    pages.extend(others.map(|(name, section)| ((*name).to_owned(), *section)));
    let mut line: Vec<Inline> = Vec::new();
    for (n, (name, chapter)) in pages.iter().enumerate() {
        let end = if n + 1 < pages.len() { ", " } else { "" };
        line.extend([bold(name), roman(format!("({chapter}){end}"))]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text(line);
    bytes(&roff)
}

/// The page as it is kept: apostrophes are defined once and in front, words in backticks are bold, nothing is
/// empty or ends in blanks.
fn finish(page: &str) -> String {
    let mut done = APOSTROPHE.to_owned();
    let page = page.replace(APOSTROPHE, "");
    // How clap_mangen sets the possible values apart, which is an empty line too many.
    for line in page.replace(".br\n\n.br\n", ".sp\n").lines() {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        done.push_str(&if line.starts_with('.') {
            line.to_owned()
        } else {
            quoted(line)
        });
        done.push('\n');
    }
    done
}

/// What roff calls an apostrophe, with which the text of each section begins.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// Pairs of backticks as bold; one that stands alone as itself, which roff would turn into a quotation mark.
fn quoted(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let paired = parts.len() % 2 == 1;
    let mut done = String::new();
    for (n, part) in parts.iter().enumerate() {
        done.push_str(match (n, paired) {
            (0, _) => "",
            (_, false) => "\\(ga",
            (n, true) if n % 2 == 1 => "\\fB",
            _ => "\\fR",
        });
        done.push_str(part);
    }
    done
}
