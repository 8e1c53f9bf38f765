//! nginx: `listen ADDRESS backlog=NUMBER`, in the `server` blocks of http, stream and mail.
//!
//! Follows src/core/ngx_conf_file.c (words, quotes, blocks, `include` with glob(7), relative to the
//! main file's directory) and ngx_http_core_listen: a port alone is all of IPv4, and the number is
//! given once for an address, in any of the servers that share it.

mod sockets;
mod words;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, Files, join, parent};
use sockets::Sockets;
use words::{Directive, directives};

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
/// Directives that include something.
const MOST_INCLUDES: usize = 1024;

/// What the title of the main process begins with; its command line follows.
const MASTER: &str = "nginx: master process ";

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    // Of another title nothing is known of the command line.
    if context
        .title
        .is_some_and(|title| !title.starts_with(MASTER))
    {
        return Reading::default();
    }
    let main = main_files(context);
    let Some((path, text)) = context.files.first(&main) else {
        return Reading::default();
    };
    let mut reading = Reading::default();
    let mut too_many = false;
    // Directives of the command line may listen and include as well.
    let mut doubt = option(context, "-g").is_some_and(|_| says_include(context));
    let directory = parent(&path).to_owned();
    let mut open = Vec::new();
    let mut sockets = Sockets::default();
    walk(
        &mut context.files,
        &directory,
        &path,
        &text,
        &mut open,
        &mut |directive, place| {
            sockets.block(directive);
            let Some(words) = listened(directive).filter(|_| !too_many) else {
                return;
            };
            if let Some((address, parameters)) = words.split_first() {
                let room = MOST_SETTINGS.saturating_sub(sockets.len());
                sockets.listen(endpoints(address).into_iter().take(room), parameters);
            }
            let Some(found) = listen(words, &place) else {
                doubt = true;
                return;
            };
            let room = MOST_SETTINGS - reading.settings.len();
            too_many |= found.len() > room;
            reading.settings.extend(found.into_iter().take(room));
        },
    );
    if too_many {
        let why = format!("it has more than {MOST_SETTINGS} listeners");
        context.files.fault(&path, why);
    }
    context.listens = sockets.finish();
    reading.complete = !doubt && !context.files.has_faults();
    reading
}

/// Whether the command line has the word `include`.
fn says_include(context: &Context<'_>) -> bool {
    let title = context.title.unwrap_or_default();
    title.contains("include")
        || context
            .arguments
            .iter()
            .any(|word| word.contains("include"))
}

/// Where the main file may be: as the command line says, else by who built this executable.
fn main_files(context: &Context<'_>) -> Vec<String> {
    let prefix = option(context, "-p").map(|prefix| context.path(&prefix));
    // /usr/local/nginx/sbin/nginx has its files in /usr/local/nginx.
    let built = context
        .executable
        .and_then(|path| path.strip_suffix("/sbin/nginx"));
    let built = built.filter(|prefix| !matches!(*prefix, "" | "/usr"));
    let own = prefix.or_else(|| built.map(str::to_owned));
    match option(context, "-c") {
        Some(path) if path.starts_with('/') => vec![path],
        Some(path) => {
            let known = ["/usr/share/nginx", "/usr/local/nginx", "/etc/nginx"].map(str::to_owned);
            let prefixes = own.into_iter().chain(known);
            prefixes.map(|prefix| join(&prefix, &path)).collect()
        }
        None => {
            // A build of a distribution has an absolute path compiled in, whatever `-p` says.
            let distribution = context
                .executable
                .is_some_and(|path| path == "/usr/sbin/nginx");
            let own = own.filter(|_| !distribution);
            let own = own.map(|prefix| join(&prefix, "conf/nginx.conf"));
            own.into_iter().chain(MAIN.map(str::to_owned)).collect()
        }
    }
}

/// An option's value: nginx writes its command line into its title.
fn option(context: &Context<'_>, name: &str) -> Option<String> {
    let words: Vec<&str> = match context.title {
        Some(title) => title
            .strip_prefix(MASTER)?
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

/// The words of a `listen` directive.
fn listened(directive: &Directive) -> Option<&[String]> {
    let (first, words) = directive.words.split_first()?;
    (first == "listen").then_some(words)
}

/// Calls `each` with every directive of a file and of those that it includes, and ends of blocks.
fn walk(
    files: &mut Files<'_>,
    directory: &str,
    path: &str,
    text: &str,
    open: &mut Vec<String>,
    each: &mut impl FnMut(&Directive, Place),
) {
    open.push(path.to_owned());
    let mut includes = 0;
    for directive in directives(text) {
        let (words, line) = (&directive.words, directive.line);
        match words.first().map(String::as_str) {
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
            _ => each(&directive, Place::Line(path.to_owned(), line)),
        }
    }
    open.pop();
}

/// The numbers that a `listen` directive has. `None`: it has one, and for which sockets is not known.
fn listen(words: &[String], place: &Place) -> Option<Vec<Setting>> {
    let Some((address, parameters)) = words.split_first() else {
        return Some(Vec::new());
    };
    let number = parameters
        .iter()
        .find_map(|word| word.strip_prefix("backlog="))
        .and_then(|number| number.parse::<i64>().ok());
    let Some(number) = number else {
        return Some(Vec::new());
    };
    let settings: Vec<Setting> = endpoints(address)
        .into_iter()
        .map(|on| Setting::configured(on, number, place.clone()))
        .collect();
    (!settings.is_empty()).then_some(settings)
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
    all.iter().flat_map(|address| of_address(address)).collect()
}

/// The sockets of one address. A port alone and a star are all of IPv4.
fn of_address(address: &str) -> Vec<Endpoint> {
    match Endpoint::parse(address, Some(80)) {
        Some(Endpoint::Port(None, port)) => vec![Endpoint::port_v4(port)],
        found => found.into_iter().collect(),
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
