//! `backlint audit`.

use super::args::Audit;
use super::assume::Judged;
use super::config::{self, Config};
use super::gate::Terms;
use super::input::Failure;
use super::outputs::Outputs;
use super::{Run, input, output};
use crate::advise::advise;
use crate::assess::Facts;
use crate::collect::Wanted;
use crate::gate::Gated;
use crate::report::waivers::Entries;
use crate::report::{Format, Outcome, Report};
use crate::rules::RuleSet;
use crate::rules::engine::judge;
use crate::services::Catalogue;
use crate::snapshot::Snapshot;
use crate::text::positions::Positions;

pub(super) fn run(arguments: &Audit) -> Run {
    let config = Config::read(&arguments.config)?;
    if arguments.show_config {
        return output::result(Outcome::Clean, |out| config::show(&config, arguments, out));
    }
    let asked = config.outputs(arguments);
    let outputs = Outputs::new(&asked)?;
    let write = arguments.baselines.write_baseline.as_deref();
    let baseline = config.baseline(arguments.baselines.baseline.as_ref());
    // What is about to be written may not be there yet.
    let read = baseline
        .as_deref()
        .filter(|path| write != Some(*path) || path.exists());
    let mut terms = Terms::read(&config, &arguments.rules, &arguments.selection, read)?;
    terms.partial = !arguments.source.place.netns.is_empty();
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let mut sources = sources(arguments, &terms.rules, &catalogue, &outputs)?;
    let mut positions: Vec<_> = sources.iter_mut().map(|it| it.positions.take()).collect();
    let seen = sources.iter().map(|it| &it.snapshot).collect();
    let assumptions = arguments.assume.assumptions();
    let named = terms.rules.recorded_sysctls();
    let judged = Judged::new(seen, &assumptions, &named, &catalogue)?;
    let facts: Vec<Facts<'_>> = judged.facts(&catalogue).collect();
    let hold = |facts| (terms.hold(judge(&terms.rules, facts), facts), facts);
    let mut gated: Vec<(Gated, &Facts<'_>)> = facts.iter().map(hold).collect();
    if let Some(path) = write {
        terms.write_baseline(path, &mut gated)?;
    }
    terms.tell(read.filter(|_| write.is_none()), &gated);
    let reports: Vec<Report<'_>> = gated
        .into_iter()
        .enumerate()
        .map(|(n, (gated, facts))| Report {
            source: sources[n].name.as_deref(),
            again: again(arguments, n),
            advice: advise(&gated.judgement.findings, facts),
            facts,
            gated,
            rules: &terms.rules,
            positions: positions.get_mut(n).and_then(Option::take),
        })
        .collect();
    let gate = config.gate(arguments);
    let outcomes = reports.iter().map(|report| report.outcome(gate));
    let outcome = outcomes.fold(Outcome::Clean, Outcome::worse);
    if arguments.print_waivers {
        return output::result(Outcome::Clean, |out| Entries.write(&reports, out));
    }
    if !outputs.tells_expired() {
        Terms::tell_expired(&reports);
    }
    outputs.write(&reports, gate, outcome)
}

/// What is judged: a snapshot with its name and the places in its file, or the live host.
struct Source {
    name: Option<String>,
    snapshot: Snapshot,
    positions: Option<Positions>,
}

fn sources(
    arguments: &Audit,
    rules: &RuleSet,
    catalogue: &Catalogue,
    outputs: &Outputs<'_>,
) -> Result<Vec<Source>, Failure> {
    if arguments.source.snapshot.is_empty() {
        let wanted = Wanted {
            syn_queues: true,
            ..input::wanted(rules)
        };
        let wanted = arguments.assume.wanted(wanted);
        let snapshot = input::host(&arguments.source.place, &wanted, catalogue)?;
        return Ok(vec![Source {
            name: None,
            snapshot,
            positions: None,
        }]);
    }
    let take = |text: &str| outputs.positions(text);
    let recorded = input::recorded(&arguments.source.snapshot, take)?.into_iter();
    let judge = |recorded: input::Recorded<Positions>| Source {
        name: Some(recorded.name),
        snapshot: recorded.snapshot,
        positions: recorded.taken,
    };
    Ok(recorded.map(judge).collect())
}

/// The arguments that make backlint judge source `n` in the same way.
fn again(arguments: &Audit, n: usize) -> String {
    let path = arguments.source.snapshot.get(n);
    let snapshot = path.map(|path| output::argument("--snapshot", path));
    let rules = arguments.rules.rules.iter();
    let services = arguments.services.services.iter();
    let own_files: String = rules
        .map(|path| output::argument("--rules", path))
        .chain(services.map(|path| output::argument("--services", path)))
        .collect();
    let place = arguments.source.place.words();
    let selection = arguments.selection.words();
    snapshot.unwrap_or_default() + &place + &own_files + &selection + &arguments.config.words()
}
