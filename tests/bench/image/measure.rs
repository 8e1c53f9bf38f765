//! Running a program that has to end well, and what that costs.

use std::io;
use std::process::{Command, Stdio};

pub(crate) use crate::cost::Cost;

/// Runs a program with its output to /dev/null.
pub(crate) fn run(mut command: Command) -> io::Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    match crate::cost::run(&mut command)? {
        (cost, Some(0)) => Ok(cost),
        (_, status) => Err(io::Error::other(format!(
            "{command:?} ended with status {status:?}"
        ))),
    }
}
