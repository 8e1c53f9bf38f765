//! A finding: data, built in one place from a rule and a subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expr::{Expr, Name};
use super::template::Template;
use super::vocabulary::{Subject, Value};
use super::{Advice, Remedy, RemedyKey, RemedyStep, RemedyValue, Rule, Scope};
use crate::assess::{Confidence, Facts, ListenerFacts, NetnsFacts};
use crate::snapshot::Protocol;
use crate::text::hex;

/// What a rule found, complete: nothing later adds an opinion.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<Rule>,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence.
    pub message: String,
    /// What it is about.
    pub about: About,
    /// The same in other namespaces: one workload's containers are alike.
    pub also: Vec<About>,
    /// What the rule read, sorted by name.
    pub evidence: Vec<(Arc<str>, Value<'static>)>,
    /// What to do.
    pub remediation: Vec<Remediation>,
    /// Stable across restarts and hosts: rule, stable names of the namespaces, protocol, address,
    /// service, sysctl.
    pub fingerprint: String,
}

impl Finding {
    /// Everything that it is about.
    pub fn abouts(&self) -> impl Iterator<Item = &About> {
        std::iter::once(&self.about).chain(&self.also)
    }

    /// What to do, for everything that it is about.
    pub fn steps(&self) -> impl Iterator<Item = (&Remediation, &About)> {
        let of = |remediation| self.abouts().map(move |about| (remediation, about));
        self.remediation.iter().flat_map(of)
    }
}

/// The subject of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Index of the namespace in the facts.
    pub netns_index: usize,
    /// Name of the namespace; `None` for a finding about the whole host.
    pub netns: Option<String>,
    /// The listener, for a finding about one.
    pub listener: Option<AboutListener>,
    /// The sysctl, for a finding about one of the machine.
    pub setting: Option<AboutSetting>,
}

impl About {
    /// The facts about the namespace.
    pub fn netns_in<'a>(&self, facts: &'a Facts<'a>) -> Option<&'a NetnsFacts<'a>> {
        facts.namespaces.get(self.netns_index)
    }

    /// The facts about the listener, for a finding about one.
    pub fn listener_in<'a>(&self, facts: &'a Facts<'a>) -> Option<&'a ListenerFacts<'a>> {
        self.netns_in(facts)?
            .listeners
            .get(self.listener.as_ref()?.index)
    }
}

/// The listener that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutListener {
    /// Index in the namespace's facts.
    pub index: usize,
    /// Protocol.
    pub protocol: Protocol,
    /// Address.
    pub address: String,
    /// Service, where it is known.
    pub service: Option<String>,
}

/// The sysctl that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutSetting {
    /// Index in the facts about settings; behind the last of them, where a rule asked for one more.
    pub index: usize,
    /// Dotted key.
    pub key: String,
    /// File and line that set it, or would; of several the one that counts.
    pub place: Option<(String, usize)>,
}

/// One recommended step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Remediation {
    /// Set a sysctl in the finding's namespace.
    Sysctl {
        /// Dotted key.
        key: String,
        /// The value, or the advice that `advise` computes.
        value: SysctlTarget,
    },
    /// Change the service's own setting.
    Service {
        /// The backlog that the rule wants at least; `None`: the one that `advise` derives.
        least: Option<i64>,
    },
    /// Make the service listen again.
    Relisten,
    /// Change a file by hand, in words.
    Edit(String),
}

/// The value that a sysctl should get.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SysctlTarget {
    /// This value.
    Value(String),
    /// To be derived by the `advise` stage.
    Advice(Advice),
}

impl Finding {
    /// Builds the finding of `rule` for a subject for which its condition holds. `netns_index` says
    /// where its namespace stands in the facts, and `index` where it stands among the listeners of that,
    /// or among the sysctls of the machine.
    pub(super) fn build(
        rule: &Arc<Rule>,
        subject: Subject<'_>,
        netns_index: usize,
        index: Option<usize>,
    ) -> Self {
        let confidence = match subject.listener {
            Some(listener) if rule.rests_on_verdict() => listener.confidence,
            _ => Confidence::Certain,
        };
        let listener = subject
            .listener
            .zip(index)
            .map(|(listener, index)| AboutListener {
                index,
                protocol: listener.listener.protocol,
                address: listener.listener.address.clone(),
                service: listener.service_name().map(str::to_owned),
            });
        let setting = subject.setting.zip(index);
        let setting = setting.map(|(setting, index)| AboutSetting {
            index,
            key: setting.key.clone(),
            place: setting.line().map(|line| (line.file.clone(), line.line)),
        });
        let netns = (rule.scope != Scope::Host).then(|| subject.netns.namespace.name.clone());
        let about = About {
            netns_index,
            netns,
            listener,
            setting,
        };
        Self {
            confidence,
            message: rule.message.render(subject),
            evidence: evidence(rule, subject),
            remediation: rule
                .remediation
                .iter()
                .filter_map(|remedy| remediation(remedy, subject))
                .collect(),
            fingerprint: fingerprint(&rule.id, &about, subject.netns.namespace.stable_name()),
            about,
            also: Vec::new(),
            rule: Arc::clone(rule),
        }
    }
}

fn remediation(remedy: &Remedy, subject: Subject<'_>) -> Option<Remediation> {
    if let Some(when) = &remedy.when
        && !when.holds(subject).unwrap_or(false)
    {
        return None;
    }
    Some(match &remedy.step {
        RemedyStep::Service(None) => Remediation::Service { least: None },
        RemedyStep::Service(Some(expr)) => match expr.evaluate(subject).ok()? {
            Value::Int(least) => Remediation::Service { least: Some(least) },
            Value::Text(_) | Value::Bool(_) => return None,
        },
        RemedyStep::Relisten => Remediation::Relisten,
        RemedyStep::Edit(words) => Remediation::Edit(words.render(subject)),
        RemedyStep::Sysctl { key, value } => {
            let value = match value {
                RemedyValue::Advice(advice) => SysctlTarget::Advice(*advice),
                RemedyValue::Expr(expr) => {
                    SysctlTarget::Value(expr.evaluate(subject).ok()?.to_string())
                }
            };
            let key = match key {
                RemedyKey::Named(key) => key.clone(),
                RemedyKey::OfSubject => subject.setting?.key.clone(),
            };
            Remediation::Sysctl { key, value }
        }
    })
}

fn evidence(rule: &Rule, subject: Subject<'_>) -> Vec<(Arc<str>, Value<'static>)> {
    let known = rule
        .evidence
        .iter()
        .filter_map(|(path, name)| Some((Arc::clone(path), name.get(subject)?.into_owned())));
    known.collect()
}

/// What findings of a rule show as evidence: the names that its condition and its message read, and
/// those that these were computed from; sorted, once for all findings.
pub(super) fn evidence_names(when: &Expr, message: &Template) -> Vec<(Arc<str>, Name)> {
    let mut names: BTreeMap<String, Name> = BTreeMap::new();
    for name in when.names().chain(message.names()) {
        names.insert(name.path(), name.clone());
        let Name::Fact(entry) = name else { continue };
        for derived in entry
            .derived_from
            .iter()
            .filter_map(|path| Name::of_path(path))
        {
            names.insert(derived.path(), derived);
        }
    }
    // The label is the message's words for protocol, address and service.
    names.remove("listener.label");
    names
        .into_iter()
        .map(|(path, name)| (Arc::from(path), name))
        .collect()
}

/// 128 bits of SHA-256 over the parts that do not change when a service or a host restarts.
pub(super) fn fingerprint(rule: &str, about: &About, place: &str) -> String {
    let listener = about.listener.as_ref();
    let mut parts = vec![
        rule,
        about.netns.as_ref().map_or("", |_| place),
        listener.map_or("", |listener| listener.protocol.name()),
        listener.map_or("", |listener| &listener.address),
        listener
            .and_then(|listener| listener.service.as_deref())
            .unwrap_or_default(),
    ];
    parts.extend(about.setting.as_ref().map(|setting| setting.key.as_str()));
    hex::digest(&parts.join("\0"))
}
