//! `backlint patch`.

use std::io::IsTerminal as _;

use anyhow::anyhow;

use super::args::Patch;
use super::assume::Judged;
use super::target::Target;
use super::{Run, input, output};
use crate::advise::{Advice, SysctlStep, advise, persistent};
use crate::assess::Facts;
use crate::report::patch::{self, Place};
use crate::report::{Outcome, assumed, diff, fix, gaps};
use crate::rules::engine::{Judgement, judge};
use crate::snapshot::{HOST_NETNS, Snapshot};
use crate::sysctl_conf::edit::edit;

pub(super) fn run(arguments: &Patch) -> Run {
    let file = arguments.file().map_err(anyhow::Error::msg)?;
    let rules = input::rules(&arguments.rules.rules)?;
    let catalogue = input::catalogue(&arguments.services.services)?;
    let recorded = arguments.snapshot().map_err(anyhow::Error::msg)?;
    let seen = match recorded {
        Some(path) => input::snapshot(path)?.1,
        None => {
            let wanted = arguments.assume.wanted(input::wanted(&rules));
            input::host(&arguments.source.place, &wanted, &catalogue)?
        }
    };
    let assumptions = arguments.assume.assumptions();
    let named = rules.recorded_sysctls();
    let judged = Judged::new(vec![&seen], &assumptions, &named, &catalogue)?;
    let Some(facts) = &judged.facts(&catalogue).next() else {
        return Ok(Outcome::Clean);
    };
    let snapshot = facts.snapshot;
    begin(facts);
    let judgement = judge(&rules, facts);
    let advice = advise(&judgement.findings, facts);
    let Some(file) = file else {
        return print_fix(arguments.target.0, &advice, facts, &judgement);
    };
    let file = Target::find(arguments, &file, snapshot)?;
    let sysctls: Vec<&SysctlStep> = advice.host_sysctls().collect();
    let persistent = persistent::compare(&sysctls, file.old.as_deref());
    let new = edit(file.old.as_deref(), &persistent.changes).map_err(anyhow::Error::new)?;
    let relative = file.path.strip_prefix("/").unwrap_or(&file.path).to_str();
    let relative = relative.ok_or_else(|| anyhow!("{} is not UTF-8", file.path.display()))?;
    let change = diff::unified(relative, file.old.as_deref(), &new);
    let place = Place {
        root: &file.root.display().to_string(),
        file: &file.path.display().to_string(),
    };
    tell(&advice, arguments, snapshot);
    if change.is_empty() {
        let blind = judgement.not_evaluated.len();
        output::note(&patch::nothing_to_change(
            &advice,
            &persistent.already,
            blind,
            place,
        ));
        return Ok(Outcome::Clean);
    }
    file.warn(&persistent.changes);
    let written = |step: &&SysctlStep| {
        persistent
            .changes
            .iter()
            .any(|change| change.key == step.key)
    };
    let written: Vec<&SysctlStep> = sysctls.into_iter().filter(written).collect();
    let header = patch::header(&advice, &written, place);
    let next = patch::next(&advice, &written, place);
    print(&header, &change, &next, arguments)
}

/// Says what the facts are not about: what could not be read, and that they are what would be.
fn begin(facts: &Facts<'_>) {
    for gap in gaps::together(&facts.snapshot.gaps) {
        output::note(&format!("gap: {gap}"));
    }
    if let Some(words) = assumed::line(facts) {
        output::note(&words);
    }
}

/// Prints the fix for a target that changes no sysctl file.
fn print_fix(
    target: fix::Target,
    advice: &Advice,
    facts: &Facts<'_>,
    judgement: &Judgement,
) -> Run {
    for note in &advice.notes {
        output::note(note);
    }
    match fix::write(target, advice, facts) {
        Some(text) => output::result(Outcome::Clean, |out| out.write_all(text.as_bytes())),
        None => {
            let blind = judgement.not_evaluated.len();
            output::note(&patch::no_fix(target, advice, blind));
            Ok(Outcome::Clean)
        }
    }
}

fn print(header: &str, change: &[u8], next: &str, arguments: &Patch) -> Run {
    let outcome = output::result(Outcome::Clean, |out| {
        out.write_all(header.as_bytes())?;
        out.write_all(change)
    })?;
    // In a pipe nobody reads the header.
    if !std::io::stdout().is_terminal() && arguments.source.snapshot.is_empty() {
        output::note(next);
    }
    Ok(outcome)
}

/// Says what the diff does not say by itself.
fn tell(advice: &Advice, arguments: &Patch, snapshot: &Snapshot) {
    for note in &advice.notes {
        output::note(note);
    }
    for step in advice.sysctls().filter(|step| !step.reached) {
        let SysctlStep {
            netns, key, value, ..
        } = step;
        let more = match step.at.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more like it"),
        };
        let hint = fix::Target::of(step).filter(|target| target.file().is_none());
        let hint = hint.map_or(String::new(), |target| {
            format!("; use --for {}", target.name())
        });
        output::note(&format!(
            "not in the diff: {key} = {value} of network namespace {netns}{more}, which these files do not reach{hint}"
        ));
    }
    let elsewhere = snapshot
        .namespaces
        .first()
        .filter(|netns| netns.name != HOST_NETNS);
    if let Some(netns) = elsewhere.filter(|_| arguments.root.is_none()) {
        output::note(&format!(
            "these values are of network namespace {}, not of the host: the host's files do not reach it when it is made again; give it the values where it is made (--for docker, kubernetes and others)",
            netns.name
        ));
    }
}
