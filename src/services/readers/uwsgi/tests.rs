//! What uWSGI 2.0.21 passed to listen(2) under strace, for each of these configurations.

use super::*;
use crate::services::readers::tests::Fake;

const APP: (&str, &str) = ("/a.ini", "[uwsgi]\nhttp-socket = :5000\nlisten = 11\n");

/// The number and whether all was read, for a command line.
fn asked(files: &[(&str, &str)], line: &str) -> (Vec<String>, bool) {
    asked_of(&Fake::new(files), line)
}

fn asked_of(fake: &Fake, line: &str) -> (Vec<String>, bool) {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    fake.settings(read, &words, None)
}

fn one(text: &str) -> (Vec<String>, bool) {
    (vec![format!("any = {text}")], true)
}

fn of_ini(text: &str) -> (Vec<String>, bool) {
    asked(&[("/a.ini", text)], "uwsgi a.ini")
}

#[test]
fn options_count_in_their_order_and_files_without_one_come_last() {
    let asked = |line| asked(&[APP], line);
    assert_eq!(
        asked("uwsgi --listen 22 --ini a.ini"),
        one("11 at /a.ini:3")
    );
    assert_eq!(
        asked("uwsgi --ini a.ini --listen 22"),
        one("22 at command line")
    );
    assert_eq!(
        asked("uwsgi --ini=/a.ini --listen=22"),
        one("22 at command line")
    );
    assert_eq!(asked("uwsgi -Ml22 -p 4 a.ini"), one("11 at /a.ini:3"));
    assert_eq!(asked("uwsgi a.ini -l 22"), one("11 at /a.ini:3"));
    assert_eq!(asked("uwsgi -Ml 22"), one("22 at command line"));
    assert_eq!(asked("uwsgi --set listen=50"), one("50 at command line"));
    assert_eq!(asked("uwsgi --touch-reload a.ini"), (vec![], true));
    assert_eq!(asked("uwsgi --http-socket :5000"), (vec![], true));
}

#[test]
fn debians_files_leave_the_default_alone() {
    let mut fake = Fake::debian("uwsgi");
    let line = "/usr/bin/uwsgi --ini /usr/share/uwsgi/conf/default.ini \
                --ini /etc/uwsgi/apps-enabled/app.ini --daemonize /var/log/uwsgi/app/app.log";
    let app = "/etc/uwsgi/apps-enabled/app.ini".to_owned();
    fake.files
        .insert(app.clone(), "[uwsgi]\nplugin = python3\n".to_owned());
    assert_eq!(asked_of(&fake, line), (vec![], true));
    fake.files
        .insert(app.clone(), "[uwsgi]\nlisten = 1024\n".to_owned());
    assert_eq!(asked_of(&fake, line), one(&format!("1024 at {app}:2")));
    fake.files.remove(&app);
    assert_eq!(asked_of(&fake, line), (vec![], false));
}

#[test]
fn the_environment_comes_first() {
    let mut fake = Fake::new(&[APP]);
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    fake.variables = [variable("UWSGI_LISTEN", "33")].into();
    assert_eq!(asked_of(&fake, "uwsgi"), one("33 at variable UWSGI_LISTEN"));
    assert_eq!(asked_of(&fake, "uwsgi a.ini"), one("11 at /a.ini:3"));
    fake.variables = [variable("UWSGI_INI", "a.ini")].into();
    assert_eq!(asked_of(&fake, "uwsgi"), one("11 at /a.ini:3"));
    assert_eq!(
        asked_of(&fake, "uwsgi --listen 78"),
        one("78 at command line")
    );
}

#[test]
fn sections_may_stand_in_pieces_and_be_loaded_by_name() {
    let text = "[uwsgi]\nini = :other\nlisten = 13\n ; listen = 14\n[other]\nlisten = 15\n";
    assert_eq!(of_ini(text), one("13 at /a.ini:3"));
    let text = "[uwsgi]\nlisten = 13\nini = :other\n[other]\nlisten = 15\n";
    assert_eq!(of_ini(text), one("15 at /a.ini:5"));
    let text = "[uwsgi] \nlisten = 13\n[other]\nlisten = 15\n [uwsgi]\n listen=16 # x\r\n";
    assert_eq!(of_ini(text), one("16 at /a.ini:6"));
    assert_eq!(of_ini("listen = 40\n[uwsgi]\n"), (vec![], true));
    assert_eq!(
        of_ini("[uwsgi]\nlisten 80\nl = 81\nLISTEN = 82\n"),
        (vec![], true)
    );
}

#[test]
fn the_number_is_taken_as_atoi_does() {
    assert_eq!(of_ini("[uwsgi]\nlisten = \"84\"\n"), one("0 at /a.ini:2"));
    assert_eq!(of_ini("[uwsgi]\nlisten=\n"), one("0 at /a.ini:2"));
    assert_eq!(asked(&[], "uwsgi --listen 0x20"), one("0 at command line"));
}

#[test]
fn includes_are_relative_to_the_working_directory_and_templates_come_last() {
    let files = [
        ("/a.ini", "[uwsgi]\ninclude = inc/e.ini\n"),
        ("/inc/e.ini", "[uwsgi]\ninclude = d.ini\n"),
        ("/inc/d.ini", "[uwsgi]\nlisten=19\n"),
        ("/d.ini", "[uwsgi]\nlisten=20\n"),
        ("/i.ini", "[uwsgi]\ninherit = d.ini\nini = %dinc/d.ini\n"),
        ("/no.ini", "[uwsgi]\nlisten = 5\ninclude = gone.ini\n"),
    ];
    assert_eq!(asked(&files, "uwsgi a.ini"), one("20 at /d.ini:2"));
    assert_eq!(asked(&files, "uwsgi i.ini"), one("20 at /d.ini:2"));
    assert!(!asked(&files, "uwsgi no.ini").1);
    assert!(!asked(&files, "uwsgi --ini exec://x").1);
}

#[test]
fn what_is_computed_or_conditional_is_not_known() {
    for value in ["%(q)", "$(BACKLOG)", "@(/etc/backlog)", "%k"] {
        let text = format!("[uwsgi]\nlisten = 5\nlisten = {value}\n");
        assert_eq!(of_ini(&text), (vec![], false), "{value}");
    }
    let text = "[uwsgi]\nif-env = Q\nlisten = 24\nendif =\n";
    assert_eq!(of_ini(text), (vec![], false));
    let text = "[uwsgi]\nfor = 30 31\nlisten = 7\nendfor =\nlisten = 8\n";
    assert_eq!(
        of_ini(text),
        (vec!["any = 8 at /a.ini:5".to_owned()], false)
    );
}

#[test]
fn xml_yaml_and_json_are_read_too() {
    let xml =
        "<x>\n<uwsgi id='b'><listen>1</listen></uwsgi><uwsgi>\n<listen>51</listen></uwsgi></x>";
    assert_eq!(
        asked(&[("/c.xml", xml)], "uwsgi c.xml"),
        one("51 at /c.xml:3")
    );
    assert_eq!(
        asked(&[("/c.xml", xml)], "uwsgi -x c.xml:b"),
        one("1 at /c.xml:2")
    );
    let yaml = "uwsgi:\n  http-socket: :5000\n  listen: 52\n";
    assert_eq!(
        asked(&[("/c.yaml", yaml)], "uwsgi c.yaml"),
        one("52 at /c.yaml:3")
    );
    let json = "{\"uwsgi\": {\n\"listen\": 53}}";
    assert_eq!(
        asked(&[("/c.json", json)], "uwsgi -j c.json"),
        one("53 at /c.json:2")
    );
    let list = "uwsgi:\n  - listen: 54\n";
    assert_eq!(asked(&[("/c.yaml", list)], "uwsgi c.yaml"), (vec![], true));
}

#[test]
fn an_overwritten_command_line_tells_nothing() {
    let fake = Fake::new(&[APP]);
    assert_eq!(
        fake.settings(read, &[], Some("uWSGI master")),
        (vec![], false)
    );
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "",
        "[",
        "[]",
        "[uwsgi",
        "[é\n=",
        "[uwsgi]\n=",
        "[uwsgi]\nlisten",
        "[uwsgi]\nini = :\n",
        "[uwsgi]\nini = a.ini\n",
        "[uwsgi]\ninclude = %",
        "[uwsgi]\nlisten = 99999999999999999999",
        "[uwsgi]\nset = set=set=set=listen=-\n",
        "{",
        "<uwsgi>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><uwsgi/>",
        "a: &a [*a]",
        "uwsgi: {listen: [",
        "\u{fffd}",
    ] {
        for name in ["a.ini", "a.xml", "a.yaml"] {
            let path = format!("/{name}");
            asked(&[(path.as_str(), text)], &format!("uwsgi {name}"));
        }
    }
    let (found, complete) = of_ini("[uwsgi]\nlisten = 9\nini = a.ini\n");
    assert_eq!((found.len(), complete), (1, false));
    asked(&[], "uwsgi -l");
    asked(&[], "uwsgi --ini");
    asked(&[], "uwsgi -");
}

/// Long ones of each kind: they end within a moment, and without using up the stack.
#[test]
fn long_texts_are_no_trap() {
    let many = |text: &str| text.repeat((1 << 18) / text.len());
    of_ini(&format!("[uwsgi]\nset = {}listen=1", many("set=")));
    of_ini(&format!("[uwsgi]\n{}", many("ini=a.ini\n")));
    of_ini(&format!("[uwsgi]\n{}", many("listen=%k\n")));
    for text in [
        many("<uwsgi>"),
        format!("<uwsgi>{}</uwsgi>", many("<listen/>")),
    ] {
        asked(&[("/c.xml", &text)], "uwsgi c.xml");
    }
    for text in [many("["), format!("uwsgi:\n{}", many(" a: 1\n"))] {
        asked(&[("/c.yaml", &text)], "uwsgi c.yaml");
    }
}
