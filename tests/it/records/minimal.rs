//! What `--minimal` keeps: the findings whole, and nothing that they do not rest on.

use backlint::rules::finding::Finding;
use backlint::rules::minimal::minimal;
use backlint::snapshot::{Listener, Owner, Protocol, Snapshot, file};
use proptest::prelude::*;

use super::fixtures::{Judge, all};
use super::generated;

/// All that a finding says but where it stands in the record.
fn words(finding: &Finding) -> String {
    let Finding {
        rule,
        confidence,
        message,
        evidence,
        remediation,
        fingerprint,
        ..
    } = finding;
    let abouts = finding.abouts().count();
    format!(
        "{} {confidence} {message} {evidence:?} {remediation:?} {fingerprint} {abouts}",
        rule.id
    )
}

fn size(snapshot: &Snapshot) -> usize {
    file::to_yaml(snapshot).unwrap().len()
}

fn holds(judge: &Judge, name: &str, snapshot: &Snapshot) -> Snapshot {
    counted(judge, name, snapshot).0
}

/// What is kept, and how many judgements it took.
fn counted(judge: &Judge, name: &str, snapshot: &Snapshot) -> (Snapshot, usize) {
    let found = minimal(snapshot, &judge.rules, &judge.catalogue).unwrap();
    let (kept, judgements) = (found.snapshot, found.judgements);
    let of = |it: &Snapshot| -> Vec<String> { judge.findings(it).iter().map(words).collect() };
    assert_eq!(of(&kept), of(snapshot), "{name}");
    assert!(size(&kept) <= size(snapshot), "{name}");
    let text = file::to_yaml(&kept).unwrap();
    assert_eq!(file::parse(name, &text).unwrap(), kept, "{name}");
    (kept, judgements)
}

#[test]
fn every_fixture_keeps_its_findings_and_grows_no_larger() {
    let judge = Judge::new();
    for (name, snapshot) in all() {
        let kept = holds(&judge, &name, &snapshot);
        assert_eq!(kept.host.name, None, "{name}: no rule reads it");
        assert!(
            kept.gaps.is_empty(),
            "{name}: no finding rests on what is not known"
        );
    }
}

#[test]
fn generated_records_keep_their_findings() {
    let judge = Judge::new();
    let config = ProptestConfig {
        cases: 24,
        ..ProptestConfig::default()
    };
    proptest!(config, |(snapshot in generated::record())| {
        holds(&judge, "generated", &snapshot);
    });
}

#[test]
fn what_is_kept_is_what_a_person_would_keep() {
    let judge = Judge::new();
    let fixture = all()
        .into_iter()
        .find(|(name, _)| name == "debian11-nginx-128.yaml")
        .unwrap()
        .1;
    let kept = holds(&judge, "debian11", &fixture);
    assert_eq!(
        file::to_yaml(&kept).unwrap(),
        "schema: backlint/snapshot/v1
namespaces:
- name: host
  sysctls:
    net.core.somaxconn: 128
  listeners:
  - protocol: tcp
    address: 0.0.0.0:80
    accept_queue:
      max: 128
    owners:
    - comm: nginx
  - protocol: tcp
    address: '[::]:443'
    accept_queue:
      max: 128
    owners:
    - comm: nginx
"
    );
}

#[test]
fn ten_thousand_listeners_take_few_judgements() {
    let judge = Judge::new();
    let mut snapshot = all()
        .into_iter()
        .find(|(name, _)| name == "debian11-nginx-128.yaml")
        .unwrap()
        .1;
    for n in 0..10_000_u32 {
        let mut listener = Listener::new(
            Protocol::Tcp,
            format!("10.0.{}.{}:{}", n / 250, n % 250, 1024 + n),
        );
        listener.accept_queue.max = Some(5);
        listener.owners = vec![Owner {
            comm: Some(format!("own{n}")),
            ..Owner::default()
        }];
        snapshot.namespaces[0].listeners.push(listener);
    }
    let (kept, judgements) = counted(&judge, "many", &snapshot);
    assert_eq!(kept.namespaces[0].listeners.len(), 2);
    // The first one leaves out what has no finding; the others read a record of two listeners.
    assert!(judgements < 200, "{judgements}");
}

#[test]
fn thousands_of_findings_take_few_judgements_too() {
    let judge = Judge::new();
    let mut snapshot = all()
        .into_iter()
        .find(|(name, _)| name == "debian11-nginx-128.yaml")
        .unwrap()
        .1;
    let nginx = snapshot.namespaces[0].listeners[0].clone();
    for port in 1000..2000_u32 {
        let address = format!("0.0.0.0:{port}");
        snapshot.namespaces[0].listeners.push(Listener {
            address,
            ..nginx.clone()
        });
    }
    let (kept, judgements) = counted(&judge, "many", &snapshot);
    assert_eq!(kept.namespaces[0].listeners.len(), 1002);
    let last = kept.namespaces[0].listeners.last().unwrap();
    assert_eq!(last.owners.len(), 1);
    assert_eq!((last.drops, last.owners[0].pid), (None, None));
    assert!(judgements < 180, "{judgements}");
}
