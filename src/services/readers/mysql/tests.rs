//! What real configurations ask for, with the numbers that strace saw.

use super::*;
use crate::services::readers::tests::Fake;

const DEBIAN: &str = "/run/mysqld/mysqld.sock";

fn on(line: &str, fake: &Fake) -> (Vec<String>, bool) {
    let arguments: Vec<&str> = line.split(' ').collect();
    fake.settings(read, &arguments, None)
}

/// What 3306 asks for, with the file `/etc/my.cnf`.
fn asked(line: &str, text: &str) -> (Option<String>, bool) {
    let fake = Fake::new(&[("/etc/my.cnf", text)]);
    first(on(line, &fake))
}

fn first((found, complete): (Vec<String>, bool)) -> (Option<String>, bool) {
    let rest = |text: String| text.strip_prefix("*:3306 = ").map(str::to_owned);
    (found.into_iter().next().and_then(rest), complete)
}

fn set(text: &str) -> (Option<String>, bool) {
    (Some(text.to_owned()), true)
}

#[test]
fn debians_files_leave_all_to_the_default() {
    let (found, complete) = on("/usr/sbin/mariadbd", &Fake::debian("mariadb"));
    let words = "80 at 50 + max_connections / 5, and max_connections is 151 by default (default)";
    let expected = [format!("*:3306 = {words}"), format!("{DEBIAN} = {words}")];
    assert_eq!((found.as_slice(), complete), (expected.as_slice(), true));
}

#[test]
fn the_last_value_counts_in_every_spelling() {
    let text = "back_log=1\n[client]\nback_log=2\n[mysqld]\nback-log = \"1K\" # 3\n";
    assert_eq!(asked("mariadbd", text), set("1024 at /etc/my.cnf:5"));
    let text = "[mariadb]\nloose-back-lo=70000\n#back_log=1\n;back_log=2\n";
    assert_eq!(asked("mariadbd", text), set("65535 at /etc/my.cnf:2"));
    let line = "mariadbd --back_log=5 --loose_back-log 7";
    assert_eq!(asked(line, text), set("7 at command line"));
    let line = "mariadbd --no-defaults --max-connections=1000";
    assert_eq!(asked(line, text), set("250 at command line"));
}

#[test]
fn zero_is_as_if_it_were_not_set() {
    let text = "[mysqld]\nback_log=0\nmax_connections=5\n";
    assert_eq!(asked("mariadbd", text), set("52 at /etc/my.cnf:3"));
    let text = "[mysqld]\nback_log=-1\nmax_connections=200000\n";
    assert_eq!(asked("mariadbd", text), set("900 at /etc/my.cnf:3"));
}

#[test]
fn the_product_decides_what_follows_from_max_connections() {
    let mut fake = Fake::new(&[(
        "/etc/my.cnf",
        "[mysqld]\nmax_connections=500\n[mariadb]\nback_log=3",
    )]);
    assert_eq!(on("mysqld", &fake), (vec![], false));
    fake.variables
        .insert("MYSQL_VERSION".to_owned(), "8.0.36-1.el9".to_owned());
    assert_eq!(first(on("mysqld", &fake)), set("500 at /etc/my.cnf:2"));
    fake.limit = Some((1024, 1024));
    assert_eq!(on("mysqld", &fake), (vec![], false));
    fake.variables
        .insert("MYSQL_VERSION".to_owned(), "5.7.44".to_owned());
    fake.limit = Some((65536, 65536));
    assert_eq!(first(on("mysqld", &fake)), set("150 at /etc/my.cnf:2"));
    fake.files.insert(
        "/var/lib/mysql/mysqld-auto.cnf".to_owned(),
        "{\"back_log\":1}".to_owned(),
    );
    assert!(!on("mysqld", &fake).1);
    fake.variables
        .insert("MARIADB_VERSION".to_owned(), "1:11.4.2".to_owned());
    assert_eq!(first(on("mysqld", &fake)), set("3 at /etc/my.cnf:4"));
}

#[test]
fn groups_may_be_for_a_version_or_have_a_suffix() {
    let text = "[mysqld-10.11]\nback_log=4\n[mysqld-5.7]\nback_log=5\n[mysqld1]\nback_log=6";
    assert!(!asked("mariadbd", text).1);
    let mut fake = Fake::new(&[("/etc/my.cnf", text)]);
    fake.variables
        .insert("MARIADB_VERSION".to_owned(), "1:10.11.6+maria".to_owned());
    assert_eq!(first(on("mariadbd", &fake)), set("4 at /etc/my.cnf:2"));
    let line = "mariadbd --defaults-group-suffix=1";
    assert_eq!(first(on(line, &fake)), set("6 at /etc/my.cnf:6"));
}

#[test]
fn files_are_read_in_order_with_what_they_include() {
    let mut fake = Fake::new(&[
        (
            "/etc/my.cnf",
            "[mysqld]\nback_log=1\n!includedir /etc/my.cnf.d/\n",
        ),
        ("/etc/my.cnf.d/a.cnf", "[mysqld]\nback_log=2\n"),
        ("/etc/my.cnf.d/b.cnf", "[mariadbd]\nback_log=3\n"),
        ("/etc/my.cnf.d/c.cnf.old", "[mysqld]\nback_log=4\n"),
        (
            "/x.cnf",
            "!include x2.cnf\n[mysqld]\nport=3307\nextra-port=3308\nsocket=s\ndatadir=/d\n",
        ),
        ("/x2.cnf", "[mysqld]\nback_log=9\n"),
        ("/root/.my.cnf", "[mysqld]\nback_log=8\n"),
    ]);
    assert_eq!(
        first(on("mariadbd", &fake)),
        set("3 at /etc/my.cnf.d/b.cnf:2")
    );
    let extra = "mariadbd --defaults-extra-file=/x2.cnf";
    assert_eq!(first(on(extra, &fake)), set("9 at /x2.cnf:2"));
    let (found, _) = on("mariadbd --defaults-file=/x.cnf", &fake);
    let expected = ["*:3307", "*:3308", "/d/s"].map(|on| format!("{on} = 9 at /x2.cnf:2"));
    assert_eq!(found, expected);
    fake.variables.insert("HOME".to_owned(), "/root".to_owned());
    assert_eq!(first(on(extra, &fake)), set("8 at /root/.my.cnf:2"));
    assert_eq!(fake.settings(read, &[], Some("")), (vec![], false));
}

#[test]
fn includes_without_end_are_a_fault() {
    assert!(!asked("mariadbd", "!include /etc/my.cnf\n").1);
    assert!(!asked("mariadbd", "!includedir /etc\n").1);
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "[",
        "[]",
        "=",
        "[mysqld]\n=",
        "[mysqld]\nback_log=",
        "[mysqld]\nback_log=\"",
        "!",
        "!include",
        "!include ",
        "!includedir",
        "!includedir [",
        "[mysqld]\nback_log=9999999999999G",
        "[mysqld]\nback_log=é",
        "[mysqld]\nmax_connections=-9223372036854775808",
        "[mysqld-]\nport=0\nback_log=K",
    ] {
        for line in [
            "mariadbd",
            "mysqld",
            "mariadbd --",
            "mariadbd --back_log",
            "mariadbd --=",
        ] {
            asked(line, text);
        }
    }
}
