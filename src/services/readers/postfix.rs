//! Postfix: the process limit of each service is also its backlog.
//!
//! Follows src/master/master_listen.c (the larger of a service's maxproc and
//! `default_process_limit`), master_ent.c (the columns of master.cf), src/util/readlline.c (logical
//! lines) and postconf(5) (the last definition counts, `$name` and its kin). fifo and unix-dgram
//! services do not listen. Unix sockets are bound by a path below the queue directory.

use std::collections::BTreeMap;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::join;
use crate::services::readers::generic;
use crate::snapshot::Source;

const LIMIT: &str = "default_process_limit";
/// The limit where nothing sets it.
const DEFAULT: i64 = 100;
/// Names of ports that master.cf may have, as /etc/services has them.
const PORTS: [(&str, u16); 6] = [
    ("smtp", 25),
    ("smtps", 465),
    ("submission", 587),
    ("submissions", 465),
    ("ssmtp", 465),
    ("qmqp", 628),
];
/// Parameters that one value may name, with those that they name.
const MOST_NAMED: usize = 100;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let directory = generic::option_value(context.arguments, &["-c".to_owned()])
        .or_else(|| context.host.variable(context.pid, "MAIL_CONFIG"))
        .map_or("/etc/postfix".to_owned(), |path| context.path(&path));
    let main = join(&directory, "main.cf");
    let master = join(&directory, "master.cf");
    let (Some(parameters), Some(services)) =
        (context.files.read(&main), context.files.read(&master))
    else {
        return Reading::default();
    };
    let Ok(limit) = limit(&parameters, &main) else {
        context
            .files
            .fault(&main, format!("the value of {LIMIT} is not understood"));
        return Reading::default();
    };
    let number = limit.as_ref().map_or(DEFAULT, |(number, _)| *number);
    let mut settings = Vec::new();
    for (line, text) in logical_lines(&services) {
        let Some((on, processes)) = service(&text).filter(|(_, processes)| *processes > number)
        else {
            continue;
        };
        match on {
            Some(on) => {
                let place = Place::Line(master.clone(), line);
                settings.push(Setting::configured(on, processes, place));
            }
            None => {
                let why = format!("line {line} has a port whose number is not known");
                context.files.fault(&master, why);
            }
        }
    }
    settings.push(match limit {
        Some((number, place)) => Setting::configured(Endpoint::Any, number, place),
        None => Setting {
            on: Endpoint::Any,
            backlog: Some(DEFAULT),
            source: Source::Default,
            place: Place::Words(format!("{LIMIT}, which is {DEFAULT} by default")),
        },
    });
    Reading {
        settings,
        complete: !context.files.has_faults(),
    }
}

/// Where a service listens, and how many processes it may have. `None`: it does not listen, or has
/// no number of its own.
fn service(text: &str) -> Option<(Option<Endpoint>, i64)> {
    let mut columns = text.split_ascii_whitespace();
    let (name, transport, private) = (columns.next()?, columns.next()?, columns.next()?);
    let processes: i64 = columns.nth(3)?.parse().ok()?;
    let on = match (transport, private) {
        ("inet", _) => inet(name),
        ("unix" | "pass", "n") => Some(Endpoint::Path(format!("public/{name}"))),
        ("unix" | "pass", _) => Some(Endpoint::Path(format!("private/{name}"))),
        _ => return None,
    };
    Some((on, processes))
}

/// `smtp`, `10025`, `127.0.0.1:smtp`, `[::1]:10025`.
fn inet(name: &str) -> Option<Endpoint> {
    let (host, port) = name.rsplit_once(':').unwrap_or(("", name));
    let known = PORTS.iter().find(|(name, _)| *name == port);
    let port = known.map_or_else(|| port.parse().ok(), |(_, port)| Some(*port))?;
    Endpoint::parse(&format!("{host}:{port}"), None)
}

/// `default_process_limit` and where it stands. `Err`: it is no number that can be known.
fn limit(text: &str, path: &str) -> Result<Option<(i64, Place)>, ()> {
    let mut parameters = BTreeMap::new();
    let mut place = None;
    for (line, text) in logical_lines(text) {
        if let Some((name, value)) = text.split_once('=') {
            let name = name.trim().to_owned();
            if name == LIMIT {
                place = Some(Place::Line(path.to_owned(), line));
            }
            parameters.insert(name, value.trim().to_owned());
        }
    }
    let Some((place, value)) = place.zip(parameters.get(LIMIT)) else {
        return Ok(None);
    };
    let mut left = MOST_NAMED;
    let number =
        expanded(value, &parameters, &mut left).and_then(|value| value.trim().parse().ok());
    number.map(|number| Some((number, place))).ok_or(())
}

/// A value without `$name`. `None`: that names what is not in the file, or without end.
fn expanded(
    value: &str,
    parameters: &BTreeMap<String, String>,
    left: &mut usize,
) -> Option<String> {
    let mut result = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('$') {
        result.push_str(before);
        *left = left.checked_sub(1)?;
        if let Some(behind) = behind.strip_prefix('$') {
            result.push('$');
            rest = behind;
            continue;
        }
        let close = match behind.chars().next()? {
            '{' => Some('}'),
            '(' => Some(')'),
            _ => None,
        };
        let inside;
        (inside, rest) = match close {
            Some(close) => behind.get(1..)?.split_once(close)?,
            None => behind.split_at(name_end(behind)),
        };
        let (name, condition) = inside.split_at(name_end(inside));
        let value = expanded(parameters.get(name)?, parameters, left)?;
        match (condition.get(..1), condition.get(1..)) {
            (None, _) => result.push_str(&value),
            (Some("?"), Some(then)) if !value.is_empty() => {
                result.push_str(&expanded(then, parameters, left)?)
            }
            (Some(":"), Some(then)) if value.is_empty() => {
                result.push_str(&expanded(then, parameters, left)?)
            }
            (Some("?" | ":"), _) => {}
            _ => return None,
        }
    }
    Some(result + rest)
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// The lines, with those that continue them because they begin with a space. Comments and empty
/// lines do not end one.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some((_, last)) if line.starts_with(char::is_whitespace) => {
                last.push(' ');
                last.push_str(content);
            }
            _ => found.push((number + 1, content.to_owned())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    fn on(main: &str, master: &str) -> (Vec<String>, bool) {
        let fake = Fake::new(&[
            ("/etc/postfix/main.cf", main),
            ("/etc/postfix/master.cf", master),
        ]);
        fake.settings(read, &["/usr/lib/postfix/sbin/master", "-w"], None)
    }

    fn found(expected: &[&str]) -> (Vec<String>, bool) {
        (
            expected.iter().map(|text| (*text).to_owned()).collect(),
            true,
        )
    }

    const USUAL: &str = "any = 100 at default_process_limit, which is 100 by default (default)";

    #[test]
    fn debians_files_leave_all_to_the_default() {
        let fake = Fake::debian("postfix");
        assert_eq!(
            fake.settings(read, &["master", "-w"], None),
            found(&[USUAL])
        );
    }

    #[test]
    fn a_service_asks_for_its_processes_if_they_are_more() {
        let main = "default_process_limit = 1\nempty =\nlim =\n# c\n  30\n\
            default_process_limit = ${empty?7}${empty:$(lim)}\n";
        let master = "smtp inet n - y - - smtpd\n127.0.0.1:2525 inet n - y -\n  # comment\n  400 smtpd\n -o a=b\n\
            [::1]:submission inet n - n - 31 smtpd\npickup unix n - y 60 1 pickup\ncleanup unix n - y - 500 cleanup\n\
            rewrite unix - - y - 600 rewrite\nfif fifo n - n - 900 x\ndg unix-dgram n - n - 900 x\npas pass - - n - 77 x\n#x inet n - n - 900 x\n";
        let expected = [
            "127.0.0.1:2525 = 400 at /etc/postfix/master.cf:2",
            "[::1]:587 = 31 at /etc/postfix/master.cf:6",
            "public/cleanup = 500 at /etc/postfix/master.cf:8",
            "private/rewrite = 600 at /etc/postfix/master.cf:9",
            "private/pas = 77 at /etc/postfix/master.cf:12",
            "any = 30 at /etc/postfix/main.cf:6",
        ];
        assert_eq!(on(main, master), found(&expected));
    }

    #[test]
    fn the_directory_is_that_of_the_option_or_the_variable() {
        let mut fake = Fake::new(&[
            ("/x/main.cf", "default_process_limit=5"),
            ("/x/master.cf", ""),
        ]);
        let expected = found(&["any = 5 at /x/main.cf:1"]);
        assert_eq!(
            fake.settings(read, &["master", "-c", "/x", "-w"], None),
            expected
        );
        assert_eq!(
            fake.settings(read, &["master", "-w"], None),
            (vec![], false)
        );
        fake.variables
            .insert("MAIL_CONFIG".to_owned(), "/x".to_owned());
        assert_eq!(fake.settings(read, &["master", "-w"], None), expected);
    }

    #[test]
    fn what_cannot_be_known_is_a_fault() {
        let (found, complete) = on("", "what inet n - - - 900 smtpd");
        assert_eq!((found, complete), (vec![USUAL.to_owned()], false));
        let endless = "a=$b$b\nb=$a$a\ndefault_process_limit=$a";
        for main in [
            "default_process_limit=$other",
            "default_process_limit=a",
            endless,
        ] {
            assert_eq!(on(main, ""), (vec![], false), "{main}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "=",
            " a",
            "$",
            "a b c d e f g",
            "default_process_limit=$",
            "default_process_limit=${",
            "default_process_limit=${é}",
            "default_process_limit=${a",
            "a=\ndefault_process_limit=${aé}",
            "a=\ndefault_process_limit=$(a?",
            "a=\ndefault_process_limit=${a:$$}",
            "é inet n - - - 900 x",
            ": inet n - - - 900 x",
            "[:9 inet n - - - 900 x",
        ] {
            on(text, text);
        }
    }
}
