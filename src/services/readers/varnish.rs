//! Varnish: the parameter `listen_depth`, of `-p` or of a command file (`-I`), for the addresses of
//! `-a`. Its command line interface (`-T`) always asks for ten.
//!
//! Follows bin/varnishd/mgt/mgt_main.c (options, and that `-I` comes after `-p`), mgt_cli.c
//! (`VTCP_listen(..., 10)`; without `-T` on a port of its own choice) and mgt_param_tweak.c. What
//! `varnishadm param.set` changed since the start is not in any file.

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::snapshot::Source;

/// What the command line interface asks for.
const INTERFACE: i64 = 10;
/// `listen_depth`, where it is not set.
const DEPTH: i64 = 1024;
/// The port of an address without one.
const PORT: u16 = 80;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let options = options(context.arguments);
    let all = |wanted: char| {
        let found = options.iter().filter(move |(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let (depth, mut understood) = depth(context, &options);
    let interface = all('T').next_back();
    let chosen = interface.is_none_or(|address| address.ends_with(":0"));
    let mut settings = Vec::new();
    let mut addresses: Vec<&str> = all('a').collect();
    if addresses.is_empty() {
        addresses.push(":80");
    }
    for address in addresses {
        let Some(on) = endpoint(address) else {
            understood = false;
            continue;
        };
        match &depth {
            Some((number, place)) => {
                settings.push(Setting::configured(on, *number, place.clone()));
            }
            // Only to tell these addresses from the interface's.
            None if chosen => settings.push(fixed(on, DEPTH, "default of listen_depth")),
            None => {}
        }
    }
    let on = match interface {
        Some("none") => None,
        _ if chosen => Some(Endpoint::Any),
        Some(address) => Endpoint::parse(address, None),
        None => None,
    };
    let words = "Varnish's command line interface";
    settings.extend(on.map(|on| fixed(on, INTERFACE, words)));
    Reading {
        settings,
        complete: understood && !context.files.has_faults(),
    }
}

/// What sets `listen_depth` last, and whether all of it was understood.
fn depth(context: &mut Context<'_>, options: &[(char, String)]) -> (Option<(i64, Place)>, bool) {
    let mut understood = !context.arguments.is_empty();
    let mut depth = None;
    for (_, parameter) in options.iter().filter(|(name, _)| *name == 'p') {
        if let Some(text) = parameter.strip_prefix("listen_depth=") {
            depth = number(text).map(|number| (number, Place::command_line()));
            understood &= depth.is_some();
        }
    }
    for (_, path) in options.iter().filter(|(name, _)| *name == 'I') {
        let path = context.path(path);
        let Some(text) = context.files.read(&path) else {
            understood = false;
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('-');
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            if let ["param.set", "listen_depth", text, ..] = words[..] {
                let place = Place::Line(path.clone(), at + 1);
                depth = number(text.trim_matches('"')).map(|number| (number, place));
                understood &= depth.is_some();
            }
        }
    }
    (depth, understood)
}

fn fixed(on: Endpoint, number: i64, words: &str) -> Setting {
    Setting {
        on,
        backlog: Some(number),
        source: Source::Default,
        place: Place::Words(words.to_owned()),
    }
}

/// The address of `-a`: `[NAME=]ADDRESS[,PROTOCOL][,KEY=VALUE]`.
fn endpoint(text: &str) -> Option<Endpoint> {
    let address = text.split(',').next().unwrap_or(text);
    let address = match address.split_once('=') {
        Some((name, address)) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => address,
        _ => address,
    };
    Endpoint::parse(address, Some(PORT))
}

/// A number in C's spelling: decimal, `0x20` or `040`.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    i64::from_str_radix(digits, base).ok()
}

/// The options that have a value, with it.
fn options(arguments: &[String]) -> Vec<(char, String)> {
    let mut found = Vec::new();
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        let letters = word.strip_prefix('-').unwrap_or_default();
        let letters = letters.trim_start_matches(['C', 'd', 'F', 'V', '?']);
        let mut rest = letters.chars();
        let Some(name) = rest.next() else {
            continue;
        };
        let value = match rest.as_str() {
            "" => words.next().cloned().unwrap_or_default(),
            value => value.to_owned(),
        };
        found.push((name, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    fn settings(line: &str) -> (Vec<String>, bool) {
        let fake = Fake::new(&[("/cli", "vcl.list\n-param.set listen_depth 55\n")]);
        fake.settings(read, &line.split(' ').collect::<Vec<_>>(), None)
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    const INTERFACE: &str = "at Varnish's command line interface (default)";

    #[test]
    fn debians_unit_sets_no_depth_and_the_interface_has_its_own() {
        let unit = include_str!("../../../tests/debian/varnish/lib/systemd/system/varnish.service");
        let line = unit.replace("\\\n", " ");
        let line = line
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let words: Vec<&str> = line.unwrap().split_ascii_whitespace().collect();
        let found = Fake::new(&[]).settings(read, &words, None);
        assert_eq!(
            found,
            (vec![format!("localhost:6082 = 10 {INTERFACE}")], true)
        );
    }

    #[test]
    fn the_depth_is_for_the_addresses_of_a() {
        let (found, complete) = settings(
            "varnishd -Fd -a 127.0.0.1:81 -a /v.sock,mode=666 -ax=:82,PROXY -T none -p listen_depth=7 -plisten_depth=0x20",
        );
        let expected =
            ["127.0.0.1:81", "/v.sock", "*:82"].map(|on| format!("{on} = 32 at command line"));
        assert_eq!((found, complete), (expected.into(), true));
        let (found, complete) = settings("varnishd -I /cli -p listen_depth=77 -T 127.0.0.1:6082");
        let expected = [
            "*:80 = 55 at /cli:2".to_owned(),
            format!("127.0.0.1:6082 = 10 {INTERFACE}"),
        ];
        assert_eq!((found, complete), (expected.into(), true));
    }

    #[test]
    fn an_interface_on_a_chosen_port_is_every_other_listener() {
        let expected = [
            "127.0.0.1:80 = 1024 at default of listen_depth (default)".to_owned(),
            format!("any = 10 {INTERFACE}"),
        ];
        assert_eq!(settings("varnishd -a 127.0.0.1"), (expected.into(), true));
    }

    #[test]
    fn what_is_not_understood_is_not_complete() {
        assert_eq!(
            settings("varnishd -T none -p listen_depth=many"),
            (vec![], false)
        );
        assert!(!settings("varnishd -T none -I /none").1);
        assert!(!settings("varnishd -T none -a 1.2.3.4:5-6").1);
        assert!(!Fake::new(&[]).settings(read, &[], None).1);
        assert_eq!(number("040"), Some(32));
        assert_eq!(
            settings("varnishd -T none -p listen_depth=0").0,
            texts(&["*:80 = 0 at command line"])
        );
    }

    #[test]
    fn no_text_makes_it_panic() {
        for line in [
            "",
            "-",
            "x -",
            "x -a",
            "x -p",
            "x -a = -T : -I",
            "x -a €=,",
            "x -plisten_depth=",
        ] {
            settings(line);
        }
    }
}
