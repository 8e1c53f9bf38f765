//! Keys, options and variables as services' files describe them.

use super::*;
use crate::services::readers::Reading;
use crate::services::readers::tests::Fake;
use crate::services::service::OneOrMore;

fn texts(texts: &[&str]) -> OneOrMore {
    OneOrMore(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// A key of a file that a `-c` or the first argument names.
fn wanted(format: Format, key: &str, at: &str, include: &str) -> KeyFile {
    KeyFile {
        option: texts(&["-c", "--config"]),
        argument: Some(1),
        at: texts(&[at]),
        optional: false,
        format,
        key: texts(&[key]),
        include: Some(include.to_owned()),
    }
}

fn asked(wanted: &KeyFile, files: &[(&str, &str)], line: &str) -> (Vec<String>, bool) {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    Fake::new(files).settings(|context| file(wanted, context), &words, None)
}

fn key(format: Format, key: &str, text: &str) -> (Vec<String>, bool) {
    let wanted = wanted(format, key, "/etc/x.conf", "include");
    let files = [
        ("/etc/x.conf", text),
        ("/etc/y.conf", "n = 5\n"),
        ("/etc/loop", "include loop"),
        ("/near", "n = 6"),
        ("/etc/d/a.conf", "n 7"),
        ("/etc/d/a.inc", "n 8"),
    ];
    asked(&wanted, &files, "x")
}

fn one(found: &str) -> (Vec<String>, bool) {
    (vec![format!("any = {found}")], true)
}

#[test]
fn keys_are_read_from_every_format_with_their_line() {
    let text = "# tcp-backlog 1\ntcp-backlog 511\n";
    assert_eq!(
        key(Format::Words, "tcp-backlog", text),
        one("511 at /etc/x.conf:2")
    );
    let text = "[b]\nn=1\n[a]\nn = '2' # c\n[c]\nn=3";
    assert_eq!(
        key(Format::Assignments, "a.n", text),
        one("2 at /etc/x.conf:4")
    );
    let text = "a: 1\nnet:\n  listenBacklog: 7\n";
    assert_eq!(
        key(Format::Yaml, "net.listenBacklog", text),
        one("7 at /etc/x.conf:3")
    );
    assert_eq!(
        key(Format::Yaml, "a.b", "a.b: \"8\"\n"),
        one("8 at /etc/x.conf:1")
    );
    assert_eq!(
        key(Format::Toml, "a.n", "[a]\nx = 1\nn = 8\n"),
        one("8 at /etc/x.conf:3")
    );
    let text = "<c>\n <n>1</n><n>\n9</n></c>";
    assert_eq!(key(Format::Xml, "n", text), one("9 at /etc/x.conf:2"));
    for format in [
        Format::Words,
        Format::Assignments,
        Format::Yaml,
        Format::Toml,
    ] {
        assert_eq!(key(format, "n", "# m\n"), (vec![], true));
        assert_eq!(key(format, "n", ""), (vec![], true));
    }
}

#[test]
fn the_last_value_wins_and_comments_and_quotes_are_no_part_of_it() {
    let one_line = |line: &str| key(Format::Assignments, "n", line);
    assert_eq!(one_line("n = 1\nn = 2"), one("2 at /etc/x.conf:2"));
    for line in [
        "n=3",
        "n =3",
        "n\t3",
        " n = \"3\" ; x",
        "n = 3;",
        "n = 3\t# 4",
        "n = \\\n 3",
        "; n = 4\nn=3",
    ] {
        let (found, complete) = one_line(line);
        assert!(
            complete && found.len() == 1 && found[0].starts_with("any = 3 "),
            "{line}: {found:?}"
        );
    }
    assert_eq!(one_line("n=-1"), one("-1 at /etc/x.conf:1"));
    // A macro of Exim's.
    assert_eq!(one_line("N = 46"), (vec![], true));
    assert_eq!(
        key(Format::Words, "tcpBackLog", "TCPBACKLOG 62"),
        one("62 at /etc/x.conf:1")
    );
}

#[test]
fn what_says_no_number_is_not_known() {
    for line in [
        "n = many",
        "n =",
        "n = 1\nn = $N",
        "n = 1.5",
        "n = 99999999999999999999",
    ] {
        assert_eq!(
            key(Format::Assignments, "n", line),
            (vec![], false),
            "{line}"
        );
    }
    assert_eq!(
        key(Format::Assignments, "n", ".ifdef X\nn = 5\n.endif"),
        (vec![], false)
    );
    let text = "<IfModule mod_x.c>\nn 5\n</IfModule>";
    assert_eq!(key(Format::Words, "n", text), (vec![], false));
    assert_eq!(key(Format::Yaml, "n", "n: [1"), (vec![], false));
    assert_eq!(key(Format::Yaml, "n", "n: [1]"), (vec![], false));
    assert_eq!(key(Format::Toml, "n", "n = true"), (vec![], false));
    assert_eq!(key(Format::Toml, "n", "n = "), (vec![], false));
    assert_eq!(key(Format::Xml, "n", "<c><n>"), (vec![], false));
}

#[test]
fn includes_are_followed_by_their_kinds() {
    let of = |text: &str| key(Format::Words, "n", text);
    let text = "n = 1\ninclude = y.conf\n";
    assert_eq!(
        key(Format::Assignments, "n", text),
        one("5 at /etc/y.conf:1")
    );
    assert_eq!(of("include \"/etc/d\""), one("8 at /etc/d/a.inc:1"));
    assert_eq!(of("include d/*.conf"), one("7 at /etc/d/a.conf:1"));
    assert_eq!(of("include *.no"), (vec![], true));
    assert_eq!(of("include_if_exists no"), (vec![], true));
    assert_eq!(of("include no"), (vec![], false));
    assert_eq!(of("include loop"), (vec![], false));
    // Relative to the working directory, if it is not beside the file.
    assert_eq!(
        key(Format::Assignments, "n", "include near"),
        one("6 at /near:1")
    );
}

/// As rsync 3.5.0 was seen to take them.
#[test]
fn rsyncs_key_has_a_space_that_does_not_matter() {
    let wanted = wanted(
        Format::Assignments,
        ".listen backlog",
        "/etc/rsyncd.conf",
        "&include",
    );
    let of = |text: &str| {
        let files = [
            ("/etc/rsyncd.conf", text),
            ("/etc/rd/a.conf", "listen backlog = 33"),
            ("/etc/rd/b.inc", "listen backlog = 34"),
        ];
        asked(&wanted, &files, "rsync --daemon")
    };
    assert_eq!(
        of("Listen  Backlog = 31\n[m]\npath=/"),
        one("31 at /etc/rsyncd.conf:1")
    );
    assert_eq!(of("listenbacklog=32"), one("32 at /etc/rsyncd.conf:1"));
    assert_eq!(
        of("listen back\\\nlog = 36 # x"),
        one("36 at /etc/rsyncd.conf:1")
    );
    assert_eq!(of("&include rd"), one("33 at /etc/rd/a.conf:1"));
    assert_eq!(of("&merge /etc/rd"), one("34 at /etc/rd/b.inc:1"));
    assert_eq!(of("[global]\nlisten backlog = 35"), (vec![], true));
    assert_eq!(
        of("listen backlog = 34\n[m]\nlisten backlog = 35"),
        one("34 at /etc/rsyncd.conf:1")
    );
}

/// As PgBouncer 1.18.0 was seen to take them.
#[test]
fn debians_pgbouncer_leaves_the_default_alone() {
    let wanted = KeyFile {
        at: texts(&[]),
        ..wanted(Format::Assignments, "listen_backlog", "", "%include")
    };
    let mut fake = Fake::debian("pgbouncer");
    let words = ["/usr/sbin/pgbouncer", "/etc/pgbouncer/pgbouncer.ini"];
    let read = |fake: &Fake| fake.settings(|context| file(&wanted, context), &words, None);
    assert_eq!(read(&fake), (vec![], true));
    let text = fake.files.get_mut(words[1]).unwrap();
    text.push_str("\n%include /etc/pgbouncer/more.ini\n");
    assert_eq!(read(&fake), (vec![], false));
    let more = (
        "/etc/pgbouncer/more.ini".to_owned(),
        "listen_backlog = 74\n".to_owned(),
    );
    fake.files.extend([more]);
    assert_eq!(read(&fake), one("74 at /etc/pgbouncer/more.ini:1"));
}

/// As Gunicorn 20.1.0 was seen to take them.
#[test]
fn gunicorns_file_is_python() {
    let wanted = KeyFile {
        argument: None,
        optional: true,
        ..wanted(Format::Assignments, "backlog", "gunicorn.conf.py", "")
    };
    let of = |text: &str, line: &str| {
        let files = [("/gunicorn.conf.py", text), ("/x.py", "backlog = 15")];
        asked(&wanted, &files, line)
    };
    let line = "python3 /usr/bin/gunicorn app:app";
    assert_eq!(
        of("bind = 'x'\nbacklog = 0x10 # y", line),
        one("16 at /gunicorn.conf.py:2")
    );
    assert_eq!(of("", &format!("{line} -c x.py")), one("15 at /x.py:1"));
    assert_eq!(
        of("", &format!("{line} --config=file:x.py")),
        one("15 at /x.py:1")
    );
    assert_eq!(
        of("backlog = 3", &format!("{line} -c python:x")),
        (vec![], false)
    );
    assert_eq!(
        of("backlog = 3", &format!("{line} -c gone.py")),
        (vec![], false)
    );
    assert_eq!(
        of("'''\nbacklog = 3\n'''\nf(\nbacklog=5)", line),
        (vec![], true)
    );
    for text in [
        "backlog = 5\nif True:\n  backlog = 18",
        "backlog = N",
        "from x import *",
        "if x: backlog = 5",
    ] {
        assert_eq!(of(text, line), (vec![], false), "{text}");
    }
    assert_eq!(asked(&wanted, &[], line), (vec![], true));
    assert_eq!(asked(&wanted, &[], ""), (vec![], false));
}

#[test]
fn options_of_the_command_line_and_of_the_environment() {
    let names = ["--backlog".to_owned()];
    let of = |line: &str| {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        Fake::new(&[]).settings(|context| option(&names, context), &words, None)
    };
    assert_eq!(of("x --backlog 7"), one("7 at command line"));
    assert_eq!(of("x --backlog y"), (vec![], false));
    assert_eq!(of("x"), (vec![], true));
    assert_eq!(of(""), (vec![], false));
    let of = |value: &str, names: &[String]| {
        let mut fake = Fake::new(&[]);
        fake.variables = [("V".to_owned(), value.to_owned())].into();
        let read = |context: &mut Context<'_>| -> Reading { variable("V", names, context) };
        fake.settings(read, &["x"], None)
    };
    assert_eq!(
        of("--bind :80 --backlog=13", &names),
        one("13 at variable V")
    );
    assert_eq!(of("--backlog=13", &names), one("13 at variable V"));
    assert_eq!(of("13", &[]), one("13 at variable V"));
    assert_eq!(of("", &[]), (vec![], true));
    assert_eq!(of("'", &names), (vec![], false));
    assert_eq!(of("many", &[]), (vec![], false));
}

#[test]
fn no_text_makes_it_panic() {
    let formats = [
        Format::Words,
        Format::Assignments,
        Format::Yaml,
        Format::Toml,
        Format::Xml,
    ];
    for format in formats {
        for text in [
            "",
            "=",
            "[",
            "<a",
            "\u{fffd}",
            "a: [",
            "include",
            "n",
            "n=",
            "[[[[",
            "\\",
            "n \\",
            "include é",
            "n = 'é",
            "include_if_exists",
            "&a [*a]",
            "include /",
            "include .",
            "n = é #",
        ] {
            key(format, "n", text);
        }
    }
}

/// Long ones of each kind: they end within a moment, and without using up the stack.
#[test]
fn long_texts_are_no_trap() {
    let many = |text: &str| text.repeat((1 << 18) / text.len());
    let python = KeyFile {
        option: texts(&["-c"]),
        ..wanted(Format::Assignments, "n", "x.py", "")
    };
    for text in [
        "[",
        "<n>",
        "n = x\n",
        "include x.conf\n",
        "n: {",
        "'",
        "\\\n",
        "=",
        "n=",
        "(",
        "a.",
        "[n]\n",
    ] {
        let text = many(text);
        for format in [
            Format::Words,
            Format::Assignments,
            Format::Yaml,
            Format::Toml,
            Format::Xml,
        ] {
            key(format, "n", &text);
        }
        asked(&python, &[("/x.py", &text)], "x");
    }
}
