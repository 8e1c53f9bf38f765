//! What real configurations ask for, with the numbers that strace saw.

use super::*;
use crate::services::readers::tests::Fake;

const LINE: [&str; 2] = ["/usr/sbin/dovecot", "-F"];

fn on(fake: &Fake) -> (BTreeMap<String, String>, bool) {
    let (found, complete) = fake.settings(read, &LINE, None);
    let parts = |text: String| {
        let (on, rest) = text.split_once(" = ").unwrap();
        (on.to_owned(), rest.to_owned())
    };
    (found.into_iter().map(parts).collect(), complete)
}

fn asked(text: &str) -> (BTreeMap<String, String>, bool) {
    on(&Fake::new(&[("/etc/dovecot/dovecot.conf", text)]))
}

/// The numbers that listen(2) was seen to get from 2.3.19.1.
fn check(found: &BTreeMap<String, String>, measured: &[(&str, i64)]) {
    for (on, number) in measured {
        let text = found.get(*on).unwrap();
        assert!(text.starts_with(&format!("{number} at ")), "{on} {text}");
    }
}

#[test]
fn debians_files_ask_for_what_was_measured() {
    let (found, complete) = on(&Fake::debian("dovecot"));
    assert!(complete);
    let of_logins = "100 at the default limits of service imap-login (default)";
    assert_eq!(found.get("*:143").map(String::as_str), Some(of_logins));
    let measured = [
        ("*:110", 100),
        ("*:993", 100),
        ("/run/dovecot/stats-reader", 1000),
        ("/run/dovecot/replication-notify", 100_000),
        ("/run/dovecot/login/imap", 1024),
        ("/run/dovecot/lmtp", 100),
        ("/run/dovecot/imap-hibernate", 100_000),
        ("/run/dovecot/indexer-worker", 10),
        ("/run/dovecot/doveadm-server", 100),
        ("/run/dovecot/auth-client", 1000),
        ("/run/dovecot/master", 16),
    ];
    check(&found, &measured);
}

#[test]
fn limits_are_multiplied_as_was_measured() {
    let text = "base_dir = /tmp/dr/\ndefault_process_limit = 40 # c\ndefault_client_limit=50\n\
        service imap-login {\n process_limit = 3\n client_limit = 7\n inet_listener imap {\n address = 127.0.0.1\n port = 1143\n }\n}\n\
        service lmtp {\n process_limit = 1\n client_limit = 1\n inet_listener lmtp {\n port = 24\n }\n unix_listener /tmp/dr/xlmtp {\n }\n inet_listener {\n port = 2424\n }\n}\n\
        service pop3-login {\n process_limit = \\\n 9\n}\nservice imap-login {\n client_limit = 11\n}\n";
    let (found, complete) = asked(text);
    assert!(complete);
    let measured = [
        ("127.0.0.1:1143", 4),
        ("*:24", 4),
        ("*:2424", 4),
        ("*:110", 9),
        ("/tmp/dr/lmtp", 4),
        ("/tmp/dr/xlmtp", 4),
        ("/tmp/dr/stats-reader", 50),
        ("/tmp/dr/replication-notify", 2000),
        ("/tmp/dr/login/imap", 1024),
        ("/tmp/dr/imap-urlauth", 40),
        ("/tmp/dr/dict", 40),
        ("/tmp/dr/anvil", 50),
        ("/tmp/dr/master", 16),
    ];
    check(&found, &measured);
    assert!(!found.contains_key("*:143"));
    let at = |on: &str| found.get(on).map(String::as_str);
    assert_eq!(at("*:110"), Some("9 at /etc/dovecot/dovecot.conf:25"));
    assert_eq!(
        at("/tmp/dr/dict"),
        Some("40 at /etc/dovecot/dovecot.conf:2")
    );
}

#[test]
fn a_service_count_of_zero_lets_all_clients_count() {
    let text = "service imap-login {\n service_count = 0\n process_limit = $default_process_limit\n \
        inet_listener imaps {\n port = 0\n }\n inet_listener imap {\n address = ::1, *\n }\n}\n\
        service \"own\" {\n unix_listener \"a b\" {\n }\n}\n";
    let (found, complete) = asked(text);
    assert!(complete && !found.contains_key("*:993"));
    check(&found, &[("[::1]:143", 100_000), ("0.0.0.0:143", 100_000)]);
    check(&found, &[("/run/dovecot/a b", 100_000)]);
}

#[test]
fn files_are_included_relative_to_their_own() {
    let fake = Fake::new(&[
        (
            "/etc/dovecot/dovecot.conf",
            "!include conf.d/*.conf\n!include_try local.conf\n",
        ),
        (
            "/etc/dovecot/conf.d/a.conf",
            "default_process_limit = 7\n!include_try b.inc",
        ),
        ("/etc/dovecot/conf.d/b.inc", "default_process_limit = 8\n"),
    ]);
    let (found, complete) = on(&fake);
    assert!(complete);
    let expected = "8 at /etc/dovecot/conf.d/b.inc:1";
    assert_eq!(found.get("*:143").map(String::as_str), Some(expected));
}

#[test]
fn what_is_not_understood_says_nothing() {
    for text in [
        "!include dovecot.conf",
        "default_process_limit = many",
        "service lmtp {\n client_limit = $x\n}",
        "dovecot_config_version = 2.4.1",
    ] {
        assert_eq!(asked(text), (BTreeMap::new(), false), "{text}");
    }
    assert_eq!(on(&Fake::default()), (BTreeMap::new(), false));
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "{",
        "}",
        "}}",
        "=",
        "!",
        "!include",
        "!include [",
        "service {",
        "service {\n=\n}",
        "\\",
        "a\\",
        "#",
        "a #",
        "service x {\n inet_listener {\n port = 70000\n",
        "service x {\n inet_listener {\n port=1\n address=é,[\n",
        "\"",
        "x = \"",
        "default_process_limit = 9223372036854775807",
        "service lmtp {\n process_limit = -1",
    ] {
        asked(text);
    }
}
