//! `backlint patch`.

use std::io::IsTerminal as _;

use super::args::Patch;
use super::assume::Judged;
use super::config::Config;
use super::gate::Terms;
use super::target::Tree;
use super::{Run, image, input, output};
use crate::advise::place::{Wish, place};
use crate::advise::{Advice, SysctlStep, advise};
use crate::assess::Facts;
use crate::collect::Wanted;
use crate::collect::boot::Depth;
use crate::report::{Outcome, assumed, fix, gaps, patch};
use crate::rules::RuleSet;
use crate::rules::engine::{Judgement, judge};
use crate::snapshot::{HOST_NETNS, Snapshot};

pub(super) fn run(arguments: &Patch) -> Run {
    arguments.fits().map_err(anyhow::Error::msg)?;
    arguments.source.fits().map_err(anyhow::Error::msg)?;
    let config = Config::read(&arguments.config)?;
    let terms = Terms::read(&config, &arguments.rules, &arguments.selection, None)?;
    let rules = &terms.rules;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let recorded = arguments.snapshot().map_err(anyhow::Error::msg)?;
    let seen = match recorded {
        Some(path) => input::snapshot(path)?.1,
        None if arguments.source.image.image.is_some() => {
            image::record(&arguments.source.image, &rules.sysctls(), &catalogue)?
        }
        None => {
            let wanted = arguments.assume.wanted(wanted(arguments, rules));
            input::host(&arguments.source.place, &wanted, &catalogue)?
        }
    };
    let assumptions = arguments.assume.assumptions();
    let named = rules.recorded_sysctls();
    let judged = Judged::new(vec![&seen], &assumptions, &named, &catalogue)?;
    let Some(facts) = &judged.facts(&catalogue).next() else {
        return Ok(Outcome::Clean);
    };
    begin(facts);
    // What somebody accepted needs no change; the audit's plan has none for it either.
    let judgement = terms.hold(judge(rules, facts), facts).judgement;
    let advice = advise(&judgement.findings, facts);
    if arguments.target.0.changes_sysctl_files() {
        print_diff(arguments, facts, &advice, &judgement)
    } else {
        print_fix(arguments.target.0, &advice, facts, &judgement)
    }
}

/// Prints the change of sysctl files.
fn print_diff(arguments: &Patch, facts: &Facts<'_>, advice: &Advice, judgement: &Judgement) -> Run {
    let snapshot = facts.snapshot;
    let tree = Tree::open(arguments, snapshot)?;
    let wish = match &arguments.file {
        Some(file) => tree.wish(file)?,
        None if arguments.target.0 == fix::Target::DropIn => Wish::DropIn,
        None => Wish::Any,
    };
    let sysctls: Vec<&SysctlStep> = advice.host_sysctls().collect();
    let places = place(&sysctls, &wish, tree.configured(facts.kernel));
    let mut places = places.map_err(anyhow::Error::new)?;
    places.notes.extend(elsewhere(arguments, snapshot));
    let (change, faults) = tree.diff(&places)?;
    tell(advice);
    for note in faults.iter().chain(&places.notes) {
        output::note(note);
    }
    let patch = patch::Patch {
        root: &tree.root.display().to_string(),
        advice,
        places: &places,
    };
    if change.is_empty() {
        let blind = judgement.not_evaluated.len();
        output::note(&patch.nothing_to_change(blind));
        return Ok(Outcome::Clean);
    }
    print(&patch, &change, arguments)
}

/// What to read of the host: its sysctl files too, where they are the ones to change.
fn wanted(arguments: &Patch, rules: &RuleSet) -> Wanted {
    let files = arguments.target.0.changes_sysctl_files() && arguments.root.is_none();
    Wanted {
        boot: if files { Depth::Files } else { Depth::Nothing },
        ..input::wanted(rules)
    }
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

fn print(patch: &patch::Patch<'_>, change: &[u8], arguments: &Patch) -> Run {
    let outcome = output::result(Outcome::Clean, |out| {
        out.write_all(patch.header().as_bytes())?;
        out.write_all(change)
    })?;
    // In a pipe nobody reads the header.
    if !std::io::stdout().is_terminal() && arguments.source.snapshot.is_empty() {
        output::note(&patch.next());
    }
    Ok(outcome)
}

/// Says what the diff does not say by itself.
fn tell(advice: &Advice) {
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
        let hint = fix::Target::of(step).filter(|target| !target.changes_sysctl_files());
        let hint = hint.map_or(String::new(), |target| {
            format!("; use --for {}", target.name())
        });
        output::note(&format!(
            "not in the diff: {key} = {value} of network namespace {netns}{more}, which these files do not reach{hint}"
        ));
    }
}

/// Where the values of the change come from, if the files do not reach it.
fn elsewhere(arguments: &Patch, snapshot: &Snapshot) -> Option<String> {
    let first = snapshot.namespaces.first();
    let netns = first.filter(|netns| netns.name != HOST_NETNS && arguments.root.is_none())?;
    Some(format!(
        "these values are of network namespace {}, not of the host: the host's files do not reach it when it is made again; give it the values where it is made (--for docker, kubernetes and others)",
        netns.name
    ))
}
