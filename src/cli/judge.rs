//! From records to reports: what `backlint audit` and `backlint trace` share.

use std::path::Path;

use super::args::Judging;
use super::assume::Judged;
use super::config::{self, Config};
use super::gate::Terms;
use super::input::{self, Failure};
use super::outputs::{Output, Outputs};
use super::{Run, output};
use crate::advise::advise;
use crate::assess::Facts;
use crate::gate::Gated;
use crate::report::waivers::Entries;
use crate::report::{Format, Outcome, Report};
use crate::rules::engine::judge;
use crate::services::Catalogue;
use crate::snapshot::Snapshot;
use crate::text::positions::Positions;

/// What is judged: a record with its name and the places in its file.
pub(super) struct Source {
    pub(super) name: Option<String>,
    pub(super) snapshot: Snapshot,
    pub(super) positions: Option<Positions>,
}

/// Prints the settings in force instead of a report.
pub(super) fn show_config(config: &Config, arguments: &Judging) -> Run {
    output::result(Outcome::Clean, |out| config::show(config, arguments, out))
}

/// Everything that was read before anything is looked at, so that mistakes in files come first.
pub(super) struct Judge<'a> {
    config: &'a Config,
    arguments: &'a Judging,
    baseline: Option<std::path::PathBuf>,
    pub(super) outputs: Outputs<'a>,
    pub(super) terms: Terms,
    pub(super) catalogue: Catalogue,
}

impl<'a> Judge<'a> {
    /// Reads what the options and the configuration name; `asked` are the outputs of both.
    pub(super) fn new(
        config: &'a Config,
        arguments: &'a Judging,
        asked: &'a [Output],
    ) -> Result<Self, Failure> {
        let outputs = Outputs::new(asked)?;
        let write = arguments.baselines.write_baseline.as_deref();
        // What is about to be written may not be there yet.
        let baseline = config
            .baseline(arguments.baselines.baseline.as_ref())
            .filter(|path| write != Some(path) || path.exists());
        let read = baseline.as_deref();
        let terms = Terms::read(config, &arguments.rules, &arguments.selection, read)?;
        let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
        Ok(Self {
            config,
            arguments,
            baseline,
            outputs,
            terms,
            catalogue,
        })
    }

    /// Judges and writes; `again` are the arguments that make backlint judge a source in the same way.
    pub(super) fn report(
        mut self,
        mut sources: Vec<Source>,
        again: impl Fn(usize) -> String,
    ) -> Run {
        let arguments = self.arguments;
        let write: Option<&Path> = arguments.baselines.write_baseline.as_deref();
        let mut positions: Vec<_> = sources.iter_mut().map(|it| it.positions.take()).collect();
        let seen = sources.iter().map(|it| &it.snapshot).collect();
        let assumptions = arguments.assume.assumptions();
        let named = self.terms.rules.recorded_sysctls();
        let judged = Judged::new(seen, &assumptions, &named, &self.catalogue)?;
        let facts: Vec<Facts<'_>> = judged.facts(&self.catalogue).collect();
        let hold = |facts| {
            let judgement = judge(&self.terms.rules, facts);
            (self.terms.hold(judgement, facts), facts)
        };
        let mut gated: Vec<(Gated, &Facts<'_>)> = facts.iter().map(hold).collect();
        if let Some(path) = write {
            self.terms.write_baseline(path, &mut gated)?;
        }
        let read = self.baseline.as_deref().filter(|_| write.is_none());
        self.terms.tell(read, &gated);
        let reports: Vec<Report<'_>> = gated
            .into_iter()
            .enumerate()
            .map(|(n, (gated, facts))| Report {
                source: sources[n].name.as_deref(),
                again: again(n),
                advice: advise(&gated.judgement.findings, facts),
                facts,
                gated,
                rules: &self.terms.rules,
                positions: positions.get_mut(n).and_then(Option::take),
            })
            .collect();
        let gate = self.config.gate(arguments);
        let outcomes = reports.iter().map(|report| report.outcome(gate));
        let outcome = outcomes.fold(Outcome::Clean, Outcome::worse);
        if arguments.print_waivers {
            return output::result(Outcome::Clean, |out| Entries.write(&reports, out));
        }
        if !self.outputs.tells_expired() {
            Terms::tell_expired(&reports);
        }
        self.outputs.write(&reports, gate, outcome)
    }
}

/// The options of a judgement as a shell takes them, each with a blank in front.
pub(super) fn words(arguments: &Judging) -> String {
    let rules = arguments.rules.rules.iter();
    let services = arguments.services.services.iter();
    let own_files: String = rules
        .map(|path| output::argument("--rules", path))
        .chain(services.map(|path| output::argument("--services", path)))
        .collect();
    own_files + &arguments.selection.words() + &arguments.config.words()
}
