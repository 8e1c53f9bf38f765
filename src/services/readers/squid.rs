//! Squid: a quarter of the descriptors it may open, which `max_filedescriptors` sets.
//!
//! Follows src/comm/TcpAcceptor.cc (`listen(fd, Squid_MaxFD >> 2)`), src/tools.cc (`setMaxFD`: the
//! number becomes the limit of the process, as far as the system allows) and src/cache_cf.cc for
//! the file: `include`, `if`, lines that go on behind a backslash; the last number wins.

use super::{Context, Place, Reading, Setting, generic};
use crate::services::endpoint::Endpoint;
use crate::services::host::DEEPEST;
use crate::snapshot::Source;

/// Where the file is, by who built Squid.
const MAIN: [&str; 3] = [
    "/etc/squid/squid.conf",
    "/usr/local/squid/etc/squid.conf",
    "/usr/local/etc/squid/squid.conf",
];
/// Bytes of a line that goes on.
const LONGEST_LINE: usize = 1 << 16;
/// What of its descriptors Squid lets wait: a quarter.
const PART: i64 = 4;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let named = generic::option_value(context.arguments, &["-f".to_owned()]);
    let paths = match named {
        Some(path) => vec![context.path(&path)],
        None => MAIN.map(str::to_owned).into(),
    };
    let main = context.files.first(&paths);
    let read = main.is_some();
    let mut found = None;
    if let Some((path, text)) = main {
        walk(context, &path, &text, 0, &mut found);
    }
    let limit = context.host.descriptor_limit(context.pid);
    let limit = limit.map(|(soft, hard)| {
        let number = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        (number(soft), number(hard))
    });
    let (descriptors, source, place) = match (found, limit) {
        // Squid could not get more than it was allowed.
        (Some((wanted, place)), Some((soft, hard))) if soft == hard && wanted > hard => {
            (hard, Source::Config, place)
        }
        (Some((wanted, place)), _) => (wanted, Source::Config, place),
        (None, Some((soft, _))) => {
            let words = format!("a quarter of the {soft} descriptors it may open");
            (soft, Source::Default, Place::Words(words))
        }
        (None, None) => return Reading::default(),
    };
    Reading {
        settings: vec![Setting {
            on: Endpoint::Any,
            backlog: Some(descriptors / PART),
            source,
            place,
        }],
        complete: read && !context.arguments.is_empty() && !context.files.has_faults(),
    }
}

/// Looks for the number in a file and in those that it includes.
fn walk(
    context: &mut Context<'_>,
    path: &str,
    text: &str,
    depth: usize,
    found: &mut Option<(i64, Place)>,
) {
    // Whether the lines of each open `if` count; `None`: only Squid can tell.
    let mut open: Vec<Option<bool>> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = whole(&mut lines) {
        let (key, value) = match line.trim().split_once([' ', '\t']) {
            Some((key, value)) => (key, value.trim()),
            None => (line.trim(), ""),
        };
        match key {
            "if" => open.push(condition(value)),
            "else" => {
                if let Some(last) = open.last_mut() {
                    *last = last.map(|is| !is);
                }
            }
            "endif" => _ = open.pop(),
            _ => {}
        }
        if open.len() > DEEPEST {
            context
                .files
                .fault(path, "its conditions are nested too deeply");
            return;
        }
        if open.contains(&Some(false)) {
            continue;
        }
        let certain = !open.contains(&None);
        match key {
            "max_filedescriptors" | "max_filedesc" => {
                let number = value.split_ascii_whitespace().next();
                let number = number.and_then(|number| number.parse::<i64>().ok());
                let place = Place::Line(path.to_owned(), at + 1);
                match number {
                    Some(number) if certain => {
                        *found = (number > 0).then_some((number, place));
                    }
                    _ => context
                        .files
                        .fault(path, "its max_filedescriptors is not known"),
                }
            }
            "include" if certain => {
                for pattern in value.split_ascii_whitespace() {
                    include(context, path, pattern, depth, found);
                }
            }
            "include" => context
                .files
                .fault(path, "whether it includes a file is not known"),
            _ => {}
        }
    }
}

/// The next line with those that it goes on in.
fn whole<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Option<(usize, String)> {
    let (at, first) = lines.next()?;
    let mut line = first.to_owned();
    while line.ends_with('\\') && line.len() < LONGEST_LINE {
        line.pop();
        line.push_str(lines.next().map_or("", |(_, next)| next));
    }
    Some((at, line))
}

fn include(
    context: &mut Context<'_>,
    path: &str,
    pattern: &str,
    depth: usize,
    found: &mut Option<(i64, Place)>,
) {
    if depth >= DEEPEST {
        context.files.fault(path, "it includes without end");
        return;
    }
    let pattern = context.path(pattern.trim_matches('"'));
    for included in context.files.glob(&pattern) {
        if let Some(text) = context.files.included(&included, path) {
            walk(context, &included, &text, depth + 1, found);
        }
    }
}

/// `true`, `false` and `1 = 2`.
fn condition(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        text => {
            let (one, other) = text.split_once('=')?;
            let number = |text: &str| text.trim().parse::<i64>().ok();
            Some(number(one)? == number(other)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const MAIN: &str = "/etc/squid/squid.conf";

    fn number(text: &str, limit: Option<(u64, u64)>) -> (Vec<String>, bool) {
        let mut fake = Fake::new(&[
            (MAIN, text),
            ("/etc/squid/conf.d/a.conf", "max_filedesc 800\n"),
            ("/loop", "include /loop\n"),
        ]);
        fake.limit = limit;
        fake.settings(read, &["(squid-1)", "--kid", "squid-1", "-sYC"], None)
    }

    fn one(found: &str) -> (Vec<String>, bool) {
        (vec![format!("any = {found}")], true)
    }

    #[test]
    fn debians_files_set_nothing_so_that_the_limit_decides() {
        let mut fake = Fake::debian("squid");
        fake.limit = Some((1024, 15000));
        let found = fake.settings(read, &["squid", "--foreground", "-sYC"], None);
        let words = "256 at a quarter of the 1024 descriptors it may open (default)";
        assert_eq!(found, one(words));
    }

    #[test]
    fn the_number_is_a_quarter_of_the_descriptors() {
        let text = "max_filedescriptors 4000\n";
        let at = "1000 at /etc/squid/squid.conf:1";
        assert_eq!(number(text, Some((4000, 15000))), one(at));
        assert_eq!(number(text, None), one(at));
        let capped = one("500 at /etc/squid/squid.conf:1");
        assert_eq!(number(text, Some((2000, 2000))), capped);
        let (found, _) = number("max_filedescriptors 0\n", Some((80, 80)));
        assert!(found[0].starts_with("any = 20 at a quarter"));
    }

    #[test]
    fn the_last_number_of_all_files_wins() {
        let limit = Some((1 << 14, 1 << 14));
        let text = "max_filedescriptors 4\ninclude /etc/squid/conf.d/*.conf\n#max_filedesc 9\n";
        assert_eq!(
            number(text, limit),
            one("200 at /etc/squid/conf.d/a.conf:1")
        );
        let text = "max_filedescriptors \\\n 400 # c\n";
        assert_eq!(number(text, limit), one("100 at /etc/squid/squid.conf:1"));
        let text = "if 1 = 2\nmax_filedesc 4\nelse\nmax_filedesc 8\nendif\n";
        assert_eq!(number(text, limit), one("2 at /etc/squid/squid.conf:4"));
        let text = "max_filedesc 8\nif ${process_number} = 2\nmax_filedesc 4\nendif\n";
        assert!(!number(text, limit).1);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "\\",
            "if",
            "else",
            "endif",
            "include",
            "include /loop",
            "max_filedesc",
            "if =",
            "max_filedescriptors 99999999999999999999",
            "include [",
            "if true",
        ] {
            number(text, Some((u64::MAX, u64::MAX)));
        }
        assert!(!number("include /loop", None).1);
        assert!(!number(&"if true\n".repeat(99), Some((8, 8))).1);
    }
}
