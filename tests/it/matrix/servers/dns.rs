//! Name servers.

use crate::matrix::entry::Sure::Likely;
use crate::matrix::entry::{Asks, Entry, on};

pub(super) fn all() -> Vec<Entry> {
    [bind(), unbound(), dnsmasq()].concat()
}

fn bind() -> Vec<Entry> {
    let entry = |configuration, set: &str| {
        let text = format!(
            "options {{\n  directory \"@\";\n  pid-file \"@/pid\";\n  session-keyfile \"@/key\";\n  \
             listen-on port 5353 {{ 127.0.0.1; }};\n  listen-on-v6 {{ none; }};\n  \
             recursion no;\n  dnssec-validation no;\n  {set}\n}};\ncontrols {{ }};\n"
        );
        Entry::new(
            "bind",
            "bind9",
            configuration,
            "named -f -n 1 -c @/named.conf",
        )
        .file("named.conf", &text)
    };
    let port = "127.0.0.1:5353";
    vec![
        entry("default", "").listens(on(port, Asks::For(10)).by_default(Likely)),
        entry("tcp-listen-queue 1000", "tcp-listen-queue 1000;")
            .listens(on(port, Asks::For(1000)).at("named.conf", "tcp-listen-queue")),
        // Fewer than ten are ten.
        entry("tcp-listen-queue 3", "tcp-listen-queue 3;").listens(on(port, Asks::For(10))),
        entry("tcp-listen-queue 100", "tcp-listen-queue 100;")
            .listens(on(port, Asks::For(100)).at("named.conf", "tcp-listen-queue")),
    ]
}

fn unbound() -> Vec<Entry> {
    let text = "server:\n  interface: 127.0.0.1\n  port: 5300\n  chroot: \"\"\n  username: \"\"\n  \
                directory: \"@\"\n  pidfile: \"\"\n  use-syslog: no\n\
                remote-control:\n  control-enable: no\n";
    vec![
        Entry::new(
            "unbound",
            "unbound",
            "fixed",
            "unbound -d -c @/unbound.conf",
        )
        .file("unbound.conf", text)
        .listens(on("127.0.0.1:5300", Asks::For(256)).by_default(Likely)),
    ]
}

fn dnsmasq() -> Vec<Entry> {
    let start = "dnsmasq -k -C /dev/null -p 5301 --user=root --pid-file= -a 127.0.0.1 \
                 --bind-interfaces --no-resolv --no-hosts";
    vec![
        Entry::new("dnsmasq", "dnsmasq", "fixed", start)
            .listens(on("127.0.0.1:5301", Asks::For(32)).by_default(Likely)),
    ]
}
