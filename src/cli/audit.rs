//! `backlint audit`.

use super::args::Audit;
use super::assume::Judged;
use super::outputs::Outputs;
use super::{Run, input, output};
use crate::advise::advise;
use crate::assess::Facts;
use crate::collect::Wanted;
use crate::gate::Gated;
use crate::report::{Outcome, Report};
use crate::rules::engine::judge;
use crate::snapshot::Snapshot;

pub(super) fn run(arguments: &Audit) -> Run {
    let outputs = Outputs::new(&arguments.format)?;
    let mut positions = Vec::new();
    let rules = input::rules(&arguments.rules.rules)?;
    let catalogue = input::catalogue(&arguments.services.services)?;
    let sources: Vec<(Option<String>, Snapshot)> = if arguments.source.snapshot.is_empty() {
        let wanted = Wanted {
            syn_queues: true,
            ..input::wanted(&rules)
        };
        let wanted = arguments.assume.wanted(wanted);
        let snapshot = input::host(&arguments.source.place, &wanted, &catalogue)?;
        vec![(None, snapshot)]
    } else {
        let take = |text: &str| outputs.positions(text);
        let recorded = input::recorded(&arguments.source.snapshot, take)?.into_iter();
        let named = recorded.map(|it| {
            positions.push(it.taken);
            (Some(it.name), it.snapshot)
        });
        named.collect()
    };
    let seen = sources.iter().map(|(_, snapshot)| snapshot).collect();
    let assumptions = arguments.assume.assumptions();
    let judged = Judged::new(seen, &assumptions, &rules.recorded_sysctls(), &catalogue)?;
    let facts: Vec<Facts<'_>> = judged.facts(&catalogue).collect();
    let rules_given = arguments.rules.rules.iter();
    let services_given = arguments.services.services.iter();
    let place = arguments.source.place.words();
    let own_files: String = rules_given
        .map(|path| output::argument("--rules", path))
        .chain(services_given.map(|path| output::argument("--services", path)))
        .collect();
    let reports: Vec<Report<'_>> = sources
        .iter()
        .zip(&facts)
        .enumerate()
        .map(|(n, ((source, _), facts))| {
            let judgement = judge(&rules, facts);
            let advice = advise(&judgement.findings, facts);
            let path = arguments.source.snapshot.get(n);
            let snapshot = path.map(|path| output::argument("--snapshot", path));
            Report {
                source: source.as_deref(),
                again: snapshot.unwrap_or_default() + &place + &own_files,
                facts,
                gated: Gated::open(judgement),
                advice,
                rules: &rules,
                positions: positions.get_mut(n).and_then(Option::take),
            }
        })
        .collect();
    let gate = arguments.gate();
    let outcome = reports
        .iter()
        .map(|report| report.outcome(gate))
        .fold(Outcome::Clean, Outcome::worse);
    outputs.write(&reports, gate, outcome)
}
