//! What `backlint trace` costs the command: whole runs of it bare, traced, and under strace, in pairs in
//! one run; and what `backlint trace --host` costs a system call of everybody else while it is on.
//!
//! `cargo bench --bench traced` runs all workloads; names behind `--` choose among them, and `--rounds N`
//! sets how often. Needs redis-server, redis-benchmark, cc and strace; `host` needs root.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for people

#[path = "../cost.rs"]
mod cost;

use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use cost::Cost;

/// A command that does much besides listening, for `sh -c`.
struct Workload {
    name: &'static str,
    script: &'static str,
    rounds: usize,
}

const WORKLOADS: [Workload; 3] = [
    Workload {
        name: "redis",
        script: "redis-server --port 0 --unixsocket $PWD/s --save '' --daemonize yes > /dev/null; \
            until redis-cli -s s ping > /dev/null 2>&1; do sleep 0.01; done; \
            redis-benchmark -s s -t set,get -n 200000 -P 4 -q > /dev/null; redis-cli -s s shutdown",
        rounds: 11,
    },
    Workload {
        name: "forks",
        script: "i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i + 1)); done",
        rounds: 11,
    },
    Workload {
        name: "build",
        script: "i=0; while [ $i -lt 60 ]; do \
            echo \"#include <stdio.h>\nint f$i(int x) { return printf(\\\"%d\\\", x); }\" > $i.c; \
            cc -O1 -c $i.c; i=$((i + 1)); done",
        rounds: 7,
    },
];

/// How it is run.
#[derive(Clone, Copy)]
enum Way {
    Bare,
    Traced,
    Strace,
    StraceFiltered,
}

const WAYS: [Way; 4] = [Way::Bare, Way::Traced, Way::Strace, Way::StraceFiltered];

impl Way {
    fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Traced => "backlint trace",
            Self::Strace => "strace -f",
            Self::StraceFiltered => "strace -f --seccomp-bpf",
        }
    }

    fn run(self, script: &str) -> io::Result<Cost> {
        let folder = tempfile::tempdir()?;
        let front: &[&str] = match self {
            Self::Bare => &[],
            Self::Traced => &[
                env!("CARGO_BIN_EXE_backlint"),
                "trace",
                "--no-config",
                "--command-status",
                "--",
            ],
            Self::Strace => &[
                "strace",
                "-f",
                "-e",
                "trace=listen",
                "-o",
                "trace.txt",
                "--",
            ],
            Self::StraceFiltered => &[
                "strace",
                "-f",
                "--seccomp-bpf",
                "-e",
                "trace=listen",
                "-o",
                "trace.txt",
                "--",
            ],
        };
        let words = [front, &["sh", "-c", script]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match cost::run(&mut command)? {
            (cost, Some(0)) => Ok(cost),
            (_, code) => Err(io::Error::other(format!(
                "{} ended with {code:?}",
                self.title()
            ))),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("measures only when run by `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let at = arguments.iter().position(|argument| argument == "--rounds");
    let rounds = at.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let named = |name: &str| {
        let names = ["redis", "forks", "build", "host"];
        let asked = arguments
            .iter()
            .any(|argument| names.contains(&argument.as_str()));
        !asked || arguments.iter().any(|argument| argument == name)
    };
    let mut chosen = WORKLOADS.iter().filter(|it| named(it.name));
    let mut result = chosen.try_for_each(|it| compare(it, rounds));
    if result.is_ok() && named("host") {
        result = host(rounds.unwrap_or(11));
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("traced: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a workload in all ways, in an order that turns round after round.
fn compare(workload: &Workload, rounds: Option<usize>) -> io::Result<()> {
    Way::Bare.run(workload.script)?;
    let mut all: Vec<Vec<Cost>> = vec![Vec::new(); WAYS.len()];
    for round in 0..rounds.unwrap_or(workload.rounds) {
        for step in 0..WAYS.len() {
            let index = (round + step) % WAYS.len();
            all[index].push(WAYS[index].run(workload.script)?);
        }
    }
    println!("{}, {} rounds:", workload.name, all[0].len());
    for (way, costs) in WAYS.iter().zip(&all) {
        let pairs = costs.iter().zip(&all[0]);
        let ratios = |of: fn(&Cost) -> f64| {
            quartiles(
                pairs
                    .clone()
                    .map(|(cost, bare)| of(cost) / of(bare))
                    .collect(),
            )
        };
        let [low, middle, high] = ratios(|cost| cost.wall.as_secs_f64());
        let [_, cpu, _] = ratios(|cost| cost.cpu.as_secs_f64());
        let [_, seconds, _] = quartiles(costs.iter().map(|it| it.wall.as_secs_f64()).collect());
        let memory = costs
            .iter()
            .map(|cost| cost.memory)
            .max()
            .unwrap_or_default();
        println!(
            "  {:<24} {seconds:7.3} s  {middle:6.3} of bare, quartiles {low:.3} to {high:.3}; \
             processors {cpu:.3} of bare; {memory} KiB",
            way.title()
        );
    }
    Ok(())
}

/// The cost of a system call before, while, and after the host is traced, in turn.
fn host(rounds: usize) -> io::Result<()> {
    let mut all: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        all[0].push(call());
        let mut tracer = Command::new(env!("CARGO_BIN_EXE_backlint"))
            .args(["trace", "--no-config", "--host", "--fail-on", "never"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let said = tracer
            .stderr
            .take()
            .ok_or_else(|| io::Error::other("no standard error"))?;
        let mut said = BufReader::new(said);
        while !line.contains("watching") {
            if said.read_line(&mut line)? == 0 {
                return Err(io::Error::other(line));
            }
        }
        all[1].push(call());
        let pid = i32::try_from(tracer.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("no pid"))?;
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        tracer.wait()?;
        all[2].push(call());
    }
    let kernel = fs::read_to_string(Path::new("/proc/sys/kernel/osrelease"))?;
    println!("getppid() on {}, {rounds} rounds:", kernel.trim());
    for (what, times) in ["before", "while the host is traced", "after"]
        .iter()
        .zip(all)
    {
        let [low, middle, high] = quartiles(times);
        println!("  {what:<24} {middle:6.1} ns, quartiles {low:.1} to {high:.1}");
    }
    Ok(())
}

/// Nanoseconds of one system call.
fn call() -> f64 {
    const CALLS: u32 = 2_000_000;
    let start = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(rustix::process::getppid());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}
