//! One page: a title, facts with labels, and Markdown below headings. Every kind of thing that is
//! explained becomes one, and is written as text, as JSON or into the reference.

use std::fmt::Write as _;
use std::io;

use super::markdown;
use crate::report::style::{Look, wrap};
use crate::text::untrusted::clean;

/// Columns that the labels of facts take.
const LABEL: usize = 10;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What kind of thing it is about.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What it is, one line.
    pub title: String,
    /// Labels and texts.
    pub facts: Vec<(&'static str, String)>,
    /// The text in its order.
    pub sections: Vec<Section>,
}

/// A heading and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading; empty for what stands before the first.
    pub heading: String,
    /// Markdown.
    pub text: String,
}

impl Section {
    /// A section.
    pub fn new(heading: &str, text: impl Into<String>) -> Self {
        Self {
            heading: heading.to_owned(),
            text: text.into(),
        }
    }

    /// A section that is a list, unless there is nothing in it.
    pub fn list(heading: &str, items: &[String]) -> Option<Self> {
        let lines: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
        (!lines.is_empty()).then(|| Self::new(heading, lines.join("\n")))
    }
}

impl Page {
    /// Writes the page for people.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "{}: {}", look.strong(&self.name), clean(&self.title))?;
        let width = look.width.saturating_sub(LABEL + 4).max(20);
        for (label, text) in &self.facts {
            for (n, line) in wrap(&clean(text), width).iter().enumerate() {
                let label = format!("{:<LABEL$}", if n == 0 { label } else { "" });
                writeln!(out, "  {}  {line}", look.faint(&label))?;
            }
        }
        writeln!(out)?;
        markdown::write(&self.markdown(2), look, out)
    }

    /// The sections as Markdown, with headings of a level.
    pub fn markdown(&self, level: usize) -> String {
        let mut out = String::new();
        for section in &self.sections {
            if !out.is_empty() {
                out.push('\n');
            }
            if !section.heading.is_empty() {
                let _ = writeln!(out, "{} {}\n", "#".repeat(level), section.heading);
            }
            let _ = writeln!(out, "{}", section.text.trim_end());
        }
        out
    }
}

/// The sections of Markdown that has headings of level 2. A line in a fenced block is no heading.
pub fn sections(text: &str) -> Vec<Section> {
    let mut all = vec![Section::new("", "")];
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        match line.strip_prefix("## ").filter(|_| !fenced) {
            Some(heading) => all.push(Section::new(heading.trim(), "")),
            None => {
                if let Some(last) = all.last_mut() {
                    last.text.push_str(line);
                    last.text.push('\n');
                }
            }
        }
    }
    for section in &mut all {
        section.text = section.text.trim_matches('\n').to_owned();
    }
    all.retain(|section| !section.heading.is_empty() || !section.text.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_divide_a_text_and_code_does_not() {
        let text = "first\n\n## One\n\n```sh\n## not a heading\n```\n\n## Two\nlast\n";
        let found = sections(text);
        assert_eq!(
            found,
            [
                Section::new("", "first"),
                Section::new("One", "```sh\n## not a heading\n```"),
                Section::new("Two", "last"),
            ]
        );
    }
}
