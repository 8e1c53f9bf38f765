//! `backlint audit`.

use super::args::{Audit, ReportFormat};
use super::assume::Judged;
use super::config::{self, Config};
use super::gate::Terms;
use super::input::Failure;
use super::{Run, input, output};
use crate::advise::advise;
use crate::assess::Facts;
use crate::collect::Wanted;
use crate::gate::Gated;
use crate::report::json::Json;
use crate::report::table::Table;
use crate::report::waivers::Entries;
use crate::report::{Format, Outcome, Report};
use crate::rules::RuleSet;
use crate::rules::engine::judge;
use crate::services::Catalogue;
use crate::snapshot::Snapshot;

pub(super) fn run(arguments: &Audit) -> Run {
    let config = Config::read(&arguments.config)?;
    if arguments.show_config {
        return output::result(Outcome::Clean, |out| config::show(&config, arguments, out));
    }
    let write = arguments.baselines.write_baseline.as_deref();
    let baseline = config.baseline(arguments.baselines.baseline.as_ref());
    // What is about to be written may not be there yet.
    let read = baseline
        .as_deref()
        .filter(|path| write != Some(*path) || path.exists());
    let mut terms = Terms::read(&config, &arguments.rules, &arguments.selection, read)?;
    terms.partial = !arguments.source.place.netns.is_empty();
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let sources = sources(arguments, &terms.rules, &catalogue)?;
    let seen = sources.iter().map(|(_, snapshot)| snapshot).collect();
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
            source: sources[n].0.as_deref(),
            again: again(arguments, n),
            advice: advise(&gated.judgement.findings, facts),
            facts,
            gated,
            rules: &terms.rules,
        })
        .collect();
    let gate = config.gate(arguments);
    let outcomes = reports.iter().map(|report| report.outcome(gate));
    let outcome = outcomes.fold(Outcome::Clean, Outcome::worse);
    if arguments.print_waivers {
        return output::result(Outcome::Clean, |out| Entries.write(&reports, out));
    }
    let format = config.format(arguments).value;
    if format != ReportFormat::Table {
        Terms::tell_expired(&reports);
    }
    let look = output::look();
    output::result(outcome, |out| match format {
        ReportFormat::Table => Table { look }.write(&reports, out),
        ReportFormat::Json => Json.write(&reports, out),
    })
}

/// What is judged: the snapshots with their names, or the live host.
fn sources(
    arguments: &Audit,
    rules: &RuleSet,
    catalogue: &Catalogue,
) -> Result<Vec<(Option<String>, Snapshot)>, Failure> {
    if arguments.source.snapshot.is_empty() {
        let wanted = Wanted {
            syn_queues: true,
            ..input::wanted(rules)
        };
        let wanted = arguments.assume.wanted(wanted);
        let snapshot = input::host(&arguments.source.place, &wanted, catalogue)?;
        return Ok(vec![(None, snapshot)]);
    }
    let named = input::snapshots(&arguments.source.snapshot)?.into_iter();
    let named = named.map(|(name, snapshot)| (Some(name), snapshot));
    Ok(named.collect())
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
