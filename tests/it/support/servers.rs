//! Real servers from the distribution's packages, in the namespace of the test.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::netns::Netns;
use super::sandbox::die_with_parent;
use super::{ss, wait};

/// A server and how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    program: &'static str,
    package: &'static str,
    /// The name that backlint gives it.
    pub(crate) service: &'static str,
    /// What it asks listen(2) for when nothing is configured.
    pub(crate) backlog: u32,
    pub(crate) port: u16,
    /// How many processes it has when it is up.
    processes: usize,
    arguments: Vec<String>,
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// redis-server on one port.
pub(crate) fn redis(directory: &Path) -> Recipe {
    let (at, port) = (directory.display(), 6379);
    Recipe {
        program: "redis-server",
        package: "redis-server",
        service: "redis",
        backlog: 511,
        port,
        processes: 1,
        arguments: words(&format!(
            "--port {port} --bind 127.0.0.1 --daemonize no --dir {at}"
        )),
    }
}

/// memcached on one port.
pub(crate) fn memcached() -> Recipe {
    Recipe {
        program: "memcached",
        package: "memcached",
        service: "memcached",
        backlog: 1024,
        port: 11211,
        processes: 1,
        arguments: words("-u root -l 127.0.0.1 -p 11211 -U 0 -m 16 -t 1"),
    }
}

/// nginx with a master and this many workers.
pub(crate) fn nginx(directory: &Path, workers: usize) -> Recipe {
    nginx_that(directory, workers, "")
}

/// nginx with these options of its `listen` directive.
pub(crate) fn nginx_that(directory: &Path, workers: usize, options: &str) -> Recipe {
    let (at, port) = (directory.display(), 8080);
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|part| format!("  {part}_temp_path {at}/{part};\n"))
        .concat();
    let text = format!(
        "daemon off;\nuser root;\nworker_processes {workers};\npid {at}/nginx.pid;\n\
         error_log {at}/error.log;\nevents {{ worker_connections 64; }}\n\
         http {{\n  access_log off;\n{temporary}  server {{ listen 0.0.0.0:{port}{options}; }}\n}}\n"
    );
    fs::write(directory.join("nginx.conf"), text).unwrap();
    Recipe {
        program: "nginx",
        package: "nginx-light",
        service: "nginx",
        backlog: 511,
        port,
        processes: 1 + workers,
        arguments: words(&format!("-p {at} -e {at}/error.log -c {at}/nginx.conf")),
    }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    recipe: Recipe,
    log: PathBuf,
}

impl Recipe {
    /// With these further arguments.
    pub(crate) fn with(mut self, arguments: &str) -> Self {
        self.arguments.extend(words(arguments));
        self
    }

    /// Starts the server and waits until it listens and has all its processes.
    pub(crate) fn start(&self, _inside: &Netns, directory: &Path) -> Server {
        let log = directory.join(format!("{}.log", self.program));
        let out = fs::File::create(&log).unwrap();
        let mut command = Command::new(self.program());
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        // SIGTERM, so that a master takes its workers along.
        let child = die_with_parent(&mut command, Signal::TERM).spawn().unwrap();
        let mut server = Server {
            child,
            recipe: self.clone(),
            log,
        };
        wait::until(self.program, || server.is_up().then_some(()));
        server
    }

    /// Where the program is. Its absence fails the test: nothing is skipped.
    fn program(&self) -> PathBuf {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
        let mut places = folders
            .iter()
            .map(|folder| Path::new(folder).join(self.program));
        let message = format!(
            "{} is missing: install the package {}",
            self.program, self.package
        );
        places.find(|path| path.exists()).expect(&message)
    }
}

impl Server {
    /// The process that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its pid and those of its children, sorted.
    pub(crate) fn family(&self) -> Vec<u32> {
        let pid = self.pid();
        let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let children = text.split_whitespace().map(|pid| pid.parse().unwrap());
        let mut family: Vec<u32> = children.chain([pid]).collect();
        family.sort_unstable();
        family
    }

    /// The address it listens on, and nothing else.
    pub(crate) fn address(&self) -> String {
        let ip = match self.recipe.service {
            "nginx" => Ipv4Addr::UNSPECIFIED,
            _ => Ipv4Addr::LOCALHOST,
        };
        format!("{ip}:{}", self.recipe.port)
    }

    /// Stops every thread of it, so that nobody accepts.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.pid());
        wait::until("a stopped process", || {
            fs::read_to_string(&stat)
                .unwrap()
                .contains(") T ")
                .then_some(())
        });
    }

    /// Stops the server and starts it again.
    pub(crate) fn restart(self, inside: &Netns, directory: &Path) -> Self {
        let recipe = self.recipe.clone();
        drop(self);
        recipe.start(inside, directory)
    }

    fn is_up(&mut self) -> bool {
        if let Some(status) = self.child.try_wait().unwrap() {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            panic!("{} ended, {status}: {said}", self.recipe.program);
        }
        self.family().len() == self.recipe.processes && ss::ports().contains(&self.recipe.port)
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
        if wait::end_of(&mut self.child, Duration::from_secs(10)).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
