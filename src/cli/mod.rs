//! Arguments in, exit status out. The only stage that knows clap, and the only one that writes to
//! standard output.

use std::process::ExitCode;

/// Runs the command line and returns its exit status.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
