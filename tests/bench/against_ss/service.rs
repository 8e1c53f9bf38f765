//! Helpers that pass for well-known services: their name, their command line, and configuration
//! files as large as those of real hosts.

use std::ffi::CString;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use rustix::thread::set_name;

/// What all of them are configured to ask for.
pub(crate) const BACKLOG: i32 = 4096;

/// Makes the files of a service that listens on these ports, and returns its options.
type Files = fn(&Path, Range<u32>) -> io::Result<Vec<String>>;

/// The services, in turn, by what `comm` is.
const SERVICES: [(&str, Files); 5] = [
    ("nginx", nginx),
    ("haproxy", haproxy),
    ("redis-server", redis),
    ("memcached", memcached),
    ("apache2", apache),
];

/// Writes the files of the service with this number below `folder`, and returns its options.
pub(crate) fn prepare(folder: &Path, number: usize, ports: Range<u32>) -> io::Result<Vec<String>> {
    let (_, files) = SERVICES[number % SERVICES.len()];
    let own = folder.join(number.to_string());
    fs::create_dir(&own)?;
    files(&own, ports)
}

/// Gives this process the name of the service with this number.
pub(crate) fn become_one(number: usize) -> io::Result<()> {
    let (name, _) = SERVICES[number % SERVICES.len()];
    set_name(&CString::new(name)?)?;
    Ok(())
}

fn option(name: &str, path: &Path) -> Vec<String> {
    vec![name.to_owned(), path.display().to_string()]
}

/// A site a port, each in a file of its own, as Debian's packages suggest.
fn nginx(folder: &Path, ports: Range<u32>) -> io::Result<Vec<String>> {
    let sites = folder.join("sites-enabled");
    fs::create_dir_all(&sites)?;
    for port in ports {
        let site = format!(
            "server {{\n    listen {port} backlog={BACKLOG};\n    listen [::]:{port};\n    server_name s{port}.example;\n    root /srv/www/{port};\n    location / {{\n        proxy_pass http://127.0.0.1:{port};\n        proxy_set_header Host $host;\n    }}\n}}\n"
        );
        fs::write(sites.join(port.to_string()), site)?;
    }
    let main = folder.join("nginx.conf");
    fs::write(
        &main,
        "events {}\nhttp {\n    include sites-enabled/*;\n}\n",
    )?;
    Ok(option("-c", &main))
}

fn haproxy(folder: &Path, ports: Range<u32>) -> io::Result<Vec<String>> {
    let mut text =
        "global\n    maxconn 20000\ndefaults\n    mode http\n    timeout client 10s\n".to_owned();
    for port in ports {
        text += &format!(
            "frontend f{port}\n    bind :{port}\n    backlog {BACKLOG}\n    default_backend b{port}\nbackend b{port}\n    server one 127.0.0.1:{port} maxconn 100\n"
        );
    }
    let main = folder.join("haproxy.cfg");
    fs::write(&main, text)?;
    Ok(option("-f", &main))
}

/// As long as the file that redis comes with: 2,000 lines of comments, mostly.
fn redis(folder: &Path, _: Range<u32>) -> io::Result<Vec<String>> {
    let main = folder.join("redis.conf");
    let text =
        "# What this does, what it is for, and when to change it, in a sentence.\n".repeat(2000);
    fs::write(&main, format!("{text}tcp-backlog {BACKLOG}\n"))?;
    Ok(vec![
        main.display().to_string(),
        "--port".to_owned(),
        "6379".to_owned(),
    ])
}

fn memcached(_: &Path, _: Range<u32>) -> io::Result<Vec<String>> {
    Ok(["-m", "64", "-b", &BACKLOG.to_string()]
        .map(str::to_owned)
        .into())
}

fn apache(folder: &Path, ports: Range<u32>) -> io::Result<Vec<String>> {
    let mut text =
        format!("ServerRoot /etc/apache2\nListenBackLog {BACKLOG}\nInclude ports.conf\n");
    let ports: String = ports.map(|port| format!("Listen {port}\n")).collect();
    text += &ports;
    let main = folder.join("apache2.conf");
    fs::write(&main, text)?;
    Ok(option("-f", &main))
}
