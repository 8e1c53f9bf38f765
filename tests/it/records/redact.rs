//! What `--redact` leaves as it is: every finding.

use std::cell::Cell;
use std::ops::Range;

use backlint::assess::public::Catalogued;
use backlint::snapshot::redact::{Public, redact};
use backlint::snapshot::{
    FileText, Listener, Namespace, Protocol, Requested, Snapshot, Source, file,
};
use proptest::prelude::*;

use super::fixtures::{Judge, all};
use super::generated;
use crate::support::program::{backlint, finish_with, run};

fn holds(judge: &Judge, public: &Catalogued, name: &str, snapshot: &Snapshot) {
    let shown = redact(snapshot, public);
    assert_eq!(judge.gist(&shown), judge.gist(snapshot), "{name}");
    let listeners = |it: &Snapshot| -> Vec<usize> {
        it.namespaces
            .iter()
            .map(|netns| netns.listeners.len())
            .collect()
    };
    assert_eq!(listeners(&shown), listeners(snapshot), "{name}");
    let text = file::to_yaml(&shown).unwrap();
    let again = file::parse(name, &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    assert_eq!(again, shown, "{name}");
    assert_eq!(redact(&shown, public), shown, "{name}: a second time");
}

#[test]
fn every_fixture_keeps_its_findings() {
    let judge = Judge::new();
    let public = Catalogued::new(&judge.catalogue);
    for (name, snapshot) in all() {
        holds(&judge, &public, &name, &snapshot);
    }
}

#[test]
fn generated_records_keep_their_findings() {
    let judge = Judge::new();
    let public = Catalogued::new(&judge.catalogue);
    let config = ProptestConfig {
        cases: 300,
        ..ProptestConfig::default()
    };
    proptest!(config, |(snapshot in generated::record())| {
        holds(&judge, &public, "generated", &snapshot);
    });
}

#[test]
fn a_record_of_standard_input_is_redacted_too() {
    let text = "schema: backlint/snapshot/v1\nhost: {name: secret7}\nnamespaces: [{}]\n";
    let mut command = backlint();
    command.args(["snapshot", "--snapshot", "-", "--redact"]);
    let run = finish_with(&mut command, text.as_bytes()).ended(0);
    assert!(
        run.out.contains("name: host-1") && !run.out.contains("secret7"),
        "{}",
        run.out
    );
    assert_eq!(run.err, "");
}

#[test]
fn a_record_becomes_another_format() {
    let home = tempfile::tempdir().unwrap();
    let json = home.path().join("web.json");
    let json = json.to_str().unwrap();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/lost-at-boot.yaml");
    run(["snapshot", "--snapshot", fixture, "-o", json]).ended(0);
    let text = std::fs::read_to_string(json).unwrap();
    let mut converted = file::parse("json", &text).unwrap();
    assert_eq!(
        converted.written_by.take().as_deref(),
        Some("backlint 0.1.0")
    );
    let old = std::fs::read_to_string(fixture).unwrap();
    assert_eq!(converted, file::parse("yaml", &old).unwrap());
    assert!(text.starts_with("{\n"));
}

#[test]
fn what_backlint_says_of_gaps_stays_readable() {
    let judge = Judge::new();
    let public = Catalogued::new(&judge.catalogue);
    let mut gaps = 0;
    for (name, snapshot) in all() {
        assert_eq!(
            redact(&snapshot, &public).gaps,
            snapshot.gaps,
            "{name}: lists/sentences.txt lacks one"
        );
        gaps += snapshot.gaps.len();
    }
    assert!(gaps > 5, "only {gaps} gaps");
}

#[test]
fn comments_go_and_every_line_keeps_its_number() {
    let text = "# secret\nnet.core.somaxconn = 1 # secret\n\n; secret\n-vm.swappiness = 2\nsecret\n# \u{fc}ber\n";
    let mut snapshot = all().remove(0).1;
    snapshot.files = Some(vec![FileText::new("/etc/sysctl.d/7-secret.conf", text)]);
    let judge = Judge::new();
    let shown = redact(&snapshot, &Catalogued::new(&judge.catalogue));
    let file = &shown.files.unwrap()[0];
    assert_eq!(file.path, "/etc/sysctl.d/7-file-1.conf");
    assert_eq!(
        file.text,
        "\nnet.core.somaxconn = 1 # value-1\n\n\n-vm.swappiness = 2\n"
    );
}

#[test]
fn of_a_key_the_parts_stay_that_everybody_knows() {
    let text = "net.core.soamxconn = 1\nnet.acme.somaxconn = 2\nkernel.acme = 3\nnet/ipv4/conf/acme.100/rp_filter = 4\n\
                net.ipv4.conf.*.rp_filter = 5\nnet.ipv4.conf.eth*.arp_filter = 6\nacme.x = 7\nnet.bridge.bridge-nf-call-iptables = 8\n";
    let snapshot = Snapshot {
        files: Some(vec![FileText::new("/etc/sysctl.conf", text)]),
        ..Snapshot::default()
    };
    let judge = Judge::new();
    let shown = redact(&snapshot, &Catalogued::new(&judge.catalogue));
    assert_eq!(
        shown.files.unwrap()[0].text,
        "net.core.soamxconn = 1\nnet.name-1.somaxconn = 2\nkernel.name-1 = 3\nnet/ipv4/conf/interface-1/rp_filter = 4\n\
         net.ipv4.conf.*.rp_filter = 5\nnet.ipv4.conf.eth*.arp_filter = 6\nname-2 = 7\nnet.bridge.bridge-nf-call-iptables = 8\n"
    );
}

/// Counts how often the catalogues are asked.
struct Counting<'a> {
    inner: &'a Catalogued,
    sysctls: Cell<usize>,
    slips: Cell<usize>,
}

impl Public for Counting<'_> {
    fn program(&self, name: &str) -> Option<Range<usize>> {
        self.inner.program(name)
    }

    fn is_sysctl(&self, key: &str) -> bool {
        self.sysctls.set(self.sysctls.get() + 1);
        self.inner.is_sysctl(key)
    }

    fn is_slip(&self, key: &str) -> bool {
        self.slips.set(self.slips.get() + 1);
        self.inner.is_slip(key)
    }

    fn is_component(&self, word: &str) -> bool {
        self.inner.is_component(word)
    }
}

#[test]
fn words_are_looked_up_once_and_only_keys_are_searched_for_slips() {
    let judge = Judge::new();
    let catalogued = Catalogued::new(&judge.catalogue);
    let public = Counting {
        inner: &catalogued,
        sysctls: Cell::new(0),
        slips: Cell::new(0),
    };
    let mut netns = Namespace::new("host");
    netns.absent.insert("net.core.soamxconn".to_owned());
    let mut other = Namespace::new("docker/acme");
    other.absent.clone_from(&netns.absent);
    for n in 0..10_000_u32 {
        let mut listener = Listener::new(Protocol::Unix, format!("@acme.{n}"));
        listener.requested = Some(Requested {
            backlog: None,
            source: Source::Config,
            place: Some("acme.conf of net.acme.x and user.acme".to_owned()),
            applied: false,
        });
        netns.listeners.push(listener);
    }
    let snapshot = Snapshot {
        namespaces: vec![netns, other],
        ..Snapshot::default()
    };
    let shown = redact(&snapshot, &public);
    assert_eq!(shown.namespaces[0].listeners.len(), 10_000);
    assert_eq!(public.slips.get(), 1);
    assert!(public.sysctls.get() < 10_010, "{}", public.sysctls.get());
}
