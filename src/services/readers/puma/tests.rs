//! What Puma 5.6.5 passed to listen(2) under strace, for each of these titles and files.

use super::*;
use crate::services::readers::tests::Fake;

const FILE: &str = "\
port ENV.fetch('PORT') { 3005 }
bind 'tcp://127.0.0.1:3000?backlog=300'
bind \"unix:///tmp/p/y.sock?umask=0111&backlog=301\"
bind \"unix://#{shared_dir}/puma.sock\"
bind \"tcp://0.0.0.0:#{ENV['X']}\"
workers 2
";

fn rails(files: &[(&str, &str)]) -> Fake {
    Fake::new(files)
}

fn owned(found: &[&str], complete: bool) -> (Vec<String>, bool) {
    (
        found.iter().map(|text| (*text).to_owned()).collect(),
        complete,
    )
}

fn of_line(files: &[(&str, &str)], line: &str) -> (Vec<String>, bool) {
    let words: Vec<&str> = line.split(' ').collect();
    rails(files).settings(read, &words, None)
}

#[test]
fn the_title_has_the_addresses_with_their_numbers() {
    let of = |title| rails(&[]).settings(read, &[], Some(title));
    assert_eq!(of("puma 5.6.5 (tcp://0.0.0.0:9292) [p]"), owned(&[], true));
    assert_eq!(
        of(
            "puma 5.6.5 (tcp://127.0.0.1:3000?backlog=300,tcp://0.0.0.0:3005,unix:///tmp/p/y.sock?umask=0111&backlog=301) [p]"
        ),
        owned(
            &[
                "127.0.0.1:3000 = 300 at process title",
                "/tmp/p/y.sock = 301 at process title",
            ],
            true
        )
    );
    assert_eq!(
        of("puma 5.6.5 (ssl://127.0.0.1:9293?cert=c&verification_flags=A,B&backlog=500) [p]"),
        owned(&["127.0.0.1:9293 = 500 at process title"], true)
    );
    assert_eq!(
        of("puma 5.6.5 (tcp://localhost:3000?backlog=200&low_latency=true)"),
        owned(&["localhost:3000 = 200 at process title"], true)
    );
    let computed = rails(&[("/config/puma.rb", "bind ENV['BIND']")]);
    let title = "puma 5.6.5 (tcp://0.0.0.0:9292) [p]";
    assert_eq!(computed.settings(read, &[], Some(title)), owned(&[], true));
    assert_eq!(of("puma 5.6.5 (tcp://0.0.0.0:30"), owned(&[], false));
    assert_eq!(of("puma: cluster worker 0: 440 [p]"), owned(&[], false));
}

#[test]
fn the_file_says_where_an_address_of_the_title_stands() {
    let title = "puma 5.6.5 (tcp://127.0.0.1:3000?backlog=300,tcp://0.0.0.0:3005?backlog=7) [p]";
    let fake = rails(&[("/config/puma.rb", FILE)]);
    let expected = [
        "127.0.0.1:3000 = 300 at /config/puma.rb:2",
        "0.0.0.0:3005 = 7 at process title",
    ];
    assert_eq!(
        fake.settings(read, &[], Some(title)),
        owned(&expected, true)
    );
}

#[test]
fn the_addresses_of_the_command_line_take_the_place_of_the_files() {
    let files = [("/config/puma.rb", FILE)];
    assert_eq!(
        of_line(&files, "puma -b tcp://127.0.0.1:3000?backlog=200"),
        owned(&["127.0.0.1:3000 = 200 at command line"], true)
    );
    assert_eq!(of_line(&files, "puma -p 3000"), owned(&[], true));
    assert_eq!(of_line(&files, "puma -C -"), owned(&[], true));
    assert_eq!(
        of_line(
            &files,
            "puma --bind=unix:///x?backlog=5 -b tcp://[::1]:80?backlog=6 -btcp://a:81?backlog=7"
        ),
        owned(
            &[
                "/x = 5 at command line",
                "[::1]:80 = 6 at command line",
                "name:81 = 7 at command line"
            ],
            true
        )
    );
    assert_eq!(
        of_line(&files, "ruby /usr/bin/puma"),
        owned(
            &[
                "127.0.0.1:3000 = 300 at /config/puma.rb:2",
                "/tmp/p/y.sock = 301 at /config/puma.rb:3",
            ],
            true
        )
    );
}

#[test]
fn the_environment_decides_which_file() {
    let files = [
        ("/config/puma.rb", FILE),
        (
            "/config/puma/production.rb",
            "bind 'tcp://127.0.0.1:3000?backlog=400'",
        ),
        (
            "/more.rb",
            "load 'config/puma/production.rb'\nclear_binds!\nload 'more2.rb'",
        ),
        (
            "/more2.rb",
            "ssl_bind '0.0.0.0', '9293', { key: 'k', backlog: 500 }",
        ),
    ];
    let expected = owned(
        &["127.0.0.1:3000 = 400 at /config/puma/production.rb:1"],
        true,
    );
    assert_eq!(of_line(&files, "puma -e production"), expected);
    let mut fake = rails(&files);
    fake.variables = [("RAILS_ENV".to_owned(), "production".to_owned())].into();
    assert_eq!(fake.settings(read, &["puma"], None), expected);
    assert_eq!(
        of_line(&files, "puma -C more.rb"),
        owned(&["0.0.0.0:9293 = 500 at /more2.rb:1"], true)
    );
    assert_eq!(of_line(&files, "puma -C gone.rb"), owned(&[], false));
    assert_eq!(of_line(&[], "puma"), owned(&[], true));
}

#[test]
fn the_control_server_has_a_number_of_its_own() {
    let files = [(
        "/config/puma.rb",
        "activate_control_app 'tcp://127.0.0.1:9299?backlog=502', { no_token: true }",
    )];
    let expected = owned(&["127.0.0.1:9299 = 502 at /config/puma.rb:1"], true);
    assert_eq!(of_line(&files, "puma -p 80"), expected);
    let title = "puma 5.6.5 (tcp://0.0.0.0:80) [p]";
    assert_eq!(rails(&files).settings(read, &[], Some(title)), expected);
}

#[test]
fn what_is_computed_or_conditional_is_not_known() {
    for text in [
        "bind ENV['BIND']",
        "bind \"tcp://0.0.0.0:80?backlog=#{x}\"",
        "bind \"#{x}\"",
        "bind 'tcp://0.0.0.0:80?backlog=5' if x",
        "on_worker_boot do\n bind 'tcp://0.0.0.0:80?backlog=5'\nend",
        "ssl_bind host, 80, backlog: 5",
        "load File.join('a')",
        "load 'config/puma.rb'",
    ] {
        assert_eq!(
            of_line(&[("/config/puma.rb", text)], "puma"),
            owned(&[], false),
            "{text}"
        );
    }
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "",
        "bind",
        "bind ''",
        "bind '?'",
        "bind '://?backlog=1'",
        "bind 'tcp://?backlog=1'",
        "ssl_bind",
        "load",
        "clear_binds!",
    ] {
        of_line(&[("/config/puma.rb", text)], "puma");
    }
    for title in [
        "",
        "puma ",
        "puma (",
        "puma 1 ()",
        "puma 1 (,) [",
        "puma 1 (://?) [",
    ] {
        rails(&[]).settings(read, &[], Some(title));
    }
    for line in ["", "puma -", "puma -b", "puma -é", "puma --bind="] {
        of_line(&[], line);
    }
}

/// Long ones of each kind: they end within a moment.
#[test]
fn long_texts_are_no_trap() {
    let many = |text: &str| text.repeat((1 << 18) / text.len());
    let title = format!("puma 5 ({}) [a]", many("tcp://a:1?backlog=1,"));
    for text in [
        many("bind 'tcp://a:1?backlog=1'\n"),
        many("load 'config/puma.rb'\n"),
        many("bind x\n"),
        many("("),
        many("\"#{"),
        many("<<'"),
        many("%q("),
        many("do\n"),
    ] {
        let fake = rails(&[("/config/puma.rb", &text)]);
        fake.settings(read, &["puma"], None);
        fake.settings(read, &[], Some(&title));
    }
}
