//! A process that holds descriptors and does nothing: the population of a scenario's host.

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Resource, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use tempfile::TempDir;

use super::scenario::{Filler, Group, Place, Scenario};
use super::service;

/// First argument of a helper.
pub(crate) const FLAG: &str = "--hold-descriptors";
/// Ports from here on, below those that the kernel picks for connections.
const FIRST_PORT: u32 = 10_000;
/// Backlogs that programs ask for: nginx, the old cap, the new cap, Java, as much as there is.
const BACKLOGS: [i32; 5] = [511, 128, 4096, 50, -1];

/// The processes of a scenario. They end when this is dropped, or when this process dies.
pub(crate) struct Population {
    /// All of them read from this pipe, and end when it does.
    stay: Option<PipeWriter>,
    processes: Vec<Child>,
    /// Configuration files of services; taken away at the end.
    files: TempDir,
}

impl Population {
    /// Starts the processes and waits until all of them hold what they are to hold.
    pub(crate) fn start(scenario: &Scenario) -> io::Result<Self> {
        let exe = env::current_exe()?;
        let (stay, hold) = io::pipe()?;
        let (mut answers, answer) = io::pipe()?;
        let mut population = Self {
            stay: Some(hold),
            processes: Vec::new(),
            files: TempDir::new()?,
        };
        let mut port = FIRST_PORT;
        for group in scenario.groups {
            for index in 0..group.processes {
                let share = group.listeners * (index + 1) / group.processes
                    - group.listeners * index / group.processes;
                let number = population.processes.len();
                let mut command =
                    helper(&exe, group, share, port, number, population.files.path())?;
                command.stdin(stay.try_clone()?).stdout(answer.try_clone()?);
                population.processes.push(command.spawn()?);
                port += share;
            }
        }
        drop((stay, answer));
        wait_for(&mut answers, population.processes.len())?;
        Ok(population)
    }
}

impl Population {
    /// Their pids, for a shell.
    pub(crate) fn pids(&self) -> String {
        let pids = self
            .processes
            .iter()
            .map(|process| process.id().to_string());
        pids.collect::<Vec<_>>().join(" ")
    }
}

impl Drop for Population {
    fn drop(&mut self) {
        drop(self.stay.take());
        for process in &mut self.processes {
            // It ends by itself; what it ended with does not matter.
            let _ = process.wait();
        }
    }
}

fn helper(
    exe: &std::path::Path,
    group: &Group,
    listeners: u32,
    port: u32,
    number: usize,
    folder: &std::path::Path,
) -> io::Result<Command> {
    let mut command = match group.apart {
        true => apart(exe),
        false => Command::new(exe),
    };
    command
        .arg(FLAG)
        .args([group.filler.name(), group.place.name()])
        .args([listeners, group.descriptors, port].map(|number| number.to_string()))
        .arg(number.to_string())
        .stderr(Stdio::inherit());
    if group.services {
        let ports = port..port + listeners;
        command.args(service::prepare(folder, number, ports)?);
    }
    Ok(command)
}

/// The program in a network namespace of its own, under the same pid.
fn apart(exe: &std::path::Path) -> Command {
    let mut command = Command::new("unshare");
    let up = "ip link set lo up && exec \"$0\" \"$@\"";
    command.args(["--net", "sh", "-c", up]).arg(exe);
    command
}

fn wait_for(answers: &mut PipeReader, wanted: usize) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut ready = 0;
    while ready < wanted {
        match answers.read(&mut buffer)? {
            0 => return Err(io::Error::other("a process of the scenario failed")),
            length => ready += length,
        }
    }
    Ok(())
}

/// Runs as a helper: opens what the arguments say, tells so, and waits for the end.
pub(crate) fn run(arguments: &[String]) -> io::Result<()> {
    // Whatever ends the parent, SIGKILL too, ends this.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let usage = || io::Error::other("a helper's arguments are wrong");
    let [
        filler,
        place,
        listeners,
        descriptors,
        port,
        number,
        service @ ..,
    ] = arguments
    else {
        return Err(usage());
    };
    let parse = |text: &String| text.parse::<u32>().map_err(|_| usage());
    let (listeners, descriptors) = (parse(listeners)?, parse(descriptors)?);
    let (port, number) = (parse(port)?, parse(number)?);
    if !service.is_empty() {
        service::become_one(number as usize)?;
    }
    let place = Place::parse(place).ok_or_else(usage)?;
    let mut table = Table {
        filler: Filler::parse(filler).ok_or_else(usage)?,
        at: positions(place, listeners, descriptors, number),
        end: descriptors,
        port,
        configured: !service.is_empty(),
        acceptor: None,
        held: Vec::new(),
    };
    table.fill(number)?;
    // One byte a process; written at once, so those of several processes do not mix.
    io::stdout().write_all(b"+")?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The descriptors at which the listeners are to be.
fn positions(place: Place, listeners: u32, descriptors: u32, seed: u32) -> BTreeSet<u32> {
    match place {
        Place::Low => (3..3 + listeners).collect(),
        Place::End => (descriptors - listeners..descriptors).collect(),
        Place::Random => {
            // A linear congruential generator: the same places in every run.
            let mut state = u64::from(seed) + 1;
            let mut at = BTreeSet::new();
            while at.len() < listeners as usize {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                at.insert(3 + ((state >> 33) as u32) % (descriptors - 3));
            }
            at
        }
    }
}

/// A descriptor table that is filled from 3 on; the kernel always hands out the lowest number.
struct Table {
    filler: Filler,
    at: BTreeSet<u32>,
    end: u32,
    port: u32,
    /// Whether its listeners have the backlog that a service's files ask for.
    configured: bool,
    acceptor: Option<TcpListener>,
    held: Vec<OwnedFd>,
}

impl Table {
    fn fill(&mut self, number: u32) -> io::Result<()> {
        if self.filler == Filler::Tcp {
            self.acceptor = Some(acceptor(number, self.end)?);
        }
        loop {
            let next = 3 + u32::try_from(self.held.len()).unwrap_or(u32::MAX);
            if next >= self.end {
                self.acceptor = None;
                return Ok(());
            }
            if self.at.contains(&next) {
                let listener = self.listener()?;
                self.held.push(listener);
            } else {
                // A pair needs two free places.
                let pair = next + 1 < self.end && !self.at.contains(&(next + 1));
                self.other(pair)?;
            }
        }
    }

    fn other(&mut self, pair: bool) -> io::Result<()> {
        match (&self.acceptor, self.filler) {
            (Some(acceptor), Filler::Tcp) if pair => {
                let near = TcpStream::connect(acceptor.local_addr()?)?;
                let (far, _) = acceptor.accept()?;
                self.held.extend([near.into(), far.into()]);
            }
            (_, Filler::Unix) if pair => self.unix()?,
            (_, Filler::Mixed) if pair && self.held.len() % 4 < 2 => self.unix()?,
            _ => self.held.push(File::open("/dev/null")?.into()),
        }
        Ok(())
    }

    fn unix(&mut self) -> io::Result<()> {
        let (near, far) = UnixStream::pair()?;
        self.held.extend([near.into(), far.into()]);
        Ok(())
    }

    /// The next listener: every fourth one on IPv6, backlogs in turn.
    fn listener(&mut self) -> io::Result<OwnedFd> {
        let port = u16::try_from(self.port).map_err(io::Error::other)?;
        let backlog = match self.configured {
            true => service::BACKLOG,
            false => BACKLOGS[self.port as usize % BACKLOGS.len()],
        };
        self.port += 1;
        let (family, address): (_, SocketAddr) = match port % 4 {
            0 => (AddressFamily::INET6, (Ipv6Addr::LOCALHOST, port).into()),
            1 => (AddressFamily::INET, (Ipv4Addr::LOCALHOST, port).into()),
            _ => (AddressFamily::INET, (Ipv4Addr::UNSPECIFIED, port).into()),
        };
        let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
        rustix::net::bind(&socket, &address)?;
        rustix::net::listen(&socket, backlog)?;
        Ok(socket)
    }
}

/// A listener of this process's own, for its connections: an address of its own, because one pair of
/// addresses has 28,000 ports, and a descriptor behind all others, because it is closed at the end.
fn acceptor(number: u32, end: u32) -> io::Result<TcpListener> {
    let [.., high, low] = (number + 1).to_be_bytes();
    let listener = TcpListener::bind((Ipv4Addr::new(127, 1, high, low), 9000))?;
    let behind = i32::try_from(end + 2).map_err(io::Error::other)?;
    Ok(fcntl_dupfd_cloexec(listener, behind)?.into())
}
