//! Waivers: findings that a person accepted, with the reason and, better, until when. A waiver is about
//! single subjects, never about a finding as a whole: one that several containers share is taken apart.

mod file;
mod ready;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::pattern::Pattern;
use super::selector::Selector;
use super::subject::{Field, Subject};
use crate::assess::Facts;
use crate::rules::RuleSet;
use crate::rules::finding::{About, Finding};
use crate::text::diagnostic::Diagnostic;
pub use file::schema;
pub use ready::Ready;

/// One entry of a waivers file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Id, name or family of the rules that it is about, as it was written.
    pub rule: String,
    /// The patterns of the subjects that it is about, one after another: `host tcp 0.0.0.0:80*`.
    pub subject: String,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who answers for that.
    pub owner: Option<String>,
    /// The last day that it holds on in UTC, as `2027-01-31`.
    pub expires: Option<String>,
    /// File and line where it stands.
    pub place: (String, usize),
    rules: Selector,
    patterns: Vec<(Field, Pattern)>,
    last_day: Option<Date>,
}

impl Waiver {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.last_day.is_none_or(|last| day <= last)
    }

    /// Whether every pattern fits. A namespace may be named by its workload, which all instances have, or
    /// by the name of one of them.
    fn fits(&self, subject: &Subject<'_>) -> bool {
        self.patterns.iter().all(|(field, pattern)| match field {
            Field::Netns => pattern.fits(subject.netns) || pattern.fits(subject.instance),
            field => subject.get(*field).is_some_and(|value| pattern.fits(value)),
        })
    }
}

/// A finding that a waiver fits.
#[derive(Debug, Clone)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// The waiver.
    pub waiver: Arc<Waiver>,
}

/// A waiver whose last day is over, and that fits findings which nothing else waives.
#[derive(Debug, Clone)]
pub struct Expired {
    /// The waiver.
    pub waiver: Arc<Waiver>,
    /// How many findings it fits.
    pub findings: usize,
}

/// All waivers of a run.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    all: Vec<Arc<Waiver>>,
    by_rule: BTreeMap<String, Vec<usize>>,
}

impl Waivers {
    /// Reads waivers files, given as name and text. A waiver may be about any of `rules`.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn load(files: &[(String, String)], rules: &RuleSet) -> Result<Self, Vec<Diagnostic>> {
        file::load(files, rules).map(Self::new)
    }

    fn new(all: Vec<Waiver>) -> Self {
        let mut by_rule: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (n, waiver) in all.iter().enumerate() {
            for id in waiver.rules.ids() {
                by_rule.entry(id.to_owned()).or_default().push(n);
            }
        }
        let all = all.into_iter().map(Arc::new).collect();
        Self { all, by_rule }
    }

    /// The waivers that fit no finding of a run, as `fitting` of its reports say. One is left out where
    /// nobody can know: one of its rules is `unseen`, because it did not run or did not see all subjects.
    pub fn stale(&self, fitting: &BTreeSet<usize>, unseen: impl Fn(&str) -> bool) -> Vec<&Waiver> {
        let all = self.all.iter().enumerate();
        all.filter(|(n, waiver)| !fitting.contains(n) && !waiver.rules.ids().any(&unseen))
            .map(|(_, waiver)| waiver.as_ref())
            .collect()
    }
}

/// Findings that waivers were held against.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) left: Vec<Finding>,
    pub(super) waived: Vec<Waived>,
    pub(super) expired: Vec<Expired>,
    pub(super) fitting: BTreeSet<usize>,
}

/// What becomes of one subject.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Left,
    Waived(usize),
}

/// Holds findings against waivers. Where waivers fit some subjects of a finding, the others stay in
/// force as a finding of their own.
pub(super) fn sort(
    findings: Vec<Finding>,
    facts: &Facts<'_>,
    waivers: &Waivers,
    today: Date,
) -> Sorted {
    let mut sorted = Sorted::default();
    let mut expired: BTreeMap<usize, usize> = BTreeMap::new();
    for finding in findings {
        let Some(of_rule) = waivers.by_rule.get(&finding.rule.id) else {
            sorted.left.push(finding);
            continue;
        };
        let mut late = BTreeSet::new();
        let mut fates: Vec<(Fate, Vec<About>)> = Vec::new();
        for about in finding.abouts() {
            let subject = Subject::new(about, facts);
            let fits = |n: &&usize| waivers.all[**n].fits(&subject);
            let fitting: Vec<usize> = of_rule.iter().filter(fits).copied().collect();
            let holds = |n: &&usize| waivers.all[**n].holds_on(today);
            let fate = match fitting.iter().find(holds) {
                Some(n) => Fate::Waived(*n),
                None => {
                    late.extend(fitting.first());
                    Fate::Left
                }
            };
            sorted.fitting.extend(fitting);
            match fates.iter_mut().find(|(known, _)| *known == fate) {
                Some((_, abouts)) => abouts.push(about.clone()),
                None => fates.push((fate, vec![about.clone()])),
            }
        }
        for n in late {
            *expired.entry(n).or_default() += 1;
        }
        for (fate, abouts) in fates {
            let part = part(&finding, abouts);
            match fate {
                Fate::Left => sorted.left.extend(part),
                Fate::Waived(n) => sorted.waived.extend(part.map(|finding| Waived {
                    finding,
                    waiver: Arc::clone(&waivers.all[n]),
                })),
            }
        }
    }
    let expired = expired.into_iter().map(|(n, findings)| Expired {
        waiver: Arc::clone(&waivers.all[n]),
        findings,
    });
    sorted.expired = expired.collect();
    sorted
}

/// The finding about some of its subjects. They are of one workload, so its fingerprint is that of all.
fn part(finding: &Finding, abouts: Vec<About>) -> Option<Finding> {
    let mut abouts = abouts.into_iter();
    let about = abouts.next()?;
    Some(Finding {
        about,
        also: abouts.collect(),
        ..finding.clone()
    })
}

#[cfg(test)]
mod tests;
