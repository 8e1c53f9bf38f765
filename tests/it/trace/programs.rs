//! Servers from the distribution's packages: strace(1) runs inside the trace, so that both see the same
//! calls, and for every socket both have to say the same backlog.

use std::collections::BTreeMap;
use std::fs;

use super::{User, folder, mode};
use crate::matrix::truth::asked;
use crate::support::program::{finish, scrubbed};

/// A server: a file with its text, the command, and how many sockets listen when it is up. `@` is the
/// folder.
struct Server {
    name: &'static str,
    file: (&'static str, &'static str),
    command: &'static str,
    sockets: usize,
}

const NGINX: &str = "daemon off;\nworker_processes 2;\npid @/nginx.pid;\nerror_log @/error.log;\n\
    events { worker_connections 64; }\n\
    http {\n  access_log off;\n  client_body_temp_path @/a;\n  proxy_temp_path @/b;\n  fastcgi_temp_path @/c;\n  \
    uwsgi_temp_path @/d;\n  scgi_temp_path @/e;\n  server { listen 127.0.0.1:8080; }\n  \
    server { listen 127.0.0.1:8081 backlog=7000; }\n}\n";
const HAPROXY: &str = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n\
    frontend a\n  bind 127.0.0.1:8001 backlog 1001\nfrontend b\n  bind 127.0.0.1:8002 maxconn 77\n";
const NODE: &str = "const http = require('http');\n\
    http.createServer(() => {}).listen({port: 3000, host: '127.0.0.1'});\n\
    http.createServer(() => {}).listen({port: 3001, host: '127.0.0.1', backlog: 100});\n";
const JAVA: &str = "import java.net.*;\npublic class Server {\n  public static void main(String[] none) \
    throws Exception {\n    var one = new ServerSocket(9001, 1000);\n    var two = new ServerSocket(9002, 0);\n    \
    Thread.sleep(1000 * 1000);\n  }\n}\n";
const WSGI: &str =
    "def wsgi(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n";

const MUSL: &str = "#include <arpa/inet.h>\n#include <sys/socket.h>\n#include <unistd.h>\nint main(void) {\n  \
    int fd = socket(AF_INET, SOCK_STREAM, 0);\n  return listen(fd, SOMAXCONN) ? 1 : pause();\n}\n";

const SERVERS: [Server; 8] = [
    Server {
        name: "nginx",
        file: ("nginx.conf", NGINX),
        command: "nginx -p @ -e @/error.log -c @/nginx.conf",
        sockets: 2,
    },
    Server {
        name: "redis-server",
        file: ("none", ""),
        command: "redis-server --port 6379 --bind 127.0.0.1 --dir @ --unixsocket @/redis.sock",
        sockets: 2,
    },
    Server {
        name: "haproxy",
        file: ("haproxy.cfg", HAPROXY),
        command: "haproxy -W -db -f @/haproxy.cfg",
        sockets: 2,
    },
    Server {
        name: "memcached",
        file: ("none", ""),
        command: "memcached -u nobody -l 127.0.0.1 -p 11211 -U 0 -m 16 -t 2",
        sockets: 1,
    },
    Server {
        name: "gunicorn",
        file: ("app.py", WSGI),
        command: "gunicorn -b 127.0.0.1:8000 --backlog 1000 --workers 2 app:wsgi",
        sockets: 1,
    },
    Server {
        name: "node",
        file: ("server.js", NODE),
        command: "node @/server.js",
        sockets: 2,
    },
    // A Go program, which asks for as much as there is.
    Server {
        name: "prometheus-node-exporter",
        file: ("none", ""),
        command: "prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults",
        sockets: 1,
    },
    Server {
        name: "java",
        file: ("Server.java", JAVA),
        command: "java @/Server.java",
        sockets: 2,
    },
];

/// Traces a command that strace traces too, in a network namespace of its own, and compares.
fn compare(user: User, name: &str, sockets: usize, file: (&str, &str), command: &[String]) {
    let folder = folder();
    let at = folder.path().to_str().unwrap();
    fs::write(folder.path().join(file.0), file.1.replace('@', at)).unwrap();
    let mut program = user.backlint();
    program
        .args(["trace", "--no-config", "--fail-on", "never", "--new-netns"])
        .args(["--for", "15s", "--until-listening", &sockets.to_string()])
        .args(["-o", "record.json", "--"])
        .args([
            "strace",
            "-f",
            "-y",
            "-e",
            "trace=listen",
            "-o",
            "trace.txt",
            "--",
        ])
        .args(command.iter().map(|word| word.replace('@', at)))
        .current_dir(folder.path());
    let run = finish(&mut program).ended(0);
    let record = fs::read_to_string(folder.path().join("record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let listeners = record["namespaces"][0]["listeners"].as_array();
    let requests: BTreeMap<u64, i64> = listeners
        .into_iter()
        .flatten()
        .map(|it| {
            let asked = it["requested"]["backlog"].as_i64();
            (it["inode"].as_u64().unwrap(), asked.expect("a request"))
        })
        .collect();
    let text = fs::read_to_string(folder.path().join("trace.txt")).unwrap();
    assert_eq!(requests, asked(&text), "{name} {user:?} {run:#?}");
    assert_eq!(requests.len(), sockets, "{name} {user:?}");
    assert!(record.get("gaps").is_none(), "{name} {user:?} {record:#}");
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn servers_asked_for_what_strace_saw() {
    for user in User::BOTH {
        for it in &SERVERS {
            compare(user, it.name, it.sockets, it.file, &words(it.command));
        }
    }
}

#[test]
fn programs_asked_for_what_strace_saw() {
    for user in User::BOTH {
        for (name, sockets) in [
            ("stay 70000", 1),
            ("threads 50", 50),
            ("prefork 44", 1),
            ("daemon 300", 1),
            ("twice -1", 1),
        ] {
            let command: Vec<String> = mode(name).into_iter().map(str::to_owned).collect();
            compare(user, name, sockets, ("none", ""), &command);
        }
    }
}

/// A static program of musl, whose SOMAXCONN is 128, at the end of a shell's pipeline.
#[test]
fn a_static_musl_program_asked_for_what_strace_saw() {
    let built = folder();
    let (source, program) = (built.path().join("musl.c"), built.path().join("musl"));
    fs::write(&source, MUSL).unwrap();
    let mut cc = scrubbed("musl-gcc");
    finish(cc.args(["-static", "-o"]).arg(&program).arg(&source)).ended(0);
    for user in User::BOTH {
        let script = format!("sleep 60 | cat | {}", program.display());
        let command = ["sh", "-c", &script].map(str::to_owned);
        compare(user, "musl", 1, ("none", ""), &command);
    }
}

/// A Rust program that listens as the standard library does: this test program.
#[test]
fn a_rust_program_asked_for_what_strace_saw() {
    let role = serde_json::to_string(&crate::support::helper::Role::Standard).unwrap();
    let program = std::env::current_exe().unwrap();
    let role = format!("{}={role}", crate::support::helper::ROLE);
    let command = [
        "sh",
        "-c",
        "sleep 60 | \"$0\" \"$1\" \"$2\" \"$3\" \"$4\" \"$5\"",
        "env",
    ];
    let rest = ["--exact", "support::helper::helper_process", "--nocapture"];
    let command = command.map(str::to_owned).into_iter();
    let command = command.chain([role, program.to_str().unwrap().to_owned()]);
    let command: Vec<String> = command.chain(rest.map(str::to_owned)).collect();
    for user in User::BOTH {
        compare(user, "rust", 1, ("none", ""), &command);
    }
}
