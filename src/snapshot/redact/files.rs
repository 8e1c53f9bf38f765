//! Files of sysctls: their names, whose order decides which line wins, and their lines, whose numbers are
//! told.
//!
//! Loaders cut a text into lines in ways of their own, so a line is taken apart by all of them: at LF, CR and
//! NUL. What each of them looks at (`#`, `;`, `=`, `-` in front, a backslash at the end, white space) stays
//! where it is.

use std::collections::BTreeMap;

use super::Redactor;
use super::lists::{DISTRIBUTIONS, WORDS};
use super::names::Kind;
use super::public;
use crate::snapshot::{DROP_INS, FileText};

/// Files that have words and no lines: the names of TuneD's profiles.
const LISTS: [&str; 2] = [
    "/etc/tuned/active_profile",
    "/etc/tuned/post_loaded_profile",
];

/// The name under which distributions let /etc/sysctl.conf be read: it has its place in the order, recorded
/// or not.
const LINK: &str = "99-sysctl.conf";

/// The new names of drop-ins.
#[derive(Debug, Default)]
pub(super) struct FileNames(BTreeMap<String, String>);

impl FileNames {
    /// New names, in the order of the old ones: loaders go by the names of all directories together.
    pub(super) fn of(files: &[FileText]) -> Self {
        let links = files.iter().filter_map(|file| file.link.as_deref());
        let paths = files.iter().map(|file| file.path.as_str()).chain(links);
        let mut names = BTreeMap::from([(LINK.to_owned(), String::new())]);
        for path in paths {
            if let Some((_, name)) = drop_in(path) {
                names.insert(name.to_owned(), String::new());
            }
        }
        let old: Vec<String> = names.keys().cloned().collect();
        let mut last = String::new();
        for (n, name) in old.iter().enumerate() {
            let public = is_public(name);
            let next = old.iter().skip(n + 1).find(|name| is_public(name));
            let fresh = match public {
                true => name.clone(),
                false => between(&last, next.map(String::as_str), name, names.len()),
            };
            last.clone_from(&fresh);
            names.insert(name.clone(), fresh);
        }
        Self(names)
    }

    /// The new path of a drop-in.
    pub(super) fn renamed(&self, path: &str) -> Option<String> {
        let (folder, name) = drop_in(path)?;
        Some(format!("{folder}/{}", self.0.get(name)?))
    }
}

fn drop_in(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/')?;
    DROP_INS.contains(&folder).then_some((folder, name))
}

/// Whether a name tells nothing: numbers and words of systems alone.
fn is_public(name: &str) -> bool {
    let (stem, _) = public::extension(name);
    !public::is_like_address(stem)
        && stem.split(public::JOINTS).all(|it| {
            it.is_empty() || public::is_number(it) || WORDS.has(it) || DISTRIBUTIONS.has(it)
        })
}

/// A name behind `last` and before `next`, like the old one in what loaders look at: a dot in front, the
/// number, the end.
fn between(last: &str, next: Option<&str>, old: &str, most: usize) -> String {
    let dot = if old.starts_with('.') { "." } else { "" };
    let visible = &old[dot.len()..];
    let digits = visible.len()
        - visible
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let number = &visible[..digits];
    let joint = if number.is_empty() { "" } else { "-" };
    let (stem, end) = public::extension(visible);
    let end = if stem.is_empty() { "" } else { end };
    let fits = |name: &String| name.as_str() > last && next.is_none_or(|next| name.as_str() < next);
    let plain = (1..=most).map(|n| format!("{dot}{number}{joint}file-{n}{end}"));
    let lettered = ('a'..='z').flat_map(|letter| (1..=most.min(9)).map(move |n| (letter, n)));
    let lettered =
        lettered.map(|(letter, n)| format!("{dot}{number}{joint}{letter}-file-{n}{end}"));
    let last_stem = public::extension(last).0.to_owned();
    let behind = ["_", "~"].map(|joint| format!("{last_stem}{joint}file{end}"));
    let found = plain.chain(lettered).chain(behind).find(fits);
    // Whatever else: directly behind the last one.
    found.unwrap_or_else(|| format!("{last}~{end}"))
}

impl Redactor<'_> {
    /// The text of a file with what it sets, and without what it says.
    pub(super) fn configuration(&mut self, path: &str, text: &str) -> String {
        if LISTS.contains(&path) {
            return self.text(Kind::Name, text);
        }
        let mut out = String::with_capacity(text.len());
        let mut joined = false;
        for line in text.split_inclusive(['\n', '\r', '\0']) {
            let content = line.strip_suffix(['\n', '\r', '\0']).unwrap_or(line);
            let end = &line[content.len()..];
            let shown = self.line(content);
            // A comment by itself becomes an empty line. One that is joined to another line, or that ends
            // where only some loaders see an end, is still one.
            let alone = !joined && end != "\r" && end != "\0" && matches!(shown.trim(), "#" | ";");
            out.push_str(if alone { "" } else { &shown });
            out.push_str(end);
            joined = shown.ends_with('\\');
        }
        // Nothing follows the last line that has something.
        let last = out.trim_end_matches('\n').len();
        if last < out.len() {
            out.truncate(last);
            out.push_str(if last > 0 { "\n" } else { "" });
        }
        out
    }

    /// A word of the kernel's command line, `sysctl.KEY=VALUE`.
    pub(super) fn cmdline(&mut self, word: &str) -> String {
        let starts = ["sysctl.", "sysctl/"];
        let known = starts
            .iter()
            .find_map(|start| Some((start, word.strip_prefix(start)?)));
        match known.and_then(|(start, rest)| Some((start, rest.split_once('=')?))) {
            Some((start, (key, value))) => {
                format!("{start}{}={}", self.key(key), self.text(Kind::Value, value))
            }
            None => self.text(Kind::Word, word),
        }
    }

    fn line(&mut self, line: &str) -> String {
        let content = line.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        let blank = &line[..line.len() - content.len()];
        // BusyBox joins the next line to it, whatever this one is.
        let joined = if line.ends_with('\\') { "\\" } else { "" };
        let content = content.strip_suffix('\\').unwrap_or(content);
        let shown = match content.chars().next() {
            Some(mark @ ('#' | ';')) => mark.to_string(),
            Some('[') => self.text(Kind::Name, content),
            Some(_) => match content.split_once('=') {
                Some((key, value)) => {
                    format!("{}={}", self.assigned(key), self.text(Kind::Value, value))
                }
                None if content.starts_with('-') => self.assigned(content),
                None => String::new(),
            },
            None => String::new(),
        };
        format!("{blank}{shown}{joined}")
    }

    /// What stands before `=`, with the white space and the `-` around it.
    fn assigned(&mut self, key: &str) -> String {
        let core = key.trim();
        let start = key.find(core).unwrap_or_default();
        let (before, behind) = (&key[..start], &key[start + core.len()..]);
        let name = core.trim_start_matches('-');
        let dashes = &core[..core.len() - name.len()];
        let spaced = ascii_blanks(before) + dashes;
        format!("{spaced}{}{}", self.key(name), ascii_blanks(behind))
    }
}

/// White space that loaders know stays, other does not tell them anything.
fn ascii_blanks(text: &str) -> String {
    text.chars().filter(char::is_ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(paths: &[&str]) -> Vec<String> {
        let files: Vec<FileText> = paths.iter().map(|path| FileText::new(*path, "")).collect();
        let names = FileNames::of(&files);
        let new = paths.iter().map(|path| names.renamed(path).unwrap());
        new.collect()
    }

    #[test]
    fn names_keep_their_order_their_number_and_their_end() {
        assert_eq!(
            renamed(&[
                "/etc/sysctl.d/60-acme.conf",
                "/usr/lib/sysctl.d/50-default.conf",
                "/etc/sysctl.d/60-zebra.conf",
                "/run/sysctl.d/60-acme.conf",
                "/etc/sysctl.d/acme",
                "/etc/sysctl.d/.acme.conf",
            ]),
            [
                "/etc/sysctl.d/60-file-1.conf",
                "/usr/lib/sysctl.d/50-default.conf",
                "/etc/sysctl.d/60-file-2.conf",
                "/run/sysctl.d/60-file-1.conf",
                "/etc/sysctl.d/file-1",
                "/etc/sysctl.d/.file-1.conf",
            ]
        );
    }

    #[test]
    fn a_name_stays_on_its_side_of_sysctl_conf() {
        let new = renamed(&["/etc/sysctl.d/99-acme.conf", "/run/sysctl.d/99-tacme.conf"]);
        assert!(new[0].as_str() < "/etc/sysctl.d/99-sysctl.conf", "{new:?}");
        assert!(new[1].as_str() > "/run/sysctl.d/99-sysctl.conf", "{new:?}");
    }

    #[test]
    fn a_name_between_two_that_stay_stays_between_them() {
        let all = [
            "/etc/sysctl.d/60-core.conf",
            "/etc/sysctl.d/60-corp.conf",
            "/etc/sysctl.d/60-gce.conf",
            "/etc/sysctl.d/60-gcorp.conf",
            "/etc/sysctl.d/60-kernel.conf",
        ];
        let new = renamed(&all);
        assert!(new.is_sorted(), "{new:?}");
        assert!(new.iter().all(|name| !name.contains("corp")), "{new:?}");
    }
}
