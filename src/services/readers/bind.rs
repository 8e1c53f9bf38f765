//! BIND: `tcp-listen-queue` in `options`, for DNS over TCP, TLS and HTTP.
//!
//! Follows lib/isccfg/parser.c (words, quotes, three kinds of comments, blocks, `include` anywhere
//! and below the working directory, keywords without case, numbers as C writes them) and
//! bin/named/server.c: 1 to 9 become 10. The control channels of rndc and the statistics channels
//! always ask for 5, measured with 9.18.

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, Files};
use crate::services::versions;
use crate::snapshot::Source;

/// Where the main file is, by who built named.
const MAIN: [&str; 3] = [
    "/etc/bind/named.conf",
    "/etc/named.conf",
    "/usr/local/etc/named.conf",
];
/// The least that is asked for, but for 0.
const LEAST: i64 = 10;
/// What channels ask for.
const CHANNEL: i64 = 5;
/// The port of rndc.
const CONTROL: u16 = 953;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    if context.arguments.is_empty() {
        return Reading::default();
    }
    let Some((path, text)) = context.main_file("-c", &MAIN) else {
        return Reading::default();
    };
    let mut walk = Walk {
        directory: context.host.directory(context.pid).unwrap_or_default(),
        open: Vec::new(),
        blocks: Vec::new(),
        queue: None,
        channels: Vec::new(),
        has_controls: false,
    };
    walk.file(&mut context.files, &path, &text);
    if !walk.has_controls {
        let local = [
            Endpoint::parse("127.0.0.1:953", None),
            Endpoint::parse("[::1]:953", None),
        ];
        walk.channels.extend(local.into_iter().flatten());
    }
    let mut settings = Vec::new();
    if let Some((number, place)) = walk.queue {
        settings.push(Setting::configured(Endpoint::Any, number, place));
    }
    // Before 9.16 sockets were opened by other code, for which nobody measured this.
    let old = context
        .version
        .and_then(|version| versions::fits(version, "<9.16"));
    if old != Some(true) {
        settings.extend(walk.channels.into_iter().map(|on| Setting {
            on,
            backlog: Some(CHANNEL),
            source: Source::Default,
            place: Place::Words("control and statistics channels always ask for 5".to_owned()),
        }));
    }
    Reading {
        settings,
        complete: !context.files.has_faults(),
    }
}

struct Walk {
    /// Where named works.
    directory: String,
    /// The files that are being read.
    open: Vec<String>,
    /// The first words of the blocks that are open.
    blocks: Vec<String>,
    queue: Option<(i64, Place)>,
    channels: Vec<Endpoint>,
    has_controls: bool,
}

impl Walk {
    fn file(&mut self, files: &mut Files<'_>, path: &str, text: &str) {
        self.open.push(path.to_owned());
        let mut words: Vec<String> = Vec::new();
        for (token, line) in tokens(text) {
            match token {
                Token::Word(word) => words.push(word),
                Token::End => {
                    self.statement(files, path, line, &words);
                    words.clear();
                }
                Token::Open => {
                    self.statement(files, path, line, &words);
                    let name = words
                        .first()
                        .map_or("", String::as_str)
                        .to_ascii_lowercase();
                    self.has_controls |= self.blocks.is_empty() && name == "controls";
                    self.blocks.push(name);
                    words.clear();
                }
                Token::Close => {
                    self.blocks.pop();
                    words.clear();
                }
            }
        }
        self.open.pop();
    }

    fn statement(&mut self, files: &mut Files<'_>, path: &str, line: usize, words: &[String]) {
        let (Some(name), Some(value)) = (words.first(), words.get(1)) else {
            return;
        };
        let block = match self.blocks.as_slice() {
            [] => "",
            [block] => block.as_str(),
            _ => "-",
        };
        match (block, name.to_ascii_lowercase().as_str()) {
            (_, "include") => self.include(files, path, line, value),
            ("options", "tcp-listen-queue") => match number(value) {
                Some(number) => self.queue = Some((number, Place::Line(path.to_owned(), line))),
                None => files.fault(path, format!("line {line} has no number")),
            },
            ("controls", "inet") => self.channel(value, words, CONTROL),
            ("statistics-channels", "inet") => self.channel(value, words, 80),
            _ => {}
        }
    }

    fn channel(&mut self, address: &str, words: &[String], usual: u16) {
        let mut words = words.iter().skip(2);
        let port = match words.next() {
            Some(word) if word.eq_ignore_ascii_case("port") => words.next(),
            _ => None,
        };
        let port = port.and_then(|port| port.parse().ok()).unwrap_or(usual);
        let on = match address {
            "*" => Some(Endpoint::port_v4(port)),
            address => address
                .parse()
                .ok()
                .map(|ip| Endpoint::Port(Some(ip), port)),
        };
        self.channels.extend(on);
    }

    fn include(&mut self, files: &mut Files<'_>, path: &str, line: usize, pattern: &str) {
        let pattern = crate::services::host::join(&self.directory, pattern);
        let is_plain = !pattern.contains(['*', '?', '[']);
        for included in files.glob(&pattern) {
            if self.open.contains(&included) || self.open.len() >= DEEPEST {
                files.fault(path, format!("line {line} includes without end"));
                continue;
            }
            match files.read(&included) {
                Some(text) => self.file(files, &included, &text),
                // named does not start without it: it is somewhere else, or was there before.
                None if is_plain => files.fault(&included, "it is included and was not found"),
                None => {}
            }
        }
    }
}

/// What a number makes named ask for.
fn number(text: &str) -> Option<i64> {
    let number = if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        u32::from_str_radix(digits, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        u32::from_str_radix(text, 8)
    } else {
        text.parse()
    };
    match number.ok()? {
        0 => Some(0),
        // listen(2) takes it as a signed number.
        number => match i64::from(number.cast_signed()) {
            number @ 1..LEAST => Some(number.max(LEAST)),
            number => Some(number),
        },
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Open,
    Close,
    End,
}

/// The tokens of a text, each with its line.
fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let token = match c {
            '\n' => {
                line += 1;
                continue;
            }
            c if c.is_whitespace() => continue,
            '{' => Token::Open,
            '}' => Token::Close,
            ';' => Token::End,
            '#' => {
                while rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            '/' if rest.peek() == Some(&'/') => {
                while rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            '/' if rest.next_if_eq(&'*').is_some() => {
                let mut before = ' ';
                for c in rest.by_ref() {
                    line += usize::from(c == '\n');
                    if (before, c) == ('*', '/') {
                        break;
                    }
                    before = c;
                }
                continue;
            }
            '"' => {
                let mut word = String::new();
                while let Some(c) = rest.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(rest.next()),
                        c => {
                            line += usize::from(c == '\n');
                            word.push(c);
                        }
                    }
                }
                Token::Word(word)
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| !c.is_whitespace() && !"{};\"".contains(*c)) {
                    word.push(c);
                }
                Token::Word(word)
            }
        };
        found.push((token, line));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const CHANNELS: &str = "= 5 at control and statistics channels always ask for 5 (default)";

    fn on(fake: &Fake) -> (Vec<String>, bool) {
        fake.settings(read, &["/usr/sbin/named", "-f", "-u", "bind"], None)
    }

    /// What `options` asks for, without the control channel.
    fn asked(text: &str) -> (Vec<String>, bool) {
        let text = format!("{text}\ncontrols {{ }};");
        on(&Fake::new(&[
            ("/etc/bind/named.conf", &text),
            ("/q.conf", "tcp-listen-queue 21;"),
        ]))
    }

    fn one(text: &str) -> (Vec<String>, bool) {
        (vec![format!("any = {text}")], true)
    }

    #[test]
    fn debians_files_ask_for_nothing_but_the_control_channel() {
        let expected = ["127.0.0.1:953", "[::1]:953"].map(|on| format!("{on} {CHANNELS}"));
        assert_eq!(on(&Fake::debian("bind9")), (expected.into(), true));
    }

    #[test]
    fn the_number_is_that_of_options() {
        let text = "// a\nOptions { directory \"/\"; # tcp-listen-queue 1;\n/* tcp-listen-queue 2;\n */ // }\nTCP-listen-queue 77; };";
        assert_eq!(asked(text), one("77 at /etc/bind/named.conf:5"));
        assert_eq!(
            asked("view x { options { tcp-listen-queue 77; }; };"),
            (vec![], true)
        );
        assert_eq!(
            asked("options { x { tcp-listen-queue 77; }; };"),
            (vec![], true)
        );
        assert_eq!(
            asked("options { x 1; include \"q.conf\"; };"),
            one("21 at /q.conf:1")
        );
        assert_eq!(
            asked("options { include \"/*.conf\"; };"),
            one("21 at /q.conf:1")
        );
    }

    #[test]
    fn small_numbers_are_raised_and_the_largest_is_negative() {
        for (text, number) in [
            ("5", 10),
            ("0", 0),
            ("10", 10),
            ("0x20", 32),
            ("012", 10),
            ("4294967295", -1),
        ] {
            let expected = one(&format!("{number} at /etc/bind/named.conf:1"));
            assert_eq!(
                asked(&format!("options {{ tcp-listen-queue {text}; }};")),
                expected
            );
        }
        assert_eq!(asked("options { tcp-listen-queue x; };"), (vec![], false));
    }

    #[test]
    fn channels_always_ask_for_the_same() {
        let text = "controls { inet 127.0.0.1 port 9953 allow { localhost; } keys { \"k\"; }; inet * allow { any; }; };\n\
            statistics-channels { inet ::1 port 8053; inet 127.0.0.1; };";
        let (found, complete) = on(&Fake::new(&[("/etc/named.conf", text)]));
        let expected = [
            "127.0.0.1:9953",
            "0.0.0.0:953",
            "[::1]:8053",
            "127.0.0.1:80",
        ];
        assert_eq!(found, expected.map(|on| format!("{on} {CHANNELS}")));
        assert!(complete);
    }

    #[test]
    fn what_is_not_found_is_not_complete() {
        assert!(!asked("include \"/none\";").1);
        assert!(!asked("include \"/etc/bind/named.conf\";").1);
        let fake = Fake::new(&[("/x", "options { tcp-listen-queue 20; };")]);
        assert_eq!(on(&fake), (vec![], false));
        let (found, complete) = fake.settings(read, &["named", "-c", "/x"], None);
        assert_eq!((found.len(), complete), (3, true));
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "{",
            "}}}",
            ";",
            "\"",
            "\"\\",
            "/*",
            "/",
            "/**",
            "include",
            "include {",
            "include \"[\";",
            "options { tcp-listen-queue",
            "options { tcp-listen-queue ;",
            "controls { inet",
            "controls { inet ; };",
            "controls { inet é port x; };",
            "options { tcp-listen-queue 0x; };",
        ] {
            asked(text);
        }
    }
}
