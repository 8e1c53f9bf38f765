//! The rules of each directive, and Debian's own files.

use super::*;
use crate::services::readers::tests::Fake;

const MAIN: &str = "/etc/apache2/apache2.conf";

fn settings(fake: &Fake, arguments: &[&str]) -> (Vec<String>, bool) {
    fake.settings(read, arguments, None)
}

/// The number that a main file asks for, and whether the reading is complete.
fn number(text: &str) -> (Option<String>, bool) {
    let fake = Fake::new(&[(MAIN, text)]);
    let (found, complete) = settings(&fake, &["apache2", "-k", "start", "-D", "ON"]);
    let found = found.first().cloned();
    (
        found.map(|found| found.replace("any = ", "").replace(MAIN, "")),
        complete,
    )
}

fn one(found: &str) -> (Vec<String>, bool) {
    (vec![format!("any = {found}")], true)
}

#[test]
fn debians_files_ask_for_nothing_and_are_complete() {
    let fake = Fake::debian("apache2");
    let line = ["/usr/sbin/apache2", "-k", "start"];
    assert_eq!(settings(&fake, &line), (vec![], true));
}

#[test]
fn the_last_one_wins() {
    let all = |text| number(text).0.unwrap_or_default();
    assert_eq!(all("ListenBackLog 7\nlistenbacklog \"8\"\n"), "8 at :2");
    assert_eq!(
        all("#c \\\nListenBackLog 5\nListenBackLog \\\n 7\\\n0\n"),
        "70 at :3"
    );
    assert_eq!(all("Define N 704\nListenBackLog ${N}\n"), "704 at :2");
    assert_eq!(number("ListenBackLog ${NO}\n"), (None, false));
}

#[test]
fn conditions_are_decided_where_that_is_certain() {
    let below = |block: &str, end: &str| {
        let (found, complete) = number(&format!(
            "LoadModule mpm_event_module m/mod_mpm_event.so\n<{block}>\nListenBackLog 9\n</{end}>\n"
        ));
        (found.is_some(), complete)
    };
    assert_eq!(below("IfDefine ON", "IfDefine"), (true, true));
    assert_eq!(below("IfDefine !ON", "ifdefine"), (false, true));
    assert_eq!(below("IfDefine OFF", "IfDefine"), (false, true));
    assert_eq!(below("IfModule mpm_event_module", "IfModule"), (true, true));
    assert_eq!(below("IfModule !event.c", "IfModule"), (false, true));
    assert_eq!(below("IfModule mod_so.c", "IfModule"), (false, false));
    assert_eq!(below("IfVersion >= 2.4", "IfVersion"), (false, false));
    assert_eq!(below("Directory />", "Directory"), (true, true));
    let nested = "<IfModule x>\nDefine A\n<IfDefine OFF>\nListenBackLog 1\n</IfDefine>\n</IfModule>\n\
        ListenBackLog 2\n";
    assert_eq!(number(nested), (Some("2 at :7".to_owned()), true));
    let replaced = "<IfModule x>\nListenBackLog 1\n</IfModule>\nListenBackLog 2\n";
    assert_eq!(number(replaced), (Some("2 at :4".to_owned()), true));
    let perhaps = "<IfModule x>\nDefine A\n</IfModule>\n<IfDefine A>\nListenBackLog 2\n</IfDefine>";
    assert_eq!(number(perhaps), (None, false));
}

#[test]
fn files_are_relative_to_the_server_root() {
    let fake = Fake::new(&[
        (
            "/srv/conf/httpd.conf",
            "ServerRoot /srv\nInclude c.d/*.conf\nIncludeOptional no\n",
        ),
        ("/srv/c.d/a.conf", "Include d\n"),
        ("/srv/d/x", "ListenBackLog 5\n"),
        ("/srv/d/e/y", "ListenBackLog 6\n"),
        ("/srv/missing", "ListenBackLog 7\nInclude none\n"),
    ]);
    let line = |words: &str| settings(&fake, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(line("httpd -d /srv"), one("5 at /srv/d/x:1"));
    assert_eq!(
        line("httpd -X -d/srv -f conf/httpd.conf"),
        one("5 at /srv/d/x:1")
    );
    assert!(!line("httpd -d /srv -f missing").1);
    assert_eq!(line("httpd"), (vec![], false));
    let options = [
        "httpd",
        "-f",
        "/srv/conf/httpd.conf",
        "-C",
        "Define N 3",
        "-c",
        "ListenBackLog ${N}",
    ];
    assert_eq!(settings(&fake, &options), one("3 at command line"));
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "<",
        "</",
        "<>",
        "</>",
        "<IfDefine",
        "<IfModule>",
        "<!",
        "\\",
        "\"",
        "ListenBackLog",
        "${",
        "${}",
        "${a",
        "Include",
        "Include apache2.conf\nInclude apache2.conf",
        "Define",
        "LoadModule x",
        "<İfdefine ON>",
        "ServerRoot",
        "'€",
        "-",
        "ListenBackLog 99999999999999999999",
    ] {
        number(text);
    }
    assert!(!number(&"<IfFile x>\n".repeat(99)).1);
    let doubling = format!(
        "Define A x\n{}ListenBackLog 1",
        "Define A ${A}${A}\n".repeat(99)
    );
    assert!(!number(&doubling).1);
    settings(&Fake::new(&[]), &["-", "-D"]);
}
