//! One finding for many namespaces that are alike: forty pods of one deployment have one fault, not
//! forty.
//!
//! Findings are the same when nothing but the namespace tells them apart: rule, words, evidence and
//! remedy, and for a listener its protocol, address and service. The host's own namespace stands by
//! itself, because what mends it is another thing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::finding::{self, Finding, Remediation};
use super::vocabulary::Value;
use crate::assess::{Confidence, Facts};
use crate::snapshot::Protocol;

/// What makes two findings the same.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    rule: String,
    confidence: Confidence,
    message: String,
    evidence: Vec<(Arc<str>, Value<'static>)>,
    remediation: Vec<Remediation>,
    listener: Option<(Protocol, String, Option<String>)>,
    /// SO_REUSEPORT siblings of one namespace stay as many as they are.
    sibling: usize,
}

/// Merges findings that are the same in other namespaces.
pub(super) fn merge(findings: Vec<Finding>, facts: &Facts<'_>) -> Vec<Finding> {
    let single = |finding: &Finding| match &finding.about.netns {
        Some(_) => facts
            .namespaces
            .get(finding.about.netns_index)
            .is_none_or(|netns| netns.namespace.is_host()),
        None => true,
    };
    if facts.namespaces.len() < 2 {
        return findings;
    }
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut first: HashMap<Key, usize> = HashMap::new();
    let mut siblings: HashMap<(usize, Key), usize> = HashMap::new();
    for finding in findings {
        if single(&finding) {
            merged.push(finding);
            continue;
        }
        let seen = siblings.entry((finding.about.netns_index, key(&finding, 0)));
        let sibling = seen.or_default();
        let key = key(&finding, *sibling);
        *sibling += 1;
        match first.get(&key).and_then(|at| merged.get_mut(*at)) {
            Some(known) => known.also.push(finding.about),
            None => {
                first.insert(key, merged.len());
                merged.push(finding);
            }
        }
    }
    for finding in merged.iter_mut().filter(|finding| !finding.also.is_empty()) {
        let places: BTreeSet<&str> = finding
            .abouts()
            .filter_map(|about| Some(about.netns_in(facts)?.namespace.stable_name()))
            .collect();
        let places = places.into_iter().collect::<Vec<_>>().join(",");
        finding.fingerprint = finding::fingerprint(&finding.rule.id, &finding.about, &places);
    }
    merged
}

fn key(finding: &Finding, sibling: usize) -> Key {
    let listener = finding.about.listener.as_ref();
    Key {
        rule: finding.rule.id.clone(),
        confidence: finding.confidence,
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        remediation: finding.remediation.clone(),
        listener: listener.map(|listener| {
            let (address, service) = (listener.address.clone(), listener.service.clone());
            (listener.protocol, address, service)
        }),
        sibling,
    }
}
