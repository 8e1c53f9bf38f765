//! `backlint audit`.

use super::args::{Audit, ReportFormat};
use super::{Run, input, output};
use crate::advise::advise;
use crate::assess::Facts;
use crate::collect::Wanted;
use crate::report::json::Json;
use crate::report::table::Table;
use crate::report::{Format, Outcome, Report};
use crate::rules::engine::judge;
use crate::snapshot::Snapshot;

pub(super) fn run(arguments: &Audit) -> Run {
    let rules = input::rules(&arguments.rules.rules)?;
    let sources: Vec<(Option<String>, Snapshot)> = if arguments.source.snapshot.is_empty() {
        let wanted = Wanted {
            syn_queues: true,
            ..input::wanted(&rules)
        };
        vec![(None, input::host(&wanted)?)]
    } else {
        let named = input::snapshots(&arguments.source.snapshot)?.into_iter();
        named
            .map(|(name, snapshot)| (Some(name), snapshot))
            .collect()
    };
    let facts: Vec<Facts<'_>> = sources
        .iter()
        .map(|(_, snapshot)| Facts::new(snapshot))
        .collect();
    let rule_arguments: String = arguments
        .rules
        .rules
        .iter()
        .map(|path| output::argument("--rules", path))
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
                again: snapshot.unwrap_or_default() + &rule_arguments,
                facts,
                judgement,
                advice,
                rules: rules.len(),
            }
        })
        .collect();
    let gate = arguments.gate();
    let outcome = reports
        .iter()
        .map(|report| report.outcome(gate))
        .fold(Outcome::Clean, Outcome::worse);
    output::result(outcome, |out| match arguments.format {
        ReportFormat::Table => Table {
            look: output::look(),
        }
        .write(&reports, out),
        ReportFormat::Json => Json.write(&reports, out),
    })
}
