//! Evaluates rules over facts.
//!
//! A host has thousands of listeners and few different ones, and its namespaces are alike too, so a
//! rule is evaluated once for each combination of the values that it reads: the names of a condition
//! are known since it was typed. So it is with the machine's sysctls. Before that, the parts of a
//! condition that are told without CEL are asked (`expr/quick.rs`), and rule out most subjects.
//!
//! A rule about what the files of the machine set is not asked of a record in which nobody looked at
//! them: whoever wrote it decided what it holds, so that is no gap, and it is told once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::alike;
use super::expr::{Name, Unevaluated};
use super::finding::Finding;
use super::vocabulary::{Subject, Value};
use super::{Rule, RuleSet, Scope};
use crate::assess::{Facts, NetnsFacts, Settings};
use crate::cores;
use crate::snapshot::Protocol;

/// Listeners from which on rules are divided among the cores.
const MANY_LISTENERS: usize = 1000;

/// What a condition says when one of its quick parts is false.
static RULED_OUT: Result<bool, Unevaluated> = Ok(false);

/// What the rules say about a snapshot.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Rules that could not be evaluated for some subjects, by rule.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Rules about what the machine's files set, by id, where nobody looked at these files.
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
    let mut known = Known::of(rule);
    for (index, netns) in places(rule, facts).iter().enumerate() {
        Evaluation {
            rule,
            facts,
            netns,
            index,
            skipped: None,
        }
        .run(&mut known, &mut judgement);
    }
    judgement
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

/// What one rule said for which inputs, in all namespaces.
struct Known<'a> {
    /// Names whose values a namespace has.
    of_netns: Vec<&'a Name>,
    /// Names whose values differ between the listeners of a namespace, or the sysctls of the machine.
    of_subject: Vec<&'a Name>,
    /// A number for each combination of values that namespaces have.
    namespaces: HashMap<Inputs<'a>, usize>,
    /// For each of these, by the values of a listener or sysctl: where the outcome is.
    places: Vec<HashMap<Inputs<'a>, usize>>,
    outcomes: Vec<Result<bool, Unevaluated>>,
    /// The values of one of them, kept for its room: most are known, and need none of their own.
    inputs: Inputs<'a>,
}

type Inputs<'a> = Vec<Option<Value<'a>>>;

impl<'a> Known<'a> {
    fn of(rule: &'a Rule) -> Self {
        let (of_subject, of_netns) = rule.when.inputs().partition(|name| name.is_of_subject());
        Self {
            of_netns,
            of_subject,
            namespaces: HashMap::new(),
            places: Vec::new(),
            outcomes: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// The number of a namespace's combination.
    fn netns(&mut self, subject: Subject<'a>) -> usize {
        let inputs = self.of_netns.iter().map(|name| name.get(subject)).collect();
        let next = self.namespaces.len();
        let number = *self.namespaces.entry(inputs).or_insert(next);
        if number == self.places.len() {
            self.places.push(HashMap::new());
        }
        number
    }

    fn outcome(
        &mut self,
        rule: &Rule,
        netns: usize,
        subject: Subject<'a>,
    ) -> &Result<bool, Unevaluated> {
        if rule.when.quick().rules_out(subject) {
            return &RULED_OUT;
        }
        self.inputs.clear();
        let inputs = self.of_subject.iter().map(|name| name.get(subject));
        self.inputs.extend(inputs);
        let places = &mut self.places[netns];
        let at = match places.get(self.inputs.as_slice()) {
            Some(at) => *at,
            None => {
                let next = self.outcomes.len();
                self.outcomes.push(rule.when.holds(subject));
                places.insert(self.inputs.clone(), next);
                next
            }
        };
        &self.outcomes[at]
    }
}

/// One rule in one namespace.
struct Evaluation<'a> {
    rule: &'a Arc<Rule>,
    facts: &'a Facts<'a>,
    netns: &'a NetnsFacts<'a>,
    index: usize,
    skipped: Option<NotEvaluated>,
}

impl<'a> Evaluation<'a> {
    fn run(mut self, known: &mut Known<'a>, judgement: &mut Judgement) {
        let subject = Subject {
            facts: self.facts,
            netns: self.netns,
            listener: None,
            setting: None,
        };
        if self.rule.when.quick().rules_out_all(subject) {
            return;
        }
        let netns = known.netns(subject);
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
                let outcome = known.outcome(self.rule, netns, subject);
                self.keep(outcome, subject, None, judgement);
            }
            Scope::Listener => {
                let all = self.netns.listeners.iter().map(of_listener);
                self.each(all, known, netns, judgement);
            }
            Scope::Setting => {
                let all = settings.into_iter().flat_map(Settings::iter);
                self.each(all.map(of_setting), known, netns, judgement);
            }
        }
        judgement.not_evaluated.extend(self.skipped);
    }

    fn each(
        &mut self,
        subjects: impl Iterator<Item = Subject<'a>>,
        known: &mut Known<'a>,
        netns: usize,
        judgement: &mut Judgement,
    ) {
        for (index, subject) in subjects.enumerate() {
            let outcome = known.outcome(self.rule, netns, subject);
            self.keep(outcome, subject, Some(index), judgement);
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
            Err(why) => self.skip(why),
        }
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
