//! One finding for namespaces that are instances of one workload: forty pods of one deployment have one
//! fault, not forty.
//!
//! Findings are the same when nothing but the instance tells them apart: rule, workload, words,
//! evidence and remedy, and for a listener its protocol, address and service. So a finding keeps its
//! fingerprint whatever else is found, and however many instances there are.

use std::collections::HashMap;
use std::sync::Arc;

use super::finding::{Finding, Remediation};
use super::vocabulary::Value;
use crate::assess::{Confidence, Facts};
use crate::snapshot::Protocol;

/// What makes two findings the same.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    rule: String,
    workload: &'a str,
    confidence: Confidence,
    message: String,
    evidence: Vec<(Arc<str>, Value<'static>)>,
    remediation: Vec<Remediation>,
    listener: Option<(Protocol, String, Option<String>)>,
    setting: Option<String>,
}

/// Merges findings that are the same in other instances of a workload.
pub(super) fn merge(findings: Vec<Finding>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut known: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for finding in findings {
        let netns = facts.namespaces.get(finding.about.netns_index);
        let workload = netns.and_then(|netns| netns.namespace.workload.as_deref());
        let (Some(workload), Some(_)) = (workload, &finding.about.netns) else {
            merged.push(finding);
            continue;
        };
        let alike = known.entry(key(&finding, workload)).or_default();
        // SO_REUSEPORT siblings of one namespace stay as many as they are: findings come namespace by
        // namespace, so one that is about this namespace already has it last.
        let here = finding.about.netns_index;
        let others = |at: &&usize| merged.get(**at).is_some_and(|known| last(known) != here);
        match alike.iter().find(others).copied() {
            Some(at) => {
                if let Some(first) = merged.get_mut(at) {
                    first.also.push(finding.about);
                }
            }
            None => {
                alike.push(merged.len());
                merged.push(finding);
            }
        }
    }
    merged
}

/// The namespace that was added last.
fn last(finding: &Finding) -> usize {
    finding.also.last().unwrap_or(&finding.about).netns_index
}

fn key<'a>(finding: &Finding, workload: &'a str) -> Key<'a> {
    let listener = finding.about.listener.as_ref();
    Key {
        rule: finding.rule.id.clone(),
        workload,
        confidence: finding.confidence,
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        remediation: finding.remediation.clone(),
        listener: listener.map(|listener| {
            let (address, service) = (listener.address.clone(), listener.service.clone());
            (listener.protocol, address, service)
        }),
        setting: finding.about.setting.as_ref().map(|it| it.key.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::engine::judge;
    use crate::rules::load;
    use crate::services::Catalogue;
    use crate::snapshot::file;

    /// Findings of BL101: message, namespaces and fingerprint.
    fn truncated(namespaces: &str) -> Vec<(String, Vec<String>, String)> {
        let text = format!("schema: backlint/snapshot/v1\nnamespaces:\n{namespaces}");
        let snapshot = file::parse("f.yaml", &text).unwrap();
        let catalogue = Catalogue::builtin();
        let facts = Facts::new(&snapshot, &catalogue);
        let rules = load::load(&[]).unwrap();
        let findings = judge(&rules, &facts).findings.into_iter();
        findings
            .filter(|finding| finding.rule.id == "BL101")
            .map(|finding| {
                let names = finding.abouts().filter_map(|about| about.netns.clone());
                let names = names.collect();
                (finding.message, names, finding.fingerprint)
            })
            .collect()
    }

    fn pod(name: &str, workload: &str, listeners: usize) -> String {
        let listener = "{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, owners: [{comm: nginx}]}";
        let listeners = vec![listener; listeners].join(", ");
        format!(
            "  - {{name: {name}, workload: {workload}, sysctls: {{net.core.somaxconn: 128}}, listeners: [{listeners}]}}\n"
        )
    }

    #[test]
    fn instances_of_a_workload_are_one_finding_and_keep_its_fingerprint() {
        let one = truncated(&pod("web-1", "pod/shop/web", 1));
        let three = truncated(
            &[
                pod("api-1", "pod/shop/api", 1),
                pod("web-1", "pod/shop/web", 1),
                pod("web-2", "pod/shop/web", 1),
            ]
            .concat(),
        );
        assert_eq!(one.len(), 1);
        assert_eq!(three.len(), 2, "another workload is another finding");
        assert_eq!(three[1].1, ["web-1", "web-2"]);
        assert_eq!(three[1].2, one[0].2, "whatever else is found");
        assert_ne!(three[0].2, one[0].2);
    }

    #[test]
    fn siblings_of_one_namespace_are_not_merged() {
        let both = [pod("web-1", "web", 3), pod("web-2", "web", 2)].concat();
        let found = truncated(&both);
        let names: Vec<usize> = found.iter().map(|(_, names, _)| names.len()).collect();
        assert_eq!(names, [2, 2, 1]);
    }
}
