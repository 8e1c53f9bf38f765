//! Rules of lighttpd, as listen(2) of 1.4.69 showed them for lines of these kinds.

use super::*;
use crate::services::readers::tests::Fake;

fn settings(fake: &Fake) -> (Vec<String>, bool) {
    fake.settings(read, &["lighttpd", "-D", "-f", "/l/main"], None)
}

fn of(text: &str) -> (Vec<String>, bool) {
    let mut fake = Fake::new(&[
        ("/l/main", text),
        ("/l/in.conf", "server.listen-backlog = var.m\n"),
        ("/l/loop", "include \"loop\"\n"),
    ]);
    fake.variables.insert("NN".to_owned(), "33".to_owned());
    let (found, complete) = settings(&fake);
    let short = |line: String| line.replace("/l/main:", "");
    (found.into_iter().map(short).collect(), complete)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn debians_files_ask_for_nothing_and_are_complete() {
    let found = Fake::debian("lighttpd").settings(read, &["/usr/sbin/lighttpd", "-D"], None);
    assert_eq!(found, (vec![], true));
}

#[test]
fn a_number_is_for_all_or_for_a_socket() {
    let text = "server.port = 8001\nvar.n = 70\nserver.listen-backlog = var.n + 5\n\
        $SERVER[\"socket\"] == \"127.0.0.1:8002\" { server.listen-backlog = 7 }\n\
        $SERVER[\"socket\"] == \"127.0.0.1:8003\" { }\n\
        $SERVER[\"socket\"] == \":8004\" {\n server.listen-backlog = \"8\" # 9\n}\n\
        $SERVER[\"socket\"] == \"/l.sock\" { global { var.m = \"9\" } }\n\
        $SERVER[\"socket\"] == \"[::]:8005\"\n{ include \"in.conf\" }\n";
    let expected = [
        "any = 75 at 3",
        "127.0.0.1:8002 = 7 at 4",
        "*:8004 = 8 at 7",
        "[::]:8005 = 9 at /l/in.conf:1",
    ];
    assert_eq!(of(text), (texts(&expected), true));
}

#[test]
fn other_conditions_have_none() {
    let text = "$HTTP[\"host\"] == \"x\" { server.listen-backlog = 7 }\n\
        $SERVER[\"socket\"] == \":8002\" { $HTTP[\"host\"] == \"x\" { server.listen-backlog = 8 }\n \
        server.listen-backlog=env.NN }\n\
        $SERVER[\"socket\"] == \":8003\" { } else $SERVER[\"socket\"] == \":8004\" { server.listen-backlog = 0 }\n\
        else { server.listen-backlog = 66 }\n";
    assert_eq!(
        of(text),
        (texts(&["*:8002 = 33 at 3", "*:8004 = 0 at 4"]), true)
    );
}

#[test]
fn a_number_may_be_replaced_or_added_to() {
    let text = "server.modules = (\n \"a\",\n)\nserver.listen-backlog = 7\nserver.listen-backlog ";
    let of = |end: &str| of(&format!("{text}{end}\n")).0;
    assert_eq!(of(":= 9"), ["any = 9 at 5"]);
    assert_eq!(of("+= 9"), ["any = 16 at 5"]);
}

#[test]
fn what_only_lighttpd_knows_is_a_fault() {
    assert_eq!(
        of("include_shell \"echo server.listen-backlog = 7\"\n"),
        (vec![], false)
    );
    assert!(of("include_shell \"/usr/share/lighttpd/use-ipv6.pl \" + server.port\n").1);
    assert!(!of("include_shell \"/usr/share/lighttpd/x.pl\"\n").1);
    assert_eq!(
        of("include_shell \"/usr/share/lighttpd/use-ipv6.pl\"\n"),
        (vec![], true)
    );
    assert_eq!(of("server.listen-backlog = var.no\n"), (vec![], false));
    assert_eq!(of("include \"loop\"\n"), (vec![], false));
    assert_eq!(
        Fake::new(&[]).settings(read, &["lighttpd"], None),
        (vec![], false)
    );
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "\"",
        "\"\\",
        "$",
        "$SERVER[\"socket\"] ==",
        "{",
        "}",
        "}}",
        "var.a =",
        "var.a += 1",
        "server.listen-backlog",
        "server.listen-backlog = 99999999999999999999",
        "server.listen-backlog = 1 +",
        "include",
        "global {",
        "else",
        "server.listen-backlog += 9223372036854775807\nserver.listen-backlog += 9223372036854775807",
        "€",
    ] {
        of(text);
    }
    assert!(!of(&"{".repeat(99)).1);
    let doubling = format!("var.a = \"x\"\n{}", "var.a = var.a + var.a\n".repeat(99));
    of(&doubling);
}

/// Where a configuration listens.
fn listens(text: &str) -> Vec<Endpoint> {
    let fake = Fake::new(&[("/l/main", text)]);
    let found = fake.listens(read, &["lighttpd", "-D", "-f", "/l/main"]);
    found.into_iter().collect()
}

#[test]
fn it_listens_on_its_port_and_on_the_sockets_of_blocks() {
    let text = "server.port = 8080\n$SERVER[\"socket\"] == \"0.0.0.0:8081\" { }\n";
    let both = [Endpoint::port_v4(8080), Endpoint::port_v4(8081)];
    assert_eq!(listens(text), both);
    assert_eq!(listens(""), [Endpoint::port_v4(80)]);
    let text = "server.bind = \"127.0.0.1\"\nserver.port = 81\n";
    let local = Endpoint::parse("127.0.0.1:81", None);
    assert_eq!(listens(text), local.into_iter().collect::<Vec<_>>());
}
