//! nginx: `listen ADDRESS backlog=NUMBER`, in the `server` blocks of http, stream and mail.
//!
//! Follows src/core/ngx_conf_file.c (words, quotes, blocks, `include` with glob(7), relative to the
//! main file's directory) and ngx_http_core_listen: a port alone is all of IPv4, and the number is
//! given once for an address, in any of the servers that share it.

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, Files, join, parent};

/// Where the main file is, by who built nginx.
const MAIN: [&str; 5] = [
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
    "/opt/nginx/conf/nginx.conf",
];

/// Listeners of a configuration; one directive has up to 65535 for a range of ports.
const MOST_SETTINGS: usize = 10_000;
/// Words of a directive.
const MOST_WORDS: usize = 64;
/// Directives that include something.
const MOST_INCLUDES: usize = 1024;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let main: Vec<String> = match option(context, "-c") {
        Some(path) if path.starts_with('/') => vec![path],
        Some(path) => {
            let prefixes = option(context, "-p")
                .into_iter()
                .chain(["/usr/share/nginx", "/usr/local/nginx", "/etc/nginx"].map(str::to_owned));
            prefixes.map(|prefix| join(&prefix, &path)).collect()
        }
        None => MAIN.map(str::to_owned).into(),
    };
    let Some((path, text)) = context.files.first(&main) else {
        return Reading::default();
    };
    let mut reading = Reading::default();
    let mut too_many = false;
    let directory = parent(&path).to_owned();
    let mut open = Vec::new();
    walk(
        &mut context.files,
        &directory,
        &path,
        &text,
        &mut open,
        &mut |words, place| {
            if too_many {
                return;
            }
            let found = listen(words, &place);
            let room = MOST_SETTINGS - reading.settings.len();
            too_many |= found.len() > room;
            reading.settings.extend(found.into_iter().take(room));
        },
    );
    if too_many {
        let why = format!("it has more than {MOST_SETTINGS} listeners");
        context.files.fault(&path, why);
    }
    reading.complete = !context.files.has_faults();
    reading
}

/// An option's value: nginx writes its command line into its title.
fn option(context: &Context<'_>, name: &str) -> Option<String> {
    let words: Vec<&str> = match context.title {
        Some(title) => title
            .strip_prefix("nginx: master process ")?
            .split_ascii_whitespace()
            .collect(),
        None => context.arguments.iter().map(String::as_str).collect(),
    };
    let at = words.iter().position(|word| word.starts_with(name))?;
    match words[at].strip_prefix(name)? {
        "" => words.get(at + 1).map(|word| (*word).to_owned()),
        value => Some(value.to_owned()),
    }
}

/// Calls `each` with every `listen` directive of a file and of those that it includes.
fn walk(
    files: &mut Files<'_>,
    directory: &str,
    path: &str,
    text: &str,
    open: &mut Vec<String>,
    each: &mut impl FnMut(&[String], Place),
) {
    open.push(path.to_owned());
    let mut includes = 0;
    for Directive { words, line } in directives(text) {
        match words.first().map(String::as_str) {
            Some("listen") => each(&words[1..], Place::Line(path.to_owned(), line)),
            Some("include") if includes >= MOST_INCLUDES => {
                files.fault(path, format!("line {line} includes too much"));
                break;
            }
            Some("include") => {
                includes += 1;
                let pattern = join(directory, words.get(1).map_or("", String::as_str));
                for included in files.glob(&pattern) {
                    if open.contains(&included) || open.len() >= DEEPEST {
                        files.fault(path, format!("line {line} includes without end"));
                        continue;
                    }
                    if let Some(text) = files.included(&included, path) {
                        walk(files, directory, &included, &text, open, each);
                    } else if included == pattern {
                        // nginx would not have started, so it was there.
                        files.fault(
                            path,
                            format!("line {line} includes a file that is not there"),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    open.pop();
}

/// The numbers that a `listen` directive has.
fn listen(words: &[String], place: &Place) -> Vec<Setting> {
    let Some((address, parameters)) = words.split_first() else {
        return Vec::new();
    };
    let number = parameters
        .iter()
        .find_map(|word| word.strip_prefix("backlog="))
        .and_then(|number| number.parse::<i64>().ok());
    let Some(number) = number else {
        return Vec::new();
    };
    endpoints(address)
        .into_iter()
        .map(|on| Setting::configured(on, number, place.clone()))
        .collect()
}

/// The sockets that an address stands for: the module `stream` knows ranges of ports.
fn endpoints(address: &str) -> Vec<Endpoint> {
    let (host, ports) = match address.rsplit_once(':') {
        Some((host, ports)) if !address.starts_with("unix:") => (host, ports),
        _ => ("", address),
    };
    let range = ports
        .split_once('-')
        .and_then(|(first, last)| Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?));
    let all: Vec<String> = match range {
        Some(range) if host.is_empty() => range.map(|port| port.to_string()).collect(),
        Some(range) => range.map(|port| format!("{host}:{port}")).collect(),
        None => vec![address.to_owned()],
    };
    let one = |address: String| match Endpoint::parse(&address, Some(80)) {
        // A name may stand for several addresses; a port alone and a star are all of IPv4.
        Some(Endpoint::Port(None, port))
            if address.starts_with('*') || !address.contains(char::is_alphabetic) =>
        {
            Some(Endpoint::port_v4(port))
        }
        found => found,
    };
    all.into_iter().filter_map(one).collect()
}

/// A simple directive, or the words before a block.
#[derive(Debug, PartialEq, Eq)]
struct Directive {
    words: Vec<String>,
    /// Of its first word, from 1.
    line: usize,
}

/// Splits a text into directives, one at a time. Blocks are flat: only `listen` and `include` are
/// looked for, and no other block knows these words.
fn directives(text: &str) -> impl Iterator<Item = Directive> {
    let mut line = 1;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || directive(&mut rest, &mut line))
}

/// The next directive that has a word.
fn directive(rest: &mut Rest<'_>, line: &mut usize) -> Option<Directive> {
    let mut words: Vec<String> = Vec::new();
    let mut begin = *line;
    while let Some(c) = rest.next() {
        match c {
            '\n' => *line += 1,
            c if c.is_whitespace() => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            ';' | '{' | '}' => {
                let lua = c == '{'
                    && words
                        .first()
                        .is_some_and(|word| word.ends_with("_by_lua_block"));
                if lua {
                    skip_block(rest, line);
                }
                if !words.is_empty() {
                    return Some(Directive { words, line: begin });
                }
            }
            c => {
                if words.is_empty() {
                    begin = *line;
                }
                let word = word(c, rest, line);
                // More of them than any directive here has are not kept.
                if words.len() < MOST_WORDS {
                    words.push(word);
                }
            }
        }
    }
    None
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// One word that begins with `first`, without quotes and backslashes.
fn word(first: char, rest: &mut Rest<'_>, line: &mut usize) -> String {
    let mut word = String::new();
    let quote = matches!(first, '"' | '\'').then_some(first);
    let mut next = quote.is_none().then_some(first);
    loop {
        let c = match next.take() {
            Some(c) => c,
            None => {
                let Some(c) = rest.peek().copied() else { break };
                if quote.is_none()
                    && (c.is_whitespace() || ";{".contains(c))
                    && !word.ends_with('$')
                {
                    break;
                }
                rest.next();
                c
            }
        };
        *line += usize::from(c == '\n');
        if quote == Some(c) {
            break;
        }
        match c {
            '\\' => word.extend(rest.next()),
            c => word.push(c),
        }
    }
    word
}

/// Skips a block of another language, whose braces pair, to its end.
fn skip_block(rest: &mut Rest<'_>, line: &mut usize) {
    let mut depth = 1;
    let mut quote = None;
    while let Some(c) = rest.next() {
        *line += usize::from(c == '\n');
        match (quote, c) {
            (Some(_), '\\') => {
                rest.next();
            }
            (Some(end), c) if c == end || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const TITLE: &str = "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;";

    /// Each setting as `address = number at place`.
    fn settings(fake: &Fake, title: &str) -> (Vec<String>, bool) {
        fake.settings(read, &[], Some(title))
    }

    #[test]
    fn debians_files_ask_for_nothing_and_are_complete() {
        let fake = Fake::debian("nginx");
        assert_eq!(settings(&fake, TITLE), (vec![], true));
    }

    #[test]
    fn a_number_is_found_by_address_through_includes() {
        let fake = Fake::new(&[
            (
                "/etc/nginx/nginx.conf",
                "http {\n include sites/*.conf;\n}\nstream { server { listen 53-54 backlog=9; } }",
            ),
            (
                "/etc/nginx/sites/a.conf",
                "server {\n listen 80; # listen 1 backlog=2;\n listen [::]:80 default_server\n  backlog=4096;\n listen unix:/run/n.sock backlog=7;\n}",
            ),
            (
                "/etc/nginx/sites/b.conf",
                "content_by_lua_block { local s = \"}\" }\nserver { listen *:8080 reuseport backlog=65535; }",
            ),
        ]);
        let expected = [
            "[::]:80 = 4096 at /etc/nginx/sites/a.conf:3",
            "/run/n.sock = 7 at /etc/nginx/sites/a.conf:5",
            "0.0.0.0:8080 = 65535 at /etc/nginx/sites/b.conf:2",
            "0.0.0.0:53 = 9 at /etc/nginx/nginx.conf:4",
            "0.0.0.0:54 = 9 at /etc/nginx/nginx.conf:4",
        ];
        assert_eq!(
            settings(&fake, TITLE),
            (expected.map(str::to_owned).into(), true)
        );
    }

    #[test]
    fn the_file_is_the_one_that_the_command_line_names() {
        let fake = Fake::new(&[("/srv/n.conf", "server { listen 80 backlog=1; }")]);
        let (found, complete) = settings(&fake, "nginx: master process nginx -c /srv/n.conf");
        assert_eq!((found.len(), complete), (1, true));
        let (found, complete) = settings(&fake, TITLE);
        assert_eq!((found.len(), complete), (0, false));
    }

    #[test]
    fn includes_without_end_are_a_fault() {
        let fake = Fake::new(&[(
            "/etc/nginx/nginx.conf",
            "include nginx.conf;\nlisten 80 backlog=3;",
        )]);
        let (found, complete) = settings(&fake, TITLE);
        assert_eq!((found.len(), complete), (1, false));
    }

    #[test]
    fn a_file_that_is_included_and_gone_is_a_fault() {
        let of = |include| {
            let text = format!("include {include};\nlisten 80 backlog=3;");
            settings(&Fake::new(&[("/etc/nginx/nginx.conf", &text)]), TITLE).1
        };
        assert!(!of("sites/gone.conf"));
        assert!(of("sites/*.conf"));
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "listen",
            "listen ;",
            "{{{",
            "}}}",
            "\"",
            "'a\\",
            "a_by_lua_block {",
            "include",
            "include [",
            "$",
        ] {
            let fake = Fake::new(&[("/etc/nginx/nginx.conf", text)]);
            settings(&fake, TITLE);
        }
    }
}
