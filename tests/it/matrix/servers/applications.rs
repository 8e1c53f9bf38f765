//! Application servers, interpreters, and programs of the usual languages.

use std::env;

use crate::matrix::entry::Sure::Likely;
use crate::matrix::entry::{Asks, Entry, on};
use crate::support::helper::{ROLE, Role};

pub(super) fn all() -> Vec<Entry> {
    [
        java(),
        node(),
        gunicorn(),
        uvicorn(),
        uwsgi(),
        http_server(),
        python(),
        php_fpm(),
        go(),
        rust(),
    ]
    .concat()
}

const PYTHON: &str = "def wsgi(environ, start_response):\n    start_response('200 OK', [])\n    \
                      return [b'']\n\n\nasync def asgi(scope, receive, send):\n    pass\n";

fn gunicorn() -> Vec<Entry> {
    let entry = |configuration| {
        let start = "gunicorn -b 127.0.0.1:8000";
        Entry::new("gunicorn", "gunicorn", configuration, start).file("app.py", PYTHON)
    };
    let port = "127.0.0.1:8000";
    vec![
        entry("default")
            .with("app:wsgi")
            .listens(on(port, Asks::For(2048)).by_default(Likely)),
        entry("--backlog 1000")
            .with("--backlog 1000 app:wsgi")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("--backlog=100")
            .with("--backlog=100 app:wsgi")
            .listens(on(port, Asks::For(100)).on_command_line()),
        entry("backlog = 1000 in a file")
            .file("settings.py", "import os\nbacklog = 1000\n")
            .with("-c settings.py app:wsgi")
            .listens(on(port, Asks::For(1000)).at("settings.py", "backlog")),
        entry("gunicorn.conf.py")
            .file(
                "gunicorn.conf.py",
                "# What it reads unasked.\nbacklog = 1000\n",
            )
            .with("app:wsgi")
            .listens(on(port, Asks::For(1000)).at("gunicorn.conf.py", "backlog =")),
        entry("--backlog 1000 over a file")
            .file("settings.py", "backlog = 500\n")
            .with("--backlog 1000 -c settings.py app:wsgi")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("GUNICORN_CMD_ARGS")
            .in_environment("GUNICORN_CMD_ARGS", "--backlog=1000".to_owned())
            .with("app:wsgi")
            .listens(on(port, Asks::For(1000))),
    ]
}

fn uvicorn() -> Vec<Entry> {
    let entry = |configuration, start: &str| {
        Entry::new("uvicorn", "uvicorn", configuration, start)
            .with("--host 127.0.0.1 --port 8000 app:asgi")
            .file("app.py", PYTHON)
    };
    let port = "127.0.0.1:8000";
    vec![
        entry("default", "uvicorn").listens(on(port, Asks::For(2048)).by_default(Likely)),
        entry("--backlog 1000", "uvicorn --backlog 1000")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("UVICORN_BACKLOG", "uvicorn")
            .in_environment("UVICORN_BACKLOG", "1000".to_owned())
            .listens(on(port, Asks::For(1000))),
        entry(
            "-m uvicorn --backlog 100",
            "python3 -m uvicorn --backlog 100",
        )
        .listens(on(port, Asks::For(100)).on_command_line()),
    ]
}

/// uWSGI refuses to start when it asks for more than somaxconn.
fn uwsgi() -> Vec<Entry> {
    let entry = |configuration, start: &str| {
        let package = "uwsgi-core and uwsgi-plugin-python3";
        Entry::new("uwsgi", package, configuration, start).file("app.py", PYTHON)
    };
    let start =
        "uwsgi --plugin python3 --http-socket 127.0.0.1:8000 --wsgi-file app.py --callable wsgi";
    let ini = "[uwsgi]\nplugin = python3\nhttp-socket = 127.0.0.1:8000\nwsgi-file = app.py\n\
               callable = wsgi\nlisten = 1000\n";
    let port = "127.0.0.1:8000";
    let larger = [4096, 65_535];
    vec![
        entry("default", start).listens(on(port, Asks::For(100)).by_default(Likely)),
        entry("-l 120", start)
            .with("-l 120")
            .listens(on(port, Asks::For(120)).on_command_line()),
        entry("--listen 1000", start)
            .with("--listen 1000")
            .only_under(&larger)
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("UWSGI_LISTEN", start)
            .in_environment("UWSGI_LISTEN", "1000".to_owned())
            .only_under(&larger)
            .listens(on(port, Asks::For(1000))),
        entry("listen = 1000 in a file", "uwsgi --ini @/uwsgi.ini")
            .file("uwsgi.ini", ini)
            .only_under(&larger)
            .listens(on(port, Asks::For(1000)).at("uwsgi.ini", "listen")),
    ]
}

fn http_server() -> Vec<Entry> {
    let start = "python3 -m http.server --bind 127.0.0.1 8000";
    vec![
        Entry::new("http.server", "python3", "default", start)
            .listens(on("127.0.0.1:8000", Asks::For(5)).by_default(Likely)),
    ]
}

/// The module asyncio asks for 100, the class socket for 128, unless the program says a number.
fn python() -> Vec<Entry> {
    let text = "import asyncio, socket\n\n\nasync def main():\n    \
                await asyncio.start_server(lambda *_: None, '127.0.0.1', 7001)\n    \
                await asyncio.start_server(lambda *_: None, '127.0.0.1', 7002, backlog=1000)\n    \
                plain = socket.create_server(('127.0.0.1', 7003))\n    \
                more = socket.create_server(('127.0.0.1', 7004), backlog=1001)\n    \
                await asyncio.sleep(1000)\n    print(plain, more)\n\n\nasyncio.run(main())\n";
    vec![
        Entry::new("python3", "python3", "in the program", "python3 server.py")
            .file("server.py", text)
            .listens(on("127.0.0.1:7001", Asks::For(100)))
            .listens(on("127.0.0.1:7002", Asks::For(1000)))
            .listens(on("127.0.0.1:7003", Asks::For(128)))
            .listens(on("127.0.0.1:7004", Asks::For(1001))),
    ]
}

/// The second listener's number stands in the program alone.
fn node() -> Vec<Entry> {
    let text = "const http = require('http');\n\
                const listen = (options) => http.createServer(() => {}).listen(options);\n\
                listen({port: 3000, host: '127.0.0.1'});\n\
                listen({port: 3001, host: '127.0.0.1', backlog: 1000});\n\
                listen({port: 3002, host: '127.0.0.1', backlog: 100});\n\
                listen({path: '@/node.sock'});\n";
    vec![
        Entry::new("node", "nodejs", "in the program", "node server.js")
            .file("server.js", text)
            .listens(on("127.0.0.1:3000", Asks::For(511)))
            .listens(on("127.0.0.1:3001", Asks::For(1000)))
            .listens(on("127.0.0.1:3002", Asks::For(100)))
            .listens(on("/run/matrix/node.sock", Asks::For(511))),
    ]
}

fn java() -> Vec<Entry> {
    let text = "import java.net.*;\n\
                public class Server {\n  public static void main(String[] none) throws Exception {\n    \
                var address = InetAddress.getLoopbackAddress();\n    \
                var all = new ServerSocket[] {new ServerSocket(9000, 0, address), \
                new ServerSocket(9001, 1000, address), new ServerSocket(9002, 100, address)};\n    \
                Thread.sleep(1000 * 1000);\n    System.out.println(all);\n  }\n}\n";
    vec![
        Entry::new(
            "java",
            "openjdk-17-jdk-headless",
            "in the program",
            "java Server.java",
        )
        .file("Server.java", text)
        .listens(on("[::ffff:127.0.0.1]:9000", Asks::For(50)))
        .listens(on("[::ffff:127.0.0.1]:9001", Asks::For(1000)))
        .listens(on("[::ffff:127.0.0.1]:9002", Asks::For(100))),
    ]
}

fn php_fpm() -> Vec<Entry> {
    let pool = |name: &str, listen: &str| {
        format!(
            "[{name}]\nuser = www-data\ngroup = www-data\npm = static\npm.max_children = 1\n\
             listen = {listen}\n"
        )
    };
    let text = "[global]\nerror_log = @/error.log\ndaemonize = no\ninclude = @/pool.d/*.conf\n";
    let path = "/run/matrix/www.sock";
    vec![
        Entry::new(
            "php-fpm",
            "php8.2-fpm",
            "pools",
            "php-fpm8.2 -F -y @/php-fpm.conf",
        )
        .file("php-fpm.conf", text)
        .file("pool.d/a.conf", &pool("a", "127.0.0.1:9000"))
        .file(
            "pool.d/b.conf",
            &pool("b", "127.0.0.1:9001\nlisten.backlog = 1000"),
        )
        .file("pool.d/d.conf", &pool("d", "9003\nlisten.backlog = -1"))
        .file(
            "pool.d/c.conf",
            &pool("c", &format!("{path}\nlisten.backlog = 100")),
        )
        .listens(on("127.0.0.1:9000", Asks::For(-1)).by_default(Likely))
        .listens(on("[::]:9003", Asks::For(-1)).at("pool.d/d.conf", "backlog"))
        .listens(on("127.0.0.1:9001", Asks::For(1000)).at("pool.d/b.conf", "backlog"))
        .listens(on(path, Asks::For(100)).at("pool.d/c.conf", "backlog")),
    ]
}

fn go() -> Vec<Entry> {
    let start = "prometheus-node-exporter --web.listen-address=127.0.0.1:9100 \
                 --collector.disable-defaults";
    let package = "prometheus-node-exporter";
    vec![
        Entry::new("node_exporter", package, "default", start)
            .listens(on("127.0.0.1:9100", Asks::Somaxconn).by_default(Likely)),
    ]
}

/// This test program itself.
fn rust() -> Vec<Entry> {
    let program = env::current_exe().unwrap();
    let start = format!(
        "{} --exact support::helper::helper_process --nocapture --test-threads=1",
        program.display()
    );
    let role = serde_json::to_string(&Role::Standard).unwrap();
    vec![
        Entry::new("a Rust program", "-", "std::net", &start)
            .in_environment(ROLE, role)
            .unknown()
            .listens(on("127.0.0.1:7070", Asks::For(128))),
    ]
}
