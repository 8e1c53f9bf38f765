//! What a script does before its server: it tests, prints, or writes what the server reads.

use super::*;

#[test]
fn a_server_that_only_tests_or_prints_is_not_started() {
    for text in [
        "nginx -t\nexec nginx -c /x",
        "nginx -t && exec nginx -c /x",
        "gosu www nginx -T -c /y\nexec nginx -c /x",
        "nginx -v; redis-server --version\nexec nginx -c /x",
        "haproxy -c -f /y\nexec nginx -c /x",
        "v=$(redis-server --version)\nexec nginx -c /x",
        "v=`redis-server --version`; exec nginx -c /x",
    ] {
        assert_eq!(short(&[], &["sh", "-c", text]), ["nginx -c /x"], "{text}");
    }
    // The same letter sets something of another program.
    let text = "redis-server -t 3 &\nexec nginx";
    let both = ["redis-server -t 3", "nginx"];
    assert_eq!(short(&[], &["sh", "-c", text]), both);
}

#[test]
fn ways_of_one_program_are_told_as_one_choice() {
    let text = "[ -n \"$BIG\" ] && exec redis-server --tcp-backlog 9000\nexec redis-server";
    let found = started(&[], &["sh", "-c", text]).programs;
    assert_eq!(found.len(), 2);
    assert!(found[0].choice > 0 && found[0].choice == found[1].choice);
    let found = started(&[], &["sh", "-c", "redis-server &\nexec nginx"]).programs;
    assert!(found.iter().all(|program| program.choice == 0));
}

#[test]
fn what_may_write_configuration_is_told_with_its_line() {
    for (before, line, what) in [
        ("sed -i s/a/b/ /etc/nginx/nginx.conf", 2, "runs sed"),
        (
            "cat > /etc/nginx/nginx.conf <<EOF\nx\nEOF",
            2,
            "writes /etc/nginx/nginx.conf",
        ),
        (":\necho x >> /etc/a", 3, "writes /etc/a"),
        ("> /etc/a", 2, "writes /etc/a"),
        ("{ echo x; echo y; } > /etc/a", 2, "writes /etc/a"),
        (
            "for a in b c; do echo $a; done > /etc/a",
            2,
            "writes /etc/a",
        ),
        ("envsubst < /a > /b", 2, "runs envsubst"),
        ("echo x | tee /etc/a", 2, "runs tee"),
        ("cp /a /b", 2, "runs cp"),
        ("find /a -exec sed -i s/a/b/ {} +", 2, "runs find"),
        (". /etc/a", 2, "runs what /etc/a says"),
        ("\"$A\" x", 2, "runs a program that only a shell knows"),
    ] {
        let text: &'static str = Box::leak(format!("#!/bin/sh\n{before}\nexec nginx\n").into());
        let found = started(&[("/e", text)], &["/e"]);
        let wanted = (format!("/e:{line}"), what.to_owned());
        assert_eq!(found.prepared, [wanted], "{before}");
        assert!(found.programs[0].prepared, "{before}");
    }
    for before in [
        "echo x; mkdir -p /a && chown b /a; id; sleep 1; ls /a; cat /b",
        "find /a -exec chown b {} +",
        "echo x >&2; echo y > /dev/null",
    ] {
        let text = format!("{before}\nexec nginx > /var/log/a");
        let found = started(&[], &["sh", "-c", &text]);
        assert_eq!(found.prepared, [], "{before}");
    }
}

#[test]
fn a_file_that_may_not_be_executed_is_not_a_missing_one() {
    let found = started(&[("/e", "exec nginx")], &["/e"]);
    let why = "it may not be executed: a container would not start";
    assert_eq!(found.unclear, [("/e".to_owned(), why.to_owned())]);
}
