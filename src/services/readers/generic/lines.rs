//! Files of one key a line: `key value` and `key = value`, in sections where there are any.
//!
//! Directives of words have no case (Redis, ProFTPD), names before a `=` do (Exim's macros begin with a
//! capital), and those with a space in them are rsync's, without case and spaces. A backslash at the
//! end continues a line.

use std::borrow::Cow;

use super::Search;
use crate::services::host::{join, parent};
use crate::services::service::Format;

/// Lines that may include something; each costs a look at the host.
const MOST_INCLUDES: usize = 1024;

impl Search<'_, '_> {
    /// Looks for the key in the lines of a file and of those that it includes.
    pub(super) fn lines(&mut self, path: &str, text: &str) {
        let mut section = String::new();
        // Exim's `.ifdef` and ProFTPD's `<IfModule>`.
        let mut conditions = 0_usize;
        for (line, content) in logical(text) {
            if let Some(name) = content
                .strip_prefix('[')
                .and_then(|rest| rest.split(']').next())
            {
                section = name.trim().to_owned();
                continue;
            }
            if content.starts_with(".if") || content.starts_with("<If") {
                conditions += 1;
            } else if content.starts_with(".endif") || content.starts_with("</If") {
                conditions = conditions.saturating_sub(1);
            }
            let Some((key, value)) = assignment(&content, self.wanted.format) else {
                continue;
            };
            if let Some(include) = &self.wanted.include
                && let Some(kind) = Include::of(include, &content)
            {
                self.include(path, line, &kind);
            } else if self.is_wanted(&section, key) {
                if conditions > 0 {
                    self.doubt(path, line, "sets it under a condition");
                } else {
                    self.value(path, line, super::number(unquoted(value)));
                }
            }
        }
    }

    fn is_wanted(&self, section: &str, key: &str) -> bool {
        let full = format!("{section}.{key}");
        let squeezed = |text: &str| text.replace([' ', '\t'], "");
        let same = |wanted: &str, found: &str| match self.wanted.format {
            Format::Words => wanted.eq_ignore_ascii_case(found),
            _ if wanted.contains(' ') => squeezed(wanted).eq_ignore_ascii_case(&squeezed(found)),
            _ => wanted == found,
        };
        let mut keys = self.wanted.key.0.iter();
        // `.key` is one outside of all sections.
        keys.any(|wanted| same(wanted, key) || same(wanted, &full))
    }

    /// Looks into the files of an include, relative to the file or else to the working directory.
    fn include(&mut self, path: &str, line: usize, include: &Include<'_>) {
        self.includes += 1;
        if self.includes > MOST_INCLUDES {
            let why = format!("line {line} includes one more file than {MOST_INCLUDES}");
            self.context.files.fault(path, why);
            return;
        }
        let near = join(parent(path), include.target);
        let near = if self.is_directory(&near) {
            join(&near, &format!("*{}", include.ending))
        } else {
            near
        };
        let mut found = false;
        for included in self.context.files.glob(&near) {
            found |= self.file(&included);
        }
        let far = self.context.path(include.target);
        if !found && far != near && !include.target.starts_with('/') {
            for included in self.context.files.glob(&far) {
                found |= self.file(&included);
            }
        }
        let may_be_none = include.optional || near.contains(['*', '?', '[']);
        if !found && !may_be_none {
            let why = format!(
                "line {line} includes {}, which was not found",
                include.target
            );
            self.context.files.fault(path, why);
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        let plain = !path.contains(['*', '?', '[']);
        plain && matches!(self.context.host.list(self.context.pid, path), Ok(Some(_)))
    }
}

/// A line that includes files.
struct Include<'a> {
    target: &'a str,
    /// What the names of files in a directory end with.
    ending: &'static str,
    /// It is no error if there is none.
    optional: bool,
}

impl<'a> Include<'a> {
    /// Reads `include x`, `include = x`, and what programs make of the same word: `.include_if_exists`
    /// of Exim, `include_dir` of NRPE, `&merge` of rsync.
    fn of(directive: &str, line: &'a str) -> Option<Self> {
        let end = line.find([' ', '\t', '=']).unwrap_or(line.len());
        let (word, rest) = line.split_at_checked(end)?;
        let target = unquoted(rest.trim_start_matches([' ', '\t', '=']));
        let is = |suffix: &str| {
            let stem = word.len().checked_sub(suffix.len())?;
            let fits =
                word.get(..stem)?.eq_ignore_ascii_case(directive) && word.get(stem..)? == suffix;
            fits.then_some(())
        };
        let (ending, optional) = if is("").is_some() {
            (
                if directive.starts_with('&') {
                    ".conf"
                } else {
                    ""
                },
                false,
            )
        } else if is("_if_exists").is_some() {
            ("", true)
        } else if is("_dir").is_some() {
            (".cfg", false)
        } else if directive == "&include" && word == "&merge" {
            (".inc", false)
        } else {
            return None;
        };
        (!target.is_empty()).then_some(Self {
            target,
            ending,
            optional,
        })
    }
}

/// The lines with their numbers, joined where they continue, without comments and empty ones.
fn logical(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let mut lines = text.lines().map(str::trim).enumerate();
    let is_comment = |line: &str| {
        line.starts_with(['#', ';']) || line.starts_with('!') && !line.starts_with("!include")
    };
    std::iter::from_fn(move || {
        let (number, line) = lines.find(|(_, line)| !line.is_empty() && !is_comment(line))?;
        let mut content = Cow::Borrowed(line);
        while content.ends_with('\\') {
            let content = content.to_mut();
            content.pop();
            let Some((_, next)) = lines.next() else { break };
            content.push_str(next);
        }
        Some((number + 1, content))
    })
}

/// Key and value of a line.
fn assignment(line: &str, format: Format) -> Option<(&str, &str)> {
    let words = || line.split_once([' ', '\t']);
    let (key, value) = match format {
        Format::Words => words()?,
        _ => line.split_once('=').or_else(words)?,
    };
    Some((key.trim_end(), value.trim_start()))
}

/// A value without quotes, comment and `;` behind it.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    if let Some(quote) = value.chars().next().filter(|c| "'\"".contains(*c)) {
        let inside = value.get(1..).and_then(|rest| rest.split(quote).next());
        return inside.unwrap_or(value);
    }
    let comments = [" #", "\t#", " ;", "\t;"];
    let end = comments.iter().filter_map(|sign| value.find(sign)).min();
    let value = end.and_then(|end| value.get(..end)).unwrap_or(value);
    value.trim_end().trim_end_matches(';').trim_end()
}
