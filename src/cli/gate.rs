//! Rules, waivers and baseline of a run: read for the `gate` stage, and what it says of them told.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Rules, Selection};
use super::config::Config;
use super::input::{self, Failure};
use super::output;
use crate::assess::Facts;
use crate::gate::{self, Baseline, Gated, Waivers};
use crate::report::Report;
use crate::report::style::count;
use crate::rules::RuleSet;
use crate::rules::engine::Judgement;

/// What a run judges by, and what its findings are held against.
#[derive(Debug)]
pub(super) struct Terms {
    /// The rules that were asked for.
    pub(super) rules: RuleSet,
    /// Ids of the rules that were not asked for.
    left_out: BTreeSet<String>,
    waivers: Waivers,
    baseline: Option<Baseline>,
    /// Whether the run looks at some namespaces alone, so that nothing follows from what it does not find.
    pub(super) partial: bool,
}

/// Waivers that are told to be stale; the rest is counted.
const SHOWN: usize = 20;

impl Terms {
    /// Reads everything that the options and the configuration name.
    pub(super) fn read(
        config: &Config,
        rules: &Rules,
        selection: &Selection,
        baseline: Option<&Path>,
    ) -> Result<Self, Failure> {
        let all = input::rules(&config.rules(&rules.rules))?;
        let waivers = input::waivers(&config.waivers(&selection.waivers), &all)?;
        let rules = config.choose(&all, &config.choice(selection))?;
        let left_out = all.iter().map(|rule| rule.id.clone());
        let chosen: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let left_out = left_out
            .filter(|id| !chosen.contains(id.as_str()))
            .collect();
        Ok(Self {
            rules,
            left_out,
            waivers,
            baseline: baseline.map(input::baseline).transpose()?,
            partial: false,
        })
    }

    /// Whether findings of a rule are asked for. A rule that is not known is: reports may have more.
    pub(super) fn asks_for(&self, rule: &str) -> bool {
        !self.left_out.contains(rule)
    }

    /// Holds a judgement against waivers and baseline, as of today.
    pub(super) fn hold(&self, judgement: Judgement, facts: &Facts<'_>) -> Gated {
        let terms = gate::Terms {
            waivers: &self.waivers,
            baseline: self.baseline.as_ref(),
            today: TimeZone::UTC.to_datetime(Timestamp::now()).date(),
        };
        Gated::new(judgement, facts, terms)
    }

    /// Writes what is in force to a baseline, which the run is judged by from here on. Of a baseline that is
    /// there already it keeps what this run could not see: the entries of rules that did not run, or not
    /// for all subjects.
    pub(super) fn write_baseline(
        &mut self,
        path: &Path,
        all: &mut [(Gated, &Facts<'_>)],
    ) -> Result<(), Failure> {
        let found = found(all);
        let before = self.baseline.take().unwrap_or_default();
        let unseen = before.of_rules(|rule| !self.saw(rule, all));
        let whole = unseen.with(&found);
        let text = match output::is_json(path) {
            true => whole.to_json().map_err(anyhow::Error::new)?,
            false => whole.to_yaml().map_err(anyhow::Error::new)?,
        };
        output::file(path, &text)?;
        let (new, gone) = (whole.without(&before).len(), before.without(&whole).len());
        output::note(&format!(
            "{}: {}, {new} of them new, {gone} taken out",
            path.display(),
            count(whole.len(), "known finding"),
        ));
        for (gated, _) in all {
            gated.baseline = Some(whole.clone());
        }
        self.baseline = Some(whole);
        Ok(())
    }

    /// Says which waivers are over and still needed, for formats that have findings alone.
    pub(super) fn tell_expired(all: &[Report<'_>]) {
        for expired in all.iter().flat_map(|report| &report.gated.expired) {
            let waiver = &expired.waiver;
            let (file, line) = &waiver.place;
            let day = waiver.expires.as_deref().unwrap_or_default();
            output::note(&format!(
                "{file}:{line}: this waiver ended on {day} and is still needed: renew it, or fix what it hid: {} {}",
                waiver.rule, waiver.subject
            ));
        }
    }

    /// Says which waivers and which entries of the baseline are about nothing any more.
    pub(super) fn tell(&self, baseline: Option<&Path>, all: &[(Gated, &Facts<'_>)]) {
        let fitting: BTreeSet<usize> = all
            .iter()
            .flat_map(|(gated, _)| gated.fitting.iter().copied())
            .collect();
        let unseen = |rule: &str| !self.saw(rule, all);
        let stale = self.waivers.stale(&fitting, unseen);
        for waiver in stale.iter().take(SHOWN) {
            let (file, line) = &waiver.place;
            output::note(&format!(
                "{file}:{line}: this waiver fits no finding and can go: {} {}",
                waiver.rule, waiver.subject
            ));
        }
        if let Some(more @ 1..) = stale.len().checked_sub(SHOWN) {
            output::note(&format!("{} more fit no finding", count(more, "waiver")));
        }
        let (Some(path), Some(known)) = (baseline, &self.baseline) else {
            return;
        };
        let found = found(all);
        let gone = known
            .without(&found)
            .of_rules(|rule| self.saw(rule, all))
            .len();
        if gone > 0 {
            let path = output::argument("--write-baseline", path);
            output::note(&format!(
                "{gone} of {} in the baseline are gone:{path} takes them out",
                known.len()
            ));
        }
    }

    /// Whether a rule ran and saw all subjects, so that what it did not find is not there.
    fn saw(&self, rule: &str, all: &[(Gated, &Facts<'_>)]) -> bool {
        let blind = |(gated, facts): &(Gated, &Facts<'_>)| {
            !facts.snapshot.gaps.is_empty() || gated.is_blind(rule)
        };
        let ran = self.rules.iter().any(|ran| ran.id == rule);
        ran && !self.partial && !all.iter().any(blind)
    }
}

/// The findings of a run as a baseline: of several sources each with its host.
fn found(all: &[(Gated, &Facts<'_>)]) -> Baseline {
    let parts = all.iter().map(|(gated, facts)| {
        let host = facts.snapshot.host.name.as_deref();
        let part = Baseline::of(&gated.judgement.findings, facts);
        part.on(host.filter(|_| all.len() > 1))
    });
    parts.fold(Baseline::default(), |whole, part| whole.with(&part))
}
