//! Auditing an image, and only reading it, against `gzip -dc` of its layers, as whole processes, side by side.
//!
//! `audit` is the command as users run it, from its start to its report: `backlint audit --image ARCHIVE --fail-on
//! never`. The others are the library in a copy of this program.
//!
//! The image is made once, in the target folder: 100,000 files and 1 GiB in five gzip layers, as `podman save
//! --format oci-archive` writes them, the same bytes every time. Three quarters of the bytes are like executables, the
//! rest are texts.
//!
//! `cargo bench --bench image` prints the times, their ratios and the largest resident sets; `--rounds N` behind `--`
//! sets how often.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for people

#[path = "../cost.rs"]
mod cost;
mod make;
mod measure;

use std::env;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use backlint::image::{Tree, Unread, open};
use measure::{Cost, run};

/// First argument of the copy of this program that reads the image.
const READ: &str = "--read";
/// And of the one that makes it.
const MAKE: &str = "--make";
/// What is measured.
const COMMANDS: [&str; 4] = [
    "gzip -dc LAYERS",
    "backlint audit --image ARCHIVE",
    "the library, first reading",
    "the library, and a file fetched later",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [first, path, files @ ..] if first == READ => read(Path::new(path), files),
        [first] if first == MAKE => make::image(Path::new(env!("CARGO_TARGET_TMPDIR"))),
        arguments if arguments.iter().any(|word| word == "--bench") => compare(arguments),
        _ => {
            println!("measures only when run by `cargo bench`");
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("image: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the image and asks what an audit asks of each one, and for these files.
fn read(path: &Path, files: &[String]) -> io::Result<()> {
    let mut image = open(path, None).map_err(io::Error::other)?;
    let question = |tree: &dyn Tree| -> Result<usize, Unread> {
        let mut bytes = 0;
        let known = [
            "/etc/os-release",
            "/etc/nginx/nginx.conf",
            "/var/lib/dpkg/status",
        ];
        for path in known.into_iter().chain(files.iter().map(String::as_str)) {
            let text = tree.read(path)?;
            bytes += text
                .ok_or_else(|| Unread::Because(format!("{path} is missing")))?
                .len();
        }
        for directory in [
            "/etc/sysctl.d",
            "/usr/lib/sysctl.d",
            "/usr/lib/systemd/system",
        ] {
            bytes += tree.list(directory)?.map_or(0, |names| names.len());
        }
        tree.shown("/usr/sbin/nginx")?;
        Ok(bytes)
    };
    let bytes = image.ask(question).map_err(io::Error::other)?;
    bytes.map(drop).map_err(io::Error::other)
}

fn compare(arguments: &[String]) -> io::Result<()> {
    let rounds = arguments
        .iter()
        .skip_while(|word| *word != "--rounds")
        .nth(1);
    let rounds: usize = rounds.and_then(|text| text.parse().ok()).unwrap_or(5);
    // NOTE: exec(2) counts what the process that forked had resident (`exec_mmap` in fs/exec.c), so this one makes
    // nothing itself.
    let status = Command::new(env::current_exe()?).arg(MAKE).status()?;
    if !status.success() {
        return Err(io::Error::other("the image was not made"));
    }
    let made = make::made(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    println!(
        "image of {} files: {} MiB unpacked, {} MiB in {} layers",
        made.files,
        made.unpacked >> 20,
        made.packed >> 20,
        made.layers.len()
    );
    let gzip = || {
        let mut gzip = Command::new("gzip");
        gzip.arg("-dc").args(&made.layers);
        gzip
    };
    let reader = |files: &[&str]| -> io::Result<Command> {
        let mut reader = Command::new(env::current_exe()?);
        reader.arg(READ).arg(&made.archive).args(files);
        Ok(reader)
    };
    let audit = || {
        let mut audit = Command::new(env!("CARGO_BIN_EXE_backlint"));
        audit.args(["audit", "--no-config", "--fail-on", "never", "--image"]);
        audit.arg(&made.archive);
        audit
    };
    let far = format!("/{}", make::FAR);
    let mut costs: [Vec<Cost>; COMMANDS.len()] = Default::default();
    for round in 0..=rounds {
        // In an order that turns, so that none always comes first.
        for step in 0..COMMANDS.len() {
            let which = (round + step) % COMMANDS.len();
            let command = match which {
                0 => gzip(),
                1 => audit(),
                2 => reader(&[])?,
                _ => reader(&[&far])?,
            };
            let cost = run(command)?;
            // The first round warms up.
            if round > 0 {
                costs[which].push(cost);
            }
        }
    }
    print(&costs);
    Ok(())
}

/// The table: the middle of all rounds, and the most memory of any.
fn print(costs: &[Vec<Cost>; COMMANDS.len()]) {
    println!(
        "\n{:<38} {:>9} {:>9} {:>9} {:>14}",
        "", "wall", "cpu", "memory", "speed of gzip"
    );
    for (name, own) in COMMANDS.into_iter().zip(costs) {
        let ratios = own
            .iter()
            .zip(&costs[0])
            .map(|(own, gzip)| gzip.wall.as_secs_f64() / own.wall.as_secs_f64());
        println!(
            "{name:<38} {:>7.2} s {:>7.2} s {:>5.1} MiB {:>13.2}x",
            median(own.iter().map(|cost| cost.wall.as_secs_f64())),
            median(own.iter().map(|cost| cost.cpu.as_secs_f64())),
            own.iter().map(|cost| cost.memory).max().unwrap_or(0) as f64 / 1024.0,
            median(ratios),
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
