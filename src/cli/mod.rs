//! Arguments in, exit status out. The only stage that knows clap, and the only one that writes to
//! standard output. Wires the stages together and decides nothing.

mod args;
mod assume;
mod audit;
pub mod config;
mod containers;
mod diff;
mod explain;
mod gate;
mod host;
mod image;
mod input;
mod judge;
mod list;
mod netns;
mod open;
mod output;
mod outputs;
mod patch;
mod record;
mod rules;
mod target;
mod trace;
mod why;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::report::Outcome;
use args::{Arguments, Command};
use input::Failure;

/// The command line as clap knows it: what the manual pages and completions in `packaging/` are made of.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command line and returns its exit status.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            // Nothing can be done if standard error is closed.
            let _ = error.print();
            return exit(Outcome::Unusable);
        }
        // Help and version are asked for and are a result.
        Err(help) => return finish(output::help(&help.render())),
    };
    let result: Run = match arguments.command.unwrap_or(Command::Audit(arguments.audit)) {
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Trace(arguments) => {
            return match trace::run(&arguments) {
                Ok(End::Outcome(outcome)) => exit(outcome),
                Ok(End::Status(status)) => ExitCode::from(status),
                Err(failure) => finish(Err(failure)),
            };
        }
        Command::List(arguments) => list::run(&arguments),
        Command::Snapshot(arguments) => record::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Patch(arguments) => patch::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments.command),
    };
    finish(result)
}

fn finish(result: Run) -> ExitCode {
    exit(result.unwrap_or_else(|failure| {
        output::complain(&failure);
        Outcome::Unusable
    }))
}

fn exit(outcome: Outcome) -> ExitCode {
    ExitCode::from(outcome.status())
}

/// What a command returns: how it ended, or why it could not.
type Run = Result<Outcome, Failure>;

/// How a command ended that may have the exit status of another program.
enum End {
    Outcome(Outcome),
    Status(u8),
}
