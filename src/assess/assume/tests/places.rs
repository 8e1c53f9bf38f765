//! Where a value is set, what a boot sets, and what cannot be assumed.

use super::*;

fn in_netns(netns: &str, key: &str, value: &str) -> Assumption {
    Assumption {
        netns: Some(netns.to_owned()),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn record(text: &str) -> Snapshot {
    let text = format!("schema: backlint/snapshot/v1\n{text}");
    file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"))
}

const TWO: &str = "
host: {kernel: 6.1.0}
namespaces:
  - sysctls: {net.core.somaxconn: 4096, vm.swappiness: 60}
    listeners:
      - {protocol: tcp, address: '0.0.0.0:80', accept_queue: {max: 511}, requested: {backlog: 511, source: config}}
  - name: pod/shop/web-1
    workload: pod/shop/web
    sysctls: {net.core.somaxconn: 128, vm.swappiness: 60}
    containers: [{name: pod/shop/web-1/nginx, runtime: containerd}]
    listeners:
      - {protocol: tcp, address: '0.0.0.0:80', accept_queue: {max: 128}, requested: {backlog: 511, source: config}}
";

/// Each namespace's value and the first queue's maximum.
fn places(seen: &Snapshot, assumptions: &Assumptions, key: &str) -> Vec<(String, Option<u32>)> {
    let snapshot = assumptions.apply(seen, &Catalogue::builtin());
    let all = snapshot.namespaces.iter();
    all.map(|netns| {
        let value = netns
            .sysctls
            .get(key)
            .map_or("-".to_owned(), ToString::to_string);
        (value, netns.listeners[0].accept_queue.max)
    })
    .collect()
}

#[test]
fn a_value_is_set_where_it_is_said_to_be() {
    let seen = record(TWO);
    let both = |one: (&str, u32), other: (&str, u32)| {
        vec![
            (one.0.to_owned(), Some(one.1)),
            (other.0.to_owned(), Some(other.1)),
        ]
    };
    let of = |sysctls: Vec<Assumption>| places(&seen, &only(sysctls), SOMAXCONN);
    assert_eq!(of(vec![somaxconn(200)]), both(("200", 200), ("200", 200)));
    for name in ["pod/shop/web-1", "pod/shop/web"] {
        let there = in_netns(name, SOMAXCONN, "300");
        assert_eq!(of(vec![there.clone()]), both(("4096", 511), ("300", 300)));
        // What is said of one counts more than what is said of all.
        let expected = both(("200", 200), ("300", 300));
        assert_eq!(of(vec![somaxconn(200), there.clone()]), expected);
        assert_eq!(of(vec![there, somaxconn(200)]), expected);
    }
    // The machine's value is everybody's, and makes nobody listen again.
    let swappiness = in_netns("host", "vm.swappiness", "10");
    let of = places(&seen, &only(vec![swappiness]), "vm.swappiness");
    assert_eq!(of, both(("10", 511), ("10", 128)));
}

#[test]
fn after_a_boot_the_files_decide_on_the_host_and_containers_keep_what_they_were_given() {
    let with = |files: &str| {
        let mut seen = record(TWO);
        seen.files = Some(vec![FileText::new("/etc/sysctl.d/50-web.conf", files)]);
        seen
    };
    let of = |files: &str, then: Vec<Assumption>| {
        let places = places(&with(files), &reboot(then), SOMAXCONN);
        places
            .into_iter()
            .map(|(value, max)| (value, max.unwrap_or(0)))
            .collect::<Vec<_>>()
    };
    let value = |value: &str, max| (value.to_owned(), max);
    let set = "net.core.somaxconn = 300 # web\nvm.swappiness = 1\n";
    assert_eq!(of(set, vec![]), [value("300", 300), value("128", 128)]);
    // Nothing sets it: the kernel's own.
    assert_eq!(of("", vec![]), [value("4096", 511), value("128", 128)]);
    // The kernel refuses it: the same.
    let refused = "net.core.somaxconn = -1\n";
    assert_eq!(of(refused, vec![]), [value("4096", 511), value("128", 128)]);
    // Numbers are written as C has them.
    let hexadecimal = "net.core.somaxconn = 0x12c\n";
    assert_eq!(of(hexadecimal, vec![])[0], value("300", 300));
    // What is assumed holds after that.
    let then = vec![somaxconn(400)];
    assert_eq!(of(set, then), [value("400", 400), value("400", 400)]);
    let places = places(&with(set), &reboot(vec![]), "vm.swappiness");
    assert_eq!((&*places[0].0, &*places[1].0), ("1", "1"));
}

#[test]
fn what_a_boot_does_is_a_gap_where_nobody_knows_it() {
    let mut seen = record(
        "
namespaces:
  - sysctls: {net.core.somaxconn: 100, net.ipv4.tcp_max_orphans: 7}
  - {name: blue, named: blue}
files: []
",
    );
    let assumptions = reboot(vec![]);
    let snapshot = assumptions.apply(&seen, &Catalogue::builtin());
    let gaps: Vec<_> = snapshot.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(gaps.len(), 2, "{gaps:#?}");
    assert!(gaps[0].contains("net.core.somaxconn"), "{gaps:#?}");
    assert!(gaps[1].contains("blue"), "{gaps:#?}");
    assert_eq!(snapshot.namespaces[0].sysctl_int(SOMAXCONN), Some(100));
    assert!(gaps[0].contains("net.ipv4.tcp_max_orphans"), "{gaps:#?}");
    // With the kernel's version its default is known.
    seen.host.kernel = Some("5.3.0".to_owned());
    let snapshot = assumptions.apply(&seen, &Catalogue::builtin());
    assert_eq!(snapshot.namespaces[0].sysctl_int(SOMAXCONN), Some(128));
}

#[test]
fn slips_are_refused() {
    let seen = record(TWO);
    let refused = |assumptions: &Assumptions| {
        let judged = BTreeSet::from(["acme.knob".to_owned()]);
        let found = assumptions.check(&[&seen], &judged);
        found.err().map(|fault| fault.to_string())
    };
    let all = |key: &str, value: &str| {
        refused(&only(vec![Assumption {
            netns: None,
            ..in_netns("", key, value)
        }]))
    };
    for (found, words) in [
        (
            all("net.core.somaxcon", "1"),
            "did you mean net.core.somaxconn",
        ),
        (all("vm.swapiness", "1"), "did you mean vm.swappiness"),
        (all("acme.handle", "1"), "acme.handle is no sysctl"),
        (all("net.ipv4.tcp_tw_recycle", "1"), "removed it"),
        (all(SOMAXCONN, "many"), "whole number"),
        (all(SOMAXCONN, "2147483648"), "more than 2147483647"),
        (
            refused(&only(vec![in_netns("pod/shop", SOMAXCONN, "1")])),
            "there are: host, pod/shop/web-1",
        ),
        (
            refused(&only(vec![in_netns("pod/shop/web", "vm.swappiness", "1")])),
            "whole machine",
        ),
        (
            refused(&only(vec![somaxconn(1), somaxconn(2)])),
            "every namespace is to be 1 and 2",
        ),
        (refused(&reboot(vec![])), "not recorded"),
    ] {
        let found = found.unwrap_or_else(|| panic!("{words}"));
        assert!(found.contains(words), "{found}");
    }
    for taken in [
        all(SOMAXCONN, "0"),
        all("vm.swappiness", "1"),
        all("acme.knob", "x y"),
        all("net.core.rmem_max", "1"),
        refused(&only(vec![somaxconn(1), somaxconn(1)])),
        refused(&only(vec![somaxconn(1), in_netns("host", SOMAXCONN, "2")])),
    ] {
        assert_eq!(taken, None);
    }
}
