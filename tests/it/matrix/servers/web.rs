//! Web servers.

use crate::matrix::entry::Sure::Likely;
use crate::matrix::entry::{Asks, Entry, on};

pub(super) fn all() -> Vec<Entry> {
    [nginx(), apache(), lighttpd()].concat()
}

/// All kinds of `listen` in one configuration: each address has a request of its own.
fn nginx() -> Vec<Entry> {
    let text = "daemon off;\nuser root;\nworker_processes 2;\npid @/nginx.pid;\n\
                error_log @/error.log;\nevents { worker_connections 64; }\ninclude @/http.conf;\n";
    let http = "http {\n  access_log off;\n\
                  server { listen 127.0.0.1:8080; }\n\
                  server { listen 127.0.0.1:8081 backlog=1000; }\n\
                  server { listen 127.0.0.1:8082 backlog=100; }\n\
                  server { listen 127.0.0.1:8083 reuseport; }\n\
                  server { listen 127.0.0.1:8084 reuseport backlog=1001; }\n\
                  server { listen [::1]:8085 backlog=1002; }\n\
                  server { listen unix:@/default.sock; }\n\
                  server { listen unix:@/configured.sock backlog=1003; }\n}\n";
    let more = "http {\n  access_log off;\n\
                  server { listen 8080; server_name a; }\n\
                  server { listen *:8080 backlog=1000; server_name b; }\n\
                  server { listen [::]:8081 ipv6only=off backlog=1001; }\n\
                  server { listen localhost:8082 backlog=1002; }\n\
                  server { listen 8083; }\n}\n";
    let start = "nginx -p @ -e @/error.log -c @/nginx.conf";
    let file = "http.conf";
    vec![
        Entry::new("nginx", "nginx-light", "listen", start)
            .file("nginx.conf", text)
            .file(file, http)
            .listens(on("127.0.0.1:8080", Asks::For(511)).by_default(Likely))
            .listens(on("127.0.0.1:8081", Asks::For(1000)).at(file, "backlog=1000"))
            .listens(on("127.0.0.1:8082", Asks::For(100)).at(file, "backlog=100;"))
            .listens(on("127.0.0.1:8083", Asks::For(511)).by_default(Likely))
            .listens(on("127.0.0.1:8084", Asks::For(1001)).at(file, "backlog=1001"))
            .listens(on("[::1]:8085", Asks::For(1002)).at(file, "backlog=1002"))
            .listens(on("/run/matrix/default.sock", Asks::For(511)).by_default(Likely))
            .listens(on("/run/matrix/configured.sock", Asks::For(1003)).at(file, "backlog=1003")),
        // The file named from the prefix; what one server sets for an address is for all of them.
        Entry::new(
            "nginx",
            "nginx-light",
            "other addresses",
            "nginx -p @ -c nginx.conf -e log",
        )
        .file("nginx.conf", text)
        .file(file, more)
        .listens(on("0.0.0.0:8080", Asks::For(1000)).at(file, "backlog=1000"))
        .listens(on("[::]:8081", Asks::For(1001)).at(file, "backlog=1001"))
        .listens(on("127.0.0.1:8082", Asks::For(1002)).at(file, "backlog=1002"))
        .listens(on("0.0.0.0:8083", Asks::For(511)).by_default(Likely)),
    ]
}

fn apache() -> Vec<Entry> {
    let text = "ServerRoot @\nServerName localhost\nPidFile @/pid\nErrorLog @/error.log\n\
                DefaultRuntimeDir @\nUser www-data\nGroup www-data\n\
                LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n\
                LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n\
                Include ports.conf\n";
    let entry = |configuration, ports: &str| {
        let start = "apache2 -d @ -f @/apache2.conf -DFOREGROUND";
        Entry::new("apache", "apache2", configuration, start)
            .file("apache2.conf", text)
            .file("ports.conf", ports)
    };
    let port = "127.0.0.1:8080";
    let set = |text| format!("Listen {port}\n{text}\n");
    vec![
        entry("default", &set("")).listens(on(port, Asks::For(511)).by_default(Likely)),
        entry("ListenBackLog 1000", &set("ListenBackLog 1000"))
            .listens(on(port, Asks::For(1000)).at("ports.conf", "ListenBackLog")),
        entry("-c ListenBackLog", &set(""))
            .with("-c 'ListenBackLog 1000'")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("ListenBackLog 100", &set("ListenBackLog 100"))
            .listens(on(port, Asks::For(100)).at("ports.conf", "ListenBackLog")),
    ]
}

fn lighttpd() -> Vec<Entry> {
    let text = "server.document-root = \"@\"\nserver.port = 8080\nserver.bind = \"127.0.0.1\"\n";
    let entry = |configuration, set: &str| {
        Entry::new(
            "lighttpd",
            "lighttpd",
            configuration,
            "lighttpd -D -f @/lighttpd.conf",
        )
        .file("lighttpd.conf", &format!("{text}{set}\n"))
    };
    let port = "127.0.0.1:8080";
    vec![
        entry("default", "").listens(on(port, Asks::For(1024)).by_default(Likely)),
        entry("listen-backlog = 1000", "server.listen-backlog = 1000")
            .listens(on(port, Asks::For(1000)).at("lighttpd.conf", "listen-backlog")),
        entry("in an included file", "include \"more.conf\"")
            .file("more.conf", "server.listen-backlog = 1000\n")
            .listens(on(port, Asks::For(1000)).at("more.conf", "listen-backlog")),
        entry("listen-backlog = 100", "server.listen-backlog = 100")
            .listens(on(port, Asks::For(100)).at("lighttpd.conf", "listen-backlog")),
    ]
}
