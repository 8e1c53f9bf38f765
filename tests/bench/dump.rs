//! Reading the table of 10,000 listeners, against a C program that receives the same rows and does
//! not look at them (`recv_loop.c`), in pairs.
//!
//! Two things of backlint's are measured: the same two dumps with every row read, which is what the
//! target is about; and the whole of `collect::snapshot` without owners, SYN queues, sysctls and
//! files, which also dumps the unix sockets, spells and sorts the listeners, and reads the counters
//! and the names of the namespace and of the host. What that costs without any listener is measured
//! first and printed, so that it can be taken off.
//!
//! In a network namespace of its own, and without root in a user namespace. Needs unshare(1), cc(1).

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for people

use std::env;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use backlint::collect::{self, Sources, Wanted};
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Resource, getrlimit, setrlimit};

/// First argument inside the namespace.
const INSIDE: &str = "--inside";
const LISTENERS: u16 = 10_000;
const ROUNDS: usize = 21;
/// Dumps of each program in a round, after one that warms it up.
const DUMPS: usize = 9;
/// At most this many times the C program's time.
const TARGET: f64 = 1.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(INSIDE) => inside(),
        _ if arguments.iter().any(|argument| argument == "--bench") => outside(),
        _ => {
            println!("measures only when run by `cargo bench`");
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dump: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a copy of this program in a network namespace of its own.
fn outside() -> io::Result<()> {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--net", "--fork", "--kill-child"])
        .arg(env::current_exe()?)
        .arg(INSIDE);
    succeeds(&mut command)
}

fn inside() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let bare = compile()?;
    let empty = median(snapshots(DUMPS * ROUNDS)?);
    let _listeners: Vec<OwnedFd> = (0..LISTENERS).map(listener).collect::<Result<_, _>>()?;
    let mut dumper = collect::dumper()?;
    let rounds = (0..ROUNDS).map(|_| {
        Ok([
            median(dumps(&mut dumper)?),
            median(bare_dumps(&bare)?),
            median(snapshots(DUMPS)?),
        ])
    });
    let rounds: Vec<[f64; 3]> = rounds.collect::<io::Result<_>>()?;
    let of = |what: fn(&[f64; 3]) -> f64| median(rounds.iter().map(what).collect());
    let ratios: Vec<f64> = rounds.iter().map(|[ours, bare, _]| ours / bare).collect();
    let (min, max) = ratios.iter().fold((f64::INFINITY, 0.0), |(min, max), &r| {
        (f64::min(min, r), f64::max(max, r))
    });
    let ratio = median(ratios);
    let [dump, bare, whole] = [of(|all| all[0]), of(|all| all[1]), of(|all| all[2])];
    println!("{LISTENERS} listeners, medians of {ROUNDS} rounds of {DUMPS} dumps, in ms:");
    println!("  recv_loop.c, no row looked at    {:8.3}", bare / 1e6);
    println!("  the same dumps, all rows read    {:8.3}", dump / 1e6);
    println!("  ratio of each round              {ratio:8.2} ({min:.2}-{max:.2})");
    println!("  collect::snapshot, listeners     {:8.3}", whole / 1e6);
    println!("  collect::snapshot, no listener   {:8.3}", empty / 1e6);
    println!(
        "  ratio, snapshot to recv_loop.c   {:8.2}",
        of(|[_, bare, whole]| whole / bare)
    );
    let met = if ratio <= TARGET { "met" } else { "MISSED" };
    println!("  target {met}: dumps at most {TARGET} times as long as recv_loop.c");
    Ok(())
}

/// Times of the two dumps, in ns.
fn dumps(dumper: &mut impl FnMut() -> io::Result<usize>) -> io::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..=DUMPS {
        let start = Instant::now();
        let found = dumper()?;
        times.push(start.elapsed().as_nanos() as f64);
        if found != usize::from(LISTENERS) {
            return Err(io::Error::other(format!("{found} listeners were dumped")));
        }
    }
    times.remove(0);
    Ok(times)
}

/// Times of taking the record, in ns.
fn snapshots(count: usize) -> io::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..=count {
        let start = Instant::now();
        let snapshot = collect::snapshot(&Sources::default(), &Wanted::default());
        let snapshot = snapshot.map_err(io::Error::other)?;
        times.push(start.elapsed().as_nanos() as f64);
        let found = snapshot.namespaces.first().map(|ns| ns.listeners.len());
        if found.is_none_or(|found| found != 0 && found != usize::from(LISTENERS)) {
            return Err(io::Error::other(format!("{found:?} listeners were found")));
        }
    }
    times.remove(0);
    Ok(times)
}

/// Times of the C program's dumps, in ns.
fn bare_dumps(program: &Path) -> io::Result<Vec<f64>> {
    let count = (DUMPS + 1).to_string();
    let output = Command::new(program).arg(count).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let times = text.lines().filter_map(|line| {
        let (time, bytes) = line.split_once(' ')?;
        // A row with its drops has more than 100 bytes.
        let whole = bytes.parse::<u64>().ok()? > 100 * u64::from(LISTENERS);
        time.parse().ok().filter(|_| whole)
    });
    let times: Vec<f64> = times.skip(1).collect();
    match times.len() {
        DUMPS => Ok(times),
        _ => Err(io::Error::other("the C program did not read the table")),
    }
}

fn compile() -> io::Result<PathBuf> {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recv_loop");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/recv_loop.c");
    let mut command = Command::new("cc");
    command.args(["-O2", "-o"]).arg(&program).arg(source);
    succeeds(&mut command)?;
    Ok(program)
}

fn succeeds(command: &mut Command) -> io::Result<()> {
    match command.status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("{command:?}: {status}"))),
    }
}

/// A listener, every fourth one on IPv6.
fn listener(number: u16) -> io::Result<OwnedFd> {
    let port = 10_000 + number;
    let (family, address): (_, SocketAddr) = match port % 4 {
        0 => (AddressFamily::INET6, (Ipv6Addr::UNSPECIFIED, port).into()),
        _ => (AddressFamily::INET, (Ipv4Addr::UNSPECIFIED, port).into()),
    };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, 511)?;
    Ok(socket)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
