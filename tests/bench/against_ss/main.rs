//! backlint against `ss -Hltnp`, as whole processes, in pairs, on hosts made for it.
//!
//! Each scenario gets a network namespace, a pid namespace and a /proc of its own, so that the
//! number of processes and of sockets is exactly what it says and the machine's own are not seen.
//! Without root they belong to a user namespace. Needs unshare(1), ip(8) and ss(8).
//!
//! `cargo bench --bench against_ss` runs all scenarios; names behind `--` choose among them, and
//! `--rounds N` sets how often. `--run COMMAND` runs a shell command on such a host instead, for
//! profilers.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for people

#[path = "../cost.rs"]
mod cost;
mod helper;
mod measure;
mod scenario;
mod service;
mod table;

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use helper::Population;
use measure::{Cost, Tool};
use scenario::Scenario;

/// First argument inside the namespaces.
const INSIDE: &str = "--inside";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((first, rest)) if first == helper::FLAG => helper::run(rest),
        Some((first, rest)) if first == INSIDE => inside(rest),
        _ => outside(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("against_ss: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Default)]
struct Request {
    scenarios: Vec<&'static Scenario>,
    rounds: Option<usize>,
    run: Option<String>,
}

impl Request {
    fn parse(arguments: &[String]) -> io::Result<Self> {
        let mut request = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--bench" => {}
                "--rounds" => request.rounds = rest.next().and_then(|text| text.parse().ok()),
                "--run" => request.run = rest.next().cloned(),
                name => request.scenarios.push(Scenario::find(name).ok_or_else(|| {
                    let names: Vec<_> = scenario::ALL.iter().map(|known| known.name).collect();
                    io::Error::other(format!("no scenario {name}; known: {}", names.join(", ")))
                })?),
            }
        }
        if request.scenarios.is_empty() {
            request.scenarios.extend(&scenario::ALL);
        }
        Ok(request)
    }
}

/// Runs each scenario in a copy of this program inside namespaces of its own.
fn outside(arguments: &[String]) -> io::Result<()> {
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("measures only when run by `cargo bench`");
        return Ok(());
    }
    inherit_nothing()?;
    let request = Request::parse(arguments)?;
    for scenario in request.scenarios {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        // --kill-child: nothing is left when this process is killed.
        command
            .args(["--net", "--pid", "--mount", "--fork"])
            .args(["--mount-proc", "--kill-child"])
            .arg(env::current_exe()?)
            .args([INSIDE, scenario.name]);
        if let Some(rounds) = request.rounds {
            command.args(["--rounds", &rounds.to_string()]);
        }
        if let Some(run) = &request.run {
            command.args(["--run", run]);
        }
        if !command.status()?.success() {
            return Err(io::Error::other(format!("{} failed", scenario.name)));
        }
    }
    Ok(())
}

/// Keeps descriptors that whoever started this left open from every process of a scenario, where
/// they would stand among the listeners.
#[allow(unsafe_code)]
fn inherit_nothing() -> io::Result<()> {
    const FLAG: i32 = libc::CLOSE_RANGE_CLOEXEC as i32;
    // SAFETY: closes nothing here, only in programs that this one starts.
    match unsafe { libc::close_range(3, libc::c_uint::MAX, FLAG) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// PID 1 of the namespaces: builds the host, measures, and takes all of it along when it ends.
fn inside(arguments: &[String]) -> io::Result<()> {
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status()?;
    if !up.success() {
        return Err(io::Error::other("loopback could not be set up"));
    }
    let request = Request::parse(arguments)?;
    for scenario in request.scenarios {
        let population = Population::start(scenario)?;
        let pids = population.pids();
        if let Some(run) = &request.run {
            Command::new("sh").args(["-c", run]).status()?;
            continue;
        }
        table::heading(scenario);
        let tools = [Tool::Audit, Tool::List, scenario.rival];
        for tool in tools {
            table::answer(tool, &answer(tool, &pids)?);
        }
        let rounds = request.rounds.unwrap_or(scenario.rounds);
        table::print(scenario, tools, &compare(tools, &pids, rounds)?);
    }
    Ok(())
}

/// The text that a tool answers with.
fn answer(tool: Tool, pids: &str) -> io::Result<String> {
    let output = tool.command(pids).stderr(Stdio::inherit()).output()?;
    if !tool.answered(output.status.code()) {
        return Err(io::Error::other(format!("{} failed", tool.title())));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

/// Runs the tools in turn, in an order that turns round after round, so that none always comes
/// first. The answers before were the warm-up.
fn compare(tools: [Tool; 3], pids: &str, rounds: usize) -> io::Result<Vec<[Cost; 3]>> {
    (0..rounds)
        .map(|round| {
            let mut costs = [None; 3];
            for step in 0..3 {
                let index = (round + step) % 3;
                costs[index] = Some(measure::run(tools[index], pids)?);
            }
            let [Some(audit), Some(list), Some(ss)] = costs else {
                return Err(io::Error::other("a tool was not run"));
            };
            Ok([audit, list, ss])
        })
        .collect()
}
