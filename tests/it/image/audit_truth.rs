//! What is said of an image without running it, against what its container then listens with: the same
//! endpoints, and for each the same maximum, under the kernel's own somaxconn and under a large one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::root::{Root, nginx};
use crate::support::podman::Podman;
use crate::support::program::{backlint, finish, scrubbed};
use crate::support::wait::within;

/// Maximum by protocol and port, or by path; an address that is any of IPv4 or of IPv6 may be either.
fn maxima(list: &Value) -> BTreeMap<String, u64> {
    let listeners = list["listeners"].as_array().unwrap();
    let one = |listener: &Value| {
        let address = listener["address"].as_str().unwrap();
        let place = address.rsplit_once(':').map_or(address, |(_, port)| port);
        let max = listener["accept_queue"]["max"].as_u64().unwrap_or(u64::MAX);
        (place.to_owned(), max)
    };
    listeners.iter().map(one).collect()
}

fn told(image: &Path, somaxconn: &str) -> Value {
    let mut program = backlint();
    program.args([
        "list",
        "--no-config",
        "--format",
        "json",
        "--somaxconn",
        somaxconn,
        "--image",
    ]);
    let run = finish(program.arg(image)).ended(0);
    serde_json::from_str(&run.out).unwrap()
}

/// Compares what is told of an image with what its container does.
#[track_caller]
fn is_true_of(root: &Root, changes: &[&str], listeners: usize) {
    let podman = Podman::new();
    podman.import("web", root.path(), changes);
    let archive = podman.save("web", "docker-archive");
    for somaxconn in ["4096", "100000"] {
        let told = told(&archive, somaxconn);
        let told = maxima(&told);
        let set = format!("net.core.somaxconn={somaxconn}");
        let name = format!("web{somaxconn}");
        let pid = podman
            .run(&["--sysctl", &set], &name, "web", &[])
            .to_string();
        let mut seen = BTreeMap::new();
        let listens = || {
            let mut program = backlint();
            let words = ["list", "--no-config", "--format", "json", "--netns"];
            let run = finish(program.args(words).arg(&pid));
            if let Ok(list) = serde_json::from_str(&run.out) {
                seen = maxima(&list);
            }
            (seen.len() >= listeners).then_some(())
        };
        let there = within(Duration::from_secs(20), listens);
        let log = podman.ask(&["logs", &name]);
        assert!(there.is_some(), "told {told:?}, seen {seen:?}: {log}");
        assert_eq!(told, seen, "under {somaxconn}: {log}");
        podman.ask(&["rm", "--force", "--time=0", &name]);
    }
}

#[test]
fn nginx_listens_as_its_configuration_says() {
    let root = nginx(
        "server { listen 80 backlog=9000; }\nserver { listen 81; }\nserver { listen [::1]:82 backlog=64; listen unix:/run/n.sock; }",
    );
    let start = r#"ENTRYPOINT ["nginx","-g","daemon off;"]"#;
    is_true_of(&root, &[start, "EXPOSE 80", "EXPOSE 443"], 4);
}

#[test]
fn a_shell_script_that_prepares_and_execs_comes_to_its_command() {
    let root = nginx("server { listen 80; }").text(
        "/entrypoint.sh",
        "#!/bin/sh\nset -e\nif [ \"${1#-}\" != \"$1\" ]; then set -- nginx \"$@\"; fi\nmkdir -p /run/x\nexec \"$@\"\n",
    );
    let changes = [
        r#"ENTRYPOINT ["/entrypoint.sh"]"#,
        r#"CMD ["nginx","-g","daemon off;"]"#,
    ];
    is_true_of(&root, &changes, 1);
}

#[test]
fn redis_listens_on_the_port_of_its_options() {
    let root = Root::new()
        .program("/usr/bin/redis-server", "/usr/bin/redis-server")
        .text(
            "/etc/redis.conf",
            "bind 127.0.0.1\nport 7000\ntcp-backlog 300\nsave \"\"\n",
        );
    is_true_of(
        &root,
        &[r#"CMD ["sh","-c","exec redis-server /etc/redis.conf"]"#],
        1,
    );
    let bare = Root::new().program("/usr/bin/redis-server", "/usr/bin/redis-server");
    let command = r#"CMD ["/usr/bin/redis-server","--save","","--tcp-backlog","70000"]"#;
    is_true_of(&bare, &[command], 1);
}

#[test]
fn memcached_and_haproxy_listen_as_their_command_lines_say() {
    let root = Root::new().program("/usr/bin/memcached", "/usr/bin/memcached");
    let command = r#"ENTRYPOINT ["memcached","-u","root","-p","11300","-U","0","-b","5000"]"#;
    is_true_of(&root, &[command], 1);
    let root = Root::new().program("/usr/sbin/haproxy", "/usr/sbin/haproxy").text(
        "/etc/haproxy/haproxy.cfg",
        "global\n  maxconn 300\ndefaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\nfrontend a\n  bind :8000 backlog 7000\n  default_backend b\nfrontend c\n  bind 127.0.0.1:8001\n  default_backend b\nbackend b\n  server s 127.0.0.1:9\n",
    );
    let command = r#"CMD ["haproxy","-W","-db","-f","/etc/haproxy/haproxy.cfg"]"#;
    is_true_of(&root, &[command], 2);
}

#[test]
fn a_go_program_listens_with_as_much_as_there_is() {
    let root = Root::new().program("/usr/bin/prometheus-node-exporter", "/bin/node_exporter");
    is_true_of(
        &root,
        &[r#"ENTRYPOINT ["/bin/node_exporter"]"#, "EXPOSE 9100"],
        1,
    );
}

#[test]
fn supervised_programs_are_each_as_they_are_configured() {
    let root = nginx("server { listen 80 backlog=6000; }")
        .program("/usr/bin/redis-server", "/usr/bin/redis-server")
        .program("/usr/bin/tini", "/usr/bin/tini")
        .text(
            "/start",
            "#!/bin/sh\nredis-server --save '' --tcp-backlog 200 &\nexec nginx -g 'daemon off;'\n",
        );
    is_true_of(&root, &[r#"ENTRYPOINT ["tini","--","/start"]"#], 2);
}

/// Python with its library and these packages.
fn python(packages: &[&str]) -> Root {
    let root = Root::new()
        .program("/usr/bin/python3.11", "/usr/bin/python3.11")
        .link("python3.11", "/usr/bin/python3")
        .tree("/usr/lib/python3.11");
    let folder = "/usr/lib/python3/dist-packages";
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What is said of a package stands beside it.
    let fitting = names.filter(|name| packages.iter().any(|package| name.starts_with(package)));
    fitting.fold(root, |root, name| root.tree(&format!("{folder}/{name}")))
}

#[test]
fn supervisord_starts_a_server_in_python_and_one_that_is_none() {
    let app = "def app(environ, start):\n    start('200 OK', [])\n    return []\n";
    let root = python(&["gunicorn", "supervisor", "pkg_resources", "packaging"])
        .program("/usr/bin/redis-server", "/usr/bin/redis-server")
        .tree("/usr/bin/gunicorn")
        .tree("/usr/bin/supervisord")
        .text("/srv/app.py", app)
        .text("/etc/supervisor/conf.d/two.conf", "[program:web]\ncommand=gunicorn -b 127.0.0.1:8000 --backlog 3000 app:app\ndirectory=/srv\n[program:cache]\ncommand=redis-server --save \"\"\n")
        .text("/etc/supervisor/supervisord.conf", "[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n[include]\nfiles = /etc/supervisor/conf.d/*.conf\n");
    is_true_of(&root, &[r#"CMD ["/usr/bin/supervisord"]"#], 2);
}

#[test]
fn libraries_of_languages_listen_with_their_defaults_on_the_exposed_port() {
    let root = Root::new().program("/usr/bin/node", "/usr/bin/node").text(
        "/srv/server.js",
        "require('http').createServer(() => {}).listen(8080, '0.0.0.0');\n",
    );
    let command = r#"CMD ["node","/srv/server.js"]"#;
    is_true_of(&root, &[command, "EXPOSE 8080"], 1);
    let root = python(&[]);
    let command = r#"CMD ["python3","-m","http.server"]"#;
    is_true_of(&root, &[command, "EXPOSE 8000"], 1);
}

/// What such a program asks for stands in its code alone: that is told, and no number is.
#[test]
fn a_static_program_that_nobody_knows_is_told_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("server.c");
    let code = "#include <sys/socket.h>\n#include <netinet/in.h>\n#include <unistd.h>\nint main(void) { struct sockaddr_in a = {AF_INET, 0x901f, {0}}; int s = socket(AF_INET, SOCK_STREAM, 0); return bind(s, (void *)&a, sizeof a) || listen(s, SOMAXCONN) || pause(); }\n";
    std::fs::write(&source, code).unwrap();
    let program = folder.path().join("server");
    let mut compiler = scrubbed("musl-gcc");
    finish(compiler.args(["-static", "-o"]).arg(&program).arg(&source)).ended(0);
    let root = Root::bare();
    std::fs::copy(&program, root.path().join("server")).unwrap();
    let podman = Podman::new();
    podman.import(
        "web",
        root.path(),
        &[r#"ENTRYPOINT ["/server"]"#, "EXPOSE 8080"],
    );
    let told = told(&podman.save("web", "docker-archive"), "4096");
    let listener = &told["listeners"][0];
    assert_eq!(
        (&listener["address"], &listener["requested"]),
        (&json!("0.0.0.0:8080"), &Value::Null)
    );
    let gap = &told["gaps"][0];
    assert_eq!(gap["what"], "request of server on 0.0.0.0:8080", "{told:#}");
}
