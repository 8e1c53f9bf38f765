//! The matrix of real servers: each in its usual configuration and in others, under three values of
//! somaxconn, with what strace(1) saw it ask for beside what backlint says.
//!
//! The table is written to target/matrix.md. `BACKLINT_MATRIX=nginx,redis` runs these servers only.

mod cell;
mod entry;
mod row;
mod servers;
mod table;
pub(crate) mod truth;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;
use std::{env, fs, thread};

/// The values of somaxconn that each server is started under.
const CAPS: [u32; 3] = [128, 4096, 65_535];

/// Where a server's files are, in its own mount namespace.
const HOME: &str = "/run/matrix";

#[test]
fn no_verdict_on_a_real_server_is_wrong() {
    // Many servers want users of their own, which nobody else can become.
    assert!(
        rustix::process::geteuid().is_root(),
        "the matrix of real servers needs root"
    );
    let started = Instant::now();
    let entries = servers::all();
    let only = env::var("BACKLINT_MATRIX").ok();
    let wanted = |service: &str| {
        only.as_ref()
            .is_none_or(|only| only.split(',').any(|name| name == service))
    };
    let mut cells: Vec<(usize, u32)> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        if wanted(entry.service) {
            cells.extend(entry.caps.iter().map(|cap| (number, *cap)));
        }
    }
    let count = cells.len();
    let queue = Mutex::new(cells.into_iter());
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, Into::into) {
            scope.spawn(|| {
                loop {
                    let Some((entry, cap)) = queue.lock().unwrap().next() else {
                        break;
                    };
                    let rows = cell::run(entry, cap);
                    done.lock().unwrap().insert((entry, cap), rows);
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let all: Vec<String> = done
        .iter()
        .map(|((entry, cap), rows)| table::rows(&entries[*entry], *cap, rows))
        .collect();
    let time = format!(
        "{count} cells in {:.0} seconds.",
        started.elapsed().as_secs_f64()
    );
    let text = format!("{}{}\n{time}\n", table::head(), all.concat());
    fs::write(
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("matrix.md"),
        &text,
    )
    .unwrap();
    let wrong: String = text
        .lines()
        .filter(|line| line.contains("**"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(wrong.is_empty(), "{text}\nWrong:\n{wrong}");
}
