//! Evaluates rules over facts.
//!
//! A host has thousands of listeners, so what those of a namespace have in common is read once for all of
//! them: the names of a condition are known since it was typed. Many listeners are worth the rules' being
//! divided among the cores.
//!
//! A rule about what the files of the machine set is not asked of a record in which nobody looked at
//! them: whoever wrote it decided what it holds, so that is no gap, and it is told once. Nor is one about
//! what only a run shows (how full a queue is, what was dropped) asked of an image, of which nothing runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::alike;
use super::expr::Unevaluated;
use super::finding::Finding;
use super::vocabulary::Subject;
use super::{Rule, RuleSet, Scope};
use crate::assess::{Facts, NetnsFacts, SettingFacts, Settings};
use crate::cores;
use crate::snapshot::Protocol;

/// Listeners from which on rules are divided among the cores.
const MANY_LISTENERS: usize = 1000;

/// What the rules say about a snapshot.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Rules that could not be evaluated for some subjects, by rule.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Rules about what the machine's files set, by id, where nobody looked at these files; and those that
    /// could not be evaluated for something of an image because it does not run.
    pub not_asked: Vec<Arc<Rule>>,
}

/// A rule that could not be evaluated, because facts are missing. It did not pass.
#[derive(Debug, Clone)]
pub struct NotEvaluated {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The namespace; `None` for a rule about the whole host.
    pub netns: Option<String>,
    /// How many subjects it could not be evaluated for.
    pub subjects: usize,
    /// The names that were needed.
    pub missing: BTreeSet<String>,
    /// What the evaluator said where nothing was missing.
    pub fault: Option<String>,
}

/// Evaluates all rules for all subjects.
pub fn judge(rules: &RuleSet, facts: &Facts<'_>) -> Judgement {
    let applies = |rule: &&Arc<Rule>| rule.applies_to(facts.kernel);
    let rules: Vec<&Arc<Rule>> = rules.iter().filter(applies).collect();
    let listeners = facts.namespaces.iter().map(|netns| netns.listeners.len());
    let worth_a_thread = match listeners.sum::<usize>() >= MANY_LISTENERS {
        true => 2,
        false => usize::MAX,
    };
    let mut judgement = Judgement::default();
    for part in cores::map_from(worth_a_thread, &rules, |rule| judge_by(rule, facts)) {
        judgement.findings.extend(part.findings);
        judgement.not_evaluated.extend(part.not_evaluated);
        judgement.not_asked.extend(part.not_asked);
    }
    judgement.findings = alike::merge(std::mem::take(&mut judgement.findings), facts);
    judgement.findings.sort_by(|a, b| {
        let worst_first = b.rule.severity.cmp(&a.rule.severity);
        worst_first
            .then_with(|| b.confidence.cmp(&a.confidence))
            .then_with(|| a.rule.id.cmp(&b.rule.id))
            .then_with(|| position(a).cmp(&position(b)))
    });
    judgement
}

/// Evaluates one rule for all subjects.
fn judge_by(rule: &Arc<Rule>, facts: &Facts<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    if facts.settings.is_none() && rule.needs_settings() {
        judgement.not_asked.push(Arc::clone(rule));
        return judgement;
    }
    for (index, netns) in places(rule, facts).iter().enumerate() {
        Evaluation {
            rule,
            facts,
            netns,
            index,
            skipped: None,
            not_asked: false,
        }
        .run(&mut judgement);
    }
    judgement
}

/// Why a rule was not asked of a record, in words.
pub fn why_not_asked(rule: &Rule, facts: &Facts<'_>) -> &'static str {
    match facts.settings.is_none() && rule.needs_settings() {
        true => "the record has no `files`",
        false => "nothing of an image runs",
    }
}

/// The namespaces that a rule is evaluated in: all, or the host's own, which is the first.
fn places<'a>(rule: &Rule, facts: &'a Facts<'a>) -> &'a [NetnsFacts<'a>] {
    let all = facts.namespaces.as_slice();
    match rule.scope {
        Scope::Netns | Scope::Listener => all,
        Scope::Host | Scope::Setting => all.get(..1).unwrap_or_default(),
    }
}

fn position(finding: &Finding) -> (usize, Option<usize>) {
    let listener = finding.about.listener.as_ref();
    let setting = finding.about.setting.as_ref();
    let index = listener.map(|listener| listener.index);
    (
        finding.about.netns_index,
        index.or(setting.map(|setting| setting.index)),
    )
}

/// Whether a rule needs a queue that this protocol never tells. That is no fact that is missing: the
/// rule is not about such listeners.
fn is_never_told(protocol: Protocol, why: &Unevaluated) -> bool {
    let of_queue = |name: &String| name.starts_with("listener.accept_queue.");
    !protocol.tells_queue() && why.missing.iter().any(of_queue)
}

/// Whether only a run shows what a name stands for. A sysctl is one of them whose default depends on the
/// machine.
fn is_of_a_run(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "listener.accept_queue.len",
        "listener.drops",
        "listener.inode",
        "listener.uid",
        "netns.host_overflows",
        "netns.host_somaxconn",
        "netns.id",
        "netns.syn_backlog_was_set",
        "netns.syn_queue_admits",
    ];
    const FAMILIES: [&str; 4] = [
        "counters.",
        "listener.group.",
        "listener.syn_queue.",
        "sysctl.",
    ];
    NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The sysctls that a rule asks for by name, and that neither a file nor the record has.
fn beyond(rule: &Rule, settings: Option<&Settings<'_>>) -> Vec<SettingFacts> {
    let Some(settings) = settings else {
        return Vec::new();
    };
    let asked = rule.when.settings();
    asked.filter_map(|key| settings.beyond(key)).collect()
}

/// One rule in one namespace.
struct Evaluation<'a> {
    rule: &'a Arc<Rule>,
    facts: &'a Facts<'a>,
    netns: &'a NetnsFacts<'a>,
    index: usize,
    skipped: Option<NotEvaluated>,
    not_asked: bool,
}

impl Evaluation<'_> {
    fn run(mut self, judgement: &mut Judgement) {
        let subject = Subject {
            facts: self.facts,
            netns: self.netns,
            listener: None,
            setting: None,
        };
        let of_listener = |listener| Subject {
            listener: Some(listener),
            ..subject
        };
        let of_setting = |setting| Subject {
            setting: Some(setting),
            ..subject
        };
        let settings = self.facts.settings.as_ref();
        match self.rule.scope {
            Scope::Host | Scope::Netns => {
                let outcome = self.rule.when.holds(subject);
                self.keep(&outcome, subject, None, judgement);
            }
            Scope::Listener => {
                let all = self.netns.listeners.iter().map(of_listener);
                self.each(subject, all, judgement);
            }
            Scope::Setting => {
                let beyond = beyond(self.rule, settings);
                let all = settings.into_iter().flat_map(Settings::iter);
                let all = all.chain(&beyond).map(of_setting);
                self.each(subject, all, judgement);
            }
        }
        judgement.not_evaluated.extend(self.skipped);
        if self.not_asked {
            judgement.not_asked.push(Arc::clone(self.rule));
        }
    }

    fn each<'s>(
        &mut self,
        any: Subject<'s>,
        subjects: impl Iterator<Item = Subject<'s>>,
        judgement: &mut Judgement,
    ) {
        let rule = Arc::clone(self.rule);
        let shared = rule.when.share(any);
        if rule.when.holds_for_none(any, &shared) {
            return;
        }
        for (index, subject) in subjects.enumerate() {
            let outcome = rule.when.holds_with(subject, &shared);
            self.keep(&outcome, subject, Some(index), judgement);
        }
    }

    fn keep(
        &mut self,
        outcome: &Result<bool, Unevaluated>,
        subject: Subject<'_>,
        index: Option<usize>,
        judgement: &mut Judgement,
    ) {
        let protocol = subject.listener.map(|facts| facts.listener.protocol);
        match outcome {
            Ok(true) => {
                let finding = Finding::build(self.rule, subject, self.index, index);
                judgement.findings.push(finding);
            }
            Ok(false) => {}
            Err(why) if protocol.is_some_and(|protocol| is_never_told(protocol, why)) => {}
            Err(why) if self.needs_a_run(why) => self.not_asked = true,
            Err(why) => self.skip(why),
        }
    }

    /// Whether something is missing that only a run shows, of something that does not run: whatever else were
    /// known, the rule could not be evaluated.
    fn needs_a_run(&self, why: &Unevaluated) -> bool {
        let of_image = self.facts.snapshot.image.is_some();
        of_image && why.missing.iter().any(|name| is_of_a_run(name))
    }

    fn skip(&mut self, why: &Unevaluated) {
        let skipped = self.skipped.get_or_insert_with(|| NotEvaluated {
            rule: Arc::clone(self.rule),
            netns: (self.rule.scope != Scope::Host).then(|| self.netns.namespace.name.clone()),
            subjects: 0,
            missing: BTreeSet::new(),
            fault: why.fault.clone(),
        });
        skipped.subjects += 1;
        skipped.missing.extend(why.missing.iter().cloned());
    }
}
