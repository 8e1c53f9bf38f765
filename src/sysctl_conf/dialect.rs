//! A sysctl file as each loader itself reads it. `line` reads what all of them agree on, for
//! editing; this module keeps them apart, for the question which value the next boot sets.
//!
//! Follows `parse_file` of systemd (src/sysctl/sysctl.c) with `read_line_full` (src/basic/fileio.c),
//! `Preload` and `parse_setting_line` of procps 4 (src/sysctl.c), and `config_read` of BusyBox
//! (libbb/parse_config.c) as `sysctl -p` calls it (procps/sysctl.c).

use std::borrow::Cow;

use super::key::normalise_key;

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting<'a> {
    /// Number of the line by `\n`, from 1: where it begins.
    pub(super) line: usize,
    /// The key in the spelling of [`normalise_key`]; may be a glob.
    pub(super) key: String,
    /// `None`: the key is kept out of globs.
    pub(super) value: Option<Cow<'a, str>>,
    /// Whether the loader knows the key again among those that a glob stands for.
    pub(super) recognised: bool,
}

/// What separates the parts of a key.
const SEPARATORS: [char; 2] = ['.', '/'];

/// White space to C's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// White space to systemd (`WHITESPACE`, src/basic/string-util.h).
fn is_systemds_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The settings of a text for systemd-sysctl.
pub(super) fn systemd(text: &str) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    for (line, content) in systemds_lines(text) {
        let content = content.trim_matches(is_systemds_space);
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match content.split_once('=') {
            Some((key, value)) => (key, Some(value.trim_matches(is_systemds_space).into())),
            // A line that is no assignment counts only if it keeps its key out of globs.
            None if content.starts_with('-') => (content, None),
            None => continue,
        };
        let key = key.strip_prefix('-').unwrap_or(key);
        settings.push(Setting {
            line,
            key: normalise_key(key.trim_matches(is_systemds_space)),
            value,
            recognised: true,
        });
    }
    settings
}

/// Lines as systemd cuts them, with their numbers by `\n`. A carriage return or a NUL ends a line
/// too, and of two of them that differ the second is a part of the same end.
fn systemds_lines(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let ends = |at: usize| {
        bytes
            .get(at)
            .copied()
            .filter(|b| matches!(b, b'\n' | b'\r' | 0))
    };
    let mut lines = Vec::new();
    let (mut start, mut number) = (0, 1);
    while start < bytes.len() {
        let mut at = start;
        while at < bytes.len() && ends(at).is_none() {
            at += 1;
        }
        lines.push((number, &text[start..at]));
        let mut seen: Vec<u8> = Vec::new();
        while let Some(end) = ends(at).filter(|end| !seen.contains(end) && !seen.contains(&0)) {
            seen.push(end);
            number += usize::from(end == b'\n');
            at += 1;
        }
        start = at;
    }
    lines
}

/// The settings of a text for procps' sysctl. `globs`: whether it knows `-key` and globs.
pub(super) fn procps(text: &str, globs: bool) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        // C strings end at a NUL.
        let line = line.split('\0').next().unwrap_or_default();
        let content = line.trim_start_matches(is_space);
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match content.split_once('=') {
            Some((key, value)) => (key, Some(value.trim_matches(is_space).into())),
            None if globs && content.starts_with('-') => (content, None),
            None => continue,
        };
        let key = key.strip_prefix('-').unwrap_or(key);
        // NOTE: two parts of procps 4 take one `-` each (`parse_setting_line`, `setting_new`). Blanks
        // and a third one belong to the key, which then does not exist.
        let key = key.strip_prefix('-').filter(|_| globs).unwrap_or(key);
        let key = key.trim_end_matches(is_space);
        // A path with a slash at its end is one of a directory.
        let none = key.starts_with(is_space) || key.starts_with('-') || key.is_empty();
        if none || key.ends_with(SEPARATORS) {
            continue;
        }
        let Some(path) = resolved(key) else {
            continue;
        };
        settings.push(Setting {
            line: number + 1,
            key: normalise_key(&path),
            value,
            // NOTE: procps compares paths as texts.
            recognised: !key.split(SEPARATORS).any(str::is_empty) && !key.contains("/./"),
        });
    }
    settings
}

/// A key with the way up taken out of its path, which systemd-sysctl alone refuses. `None`: it leads
/// out of /proc/sys.
fn resolved(key: &str) -> Option<Cow<'_, str>> {
    if !key.contains("/../") && !key.starts_with("../") {
        return Some(key.into());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in key.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/").into())
}

/// The settings of a text for BusyBox' sysctl.
pub(super) fn busybox(text: &str) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    let mut lines = text.split('\n').enumerate();
    while let Some((number, line)) = lines.next() {
        let mut line = Cow::Borrowed(line);
        // A backslash at the end joins lines, those of comments too.
        while let Some(begun) = line.strip_suffix('\\') {
            let Some((_, next)) = lines.next() else {
                line = begun.to_owned().into();
                break;
            };
            line = format!("{begun}{next}").into();
        }
        let content = line.split('\0').next().unwrap_or_default();
        let content = content.trim_start_matches(is_space);
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let Some((key, value)) = content.split_once('=') else {
            continue;
        };
        let key = key.trim_matches(is_space);
        // There is no `-key`: it is a key of that name, which does not exist. An empty value writes
        // nothing, and one that begins with `#` at once makes the line a bad one.
        let nothing = value.starts_with('#') || value.trim_matches(is_space).is_empty();
        if key.is_empty() || key.starts_with('-') || nothing {
            continue;
        }
        let Some(key) = busyboxs_key(key) else {
            continue;
        };
        settings.push(Setting {
            line: number + 1,
            key,
            value: Some(value.trim_matches(is_space).to_owned().into()),
            recognised: true,
        });
    }
    settings
}

/// A key as BusyBox 1.31 and later finds it: with a `.` before a `/` they change places as everywhere.
/// Otherwise it takes the path that exists, whether dots separate or not (`sysctl_dots_to_slashes`);
/// only a network device has a name with dots. A whole
/// path works too. `None`: one elsewhere, or that of a directory.
fn busyboxs_key(key: &str) -> Option<String> {
    let key = key.strip_prefix("/proc/sys/").unwrap_or(key);
    let key = &*resolved(key)?;
    if key.starts_with(SEPARATORS) || key.ends_with(SEPARATORS) {
        return None;
    }
    if key.contains('/') && key.find(SEPARATORS) == key.find('.') {
        return Some(normalise_key(key));
    }
    let parts: Vec<&str> = key.split(SEPARATORS).collect();
    let of_device = match &*parts {
        ["net", "ipv4" | "ipv6", "conf" | "neigh", name @ .., last] if name.len() > 1 => {
            Some((&parts[..3], name.join("/"), last))
        }
        _ => None,
    };
    Some(match of_device {
        Some((front, name, last)) => normalise_key(&format!("{}.{name}.{last}", front.join("."))),
        None => normalise_key(&parts.join(".")),
    })
}
