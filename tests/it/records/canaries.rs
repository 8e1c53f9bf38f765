//! Words that nobody knows are planted into every text of a record, in every place of a text where
//! private words stand; none of them may come out of `--redact`.

use backlint::assess::public::Catalogued;
use backlint::services::Catalogue;
use backlint::snapshot::redact::redact;
use backlint::snapshot::{FileText, Snapshot};
use serde_json::Value;

use super::full;

/// Where a private word stands in a text.
const SHAPES: [&str; 47] = [
    "CANARY",
    "CANARY.service",
    "worker@CANARY.service",
    "docker/CANARY",
    "docker-CANARY.scope",
    "/home/CANARY/bin/nginx",
    "/root/CANARY",
    "/srv/CANARY.conf",
    "/etc/sysctl.d/60-CANARY.conf",
    "/run/CANARY/x.sock",
    "@/run/CANARY",
    "nginx-CANARY",
    "php-fpm: CANARY",
    "CANARY.example.com:443",
    "10.0.0.1%CANARY:80",
    "registry.CANARY.com/CANARY/x:CANARY@sha256:CANARY",
    "6.1.0-CANARY",
    "permission denied: CANARY, of (CANARY) \"CANARY\" 'CANARY'",
    "ExecStart=/opt/CANARY/sysctl -w net.core.somaxconn=1 --user=CANARY $CANARY",
    "# CANARY\nnet.core.somaxconn = 5 # CANARY\n; CANARY\rCANARY\nCANARY = 1\n-CANARY\n[CANARY]\nCANARY \\\n",
    "sysctl.kernel.domainname=CANARY",
    "sysctl.net.ipv4.conf.CANARY.rp_filter=1",
    "net.ipv4.conf.CANARY.rp_filter",
    "net/ipv4/neigh/CANARY/base_reachable_time",
    "äCANARYß",
    "a\u{0}CANARY\u{1b}[1mCANARY",
    "dev.CANARY.com",
    "net/CANARY/x",
    "user.CANARY",
    "kernel.CANARY",
    "kernel.hostname: dev.CANARY.com",
    "@user.CANARY.billing",
    "listen net.CANARY.internal;",
    "dev/CANARY/secret",
    "vm.CANARY = net.CANARY.x # fs.CANARY",
    "debug.CANARY=1",
    "sysctl.kernel/CANARY=user.CANARY",
    "net/ipv4/conf/CANARY.100/rp_filter",
    "net.ipv4.conf.CANARY*.rp_filter = 1",
    "net.ipv4.CANARY.tcp_mem",
    "net.core.somaxconn.CANARY",
    "/proc/sys/net/CANARY/x",
    "/usr/bin/CANARY",
    "/usr/src/app/CANARY/server",
    "/usr/CANARY/x.sock",
    "/lib/CANARY/libCANARY.so (deleted)",
    "/usr/lib/systemd/system/CANARY.service:3",
];

/// Replaces every text below a node for which that is still a record.
fn plant(node: &mut Value, shape: &str, number: &mut usize) {
    match node {
        Value::String(text) => {
            *number += 1;
            *text = shape.replace("CANARY", &format!("qzvx{number}"));
        }
        Value::Array(all) => all.iter_mut().for_each(|it| plant(it, shape, number)),
        Value::Object(all) => {
            let old = std::mem::take(all);
            for (key, mut value) in old {
                plant(&mut value, shape, number);
                // A map's keys are texts too; fields have names of our own.
                let key = match key.contains(['.', '/']) || key == "procps" {
                    true => {
                        *number += 1;
                        shape.replace("CANARY", &format!("qzvx{number}"))
                    }
                    false => key,
                };
                all.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Names of variants, which no other text can take the place of.
const VARIANTS: [&str; 6] = [
    "schema",
    "runtime",
    "protocol",
    "libc",
    "configuration",
    "source",
];

/// Puts the variants back.
fn restore(node: &mut Value, old: &Value) {
    match (node, old) {
        (Value::Object(all), Value::Object(old)) => {
            for (key, old) in old {
                if VARIANTS.contains(&key.as_str()) || key == "loader" {
                    all.insert(key.clone(), old.clone());
                } else if let Some(node) = all.get_mut(key) {
                    restore(node, old);
                }
            }
        }
        (Value::Array(all), Value::Array(old)) => {
            all.iter_mut()
                .zip(old)
                .for_each(|(node, old)| restore(node, old));
        }
        _ => {}
    }
}

#[test]
fn no_private_word_comes_out_whatever_field_it_stands_in() {
    let catalogue = Catalogue::builtin();
    let public = Catalogued::new(&catalogue);
    let old = serde_json::to_value(full::record()).unwrap();
    for shape in SHAPES {
        let mut planted = old.clone();
        let mut number = 0;
        plant(&mut planted, shape, &mut number);
        restore(&mut planted, &old);
        assert!(number > 45, "only {number} texts");
        let record: Snapshot = serde_json::from_value(planted)
            .unwrap_or_else(|error| panic!("{error}: is a new field one of VARIANTS?"));
        let shown = serde_json::to_string_pretty(&redact(&record, &public)).unwrap();
        let leaks: Vec<&str> = shown.lines().filter(|line| line.contains("qzvx")).collect();
        assert!(leaks.is_empty(), "{shape:?} leaks: {leaks:#?}");
    }
}

/// Addresses that pass for numbers, in words of all kinds.
const ADDRESSES: [&str; 8] = [
    "10.20.30.40-10.20.30.99",
    "10.20.30.40:80-90",
    "010.020.030.040",
    "52:54:00:12:34:56",
    "52-54-00-12-34-56",
    "5254.0012.3456",
    "2001:470:1:18",
    "web-10-20-30-40",
];

#[test]
fn no_address_comes_out_as_a_number() {
    let catalogue = Catalogue::builtin();
    let public = Catalogued::new(&catalogue);
    for address in ADDRESSES {
        let mut record = full::record();
        record.files = Some(vec![FileText::new(
            "/etc/sysctl.conf",
            format!("net.core.somaxconn = {address}\n"),
        )]);
        record.gaps[0].why = format!("no answer of {address}, {address}.");
        record.namespaces[0].listeners[0].unit = Some(format!("{address}.service"));
        let shown = serde_json::to_string_pretty(&redact(&record, &public)).unwrap();
        assert!(!shown.contains(address), "{address}: {shown}");
    }
}

#[test]
fn a_name_of_a_packages_directory_is_as_private_as_any_other() {
    let catalogue = Catalogue::builtin();
    let mut record = full::record();
    let listener = &mut record.namespaces[0].listeners[0];
    listener.owners[0].exe = Some("/usr/bin/acme-payments".to_owned());
    listener.unit = Some("acme-payments.service".to_owned());
    let shown = redact(&record, &Catalogued::new(&catalogue));
    let listener = &shown.namespaces[0].listeners[0];
    assert_eq!(
        listener.owners[0].exe.as_deref(),
        Some("/usr/bin/program-1")
    );
    assert_eq!(listener.unit.as_deref(), Some("program-1.service"));
}

#[test]
fn the_words_of_the_full_record_are_gone() {
    let catalogue = Catalogue::builtin();
    let shown = redact(&full::record(), &Catalogued::new(&catalogue));
    let shown = serde_json::to_string(&shown).unwrap();
    for word in [
        "web1", "shop", "x2x7z", "4f0c5b3a", "0a1b2c3d", "front", "blue", "10.1.2.3", "ann",
        "example",
    ] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
    for word in [
        "nginx",
        "6.1.0-18-amd64",
        "debian",
        "host-1",
        "192.0.2.1:80",
        ":12",
        "permission denied",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}
