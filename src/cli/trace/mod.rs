//! `backlint trace`.

mod host;
mod merging;

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::anyhow;

use self::merging::Merging;
use super::args::{Judging, Trace};
use super::config::Config;
use super::input::Failure;
use super::judge::{self, Judge, Source};
use super::{End, input, output, record};
use crate::collect::{Seen, Sources, Wanted};
use crate::kernel::sysctls::{self, Scope};
use crate::kernel::version::Version;
use crate::report::Outcome;
use crate::rules::RuleSet;
use crate::services::Catalogue;
use crate::snapshot::{Listener, Snapshot};
use crate::sysctl_conf::{is_glob, normalise_key};
use crate::text::nearest::nearest;
use crate::text::untrusted::clean;
use crate::trace::{self, Call, Options};

/// The kernel that can let a call go on that was asked about.
const OLDEST: Version = Version::new(5, 5);

pub(super) fn run(arguments: &Trace) -> Result<End, Failure> {
    let judging = &arguments.judging;
    let config = Config::read(&judging.config)?;
    if judging.show_config {
        return judge::show_config(&config, judging).map(End::Outcome);
    }
    let asked = config.outputs(judging);
    let mut judge = Judge::new(&config, judging, &asked)?;
    // What did not listen this time may well exist.
    judge.terms.partial = !arguments.host && arguments.merge.is_none();
    if let Some(path) = &arguments.output {
        output::may_write(path)?;
    }
    let mut merging = arguments.merge.as_deref().map(Merging::read).transpose()?;
    let mut watched = match arguments.host {
        true => host::watched(arguments, &judge.terms.rules, &judge.catalogue)?,
        false => traced(arguments, &judge.terms.rules, &judge.catalogue)?.into(),
    };
    watched.tell();
    if let Some(merging) = &mut merging {
        watched.snapshot = merging.merged(&watched, !arguments.host);
    }
    let write = |path| output::file(path, record::text(&mut watched.snapshot, path, None)?);
    // The report is told all the same.
    let written = arguments.output.as_deref().map(write).transpose();
    let sources = vec![Source {
        name: merging.map(|merging| merging.name),
        snapshot: watched.snapshot,
        positions: None,
    }];
    let outcome = judge.report(sources, |_| again(arguments.output.as_deref(), judging))?;
    if !watched.missing.is_empty() {
        let missing = watched.missing.join(", ");
        let ended = watched.ended.map_or(String::new(), |ended| {
            format!("; the command ended {ended}")
        });
        output::note(&format!(
            "it did not come to what --until-listening waits for: {missing}{ended}"
        ));
    }
    written?;
    Ok(match watched.ended.filter(|_| arguments.command_status) {
        _ if !watched.missing.is_empty() => End::Outcome(Outcome::Unusable),
        Some(ended) => End::Status(ended.status()),
        None => End::Outcome(outcome),
    })
}

/// What was watched, either way.
struct Watched {
    snapshot: Snapshot,
    /// What listened and is in no record, by the place of its namespace.
    gone: Vec<(usize, Listener)>,
    calls: u64,
    missing: Vec<String>,
    /// Calls of those that were not told.
    untold: u64,
    /// Whether the command was ended by us.
    cut: bool,
    /// How the command ended, where one was run.
    ended: Option<trace::Ended>,
}

impl Watched {
    /// Says what the report does not.
    fn tell(&self) {
        if self.calls == 0 {
            output::note("no call of listen() was seen");
        }
        if self.untold > 0 {
            let untold = self.untold;
            output::note(&format!(
                "{untold} calls of listen() went untold, because nobody read what was told before"
            ));
        }
        // A server that could not start is no good server.
        let failed = |ended: &trace::Ended| *ended != trace::Ended::Status(0);
        if let Some(ended) = self.ended.filter(failed)
            && !self.cut
            && self.missing.is_empty()
        {
            output::note(&format!("the command ended {ended}"));
        }
    }
}

impl From<trace::Traced> for Watched {
    fn from(traced: trace::Traced) -> Self {
        Self {
            cut: traced.cut,
            untold: traced.untold,
            snapshot: traced.snapshot,
            gone: Vec::new(),
            calls: traced.calls,
            missing: traced.missing,
            ended: Some(traced.ended),
        }
    }
}

fn traced(
    arguments: &Trace,
    rules: &RuleSet,
    catalogue: &Catalogue,
) -> Result<trace::Traced, Failure> {
    let release = rustix::system::uname();
    let kernel: Option<Version> = release
        .release()
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok());
    if let Some(kernel) = kernel.filter(|kernel| *kernel < OLDEST) {
        return Err(anyhow!(
            "Linux {kernel} cannot tell of system calls in this way: trace needs Linux {OLDEST}"
        )
        .into());
    }
    let sysctls: Result<Vec<_>, _> = arguments
        .sysctl
        .iter()
        .map(|text| sysctl(text, kernel))
        .collect();
    let sysctls = sysctls.map_err(|fault| anyhow!("--sysctl: {fault}"))?;
    let options = Options {
        command: arguments.command.clone(),
        time: arguments.time,
        until: arguments.until_listening.clone(),
        isolated: arguments.new_netns.then_some(sysctls),
    };
    let wanted = wanted(rules, arguments);
    let sources = Sources::default();
    let complete = |seen: Seen| input::complete(&sources, &wanted, seen, catalogue);
    let traced = trace::run(&options, &wanted, complete, tell);
    Ok(traced.map_err(|fault| anyhow!("{fault}"))?)
}

/// What is read: all that rules about listeners need. The machine's files are none of the command's.
fn wanted(rules: &RuleSet, arguments: &Trace) -> Wanted {
    let mut wanted = Wanted {
        boot: crate::collect::boot::Depth::Nothing,
        syn_queues: true,
        ..input::wanted(rules)
    };
    if arguments.output.is_some() {
        wanted.sysctls.extend(rules.recorded_sysctls());
    }
    arguments.judging.assume.wanted(wanted)
}

/// One line a call. Nothing can be done if standard error is closed.
fn tell(call: &Call) {
    let line = format!("listen: {}\n", clean(&call.to_string()));
    // In one piece, or it would mix with what the command writes.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// One `KEY=VALUE` of a network namespace.
fn sysctl(text: &str, kernel: Option<Version>) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not KEY=VALUE, such as net.core.somaxconn=4096"))?;
    let (key, value) = (normalise_key(key.trim()), value.trim());
    let odd = |part: &str| matches!(part, "" | "." | "..") || part.contains('\0');
    let is_key = key.contains('.') && !key.split(['.', '/']).any(odd);
    if !is_key || is_glob(&key) {
        return Err(format!("`{key}` is not the name of one sysctl"));
    }
    if value.is_empty() {
        return Err(format!("there is no value for {key}"));
    }
    if !key.starts_with("net.") {
        return Err(format!(
            "{key} is not of a network namespace, and the host's is not changed"
        ));
    }
    if let Some(Scope::Machine { .. }) = sysctls::scope(&key, kernel) {
        return Err(format!(
            "{key} is the machine's, which has one value of it: it cannot be set for a network namespace"
        ));
    }
    if sysctls::find(&key).is_none()
        && let Some(near) = nearest(&key, sysctls::recorded().map(|sysctl| sysctl.key))
    {
        let exists = Path::new("/proc/sys").join(key.replace('.', "/")).exists();
        if !exists {
            return Err(format!("there is no sysctl {key}: did you mean {near}?"));
        }
    }
    sysctls::check_value(&key, value, kernel)
        .map_err(|fault| format!("{key} cannot be {value}: {fault}"))?;
    Ok((key, value.to_owned()))
}

/// The arguments that make backlint judge it in the same way.
fn again(output: Option<&Path>, judging: &Judging) -> String {
    let snapshot = output.map(|path| output::argument("--snapshot", path));
    snapshot.unwrap_or_default() + &judge::words(judging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sysctls_of_a_network_namespace_are_set() {
        let kernel = Some(Version::new(6, 12));
        let set = |text| sysctl(text, kernel);
        let somaxconn = ("net.core.somaxconn".to_owned(), "128".to_owned());
        assert_eq!(set("net.core.somaxconn=128"), Ok(somaxconn.clone()));
        assert_eq!(set("net/core/somaxconn = 128"), Ok(somaxconn));
        for (text, part) in [
            ("net.core.somaxconn", "is not KEY=VALUE"),
            ("net.core.somaxconn=", "no value"),
            ("net.core.somaxconn=-1", "cannot be -1"),
            ("net.core.somaxcon=1", "did you mean net.core.somaxconn"),
            ("net.core.netdev_max_backlog=1", "is the machine's"),
            ("kernel.pid_max=1", "not of a network namespace"),
            ("net.//.x=1", "not the name"),
            ("net.ipv4.*=1", "not the name"),
        ] {
            let fault = set(text).unwrap_err();
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }
}
