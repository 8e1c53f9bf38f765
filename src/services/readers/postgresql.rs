//! PostgreSQL: nothing sets the backlog, it follows from `max_connections`.
//!
//! Follows src/backend/libpq/pqcomm.c (16 and newer: `max_connections` × 2; before: everything that
//! may be a backend × 2, at most 10000), src/backend/utils/init/postinit.c (what that is, by
//! version) and src/backend/utils/misc/guc-file.l (names ignore case, `=` may be left out, quotes,
//! `include`, `include_if_exists`, `include_dir`). The last value counts; postgresql.auto.conf
//! comes after the file, the command line after both. The server works in its data directory.

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{join, parent};
use crate::services::readers::generic;
use crate::services::versions;
use crate::snapshot::Source;

/// Files inside of files that PostgreSQL allows.
const DEEPEST: usize = 10;
/// PG_SOMAXCONN, until 15.
const MOST: i64 = 10_000;
/// What decides, and its default.
const DECIDES: [(&str, i64); 4] = [
    ("max_connections", 100),
    ("autovacuum_max_workers", 3),
    ("max_worker_processes", 8),
    ("max_wal_senders", 10),
];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    if context.arguments.is_empty() {
        return Reading::default();
    }
    let told = command_line(context.arguments);
    let of_line = |name: &str| told.iter().rev().find(|found| found.name == name);
    let directory = directory(context);
    let main = match of_line("config_file") {
        Some(found) => join(&directory, &found.value),
        None => join(&directory, "postgresql.conf"),
    };
    let Some(text) = context.files.read(&main) else {
        return without_file(context, &directory, &told);
    };
    let mut found = Vec::new();
    walk(context, &main, &text, 0, &mut found);
    let named = |found: &&Found| found.name == "data_directory";
    let data = of_line("data_directory").or_else(|| found.iter().rev().find(named));
    let data = data.map_or(directory.clone(), |found| join(&directory, &found.value));
    let auto = join(&data, "postgresql.auto.conf");
    if let Some(text) = context.files.read(&auto) {
        walk(context, &auto, &text, 0, &mut found);
    }
    found.extend(told);
    let setting = version(context, &data).and_then(|version| setting(&found, &version));
    Reading {
        complete: setting.is_some() && !context.files.has_faults(),
        settings: setting.into_iter().collect(),
    }
}

/// What the command line alone tells: nothing in a file comes after it. A database that is not made yet has
/// no file, and the rest of what is counted then is as by default.
fn without_file(context: &mut Context<'_>, directory: &str, told: &[Found]) -> Reading {
    if !told.iter().any(|found| found.name == DECIDES[0].0) {
        return Reading::default();
    }
    let setting = version(context, directory).and_then(|version| setting(told, &version));
    Reading {
        settings: setting.into_iter().collect(),
        complete: false,
    }
}

/// A setting that may decide.
#[derive(Clone)]
struct Found {
    name: String,
    value: String,
    place: Place,
}

/// Where postgresql.conf is, unless `config_file` says it.
fn directory(context: &Context<'_>) -> String {
    generic::option_value(context.arguments, &["-D".to_owned()])
        .or_else(|| context.host.variable(context.pid, "PGDATA"))
        .filter(|path| path.starts_with('/'))
        .or_else(|| context.host.directory(context.pid))
        .unwrap_or_default()
}

/// The settings that the command line has: `-c name=value`, `--name=value`, `-N number`.
fn command_line(arguments: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        let mut value_of = |option: &str| match word.strip_prefix(option)? {
            "" => words.next().cloned(),
            value => Some(value.to_owned()),
        };
        let assignment = if let Some(assignment) = word.strip_prefix("--") {
            Some(assignment.to_owned())
        } else if let Some(number) = value_of("-N") {
            Some(format!("max_connections={number}"))
        } else {
            value_of("-c")
        };
        let assignment = assignment.unwrap_or_default();
        if let Some((name, value)) = assignment.split_once('=') {
            found.push(Found {
                name: name.replace('-', "_").to_ascii_lowercase(),
                value: value.to_owned(),
                place: Place::command_line(),
            });
        }
    }
    found
}

/// Collects the settings of a file and of those that it includes.
fn walk(context: &mut Context<'_>, path: &str, text: &str, depth: usize, found: &mut Vec<Found>) {
    for (number, line) in text.lines().enumerate() {
        let Some((name, value)) = assignment(line) else {
            continue;
        };
        let target = join(parent(path), &value);
        let included = match name.as_str() {
            "include" | "include_if_exists" => vec![target],
            "include_dir" => {
                let names = context.files.list(&target);
                let fits = |name: &&String| name.ends_with(".conf") && !name.starts_with('.');
                let fitting = names.iter().filter(fits);
                fitting.map(|name| join(&target, name)).collect()
            }
            _ => {
                let place = Place::Line(path.to_owned(), number + 1);
                found.push(Found { name, value, place });
                continue;
            }
        };
        for included in included {
            if depth >= DEEPEST {
                let why = format!("line {} includes without end", number + 1);
                context.files.fault(path, why);
                continue;
            }
            let text = match name.as_str() {
                "include" => context.files.included(&included, path),
                _ => context.files.read(&included),
            };
            if let Some(text) = text {
                walk(context, &included, &text, depth + 1, found);
            }
        }
    }
}

/// Name and value of a line.
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "_.$".contains(c)))?;
    let (name, rest) = line.split_at(end);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let value = match rest.strip_prefix('\'') {
        Some(quoted) => unquoted(quoted),
        None => rest
            .split(|c: char| c == '#' || c.is_whitespace())
            .next()?
            .to_owned(),
    };
    Some((name.to_ascii_lowercase(), value))
}

/// What stands before the closing quote; a doubled quote and a backslash stand for one character.
fn unquoted(text: &str) -> String {
    let mut value = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' if rest.next_if_eq(&'\'').is_none() => break,
            '\\' => value.extend(rest.next()),
            c => value.push(c),
        }
    }
    value
}

/// A number as PostgreSQL reads it, decimal or hexadecimal.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
    .filter(|number| (0..=i64::from(i32::MAX)).contains(number))
}

/// The version, by the path that Debian gives the program or by the data directory.
fn version(context: &mut Context<'_>, data: &str) -> Option<String> {
    let of_path = || {
        let path = context.arguments.first()?;
        let (version, _) = path.split_once("/postgresql/")?.1.split_once("/bin/")?;
        Some(version.to_owned())
    };
    let known = context.version.map(str::to_owned).or_else(of_path);
    let of_data = |context: &mut Context<'_>| {
        let text = context.files.read(&join(data, "PG_VERSION"))?;
        Some(text.trim().to_owned())
    };
    known.or_else(|| of_data(context))
}

/// What it asks for. `None`: that is not known for this version, or a number is none.
fn setting(found: &[Found], version: &str) -> Option<Setting> {
    let is = |condition| versions::fits(version, condition) == Some(true);
    let counted = match () {
        () if is(">=16") => 1,
        () if is(">=12") => 4,
        () if is(">=9.4") => 3,
        () => return None,
    };
    let mut sum = i64::from(counted > 1);
    let mut place = None;
    for (name, default) in DECIDES.into_iter().take(counted) {
        let set = found.iter().rev().find(|found| found.name == name);
        sum += set.map_or(Some(default), |found| number(&found.value))?;
        place = place.or_else(|| set.map(|found| found.place.clone()));
    }
    let asked = if counted > 1 {
        (sum * 2).min(MOST)
    } else {
        sum * 2
    };
    Some(match place {
        Some(place) => Setting::configured(Endpoint::Any, asked, place),
        None => Setting {
            on: Endpoint::Any,
            backlog: Some(asked),
            source: Source::Default,
            place: Place::Words("max_connections, which is 100 by default".to_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const BIN: &str = "/usr/lib/postgresql/15/bin/postgres";

    fn on(fake: &Fake, line: &str) -> (Vec<String>, bool) {
        let arguments: Vec<&str> = line.split(' ').collect();
        fake.settings(read, &arguments, None)
    }

    fn asked(text: &str, line: &str) -> (Vec<String>, bool) {
        on(&Fake::new(&[("/d/postgresql.conf", text)]), line)
    }

    fn one(text: &str) -> (Vec<String>, bool) {
        (vec![format!("any = {text}")], true)
    }

    #[test]
    fn debians_files_ask_for_what_was_measured() {
        let line = format!(
            "{BIN} -D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf"
        );
        let expected = one("244 at /etc/postgresql/15/main/postgresql.conf:65");
        let mut fake = Fake::debian("postgresql");
        assert_eq!(on(&fake, &line), expected);
        assert_eq!(
            on(
                &fake,
                &line
                    .replace("15/bin", "/bin")
                    .replace("/postgresql//", "/pg/")
            ),
            expected
        );
        let auto = "/var/lib/postgresql/15/main/postgresql.auto.conf";
        fake.files
            .insert(auto.to_owned(), "max_connections = '500'\n".to_owned());
        assert_eq!(on(&fake, &line), one(&format!("1044 at {auto}:1")));
    }

    #[test]
    fn the_version_decides_what_counts() {
        let text = "max_connections 50\nmax_wal_senders = 20 # c\n";
        let line = |version: &str| format!("/usr/lib/postgresql/{version}/bin/postgres -D /d");
        assert_eq!(asked(text, &line("17")), one("100 at /d/postgresql.conf:1"));
        assert_eq!(asked(text, &line("13")), one("164 at /d/postgresql.conf:1"));
        assert_eq!(
            asked(text, &line("9.6")),
            one("124 at /d/postgresql.conf:1")
        );
        assert_eq!(asked(text, &line("9.1")), (vec![], false));
        assert_eq!(asked(text, "postgres -D /d"), (vec![], false));
        assert_eq!(
            asked("", &line("15")),
            one("244 at max_connections, which is 100 by default (default)")
        );
    }

    #[test]
    fn the_command_line_counts_most() {
        let text = "MAX_CONNECTIONS = 7\n";
        for (line, number) in [
            ("-D/d -N 500", 1044),
            ("-D /d -N500 --max-connections=77", 198),
            ("-D /d -c max_connections=0x20", 108),
            ("-D /d -cMAX_CONNECTIONS=33", 110),
            ("-D /d -c max_connections=1000 -c max_wal_senders=50", 2124),
            ("-D /d -c max_connections=6000", 10_000),
        ] {
            let expected = one(&format!("{number} at command line"));
            assert_eq!(asked(text, &format!("{BIN} {line}")), expected, "{line}");
        }
        assert_eq!(asked(text, &format!("{BIN} -D /d -N x")), (vec![], false));
        assert_eq!(asked(text, &format!("{BIN} -D /none")), (vec![], false));
        // A database that is not made yet: no file says otherwise.
        let found = asked(text, &format!("{BIN} -D /none -c max_connections=5000"));
        assert_eq!(
            found,
            (vec!["any = 10000 at command line".to_owned()], false)
        );
    }

    #[test]
    fn the_last_line_counts_through_includes() {
        let mut fake = Fake::new(&[
            (
                "/d/postgresql.conf",
                "max_connections = 1\ninclude_if_exists 'none'\ninclude = 'it''s'\ninclude_dir = 'conf.d'\n",
            ),
            ("/d/it's", "max_connections=2\n"),
            ("/d/conf.d/a.conf", "#max_connections=9\n"),
            ("/d/conf.d/b.conf", "max_connections='300'#x"),
            ("/d/conf.d/c.txt", "max_connections=9\n"),
            ("/d/conf.d/.z.conf", "max_connections=9\n"),
        ]);
        let expected = one("644 at /d/conf.d/b.conf:1");
        assert_eq!(on(&fake, &format!("{BIN} -D /d")), expected);
        fake.variables.insert("PGDATA".to_owned(), "/d".to_owned());
        assert_eq!(on(&fake, BIN), expected);
        fake.files
            .insert("/d/it's".to_owned(), "include 'postgresql.conf'".to_owned());
        assert!(!on(&fake, BIN).1);
        assert_eq!(
            fake.settings(read, &[], Some("postgres: x")),
            (vec![], false)
        );
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "=",
            "'",
            "a",
            "a=",
            "a='",
            "a='\\",
            "include",
            "include_dir",
            "include_dir '['",
            "include '/d'",
            "max_connections=9999999999999999999999",
            "max_connections=2147483647",
            "max_connections=0x",
            "é=1",
        ] {
            for line in ["-D /d", "-c", "-N", "-D", "--", "-c =", "--=", "-D /d -cé"] {
                asked(text, &format!("{BIN} {line}"));
            }
        }
    }
}
