//! Readers that a service's file describes in data: an option of the command line, a variable of
//! the environment, a key of a file.

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, join, parent};
use crate::services::load;
use crate::services::service::{Format, KeyFile};
use crate::text::locate::Step;

/// An option of the command line.
pub(super) fn option(names: &[String], context: &mut Context<'_>) -> Reading {
    let number = option_value(context.arguments, names).and_then(|value| number(&value));
    Reading {
        settings: everywhere(number, Place::command_line()),
        complete: !context.arguments.is_empty(),
    }
}

/// A variable of the environment: the number itself, or options.
pub(super) fn variable(name: &str, option: &[String], context: &mut Context<'_>) -> Reading {
    let value = context.host.variable(context.pid, name).unwrap_or_default();
    let number = if option.is_empty() {
        number(&value)
    } else {
        let words = shlex::split(&value).unwrap_or_default();
        option_value(&words, option).and_then(|value| number(&value))
    };
    Reading {
        settings: everywhere(number, Place::Words(format!("variable {name}"))),
        complete: true,
    }
}

/// A key of a file.
pub(super) fn file(wanted: &KeyFile, context: &mut Context<'_>) -> Reading {
    let named = option_value(context.arguments, &wanted.option.0)
        .or_else(|| positional(context.arguments, wanted.argument?));
    let named_none = named.is_none();
    let paths: Vec<String> = match named {
        Some(path) => vec![context.path(&path)],
        None => wanted.at.0.iter().map(|path| context.path(path)).collect(),
    };
    // A program without a file of its own that names none reads none.
    let unnamed = paths.is_empty() || wanted.optional && named_none;
    let none = unnamed && context.title.is_none() && !context.arguments.is_empty();
    let mut found = None;
    let mut read = false;
    for path in paths {
        if let Some(text) = context.files.read(&path) {
            read = true;
            search(wanted, context, &path, &text, 0, &mut found);
            break;
        }
    }
    let complete = (read || none) && !context.files.has_faults();
    let settings = match found {
        Some((number, place)) => everywhere(Some(number), place),
        None => Vec::new(),
    };
    Reading { settings, complete }
}

/// The value that stands last wins, as in most programs.
fn search(
    wanted: &KeyFile,
    context: &mut Context<'_>,
    path: &str,
    text: &str,
    depth: usize,
    found: &mut Option<(i64, Place)>,
) {
    let by_line = matches!(wanted.format, Format::Words | Format::Assignments);
    if !by_line {
        for key in &wanted.key.0 {
            if let Some((value, line)) = in_tree(wanted.format, text, key)
                && let Some(number) = number(&value)
            {
                *found = Some((number, Place::Line(path.to_owned(), line)));
            }
        }
        return;
    }
    let mut section = String::new();
    for (line, content) in text.lines().enumerate() {
        let content = content.trim();
        if let Some(name) = content
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            section = name.trim().to_owned();
            continue;
        }
        let Some((key, value)) = assignment(content, wanted.format) else {
            continue;
        };
        if wanted.include.as_deref() == Some(key) {
            let pattern = join(parent(path), unquoted(value));
            for included in context.files.glob(&pattern) {
                if depth >= DEEPEST {
                    context
                        .files
                        .fault(path, format!("line {} includes without end", line + 1));
                } else if let Some(text) = context.files.read(&included) {
                    search(wanted, context, &included, &text, depth + 1, found);
                }
            }
        }
        let full = format!("{section}.{key}");
        let is_wanted = |wanted: &String| *wanted == key || *wanted == full;
        if wanted.key.0.iter().any(is_wanted)
            && let Some(number) = number(unquoted(value))
        {
            *found = Some((number, Place::Line(path.to_owned(), line + 1)));
        }
    }
}

/// Key and value of a line without its comment.
fn assignment(line: &str, format: Format) -> Option<(&str, &str)> {
    if line.starts_with(['#', ';', '!']) || line.is_empty() {
        // `!include` is a directive and no comment.
        if !line.starts_with("!include") {
            return None;
        }
    }
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let (key, value) = match format {
        Format::Words => line.split_once([' ', '\t'])?,
        _ => line
            .split_once('=')
            .or_else(|| line.split_once([' ', '\t']))?,
    };
    let value = value.trim().trim_end_matches(';').trim_end();
    Some((key.trim(), value))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// The scalar at a path of keys, as text, and its line.
fn in_tree(format: Format, text: &str, key: &str) -> Option<(String, usize)> {
    match format {
        Format::Yaml => {
            let steps: Vec<Step> = key.split('.').map(Step::from).collect();
            let tree = load::tree(text)?;
            let (node, steps) = match key.split('.').try_fold(&tree, |node, key| node.get(key)) {
                Some(node) => (node, steps),
                // `a.b: 1` is one key for some programs.
                None => (tree.get(key)?, vec![Step::from(key)]),
            };
            let value = match node {
                serde_json::Value::String(text) => text.clone(),
                node => node.to_string(),
            };
            Some((value, load::line_of(text, &steps)?))
        }
        Format::Toml => {
            let document = toml_edit::Document::parse(text).ok()?;
            let mut keys = key.split('.');
            let mut node = document.get(keys.next()?)?;
            for key in keys {
                node = node.get(key)?;
            }
            let at = node.span()?.start;
            let value = node.as_integer().map(|number| number.to_string());
            let value = value.or_else(|| node.as_str().map(str::to_owned))?;
            Some((value, text[..at].matches('\n').count() + 1))
        }
        Format::Xml => {
            let document = roxmltree::Document::parse(text).ok()?;
            let mut node = document.root_element();
            for key in key.split('.') {
                node = node.children().find(|child| child.has_tag_name(key))?;
            }
            let line = document.text_pos_at(node.range().start).row;
            Some((node.text()?.trim().to_owned(), line as usize))
        }
        Format::Words | Format::Assignments => None,
    }
}

/// The value of an option: `--name N`, `--name=N`, `-n N`, `-nN`. The last one wins.
pub(super) fn option_value(arguments: &[String], names: &[String]) -> Option<String> {
    let mut found = None;
    let mut words = arguments.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        for name in names {
            let Some(rest) = word.strip_prefix(name.as_str()) else {
                continue;
            };
            if rest.is_empty() {
                found = words.peek().map(|next| (*next).clone()).or(found.take());
            } else if let Some(value) = rest.strip_prefix('=') {
                found = Some(value.to_owned());
            } else if name.len() == 2 && name.starts_with('-') && !name.starts_with("--") {
                found = Some(rest.to_owned());
            }
        }
    }
    found
}

/// The argument of this number, from 1, of those that are no options.
fn positional(arguments: &[String], number: usize) -> Option<String> {
    arguments
        .iter()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .nth(number.checked_sub(1)?)
        .cloned()
}

/// A number as listen(2) takes it; Python writes `4_096`.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    text.replace('_', "").parse().ok()
}

fn everywhere(number: Option<i64>, place: Place) -> Vec<Setting> {
    number
        .map(|number| Setting::configured(Endpoint::Any, number, place))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;
    use crate::services::service::OneOrMore;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn an_option_is_read_in_every_spelling_and_the_last_wins() {
        let value = |line: &str| {
            option_value(
                &texts(&line.split(' ').collect::<Vec<_>>()),
                &texts(&["--backlog", "-b"]),
            )
        };
        assert_eq!(value("x --backlog 7").as_deref(), Some("7"));
        assert_eq!(value("x --backlog=7 -b9").as_deref(), Some("9"));
        assert_eq!(value("x -b 3").as_deref(), Some("3"));
        assert_eq!(value("x --backlogs 3"), None);
        assert_eq!(value("--backlog 3"), None);
    }

    fn key(format: Format, key: &str, text: &str) -> (Vec<String>, bool) {
        let wanted = KeyFile {
            option: OneOrMore(texts(&["-c"])),
            argument: Some(1),
            at: OneOrMore(texts(&["/etc/x.conf"])),
            optional: false,
            format,
            key: OneOrMore(texts(&[key])),
            include: Some("include".to_owned()),
        };
        let fake = Fake::new(&[
            ("/etc/x.conf", text),
            ("/etc/y.conf", "n = 5\n"),
            ("/etc/loop", "include loop"),
        ]);
        fake.settings(|context| file(&wanted, context), &["x"], None)
    }

    #[test]
    fn keys_are_read_from_every_format_with_their_line() {
        let one = |found: &str| (vec![format!("any = {found}")], true);
        assert_eq!(
            key(
                Format::Words,
                "tcp-backlog",
                "# tcp-backlog 1\ntcp-backlog 511\n"
            ),
            one("511 at /etc/x.conf:2")
        );
        assert_eq!(
            key(
                Format::Assignments,
                "a.n",
                "[b]\nn=1\n[a]\nn = '2' # c\n[c]\nn=3"
            ),
            one("2 at /etc/x.conf:4")
        );
        assert_eq!(
            key(Format::Assignments, "n", "n = 4_096\ninclude = *.conf.no\n"),
            one("4096 at /etc/x.conf:1")
        );
        assert_eq!(
            key(Format::Assignments, "n", "n = 1\ninclude y.conf\n"),
            one("5 at /etc/y.conf:1")
        );
        assert_eq!(
            key(
                Format::Yaml,
                "net.listenBacklog",
                "a: 1\nnet:\n  listenBacklog: 7\n"
            ),
            one("7 at /etc/x.conf:3")
        );
        assert_eq!(
            key(Format::Toml, "a.n", "[a]\nx = 1\nn = 8\n"),
            one("8 at /etc/x.conf:3")
        );
        assert_eq!(
            key(
                Format::Xml,
                "listen_backlog",
                "<c>\n <listen_backlog>9</listen_backlog></c>"
            ),
            one("9 at /etc/x.conf:2")
        );
        assert_eq!(key(Format::Words, "n", "m 1\n"), (vec![], true));
    }

    #[test]
    fn includes_end_and_hostile_texts_are_only_incomplete() {
        assert_eq!(key(Format::Words, "n", "include loop\n"), (vec![], false));
        for format in [
            Format::Words,
            Format::Assignments,
            Format::Yaml,
            Format::Toml,
            Format::Xml,
        ] {
            for text in [
                "", "=", "[", "<a", "\u{fffd}", "a: [", "include", "n", "n=", "[[[[",
            ] {
                key(format, "n", text);
            }
        }
    }
}
