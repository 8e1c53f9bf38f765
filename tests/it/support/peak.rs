//! How much memory a run of backlint needs at most.
//!
//! What wait4(2) says would count the memory of the test program too, from which the child was
//! forked. So the child is stopped where it writes its output, into a pipe that is full, and has done
//! all its work: then `VmHWM` of proc(5) is its own peak.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::program::{HERE, backlint};
use super::wait;

/// How long a process must have rested to be waiting for its pipe.
const REST: Duration = Duration::from_millis(200);

/// Runs backlint with these arguments, and tells its peak in KiB.
pub(crate) fn peak(arguments: &[&str]) -> u64 {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b' '; 4096]).is_ok() {}
    while writer.write(b" ").is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    let mut command = backlint();
    let command = command
        .args(arguments)
        .args(HERE)
        .stdin(Stdio::null())
        .stdout(writer);
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut rested: Option<(String, Instant)> = None;
    let memory = wait::until("a full pipe", || {
        let text = fs::read_to_string(&status).unwrap();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {text}"))
                .trim()
                .to_owned()
        };
        let now = field("voluntary_ctxt_switches:") + &field("nonvoluntary_ctxt_switches:");
        let since = match rested.take() {
            Some((before, since)) if before == now => since,
            _ => Instant::now(),
        };
        rested = Some((now, since));
        let resting = field("State:").starts_with('S') && since.elapsed() > REST;
        resting.then(|| field("VmHWM:").trim_end_matches(" kB").parse().unwrap())
    });
    // The command keeps the writing end open.
    command.stdout(Stdio::null());
    let mut out = Vec::new();
    reader.read_to_end(&mut out).unwrap();
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    assert!(out.ends_with(b"}\n"), "it was not finished");
    memory
}
