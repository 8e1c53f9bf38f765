//! Evaluates rules over facts.
//!
//! A host has thousands of listeners and few different ones, and its namespaces are alike too, so a
//! rule is evaluated once for each combination of the values that it reads: the names of a condition
//! are known since it was typed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::alike;
use super::expr::{Name, Unevaluated};
use super::finding::Finding;
use super::vocabulary::{Subject, Value};
use super::{Rule, RuleSet, Scope};
use crate::assess::{Facts, NetnsFacts};
use crate::snapshot::Protocol;

/// What the rules say about a snapshot.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Rules that could not be evaluated for some subjects, by rule.
    pub not_evaluated: Vec<NotEvaluated>,
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
    let mut judgement = Judgement::default();
    for rule in rules.iter() {
        let applies = match (rule.kernel, facts.kernel) {
            (Some(requirement), Some(kernel)) => requirement.holds(kernel),
            _ => true,
        };
        if !applies {
            continue;
        }
        // A rule about the host reads the host's own namespace, which is the first.
        let namespaces = if rule.scope == Scope::Host {
            1
        } else {
            facts.namespaces.len()
        };
        let mut known = Known::of(rule);
        for (index, netns) in facts.namespaces.iter().take(namespaces).enumerate() {
            Evaluation {
                rule,
                facts,
                netns,
                index,
                skipped: None,
            }
            .run(&mut known, &mut judgement);
        }
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

fn position(finding: &Finding) -> (usize, Option<usize>) {
    let listener = finding.about.listener.as_ref();
    (
        finding.about.netns_index,
        listener.map(|listener| listener.index),
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
    /// Names whose values differ between the listeners of a namespace.
    of_listener: Vec<&'a Name>,
    /// A number for each combination of values that namespaces have.
    namespaces: HashMap<Inputs<'a>, usize>,
    /// For each of these, by the values of a listener: where the outcome is.
    places: Vec<HashMap<Inputs<'a>, usize>>,
    outcomes: Vec<Result<bool, Unevaluated>>,
    /// The values of one listener, kept for its room: most are known, and need none of their own.
    inputs: Inputs<'a>,
}

type Inputs<'a> = Vec<Option<Value<'a>>>;

impl<'a> Known<'a> {
    fn of(rule: &'a Rule) -> Self {
        let (of_listener, of_netns) = rule.when.inputs().partition(|name| name.is_of_listener());
        Self {
            of_netns,
            of_listener,
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
        self.inputs.clear();
        let inputs = self.of_listener.iter().map(|name| name.get(subject));
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
        };
        let netns = known.netns(subject);
        if self.rule.scope == Scope::Listener {
            for (index, listener) in self.netns.listeners.iter().enumerate() {
                let listener = Subject {
                    listener: Some(listener),
                    ..subject
                };
                let outcome = known.outcome(self.rule, netns, listener);
                self.keep(outcome, listener, Some(index), judgement);
            }
        } else {
            let outcome = known.outcome(self.rule, netns, subject);
            self.keep(outcome, subject, None, judgement);
        }
        judgement.not_evaluated.extend(self.skipped);
    }

    fn keep(
        &mut self,
        outcome: &Result<bool, Unevaluated>,
        subject: Subject<'_>,
        listener: Option<usize>,
        judgement: &mut Judgement,
    ) {
        let protocol = subject.listener.map(|facts| facts.listener.protocol);
        match outcome {
            Ok(true) => {
                let finding = Finding::build(self.rule, subject, self.index, listener);
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
