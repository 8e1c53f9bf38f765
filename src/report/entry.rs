//! A finding as the formats for machines tell it: what became of it at the gate, what it is about in a
//! few words, and its texts, cleaned. Which of it is told where is each format's own business.

use super::steps::words;
use super::{Report, style};
use crate::advise::Step;
use crate::assess::Confidence;
use crate::gate::{Expired, Gate, Waiver};
use crate::rules::engine::NotEvaluated;
use crate::rules::finding::{About, Finding};
use crate::rules::{Rule, Scope};
use crate::snapshot::HOST_NETNS;
use crate::text::untrusted::clean;

/// What became of a finding.
#[derive(Debug, Clone, Copy)]
pub(super) enum Standing<'a> {
    /// It fails the run.
    Fails,
    /// It is told, and is not bad or sure enough to fail.
    Told,
    /// The baseline has it.
    Known,
    /// Somebody accepted it.
    Waived(&'a Waiver),
}

/// A finding with what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) finding: &'a Finding,
    pub(super) standing: Standing<'a>,
    steps: &'a [Step],
}

/// The findings of a report, worst first, and then those that somebody accepted.
pub(super) fn entries<'a>(report: &'a Report<'a>, gate: Gate) -> impl Iterator<Item = Entry<'a>> {
    let steps = report.advice.by_finding.iter().map(Vec::as_slice);
    let steps = steps.chain(std::iter::repeat(&[] as &[Step]));
    let open = report.findings().iter().zip(steps);
    let open = open.map(move |(finding, steps)| Entry {
        report,
        finding,
        steps,
        standing: match () {
            () if report.gated.is_known(finding) => Standing::Known,
            () if report.gated.fails(finding, gate) => Standing::Fails,
            () => Standing::Told,
        },
    });
    let waived = report.gated.waived.iter();
    open.chain(waived.map(move |waived| Entry {
        report,
        finding: &waived.finding,
        steps: &[],
        standing: Standing::Waived(&waived.waiver),
    }))
}

impl<'a> Entry<'a> {
    pub(super) fn rule(&self) -> &'a Rule {
        &self.finding.rule
    }

    /// The finding in one sentence, with the namespace in front where that is not the host's and the sentence does
    /// not name it, and how sure it is where it is not certain.
    pub(super) fn message(&self) -> String {
        let message = &self.finding.message;
        let netns = netns(&self.finding.about).filter(|name| !message.contains(name));
        let place = netns.map(|name| format!("{name}: ")).unwrap_or_default();
        let message = format!("{place}{message}");
        let message = clean(&message);
        match self.finding.confidence {
            Confidence::Certain => message.into_owned(),
            unsure => format!("{message} ({unsure})"),
        }
    }

    /// What to do, each step once.
    pub(super) fn steps(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for step in self.steps {
            let words = clean(&words(step, self.report)).into_owned();
            if !all.contains(&words) {
                all.push(words);
            }
        }
        all
    }

    /// `tcp 0.0.0.0:443 (nginx)`, with its namespace in front where that is not the host's.
    pub(super) fn subject(&self) -> String {
        let first = subject(&self.finding.about);
        let words = match self.finding.also.len() {
            0 => first,
            also => format!("{first} and {}", style::count(also, "namespace")),
        };
        clean(&words).into_owned()
    }

    /// Severity, confidence, why, steps and what does not help, a line each.
    pub(super) fn details(&self) -> Vec<String> {
        let rule = self.rule();
        let confidence = self.finding.confidence;
        let mut lines = vec![format!("severity: {}, {confidence}", rule.severity)];
        let evidence = self.finding.evidence.iter();
        lines.extend(evidence.map(|(name, value)| format!("read: {name} = {value}")));
        lines.push(format!("why: {}", rule.why.trim()));
        lines.extend(self.steps().iter().map(|step| format!("do: {step}")));
        let useless = rule.does_not_help.iter();
        lines.extend(useless.map(|words| format!("won't help: {words}")));
        lines.push(format!("more: {}", rule.explain()));
        let lines = lines.iter().map(|line| clean(line).into_owned());
        lines.collect()
    }
}

/// What a waiver that is over means, in one sentence, cleaned.
pub(super) fn expired(expired: &Expired) -> String {
    let waiver = &expired.waiver;
    let day = waiver.expires.as_deref().unwrap_or_default();
    let words = format!(
        "the waiver of {} for {} ended on {day} and is still needed by {}: renew it, or fix what it hid: {}",
        waiver.rule,
        waiver.subject,
        style::count(expired.findings, "finding"),
        waiver.reason
    );
    clean(&words).into_owned()
}

/// The namespace that a finding is about, where that is not the host's.
fn netns(about: &About) -> Option<&str> {
    about.netns.as_deref().filter(|name| *name != HOST_NETNS)
}

/// What a finding is about.
pub(super) fn subject(about: &About) -> String {
    if let Some(setting) = &about.setting {
        return setting.key.clone();
    }
    let netns = netns(about);
    match &about.listener {
        Some(listener) => {
            let place = netns.map(|name| format!("{name}: ")).unwrap_or_default();
            let service = listener.service.as_ref();
            let service = service.map(|name| format!(" ({name})")).unwrap_or_default();
            format!("{place}{} {}{service}", listener.protocol, listener.address)
        }
        None => netns.unwrap_or(HOST_NETNS).to_owned(),
    }
}

/// Why a rule could not be evaluated: `not known: sysctl.net.core.somaxconn`.
pub(super) fn missing(skipped: &NotEvaluated) -> String {
    let missing: Vec<&str> = skipped.missing.iter().map(String::as_str).collect();
    match (&skipped.fault, missing.is_empty()) {
        (_, false) => format!("not known: {}", missing.join(", ")),
        (Some(fault), true) => fault.clone(),
        (None, true) => "no value".to_owned(),
    }
}

/// ` for 3 listeners`, where a rule has several subjects.
pub(super) fn subjects(skipped: &NotEvaluated) -> String {
    match skipped.rule.scope {
        Scope::Listener => format!(" for {}", style::count(skipped.subjects, "listener")),
        Scope::Setting => format!(" for {}", style::count(skipped.subjects, "sysctl")),
        Scope::Host | Scope::Netns => String::new(),
    }
}
