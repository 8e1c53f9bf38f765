//! Proxies and caches.

use crate::matrix::entry::Sure::Likely;
use crate::matrix::entry::{Asks, Entry, on};

pub(super) fn all() -> Vec<Entry> {
    [haproxy(), squid(), varnish()].concat()
}

/// What follows from the limit of descriptors shall not depend on the machine.
const LIMITED: &str = "prlimit --nofile=8192:8192";

/// The derivations of HAProxy in one configuration, without and with a global maxconn.
fn haproxy() -> Vec<Entry> {
    let text = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n\
                frontend bind-backlog\n  bind 127.0.0.1:8001 backlog 1001\n  backlog 300\n\
                frontend frontend-backlog\n  bind 127.0.0.1:8002\n  backlog 1002\n\
                frontend frontend-maxconn\n  bind 127.0.0.1:8003\n  maxconn 1003\n\
                frontend bind-maxconn\n  bind 127.0.0.1:8004 maxconn 77\n\
                frontend nothing\n  bind 127.0.0.1:8005\n\
                frontend local\n  bind @/haproxy.sock backlog 1006\n";
    let file = "haproxy.cfg";
    let entry = |configuration, global: &str| {
        Entry::new(
            "haproxy",
            "haproxy",
            configuration,
            &format!("{LIMITED} haproxy -db -f @/haproxy.cfg"),
        )
        .file(file, &format!("{global}{text}"))
        .listens(on("127.0.0.1:8001", Asks::For(1001)).at(file, "backlog 1001"))
        .listens(on("127.0.0.1:8002", Asks::For(1002)).at(file, "backlog 1002"))
        .listens(on("127.0.0.1:8003", Asks::For(1003)).at(file, "maxconn 1003"))
        .listens(on("127.0.0.1:8004", Asks::For(77)).at(file, "maxconn 77"))
        // HAProxy binds another name and renames the file, so the kernel knows that name.
        .listens(on("/run/matrix/haproxy.sock*", Asks::For(1006)).at(file, "backlog 1006"))
    };
    vec![
        entry("-W", "")
            .with("-W")
            .listens(on("127.0.0.1:8005", Asks::Something)),
        entry("-n 1500", "")
            .with("-n 1500")
            .listens(on("127.0.0.1:8005", Asks::For(1500)).on_command_line()),
        // From the limit of descriptors, less what HAProxy needs for itself.
        entry("without global maxconn", "").listens(on("127.0.0.1:8005", Asks::Something)),
        entry("global maxconn 1500", "global\n  maxconn 1500\n")
            .listens(on("127.0.0.1:8005", Asks::For(1500)).at(file, "maxconn 1500")),
        entry("global maxconn 100", "global\n  maxconn 100\n")
            .listens(on("127.0.0.1:8005", Asks::For(100)).at(file, "maxconn 100")),
    ]
}

/// A quarter of the limit of descriptors.
fn squid() -> Vec<Entry> {
    let text = "http_port 127.0.0.1:3128\npid_filename @/pid\naccess_log none\n\
                cache_log @/cache.log\ncoredump_dir @\nvisible_hostname localhost\n\
                pinger_enable off\nnetdb_filename none\n";
    let entry = |configuration, set: &str| {
        Entry::new(
            "squid",
            "squid",
            configuration,
            &format!("{LIMITED} squid -N -f @/squid.conf"),
        )
        .file("squid.conf", &format!("{text}{set}\n"))
        .after("chmod 777 @")
    };
    let port = "127.0.0.1:3128";
    vec![
        entry("default", "").listens(on(port, Asks::For(2048))),
        entry("max_filedescriptors 4000", "max_filedescriptors 4000")
            .listens(on(port, Asks::For(1000)).at("squid.conf", "max_filedescriptors")),
    ]
}

fn varnish() -> Vec<Entry> {
    let start = "varnishd -F -a 127.0.0.1:6081 -b none -n @/work -T 127.0.0.1:6082";
    let entry = |configuration| {
        Entry::new("varnish", "varnish", configuration, start)
            .listens(on("127.0.0.1:6082", Asks::For(10)))
    };
    let port = "127.0.0.1:6081";
    vec![
        entry("default").listens(on(port, Asks::For(1024)).by_default(Likely)),
        entry("listen_depth=1000")
            .with("-p listen_depth=1000")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("listen_depth=1000, in one word")
            .with("-plisten_depth=1000")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("listen_depth=100")
            .with("-p listen_depth=100")
            .listens(on(port, Asks::For(100)).on_command_line()),
    ]
}
