//! Rules of HAProxy. What each number comes from was seen in listen(2) of 2.6.12 for lines of these
//! kinds; conditions, `abnsz@` and what has no listener follow the source only.

use super::*;
use crate::services::readers::tests::Fake;

const MAIN: &str = "/etc/haproxy/haproxy.cfg";

fn settings(fake: &Fake, line: &str) -> (Vec<String>, bool) {
    let arguments: Vec<&str> = line.split(' ').collect();
    fake.settings(read, &arguments, None)
}

/// The numbers of a configuration, `address = number at line`.
fn of(text: &str) -> (Vec<String>, bool) {
    let fake = Fake::new(&[(MAIN, text)]);
    let (found, complete) = settings(&fake, "haproxy -f /etc/haproxy/haproxy.cfg");
    let short = |line: String| line.replace(&format!("{MAIN}:"), "");
    (found.into_iter().map(short).collect(), complete)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn debians_file_has_the_statistics_socket_only() {
    let fake = Fake::debian("haproxy");
    let (found, complete) = settings(&fake, "/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg");
    let expected =
        "/run/haproxy/admin.sock = 10 at default maxconn of the statistics socket (default)";
    assert_eq!((found, complete), (texts(&[expected]), true));
}

#[test]
fn the_first_number_that_is_set_counts() {
    let text = "global\n maxconn 3000\n maxconn 3001\n\
        defaults A\n maxconn 111\ndefaults B from A\n backlog 222\n\
        frontend a from B\n bind :1001\nfrontend b from A\n bind :1002\n bind :1003 maxconn 5\n\
        listen d from B\n backlog 0\n bind :1005\n\
        defaults\nfrontend c\n bind :1004 backlog 0\n\
        listen e\n maxconn 99\n bind *:\"1009\" maxconn 9 backlog \"8\" # c\n maxconn 5k\n bind :1010\n";
    let expected = [
        "0.0.0.0:1001 = 222 at 7",
        "0.0.0.0:1002 = 111 at 5",
        "0.0.0.0:1003 = 5 at 12",
        "0.0.0.0:1005 = 111 at 5",
        "0.0.0.0:1004 = 3000 at 2",
        "0.0.0.0:1009 = 8 at 21",
        "0.0.0.0:1010 = 5 at 22",
    ];
    assert_eq!(of(text), (texts(&expected), true));
}

#[test]
fn a_number_that_haproxy_computes_is_not_guessed() {
    let text = "frontend a\n bind :1\n bind :2 maxconn 7\n";
    assert_eq!(of(text), (texts(&["0.0.0.0:2 = 7 at 3"]), false));
}

/// 19949 was left of 20000 in a worker of 2.6.12, and 9974 connections of that.
#[test]
fn a_number_that_haproxy_computes_is_about_half_of_its_descriptors() {
    let fake = Fake {
        limit: Some((1024, 20_000)),
        ..Fake::new(&[(MAIN, "frontend a\n bind :1001\n")])
    };
    let (found, complete) = settings(&fake, "haproxy -f /etc/haproxy/haproxy.cfg");
    let expected = "0.0.0.0:1001 = 9950 at about; maxconn is computed from the limit of 20000 descriptors (default)";
    assert_eq!((found, complete), (texts(&[expected]), false));
}

#[test]
fn addresses_come_in_every_spelling() {
    let text = "global\n unix-bind prefix /pre mode 700\nfrontend d\n maxconn 50\n \
        bind :1-2,:::1006,127.0.0.1:8\n bind ipv6@:9 v6only\n bind ::1:1011\n bind [::1]:12\n \
        bind localhost:13\n bind tcp@*:14\n bind unix@/u,/v\n bind udp@:5,quic4@:6\n";
    let expected = [
        "0.0.0.0:1",
        "0.0.0.0:2",
        "[::]:1006",
        "127.0.0.1:8",
        "[::]:9",
        "[::1]:1011",
        "[::1]:12",
        "*:13",
        "0.0.0.0:14",
        "/pre/u",
        "/pre/v",
    ];
    let expected = expected.map(|on| format!("{on} = 50 at 4"));
    assert_eq!(of(text), (expected.into(), true));
    let (found, complete) = of("global\n maxconn 9\nlisten a\n bind abns@x\n bind fd@3\n");
    assert_eq!((found.len(), complete), (2, false));
    assert!(found[0].starts_with("@x\0\0"));
    assert!(found[1].starts_with("@x@@"));
}

#[test]
fn other_sections_listen_with_numbers_of_their_own() {
    let text = "global\n maxconn 3000\n stats maxconn 12\n stats socket 127.0.0.1:1\n \
        stats socket 127.0.0.1:2 level admin maxconn 7\n\
        peers p\n bind 127.0.0.1:3\n server vm\n server x 127.0.0.1:9\n\
        peers r\n bind 127.0.0.1:4 backlog 44\n server vm\n\
        log-forward l\n bind 127.0.0.1:5\nlog-forward o\n maxconn 17\n bind 127.0.0.1:6\n\
        backend z\n maxconn 3\n";
    let expected = [
        "127.0.0.1:1 = 12 at 3",
        "127.0.0.1:2 = 7 at 5",
        "127.0.0.1:3 = 6 at three connections for each peer of p (default)",
        "127.0.0.1:9 = 6 at three connections for each peer of p (default)",
        "127.0.0.1:4 = 44 at 11",
        "127.0.0.1:5 = 10 at default maxconn of a section log-forward (default)",
        "127.0.0.1:6 = 17 at 16",
    ];
    assert_eq!(of(text), (texts(&expected), true));
}

#[test]
fn the_command_line_names_files_and_numbers() {
    let files = [
        ("/h/b.cfg", "frontend b\n bind :2\n"),
        ("/h/a.cfg", "defaults\n maxconn 31\n"),
        ("/h/.c.cfg", "frontend c\n bind :3\n"),
        ("/h/x.conf", "frontend c\n bind :3\n"),
        ("/z", "frontend z\n bind :1\n"),
    ];
    let fake = Fake::new(&files);
    let line = |line| settings(&fake, line);
    let (one, two) = (
        "0.0.0.0:1 = 31 at /h/a.cfg:2",
        "0.0.0.0:2 = 31 at /h/a.cfg:2",
    );
    assert_eq!(line("haproxy -D -f h -- z"), (texts(&[two, one]), true));
    assert_eq!(
        line("haproxy -f /z -n 77 -sf 1 2 -x /s -S 127.0.0.1:7,level,admin,maxconn,3"),
        (
            texts(&[
                "0.0.0.0:1 = 77 at command line",
                "127.0.0.1:7 = 3 at command line"
            ]),
            true
        )
    );
    assert_eq!(
        line("haproxy -C / -f z -n 77 -N 88"),
        (texts(&["0.0.0.0:1 = 88 at command line"]), true)
    );
    assert!(!line("haproxy -f /none -f /z -n 1").1);
    assert_eq!(line("haproxy"), (vec![], false));
}

#[test]
fn variables_are_those_of_the_process_and_of_the_files() {
    let mut fake = Fake::new(&[(
        "/c",
        "global\n setenv N 5\n presetenv N 6\nfrontend a\n maxconn \"$N\"\n bind ${IP}:1\n bind \"${NO-127.0.0.9}:2\"\n",
    )]);
    let expected = ["127.0.0.3:1 = 5 at /c:5", "127.0.0.9:2 = 5 at /c:5"];
    fake.variables
        .insert("IP".to_owned(), "127.0.0.3".to_owned());
    assert_eq!(settings(&fake, "haproxy -f /c"), (texts(&expected), true));
    fake.variables.clear();
    assert!(!settings(&fake, "haproxy -f /c").1);
}

#[test]
fn what_stands_below_an_unknown_condition_is_not_claimed() {
    let text = "frontend a\n maxconn 5\n bind :1\n.if feature(QUIC)\n bind :2\n maxconn 6\n.endif\n\
        .if 0\n bind :3\n.else\n bind :4 maxconn 7 backlog 8\n.endif\n";
    assert_eq!(of(text), (texts(&["0.0.0.0:4 = 8 at 11"]), false));
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "bind",
        "frontend",
        "frontend a\nbind",
        "frontend a\nbind ,:,@,fd@",
        "defaults from",
        "frontend a\nmaxconn",
        "peers\npeer\nserver x",
        "global\nstats\nstats socket\nsetenv\nunix-bind prefix",
        "\"",
        "\\",
        "\"${",
        "\"$",
        "\"${}",
        ".",
        ".if",
        ".endif",
        ".else",
        "frontend a\nbind :1-65535,:1-65535,:1-65535",
        "frontend a\nbind abns@€\nbind :9-1",
    ] {
        of(text);
    }
    assert!(!of(&".if 1\n".repeat(100)).1);
    let doubling = format!("global\n setenv A x\n{}", " setenv A \"$A$A\"\n".repeat(99));
    assert!(!of(&doubling).1);
}

#[test]
fn an_address_without_a_number_is_told_all_the_same() {
    let fake = Fake::new(&[(MAIN, "frontend a\n bind :80\n bind /tmp/h.sock\n")]);
    let found = fake.listens(read, &["haproxy", "-f", MAIN]);
    let path = crate::services::endpoint::Endpoint::Path("/tmp/h.sock".to_owned());
    assert_eq!(
        found,
        [crate::services::endpoint::Endpoint::port_v4(80), path]
    );
}
