//! Programs that start the program behind them and change nothing of it that matters here.
//!
//! Follows tini(1), dumb-init(1), env(1), nice(1), timeout(1), setpriv(1), runuser(1), sudo(8), chpst(8),
//! and the documentation of gosu, su-exec, catatonit and s6.

use super::{Command, absolute};

/// A program that starts another.
struct Wrapper {
    names: &'static [&'static str],
    /// Options that take the next word with them.
    valued: &'static [&'static str],
    /// Words between the options and the command.
    operands: usize,
}

const fn wrapper(
    names: &'static [&'static str],
    valued: &'static [&'static str],
    operands: usize,
) -> Wrapper {
    Wrapper {
        names,
        valued,
        operands,
    }
}

const WRAPPERS: [Wrapper; 18] = [
    wrapper(&["tini", "tini-static", "docker-init"], &["-p", "-e"], 0),
    wrapper(&["dumb-init"], &["-r", "--rewrite"], 0),
    wrapper(
        &[
            "catatonit",
            "nohup",
            "setsid",
            "with-contenv",
            "s6-env",
            "unbuffer",
        ],
        &[],
        0,
    ),
    wrapper(&["nice"], &["-n", "--adjustment"], 0),
    wrapper(
        &["ionice"],
        &["-c", "-n", "-p", "--class", "--classdata"],
        0,
    ),
    wrapper(
        &["stdbuf"],
        &["-i", "-o", "-e", "--input", "--output", "--error"],
        0,
    ),
    wrapper(&["timeout"], &["-k", "-s", "--kill-after", "--signal"], 1),
    wrapper(&["gosu", "su-exec", "s6-setuidgid", "setuidgid"], &[], 1),
    wrapper(&["taskset"], &[], 1),
    wrapper(
        &["setpriv"],
        &[
            "--reuid",
            "--regid",
            "--groups",
            "--inh-caps",
            "--ambient-caps",
            "--bounding-set",
            "--securebits",
        ],
        0,
    ),
    wrapper(
        &["chpst"],
        &[
            "-u", "-U", "-b", "-e", "-d", "-o", "-p", "-f", "-c", "-n", "-l", "-L",
        ],
        0,
    ),
    wrapper(&["numactl"], &["-m", "-N", "-C", "-i", "-p"], 0),
    wrapper(&["runuser"], &["-u", "-g", "-G", "--user", "--group"], 0),
    wrapper(
        &["sudo"],
        &["-u", "-g", "-C", "-D", "-T", "--user", "--group"],
        0,
    ),
    wrapper(&["bundle", "poetry", "pipenv", "uv"], &[], 1),
    wrapper(&["npx"], &[], 0),
    wrapper(&["logsave", "chronic"], &[], 0),
    wrapper(
        &["s6-softlimit", "softlimit"],
        &[
            "-a", "-c", "-d", "-f", "-l", "-m", "-o", "-p", "-r", "-s", "-t",
        ],
        0,
    ),
];

/// The command behind a wrapper of this name. `Some(None)`: it is one, and which command that is cannot be
/// told.
pub(super) fn behind(called: &str, command: &Command) -> Option<Option<Command>> {
    if called == "env" {
        return Some(env(command));
    }
    let wrapper = WRAPPERS.iter().find(|it| it.names.contains(&called))?;
    let rest = &command.words[1..];
    if matches!(called, "bundle" | "poetry" | "pipenv" | "uv")
        && !matches!(rest.first().map(String::as_str), Some("exec" | "run"))
    {
        return None;
    }
    let at = after_options(rest, wrapper.valued) + wrapper.operands;
    let words = rest.get(at..).unwrap_or_default().to_vec();
    Some(Some(Command {
        words,
        ..command.clone()
    }))
}

/// How many words are options, with their values and the `--` that ends them.
fn after_options(words: &[String], valued: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return at + 1;
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        at += if valued.contains(&word.as_str()) {
            2
        } else {
            1
        };
    }
    at.min(words.len())
}

/// env(1): options and assignments, then the command.
fn env(command: &Command) -> Option<Command> {
    let mut inner = command.clone();
    let mut words = command.words.iter().skip(1).cloned().collect::<Vec<_>>();
    let mut at = 0;
    while let Some(word) = words.get(at).cloned() {
        match word.as_str() {
            "-" | "-i" | "--ignore-environment" => inner.variables.clear(),
            "-u" | "--unset" => {
                at += 1;
                inner.variables.remove(words.get(at)?);
            }
            "-C" | "--chdir" => {
                at += 1;
                inner.directory = absolute(&inner, words.get(at)?);
            }
            "-S" | "--split-string" => {
                // The kernel gives a script's option as one word.
                let split = shlex::split(words.get(at + 1)?)?;
                words.splice(at + 1..at + 2, split);
            }
            "--" => {
                at += 1;
                break;
            }
            other if other.starts_with("-S") => {
                let split = shlex::split(&other[2..])?;
                words.splice(at..=at, split);
                continue;
            }
            other if other.starts_with('-') => {}
            other => match other.split_once('=') {
                Some((name, value)) => {
                    inner.variables.insert(name.to_owned(), value.to_owned());
                }
                None => break,
            },
        }
        at += 1;
    }
    inner.words = words.get(at..)?.to_vec();
    Some(inner)
}
